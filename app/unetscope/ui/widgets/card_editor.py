"""What a model card says beside the steps: where the model comes from, and its classes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QColorDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.card import ClassLabel
from unetscope.ui.widgets.plain_text import as_written

PATCH = 14
HINTS = {
    "modality": "MR, CT …",
    "contrast": "T1, T2, FLAIR …",
    "plane": "axial, coronal, sagittal or oblique",
    "orientation": "radiological, or two letters: right edge, bottom",
    "spacing_mm": "rows × columns, such as 1 × 1",
    "range": "smallest … largest value of a slice",
    "source": "who made it, from what",
    "licence": "what may be done with it",
}


class FactsEditor(QWidget):
    """A line to write in for each fact of a card."""

    written = Signal(str, str)
    """A key, and what was written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(3)
        self._lines: dict[str, QLineEdit] = {}

    def show_facts(self, facts: Sequence[tuple[str, str, str]]) -> None:
        """Show facts: key, name and text; a line that is being written in is left alone."""
        for key, name, text in facts:
            line = self._lines.get(key) or self._new(key, name)
            if not (line.hasFocus() and line.isModified()):
                line.setText(text)
                line.setCursorPosition(0)

    def _new(self, key: str, name: str) -> QLineEdit:
        line = self._lines[key] = QLineEdit()
        line.setObjectName(f"input_card.fact.{key}")
        line.setPlaceholderText(HINTS.get(key, ""))
        line.setToolTip(HINTS.get(key, ""))
        line.setMinimumWidth(60)

        def written() -> None:
            line.setModified(False)
            self.written.emit(key, line.text())

        line.editingFinished.connect(written)
        label = QLabel(name)
        label.setProperty("role", "muted")
        self._form.addRow(label, line)
        return line


class ClassesEditor(QWidget):
    """A name and a colour for each class; the background has none."""

    written = Signal(int, str, object)
    """A class, its name, and its colour or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(3)
        self._rows: list[tuple[QWidget, QToolButton, QLineEdit]] = []
        self._classes: tuple[ClassLabel, ...] = ()

    def show_classes(self, classes: Sequence[ClassLabel]) -> None:
        """Show one row for each class."""
        self._classes = tuple(classes)
        while len(self._rows) < len(classes):
            self._rows.append(self._new(len(self._rows)))
        for i, (row, button, line) in enumerate(self._rows):
            row.setVisible(i < len(classes))
            if i < len(classes):
                label = classes[i]
                button.setIcon(_patch(label.colour))
                told = f"Colour of {label.name}: {label.colour or 'none'}"
                button.setToolTip(as_written(told))
                button.setAccessibleName(told)
                if not (line.hasFocus() and line.isModified()):
                    with QSignalBlocker(line):
                        line.setText(label.name)

    def _new(self, index: int) -> tuple[QWidget, QToolButton, QLineEdit]:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        button = QToolButton()
        button.setObjectName(f"input_card.class.{index}.colour")
        button.setIconSize(QSize(PATCH, PATCH))
        button.clicked.connect(lambda: self._ask_colour(index))
        line = QLineEdit()
        line.setObjectName(f"input_card.class.{index}.name")
        line.setMinimumWidth(60)
        line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        line.setAccessibleName(f"Name of class {index}")

        def written() -> None:
            line.setModified(False)
            self.written.emit(index, line.text(), self._classes[index].colour)

        line.editingFinished.connect(written)
        layout.addWidget(QLabel(str(index)))
        layout.addWidget(button)
        layout.addWidget(line, 1)
        self._layout.addWidget(row)
        return row, button, line

    def _ask_colour(self, index: int) -> None:
        label = self._classes[index]
        dialog = QColorDialog(QColor(label.colour or "#ffffff"), self)
        dialog.setObjectName("input_card.colour")
        dialog.setWindowTitle(f"Colour of {label.name}")
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.colorSelected.connect(
            lambda colour: self.written.emit(index, self._classes[index].name, colour.name())
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _patch(colour: str | None) -> QIcon:
    patch = QPixmap(PATCH, PATCH)
    patch.fill(QColor(colour) if colour else QColor(0, 0, 0, 0))
    return QIcon(patch)
