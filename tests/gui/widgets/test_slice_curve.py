"""The curve over a series: a bar a slice, and a mark across it for the trained network."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from unetscope.ui import theme
from unetscope.ui.widgets.slice_curve import SliceCurve


@pytest.fixture
def curve(qtbot: QtBot) -> SliceCurve:
    curve = SliceCurve()
    qtbot.addWidget(curve)
    curve.setFixedSize(206, 56)  # two bars of 100 pixels between the edges
    curve.show()
    return curve


def colour_at(curve: SliceCurve, x: int, y: int) -> QColor:
    return curve.grab().toImage().pixelColor(QPoint(x, y))


def test_bars_are_as_high_as_their_numbers_and_marks_stand_across_them(
    curve: SliceCurve, qtbot: QtBot
) -> None:
    values = np.array([0.5, 1.0])
    curve.show_values(values, 1, "Dice", digits=3)
    curve.setFocus()  # a frame goes around it, and nothing else
    qtbot.waitUntil(curve.hasFocus)
    bar, ground = theme.colour("canvas_letter"), theme.colour("tile")
    assert colour_at(curve, 50, 40) == bar
    assert colour_at(curve, 50, 15) == ground
    assert colour_at(curve, 150, 15) == bar
    curve.show_values(values, 1, "Dice", digits=3, beside=np.array([1.0, np.nan]))
    marked = {colour_at(curve, 50, y).name() for y in range(1, 8)}
    assert theme.colour("warning").name() in marked
    unmarked = {colour_at(curve, 150, y).name() for y in range(0, 56)}
    assert theme.colour("warning").name() not in unmarked


def test_without_numbers_nothing_is_drawn_and_nothing_fails(curve: SliceCurve) -> None:
    curve.show_values(np.full(2, np.nan), 0, "Dice", digits=3)
    assert colour_at(curve, 150, 40) == theme.colour("tile")
    curve.show_values(np.zeros(0), 0, "")
    assert not curve.grab().isNull()
