"""Asks which panel becomes a picture, how large, and where it goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from unetscope.ui.filter_files import as_png
from unetscope.ui.pictures.panel_picture import (
    LEAST,
    MOST,
    content_of,
    name_of,
    panel_image,
    panel_svg,
    stamp_of,
    without_identity,
)
from unetscope.ui.pictures.slice_picture import slice_image, slice_size

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow

Save = Callable[..., None]
"""Writes what is made to a file, in the background, and says so (`Desk.save_file`)."""

PIXEL_BY_PIXEL = "Slice, pixel by pixel"
PREVIEWED = 2  # times the size on the screen, at most: what is saved is painted when it is saved
ROOM = 360  # pixels of the screen that the preview has along each side
KINDS = "PNG (*.png);;SVG, to be enlarged without end (*.svg)"


class PanelPictureDialog(QDialog):
    """Makes pictures of the panels that are in front, and of the slice pixel by pixel.

    Parameters
    ----------
    panels : list of QWidget
        That can be chosen from; the first one is, at first.
    save : Save
        Where files go through.
    """

    def __init__(self, window: MainWindow, panels: list[QWidget], save: Save) -> None:
        super().__init__(window)
        self.setObjectName("panel_picture")
        self.setWindowTitle("Picture of a panel")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._window, self._panels, self._save = window, panels, save
        self.panel = QComboBox()
        self.panel.setObjectName("panel_picture.panel")
        self.panel.addItems([name_of(panel) for panel in panels])
        if window.slice_panel.canvas.content.grey is not None:
            self.panel.addItem(PIXEL_BY_PIXEL)
        self.times = QSpinBox()
        self.times.setObjectName("panel_picture.times")
        self.times.setRange(LEAST, MOST)
        self.times.setValue(2)
        self.times.setSuffix(" ×")
        self.times.setToolTip("It is painted again at this size, not stretched")
        self.texts = QCheckBox("Letters, corner texts and lengths")
        self.texts.setObjectName("panel_picture.texts")
        self.size_said = QLabel()
        self.size_said.setTextFormat(Qt.TextFormat.PlainText)
        self.size_said.setObjectName("panel_picture.size")
        self.preview = QLabel()
        self.preview.setObjectName("panel_picture.preview")
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setFixedSize(ROOM, ROOM)
        told = QLabel("The patient’s identity is left out.")
        told.setProperty("role", "muted")
        form = QFormLayout()
        form.addRow("Panel", self.panel)
        form.addRow("Size", self.times)
        form.addRow("", self.texts)
        form.addRow("", self.size_said)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setObjectName("panel_picture.copy")
        self.save = buttons.addButton("Save…", QDialogButtonBox.ButtonRole.ActionRole)
        self.save.setObjectName("panel_picture.save")
        for button in buttons.buttons():
            button.setIcon(QIcon())
            if isinstance(button, QPushButton):
                button.setAutoDefault(False)
        self.save.setDefault(True)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.preview)
        layout.addWidget(told)
        layout.addWidget(buttons)
        self.panel.currentIndexChanged.connect(self._show)
        self.times.valueChanged.connect(self._show)
        self.texts.toggled.connect(self._show)
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(self._ask_save)
        buttons.rejected.connect(self.reject)
        self._show()

    @property
    def is_slice(self) -> bool:
        """Whether the slice is wanted pixel by pixel."""
        return self.panel.currentIndex() >= len(self._panels)

    @property
    def image_size(self) -> QSize:
        """How large the picture becomes, without the line below it."""
        if self.is_slice:
            return slice_size(self._window.slice_panel.canvas.content, self.times.value())
        return content_of(self._panels[self.panel.currentIndex()]).size() * self.times.value()

    def image(self, times: int | None = None) -> QImage:
        """The picture as it is asked for."""
        window, times = self._window, times or self.times.value()
        stamp = stamp_of(window)
        with without_identity(window):
            if not self.is_slice:
                return panel_image(self._panels[self.panel.currentIndex()], times, stamp)
            content = window.slice_panel.canvas.content
            edited = bool(window.presenters.frame.view.banner)
            return slice_image(content, times, stamp, texts=self.texts.isChecked(), edited=edited)

    def _show(self) -> None:
        self.texts.setVisible(self.is_slice)
        shown = self.image(min(self.times.value(), PREVIEWED)).scaled(
            self.preview.size(),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        self.preview.setPixmap(QPixmap.fromImage(shown))
        size = self.image_size
        self.size_said.setText(f"{size.width():,} × {size.height():,} pixels")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setImage(self.image())
        self.accept()

    def _ask_save(self) -> None:
        if path := ask_where(self, KINDS if not self.is_slice else KINDS.partition(";;")[0]):
            self._write(path)
            self.accept()

    def _write(self, path: Path) -> None:
        if path.suffix.lower() == ".svg":
            panel = self._panels[self.panel.currentIndex()]
            with without_identity(self._window):
                content = panel_svg(panel, stamp_of(self._window))
            self._save(path, lambda: content, about="; identity is hidden in it")
        else:
            self._save(path, partial(as_png, self.image()), about="; identity is hidden in it")


def ask_where(parent: QWidget, kinds: str, proposed: str = "unetscope.png") -> Path | None:
    """Ask where a picture goes; a name without an ending gets that of the kind chosen."""
    text, kind = QFileDialog.getSaveFileName(parent, "Save picture", proposed, kinds)
    if not text:
        return None
    known = [one.partition("*")[2].rstrip(")") for one in kinds.split(";;")]
    path = Path(text)
    if path.suffix.lower() in known:
        return path
    chosen = kind.partition("*")[2].rstrip(")") if kind in kinds.split(";;") else known[0]
    return path.with_name(path.name + chosen)
