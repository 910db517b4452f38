"""A chart of many bars: all in view, picked by mouse and keys, told beside the mouse."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from unetscope.ui import theme
from unetscope.ui.widgets.bar_chart import BarChart

LEFT = Qt.MouseButton.LeftButton
NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


@pytest.fixture
def chart(qtbot: QtBot) -> BarChart:
    made = BarChart()
    qtbot.addWidget(made)
    made.resize(600, 120)
    return made


def middle(chart: BarChart, place: int) -> QPoint:
    return QPoint(int(chart.area().left() + (place + 0.5) * chart.step()), 60)


def test_five_hundred_bars_are_all_in_view(chart: BarChart) -> None:
    values = np.sort(np.random.default_rng(1).normal(size=512))
    chart.show_bars(range(512), values, ("−3", "+3"), current=500)
    area = chart.area()
    for place in (0, 100, 511):
        bar = chart.bar_at(place)
        assert area.left() <= bar.left() < bar.right() <= area.right() + 1
        assert chart.place_at(area.left() + (place + 0.5) * chart.step()) == place
    assert chart.place_at(area.left() - 1) is None
    assert chart.place_at(area.right() + 5) is None
    heights = [chart.bar_at(place).height() for place in range(512)]
    assert int(np.argmax(heights)) == int(np.argmax(np.abs(values)))


def test_bars_below_nothing_hang_and_have_another_colour(chart: BarChart) -> None:
    values = np.array([-0.4, -0.1, 0.2])
    chart.show_bars((7, 3, 5), values, ("−0.4", "+0.2"))
    tops = [chart.bar_at(place).top() for place in range(3)]
    zero = chart.bar_at(0).top()
    assert tops[1] == pytest.approx(zero)
    assert chart.bar_at(2).bottom() == pytest.approx(zero)
    assert chart.bar_at(0).height() == pytest.approx(4 * chart.bar_at(1).height())
    picture = chart.grab().toImage()
    colours = [picture.pixelColor(chart.bar_at(place).center().toPoint()) for place in range(3)]
    assert colours[0] == colours[1] == theme.colour("canvas_letter")
    assert colours[2] == theme.colour("canvas_line")
    chart.show_bars((7, 3, 5), values, ("−0.4", "+0.2"), stale=True)
    grey = chart.grab().toImage().pixelColor(chart.bar_at(0).center().toPoint())
    assert grey == theme.colour("canvas_text_muted")


def test_bars_are_picked_alone_and_together(chart: BarChart, qtbot: QtBot) -> None:
    chart.show_bars((7, 3, 5), np.array([3.0, 2.0, 1.0]), ("0", "3"))
    seen: list[tuple[str, int]] = []
    chart.picked.connect(lambda number: seen.append(("picked", number)))
    chart.toggled.connect(lambda number: seen.append(("toggled", number)))
    chart.extended.connect(lambda number: seen.append(("extended", number)))
    for keys, place in ((NONE, 1), (CTRL, 2), (SHIFT, 0)):
        qtbot.mouseClick(chart, LEFT, keys, middle(chart, place))
    qtbot.mouseClick(chart, LEFT, NONE, QPoint(590, 60))  # beside the bars
    assert seen == [("picked", 3), ("toggled", 5), ("extended", 7)]


def test_arrows_go_along_the_bars(chart: BarChart, qtbot: QtBot) -> None:
    values = np.array([3.0, 2.0, 1.0])
    seen: list[int] = []
    chart.picked.connect(seen.append)
    for current, key in (
        (None, Qt.Key.Key_Right),
        (7, Qt.Key.Key_Right),
        (7, Qt.Key.Key_Left),
        (5, Qt.Key.Key_Right),
        (3, Qt.Key.Key_End),
        (3, Qt.Key.Key_Home),
    ):
        chart.show_bars((7, 3, 5), values, ("0", "3"), current=current)
        qtbot.keyClick(chart, key)
    assert seen == [7, 3, 7, 5, 5, 7]


def test_a_chart_of_nothing_can_be_drawn(chart: BarChart, qtbot: QtBot) -> None:
    assert not chart.grab().isNull()
    chart.show_bars((1, 2), np.zeros(2), ("0", "0"))
    assert not chart.grab().isNull()
    chart.show_bars((), np.zeros(0), ("", ""))
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert chart.place_at(50) is None
