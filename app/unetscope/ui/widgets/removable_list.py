"""A few lines with a title, each of which can be taken out; hidden while there are none."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.ui.widgets.guard import guarded

MOST_LINES = 3  # that are shown without scrolling


@guarded
class RemovableList(QWidget):
    """Shows lines; Del, a double click or the button takes the selected one out."""

    removed = Signal(int)
    """The number of a line, from 0."""

    def __init__(self, title: str, remove: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._heading = QLabel()
        self._heading.setProperty("role", "muted")
        self._button = QToolButton()
        self._button.setText(remove)
        self._button.setToolTip(f"{remove} the selected line (Del)")
        self._list = QListWidget()
        self._list.setUniformItemSizes(True)
        self._list.setAccessibleName(title)
        self._list.setToolTip(f"Del or a double click: {remove.lower()}")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        above = QHBoxLayout()
        above.addWidget(self._heading, 1)
        above.addWidget(self._button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(above)
        layout.addWidget(self._list)
        self._button.clicked.connect(self._remove)
        self._list.itemDoubleClicked.connect(self._remove)
        self.setVisible(False)

    @property
    def lines(self) -> tuple[str, ...]:
        """What is listed."""
        return tuple(self._list.item(i).text() for i in range(self._list.count()))

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show these lines."""
        self.setVisible(bool(lines))
        if tuple(lines) == self.lines:
            return
        self._heading.setText(f"{self._title} ({len(lines)})")
        self._list.clear()
        for line in lines:
            QListWidgetItem(line, self._list).setToolTip(line)
        if lines:
            self._list.setCurrentRow(len(lines) - 1)
            height = self._list.sizeHintForRow(0) * min(len(lines), MOST_LINES)
            self._list.setFixedHeight(height + 2 * self._list.frameWidth())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Del takes the selected line out."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._remove()
        else:
            super().keyPressEvent(event)

    def _remove(self) -> None:
        row = self._list.currentRow()
        if row >= 0:
            self.removed.emit(row)
