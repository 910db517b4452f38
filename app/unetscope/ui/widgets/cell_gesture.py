"""A drag or a burst of the wheel over one cell."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt


@dataclass(slots=True)
class CellGesture:
    """A drag or a burst of the wheel: where it began, and how far it went.

    The value is computed from the start, never from what is on show, which may lag behind; so a
    drag back to where it began gives the very value that it began with.
    """

    row: int
    column: int
    start: float
    rate: float  # change of value for ten units, which are one step
    units: float = 0.0
    told: bool = False

    def value(self) -> float:
        """The value that the gesture asks for by now."""
        return self.start + self.units * self.rate / 10.0


def weight(modifiers: Qt.KeyboardModifier) -> float:
    """Units for one step: ten; a hundred with Shift, one with Ctrl."""
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        return 100.0
    return 1.0 if modifiers & Qt.KeyboardModifier.ControlModifier else 10.0
