"""Measurements over a slice: how they look, and what of them is under the mouse."""

from __future__ import annotations

import math
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from unetscope.ui import theme
from unetscope.ui.widgets.canvas_content import Drawn
from unetscope.ui.widgets.canvas_view import CanvasView

NEAR = 8.0  # screen pixels from a handle, or from a line, that still take hold of it
HANDLE = 3.5
ROUND = 48  # sides that draw an ellipse

Grip = tuple[Drawn, int | None]
"""A shape, and which of its points; None for all of it."""


def grip(shapes: tuple[Drawn, ...], view: CanvasView, at: QPointF) -> Grip | None:
    """What a hand at a point of the screen takes hold of; the shapes drawn last come first."""
    for shape in reversed(shapes):
        for index, point in enumerate(shape.points):
            if _distance(_on_screen(view, point), at) <= NEAR:
                return shape, index
    for shape in reversed(shapes):
        line = _line(shape, view).toList()
        if any(_from_segment(at, *ends) <= NEAR / 2 for ends in pairwise(line)):
            return shape, None
    return None


def paint_shapes(painter: QPainter, shapes: tuple[Drawn, ...], view: CanvasView) -> None:
    """Draw the shapes with their handles, and what they say."""
    for shape in shapes:
        colour = theme.colour("canvas_text" if shape.selected else "canvas_letter")
        line = _line(shape, view)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 180), 3.2), QPen(colour, 1.5)):
            painter.setPen(pen)
            painter.drawPolyline(line)
        painter.setBrush(colour if shape.selected else QColor(0, 0, 0, 160))
        painter.setPen(QPen(colour, 1.2))
        for point in shape.points:
            painter.drawEllipse(_on_screen(view, point), HANDLE, HANDLE)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for shape in shapes:
        _say(painter, shape, view)


def _say(painter: QPainter, shape: Drawn, view: CanvasView) -> None:
    """The lines of a shape on a plate beside it, inside the view."""
    if not shape.lines:
        return
    metrics = QFontMetricsF(painter.font())
    height = metrics.height() + 1.0
    width = max(metrics.horizontalAdvance(line) for line in shape.lines) + 10.0
    bounds = _line(shape, view).boundingRect()
    plate = QRectF(bounds.right() + 8.0, bounds.bottom() - 4.0, width, height * len(shape.lines))
    plate.moveLeft(max(min(plate.left(), view.width - width - 4.0), 4.0))
    plate.moveTop(max(min(plate.top(), view.height - plate.height() - 4.0), 4.0))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 170))
    painter.drawRoundedRect(plate, 3.0, 3.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme.colour("canvas_text" if shape.selected else "canvas_letter"))
    for number, line in enumerate(shape.lines):
        row = QRectF(plate.left() + 5.0, plate.top() + number * height, width, height)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), line)


def _line(shape: Drawn, view: CanvasView) -> QPolygonF:
    """The line of a shape on the screen."""
    points = [_on_screen(view, point) for point in shape.points]
    if shape.kind in ("distance", "angle"):
        return QPolygonF(points)
    if shape.kind == "polygon":
        return QPolygonF([*points, points[0]])
    area = QRectF(points[0], points[-1])
    if shape.kind == "rectangle":
        corners = [area.topLeft(), area.topRight(), area.bottomRight(), area.bottomLeft()]
        return QPolygonF([*corners, corners[0]])
    middle, turns = area.center(), [2.0 * math.pi * i / ROUND for i in range(ROUND + 1)]
    high, wide = area.height() / 2.0, area.width() / 2.0
    return QPolygonF(
        [middle + QPointF(wide * math.cos(turn), high * math.sin(turn)) for turn in turns]
    )


def _on_screen(view: CanvasView, point: tuple[float, float]) -> QPointF:
    return QPointF(*view.to_screen(*point))


def _distance(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())


def _from_segment(at: QPointF, start: QPointF, end: QPointF) -> float:
    """Distance of a point from a straight line between two others."""
    along, to = end - start, at - start
    square = QPointF.dotProduct(along, along)
    share = min(max(QPointF.dotProduct(to, along) / square, 0.0), 1.0) if square else 0.0
    return _distance(at, start + along * share)
