"""Many kernels or feature maps in rows: only those in view are drawn, as one picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.text_drag import TextDrag
from unetscope.ui.widgets.tile_layout import GAP, KEYS, LARGEST, MARGIN, SMALLEST, STRIP, TileLayout
from unetscope.ui.widgets.tile_painting import (
    paint_badge,
    paint_chip,
    paint_dot,
    paint_frame,
    paint_label,
    small_font,
)
from unetscope.ui.widgets.tile_set import Grid, TileSet, mosaic

LABELLED = 40  # tiles below this size carry no text
FRAME = 3  # what the frame of a tile takes around it

_NOTHING = TileSet(values=np.zeros((0, 1, 1), np.float32))


@guarded
class TileGallery(QAbstractScrollArea):
    """Shows a `TileSet`; tiles grow a little so that a row fills the width."""

    selected_changed = Signal(int)  # by mouse or keyboard, never by show_tiles
    activated = Signal(int)  # Enter or a double click
    hovered = Signal(int)  # -1: none
    context_menu = Signal(int, QPoint)  # index or -1; on the screen
    visible_changed = Signal(int, int)  # first tile in view, and the one after the last
    tile_size_changed = Signal(int)  # by Ctrl and the wheel

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tile_gallery")
        self.setAccessibleName("Gallery")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._tiles = _NOTHING
        self._message = ""
        self._wanted = 64
        self._selected: int | None = None
        self._hover = -1
        self._tooltip: Callable[[int], str] | None = None
        self._cache_key: tuple[object, ...] = ()
        self._cache = QImage()
        self._visible = (0, 0)
        self.drag = TextDrag(self)

    # What is shown

    @property
    def tile_size(self) -> int:
        """The least edge of a tile, in device-independent pixels."""
        return self._wanted

    @tile_size.setter
    def tile_size(self, size: int) -> None:
        """Resize the tiles; the one at the top stays there."""
        size = min(max(size, SMALLEST), LARGEST)
        if size == self._wanted:
            return
        bar = self.verticalScrollBar()
        first = max(self._layout.index_at(QPoint(MARGIN, MARGIN), bar.value()), 0)
        self._wanted = size
        self._arrange()
        bar.setValue(self._layout.top(first) - MARGIN)

    @property
    def selected(self) -> int | None:
        """Index of the selected tile."""
        return self._selected

    @property
    def tiles(self) -> TileSet:
        """What is on show."""
        return self._tiles

    def show_tiles(self, tiles: TileSet) -> None:
        """Show `tiles`; the scroll position stays if their number does."""
        same = len(tiles) == len(self._tiles)
        before, self._tiles = self._tiles, tiles
        old, self._selected = self._selected, tiles.selected
        if same and old == tiles.selected and self._touch_up(before):
            return
        if not same:
            self._hover = -1
        self._arrange()
        if not same:
            self.verticalScrollBar().setValue(0)
        if self._selected is not None and (self._selected != old or not same):
            self.reveal(self._selected)
        self._report_visible()
        self.viewport().update()

    def show_message(self, text: str) -> None:
        """Show no tiles but this text."""
        self._message = text
        self.show_tiles(_NOTHING)

    def set_selected(self, index: int | None) -> None:
        """Move the frame without reporting it as a choice of the user's."""
        if index is not None and not 0 <= index < len(self._tiles):
            index = None
        if index != self._selected:
            self._selected = index
            if index is not None:
                self.reveal(index)
            self.viewport().update()

    def set_tooltip(self, text: Callable[[int], str] | None) -> None:
        """Ask `text` for the tooltip of a tile."""
        self._tooltip = text

    def reveal(self, index: int) -> None:
        """Scroll as little as it takes to show a whole tile."""
        bar = self.verticalScrollBar()
        top = self._layout.top(index)
        bottom = top + self._layout.row_height
        if top - MARGIN < bar.value():
            bar.setValue(top - MARGIN)
        elif bottom > bar.value() + self.viewport().height():
            bar.setValue(bottom - self.viewport().height())

    def visible_range(self) -> tuple[int, int]:
        """First tile in view, and the one after the last."""
        return self._layout.visible(self.verticalScrollBar().value())

    def tile_rect(self, index: int) -> QRect:
        """Where a tile is in the viewport, without its bar."""
        return self._layout.rect(index, self.verticalScrollBar().value())

    def index_at(self, at: QPoint) -> int:
        """The tile at a point of the viewport; -1 for none."""
        return self._layout.index_at(at, self.verticalScrollBar().value())

    def sizeHint(self) -> QSize:
        return QSize(380, 300)

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 80)

    @property
    def _layout(self) -> TileLayout:
        # The scroll bar's room is kept free when there is none: a bar that came and went with the
        # width of the tiles, and they with it, would never come to rest.
        bar = self.verticalScrollBar().sizeHint().width()
        return TileLayout(
            count=len(self._tiles),
            wanted=self._wanted,
            width=self.contentsRect().width() - bar,
            height=self.viewport().height(),
            strips=self._tiles.strip is not None,
        )

    def _arrange(self) -> None:
        layout = self._layout
        bar = self.verticalScrollBar()
        bar.setPageStep(layout.height)
        bar.setSingleStep(max(layout.row_height // 2, 1))
        bar.setRange(0, max(layout.total_height - layout.height, 0))
        self.viewport().update()

    def _report_visible(self) -> None:
        visible = self.visible_range()
        if visible != self._visible:
            self._visible = visible
            self.visible_changed.emit(*visible)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        self._report_visible()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._report_visible()
        self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self.viewport()) as painter:
            area = QRectF(self.viewport().rect())
            painter.fillRect(area, theme.colour("panel"))
            if len(self._tiles):
                self._paint_tiles(painter, event.rect())
            else:
                painter.setPen(theme.colour("text_muted"))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(area.adjusted(16, 8, -16, -8), int(flags), self._message)

    def _paint_tiles(self, painter: QPainter, area: QRect) -> None:
        start, stop = self.visible_range()
        if start >= stop:
            return
        picture = self._mosaic(start, stop)
        place = QRectF(self.tile_rect(start))
        layout = self._layout
        rows = -(-(stop - start) // layout.columns)
        place.setSize(QSizeF(layout.columns * (layout.edge + GAP), rows * layout.row_height))
        painter.drawImage(place, picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_notes(painter, start, stop, area)
        if start <= self._hover < stop and self._hover != self._selected:
            paint_frame(painter, self.tile_rect(self._hover), "text_muted", 1.0)
        if self._selected is not None and start <= self._selected < stop:
            paint_frame(painter, self.tile_rect(self._selected), "accent", 2.0)

    def _grid(self) -> Grid:
        ratio, layout = self.devicePixelRatioF(), self._layout
        return Grid(
            columns=layout.columns,
            edge=round(layout.edge * ratio),
            cell_height=round(layout.row_height * ratio),
            cell_width=round((layout.edge + GAP) * ratio),
            strip=round(STRIP * ratio) if self._tiles.strip is not None else 0,
        )

    def _mosaic(self, start: int, stop: int) -> QImage:
        grid = self._grid()
        key = (self._tiles, start, stop, grid, theme.current())
        if key != self._cache_key:
            self._cache, self._cache_key = self._drawn(start, stop, grid), key
        return self._cache

    def _drawn(self, start: int, stop: int, grid: Grid) -> QImage:
        words = mosaic(
            self._tiles,
            start,
            stop,
            grid,
            behind=theme.colour("panel").rgb(),
            tile=theme.colour("tile").rgb(),
            bar=theme.colour("text_muted" if self._tiles.strip_stale else "ok").rgb(),
            track=theme.colour("border").rgb(),
        )
        height, width = words.shape
        borrowed = QImage(words.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        return borrowed.copy()  # the copy owns its pixels

    def _touch_up(self, before: TileSet) -> bool:
        """Draw the tiles that changed into the picture of those before; False if it is none."""
        start, stop = self.visible_range()
        grid = self._grid()
        if self._cache_key != (before, start, stop, grid, theme.current()):
            return False
        changed = self._tiles.changed(before, start, stop)
        if changed is None or 2 * len(changed) > stop - start:
            return False
        layout, scroll = self._layout, self.verticalScrollBar().value()
        with QPainter(self._cache) as painter:
            for index in changed:
                row, column = divmod(index - start, grid.columns)
                one = self._drawn(index, index + 1, replace(grid, columns=1))
                painter.drawImage(column * grid.cell_width, row * grid.cell_height, one)
                framed = layout.rect(index, scroll).adjusted(-FRAME, -FRAME, FRAME, FRAME)
                self.viewport().update(framed)
        self._cache_key = (self._tiles, start, stop, grid, theme.current())
        return True

    def _paint_notes(self, painter: QPainter, start: int, stop: int, area: QRect) -> None:
        marks = self._tiles.marks
        if self._layout.edge < LABELLED:
            few = marks if len(marks) < stop - start else range(start, stop)
            for index in few:
                if start <= index < stop and marks.get(index):
                    paint_dot(painter, self.tile_rect(index), marks[index])
            return
        painter.setFont(small_font(self.font()))
        layout, scroll = self._layout, self.verticalScrollBar().value()
        for index in range(start, stop):
            rect = layout.rect(index, scroll)
            if not rect.intersects(area):
                continue
            if text := self._tiles.label(index):
                paint_label(painter, rect, text)
            if mark := marks.get(index):
                paint_badge(painter, rect, mark)
            if chip := self._tiles.chips.get(index):
                paint_chip(painter, rect, chip)

    # Mouse and keyboard

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().toPoint())
        self.drag.press(event)
        if index >= 0 and event.button() in (
            Qt.MouseButton.LeftButton,
            Qt.MouseButton.RightButton,
        ):
            self._choose(index)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.drag.release()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().toPoint())
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.activated.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.drag.move(event, self._picture_at):
            self._set_hover(self.index_at(event.position().toPoint()))

    def _picture_at(self, at: QPoint) -> QPixmap:
        return self.viewport().grab(self.tile_rect(self.index_at(at)))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard and self._selected is not None:
            where = self.viewport().mapToGlobal(self.tile_rect(self._selected).center())
            self.context_menu.emit(self._selected, where)
        else:
            self.context_menu.emit(self.index_at(event.pos()), event.globalPos())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._set_hover(-1)
        elif event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.index_at(event.pos())
            text = self._tooltip_text(index) if index >= 0 else ""
            QToolTip.showText(event.globalPos(), text, self.viewport(), self.tile_rect(index))
            return True
        return super().viewportEvent(event)

    def _tooltip_text(self, index: int) -> str:
        return "" if self._tooltip is None else self._tooltip(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            turn = event.angleDelta().y() / 120.0
            if turn:
                self.tile_size = round(self._wanted * 1.15**turn) + (1 if turn > 0 else -1)
                self.tile_size_changed.emit(self._wanted)
            event.accept()
        else:
            super().wheelEvent(event)

    def event(self, event: QEvent) -> bool:
        # Shortcuts of the window, such as Up for the next slice, wait while the gallery has focus.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            if event.key() in KEYS and held == Qt.KeyboardModifier.NoModifier:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._selected is not None:
            self.activated.emit(self._selected)
            return
        if self._selected is not None:
            target = self._layout.travel(key, self._selected)
        else:
            target = self.visible_range()[0] if key in KEYS and len(self._tiles) else None
        if target is None or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        else:
            self._choose(target)

    def _choose(self, index: int) -> None:
        if index != self._selected:
            self.set_selected(index)
            self.selected_changed.emit(index)

    def _set_hover(self, index: int) -> None:
        if index != self._hover:
            self._hover = index
            self.hovered.emit(index)
            self.viewport().update()
