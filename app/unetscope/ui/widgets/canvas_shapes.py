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
    for shape, plate in plates(shapes, view, QFontMetricsF(painter.font())):
        _say(painter, shape, plate)


def plates(
    shapes: tuple[Drawn, ...], view: CanvasView, metrics: QFontMetricsF
) -> list[tuple[Drawn, QRectF]]:
    """Where the lines of each shape stand: beside it, inside the view, apart from all others.

    The selected shape has the first choice, then the others as they were drawn.
    """
    placed: list[tuple[Drawn, QRectF]] = []
    for shape in sorted(shapes, key=lambda each: not each.selected):
        if shape.lines:
            taken = [plate for _, plate in placed]
            placed.append((shape, _free_place(shape, view, metrics, taken)))
    return placed


def _free_place(
    shape: Drawn, view: CanvasView, metrics: QFontMetricsF, taken: list[QRectF]
) -> QRectF:
    """The first place around a shape, and then below it, that is free; else the first of all."""
    width = max(metrics.horizontalAdvance(line) for line in shape.lines) + 10.0
    height = (metrics.height() + 1.0) * len(shape.lines)
    beside = _line(shape, view).boundingRect().adjusted(-8.0, -4.0, 8.0, 4.0)
    left, right = beside.left() - width, beside.right()
    above, below = beside.top() - height, beside.bottom()
    middle = beside.center().y() - height / 2.0
    around = [(right, below - 8.0), (right, middle), (right, above + 8.0), (left, below - 8.0)]
    around += [(left, middle), (left, above + 8.0), (beside.left(), below), (beside.left(), above)]
    lower = [(right, below + step * (height + 3.0)) for step in range(1, 12)]
    higher = [(right, above - step * (height + 3.0)) for step in range(1, 12)]
    places = [
        QRectF(
            max(min(x, view.width - width - 4.0), 4.0),
            max(min(y, view.height - height - 4.0), 4.0),
            width,
            height,
        )
        for x, y in (*around, *lower, *higher)
    ]
    free = (at for at in places if not any(at.intersects(other) for other in taken))
    return next(free, places[0])


def _say(painter: QPainter, shape: Drawn, plate: QRectF) -> None:
    """The lines of a shape on their plate, dark enough to be read on white."""
    height = plate.height() / len(shape.lines)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 205))
    painter.drawRoundedRect(plate, 3.0, 3.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme.colour("canvas_text" if shape.selected else "canvas_letter"))
    for number, line in enumerate(shape.lines):
        row = QRectF(plate.left() + 5.0, plate.top() + number * height, plate.width(), height)
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
