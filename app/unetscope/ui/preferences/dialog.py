"""The Preferences dialog."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.bindings import PRESETS, Bindings
from unetscope.ui.preferences.choices import Choices
from unetscope.ui.preferences.general_page import GeneralPage
from unetscope.ui.preferences.keys_page import Entry, KeysPage
from unetscope.ui.preferences.mouse_page import MousePage

GENERAL, KEYS, MOUSE = range(3)


class PreferencesDialog(QDialog):
    """Changes copies; `applied` gives them back when the user presses OK or Apply."""

    applied = Signal(object, object)  # Choices, Bindings

    def __init__(
        self, choices: Choices, bindings: Bindings, entries: Sequence[Entry], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("preferences")
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.general = GeneralPage(choices)
        self.keys = KeysPage(entries, bindings)
        self.mouse = MousePage(bindings)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.general, "General")
        self.tabs.addTab(self.keys, "Keys")
        self.tabs.addTab(self.mouse, "Mouse")

        self.preset = QComboBox()
        self.preset.setObjectName("preferences.preset")
        for key, preset in PRESETS.items():
            self.preset.addItem(preset.name, key)
        self.reset_all = QPushButton("Reset all keys and gestures")
        self.reset_all.setObjectName("preferences.reset_all")
        self.reset_all.setAutoDefault(False)
        self._preset_row = QWidget()
        row = QHBoxLayout(self._preset_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Keys and mouse as in"))
        row.addWidget(self.preset)
        row.addStretch(1)
        row.addWidget(self.reset_all)

        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Ok | kinds.Apply | kinds.Cancel)
        for button in self.buttons.buttons():
            button.setIcon(QIcon())
        layout = QVBoxLayout(self)
        layout.addWidget(self._preset_row)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.buttons)
        self.resize(720, 560)

        self.tabs.currentChanged.connect(
            lambda index: self._preset_row.setVisible(index != GENERAL)
        )
        self.preset.currentIndexChanged.connect(
            lambda: self._take(self._bindings.choose_preset(str(self.preset.currentData())))
        )
        self.reset_all.clicked.connect(
            lambda: self._take(self._bindings.choose_preset(self._bindings.preset))
        )
        self.keys.changed.connect(self._show)
        self.mouse.chosen.connect(
            lambda gesture, action: self._take(self._bindings.with_action(gesture, action))
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.buttons.button(kinds.Apply).clicked.connect(self._apply)
        self.accepted.connect(self._apply)
        self.tabs.setCurrentIndex(KEYS)
        self._show()

    def open_at(self, page: int) -> None:
        """Open at one of the pages."""
        self.tabs.setCurrentIndex(page)
        self.open()

    @property
    def _bindings(self) -> Bindings:
        return self.keys.bindings

    def _take(self, bindings: Bindings) -> None:
        self.keys.show_bindings(bindings)

    def _show(self) -> None:
        with QSignalBlocker(self.preset):
            self.preset.setCurrentIndex(self.preset.findData(self._bindings.preset))
        self.mouse.show_bindings(self._bindings)
        changed = self._bindings.changed_keys or self._bindings.changed_mouse
        self.reset_all.setEnabled(bool(changed))

    def _apply(self) -> None:
        self.applied.emit(self.general.choices, self._bindings)
