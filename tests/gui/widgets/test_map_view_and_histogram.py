from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel

from unetscope.ui import theme
from unetscope.ui.widgets.banner import Banner
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.histogram import Histogram
from unetscope.ui.widgets.map_view import MapContent, MapView


@pytest.fixture
def view(qtbot: Any) -> MapView:
    widget = MapView()
    qtbot.addWidget(widget)
    widget.resize(202, 202)
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    widget.show_content(MapContent(values=values, limits=(0.0, 15.0)))
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def record(signal: Any) -> list[Any]:
    seen: list[Any] = []
    signal.connect(lambda *values: seen.append(values))
    return seen


def test_values_are_sharp_rectangles(view: MapView) -> None:
    picture = view.grab().toImage()
    for row in range(4):
        for column in range(4):
            for dx, dy in ((5, 5), (45, 45)):
                grey = picture.pixelColor(1 + column * 50 + dx, 1 + row * 50 + dy).red()
                assert grey == round((row * 4 + column) / 15 * 255)


def test_the_value_under_the_mouse_is_told(view: MapView, qtbot: Any) -> None:
    over, gone = record(view.hovered), record(view.left)
    qtbot.mouseMove(view, QPoint(120, 170))
    assert over[-1] == (3, 2, 14.0)
    view.show_content(MapContent(values=np.full((4, 4), 7, np.float32)))
    assert over[-1] == (3, 2, 7.0)
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert len(gone) == 1


def test_a_click_names_the_pixel(view: MapView, qtbot: Any) -> None:
    clicks = record(view.clicked)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(60, 10))
    assert clicks == [(0, 1)]


def test_beside_a_narrow_map_there_is_nothing(view: MapView, qtbot: Any) -> None:
    view.show_content(MapContent(values=np.zeros((40, 10), np.float32)))
    over = record(view.hovered)
    qtbot.mouseMove(view, QPoint(10, 100))
    qtbot.mouseMove(view, QPoint(100, 100))
    assert len(over) == 1


def test_a_map_keeps_the_shape_of_the_slice(view: MapView) -> None:
    view.show_content(MapContent(values=np.zeros((4, 4), np.float32), aspect=2.0, title="map 3"))
    rect = view.map_rect()
    assert rect.height() == pytest.approx(2 * rect.width())
    assert rect.top() > 10


def test_a_cross_and_a_message_can_be_painted(view: MapView) -> None:
    plain = view.grab().toImage()
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    view.show_content(MapContent(values=values, limits=(0.0, 15.0), cursor=(1.5, 2.5)))
    assert view.grab().toImage() != plain
    view.show_message("No map yet.")
    assert not view.grab().isNull()


def ends(plot: Histogram) -> list[str]:
    """The two numbers below the bars."""
    own = Qt.FindChildOption.FindDirectChildrenOnly
    return [label.text() for label in plot.findChildren(QLabel, options=own)]


def test_a_histogram_shows_bars_and_its_ends(qtbot: Any) -> None:
    plot = Histogram()
    qtbot.addWidget(plot)
    plot.resize(180, 110)
    plot.show()
    counts, edges = np.histogram(np.linspace(0, 1, 1000) ** 3, 20, (0.0, 3.41))
    plot.show_histogram(counts, edges, marker=1.87)
    assert ends(plot) == ["0", "3.41"]
    picture = plot.grab().toImage()
    assert picture.pixelColor(3, 40).name() == theme.current().accent
    plot.clear()
    picture = plot.grab().toImage()
    assert picture.pixelColor(3, 40).name() == theme.current().panel
    assert ends(plot) == ["", ""]


def test_a_histogram_takes_any_numbers(qtbot: Any) -> None:
    plot = Histogram()
    qtbot.addWidget(plot)
    plot.show_histogram(np.zeros(5), np.zeros(6))
    plot.show_histogram(np.array([3]), np.array([1.0, 1.0]))
    plot.show_histogram(np.zeros(0), np.zeros(0))
    assert not plot.grab().isNull()


def test_a_histogram_follows_the_theme(qtbot: Any, qapp: QApplication) -> None:
    plot = Histogram()
    qtbot.addWidget(plot)
    plot.resize(180, 110)
    plot.show()
    theme.apply_theme(qapp, theme.LIGHT)
    assert plot.grab().toImage().pixelColor(90, 20).name() == theme.LIGHT.panel


def test_a_long_text_is_cut_and_its_tooltip_is_whole(qtbot: Any) -> None:
    label = ElidedLabel("a text that is far too long for the label")
    qtbot.addWidget(label)
    label.resize(80, 20)
    label.grab()
    assert label.shown_text().endswith("…")
    assert label.toolTip() == label.text()
    label.resize(600, 20)
    label.grab()
    assert label.shown_text() == label.text()
    assert label.toolTip() == ""


def test_a_banner_is_there_while_it_has_something_to_say(qtbot: Any) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    pressed = record(banner.triggered)
    assert banner.isHidden()
    banner.show_text("Edited model — research use only", "Revert all")
    assert banner.isVisible()
    button = banner.findChild(type(banner._button))
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert len(pressed) == 1
    banner.show_text("")
    assert banner.isHidden()
