"""What is unsure about a series, all of it, to be read and copied."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QVBoxLayout, QWidget


class WarningsDialog(QDialog):
    """Lists warnings, a sentence each."""

    def __init__(self, warnings: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("warnings")
        self.setWindowTitle("Warnings of this series")
        self._warnings = tuple(warnings)
        title = QLabel("What is unsure about the series shown" if warnings else "All is well.")
        title.setProperty("role", "title")
        self.list = QListWidget()
        self.list.setObjectName("warnings.list")
        self.list.setWordWrap(True)
        self.list.setAlternatingRowColors(True)
        self.list.addItems(list(warnings))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy list", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setObjectName("warnings.copy")
        self.copy.setEnabled(bool(warnings))
        for button in buttons.buttons():
            button.setIcon(QIcon())
        layout = QVBoxLayout(self)
        for widget in (title, self.list, buttons):
            layout.addWidget(widget)
        self.resize(560, 320)
        self.copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText("\n".join(self._warnings))
        )
        buttons.rejected.connect(self.reject)
