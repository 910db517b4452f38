"""The tutorial's four filters in the lab, on a real slice, by a real layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot
from scipy.signal import correlate2d
from tests.journeys.user import ANSWER, User

from unetscope.domain.lab import LabLayer
from unetscope.ui.widgets.kernel_grid import KernelGrid
from unetscope.ui.widgets.map_view import MapView

EDGE = np.array([[-1, -1, 1, 1]] * 4, np.float32)


def maps(user: User) -> list[NDArray[np.float32]]:
    """The maps of the rows, as they are shown."""
    rows = user.program.presenters.filter_lab.view.rows
    return [row.map.values for row in rows if row.map is not None]


def wait(user: User, count: int) -> None:
    lab = user.program.presenters.filter_lab
    user.qtbot.waitUntil(lambda: not lab.view.stale and len(maps(user)) == count, timeout=ANSWER)


def test_the_tutorial_s_four_filters_give_the_maps_that_scipy_gives(
    user: User, qtbot: QtBot
) -> None:
    user.choose("network.filter_lab")
    panel = user.window.filter_lab_panel
    qtbot.waitUntil(panel.isVisible)
    wait(user, 4)
    shown = user.program.live.shown
    assert shown is not None
    image = shown.values.astype(np.float64)
    kernels = [row.kernel for row in user.program.presenters.filter_lab.view.rows]
    for kernel, wanted in zip(kernels, (EDGE, -EDGE, EDGE.T, -EDGE.T), strict=True):
        assert np.array_equal(kernel, wanted)
    scale = np.abs(image).max()
    for kernel, found in zip(kernels, maps(user), strict=True):
        by_scipy = correlate2d(image, kernel, "valid")
        assert found.shape == by_scipy.shape
        assert np.abs(found - by_scipy).max() < 1e-5 * scale

    panel.pages.setCurrentWidget(panel.weights_page)
    code = user.find(QPlainTextEdit, "filter_lab.code").toPlainText()
    assert "layer.set_weights([kernel.reshape(4, 4, 1, 1), np.array([0.0])])" in code
    said = user.program.presenters.filter_lab.view.explained
    assert said is not None
    assert "(4, 4, 1, 1)" in said.refusal  # Keras's own words

    panel.pages.setCurrentIndex(0)
    grid = user.find(KernelGrid, "filter_lab.grid.0")
    user.window.activateWindow()
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    user.program.presenters.filter_lab.set_layer(LabLayer(same=True, relu=True))
    wait(user, 4)
    changed = EDGE.copy()
    changed[0, 0] = 0
    padded = correlate2d(np.pad(image, (1, 2)), changed, "valid")
    assert np.abs(maps(user)[0] - np.maximum(padded, 0)).max() < 1e-5 * scale
    drawn = user.find(MapView, "filter_lab.map.0").content.values
    assert drawn is not None
    assert drawn.min() >= 0

    trained = user.mask()
    user.choose("network.send_from_lab")
    user.wait()
    assert "Edge, bright right" in user.window.action_of("edit.undo").text()
    user.choose("edit.undo")
    user.wait()
    assert np.array_equal(user.mask(), trained)
