"""Where the panels stand: at first, as they were left, and hidden around a slice shown alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStyle, QTabWidget, QWidget

from unetscope.ui.tab_bars import hide_left_over

VERSION = 5  # of the table of places: a layout of another version is not restored
WINDOW_SIZE = QSize(1400, 850)
BORDERS = 10  # pixels around a window, besides its title bar

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


EXPLAINING = frozenset({"attribution", "ranking", "dissection", "inquiry", "uncertainty", "skips"})
"""The panels that explain the mask, by their object names."""


class Arrangement(Enum):
    """A choice of panels with a name, by their object names; None: all but those that explain."""

    INSIDE = ("Look inside", None)
    COMPARE = ("Compare", frozenset({"studies", "input_card", "comparison", "history"}))
    EVALUATE = ("Evaluate", frozenset({"studies", "input_card", "evaluation", "history"}))
    EXPLAIN = ("Explain", frozenset({"studies", "input_card", "layers", "history"}) | EXPLAINING)
    RADIOLOGY = ("Radiology", frozenset({"studies", "input_card"}))

    def __init__(self, said: str, panels: frozenset[str] | None) -> None:
        self.said = said
        self.panels = panels

    def shows(self, name: str) -> bool:
        """Whether a panel of this object name belongs to it."""
        return name not in EXPLAINING if self.panels is None else name in self.panels


def room_for(window: QWidget) -> QSize:
    """What the screen has for a window inside the frame that is put around it."""
    if QGuiApplication.platformName() == "offscreen":
        return WINDOW_SIZE  # there is no screen that anything could be too large for
    bar = window.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight, None, window)
    return window.screen().availableGeometry().size() - QSize(BORDERS, bar + BORDERS)


class WindowLayout:
    """Places the panels of a window and remembers where the user put them."""

    def __init__(self, window: QMainWindow, settings: QSettings, places: Sequence[Place]) -> None:
        self._window = window
        self._settings = settings
        self._places = tuple(places)
        self._hidden: list[QDockWidget] = []  # around a slice shown alone
        self._raised: list[QDockWidget] = []  # of those, before others behind tabs
        self._placed = False
        self._before = 0  # height of a place before it was made higher
        window.setTabPosition(_AREAS.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setCorner(Qt.Corner.BottomLeftCorner, _AREAS.LeftDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, _AREAS.RightDockWidgetArea)
        for side in Side:
            before: QDockWidget | None = None
            for dock in (place.docks[0] for place in self._places if place.side is side):
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
            dock.visibilityChanged.connect(partial(self._give_room, dock))
        self._titles = QTimer(window, singleShot=True, interval=0)
        self._titles.timeout.connect(self._show_titles)
        self.ask_size(WINDOW_SIZE.boundedTo(room_for(window)))
        self._at_first = window.saveState(VERSION)
        for dock in self.docks:
            dock.setVisible(Arrangement.INSIDE.shows(dock.objectName()))

    @property
    def docks(self) -> tuple[QDockWidget, ...]:
        """All panels."""
        return tuple(dock for place in self._places for dock in place.docks)

    def place(self) -> None:
        """Once the window is on screen: as it was left, else as it is at first."""
        if self._placed:
            return
        self._placed = True
        QTimer.singleShot(0, self._window, self._shrink)
        self._show_titles_soon()
        state = self._settings.value("window/state")
        if not isinstance(state, QByteArray) or not self._window.restoreState(state, VERSION):
            self._share_out()
            QTimer.singleShot(0, self._window, self._share_out)  # shown, panels need less

    def ask_size(self, size: QSize) -> None:
        """Have the window this large at first, whatever its panels ask for until they are shown."""
        self._asked = size
        self._window.resize(size)

    def _shrink(self) -> None:
        """Shown, the panels know how little they need: make the window as small as was asked."""
        small = self._window.size().boundedTo(self._asked)
        if small != self._window.size() and not self._window.isMaximized():
            self._window.resize(small)
            self._share_out()

    def restore_geometry(self) -> None:
        """Before the window is shown: its place and size as it was left."""
        geometry = self._settings.value("window/geometry")
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
            self._asked = self._window.size()

    def save(self) -> None:
        """Keep place, size and panels for the next start."""
        if self._hidden:
            self.toggle_panels()
        self._settings.setValue("window/geometry", self._window.saveGeometry())
        self._settings.setValue("window/state", self._window.saveState(VERSION))

    def reset(self) -> None:
        """All panels where they were at first."""
        self.arrange(Arrangement.INSIDE)

    def arrange(self, arrangement: Arrangement) -> None:
        """Show the panels of an arrangement where they were at first, and hide all others."""
        self._hidden = []
        self._window.restoreState(self._at_first, VERSION)
        for dock in self.docks:
            dock.setVisible(arrangement.shows(dock.objectName()))
        self._bring_to_front()
        self._share_out()

    def reveal(self, name: str) -> None:
        """Bring a panel to the front, wherever it was put."""
        for dock in self.docks:
            if dock.objectName() == name:
                dock.show()
                dock.raise_()

    def toggle_panels(self) -> None:
        """Hide all panels, or bring the same ones back."""
        hidden, self._hidden = self._hidden, []
        if hidden:
            for dock in hidden:
                dock.show()
            for dock in self._raised:
                dock.raise_()
            return
        self._hidden = [dock for dock in self.docks if not dock.isHidden()]
        self._raised = [
            dock
            for dock in self._hidden
            if self._is_tabbed(dock) and not dock.visibleRegion().isEmpty()
        ]
        for dock in self._hidden:
            dock.hide()

    def _give_room(self, dock: QDockWidget, in_front: bool) -> None:
        """Make a place higher while a panel is in front that asks for it, by ``wanted_height``."""
        wanted = dock.property("wanted_height")
        if not isinstance(wanted, int) or not self._placed or dock.isFloating():
            return
        before, self._before = self._before, 0
        if in_front and dock.height() < wanted:
            self._before = dock.height()
            QTimer.singleShot(0, self._window, partial(self._make_high, dock, wanted))
        elif not in_front and before and not dock.isHidden():
            QTimer.singleShot(0, self._window, partial(self._make_high, dock, before))

    def _make_high(self, dock: QDockWidget, height: int) -> None:
        """Give one place of a column a height, and what is left to the others as they share it."""
        side = next(place.side for place in self._places if dock in place.docks)
        column = [place.docks for place in self._places if place.side is side]
        shown = [dock if dock in docks else _front(docks) for docks in column]
        before = sum(one.height() for one in shown)
        rest = sum(one.height() for one in shown if one is not dock)
        share = max(before - height, 0) / max(rest, 1)
        heights = [height if one is dock else round(one.height() * share) for one in shown]
        self._window.resizeDocks(shown, heights, _ALONG.Vertical)

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
        hide_left_over(self._window, self.docks)

    def _in_front(self, side: Side) -> dict[QDockWidget, int]:
        """Of each place of a side that shows a panel: the first such, and the place's size."""
        found = {}
        for place in self._places:
            shown = [dock for dock in place.docks if not dock.isHidden()]
            if place.side is side and shown:
                found[shown[0]] = place.size
        return found

    def _bring_to_front(self) -> None:
        for side in Side:
            for dock in self._in_front(side):
                if self._is_tabbed(dock):
                    dock.raise_()

    def _share_out(self) -> None:
        """Give every panel its room; Qt spreads what is over or short."""
        wide = min(max(self._window.width() / WINDOW_SIZE.width(), 0.9), 1.5)
        tall = min(max(self._window.height() / WINDOW_SIZE.height(), 0.9), 1.4)
        shown = {side: docks for side in Side if (docks := self._in_front(side))}
        for side, docks in shown.items():
            across = _ALONG.Vertical if side.along is _ALONG.Horizontal else _ALONG.Horizontal
            scale = wide if across is _ALONG.Horizontal else tall
            self._window.resizeDocks(list(docks)[:1], [round(side.thickness * scale)], across)
        for side, docks in shown.items():
            self._window.resizeDocks(list(docks), list(docks.values()), side.along)


def _front(docks: Sequence[QDockWidget]) -> QDockWidget:
    """The one that can be seen of several behind tabs."""
    return next((dock for dock in docks if not dock.visibleRegion().isEmpty()), docks[0])
