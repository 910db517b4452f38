"""One kernel as coloured cells with numbers, edited by mouse, wheel and keyboard."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from unetscope.domain.editor import Cells, Hand
from unetscope.ui.widgets.cell_editor import CellEditor
from unetscope.ui.widgets.cell_gesture import CellGesture, weight
from unetscope.ui.widgets.cell_selection import Selection, line_between
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.kernel_numbers import exact_text
from unetscope.ui.widgets.kernel_painting import paint_frame
from unetscope.ui.widgets.kernel_picture import KernelPicture

START = 3  # screen pixels that make a press a drag
FULL_DRAG = 100.0  # screen pixels for the whole limit
BURST_MS = 400  # turns of the wheel this close are one gesture

_TYPED = frozenset("0123456789+-.,\u2212")
_MOVES = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
_OPENS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)
_CLEARS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


@guarded
class KernelGrid(KernelPicture):
    """Shows a kernel and asks for other values; it changes only when `show_kernel` is called."""

    value_edited = Signal(int, int, float, bool)  # row, column, value, same gesture as the last
    cells_filled = Signal(object, float, bool)  # list of (row, column), value, same gesture
    value_picked = Signal(float)  # for the brush
    drag_started = Signal()  # before its first value_edited; gesture_finished ends it
    gesture_finished = Signal()
    cell_selected = Signal(int, int)
    cells_selected = Signal(object)  # Cells
    context_menu = Signal(int, int, QPoint)  # row, column; on the screen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("kernel_grid")
        self.setAccessibleName("Kernel")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.several = False  # whether the keys can select more than one cell
        self.step: float | None = None  # of the wheel; None: a twentieth of the limit
        self._read_only = False
        self._selection = Selection()
        self._hand = Hand.CHANGE
        self._brush = 0.0
        self._painted: list[tuple[int, int]] | None = None  # while the brush is down
        self._hover: tuple[int, int] | None = None
        self._drag: CellGesture | None = None
        self._burst: CellGesture | None = None
        self._last_y = 0.0
        self._press_y = 0.0
        self._burst_end = QTimer(self)
        self._burst_end.setSingleShot(True)
        self._burst_end.setInterval(BURST_MS)
        self._burst_end.timeout.connect(self._finish_burst)
        self._editor = CellEditor(self)
        self._editor.committed.connect(self._enter)
        self._editor.closed.connect(self.setFocus)

    # What is shown

    @property
    def cursor_cell(self) -> tuple[int, int]:
        """Row and column of the selected cell."""
        return self._selection.cursor

    def set_hand(self, hand: Hand, brush: float) -> None:
        """Choose what a drag does: change a value, paint one, or select cells."""
        self._hand, self._brush = hand, brush
        cross = Qt.CursorShape.CrossCursor
        self.setCursor(cross if hand is Hand.PAINT else Qt.CursorShape.ArrowCursor)

    @property
    def read_only(self) -> bool:
        """Whether the kernel can only be looked at."""
        return self._read_only

    def set_read_only(self, read_only: bool) -> None:
        """Let the kernel be edited, or only looked at."""
        self._read_only = read_only
        if read_only:
            self._editor.cancel()
            self._finish_drag()
            self._finish_burst()
        self.update()

    def select_cell(self, row: int, column: int) -> None:
        """Move the cursor without reporting it."""
        if 0 <= row < self._values.shape[0] and 0 <= column < self._values.shape[1]:
            self.select_cells(Cells(row, column))

    def select_cells(self, cells: Cells) -> None:
        """Select cells without reporting it."""
        if cells != self._selection.cells:
            self._selection = Selection.of(cells)
            self.update()

    def let_go(self) -> None:
        """See `KernelPicture.let_go`."""
        self._editor.cancel()
        self._finish_drag()
        self._finish_burst()
        self._selection, self._hover, self._painted = Selection(), None, None

    def paint_over(self, painter: QPainter) -> None:
        """See `KernelPicture.paint_over`: what the mouse is on, and what is selected."""
        if self._hover is not None and not self._read_only:
            paint_frame(painter, self.cell_rect(*self._hover), "text_muted", 1.0)
        active = self.hasFocus() or self._editor.isVisible()
        token = "accent" if active else "border_strong"
        cells = self._selection.cells
        first = self.cell_rect(cells.row, cells.column)
        last = self.cell_rect(cells.row + cells.rows - 1, cells.column + cells.columns - 1)
        paint_frame(painter, first.united(last), token, 2.0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._editor.cancel()

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._finish_burst()
        cell = self.cell_at(event.position().toPoint())
        if cell is None or event.button() == Qt.MouseButton.MiddleButton or self._read_only:
            return
        left = event.button() == Qt.MouseButton.LeftButton
        if self._hand is Hand.PAINT and (
            not left or event.modifiers() & Qt.KeyboardModifier.AltModifier
        ):
            self.value_picked.emit(float(self._values[cell]))
            return
        if not (self._hand is Hand.CHANGE and self._selection.cells.holds(*cell)):
            self._select(cell)
        if not left:
            return
        if self._hand is Hand.PAINT:
            self._painted = []
            self.drag_started.emit()
            self._paint_on(cell)
        elif self._hand is Hand.CHANGE:
            self._press_y = self._last_y = event.position().y()
            self._drag = self._begin(cell, float(self.limits()[cell[0], 0]) / FULL_DRAG)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        drag = self._drag
        y = event.position().y()
        if drag is None:
            cell = self.cell_at(event.position().toPoint())
            self._set_hover(cell)
            if cell is None or not event.buttons() & Qt.MouseButton.LeftButton:
                return
            if self._painted is not None:
                self._paint_on(cell)
            elif self._hand is Hand.SELECT:
                self._choose(self._selection.extended(cell))
        elif drag.told or abs(y - self._press_y) >= START:
            self._advance(drag, (self._last_y - y) * weight(event.modifiers()))
            self._last_y = y

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._painted is not None:
            self._painted = None
            self.gesture_finished.emit()
        drag = self._drag
        self._finish_drag()
        if drag is not None and not drag.told:  # a click into selected cells selects one of them
            self._select((drag.row, drag.column))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None:
            self._select(cell)
            self._open_editor()

    def wheelEvent(self, event: QWheelEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        turn = (event.angleDelta().y() or event.angleDelta().x()) / 120.0
        if cell is None or self._read_only or self._drag is not None:
            event.ignore()
            return
        event.accept()
        if not turn:
            return
        burst = self._burst
        if burst is None or (burst.row, burst.column) != cell:
            self._finish_burst()
            if not self._selection.cells.holds(*cell):
                self._select(cell)
            step = self.step if self.step is not None else float(self.limits()[cell[0], 0]) / 20
            burst = self._burst = self._begin(cell, step)
        self._burst_end.start()
        self._advance(burst, turn * weight(event.modifiers()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hover(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._values.size:
            where = event.globalPos()
            if event.reason() == QContextMenuEvent.Reason.Keyboard:
                where = self.mapToGlobal(self.cell_rect(*self.cursor_cell).center())
            self.context_menu.emit(*self.cursor_cell, where)
        event.accept()

    # Keyboard

    def event(self, event: QEvent) -> bool:
        # Shortcuts of the window, such as digits for presets, wait while the kernel has focus.
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self._handles(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if not self._handles(event):
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Escape:
            self._cancel_drag()
        elif key in _MOVES:
            rows, columns = self._values.shape
            down, right = _MOVES[key]
            row = min(max(self.cursor_cell[0] + down, 0), rows - 1)
            cell = (row, min(max(self.cursor_cell[1] + right, 0), columns - 1))
            if self.several and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._choose(self._selection.extended(cell))
            else:
                self._select(cell)
        elif key == Qt.Key.Key_A:
            self._choose(Selection.of(Cells(0, 0, *self._values.shape)))
        elif key in _OPENS:
            self._open_editor()
        elif key in _CLEARS:
            self._enter(0.0)
        else:
            self._open_editor(event.text())

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def _handles(self, event: QKeyEvent) -> bool:
        """Whether a key means something to the kernel as it is."""
        held = event.modifiers() & ~(
            Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
        )
        if not self._values.size:
            return False
        if held == Qt.KeyboardModifier.ControlModifier and event.key() == Qt.Key.Key_A:
            return self.several and not self._read_only
        if held != Qt.KeyboardModifier.NoModifier:
            return False
        if event.key() == Qt.Key.Key_Escape:
            return self._drag is not None
        if event.key() in _MOVES:
            return True
        typed = bool(event.text()) and event.text() in _TYPED
        return not self._read_only and (typed or event.key() in _OPENS or event.key() in _CLEARS)

    # Edits

    def _begin(self, cell: tuple[int, int], rate: float) -> CellGesture:
        return CellGesture(*cell, start=float(self._values[cell]), rate=rate)

    def _advance(self, gesture: CellGesture, units: float) -> None:
        gesture.units += units
        same, gesture.told = gesture.told, True
        if gesture is self._drag and not same:
            self.drag_started.emit()
        self.value_edited.emit(gesture.row, gesture.column, gesture.value(), same)

    def _finish_drag(self) -> None:
        drag, self._drag = self._drag, None
        if drag is not None and drag.told:
            self.gesture_finished.emit()

    def _cancel_drag(self) -> None:
        """Ask for the value at which the drag began."""
        drag = self._drag
        if drag is not None and drag.told:
            self._advance(drag, -drag.units)
        self._finish_drag()

    def _finish_burst(self) -> None:
        self._burst_end.stop()
        burst, self._burst = self._burst, None
        if burst is not None:
            self.gesture_finished.emit()

    def _paint_on(self, cell: tuple[int, int]) -> None:
        """Draw the brush on to a cell, over those on the way."""
        painted = self._painted
        if painted is None or (painted and painted[-1] == cell):
            return
        same = bool(painted)
        painted += line_between(painted[-1], cell) if painted else [cell]
        self.cells_filled.emit(list(dict.fromkeys(painted)), self._brush, same)

    def _open_editor(self, typed: str | None = None) -> None:
        if self._read_only:
            return
        self._finish_drag()
        self._finish_burst()
        text = exact_text(float(self._values[self.cursor_cell])) if typed is None else typed
        self._editor.open(self.cell_rect(*self.cursor_cell), text, select=typed is None)

    def _enter(self, value: float) -> None:
        """Ask for a value of the selected cells, as an edit of its own."""
        self._finish_burst()
        cells = self._selection.cells
        if cells.several:
            places = [(cells.row + r, cells.column + c) for r, c in np.ndindex(cells.shape)]
            self.cells_filled.emit(places, value, False)
        elif float(self._values[self.cursor_cell]) != value:
            self.value_edited.emit(*self.cursor_cell, value, False)
        else:
            return
        self.gesture_finished.emit()

    def _select(self, cell: tuple[int, int]) -> None:
        self._choose(Selection(cell, cell))

    def _choose(self, selection: Selection) -> None:
        before, self._selection = self._selection, selection
        if selection != before:
            self.update()
            if selection.cursor != before.cursor:
                self.cell_selected.emit(*selection.cursor)
            self.cells_selected.emit(selection.cells)

    def _set_hover(self, cell: tuple[int, int] | None) -> None:
        if cell != self._hover:
            self._hover = cell
            self.update()
