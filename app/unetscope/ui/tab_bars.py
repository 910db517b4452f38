"""Tab bars of docks that Qt leaves behind when a layout is made or restored anew."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar

_MARK = "\u2060"  # without width


def hide_left_over(window: QMainWindow, docks: Iterable[QDockWidget]) -> None:
    """Hide the tab bars that no group of docks uses any more.

    They stay children of the window, are shown with it, and lie over panels where tabs once were.
    Qt has no word for which of them it uses, but gives a new title of a dock to that one only.
    """
    left = [bar for bar in window.findChildren(QTabBar) if bar.parent() is window]
    for dock in docks:
        if dock.isHidden() or dock.isFloating() or not window.tabifiedDockWidgets(dock):
            continue
        title = dock.windowTitle()
        dock.setWindowTitle(title + _MARK)
        left = [bar for bar in left if title + _MARK not in _texts(bar)]
        dock.setWindowTitle(title)
    for bar in left:
        bar.hide()


def _texts(bar: QTabBar) -> list[str]:
    return [bar.tabText(index) for index in range(bar.count())]
