"""What each feature map follows: found in the window against a reference, and by a script."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QTableView
from pytestqt.qtbot import QtBot
from tests.journeys.user import User

import unetscope
from unetscope import resources
from unetscope.domain.explaining.on_grid import on_output
from unetscope.domain.input_check import slice_orientation

LAYER = "dec2_relu2"
SERIES = 60_000  # ms


def test_the_window_and_a_script_say_the_same(user: User, qtbot: QtBot, tmp_path: Path) -> None:
    files = sorted(path for path in resources.sample_study().rglob("*") if path.is_file())
    for path in files[60:120:6]:
        shutil.copy(path, tmp_path)
    user.window.open_path(tmp_path)
    qtbot.waitUntil(lambda: user.series.shape[0] == 10)
    presenters = user.program.presenters
    presenters.evaluation.panel.open(resources.sample_model().parent / "reference.nii.gz")
    qtbot.waitUntil(lambda: bool(presenters.evaluation.panel.view.reference), timeout=SERIES)
    user.pick_layer(LAYER)
    user.wait()

    user.choose("explain.dissect")
    panel = presenters.explain.dissection
    qtbot.waitUntil(lambda: bool(panel.view.rows) and not panel.view.running, timeout=SERIES)
    assert "10 slices against the reference" in panel.view.summary
    csv = panel.as_csv()

    live = unetscope.open_model(user.network.path)
    reference = unetscope.open_reference(
        resources.sample_model().parent / "reference.nii.gz", user.series
    )
    matching = unetscope.propose_matching(live.card.classes, reference.segments)
    spacing, lies = user.series.spacing[1:], slice_orientation(user.series)
    images = [live.card.preprocessing.apply(one, spacing, lies) for one in slices_of(user)]
    placement = live.card.preprocessing.placement(user.series.shape[1:], spacing, lies)
    labels = [on_output(one, placement, placement.size) for one in reference.labels(matching)]
    found = live.dissect(LAYER, images, labels)

    assert [row.map for row in panel.view.rows[:3]] == [one.map for one in found.ranked()[:3]]
    told = np.array([row.share for row in panel.view.rows[:3]])
    assert np.allclose(told, [one.iou for one in found.ranked()[:3]], atol=1e-4)
    assert csv.count("\n") == 1 + found.maps * int((found.pixels > 0).sum())

    table = user.find(QTableView, "dissection.table")
    second = table.visualRect(table.model().index(1, 1)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=second)
    assert user.session.filter == panel.view.rows[1].map
    assert user.find(QPushButton, "dissection.start").text() == "Compare"


def slices_of(user: User) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return [user.series.slice(index) for index in range(user.series.shape[0])]
