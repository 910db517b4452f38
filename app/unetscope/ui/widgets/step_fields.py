"""Numbers and choices in a panel that scrolls: the wheel turns them only when they were clicked."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSizePolicy

from unetscope.ui.widgets.guard import guarded

MOST = 1e6


@guarded
class NumberField(QDoubleSpinBox):
    """A number; `wheel` and typing change it, and it says so when the user has finished."""

    def __init__(
        self, name: str, low: float, high: float, *, decimals: int = 0, step: float = 1.0
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setRange(low, high)
        self.setDecimals(decimals)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(56)

    def show_value(self, value: float) -> None:
        """Show a value without reporting it."""
        with QSignalBlocker(self):
            self.setValue(value)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def textFromValue(self, value: float) -> str:
        """Without zeros that say nothing."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text


@guarded
class ChoiceField(QComboBox):
    """One of several values, each under a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(70)

    def show_choices(self, choices: Mapping[str, str], chosen: str) -> None:
        """Show names by value, and which one is chosen, without reporting it."""
        with QSignalBlocker(self):
            if [self.itemData(i) for i in range(self.count())] != list(choices):
                self.clear()
                for value, name in choices.items():
                    self.addItem(name, value)
            self.setCurrentIndex(self.findData(chosen))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
