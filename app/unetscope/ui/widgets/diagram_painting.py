"""How the diagram of a network is painted, on screen and into files."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from unetscope.domain.diagram import Box, Diagram, Family, Line
from unetscope.ui import colours, theme

READABLE = 5.5  # pixels of letters, below which nothing is written
TEXT, SMALL = 10.0, 8.0  # heights of letters at 100 %
ROUND = 3.0
ARROW = 4.0
FINE = 0.3  # scale below which arrows and smooth edges cannot be seen
_LABELS = {  # which of the colours that labels have, too
    Family.CONVOLUTION: 2,
    Family.POOLING: 6,
    Family.UPSAMPLING: 4,
    Family.NORMALISATION: 5,
    Family.ACTIVATION: 3,
    Family.MERGE: 7,
    Family.DENSE: 8,
}
Flags = Qt.AlignmentFlag
LineKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DiagramContent:
    """What is painted.

    Attributes
    ----------
    selected, hovered : str or None
        Layers.
    edited, intervened : frozenset of str
        Layers with a mark.
    cut, patched : frozenset of (str, str)
        Lines with a mark, as source and reader.
    way : frozenset of str
        Layers on the way of the one under the mouse; empty where nothing is.
    """

    diagram: Diagram = field(default_factory=Diagram)
    selected: str | None = None
    hovered: str | None = None
    edited: frozenset[str] = frozenset()
    intervened: frozenset[str] = frozenset()
    cut: frozenset[LineKey] = frozenset()
    patched: frozenset[LineKey] = frozenset()
    way: frozenset[str] = frozenset()


def family_colour(family: Family) -> QColor:
    """The colour of a family of layers."""
    if family in _LABELS:
        return QColor(*colours.label_colour(_LABELS[family]))
    return theme.colour("text_muted")


def paint_diagram(painter: QPainter, content: DiagramContent, seen: QRectF, scale: float) -> None:
    """Paint what can be seen of a diagram.

    Parameters
    ----------
    painter : QPainter
        Scaled and moved already: lengths are those of the diagram.
    seen : QRectF
        The part on screen, in lengths of the diagram.
    scale : float
        Pixels of the screen for one length of the diagram: what would be too small is left out.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, scale > FINE)
    _paint_bands(painter, content.diagram, seen, scale)
    for line in content.diagram.lines:
        path = line_path(line)
        if path.controlPointRect().adjusted(-9, -9, 9, 9).intersects(seen):
            _paint_line(painter, content, line, path, scale)
    font = painter.font()
    for box in content.diagram.boxes:
        if QRectF(box.x, box.y, box.width, box.height).intersects(seen):
            _paint_box(painter, content, box, font, scale)


@lru_cache(maxsize=20_000)
def line_path(line: Line) -> QPainterPath:
    """The curve of a line."""
    points = [QPointF(x, y) for x, y in line.curve]
    path = QPainterPath(points[0])
    for i in range(1, len(points) - 2, 3):
        path.cubicTo(points[i], points[i + 1], points[i + 2])
    return path


def _paint_bands(painter: QPainter, diagram: Diagram, seen: QRectF, scale: float) -> None:
    if len(diagram.bands) < 2:
        return
    tint = theme.colour("panel")
    for number, band in enumerate(diagram.bands):
        area = QRectF(diagram.left - 8, band.top - 9, diagram.right - diagram.left + 16,
                      band.bottom - band.top + 18)  # fmt: skip
        if not area.intersects(seen):
            continue
        if number % 2 == 0:
            painter.fillRect(area, tint)
        if scale * SMALL >= READABLE:
            painter.setFont(_sized(painter.font(), SMALL))
            painter.setPen(theme.colour("text_muted"))
            x, y = band.text_at
            place = QRectF(x - 60, y - 6, 120, 12)
            painter.drawText(place, Flags.AlignCenter, band.text)


