"""How a handle across the slice looks, and what is said of the masks left and right of it."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from unetscope.ui import theme
from unetscope.ui.widgets.canvas_content import CanvasContent
from unetscope.ui.widgets.canvas_view import CanvasView

EDGE = 12.0  # from the border of the view, where the handle waits when its column is outside
GRIP = 9.0
GAP = 8.0  # between the line and a caption


def handle_at(split: float, view: CanvasView) -> float:
    """Where on the screen the handle stands, in view even where its column is not."""
    x, _ = view.to_screen(0.0, split)
    return min(max(x, EDGE), max(view.width - EDGE, EDGE))


def paint_split(painter: QPainter, content: CanvasContent, view: CanvasView, top: float) -> None:
    """Draw the handle, if there is one, and the captions at a height of the screen."""
    if content.split is None:
        if content.captions:
            _caption(painter, content.captions[0], view.width / 2.0, top, 0.5)
        return
    x = handle_at(content.split, view)
    for pen in (QPen(QColor(0, 0, 0, 190), 3.4), QPen(theme.colour("canvas_text"), 1.4)):
        painter.setPen(pen)
        painter.drawLine(QLineF(x, 0.0, x, view.height))
    middle = QPointF(x, view.height / 2.0)
    painter.setPen(QPen(QColor(0, 0, 0, 190), 1.2))
    painter.setBrush(theme.colour("canvas_text"))
    painter.drawEllipse(middle, GRIP, GRIP)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 220))
    for way in (-1.0, 1.0):
        tip, back = QPointF(way * 6.5, 0.0), QPointF(way * 2.5, 0.0)
        wide = QPointF(0.0, 3.5)
        painter.drawPolygon(QPolygonF([middle + tip, middle + back - wide, middle + back + wide]))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for text, at, share in zip(content.captions, (x - GAP, x + GAP), (1.0, 0.0), strict=False):
        _caption(painter, text, at, top, share)


def _caption(painter: QPainter, text: str, x: float, top: float, share: float) -> None:
    """A text on a plate; `share` of its width is to the left of `x`."""
    metrics = QFontMetricsF(painter.font())
    wide = metrics.horizontalAdvance(text) + 14.0
    plate = QRectF(x - share * wide, top, wide, metrics.height() + 6.0)
    painter.setPen(QPen(theme.colour("canvas_text_muted"), 1.0))
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRoundedRect(plate, 4.0, 4.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme.colour("canvas_text"))
    painter.drawText(plate, int(Qt.AlignmentFlag.AlignCenter), text)
