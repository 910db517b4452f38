"""Where the panels stand: at first, as they were left, and hidden around a slice shown alone."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

VERSION = 1
WINDOW_SIZE = QSize(1400, 850)


class WindowLayout:
    """Places the panels of a window and remembers where the user put them.

    Parameters
    ----------
    left, right, bottom : sequence of QDockWidget
        Panels from top to bottom, or from left to right, with the room each one gets at first.
    """

    def __init__(
        self,
        window: QMainWindow,
        settings: QSettings,
        *,
        left: dict[QDockWidget, int],
        right: dict[QDockWidget, int],
        bottom: dict[QDockWidget, int],
        sides: tuple[int, int, int],
    ) -> None:
        self._window = window
        self._settings = settings
        self._left, self._right, self._bottom = left, right, bottom
        self._sides = sides
        self._hidden: list[QDockWidget] = []
        self._placed = False
        area = Qt.DockWidgetArea
        window.setCorner(Qt.Corner.BottomLeftCorner, area.LeftDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, area.RightDockWidgetArea)
        for docks, side, along in (
            (left, area.LeftDockWidgetArea, Qt.Orientation.Vertical),
            (right, area.RightDockWidgetArea, Qt.Orientation.Vertical),
            (bottom, area.BottomDockWidgetArea, Qt.Orientation.Horizontal),
        ):
            before: QDockWidget | None = None
            for dock in docks:
                if before is None:
                    window.addDockWidget(side, dock)
                else:
                    window.splitDockWidget(before, dock, along)
                before = dock
        window.resize(WINDOW_SIZE)
        self._at_first = window.saveState(VERSION)

    @property
    def docks(self) -> tuple[QDockWidget, ...]:
        """All panels."""
        return (*self._left, *self._right, *self._bottom)

    def place(self) -> None:
        """Once the window is on screen: as it was left, else as it is at first."""
        if self._placed:
            return
        self._placed = True
        state = self._settings.value("window/state")
        if not isinstance(state, QByteArray) or not self._window.restoreState(state, VERSION):
            self._share_out()

    def restore_geometry(self) -> None:
        """Before the window is shown: its place and size as it was left."""
        geometry = self._settings.value("window/geometry")
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)

    def save(self) -> None:
        """Keep place, size and panels for the next start."""
        if self._hidden:
            self.toggle_panels()
        self._settings.setValue("window/geometry", self._window.saveGeometry())
        self._settings.setValue("window/state", self._window.saveState(VERSION))

    def reset(self) -> None:
        """All panels where they were at first."""
        self._hidden = []
        self._window.restoreState(self._at_first, VERSION)
        self._share_out()

    def toggle_panels(self) -> None:
        """Hide all panels, or bring the same ones back."""
        hidden, self._hidden = self._hidden, []
        if hidden:
            for dock in hidden:
                dock.show()
            return
        self._hidden = [dock for dock in self.docks if dock.isVisible()]
        for dock in self._hidden:
            dock.hide()

    def _share_out(self) -> None:
        """Give every panel its room; Qt spreads what is over or short."""
        horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        first = [next(iter(docks)) for docks in (self._left, self._right, self._bottom)]
        wide = min(max(self._window.width() / WINDOW_SIZE.width(), 0.9), 1.5)
        tall = min(max(self._window.height() / WINDOW_SIZE.height(), 0.9), 1.4)
        left, right, bottom = (
            round(size * scale) for size, scale in zip(self._sides, (wide, wide, tall), strict=True)
        )
        self._window.resizeDocks(first[:2], [left, right], horizontal)
        self._window.resizeDocks(first[2:], [bottom], vertical)
        for docks, along in (
            (self._left, vertical),
            (self._right, vertical),
            (self._bottom, horizontal),
        ):
            self._window.resizeDocks(list(docks), list(docks.values()), along)
