"""A kernel from a spreadsheet: a wrong shape is refused with a sentence, the right one pasted."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel
from tests.journeys.user import User


def test_a_kernel_from_a_spreadsheet_is_refused_pasted_and_undone(user: User) -> None:
    user.pick_layer("enc1_conv1")
    user.pick_filter(3)
    user.wait()
    before, mask = user.session.weights()[0].copy(), user.mask()
    problem = user.find(QLabel, "kernel_editor.problem")

    QGuiApplication.clipboard().setText("0,5;1\n-0,5;0")  # two by two, with decimal commas
    user.choose("edit.paste_kernel")

    assert problem.isVisible()
    assert "has shape (3, 3), but found (2, 2)" in problem.text()
    assert problem.text().endswith("Nothing has changed.")
    assert np.array_equal(user.session.weights()[0], before)
    assert not user.session.history.done
    assert np.array_equal(user.mask(), mask)

    QGuiApplication.clipboard().setText("0,5;1;0\n-0,5;0;3\n1;1;-2,25")
    user.choose("edit.paste_kernel")
    user.wait()

    assert not problem.isVisible()
    pasted = [[0.5, 1, 0], [-0.5, 0, 3], [1, 1, -2.25]]
    assert user.session.weights()[0][:, :, 0, 3].tolist() == pasted
    assert not np.array_equal(user.mask(), mask)
    assert "px" in user.window.kernel_panel.effect.table.text()
    assert user.window.history_panel.list.count() == 2

    user.choose("edit.undo")
    user.wait()
    assert np.array_equal(user.session.weights()[0], before)
    assert np.array_equal(user.mask(), mask)

    _drop(user, "[[1, 2, 3],\n [4, 5, 6],\n [7, 8, 9]]")
    assert user.session.weights()[0][:, :, 0, 3].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    user.window.history_panel.list.setCurrentRow(0)
    user.wait()
    assert np.array_equal(user.mask(), mask)


def _drop(user: User, text: str) -> None:
    """Drop a text on the kernel editor."""
    data, panel = QMimeData(), user.window.kernel_panel
    data.setText(text)
    none, left, copy = (
        Qt.KeyboardModifier.NoModifier,
        Qt.MouseButton.LeftButton,
        Qt.DropAction.CopyAction,
    )
    enter = QDragEnterEvent(panel.rect().center(), copy, data, left, none)
    QApplication.sendEvent(panel, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(panel, QDropEvent(QPointF(5, 5), copy, data, left, none))
