"""Change a filter, and take it to a paper: a figure, a report, the slice pixel by pixel."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog
from tests.gui.test_pictures import pixels
from tests.journeys.user import User

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.report import report_html
from unetscope.ui.pictures.figure_dialog import FigureDialog
from unetscope.ui.pictures.slice_picture import slice_image
from unetscope.ui.study_report import StudyReportDialog

SOON = 30_000  # ms: what takes tenths of a second, on a slow machine


def test_figure_report_and_picture_are_of_the_edited_network(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.program.store.update(lambda s: s.edit(ScaleFilter("enc1_conv1", filter=3, gain=0.0)))
    user.wait()
    trained, edited = user.answer.trained_mask, user.answer.mask
    assert trained is not None
    assert edited is not None
    assert (trained != edited).any()

    user.window.run("file.report")
    dialog = user.find(StudyReportDialog, "study_report")
    user.qtbot.waitUntil(dialog.save.isEnabled, timeout=SOON)
    path = tmp_path / "report.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    dialog.save.click()
    user.qtbot.waitUntil(path.exists, timeout=SOON)
    html = path.read_text("utf-8")
    dialog.reject()
    assert "gain on enc1_conv1 · filter 3" in html
    assert user.network.file_fingerprint in html
    area = user.series.spacing[1] * user.series.spacing[2]
    for label in (1, 2, 3):
        for mask in (trained, edited):
            assert f"<td>{(mask == label).sum() * area:,.1f}</td>" in html
    pictures = [
        np.asarray(Image.open(BytesIO(base64.b64decode(part.partition('"')[0]))))
        for part in html.split("base64,")[1:]
    ]
    times = len(pictures[0]) // user.series.shape[1]
    grey = user.program.presenters.slice_view.view.grey
    assert grey is not None
    assert np.array_equal(pictures[0][::times, ::times, 0], grey)
    differ = (pictures[1] != pictures[2]).any(axis=2)[::times, ::times]
    assert np.array_equal(differ, trained != edited)
    date = html.partition("Made with Unetscope, ")[2].partition("<")[0]
    assert report_html(user.window.pictures.reporter.prepare(date)()) == html

    user.window.run("file.figure")
    figure = user.find(FigureDialog, "figure")
    captions = [pane.caption for pane in figure.plan.panes]
    assert "Mask, trained network" in captions
    assert "Mask, edited network" in captions
    assert figure.figure.stamp.startswith("Edited network: 1 edit")
    by_key = {pane.key: pane.values for pane in figure.plan.panes}
    shown = (by_key["trained"] != by_key["mask"]).any(axis=2)
    assert np.array_equal(shown, trained != edited)
    figure.reject()

    content = user.canvas.content
    plain = pixels(slice_image(content, 1, "", texts=False, edited=False))
    assert plain.shape == (*edited.shape, 3)
    background = content.overlay is not None and content.overlay[..., 3] == 0
    assert np.array_equal(plain[background][:, 0], user.picture()[background])
