"""A short table of names and values, and small pictures in a row."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from unetscope.ui.widgets.elided_label import ElidedLabel


class TableOfValues(QWidget):
    """Two columns of text: muted names, cut where they do not fit, and values to the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self._labels: list[tuple[QLabel, QLabel]] = []

    def reserve(self, rows: int, widest: str) -> None:
        """Take the height of that many rows and the width of a text, whatever is shown."""
        for row in range(len(self._labels), rows):
            self._labels.append(self._new_row(row))
            for label in self._labels[row]:
                policy = label.sizePolicy()
                policy.setRetainSizeWhenHidden(True)
                label.setSizePolicy(policy)
        width = self.fontMetrics().horizontalAdvance(widest) + self._grid.horizontalSpacing()
        self.setMinimumWidth(width)

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show rows of (name, value)."""
        while len(self._labels) < len(rows):
            self._labels.append(self._new_row(len(self._labels)))
        for i, (name, value) in enumerate(self._labels):
            given = rows[i] if i < len(rows) else ("", "")
            name.setText(given[0])
            value.setText(given[1])
            name.setVisible(i < len(rows))
            value.setVisible(i < len(rows))

    def text(self) -> str:
        """All rows as lines, for the clipboard and for tests."""
        shown = (pair for pair in self._labels if pair[0].text())
        return "\n".join(f"{name.text()}: {value.text()}" for name, value in shown)

    def _new_row(self, row: int) -> tuple[QLabel, QLabel]:
        name, value = ElidedLabel(parent=self), QLabel(self)
        name.setProperty("role", "muted")
        value.setProperty("role", "value")
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, row, 1)
        return name, value
