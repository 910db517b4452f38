"""What the filter gallery asks of the disk: another model, and where its picture and table go."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QFileDialog, QWidget

from unetscope.ui.dialogs import MODEL_FILES

LINE = 22  # height of a line of text, in pixels
MARGIN = 8


def ask_other_model(parent: QWidget) -> Path | None:
    """Ask for a model file to compare with."""
    title = "Compare with another model"
    text, _ = QFileDialog.getOpenFileName(parent, title, "", MODEL_FILES)
    return Path(text) if text else None


def ask_save(parent: QWidget, title: str, proposed: str, kind: str) -> Path | None:
    """Ask where something goes; `kind` is its ending, as ``.png``."""
    text, _ = QFileDialog.getSaveFileName(parent, title, proposed, f"*{kind} (*{kind})")
    if not text:
        return None
    path = Path(text)
    return path if path.suffix == kind else path.with_name(path.name + kind)


def with_words(picture: QImage, lines: list[str], background: QColor, ink: QColor) -> QImage:
    """A picture below some lines of text."""
    top = LINE * len(lines) + 2 * MARGIN
    width = max(picture.width(), 640) + 2 * MARGIN
    page = QImage(width, picture.height() + top + MARGIN, QImage.Format.Format_RGB32)
    page.fill(background)
    with QPainter(page) as painter:
        font = QFont()
        font.setPixelSize(13)
        painter.setFont(font)
        painter.setPen(ink)
        for at, line in enumerate(lines):
            place = QRect(MARGIN, MARGIN + at * LINE, width - 2 * MARGIN, LINE)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), line)
        painter.drawImage(MARGIN, top, picture)
    return page


def as_png(picture: QImage) -> bytes:
    """Encode a picture."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, b"png").write(picture)
    return bytes(buffer.data().data())
