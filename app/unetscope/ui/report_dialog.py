"""A report of trouble: one sentence, what it means, and details to be copied or saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from unetscope.ui import dialogs

Save = Callable[[Path, Callable[[], bytes]], None]
"""Writes what is made to a file, in the background, and says so (`Desk.save_file`)."""

NO_NAMES = "The report holds no name of a patient or a folder."


class ReportDialog(QDialog):
    """Shows a report over a window; it goes nowhere but where the user puts it."""

    def __init__(self, what: str, hint: str, details: str, save: Save, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("report")
        self.setWindowTitle("Unetscope")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._save = save
        self.what = QLabel(what)
        self.what.setObjectName("report.what")
        self.what.setProperty("role", "title")
        self.hint = QLabel(f"{hint} {NO_NAMES}".strip())
        self.hint.setObjectName("report.hint")
        self.details = QPlainTextEdit(details)
        self.details.setObjectName("report.details")
        self.details.setReadOnly(True)
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setObjectName("report.copy")
        self.save = buttons.addButton("Save…", QDialogButtonBox.ButtonRole.ActionRole)
        self.save.setObjectName("report.save")
        for button in buttons.buttons():
            button.setIcon(QIcon())
        layout = QVBoxLayout(self)
        for label in (self.what, self.hint):
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addWidget(self.details, 1)
        layout.addWidget(buttons)
        self.resize(780, 420)
        buttons.rejected.connect(self.reject)
        self.copy.clicked.connect(self.copy_details)
        self.save.clicked.connect(self._ask_save)

    def copy_details(self) -> None:
        """Put the details on the clipboard, and say so."""
        QGuiApplication.clipboard().setText(self.details.toPlainText())
        self.copy.setText("Copied")

    def _ask_save(self) -> None:
        if path := dialogs.ask_save_report(self):
            self._save(path, self.details.toPlainText().encode)
