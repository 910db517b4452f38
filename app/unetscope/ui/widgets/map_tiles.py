"""A gallery in which several tiles are selected: with Ctrl, with Shift, and all of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.tile_gallery import TileGallery
from unetscope.ui.widgets.tile_painting import paint_frame

_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@guarded
class MapTiles(TileGallery):
    """A `TileGallery` with more than one tile selected, and keys of its own."""

    toggled = Signal(int)  # Ctrl and a click
    extended = Signal(int)  # Shift and a click
    key_hit = Signal(int, bool)  # one of `keys`; whether Shift is held

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._also: frozenset[int] = frozenset()
        self.keys: frozenset[int] = frozenset()

    @property
    def also(self) -> frozenset[int]:
        """The tiles that are selected beside the one with the thick frame."""
        return self._also

    def show_also(self, tiles: frozenset[int]) -> None:
        """Frame the tiles that are selected beside the main one."""
        if tiles != self._also:
            self._also = tiles
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._also:
            return
        start, stop = self.visible_range()
        with QPainter(self.viewport()) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for tile in range(start, stop):
                if tile in self._also:
                    paint_frame(painter, self.tile_rect(tile), "accent", 1.2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        tile, held = self.index_at(event.position().toPoint()), event.modifiers()
        left = event.button() == Qt.MouseButton.LeftButton
        if tile >= 0 and left and held & _CTRL:
            self.toggled.emit(tile)
        elif tile >= 0 and left and held & _SHIFT:
            self.extended.emit(tile)
        elif tile in self._also and event.button() == Qt.MouseButton.RightButton:
            event.accept()  # the menu is for all that is selected
        else:
            super().mousePressEvent(event)
            if left and tile >= 0 and tile == self.selected and self._also:
                self.selected_changed.emit(tile)  # this one alone

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self._is_own(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._is_own(event):
            self.key_hit.emit(event.key(), bool(event.modifiers() & _SHIFT))
        else:
            super().keyPressEvent(event)

    def _is_own(self, event: QKeyEvent) -> bool:
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return event.key() in self.keys and held in (Qt.KeyboardModifier.NoModifier, _SHIFT)
