"""A line edit that lies over a cell until a number is entered."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.kernel_numbers import parse_number


@guarded
class CellEditor(QLineEdit):
    """Enter, Tab or a click elsewhere commits a number; Esc leaves it as it was."""

    committed = Signal(float)
    closed = Signal()  # after either

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setObjectName("cell_editor")
        self.setAccessibleName("Value")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.textEdited.connect(self._forgive)
        self.hide()

    def open(self, cell: QRect, text: str, *, select: bool) -> None:
        """Show `text` over `cell`, grown to what a number needs and kept inside the parent."""
        width = max(cell.width() + 4, 84)
        height = max(cell.height(), self.sizeHint().height())
        rect = QRect(0, 0, width, height)
        rect.moveCenter(cell.center())
        within = self._over.rect()
        rect.moveRight(min(rect.right(), within.right()))
        rect.moveLeft(max(rect.left(), 0))
        rect.moveBottom(min(rect.bottom(), within.bottom()))
        rect.moveTop(max(rect.top(), 0))
        self.setGeometry(rect)
        self.setText(text)
        self._mark("")
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        if select:
            self.selectAll()
        else:
            self.deselect()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            value = parse_number(self.text())
            if value is None:
                self._mark("error")
            else:
                self._close(value)
        elif event.key() == Qt.Key.Key_Escape:
            self._close(None)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (
            Qt.FocusReason.ActiveWindowFocusReason,
            Qt.FocusReason.PopupFocusReason,
        ):
            self._close(parse_number(self.text()))

    def cancel(self) -> None:
        """Close without a value."""
        self._close(None)

    def _close(self, value: float | None) -> None:
        if self.isHidden():
            return
        self.hide()
        if value is not None:
            self.committed.emit(value)
        self.closed.emit()

    def _forgive(self) -> None:
        self._mark("")

    def _mark(self, role: str) -> None:
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)
