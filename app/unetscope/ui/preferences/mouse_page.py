"""Preferences: what the mouse does over the slice."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget

from unetscope.domain.bindings import GESTURES, Bindings


class MousePage(QWidget):
    """One choice for each gesture of `GESTURES`."""

    chosen = Signal(str, str)  # gesture, action

    def __init__(self, bindings: Bindings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QFormLayout(self)
        self.boxes: dict[str, QComboBox] = {}
        for name, gesture in GESTURES.items():
            box = self.boxes[name] = QComboBox()
            box.setObjectName(f"preferences.mouse.{name}")
            for action, text in gesture.choices.items():
                box.addItem(text, action)
            box.currentIndexChanged.connect(
                lambda _, name=name, box=box: self.chosen.emit(name, str(box.currentData()))
            )
            layout.addRow(gesture.name, box)
        note = QLabel(
            "A right click that is no drag opens the menu. Shift and wheel goes ten slices at a "
            "time; Ctrl makes slices and dragging faster."
        )
        note.setWordWrap(True)
        note.setProperty("role", "muted")
        layout.addRow(note)
        self.show_bindings(bindings)

    def show_bindings(self, bindings: Bindings) -> None:
        """Show bindings without reporting them as a choice."""
        for name, box in self.boxes.items():
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(bindings.action(name)))
