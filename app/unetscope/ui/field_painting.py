"""The effective receptive field over the slice: two ellipses, and their size in words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from unetscope.domain.map_grid import Rectangle
from unetscope.domain.measurements import Point
from unetscope.ui import theme
from unetscope.ui.widgets.canvas_view import CanvasView

WIDTHS = (1.8, 1.2)  # of the inner and the outer ellipse
ROOM = 6.0


def paint_field(
    painter: QPainter,
    view: CanvasView,
    ellipses: Sequence[Sequence[Point]],
    text: str,
    box: Rectangle | None,
) -> None:
    """Draw outlines in pixel edges, and a text below the box of the theoretical field."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for outline, width in zip(ellipses, WIDTHS, strict=False):
        polygon = QPolygonF([QPointF(*view.to_screen(*point)) for point in outline])
        for thick, colour in (
            (width + 1.8, QColor(0, 0, 0, 170)),
            (width, theme.colour("canvas_letter")),
        ):
            painter.setPen(QPen(colour, thick))
            painter.drawPolygon(polygon)
    if text and box is not None:
        _paint_text(painter, view, text, box)


def _paint_text(painter: QPainter, view: CanvasView, text: str, box: Rectangle) -> None:
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, view.width - 2 * ROOM)
    wide, high = metrics.horizontalAdvance(shown) + 10.0, metrics.height() + 2.0
    row, column, rows, columns = box
    top_left = QPointF(*view.to_screen(row, column))
    bottom_right = QPointF(*view.to_screen(row + rows, column + columns))
    left = (top_left.x() + bottom_right.x() - wide) / 2
    label = QRectF(left, bottom_right.y() + ROOM, wide, high)
    if label.bottom() > view.height - ROOM:
        label.moveBottom(max(top_left.y() - ROOM, high + ROOM))
    label.moveLeft(min(max(label.left(), ROOM), max(view.width - wide - ROOM, ROOM)))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 180))
    painter.drawRoundedRect(label, 3.0, 3.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme.colour("canvas_letter"))
    painter.drawText(label, int(Qt.AlignmentFlag.AlignCenter), shown)
