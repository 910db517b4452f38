"""A matrix of kernels that scrolls both ways under sticky numbers; only what is seen is drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
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
from unetscope.ui.widgets.matrix_painting import (
    STRIP,
    MatrixLayout,
    paint_columns,
    paint_edits,
    paint_rows,
)
from unetscope.ui.widgets.matrix_set import Axis, MatrixSet, picture
from unetscope.ui.widgets.text_drag import TextDrag
from unetscope.ui.widgets.tile_layout import KEYS
from unetscope.ui.widgets.tile_painting import paint_frame, small_font

SMALLEST, LARGEST = 2, 160

_NOTHING = MatrixSet(values=np.zeros((0, 0, 1, 1), np.float32), order=np.zeros(0, np.intp))


@guarded
class KernelMatrix(QAbstractScrollArea):
    """Shows a `MatrixSet`; rows and columns are told in the order of the layer."""

    selected_changed = Signal(int, int)  # row and column, by mouse or keyboard
    activated = Signal(int, int)
    context_menu = Signal(int, QPoint)  # row or -1; on the screen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("kernel_matrix")
        self.setAccessibleName("Kernels: filters down, input channels across")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._tiles = _NOTHING
        self._places: dict[int, int] = {}  # of rows
        self._cell = 24
        self._hover = (-1, -1)
        self._follows = True  # the choice stays in view until the user scrolls
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.actionTriggered.connect(self._on_scrolled)
        self._tooltip: Callable[[int, int], str] | None = None
        self.drag = TextDrag(self)

    # What is shown

    @property
    def tiles(self) -> MatrixSet:
        """What is on show."""
        return self._tiles

    @property
    def cell_size(self) -> int:
        """The longer edge of a cell, in device-independent pixels."""
        return self._cell

    @cell_size.setter
    def cell_size(self, size: int) -> None:
        self._zoom(size, self._layout.area.topLeft())

    def show_tiles(self, tiles: MatrixSet) -> None:
        """Show `tiles`; the scroll position stays unless their number or the choice changes."""
        before, self._tiles = self._tiles, tiles
        if tiles.order is not before.order:
            self._places = {int(row): place for place, row in enumerate(tiles.order)}
        self._arrange()
        if tiles.shape != before.shape:
            self.horizontalScrollBar().setValue(0)
            self.verticalScrollBar().setValue(0)
        moved = tiles.shape != before.shape or not np.array_equal(tiles.order, before.order)
        if moved or (tiles.row, tiles.column) != (before.row, before.column):
            self._reveal()
        self.viewport().update()

    def set_tooltip(self, text: Callable[[int, int], str] | None) -> None:
        """Ask `text` for the tooltip of a cell, by row and column."""
        self._tooltip = text

    def cell_rect(self, row: int, column: int) -> QRect:
        """Where a cell is in the viewport, whether in view or not."""
        return self._layout.cell(self._places[row], column)

    def cell_at(self, at: QPoint) -> tuple[int, int]:
        """Row and column at a point of the viewport, -1 for none; over the numbers one of them."""
        place, column = self._layout.place_at(at)
        return (int(self._tiles.order[place]) if place >= 0 else -1), column

    def visible_cells(self) -> tuple[range, range]:
        """Places of rows, and columns, in view."""
        layout = self._layout
        return layout.rows, layout.columns

    def sizeHint(self) -> QSize:
        return QSize(380, 300)

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 80)

    # Geometry

    @property
    def _layout(self) -> MatrixLayout:
        digits = len(str(max(self._tiles.shape[0] - 1, 0)))
        metrics, size = self.fontMetrics(), self.viewport().size()
        bars = STRIP if self._tiles.strip is not None else 0
        left = metrics.horizontalAdvance("0" * max(digits, 2)) + 18 + bars
        top = metrics.height() + 4
        room = QSize(max(size.width() - left, 0), max(size.height() - top, 0))
        scroll = QPoint(self.horizontalScrollBar().value(), self.verticalScrollBar().value())
        return MatrixLayout(*self._axes(1.0), left, top, room, scroll)

    def _axes(self, ratio: float) -> tuple[Axis, Axis]:
        """Down and across, in pixels of which `ratio` make a device-independent one."""
        rows, columns = self._tiles.shape
        height, width = self._tiles.values.shape[2:]
        size, longer = self._cell, max(height, width)
        gap = 0 if size < 8 else 1 if size < 16 else 3
        cells = [max(round(size * n / longer * ratio), 1) for n in (height, width)]
        gap = round(gap * ratio)
        return Axis(rows, cells[0], gap, height), Axis(columns, cells[1], gap, width)

    def _arrange(self) -> None:
        layout = self._layout
        room = (layout.room.height(), layout.room.width())
        bars = (self.verticalScrollBar(), self.horizontalScrollBar())
        for bar, axis, length in zip(bars, (layout.down, layout.across), room, strict=True):
            bar.setPageStep(length)
            bar.setSingleStep(max(axis.pitch, 12))
            bar.setRange(0, max(axis.length - length, 0))

    def _reveal(self) -> None:
        """Scroll as little as it takes to show the cell that is selected."""
        self._follows = True
        tiles = self._tiles
        if tiles.row is None or tiles.row not in self._places:
            return
        layout, cell = self._layout, self.cell_rect(tiles.row, tiles.column or 0)
        area = layout.area
        down = _overshoot(cell.top(), cell.top() + layout.down.pitch, area.top(), area.height())
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + down)
        if tiles.column is not None:
            right = cell.left() + layout.across.pitch
            across = _overshoot(cell.left(), right, area.left(), area.width())
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() + across)

    def _zoom(self, size: int, at: QPoint) -> None:
        """Resize the cells; what is at a point stays there."""
        size = min(max(size, SMALLEST), LARGEST)
        if size == self._cell:
            return
        bars, area = (self.verticalScrollBar(), self.horizontalScrollBar()), self._layout.area
        offsets = (max(at.y() - area.top(), 0), max(at.x() - area.left(), 0))
        places = [
            (bar.value() + offset) / axis.pitch
            for bar, offset, axis in zip(bars, offsets, self._axes(1.0), strict=True)
        ]
        self._cell = size
        self._arrange()
        for bar, offset, axis, place in zip(bars, offsets, self._axes(1.0), places, strict=True):
            bar.setValue(round(place * axis.pitch) - offset)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        if self._follows:
            self._reveal()

    def _on_scrolled(self) -> None:
        self._follows = False

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self.viewport()) as painter:
            painter.fillRect(self.viewport().rect(), theme.colour("panel"))
            if not self._tiles.values.size:
                return
            layout = self._layout
            painter.drawImage(layout.area, self._picture())
            painter.setFont(small_font(self.font()))
            painter.setClipRect(layout.area)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_edits(painter, self._tiles, layout)
            self._paint_choice(painter, layout)
            painter.setClipping(False)
            paint_rows(painter, self._tiles, layout)
            paint_columns(painter, self._tiles, layout)

    def _picture(self) -> QImage:
        ratio = self.devicePixelRatioF()
        layout = self._layout
        scroll = (round(layout.scroll.y() * ratio), round(layout.scroll.x() * ratio))
        room = (round(layout.room.height() * ratio), round(layout.room.width() * ratio))
        behind = theme.colour("panel").rgb()
        words = picture(self._tiles, *self._axes(ratio), scroll, room, behind)
        height, width = words.shape
        borrowed = QImage(words.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        return borrowed.copy()  # the copy owns its pixels

    def _paint_choice(self, painter: QPainter, layout: MatrixLayout) -> None:
        tiles, (row, column) = self._tiles, self._hover
        if row in self._places and column >= 0:
            paint_frame(painter, self.cell_rect(row, column), "text_muted", 1.0)
        if tiles.row is None or tiles.row not in self._places:
            return
        rect = self.cell_rect(tiles.row, tiles.column or 0)
        if tiles.column is None:
            rect.setWidth(layout.across.length - layout.across.gap)
        paint_frame(painter, rect, "accent", 2.0)

    # Mouse and keyboard

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row, column = self.cell_at(event.position().toPoint())
        both = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
        self.drag.press(event)
        if event.button() in both and (row >= 0 or column >= 0):
            self._choose(row, column)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.drag.release()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        row, column = self.cell_at(event.position().toPoint())
        if row >= 0 and column >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.activated.emit(row, column)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.drag.move(event, self._picture_at):
            return
        hover = self.cell_at(event.position().toPoint())
        if hover != self._hover:
            self._hover = hover
            self.viewport().update()

    def _picture_at(self, at: QPoint) -> QPixmap:
        return self.viewport().grab(self.cell_rect(*self.cell_at(at)))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.context_menu.emit(self.cell_at(event.pos())[0], event.globalPos())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover = (-1, -1)
            self.viewport().update()
        elif event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row, column = self.cell_at(event.pos())
            text = self._tooltip(row, column) if self._tooltip and row >= 0 else ""
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() / 120.0
        held = event.modifiers()
        if held & Qt.KeyboardModifier.ControlModifier:
            if turn:
                size = round(self._cell * 1.2**turn) + (1 if turn > 0 else -1)
                self._zoom(size, event.position().toPoint())
            event.accept()
        elif held & Qt.KeyboardModifier.ShiftModifier and turn:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - round(turn * 3 * bar.singleStep()))
            event.accept()
        else:
            super().wheelEvent(event)

    def event(self, event: QEvent) -> bool:
        # Shortcuts of the window, such as Up for the next slice, wait while the matrix has focus.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            if event.key() in KEYS and held == Qt.KeyboardModifier.NoModifier:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, (rows, columns) = Qt.Key(event.key()), self._tiles.shape
        if not rows or key not in KEYS:
            super().keyPressEvent(event)
            return
        row = self._places.get(-1 if self._tiles.row is None else self._tiles.row, 0)
        column = self._tiles.column or 0
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated.emit(int(self._tiles.order[row]), column)
            return
        page = max(len(self.visible_cells()[0]) - 1, 1)
        whole = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        moves = {
            Qt.Key.Key_Left: (row, column - 1),
            Qt.Key.Key_Right: (row, column + 1),
            Qt.Key.Key_Up: (row - 1, column),
            Qt.Key.Key_Down: (row + 1, column),
            Qt.Key.Key_PageUp: (row - page, column),
            Qt.Key.Key_PageDown: (row + page, column),
            Qt.Key.Key_Home: (0 if whole else row, 0),
            Qt.Key.Key_End: (rows - 1 if whole else row, columns - 1),
        }
        place, column = moves[key]
        place, column = min(max(place, 0), rows - 1), min(max(column, 0), columns - 1)
        self._choose(int(self._tiles.order[place]), column)

    def _choose(self, row: int, column: int) -> None:
        """Over the numbers of the rows or columns the other one stays."""
        row = (self._tiles.row or 0) if row < 0 else row
        column = (self._tiles.column or 0) if column < 0 else column
        if (row, column) != (self._tiles.row, self._tiles.column):
            self.selected_changed.emit(row, column)


def _overshoot(start: int, stop: int, first: int, room: int) -> int:
    """How far to scroll so that what goes from start to stop lies within the room."""
    if start < first:
        return start - first
    return max(stop - first - room, 0)
