"""The viewer in the window: planes, crosshair, measurements, cine, windows, turns, texts."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QSlider, QSpinBox
from pytestqt.qtbot import QtBot
from tests.gui.conftest import SLICES, STUDY, Person, ramp
from tests.unit.fakes import FakeSeries, FakeStudy

from unetscope.domain.measurements import Kind
from unetscope.domain.ports import Floats
from unetscope.domain.viewer import Tool
from unetscope.domain.window import Window
from unetscope.ui.commands.viewer import SLICE, TOOLS
from unetscope.ui.planes_side import PlanesSide
from unetscope.ui.probability_menu import ProbabilityMenu
from unetscope.ui.widgets.image_canvas import ImageCanvas

MIDDLE = SLICES // 2
SHIFT = Qt.KeyboardModifier.ShiftModifier
KEYS = Qt.Key


def at(canvas: ImageCanvas, row: float, column: float) -> QPoint:
    """Where a point of a picture is on its canvas."""
    assert canvas.view is not None
    x, y = canvas.view.to_screen(row, column)
    return QPoint(round(x), round(y))


def planes(person: Person) -> tuple[ImageCanvas, ImageCanvas]:
    return person.window.slice_panel.planes.canvases


@pytest.fixture
def three(person: Person, qtbot: QtBot) -> Person:
    """A person who sees three planes, all read."""
    person.key(KEYS.Key_M)
    qtbot.waitUntil(lambda: person.program.presenters.planes.view.share == 1)
    return person


# ------------------------------------------------------------------- planes


def test_m_shows_three_planes_and_one_again(person: Person, qtbot: QtBot) -> None:
    side = person.find(PlanesSide, "planes")
    assert not side.isVisible()
    person.key(KEYS.Key_M)
    assert side.isVisible()
    qtbot.waitUntil(lambda: planes(person)[0].content.grey is not None)
    assert person.window.action_of("slice.planes").isChecked()
    coronal, sagittal = (canvas.content for canvas in planes(person))
    assert coronal.corners.top_left == ("coronal 5 / 8",)
    assert sagittal.corners.top_left == ("sagittal 5 / 8",)
    assert (coronal.letters.top, coronal.letters.left) == ("H", "R")
    assert coronal.spacing == (2.0, 0.5)
    person.key(KEYS.Key_M)
    assert not side.isVisible()


def test_a_click_in_a_plane_moves_the_slice_and_the_other_plane(three: Person) -> None:
    coronal, sagittal = planes(three)
    three.click(coronal, at(coronal, 0.5, 6.5))
    assert three.session.slice_index == SLICES - 1
    assert three.slider.value() == SLICES - 1
    assert sagittal.content.corners.top_left == ("sagittal 7 / 8",)
    assert three.canvas.content.crosshair == (4.5, 6.5)
    assert sagittal.content.crosshair == (0.5, 4.5)


def test_a_click_on_the_slice_moves_both_planes(three: Person) -> None:
    three.click(three.canvas, at(three.canvas, 1.5, 2.5))
    assert three.canvas.content.crosshair == (1.5, 2.5)
    assert [canvas.content.corners.top_left for canvas in planes(three)] == [
        ("coronal 2 / 8",),
        ("sagittal 3 / 8",),
    ]


def test_the_crosshairs_tool_is_dragged_in_any_view(three: Person) -> None:
    three.key(KEYS.Key_H)
    coronal, _ = planes(three)
    three.drag(coronal, [at(coronal, 20.5, 1.5), at(coronal, 10.5, 3.5), at(coronal, 5.5, 2.5)])
    assert three.session.slice_index == SLICES - 6
    assert three.canvas.content.crosshair == (4.5, 2.5)
    three.drag(three.canvas, [at(three.canvas, 1.5, 1.5), at(three.canvas, 6.5, 5.5)])
    assert three.canvas.content.crosshair == (6.5, 5.5)


def test_the_wheel_in_a_plane_moves_that_plane(three: Person) -> None:
    coronal, _ = planes(three)
    three.wheel(coronal, coronal.rect().center(), -2)
    assert coronal.content.corners.top_left == ("coronal 7 / 8",)
    assert three.session.slice_index == MIDDLE


def test_dragging_in_a_plane_changes_the_window_of_all(three: Person) -> None:
    coronal, _ = planes(three)
    before = coronal.content.grey
    three.drag(coronal, [QPoint(30, 30), QPoint(90, 30)])
    assert three.session.window is not None
    assert before is not None
    assert coronal.content.grey is not None
    assert not np.array_equal(coronal.content.grey, before)


def test_x_hides_the_crosshair_and_shows_it_again(three: Person) -> None:
    three.key(KEYS.Key_X)
    assert three.canvas.content.crosshair is None
    assert planes(three)[0].content.crosshair is None
    three.click(three.canvas, at(three.canvas, 1.5, 2.5))
    three.key(KEYS.Key_X)
    assert three.canvas.content.crosshair == (4.5, 4.5)  # a click without it moved nothing


def test_the_mask_of_the_series_is_drawn_in_the_planes(three: Person, qtbot: QtBot) -> None:
    coronal, _ = planes(three)
    overlay = coronal.content.overlay
    assert overlay is not None
    assert not overlay[: MIDDLE - 1, :, 3].any()
    three.choose("network.segment_series")
    qtbot.waitUntil(lambda: "Segmented 30 slices" in three.status())
    overlay = coronal.content.overlay
    assert overlay is not None
    assert overlay[..., 3].any(axis=1).all()


class SlowSeries(FakeSeries):
    """A series whose slices come when they are let through."""

    let_through = Event()

    def slice(self, index: int) -> Floats:
        self.let_through.wait(20)
        return super().slice(index)


def test_reading_goes_on_in_the_background_and_can_be_cancelled(
    visitor: Person, qtbot: QtBot
) -> None:
    slow = SlowSeries(volume=ramp())
    slow.let_through.set()
    visitor.world.files.studies[STUDY] = FakeStudy((slow,))
    visitor.open(STUDY)
    qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    qtbot.wait(50)
    slow.let_through.clear()
    visitor.key(KEYS.Key_M)
    cancel = visitor.find(QPushButton, "planes.cancel")
    qtbot.waitUntil(lambda: cancel.isVisible() and cancel.width() > 20)
    coronal, _ = planes(visitor)
    grey = coronal.content.grey
    assert grey is not None
    assert not grey.any()
    visitor.click(cancel)
    slow.let_through.set()
    assert not visitor.session.viewer.planes
    assert not visitor.find(PlanesSide, "planes").isVisible()


def test_planes_of_unsure_geometry_are_refused_with_a_sentence(
    visitor: Person, qtbot: QtBot
) -> None:
    unsure = FakeSeries(volume=ramp(9), geometry_sure=False, warnings=("Gaps differ.",))
    visitor.world.files.studies[STUDY] = FakeStudy((unsure,))
    visitor.open(STUDY)
    qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    visitor.key(KEYS.Key_M)
    coronal, sagittal = planes(visitor)
    assert "Gaps differ." in coronal.content.message
    assert sagittal.content.grey is None
    assert not visitor.find(QPushButton, "planes.cancel").isVisible()


# ------------------------------------------------------------- measurements


def test_d_measures_a_distance_by_a_drag_and_esc_brings_the_window_back(person: Person) -> None:
    person.key(KEYS.Key_D)
    canvas = person.canvas
    person.drag(canvas, [at(canvas, 1, 1), at(canvas, 3, 3), at(canvas, 1, 7)])
    (shape,) = canvas.content.shapes
    assert (shape.kind, shape.selected) == ("distance", True)
    assert shape.lines == ("3.0 mm",)
    assert person.session.window is None
    person.key(KEYS.Key_Escape)
    assert person.session.viewer.tool is None
    person.drag(canvas, [QPoint(50, 50), QPoint(90, 50)])
    assert person.session.window is not None


@pytest.mark.parametrize(
    ("key", "kind"),
    [(KEYS.Key_R, Kind.RECTANGLE), (KEYS.Key_E, Kind.ELLIPSE)],
)
def test_areas_tell_of_the_values_inside(person: Person, key: Qt.Key, kind: Kind) -> None:
    person.key(key)
    canvas = person.canvas
    person.drag(canvas, [at(canvas, 0, 0), at(canvas, 3, 3), at(canvas, 8, 8)])
    (measured,) = person.session.viewer.measurements
    assert measured.kind is kind
    lines = canvas.content.shapes[0].lines
    values = ramp()[MIDDLE]
    if kind is Kind.RECTANGLE:
        assert lines[0] == "16.0 mm²   64 pixels"
        assert lines[1] == f"mean {values.mean():.4g}   sd {values.std():.4g}"
    assert lines[2].startswith("min ")


def test_a_handle_is_dragged_and_del_deletes(person: Person) -> None:
    person.key(KEYS.Key_D)
    canvas = person.canvas
    person.drag(canvas, [at(canvas, 1, 1), at(canvas, 1, 7)])
    person.key(KEYS.Key_Escape)
    person.drag(canvas, [at(canvas, 1, 7), at(canvas, 1, 4), at(canvas, 1, 3)])
    assert canvas.content.shapes[0].lines == ("1.0 mm",)
    person.key(KEYS.Key_Delete)
    assert canvas.content.shapes == ()


def test_scrolling_away_drops_what_is_half_drawn(person: Person, qtbot: QtBot) -> None:
    person.key(KEYS.Key_A)
    canvas = person.canvas
    person.click(canvas, at(canvas, 1, 1))
    assert len(person.session.viewer.measurements) == 1
    person.key(KEYS.Key_Down)
    person.wait()
    qtbot.mouseMove(canvas, at(canvas, 3, 5))
    assert not person.session.viewer.measurements
    person.key(KEYS.Key_D)
    person.drag(canvas, [at(canvas, 1, 1), at(canvas, 1, 7)])
    assert canvas.content.shapes[0].lines == ("3.0 mm",)


def test_measurements_stay_with_their_slice_and_can_all_be_deleted(person: Person) -> None:
    canvas = person.canvas
    for column in (3, 6):
        person.key(KEYS.Key_D)
        person.drag(canvas, [at(canvas, 1, 1), at(canvas, 1, column)])
        person.key(KEYS.Key_Escape)
        person.key(KEYS.Key_Down)
        person.wait()
        assert canvas.content.shapes == ()
    person.key(KEYS.Key_Up)
    person.wait()
    assert len(canvas.content.shapes) == 1
    person.choose("tool.clear")
    assert person.session.viewer.measurements == ()
    assert not person.window.action_of("tool.clear").isEnabled()


@pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True)
def test_a_right_click_on_a_measurement_offers_to_delete_it(person: Person, qtbot: QtBot) -> None:
    person.key(KEYS.Key_D)
    canvas = person.canvas
    person.drag(canvas, [at(canvas, 1, 1), at(canvas, 1, 7)])
    person.key(KEYS.Key_Escape)
    spot = at(canvas, 1, 4)
    qtbot.mouseClick(canvas, Qt.MouseButton.RightButton, pos=spot)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    delete = menu.actions()[0]
    assert delete.text() == "Delete this measurement"
    delete.trigger()
    menu.close()
    assert canvas.content.shapes == ()


@pytest.mark.parametrize("tool", [tool for tool in Tool if tool.kind is None])
def test_every_tool_has_its_command(person: Person, tool: Tool) -> None:
    menu = "explain" if tool in (Tool.POINT, Tool.REGION) else "tool"
    command = f"{menu}.{tool.value}"
    person.choose(command)
    assert person.session.viewer.tool is tool
    assert person.window.action_of(command).isChecked()
    person.choose(command)
    assert person.session.viewer.tool is None


def test_the_scroll_tool_scrolls_and_the_pan_tool_pans(person: Person) -> None:
    canvas = person.canvas
    person.key(KEYS.Key_S)
    person.drag(canvas, [QPoint(100, 100), QPoint(100, 148)])
    assert person.session.slice_index == MIDDLE + 6
    person.key(KEYS.Key_T)
    before = at(canvas, 4, 4)
    person.drag(canvas, [QPoint(100, 100), QPoint(110, 105)])
    assert (at(canvas, 4, 4) - before - QPoint(10, 5)).manhattanLength() <= 1


# ---------------------------------------------------- cine, windows, zoom, turns


def test_c_plays_through_the_slices_and_scrolling_stops_it(person: Person, qtbot: QtBot) -> None:
    person.key(KEYS.Key_C)
    speed = person.find(QSpinBox, "viewer_bar.speed")
    assert speed.isVisible()
    speed.setValue(60)
    assert person.session.viewer.speed == 60
    qtbot.waitUntil(lambda: person.session.slice_index < MIDDLE)  # past the last one
    person.wheel(person.canvas, person.canvas.rect().center(), -1)
    stopped = person.session.slice_index
    assert not person.session.viewer.playing
    assert not speed.isVisible()
    qtbot.wait(60)
    assert person.session.slice_index == stopped


def test_the_stop_button_stops_cine(person: Person) -> None:
    person.key(KEYS.Key_C)
    person.press("viewer_bar.stop")
    assert not person.session.viewer.playing


def test_digits_choose_windows_of_ct(visitor: Person, qtbot: QtBot) -> None:
    ct = FakeSeries(volume=ramp(4), modality="CT", from_file=Window(40, 80))
    visitor.world.files.studies[STUDY] = FakeStudy((ct,))
    visitor.open(STUDY)
    qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    visitor.key(KEYS.Key_7)
    assert visitor.session.window == Window(-500, 1500)
    assert visitor.window.action_of("slice.preset_5").text().startswith("Lung")
    assert "W 1500  C -500" in visitor.canvas.content.corners.bottom_left
    visitor.key(KEYS.Key_2)
    assert visitor.session.window is None
    assert "W 80  C 40" in visitor.canvas.content.corners.bottom_left


def test_digits_choose_shares_of_the_values_of_mr(person: Person) -> None:
    person.key(KEYS.Key_3)
    values = ramp()[MIDDLE]
    middle = float(values.min() + values.max()) / 2
    assert person.session.window == Window(middle, 63.0, "LINEAR_EXACT")
    assert person.window.action_of("slice.preset_1").text() == "All values of the slice"


def test_zoom_presets(person: Person) -> None:
    canvas = person.canvas
    canvas.zoom_by(0.5)
    person.choose("slice.fit")
    assert canvas.view is not None
    assert canvas.view.fitted
    fitted = canvas.view.zoom
    person.choose("slice.zoom_100")
    assert canvas.view.zoom == max(1.0, fitted / 8)  # no smaller than an eighth of the view


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (KEYS.Key_H, np.fliplr),
        (KEYS.Key_V, np.flipud),
        (KEYS.Key_R, lambda a: np.rot90(a, -1)),
        (KEYS.Key_L, np.rot90),
    ],
)
def test_flips_and_rotations_turn_slice_and_mask_and_esc_undoes_them(
    person: Person, key: Qt.Key, expected: object
) -> None:
    assert callable(expected)
    grey, mask = person.picture(), person.mask()
    letters = person.canvas.content.letters
    person.key(key, modifiers=SHIFT)
    assert np.array_equal(person.picture(), expected(grey))
    assert np.array_equal(person.mask(), expected(mask))
    assert person.canvas.content.letters != letters
    person.key(KEYS.Key_Escape)
    assert np.array_equal(person.picture(), grey)


def test_space_goes_through_all_few_and_no_texts(person: Person) -> None:
    content, mask = person.canvas.content, person.mask()
    assert content.corners.top_left
    assert content.rulers
    person.key(KEYS.Key_Space)
    few = person.canvas.content
    assert (few.corners.top_left, few.rulers, few.letters.left) == ((), False, "R")
    person.key(KEYS.Key_Space)
    none = person.canvas.content
    assert (none.corners.bottom_left, none.letters.left, none.legend) == ((), "", ())
    assert np.array_equal(person.mask(), mask)  # without its legend, but in its colours
    person.key(KEYS.Key_Space)
    assert person.canvas.content.corners == content.corners


def test_pixels_can_be_shown_as_they_are(person: Person) -> None:
    assert person.canvas.content.smooth
    person.key(KEYS.Key_I, modifiers=SHIFT)
    assert not person.canvas.content.smooth


# -------------------------------------------------------------- probability


def test_a_class_of_the_menu_shows_its_probability_above_a_threshold(
    person: Person, qtbot: QtBot
) -> None:
    menu = next(m for m in person.window.findChildren(ProbabilityMenu))
    menu.fill()
    assert [action.text() for action in menu.actions()] == ["Background", "CSF", "Brain"]
    menu.actions()[2].trigger()
    chance = person.answer.look.probabilities
    assert chance is not None
    threshold = person.find(QSlider, "viewer_bar.threshold")
    assert threshold.isVisible()
    assert "Brain" in person.find(QLabel, "viewer_bar.probability").text()
    assert np.array_equal(person.mask()[..., 3] > 0, chance[..., 2] >= 0.5)
    person.key(KEYS.Key_Home, threshold)
    assert person.session.viewer.threshold == 0
    assert person.mask()[..., 3].all()
    person.press("viewer_bar.show_mask")
    assert not threshold.isVisible()
    answer = person.answer.mask
    assert answer is not None
    assert np.array_equal(person.mask()[..., 3] > 0, answer > 0)


def test_every_command_of_the_viewer_can_be_chosen(person: Person) -> None:
    for command in (*SLICE, *TOOLS):
        action = person.window.action_of(command.id)
        assert action.text()
        assert not command.shortcut or action.toolTip().endswith(")")
        if action.isEnabled():
            action.trigger()
    assert person.canvas.content.grey is not None
