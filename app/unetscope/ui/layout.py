"""Where the panels stand: at first, as they were left, and hidden around a slice shown alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

VERSION = 2  # of the table of places: a layout of another version is not restored
WINDOW_SIZE = QSize(1400, 850)

_AREAS = Qt.DockWidgetArea
_ALONG = Qt.Orientation


class Side(Enum):
    """Where a place is, which way places follow each other there, and how thick the side is."""

    LEFT = (_AREAS.LeftDockWidgetArea, _ALONG.Vertical, 300)
    RIGHT = (_AREAS.RightDockWidgetArea, _ALONG.Vertical, 320)
    BOTTOM = (_AREAS.BottomDockWidgetArea, _ALONG.Horizontal, 330)

    def __init__(self, area: Qt.DockWidgetArea, along: Qt.Orientation, thickness: int) -> None:
        self.area = area
        self.along = along
        self.thickness = thickness


@dataclass(frozen=True, slots=True)
class Place:
    """Room for one panel, or for several behind tabs of which the first is in front.

    Attributes
    ----------
    side : Side
        Places of a side follow each other from top to bottom, or from left to right.
    size : int
        Height or width it gets at first, in pixels of a window of `WINDOW_SIZE`.
    """

    side: Side
    size: int
    docks: tuple[QDockWidget, ...]


class WindowLayout:
    """Places the panels of a window and remembers where the user put them."""

    def __init__(self, window: QMainWindow, settings: QSettings, places: Sequence[Place]) -> None:
        self._window = window
        self._settings = settings
        self._places = tuple(places)
        self._hidden: list[QDockWidget] = []  # around a slice shown alone
        self._in_front: list[QDockWidget] = []  # of those, before others behind tabs
        self._placed = False
        window.setTabPosition(_AREAS.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setCorner(Qt.Corner.BottomLeftCorner, _AREAS.LeftDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, _AREAS.RightDockWidgetArea)
        for side in Side:
            before: QDockWidget | None = None
            for dock in (place.docks[0] for place in self._on(side)):
                if before is None:
                    window.addDockWidget(side.area, dock)
                else:
                    window.splitDockWidget(before, dock, side.along)
                before = dock
        for place in self._places:  # now: beside tabs, splitting would make another tab
            for behind in place.docks[1:]:
                window.tabifyDockWidget(place.docks[0], behind)
        self._bring_to_front()
        for dock in self.docks:
            dock.topLevelChanged.connect(self._show_titles_soon)
            dock.dockLocationChanged.connect(self._show_titles_soon)
            dock.visibilityChanged.connect(self._show_titles_soon)
        self._titles = QTimer(window, singleShot=True, interval=0)
        self._titles.timeout.connect(self._show_titles)
        window.resize(WINDOW_SIZE)
        self._at_first = window.saveState(VERSION)

    @property
    def docks(self) -> tuple[QDockWidget, ...]:
        """All panels."""
        return tuple(dock for place in self._places for dock in place.docks)

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
        self._bring_to_front()
        self._share_out()

    def toggle_panels(self) -> None:
        """Hide all panels, or bring the same ones back."""
        hidden, self._hidden = self._hidden, []
        if hidden:
            for dock in hidden:
                dock.show()
            for dock in self._in_front:
                dock.raise_()
            return
        self._hidden = [dock for dock in self.docks if not dock.isHidden()]
        self._in_front = [
            dock
            for dock in self._hidden
            if self._is_tabbed(dock) and not dock.visibleRegion().isEmpty()
        ]
        for dock in self._hidden:
            dock.hide()

    def _is_tabbed(self, dock: QDockWidget) -> bool:
        others = self._window.tabifiedDockWidgets(dock)
        return not dock.isFloating() and any(not other.isHidden() for other in others)

    def _show_titles_soon(self) -> None:
        self._titles.start()

    def _show_titles(self) -> None:
        """Show the title of a panel unless its tab says it already."""
        for dock in self.docks:
            tabbed, bare = self._is_tabbed(dock), dock.titleBarWidget()
            if tabbed and bare is None:
                dock.setTitleBarWidget(QWidget(dock))
            elif not tabbed and bare is not None:
                dock.setTitleBarWidget(None)  # type: ignore[arg-type]  # Qt's own again
                bare.deleteLater()

    def _on(self, side: Side) -> list[Place]:
        return [place for place in self._places if place.side is side]

    def _bring_to_front(self) -> None:
        for place in self._places:
            if len(place.docks) > 1:
                place.docks[0].raise_()

    def _share_out(self) -> None:
        """Give every panel its room; Qt spreads what is over or short."""
        wide = min(max(self._window.width() / WINDOW_SIZE.width(), 0.9), 1.5)
        tall = min(max(self._window.height() / WINDOW_SIZE.height(), 0.9), 1.4)
        for across, scale in ((_ALONG.Horizontal, wide), (_ALONG.Vertical, tall)):
            sides = [side for side in Side if side.along != across]
            first = [self._on(side)[0].docks[0] for side in sides]
            self._window.resizeDocks(first, [round(s.thickness * scale) for s in sides], across)
        for side in Side:
            places = self._on(side)
            docks = [place.docks[0] for place in places]
            self._window.resizeDocks(docks, [place.size for place in places], side.along)
