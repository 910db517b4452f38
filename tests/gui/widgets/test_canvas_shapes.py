"""Measurements drawn with the mouse on a canvas, and taken hold of again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF

from unetscope.ui.widgets.canvas_content import CanvasContent, Drawn
from unetscope.ui.widgets.canvas_pencil import NEEDED
from unetscope.ui.widgets.canvas_shapes import plates
from unetscope.ui.widgets.canvas_view import CanvasView
from unetscope.ui.widgets.image_canvas import ImageCanvas

LEFT = Qt.MouseButton.LeftButton
Point = tuple[float, float]


class Paper:
    """Keeps the shapes of a canvas, as the session does."""

    def __init__(self, canvas: ImageCanvas) -> None:
        self.canvas = canvas
        self.shapes: list[Drawn] = []
        self.selected: int | None = None
        pencil = canvas.pencil
        pencil.begun.connect(self.begin)
        pencil.moved.connect(self.move)
        pencil.chosen.connect(self.choose)
        pencil.removed.connect(self.remove)
        self.show()

    def begin(self, points: tuple[Point, ...]) -> None:
        number = len(self.shapes)
        self.shapes.append(Drawn(number=number, kind=self.canvas.pencil.kind, points=points))
        self.choose(number)

    def move(self, number: int, points: tuple[Point, ...]) -> None:
        self.shapes[number] = replace(self.shapes[number], points=points)
        self.show()

    def choose(self, number: int | None) -> None:
        self.selected = number
        self.show()

    def remove(self, number: int) -> None:
        del self.shapes[number]
        self.choose(None)

    def show(self) -> None:
        shown = [replace(s, selected=s.number == self.selected) for s in self.shapes]
        grey = np.zeros((40, 80), np.uint8)
        self.canvas.show_content(CanvasContent(grey=grey, shapes=tuple(shown)))

    @property
    def points(self) -> list[list[Point]]:
        """The points of all shapes, to the tenth of a pixel."""
        return [[(round(r, 1), round(c, 1)) for r, c in shape.points] for shape in self.shapes]


@pytest.fixture
def paper(qtbot: Any) -> Paper:
    """A canvas on which a pixel of the slice takes 5 of the screen."""
    canvas = ImageCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(412, 312)
    paper = Paper(canvas)
    canvas.show()
    qtbot.waitExposed(canvas)
    return paper


def at(paper: Paper, row: float, column: float) -> tuple[int, int]:
    view = paper.canvas.view
    assert view is not None
    x, y = view.to_screen(row, column)
    return round(x), round(y)


def click(paper: Paper, qtbot: Any, *points: Point) -> None:
    for point in points:
        qtbot.mouseMove(paper.canvas, QPoint(*at(paper, *point)))
        qtbot.mouseClick(paper.canvas, LEFT, pos=QPoint(*at(paper, *point)))


@pytest.mark.parametrize("kind", ["distance", "rectangle", "ellipse"])
def test_a_drag_draws_from_end_to_end(paper: Paper, drag: Any, kind: str) -> None:
    paper.canvas.take_tool(kind)
    drag(paper.canvas, [at(paper, 10, 20), at(paper, 15, 30), at(paper, 20, 50)])
    assert [shape.kind for shape in paper.shapes] == [kind]
    assert paper.points == [[(10, 20), (20, 50)]]
    assert not paper.canvas.pencil.placing


def test_two_clicks_draw_a_distance_too(paper: Paper, qtbot: Any) -> None:
    paper.canvas.take_tool("distance")
    click(paper, qtbot, (10, 20), (20, 50))
    assert paper.points == [[(10, 20), (20, 50)]]
    qtbot.mouseMove(paper.canvas, QPoint(*at(paper, 30, 30)))
    assert paper.points == [[(10, 20), (20, 50)]]


def test_the_end_in_the_hand_is_shown_while_it_moves(paper: Paper, qtbot: Any) -> None:
    paper.canvas.take_tool("distance")
    click(paper, qtbot, (10, 20))
    qtbot.mouseMove(paper.canvas, QPoint(*at(paper, 30, 40)))
    assert paper.points == [[(10, 20), (30, 40)]]


def test_an_angle_takes_three_points(paper: Paper, qtbot: Any, drag: Any) -> None:
    paper.canvas.take_tool("angle")
    click(paper, qtbot, (10, 20), (20, 20), (20, 40))
    assert paper.points == [[(10, 20), (20, 20), (20, 40)]]
    drag(paper.canvas, [at(paper, 5, 60), at(paper, 10, 60)])
    click(paper, qtbot, (10, 70))
    assert paper.points[1] == [(5, 60), (10, 60), (10, 70)]


def test_the_click_that_ends_a_shape_is_not_a_click_on_the_slice(paper: Paper, qtbot: Any) -> None:
    seen: list[object] = []
    paper.canvas.clicked.connect(lambda *where: seen.append(where))
    paper.canvas.take_tool("angle")
    click(paper, qtbot, (10, 20), (20, 20), (20, 40))
    paper.canvas.take_tool("")
    assert seen == []
    click(paper, qtbot, (30, 60))
    assert len(seen) == 1


@pytest.mark.parametrize("last", [(10, 20), (30, 40)], ids=["its first point", "its last point"])
def test_a_polygon_is_closed_by_a_click_on(paper: Paper, qtbot: Any, last: Point) -> None:
    paper.canvas.take_tool("polygon")
    click(paper, qtbot, (10, 20), (10, 40), (30, 40), last)
    assert paper.points == [[(10, 20), (10, 40), (30, 40)]]
    assert not paper.canvas.pencil.placing


def test_a_double_click_closes_a_polygon_and_enlarges_nothing(paper: Paper, qtbot: Any) -> None:
    seen: list[object] = []
    paper.canvas.double_clicked.connect(lambda *where: seen.append(where))
    paper.canvas.take_tool("polygon")
    click(paper, qtbot, (10, 20), (10, 40), (30, 40))
    qtbot.mouseDClick(paper.canvas, LEFT, pos=QPoint(*at(paper, 30, 40)))
    assert paper.points == [[(10, 20), (10, 40), (30, 40)]]
    assert seen == []


def test_what_is_too_small_was_not_meant(paper: Paper, qtbot: Any) -> None:
    paper.canvas.take_tool("distance")
    click(paper, qtbot, (10, 20), (10, 20))
    paper.canvas.take_tool("polygon")
    click(paper, qtbot, (10, 20), (10, 40))
    paper.canvas.take_tool("")
    assert paper.shapes == []


def test_another_tool_drops_what_is_half_done(paper: Paper, qtbot: Any) -> None:
    paper.canvas.take_tool("angle")
    click(paper, qtbot, (10, 20), (20, 20))
    paper.canvas.take_tool("distance")
    assert paper.shapes == []
    assert paper.canvas.cursor().shape() == Qt.CursorShape.CrossCursor
    paper.canvas.take_tool("")
    assert paper.canvas.cursor().shape() == Qt.CursorShape.ArrowCursor


@pytest.fixture
def line(paper: Paper, drag: Any) -> Paper:
    """A distance from (10, 20) to (20, 50), and the usual button again."""
    paper.canvas.take_tool("distance")
    drag(paper.canvas, [at(paper, 10, 20), at(paper, 20, 50)])
    paper.canvas.take_tool("")
    return paper


def test_a_handle_is_dragged_with_any_tool(line: Paper, drag: Any) -> None:
    windows: list[object] = []
    line.canvas.window_dragged.connect(lambda *moved: windows.append(moved))
    drag(line.canvas, [at(line, 20, 50), at(line, 25, 55), at(line, 30, 60)])
    assert line.points == [[(10, 20), (30, 60)]]
    assert windows == []


def test_a_line_is_dragged_as_a_whole_and_stays_on_the_slice(line: Paper, drag: Any) -> None:
    drag(line.canvas, [at(line, 15, 35), at(line, 18, 37)])
    assert line.points == [[(13, 22), (23, 52)]]
    drag(line.canvas, [at(line, 18, 37), (-900, -900)])
    assert line.points == [[(0, 0), (10, 30)]]


def test_a_handle_stays_on_the_slice(line: Paper, drag: Any) -> None:
    drag(line.canvas, [at(line, 20, 50), (900, 900)])
    assert line.points == [[(10, 20), (40, 80)]]


def test_a_press_beside_lets_go_and_is_for_the_window(line: Paper, qtbot: Any, drag: Any) -> None:
    windows: list[object] = []
    line.canvas.window_dragged.connect(lambda *moved: windows.append(moved))
    qtbot.mouseClick(line.canvas, LEFT, pos=QPoint(*at(line, 20, 50)))
    assert line.selected == 0
    drag(line.canvas, [at(line, 35, 20), at(line, 35, 30)])
    assert line.selected is None
    assert windows


@pytest.mark.parametrize(
    ("kind", "points", "on_it", "beside"),
    [
        ("rectangle", ((10, 20), (30, 60)), (10, 40), (20, 40)),
        ("ellipse", ((10, 20), (30, 60)), (10, 40), (12, 24)),
        ("polygon", ((10, 20), (10, 60), (30, 60)), (20, 40), (25, 30)),
        ("angle", ((10, 20), (30, 20), (30, 60)), (30, 40), (20, 40)),
    ],
)
def test_shapes_are_held_by_their_lines(
    paper: Paper, qtbot: Any, kind: str, points: tuple[Point, ...], on_it: Point, beside: Point
) -> None:
    paper.shapes = [Drawn(number=0, kind=kind, points=points)]
    paper.show()
    qtbot.mouseClick(paper.canvas, LEFT, pos=QPoint(*at(paper, *beside)))
    assert paper.selected is None
    qtbot.mouseClick(paper.canvas, LEFT, pos=QPoint(*at(paper, *on_it)))
    assert paper.selected == 0


@pytest.mark.parametrize("kind", sorted(NEEDED))
def test_a_shape_is_drawn_with_what_it_says(paper: Paper, kind: str) -> None:
    empty = paper.canvas.picture()
    corners = ((10.0, 20.0), (30.0, 20.0), (30.0, 60.0))
    paper.shapes = [Drawn(number=0, kind=kind, points=corners[: NEEDED[kind] or 3], lines=("12",))]
    paper.show()
    bare, drawn = replace(paper.shapes[0], lines=()), paper.canvas.picture()
    assert drawn != empty
    paper.shapes = [bare]
    paper.show()
    assert paper.canvas.picture() not in (drawn, empty)


def test_the_crosshairs_tool_reports_where_it_is_dragged(paper: Paper, drag: Any) -> None:
    seen: list[Point] = []
    paper.canvas.pointed.connect(lambda r, c: seen.append((round(r), round(c))))
    paper.canvas.take_tool("crosshair")
    drag(paper.canvas, [at(paper, 10, 20), at(paper, 12, 30), at(paper, 20, 50)])
    assert seen == [(10, 20), (12, 30), (20, 50)]


def test_a_scale_is_kept_about_the_middle(paper: Paper) -> None:
    view = paper.canvas.view
    assert view is not None
    middle = view.to_image(206, 156)
    paper.canvas.set_scale(2.0)
    view = paper.canvas.view
    assert view is not None
    assert view.scale == 2.0
    assert view.to_image(206, 156) == pytest.approx(middle)
    assert QPointF(*view.to_screen(0, 0)).x() == pytest.approx(206 - 80)


# ---------------------------------------------------------------- what shapes say


def said(number: int, column: float, *, selected: bool = False) -> Drawn:
    points = ((10.0, column), (10.0, column + 5.0))
    lines = ("12.3 mm", "mean 104")
    return Drawn(number=number, kind="distance", points=points, lines=lines, selected=selected)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_what_close_measurements_say_stands_apart_and_inside_the_view(
    qapp: object, count: int
) -> None:
    view = CanvasView(rows=40, columns=80, row_mm=1.0, column_mm=1.0, width=800, height=600).fit()
    shapes = tuple(said(n, 20.0 + n / 4) for n in range(count))
    placed = plates(shapes, view, QFontMetricsF(QFont()))
    assert [shape.number for shape, _ in placed] == list(range(count))
    for index, (_, plate) in enumerate(placed):
        assert QRectF(0, 0, 800, 600).contains(plate)
        assert not any(plate.intersects(other) for _, other in placed[:index])


def test_the_selected_measurement_has_the_first_choice(qapp: object) -> None:
    view = CanvasView(rows=40, columns=80, row_mm=1.0, column_mm=1.0, width=800, height=600).fit()
    alone = plates((said(1, 20.0),), view, QFontMetricsF(QFont()))[0][1]
    placed = plates((said(0, 20.0), said(1, 20.0, selected=True)), view, QFontMetricsF(QFont()))
    assert {shape.number: plate for shape, plate in placed}[1] == alone
