"""Preferences: theme, texts over the slice, identity, and the engine's memory."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QSpinBox, QWidget

from unetscope.domain.viewer import Annotations
from unetscope.ui.preferences.choices import LARGEST, SYSTEM, Choices

THEMES = {SYSTEM: "As the desktop", "dark": "Dark", "light": "Light"}
ANNOTATIONS = {
    Annotations.ALL: "All texts",
    Annotations.MINIMAL: "Few texts",
    Annotations.NONE: "No texts",
}


class GeneralPage(QWidget):
    """Shows `Choices` and gives back what became of them."""

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = QComboBox()
        self.theme.setObjectName("preferences.theme")
        for name, text in THEMES.items():
            self.theme.addItem(text, name)
        self.annotations = QComboBox()
        self.annotations.setObjectName("preferences.annotations")
        for state, text in ANNOTATIONS.items():
            self.annotations.addItem(text, state.value)
        self.identity = QCheckBox("Hide the patient's identity when the program starts")
        self.identity.setObjectName("preferences.identity")
        self.recent = QCheckBox("Keep a list of recent files")
        self.recent.setObjectName("preferences.recent")
        self.names = QCheckBox("Show recent studies by the names of their folders")
        self.names.setObjectName("preferences.recent_names")
        self.names.setToolTip("Names of folders may tell who the patient is")
        self.recent.toggled.connect(self.names.setEnabled)
        self.memory = QSpinBox()
        self.memory.setObjectName("preferences.memory")
        self.memory.setRange(0, LARGEST)
        self.memory.setSingleStep(256)
        self.memory.setSuffix(" MB")
        self.memory.setSpecialValueText("Automatic: a quarter of the memory")
        note = QLabel("Counts from the next start on.")
        note.setProperty("role", "muted")

        layout = QFormLayout(self)
        layout.addRow("Theme", self.theme)
        layout.addRow("Texts over the slice at first", self.annotations)
        layout.addRow("", self.identity)
        layout.addRow("", self.recent)
        layout.addRow("", self.names)
        layout.addRow("The engine keeps up to", self.memory)
        layout.addRow("", note)

        self.theme.setCurrentIndex(self.theme.findData(choices.theme))
        self.annotations.setCurrentIndex(self.annotations.findData(choices.annotations.value))
        self.identity.setChecked(choices.identity_hidden)
        self.names.setChecked(choices.recent_names)
        self.names.setEnabled(choices.recent_kept)
        self.recent.setChecked(choices.recent_kept)
        self.memory.setValue(choices.engine_mb)

    @property
    def choices(self) -> Choices:
        """What is chosen."""
        return Choices(
            theme=str(self.theme.currentData()),
            annotations=Annotations(self.annotations.currentData()),
            identity_hidden=self.identity.isChecked(),
            engine_mb=self.memory.value(),
            recent_kept=self.recent.isChecked(),
            recent_names=self.names.isChecked(),
        )
