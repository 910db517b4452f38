from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

from unetscope.ui.widgets.canvas_content import Box, CanvasContent, Corners, Edges, LegendLine
from unetscope.ui.widgets.canvas_rulers import length_text, nice_length
from unetscope.ui.widgets.canvas_view import CanvasView
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.outline import outline_segments, region_segments

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
LEFT, MIDDLE, RIGHT = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.RightButton,
)


def half_white(rows: int = 40, columns: int = 80) -> NDArray[np.uint8]:
    grey = np.zeros((rows, columns), np.uint8)
    grey[:, columns // 2 :] = 255
    return grey


@pytest.fixture
def canvas(qtbot: Any) -> ImageCanvas:
    widget = ImageCanvas()
    qtbot.addWidget(widget)
    widget.resize(412, 312)
    widget.show_content(CanvasContent(grey=half_white()))
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def record(signal: Any) -> list[Any]:
    seen: list[Any] = []
    signal.connect(lambda *values: seen.append(values if len(values) != 1 else values[0]))
    return seen


def colour_at(canvas: ImageCanvas, row: float, column: float) -> QColor:
    assert canvas.view is not None
    x, y = canvas.view.to_screen(row, column)
    return canvas.picture().pixelColor(int(x), int(y))


def test_a_slice_is_fitted_and_shown_the_right_way_round(canvas: ImageCanvas) -> None:
    assert colour_at(canvas, 20, 10).name() == "#000000"
    assert colour_at(canvas, 20, 70).name() == "#ffffff"
    assert canvas.view is not None
    assert canvas.view.x_scale == pytest.approx(5.0)  # 400 px for 80 columns
    assert canvas.view.to_screen(20, 40) == (206, 156)


def test_pixels_keep_their_shape(canvas: ImageCanvas) -> None:
    canvas.show_content(CanvasContent(grey=half_white(), spacing=(2.0, 1.0)))
    assert canvas.view is not None
    assert canvas.view.y_scale == pytest.approx(2 * canvas.view.x_scale)
    assert canvas.view.y_scale * 40 <= 312


def test_an_overlay_is_blended_with_its_alpha(canvas: ImageCanvas) -> None:
    overlay = np.zeros((40, 80, 4), np.uint8)
    overlay[:, :40] = (255, 0, 0, 128)
    canvas.show_content(CanvasContent(grey=half_white(), overlay=overlay, smooth=False))
    assert colour_at(canvas, 20, 10).red() == pytest.approx(128, abs=2)
    assert colour_at(canvas, 20, 10).green() == 0
    assert colour_at(canvas, 20, 70).name() == "#ffffff"


def test_the_pixels_shown_do_not_change_with_the_array(canvas: ImageCanvas) -> None:
    grey = half_white()
    canvas.show_content(CanvasContent(grey=grey))
    grey[:] = 255
    assert colour_at(canvas, 20, 10).name() == "#000000"


def test_an_array_in_another_memory_order_is_shown_right(canvas: ImageCanvas) -> None:
    canvas.show_content(CanvasContent(grey=np.asfortranarray(half_white())[::1, ::-1]))
    assert colour_at(canvas, 20, 10).name() == "#ffffff"
    assert colour_at(canvas, 20, 70).name() == "#000000"


def test_an_outline_runs_between_pixels(canvas: ImageCanvas) -> None:
    labels = np.zeros((40, 80), np.int32)
    labels[10:30, 10:30] = 2
    black = np.zeros((40, 80), np.uint8)
    canvas.show_content(CanvasContent(grey=black, outline=labels, outline_colours={2: (0, 255, 0)}))
    assert colour_at(canvas, 20, 10).green() > 150
    assert colour_at(canvas, 20, 20).green() == 0
    canvas.show_content(CanvasContent(grey=black, outline=labels, outline_colours={}))
    assert colour_at(canvas, 20, 10).green() == 0


def test_everything_at_once_can_be_painted_at_any_size(canvas: ImageCanvas) -> None:
    labels = (half_white() > 0).astype(np.uint8)
    content = CanvasContent(
        grey=half_white(),
        calibrated=True,
        outline=labels,
        outline_colours={1: (9, 9, 200)},
        letters=Edges(left="R", right="L", top="A", bottom="P"),
        corners=Corners(top_left=("a" * 200, "b"), top_right=("c",), bottom_right=("d",)),
        legend=(LegendLine(1, "Grey matter", (1, 2, 3)),),
        probe="value " * 40,
        crosshair=(20.5, 40.5),
        rulers=True,
        box=Box(row=-5, column=60, height=30, width=60, text="receptive field"),
        notice="Edited model — research use only",
    )
    canvas.show_content(content)
    for size in ((412, 312), (160, 140), (900, 700)):
        canvas.resize(*size)
        assert not canvas.grab().isNull()
    assert canvas.picture(2.0).width() == 1800


def test_the_empty_canvas_says_what_to_do(canvas: ImageCanvas) -> None:
    canvas.show_message("Open a study.")
    assert canvas.view is None
    picture = canvas.grab().toImage()
    lit = [picture.pixelColor(x, 156).lightness() for x in range(picture.width())]
    assert max(lit) > 60


def test_dragging_reports_the_window_and_not_a_click(canvas: ImageCanvas, drag: Any) -> None:
    moves, ends = record(canvas.window_dragged), record(canvas.window_drag_finished)
    clicks = record(canvas.clicked)
    drag(canvas, [(100, 100), (110, 95), (120, 80)])
    assert moves == [(10.0, -5.0, False), (10.0, -15.0, False)]
    assert len(ends) == 1
    assert clicks == []
    drag(canvas, [(100, 100), (110, 100)], LEFT, CTRL)
    assert moves[-1] == (10.0, 0.0, True)


def test_a_click_is_a_press_without_a_drag(canvas: ImageCanvas, qtbot: Any, drag: Any) -> None:
    clicks, moves = record(canvas.clicked), record(canvas.window_dragged)
    qtbot.mouseClick(canvas, LEFT, pos=QPoint(206, 156))
    drag(canvas, [(206, 156), (207, 157)])
    assert clicks == [(20.0, 40.0), (pytest.approx(20.2), pytest.approx(40.2))]
    assert moves == []
    qtbot.mouseClick(canvas, LEFT, pos=QPoint(206, 20))  # beside the slice
    assert len(clicks) == 2


def test_a_double_click_is_one_click_and_one_double_click(canvas: ImageCanvas, qtbot: Any) -> None:
    clicks, doubles = record(canvas.clicked), record(canvas.double_clicked)
    at = QPoint(206, 156)
    qtbot.mouseClick(canvas, LEFT, pos=at)
    qtbot.mouseDClick(canvas, LEFT, pos=at)
    assert doubles == [(20.0, 40.0)]
    assert len(clicks) <= 2  # QTest's double click brings a first click of its own


def test_the_wheel_goes_through_slices(canvas: ImageCanvas, wheel: Any) -> None:
    steps, at = record(canvas.scrolled), QPoint(200, 150)
    wheel(canvas, at, -1)
    wheel(canvas, at, 2)
    wheel(canvas, at, -1, CTRL)
    wheel(canvas, at, -1, SHIFT)
    assert steps == [1, -2, 5, 10]


def test_small_turns_of_a_touchpad_add_up(canvas: ImageCanvas, wheel: Any) -> None:
    steps = record(canvas.scrolled)
    for _ in range(8):
        wheel(canvas, QPoint(200, 150), -0.25)
    assert steps == [1, 1]


def test_the_middle_button_pans_and_reset_fits(canvas: ImageCanvas, drag: Any) -> None:
    assert canvas.view is not None
    before = canvas.view
    drag(canvas, [(200, 150), (230, 140)], MIDDLE)
    x, y = before.to_screen(10, 10)
    assert canvas.view.to_screen(10, 10) == pytest.approx((x + 30, y - 10))
    canvas.fit()
    assert canvas.view == before


def test_the_right_button_zooms_about_the_press(canvas: ImageCanvas, drag: Any) -> None:
    zooms, menus = record(canvas.view_changed), record(canvas.context_menu)
    assert canvas.view is not None
    before, held = canvas.view, canvas.view.to_image(120, 130)
    drag(canvas, [(120, 130), (120, 80)], RIGHT)
    assert canvas.view.zoom > before.zoom * 1.3
    assert canvas.view.to_image(120, 130) == pytest.approx(held)
    assert zooms
    assert menus == []


def test_a_right_click_asks_for_a_menu(canvas: ImageCanvas, qtbot: Any) -> None:
    menus = record(canvas.context_menu)
    qtbot.mouseClick(canvas, RIGHT, pos=QPoint(50, 60))
    assert menus == [canvas.mapToGlobal(QPoint(50, 60))]


def test_the_buttons_can_be_exchanged(canvas: ImageCanvas, drag: Any) -> None:
    canvas.tools[LEFT] = "scroll"
    steps = record(canvas.scrolled)
    drag(canvas, [(100, 100), (100, 120), (100, 140)])
    assert sum(steps) == 5


def test_hovering_names_the_pixel_and_leaving_is_told_once(canvas: ImageCanvas, qtbot: Any) -> None:
    hovers, leaves = record(canvas.hovered), record(canvas.left)
    qtbot.mouseMove(canvas, QPoint(206, 156))
    qtbot.mouseMove(canvas, QPoint(211, 156))
    assert hovers[-1] == (20.0, 41.0)
    qtbot.mouseMove(canvas, QPoint(206, 10))
    qtbot.mouseMove(canvas, QPoint(206, 11))
    assert len(leaves) == 1


def test_zoom_stays_for_the_next_slice_and_not_for_another_size(canvas: ImageCanvas) -> None:
    canvas.zoom_by(3.0)
    zoomed = canvas.view
    canvas.show_content(CanvasContent(grey=half_white()))
    assert canvas.view == zoomed
    canvas.show_content(CanvasContent(grey=half_white(50, 50)))
    assert canvas.view is not None
    assert canvas.view.fitted


def test_a_fitted_slice_follows_the_window(canvas: ImageCanvas) -> None:
    canvas.resize(812, 612)
    assert canvas.view is not None
    assert canvas.view.x_scale == pytest.approx(10.0)


def test_zoom_has_limits_and_the_slice_cannot_be_lost() -> None:
    view = CanvasView(rows=10, columns=10, row_mm=1, column_mm=1, width=100, height=100).fit()
    assert view.zoomed(1e9, 50, 50).zoom == pytest.approx(96.0)
    assert view.zoomed(1e-9, 50, 50).zoom == pytest.approx(view.zoom / 8)
    far = view.panned(1e6, -1e6)
    assert (far.row, far.column) == (10.0, 0.0)


@pytest.mark.parametrize(
    ("longest", "nice"), [(73.0, 50.0), (50.0, 50.0), (0.3, 0.2), (9.9, 5.0), (0.0, 0.0)]
)
def test_a_scale_bar_has_a_round_length(longest: float, nice: float) -> None:
    assert nice_length(longest) == pytest.approx(nice)


def test_lengths_read_well() -> None:
    assert (length_text(50.0), length_text(0.5)) == ("50 mm", "0.5 mm")


def test_the_border_of_a_rectangle_has_four_segments() -> None:
    region = np.zeros((6, 7), bool)
    region[2:4, 1:5] = True
    found = {tuple(segment) for segment in region_segments(region).tolist()}
    assert found == {(2, 1, 2, 5), (4, 1, 4, 5), (2, 1, 4, 1), (2, 5, 4, 5)}


def test_a_region_at_the_edge_of_the_slice_is_closed() -> None:
    assert len(region_segments(np.ones((3, 3), bool))) == 4


def test_the_border_is_as_long_as_the_region_has_sides() -> None:
    region = np.random.default_rng(5).random((30, 40)) < 0.4
    padded = np.pad(region, 1)
    sides = (padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum()
    segments = region_segments(region)
    assert np.abs(segments[:, 2:] - segments[:, :2]).sum() == sides


def test_each_label_has_its_own_border_and_the_background_none() -> None:
    labels = np.array([[0, 1, 1], [0, 3, 3]], np.int16)
    assert set(outline_segments(labels)) == {1, 3}
    assert outline_segments(np.zeros((4, 4), np.uint8)) == {}


class TestAnotherOverlay:
    """Only where two overlays differ is the slice painted again."""

    @pytest.fixture
    def parts(self, canvas: ImageCanvas, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """What was asked to be painted: the area, or None for all of it."""
        asked: list[Any] = []

        def update(*area: Any) -> None:
            asked.append(area[0] if area else None)
            type(canvas).update(canvas, *area)

        canvas.show_content(self.content(self.overlay()))
        monkeypatch.setattr(canvas, "update", update)
        return asked

    grey = half_white()

    def overlay(self, *pixels: tuple[int, int]) -> NDArray[np.uint8]:
        colours = np.zeros((40, 80, 4), np.uint8)
        for pixel in pixels:
            colours[pixel] = (255, 0, 0, 255)
        return colours

    def content(self, overlay: NDArray[np.uint8] | None, **more: Any) -> CanvasContent:
        return CanvasContent(grey=self.grey, overlay=overlay, **more)

    def test_a_pixel(self, canvas: ImageCanvas, parts: list[Any]) -> None:
        canvas.show_content(self.content(self.overlay((10, 20))))
        (area,) = parts
        view = canvas.view
        assert view is not None
        middle = QPoint(*(round(at) for at in view.to_screen(10.5, 20.5)))
        assert area.contains(middle)
        assert area.width() <= view.x_scale + 4
        assert canvas.grab().toImage().pixelColor(middle) == QColor(255, 0, 0)

    def test_the_same(self, canvas: ImageCanvas, parts: list[Any]) -> None:
        canvas.show_content(self.content(self.overlay()))
        assert parts == []

    @pytest.mark.parametrize(
        "more", [{"notice": "edited"}, {"probe": "7"}, {"spacing": (1.0, 2.0)}, {"smooth": False}]
    )
    def test_another_word(
        self, canvas: ImageCanvas, parts: list[Any], more: dict[str, Any]
    ) -> None:
        canvas.show_content(self.content(self.overlay(), **more))
        assert None in parts

    def test_none_at_all(self, canvas: ImageCanvas, parts: list[Any]) -> None:
        canvas.show_content(self.content(None))
        assert parts == [None]
