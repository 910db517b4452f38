"""Tab bars of docks that Qt leaves behind when a layout is made or restored anew."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar

from unetscope.ui.widgets.guard import guarded

MANY = 3  # tabs that share the width of a side
AROUND = 26  # pixels around a title
SPARE = 6  # pixels that Qt wants beyond the letters, else it cuts them
LEAST = 40  # pixels of a title
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
    for bar in window.findChildren(QTabBar):
        if bar.parent() is window and bar not in left and bar.findChild(_Sharing) is None:
            _Sharing(bar)


@guarded
class _Sharing(QObject):
    """Cuts long titles where tabs are many: Qt would cut the short ones, and that in front, too."""

    def __init__(self, bar: QTabBar) -> None:
        super().__init__(bar)
        self._bar = bar
        bar.installEventFilter(self)
        bar.currentChanged.connect(self._share)
        self._share()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the width of the bar."""
        if watched is self._bar and event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._share()
        return False

    def _share(self) -> None:
        bar, metrics = self._bar, self._bar.fontMetrics()
        wanted = [metrics.horizontalAdvance(text) + SPARE + AROUND for text in _texts(bar)]
        style = ""
        if bar.count() >= MANY and sum(wanted) - SPARE * len(wanted) > bar.width():
            front = min(wanted.pop(max(bar.currentIndex(), 0)), bar.width() // 2)
            widest = max(_widest(wanted, bar.width() - front), LEAST + AROUND)
            style = (
                f"QTabBar::tab {{ max-width: {widest - AROUND}px; }}"
                f"QTabBar::tab:selected {{ max-width: {front - AROUND}px; }}"
            )
        if bar.styleSheet() != style:
            bar.setStyleSheet(style)


def _widest(wanted: list[int], room: int) -> int:
    """How wide the widest may be, so that all fit and the others keep what they want."""
    for left, each in zip(range(len(wanted), 0, -1), sorted(wanted), strict=True):
        if each * left >= room:
            return room // left
        room -= each
    return max(wanted, default=0)


def _texts(bar: QTabBar) -> list[str]:
    return [bar.tabText(index) for index in range(bar.count())]
