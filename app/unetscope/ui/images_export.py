"""The images of the series shown, out of the program without what tells who the patient is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from unetscope.state.exporting import Exporting
from unetscope.ui.exporting_dialog import ExportingDialog
from unetscope.ui.widgets.guard import guarded

_WIDTH, _MARGIN = 560, 16
WHAT = (
    "The files of the series shown are written again into a new folder, with numbers for names.\n\n"
    "Taken out: names, dates, places, free texts, private elements, curves and overlays, by the "
    "Basic Application Level Confidentiality Profile of DICOM PS3.15 and beyond. UIDs are replaced."
    "\n\nThe pixels stay as they are."
)


@guarded
class ImagesExport(ExportingDialog):
    """Says what is taken out and what is not, and stays until the images are written."""

    def __init__(self, exporting: Exporting, parent: QWidget) -> None:
        super().__init__(exporting, "images_export", "Export de-identified series", parent)
        what = QLabel(WHAT)
        what.setWordWrap(True)
        self.concerns = QLabel()
        self.concerns.setObjectName("images_export.concerns")
        self.concerns.setProperty("role", "warning")
        self.concerns.setTextFormat(Qt.TextFormat.PlainText)
        self.concerns.setWordWrap(True)
        self.concerns.hide()
        layout = QVBoxLayout(self)
        for part in (what, self.concerns, self.bar, self.message, self.buttons):
            layout.addWidget(part)
        self.setMinimumWidth(_WIDTH)
        what.setMinimumHeight(what.heightForWidth(_WIDTH - 2 * _MARGIN))
        exporting.look_for_concerns()

    def ask_path(self) -> None:
        """See `ExportingDialog.ask_path`."""
        text, _ = QFileDialog.getSaveFileName(
            self, "New folder for the images", "deidentified", "Folder (*)"
        )
        if text:
            self.set_running(running=True)
            self._exporting.copy_images(Path(text))

    def show_concerns(self, concerns: tuple[str, ...]) -> None:
        """See `ExportingDialog.show_concerns`."""
        self.concerns.setText("\n".join(concerns))
        self.concerns.setVisible(bool(concerns))
        self.adjustSize()

    def set_running(self, *, running: bool) -> None:
        """See `ExportingDialog.set_running`."""
        self.export_button.setEnabled(not running)
        super().set_running(running=running)
