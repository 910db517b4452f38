"""A slider that changes something while it is held, and springs back when it is let go."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QSlider, QWidget

STEPS = 100  # to 1


class SpringSlider(QSlider):
    """From 0 to `most`; it rests at 1."""

    moved_to = Signal(float, bool)  # where it is, and whether it goes on with the same gesture
    held = Signal(bool)

    def __init__(self, most: int, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._moved = False
        self.setRange(0, most * STEPS)
        self.setValue(STEPS)
        self.setMinimumWidth(60)
        self.sliderPressed.connect(lambda: self.held.emit(True))
        self.valueChanged.connect(self._changed)
        self.sliderReleased.connect(self._released)

    @property
    def share(self) -> float:
        """Where it is."""
        return self.value() / STEPS

    def _changed(self, value: int) -> None:
        self.moved_to.emit(value / STEPS, self._moved)
        self._moved = True
        if not self.isSliderDown():
            self._released()

    def _released(self) -> None:
        self._moved = False
        with QSignalBlocker(self):
            self.setValue(STEPS)
        self.held.emit(False)
