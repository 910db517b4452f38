"""The diagram of a network as a file: SVG or PNG, without anything about a patient."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from unetscope.domain.errors import UnetscopeError
from unetscope.ui import theme
from unetscope.ui.widgets.diagram_painting import DiagramContent, paint_diagram

BORDER, CAPTION = 16.0, 22.0
SHARP = 3.0  # pixels of a PNG for one length of the diagram
MOST_PIXELS = 16_000  # along a side


def save_diagram(path: Path, content: DiagramContent, name: str) -> None:
    """Write a diagram whole, with a caption; the ending says as what.

    Raises
    ------
    UnetscopeError
        The file cannot be written.
    """
    shown = content.diagram
    area = QRectF(shown.left, shown.top, shown.right - shown.left, shown.bottom - shown.top)
    area.adjust(-BORDER, -BORDER, BORDER, BORDER + CAPTION)
    if path.suffix.lower() == ".svg":
        written = _save_svg(path, content, area, name)
    else:
        written = _save_png(path, content, area, name)
    if not written:
        raise UnetscopeError(f"{path.name} could not be written.", "Choose another folder.")


def _save_svg(path: Path, content: DiagramContent, area: QRectF, name: str) -> bool:
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(area.size().toSize())
    generator.setViewBox(QRectF(0, 0, area.width(), area.height()))
    generator.setTitle(name)
    generator.setDescription("Research use only")
    painter = QPainter()
    if not painter.begin(generator):
        return False
    _paint(painter, content, area, name, 1.0)
    painter.end()
    return path.exists()


def _save_png(path: Path, content: DiagramContent, area: QRectF, name: str) -> bool:
    scale = min(SHARP, MOST_PIXELS / max(area.width(), area.height(), 1))
    image = QImage(
        QSize(round(area.width() * scale), round(area.height() * scale)),
        QImage.Format.Format_RGB32,
    )
    painter = QPainter(image)
    painter.scale(scale, scale)
    _paint(painter, content, area, name, SHARP)
    painter.end()
    return bool(image.save(str(path)))


def _paint(
    painter: QPainter, content: DiagramContent, area: QRectF, name: str, scale: float
) -> None:
    painter.fillRect(QRectF(0, 0, area.width(), area.height()), theme.colour("field"))
    font = painter.font()
    font.setPixelSize(9)
    painter.setFont(font)
    painter.setPen(theme.colour("text_muted"))
    is_edited = content.edited or content.intervened or content.cut or content.patched
    edited = " · edited" if is_edited else ""
    line = QRectF(0, area.height() - CAPTION, area.width(), CAPTION)
    flags = Qt.AlignmentFlag.AlignCenter
    painter.drawText(line, flags, f"{name}{edited} · Unetscope, research use only")
    painter.translate(-area.topLeft())
    paint_diagram(painter, content, area, max(scale, 1.0))
