"""Where in the series a feature map is strongest: found in the window, and by a script."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from tests.journeys.user import User

import unetscope
from unetscope import resources
from unetscope.domain.input_check import slice_orientation
from unetscope.ui.widgets.map_canvas import MapCanvas
from unetscope.ui.widgets.picture_strip import PictureStrip

LAYER, MAP = "enc2_relu1", 5
SURVEY = 60_000  # ms


def test_the_strongest_slices_are_those_that_a_script_finds(
    user: User, qtbot: QtBot, tmp_path: Path
) -> None:
    files = sorted(path for path in resources.sample_study().rglob("*") if path.is_file())
    for path in files[::12]:
        shutil.copy(path, tmp_path)
    user.window.open_path(tmp_path)
    qtbot.waitUntil(lambda: user.series.shape[0] == len(files[::12]))
    user.pick_layer(LAYER)
    user.wait()
    at = user.maps.tile_rect(MAP).center()
    qtbot.mouseClick(user.maps.viewport(), Qt.MouseButton.LeftButton, pos=at)
    series, card = user.series, user.session.card
    assert card is not None

    qtbot.mouseClick(user.find(QPushButton, "feature_map.find"), Qt.MouseButton.LeftButton)
    view = user.program.presenters.maps.series
    qtbot.waitUntil(lambda: bool(view.view.strongest) and not view.view.running, timeout=SURVEY)

    live = unetscope.open_model(user.network.path)
    spacing, lies = series.spacing[1:], slice_orientation(series)
    images = [
        card.preprocessing.apply(series.slice(index), spacing, lies)
        for index in range(series.shape[0])
    ]
    every = [live.run(image).activation(LAYER)[..., MAP] for image in images]
    greatest = np.array([each.max() for each in every])
    found = [strong.index for strong in view.view.strongest]
    assert np.allclose(greatest[found], np.sort(greatest)[::-1][: len(found)], rtol=1e-4)
    assert np.allclose(view.view.curve, greatest, rtol=1e-3, atol=1e-4)

    strip = user.find(PictureStrip, "feature_map.strongest")
    qtbot.waitUntil(lambda: all(each.grey is not None for each in strip.pictures))
    first = strip.picture_rect(0).center().toPoint()
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=first)
    user.wait()
    assert user.session.slice_index == found[0]
    _, cell = user.find(MapCanvas, "feature_map.view").marks
    assert cell is not None
    assert every[found[0]][cell] == every[found[0]].max()
