"""The hand that draws measurements: new ones point by point, and those that are there again."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF, Signal

from unetscope.ui.widgets.canvas_content import Drawn
from unetscope.ui.widgets.canvas_shapes import NEAR, grip
from unetscope.ui.widgets.canvas_view import CanvasView

NEEDED = {"distance": 2, "angle": 3, "rectangle": 2, "ellipse": 2, "polygon": 0}  # points; 0: any
TINY = 2.0  # screen pixels: a shape that is smaller was not meant
EDGE = 4.0  # screen pixels beside the picture at which its edge is meant

Point = tuple[float, float]


class Pencil(QObject):
    """Turns presses and moves into shapes; what they become is drawn by whoever listens.

    Points are set by clicks, the first two also by a drag. A polygon is closed by a click on its
    first point or once more on its last one.
    """

    begun = Signal(object)  # points of a new shape, the last of them still in the hand
    moved = Signal(int, object)  # number and points of a shape
    chosen = Signal(object)  # number of a shape, or None
    removed = Signal(int)

    def __init__(self, shapes: Callable[[], tuple[Drawn, ...]], parent: QObject) -> None:
        super().__init__(parent)
        self._shapes = shapes
        self.kind = ""  # of shape that is drawn next; empty for none
        self._number: int | None = None  # of the shape in the hand
        self._points: list[Point] = []
        self._grip: int | None = None  # which of its points; None for all
        self._placing = False  # the shape is new and has not all of its points yet
        self._press = QPointF()
        self._from: Point = (0.0, 0.0)

    @property
    def placing(self) -> bool:
        """Whether a new shape waits for its next point."""
        return self._placing

    def take(self, kind: str) -> None:
        """Draw shapes of a kind from now on, or none; what is half done is dropped."""
        if kind != self.kind:
            self.drop()
            self.kind = kind

    def drop(self) -> None:
        """Drop a shape that is half done."""
        placing, self._placing = self._placing, False
        number, self._number = self._number, None
        if placing and number is not None:
            self.removed.emit(number)

    def _drop_what_is_gone(self) -> None:
        """Let go of a shape that is no longer shown: it was deleted, or the slice is another."""
        if self._number is not None and all(s.number != self._number for s in self._shapes()):
            self.drop()

    def press(self, view: CanvasView, at: QPointF) -> bool:
        """The left button goes down; gives whether it is meant for a shape."""
        self._press, point = at, _inside(view, at)
        self._drop_what_is_gone()
        if self._placing:
            self._fix(view, at)
            return True
        shapes = self._shapes()
        held = grip(shapes, view, at)
        if held is not None:
            shape, self._grip = held
            self._number, self._points, self._from = shape.number, list(shape.points), point
            self.chosen.emit(shape.number)
            return True
        if not self.kind or not _beside(view, point, at):
            if any(shape.selected for shape in shapes):
                self.chosen.emit(None)
            return False
        self._points = [point, point]
        self.begun.emit(tuple(self._points))
        self._number = next((shape.number for shape in self._shapes() if shape.selected), None)
        self._placing = self._number is not None
        return True

    def move(self, view: CanvasView, at: QPointF) -> bool:
        """The mouse moves; gives whether a shape follows it."""
        self._drop_what_is_gone()
        if self._number is None:
            return False
        point, points = _inside(view, at), list(self._points)
        if self._placing:
            self._points[-1] = point
            points = self._points
        elif self._grip is not None:
            points[self._grip] = point
        else:
            down, right = _shift(points, point[0] - self._from[0], point[1] - self._from[1], view)
            points = [(row + down, column + right) for row, column in points]
        self.moved.emit(self._number, tuple(points))
        return True

    def release(self, view: CanvasView, at: QPointF) -> bool:
        """The left button comes up; gives whether it was meant for a shape."""
        if self._number is None:
            return False
        if not self._placing:
            self._number = None
        elif len(self._points) == 2 and not _near(at, self._press):
            self._fix(view, at)
        return True

    def finish(self, view: CanvasView) -> bool:
        """A double click; gives whether it was meant for a shape."""
        if not self._placing:
            return False
        if self.kind == "polygon":
            self._end(view, self._points[:-1])
        return True

    def _fix(self, view: CanvasView, at: QPointF) -> None:
        """Let go of the point in the hand, and take the next one, if there is to be one."""
        self._points[-1] = _inside(view, at)
        needed = NEEDED[self.kind]
        ends = [QPointF(*view.to_screen(*p)) for p in (self._points[0], self._points[-2])]
        closes = self.kind == "polygon" and any(_near(at, end) for end in ends)
        if closes and len(self._points) > 3:
            self._end(view, self._points[:-1])
        elif len(self._points) == needed:
            self._end(view, self._points)
        elif len(self._points) < 2 or self._points[-1] != self._points[-2]:
            self._points.append(self._points[-1])
            self._tell()

    def _end(self, view: CanvasView, points: list[Point]) -> None:
        least = NEEDED[self.kind] or 3
        spread = max(math.dist(view.to_screen(*points[0]), view.to_screen(*p)) for p in points)
        if len(points) < least or spread < TINY:
            self.drop()
            return
        self._points = points
        self._tell()
        self._placing, self._number = False, None

    def _tell(self) -> None:
        if self._number is not None:
            self.moved.emit(self._number, tuple(self._points))


def _beside(view: CanvasView, point: Point, at: QPointF) -> bool:
    """Whether a point of the picture lies under the mouse, or an edge hardly beside it."""
    x, y = view.to_screen(*point)
    return abs(at.x() - x) <= EDGE and abs(at.y() - y) <= EDGE


def _inside(view: CanvasView, at: QPointF) -> Point:
    """The point of the slice under one of the screen, or the nearest at its edge."""
    row, column = view.to_image(at.x(), at.y())
    return min(max(row, 0.0), float(view.rows)), min(max(column, 0.0), float(view.columns))


def _shift(points: list[Point], down: float, right: float, view: CanvasView) -> Point:
    """How far points may be moved together so that all stay on the slice."""
    rows, columns = [point[0] for point in points], [point[1] for point in points]
    return (
        min(max(down, -min(rows)), view.rows - max(rows)),
        min(max(right, -min(columns)), view.columns - max(columns)),
    )


def _near(one: QPointF, other: QPointF) -> bool:
    return (one - other).manhattanLength() <= NEAR
