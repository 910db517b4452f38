"""The images of the series shown, out of the program without what tells who the patient is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.errors import UnetscopeError
from unetscope.state.exporting import Exporting
from unetscope.ui.widgets.guard import guarded

_WHOLE = 1000  # steps of the progress bar
_WIDTH, _MARGIN = 560, 16
WHAT = (
    "The files of the series shown are written again into a new folder, with numbers for names.\n\n"
    "Taken out: names, dates, places, free texts, private elements, curves and overlays, by the "
    "Basic Application Level Confidentiality Profile of DICOM PS3.15 and beyond. UIDs are replaced."
    "\n\nThe pixels stay as they are."
)


@guarded
class ImagesExport(QDialog):
    """Says what is taken out and what is not, and stays until the images are written."""

    def __init__(self, exporting: Exporting, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("images_export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export de-identified series")
        self._exporting = exporting
        self._running = False
        what = QLabel(WHAT)
        what.setWordWrap(True)
        self.concerns = QLabel()
        self.concerns.setTextFormat(Qt.TextFormat.PlainText)
        self.concerns.setObjectName("images_export.concerns")
        self.concerns.setProperty("role", "warning")
        self.message = QLabel()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setObjectName("images_export.message")
        for label in (self.concerns, self.message):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.hide()
        self.bar = QProgressBar()
        self.bar.setRange(0, _WHOLE)
        self.bar.setTextVisible(False)
        self.bar.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self.export_button = buttons.addButton("Export…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.export_button.setObjectName("images_export.export")
        buttons.accepted.connect(self._ask_path)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for part in (what, self.concerns, self.bar, self.message, buttons):
            layout.addWidget(part)
        self.setMinimumWidth(_WIDTH)
        what.setMinimumHeight(what.heightForWidth(_WIDTH - 2 * _MARGIN))
        exporting.concerns_came.connect(self._show_concerns)
        exporting.progress_changed.connect(self._show_progress)
        exporting.ended.connect(self._on_ended)
        exporting.look_for_concerns()

    def _ask_path(self) -> None:
        text, _ = QFileDialog.getSaveFileName(
            self, "New folder for the images", "deidentified", "Folder (*)"
        )
        if text:
            self._set_running(running=True)
            self._exporting.copy_images(Path(text))

    def _show_concerns(self, concerns: tuple[str, ...]) -> None:
        self.concerns.setText("\n".join(concerns))
        self.concerns.setVisible(bool(concerns))
        self.adjustSize()

    def _show_progress(self, share: float, sentence: str) -> None:
        self.bar.setValue(round(max(share, 0) * _WHOLE))
        self._say(sentence, "muted")

    def _on_ended(self, error: UnetscopeError | None) -> None:
        self._set_running(running=False)
        if error is None:
            self.accept()
        else:
            self._say(str(error), "error")

    def _set_running(self, *, running: bool) -> None:
        self._running = running
        self.bar.setVisible(running)
        self.export_button.setEnabled(not running)

    def _say(self, text: str, role: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))
        self.message.setProperty("role", role)
        self.message.style().unpolish(self.message)
        self.message.style().polish(self.message)

    def reject(self) -> None:
        """Leave; what is being written is given up."""
        if self._running:
            self._exporting.cancel()
        super().reject()

    def done(self, result: int) -> None:
        """Listen no more."""
        self._exporting.concerns_came.disconnect(self._show_concerns)
        self._exporting.progress_changed.disconnect(self._show_progress)
        self._exporting.ended.disconnect(self._on_ended)
        super().done(result)