def _paint_line(
    painter: QPainter, content: DiagramContent, line: Line, path: QPainterPath, scale: float
) -> None:
    key = (line.source, line.target)
    colour = theme.colour("text_muted" if line.is_skip else "border_strong")
    width, style = (1.6 if line.is_skip else 1.2), Qt.PenStyle.SolidLine
    if content.way and not (line.source in content.way and line.target in content.way):
        colour.setAlpha(70)
    if content.hovered in key:
        colour, width = theme.colour("accent"), 2.2
    if key in content.cut:
        colour, style = theme.colour("error"), Qt.PenStyle.DashLine
    elif key in content.patched:
        colour, style = theme.colour("warning"), Qt.PenStyle.DashDotLine
    painter.setPen(QPen(colour, width, style))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    if scale > FINE:
        _paint_arrow(painter, line, colour)
    if key in content.cut:
        middle, reach = path.pointAtPercent(0.5), 4.0
        painter.setPen(QPen(colour, 2))
        for side in (-1, 1):
            painter.drawLine(
                middle + QPointF(-reach, -reach * side), middle + QPointF(reach, reach * side)
            )


def _paint_arrow(painter: QPainter, line: Line, colour: QColor) -> None:
    (x1, y1), (x2, y2) = line.curve[-2], line.curve[-1]
    if (x1, y1) == (x2, y2):
        (x1, y1) = line.curve[-3]
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    if length < 2:  # a strip right behind its layer
        return
    dx, dy = (x2 - x1) / length * ARROW, (y2 - y1) / length * ARROW
    head = QPainterPath(QPointF(x2, y2))
    head.lineTo(x2 - dx - dy * 0.7, y2 - dy + dx * 0.7)
    head.lineTo(x2 - dx + dy * 0.7, y2 - dy - dx * 0.7)
    head.closeSubpath()
    painter.fillPath(head, colour)


def _paint_box(
    painter: QPainter, content: DiagramContent, box: Box, font: QFont, scale: float
) -> None:
    area = QRectF(box.x, box.y, box.width, box.height)
    colour = family_colour(box.family)
    fill = QColor(colour)
    fill.setAlpha(95 if theme.current().dark else 110)
    aside = bool(content.way) and box.name not in content.way
    painter.setOpacity(0.35 if aside else 1.0)
    edge = QPen(colour, 1)
    if box.name == content.selected:
        edge = QPen(theme.colour("accent"), 2.4)
    elif box.name == content.hovered:
        edge = QPen(theme.colour("text"), 1.4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("panel"))
    corner = 1.0 if box.is_thin else ROUND
    painter.drawRoundedRect(area, corner, corner)
    painter.setBrush(fill)
    painter.setPen(edge)
    painter.drawRoundedRect(area, corner, corner)
    if box.name in content.intervened:
        painter.setBrush(QBrush(theme.colour("error"), Qt.BrushStyle.BDiagPattern))
        painter.drawRoundedRect(area, corner, corner)
    _write(painter, box, area, font, scale)
    if box.name in content.edited:
        painter.setPen(QPen(theme.colour("panel"), 1))
        painter.setBrush(theme.colour("warning"))
        painter.drawEllipse(area.topRight() + QPointF(-2, 2), 4.5, 4.5)
    painter.setOpacity(1.0)


def _write(painter: QPainter, box: Box, area: QRectF, font: QFont, scale: float) -> None:
    height = min(TEXT, box.height - 1.5)
    if height * scale < READABLE:
        return
    sized = _sized(font, height)
    painter.setFont(sized)
    painter.setPen(theme.colour("text"))
    inner = area.adjusted(4, 0, -4, 0)
    channels = "" if box.channels is None or box.is_thin else str(box.channels)
    name, taken = _shortened(box.name, channels, inner.width(), height, sized.family())
    if not taken:
        channels = ""
    side = Flags.AlignLeft if channels else Flags.AlignHCenter
    painter.drawText(inner, side | Flags.AlignVCenter, name)
    if channels:
        painter.setPen(theme.colour("text_muted"))
        painter.drawText(inner, Flags.AlignRight | Flags.AlignVCenter, channels)


@lru_cache(maxsize=10_000)
def _shortened(
    name: str, channels: str, width: float, height: float, family: str
) -> tuple[str, bool]:
    """A name that fits, and whether the number of channels fits beside it."""
    metrics = QFontMetricsF(_sized(QFont(family), height))
    beside = metrics.horizontalAdvance(channels) + 5 if channels else 0.0
    if metrics.horizontalAdvance(name) + beside <= width:
        return name, bool(channels)
    return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width), False


def _sized(font: QFont, height: float) -> QFont:
    """The same font with letters of a height, in lengths of the diagram."""
    sized = QFont(font)
    sized.setPixelSize(max(round(height), 1))
    sized.setBold(False)
    return sized
