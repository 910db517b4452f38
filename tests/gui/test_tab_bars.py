"""Tabs of panels beside each other: a long title is cut, the short ones are not."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from unetscope.ui.tab_bars import hide_left_over

TITLES = ("Feature map 0 · enc1_conv1 · a long name", "Evaluation", "Card")


def test_a_long_title_among_many_leaves_room_for_the_short_ones(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setTabPosition(
        Qt.DockWidgetArea.AllDockWidgetAreas,
        window.tabPosition(Qt.DockWidgetArea.LeftDockWidgetArea),
    )
    window.setCentralWidget(QWidget())
    docks = [QDockWidget(title, window) for title in TITLES]
    for dock in docks:
        dock.setWidget(QWidget())
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        if dock is not docks[0]:
            window.tabifyDockWidget(docks[0], dock)
    window.resize(700, 300)
    window.show()
    window.resizeDocks(docks[:1], [300], Qt.Orientation.Horizontal)
    hide_left_over(window, docks)
    (bar,) = (each for each in window.findChildren(QTabBar) if each.isVisible())
    qtbot.waitUntil(lambda: bool(bar.styleSheet()))

    def fits(index: int) -> bool:
        return bar.tabRect(index).width() >= bar.fontMetrics().horizontalAdvance(TITLES[index])

    qtbot.waitUntil(lambda: fits(1) and fits(2))
    assert not fits(0)
    docks[0].setWindowTitle("Map")
    window.resizeDocks(docks[:1], [400], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: not bar.styleSheet())
