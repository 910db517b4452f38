"""The ways out of the program that ask something first: segmentations, and images of nobody."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QWidget

from unetscope.domain.errors import UnetscopeError
from unetscope.state.exporting import Exporting
from unetscope.ui.export_dialog import ExportDialog
from unetscope.ui.images_export import ImagesExport


@dataclass(frozen=True, slots=True, eq=False)
class ExportDialogs:
    """Asks over a window how something is to be written."""

    exporting: Exporting
    settings: QSettings

    def ask_segmentation(self, window: QWidget) -> None:
        """Ask how the segmentation of the series shown is to be written."""
        try:
            offer = self.exporting.offer()
        except UnetscopeError as error:
            self.exporting.tell(error)
            return
        ExportDialog(self.exporting, offer, self.settings, window).open()

    def ask_images(self, window: QWidget) -> None:
        """Offer to write the images of the series shown without identity."""
        reason = self.exporting.copy_obstacle()
        if reason is not None:
            self.exporting.tell(reason)
            return
        ImagesExport(self.exporting, window).open()
