"""One kernel as coloured cells with numbers, edited by mouse, wheel and keyboard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from unetscope.ui import theme
from unetscope.ui.colours import DIVERGING, luminance, to_levels
from unetscope.ui.widgets.cell_editor import CellEditor
from unetscope.ui.widgets.cell_gesture import CellGesture, weight
from unetscope.ui.widgets.guard import never_raises
from unetscope.ui.widgets.kernel_layout import cell_at, cell_rect
from unetscope.ui.widgets.kernel_numbers import exact_text, number_text
from unetscope.ui.widgets.kernel_painting import fitted_text, paint_dot, paint_frame, same_values

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


class KernelGrid(QWidget):
    """Shows a kernel and asks for other values; it changes only when `show_kernel` is called."""

    value_edited = Signal(int, int, float, bool)  # row, column, value, same gesture as the last
    drag_started = Signal()  # before its first value_edited; gesture_finished ends it
    gesture_finished = Signal()
    cell_selected = Signal(int, int)
    context_menu = Signal(int, int, QPoint)  # row, column; on the screen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("kernel_grid")
        self.setAccessibleName("Kernel")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.step: float | None = None  # of the wheel; None: a twentieth of the limit
        self._values = np.zeros((0, 0), np.float32)
        self._trained: NDArray[np.float32] | None = None
        self._limit = 1.0
        self._message = ""
        self._read_only = False
        self._cursor = (0, 0)
        self._hover: tuple[int, int] | None = None
        self._drag: CellGesture | None = None
        self._burst: CellGesture | None = None
        self._last_y = 0.0
        self._press_y = 0.0
        self._text: tuple[QFont, int] | None = None
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
        return self._cursor

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

    def show_kernel(
        self,
        values: NDArray[np.float32],
        limit: float,
        trained: NDArray[np.float32] | None = None,
    ) -> None:
        """Show a kernel.

        Parameters
        ----------
        values : (kh, kw) ndarray of float32
            Weights, dimensionless.
        limit : float
            The value of the strongest red; its negative is the strongest blue.
        trained : (kh, kw) ndarray of float32, or None
            Cells whose value differs from it get a dot.
        """
        if values.shape != self._values.shape:
            self._editor.cancel()
            self._finish_drag()
            self._finish_burst()
            self._cursor, self._hover = (0, 0), None
        old, before, text = self._values, (self._limit, self._trained), self._text
        self._values = values
        self._limit = limit if limit > 0.0 else 1.0
        self._trained = trained if trained is not None and trained.shape == values.shape else None
        self._text = None
        same = old.shape == values.shape and before[0] == self._limit and text is not None
        if same and same_values(before[1], self._trained) and self._fitted_text() == text:
            for row, column in np.argwhere(values != old).tolist():
                self.update(self.cell_rect(row, column).adjusted(-2, -2, 2, 2))
        else:
            self.update()

    def show_message(self, text: str) -> None:
        """Show no kernel but this text."""
        self._message = text
        self.show_kernel(np.zeros((0, 0), np.float32), 1.0)

    def select_cell(self, row: int, column: int) -> None:
        """Move the cursor without reporting it."""
        if 0 <= row < self._values.shape[0] and 0 <= column < self._values.shape[1]:
            self._cursor = (row, column)
            self.update()

    def cell_rect(self, row: int, column: int) -> QRect:
        """Where a cell is in the widget."""
        return cell_rect(self._values.shape, self.size(), row, column)

    def cell_at(self, at: QPoint) -> tuple[int, int] | None:
        """The cell at a point of the widget, or None."""
        return cell_at(self._values.shape, self.size(), at)

    def sizeHint(self) -> QSize:
        return QSize(250, 190)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, 80)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), theme.colour("panel"))
            if self._values.size:
                self._paint_cells(painter, event.rect())
            else:
                painter.setPen(theme.colour("text_muted"))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(
                    QRectF(self.rect()).adjusted(8, 4, -8, -4), int(flags), self._message
                )

    def _paint_cells(self, painter: QPainter, area: QRect) -> None:
        rows, columns = self._values.shape
        colours = DIVERGING[to_levels(self._values, -self._limit, self._limit)]
        dark_text = luminance(colours) > 0.19
        font, decimals = self._fitted_text()
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in range(rows):
            for column in range(columns):
                rect = self.cell_rect(row, column)
                if not rect.intersects(area):
                    continue
                painter.fillRect(rect, QColor(*colours[row, column].tolist()))
                if decimals >= 0:
                    painter.setPen(QColor("#16191e" if dark_text[row, column] else "#ffffff"))
                    text = number_text(float(self._values[row, column]), decimals)
                    painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)
                if self._differs(row, column):
                    paint_dot(painter, rect)
        if self._hover is not None and not self._read_only:
            paint_frame(painter, self.cell_rect(*self._hover), "text_muted", 1.0)
        active = self.hasFocus() or self._editor.isVisible()
        token = "accent" if active else "border_strong"
        paint_frame(painter, self.cell_rect(*self._cursor), token, 2.0)

    def _differs(self, row: int, column: int) -> bool:
        return self._trained is not None and bool(
            self._values[row, column] != self._trained[row, column]
        )

    def _fitted_text(self) -> tuple[QFont, int]:
        """Font and decimals with which every number fits its cell; -1 decimals if none do."""
        if self._text is None:
            largest = self.font().pointSizeF()
            self._text = fitted_text(self._values, self._limit, self.cell_rect(0, 0), largest)
        return self._text

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._text = None
        self._editor.cancel()

    def changeEvent(self, event: QEvent) -> None:
        self._text = None
        super().changeEvent(event)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._finish_burst()
        cell = self.cell_at(event.position().toPoint())
        if cell is None or event.button() == Qt.MouseButton.MiddleButton:
            return
        self._select(cell)
        if event.button() == Qt.MouseButton.LeftButton and not self._read_only:
            self._press_y = self._last_y = event.position().y()
            self._drag = self._begin(cell, self._limit / FULL_DRAG)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        drag = self._drag
        y = event.position().y()
        if drag is None:
            self._set_hover(self.cell_at(event.position().toPoint()))
        elif drag.told or abs(y - self._press_y) >= START:
            self._advance(drag, (self._last_y - y) * weight(event.modifiers()))
            self._last_y = y

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._finish_drag()

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
            self._select(cell)
            step = self.step if self.step is not None else self._limit / 20.0
            burst = self._burst = self._begin(cell, step)
        self._burst_end.start()
        self._advance(burst, turn * weight(event.modifiers()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hover(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._values.size:
            where = event.globalPos()
            if event.reason() == QContextMenuEvent.Reason.Keyboard:
                where = self.mapToGlobal(self.cell_rect(*self._cursor).center())
            self.context_menu.emit(*self._cursor, where)
        event.accept()

    # Keyboard

    @never_raises
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tooltip(self.cell_at(event.pos())), self)
            return True
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
            row = min(max(self._cursor[0] + down, 0), rows - 1)
            self._select((row, min(max(self._cursor[1] + right, 0), columns - 1)))
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
        if not self._values.size or held != Qt.KeyboardModifier.NoModifier:
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

    def _open_editor(self, typed: str | None = None) -> None:
        if self._read_only:
            return
        self._finish_drag()
        self._finish_burst()
        text = exact_text(float(self._values[self._cursor])) if typed is None else typed
        self._editor.open(self.cell_rect(*self._cursor), text, select=typed is None)

    def _enter(self, value: float) -> None:
        """Ask for a value of the selected cell, as an edit of its own."""
        self._finish_burst()
        if float(self._values[self._cursor]) != value:
            self.value_edited.emit(*self._cursor, value, False)
            self.gesture_finished.emit()

    def _select(self, cell: tuple[int, int]) -> None:
        if cell != self._cursor:
            self._cursor = cell
            self.update()
            self.cell_selected.emit(*cell)

    def _set_hover(self, cell: tuple[int, int] | None) -> None:
        if cell != self._hover:
            self._hover = cell
            self.update()

    def _tooltip(self, cell: tuple[int, int] | None) -> str:
        if cell is None:
            return ""
        text = f"row {cell[0]}, column {cell[1]}: {exact_text(float(self._values[cell]))}"
        if self._trained is not None and self._differs(*cell):
            text += f" (trained {exact_text(float(self._trained[cell]))})"
        return text
