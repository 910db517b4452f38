"""The slice: keys, wheel, slider, window, mask, legend, probe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMenu, QSlider, QStyle, QStyleOptionSlider, QTreeWidget
from pytestqt.qtbot import QtBot
from tests.gui.conftest import MODEL, SLICES, STUDY, Person, ramp
from tests.unit.fakes import FakeSeries, FakeStudy

from unetscope.domain.window import Window, auto_window
from unetscope.ui.widgets.canvas_content import LegendLine
from unetscope.ui.widgets.canvas_painting import legend_areas

MIDDLE = SLICES // 2
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier
KEYS = Qt.Key


def slice_shown(person: Person) -> int:
    shown = person.program.live.shown
    assert shown is not None
    return shown.key.index


def window_of(person: Person) -> Window:
    shown = person.program.live.shown
    assert shown is not None
    return person.program.presenters.slice_view.window(shown)


@pytest.mark.parametrize(
    ("key", "modifiers", "expected"),
    [
        (KEYS.Key_Down, NONE, MIDDLE + 1),
        (KEYS.Key_Up, NONE, MIDDLE - 1),
        (KEYS.Key_PageDown, NONE, MIDDLE + 10),
        (KEYS.Key_PageUp, NONE, MIDDLE - 10),
        (KEYS.Key_Down, SHIFT, MIDDLE + 10),
        (KEYS.Key_Up, SHIFT, MIDDLE - 10),
        (KEYS.Key_Home, NONE, 0),
        (KEYS.Key_End, NONE, SLICES - 1),
    ],
)
def test_keys_on_the_slice_scroll(
    person: Person, qtbot: QtBot, key: Qt.Key, modifiers: Qt.KeyboardModifier, expected: int
) -> None:
    assert slice_shown(person) == MIDDLE
    before = person.picture()
    person.key(key, modifiers=modifiers)
    assert person.slider.value() == expected
    qtbot.waitUntil(lambda: slice_shown(person) == expected)
    person.wait()
    assert f"slice {expected + 1} / {SLICES}" in " ".join(person.canvas.content.corners.bottom_left)
    assert not np.array_equal(person.picture(), before)


def test_scrolling_stops_at_both_ends(person: Person) -> None:
    person.key(KEYS.Key_End)
    person.key(KEYS.Key_PageDown)
    assert person.slider.value() == SLICES - 1
    person.key(KEYS.Key_Home)
    person.key(KEYS.Key_Up)
    assert person.slider.value() == 0


@pytest.mark.parametrize(
    ("notches", "modifiers", "steps"),
    [(-1, NONE, 1), (2, NONE, -2), (-1, SHIFT, 10), (-1, CTRL, 5)],
)
def test_the_wheel_scrolls(
    person: Person, notches: int, modifiers: Qt.KeyboardModifier, steps: int
) -> None:
    person.wheel(person.canvas, person.canvas.rect().center(), notches, modifiers)
    assert person.slider.value() == MIDDLE + steps
    person.wait()
    assert slice_shown(person) == MIDDLE + steps


def handle(slider: QSlider) -> QPoint:
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    rect = slider.style().subControlRect(
        QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider
    )
    return rect.center()


def test_dragging_the_slider_scrolls_and_its_top_is_the_first_slice(person: Person) -> None:
    slider = person.slider
    start = handle(slider)
    person.drag(slider, [start, QPoint(start.x(), slider.height())])
    assert person.session.slice_index == SLICES - 1
    bottom = handle(slider)
    person.drag(slider, [bottom, QPoint(bottom.x(), 0)])
    assert person.session.slice_index == 0
    assert handle(slider).y() < start.y() < bottom.y()


def test_a_series_of_one_slice_needs_no_slider(visitor: Person, qtbot: QtBot) -> None:
    visitor.world.files.studies[STUDY] = FakeStudy((FakeSeries(volume=ramp(1)),))
    visitor.open(STUDY)
    qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    assert not visitor.slider.isEnabled()
    visitor.key(KEYS.Key_Down)
    assert visitor.session.slice_index == 0


def test_a_slice_that_cannot_be_read_says_so_and_the_next_one_shows(
    visitor: Person, qtbot: QtBot
) -> None:
    broken = FakeSeries(volume=ramp(5), broken=frozenset({3}))
    visitor.world.files.studies[STUDY] = FakeStudy((broken,))
    visitor.open_both()
    visitor.key(KEYS.Key_Down)
    qtbot.waitUntil(lambda: visitor.canvas.content.grey is None)
    assert "Slice 3 is damaged." in visitor.canvas.content.message
    assert "Slice 3 is damaged." in visitor.status()
    visitor.key(KEYS.Key_Down)
    visitor.wait()
    assert visitor.canvas.content.grey is not None
    assert not visitor.canvas.content.notice


def test_a_click_on_a_series_shows_it(visitor: Person, qtbot: QtBot) -> None:
    first, second = FakeSeries(volume=ramp(9)), FakeSeries("2", ramp(4), description="T2")
    visitor.world.files.studies[STUDY] = FakeStudy((first, second))
    visitor.open(STUDY)
    qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    tree = visitor.find(QTreeWidget, "studies.tree")
    study = tree.topLevelItem(0)
    assert study is not None
    assert study.childCount() == 2
    item = study.child(1)
    assert item is not None
    tree.scrollToItem(item)
    visitor.click(tree.viewport(), tree.visualItemRect(item).center())
    assert visitor.session.series is not None
    assert visitor.session.series.uid == "2"
    qtbot.waitUntil(lambda: "slice 3 / 4" in " ".join(visitor.canvas.content.corners.bottom_left))
    selected = tree.currentItem()
    assert selected is not None
    assert selected.text(0).startswith("T2")


# ------------------------------------------------------------------- window


def dragged(person: Person, by: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> Window:
    start = person.canvas.rect().center()
    person.drag(person.canvas, [start, start + by / 2, start + by], modifiers)
    return window_of(person)


def test_a_drag_to_the_right_widens_the_window_and_down_raises_its_centre(person: Person) -> None:
    before = window_of(person)
    right = dragged(person, QPoint(60, 0))
    assert right.width == pytest.approx(before.width * 1.1)
    assert right.centre == pytest.approx(before.centre)
    down = dragged(person, QPoint(0, 60))
    assert down.centre == pytest.approx(before.centre + before.width * 0.1)
    assert down.width == pytest.approx(right.width)
    left = dragged(person, QPoint(-60, -60))
    assert left.width == pytest.approx(before.width)
    assert left.centre == pytest.approx(before.centre)


def test_ctrl_drags_faster(person: Person) -> None:
    before = window_of(person)
    fast = dragged(person, QPoint(60, 0), CTRL)
    assert fast.width == pytest.approx(before.width * 1.5)


def test_a_window_cannot_be_dragged_to_no_width(person: Person) -> None:
    assert dragged(person, QPoint(-5000, 0)).width > 0
    assert person.canvas.content.grey is not None


def test_esc_resets_window_invert_and_zoom(person: Person) -> None:
    picture, view = person.picture(), person.canvas.view
    dragged(person, QPoint(90, 30))
    person.key(KEYS.Key_I)
    person.canvas.zoom_by(3)
    assert person.canvas.view != view
    person.key(KEYS.Key_Escape)
    assert person.session.window is None
    assert np.array_equal(person.picture(), picture)
    assert person.canvas.view == view


def test_1_takes_all_values_but_the_tails_whatever_the_file_says(
    visitor: Person, qtbot: QtBot
) -> None:
    series = FakeSeries(volume=ramp(3), from_file=Window(5, 2))
    visitor.world.files.studies[STUDY] = FakeStudy((series,))
    visitor.open(STUDY)
    qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    assert window_of(visitor) == Window(5, 2)
    visitor.key(KEYS.Key_1)
    assert visitor.session.window == auto_window(ramp(3)[1])
    visitor.key(KEYS.Key_Escape)
    assert window_of(visitor) == Window(5, 2)


def test_i_swaps_black_and_white(person: Person) -> None:
    before = person.picture()
    person.key(KEYS.Key_I)
    assert np.array_equal(person.picture(), 255 - before)
    assert person.window.action_of("view.invert").isChecked()
    person.key(KEYS.Key_I)
    assert np.array_equal(person.picture(), before)


# --------------------------------------------------------------------- mask


def test_g_hides_the_mask_and_shows_it_again(person: Person) -> None:
    mask = person.mask()
    assert mask[..., 3].any()
    person.key(KEYS.Key_G)
    assert person.canvas.content.overlay is None
    assert person.canvas.content.legend == ()
    assert not person.window.action_of("view.mask").isChecked()
    person.key(KEYS.Key_G)
    assert np.array_equal(person.mask(), mask)


def test_o_draws_outlines_in_the_colours_of_the_labels(person: Person) -> None:
    legend = person.canvas.content.legend
    person.key(KEYS.Key_O)
    content = person.canvas.content
    assert content.overlay is None
    assert content.outline is not None
    assert content.outline_colours == {1: legend[0].rgb, 2: legend[1].rgb}
    person.key(KEYS.Key_O)
    assert person.canvas.content.outline is None
    assert person.canvas.content.overlay is not None


def test_the_legend_names_every_label_but_the_background(person: Person) -> None:
    assert person.canvas.content.legend == (
        LegendLine(1, "CSF", (224, 90, 109)),
        LegendLine(2, "Brain", (61, 143, 209)),
    )
    mask, answer = person.mask(), person.answer.mask
    assert answer is not None
    assert np.array_equal(mask[..., 3] == 0, answer == 0)
    assert np.unique(mask[answer == 1][:, :3], axis=0).tolist() == [[224, 90, 109]]


def test_a_click_on_the_eye_of_a_label_takes_it_out_of_the_mask_and_back(person: Person) -> None:
    view = person.canvas.view
    assert view is not None
    lines = legend_areas(person.canvas.content, view, person.canvas.font())
    eye = {line.name: area.center().toPoint() for line, area in lines}
    person.click(person.canvas, eye["CSF"])
    answer = person.answer.mask
    assert answer is not None
    assert not person.mask()[answer == 1][:, 3].any()
    assert person.mask()[answer == 2][:, 3].all()
    assert [line.shown for line in person.canvas.content.legend] == [False, True]
    person.click(person.canvas, eye["CSF"])
    assert person.mask()[answer == 1][:, 3].all()


def test_the_opacity_slider_changes_the_mask(person: Person) -> None:
    slider = person.find(QSlider, "toolbar.opacity")
    assert slider.value() == 45
    person.key(KEYS.Key_End, slider)
    assert person.session.opacity == 1
    assert person.mask()[..., 3].max() == 255
    person.key(KEYS.Key_Home, slider)
    assert not person.mask()[..., 3].any()
    person.key(KEYS.Key_Right, slider)
    assert person.session.opacity == pytest.approx(0.01)


# ---------------------------------------------------------------- the mouse


def test_the_probe_tells_value_place_and_label_under_the_mouse(
    person: Person, qtbot: QtBot
) -> None:
    view = person.canvas.view
    assert view is not None
    x, y = view.to_screen(2.5, 5.5)
    qtbot.mouseMove(person.canvas, QPoint(round(x), round(y)))
    content = person.canvas.content
    told = [*content.probed, content.probe]
    value = ramp()[MIDDLE, 2, 5]
    assert any(f"value {value:g}" in line and f"({MIDDLE}, 2, 5)" in line for line in told)
    assert any(line.endswith("mm") for line in told)
    answer = person.answer.mask
    assert answer is not None
    name = ("Background", "CSF", "Brain")[answer[2, 5]]
    assert name in content.probe
    QApplication.processEvents()
    qtbot.mouseMove(person.canvas, QPoint(1, 1))
    assert person.canvas.content.probe == ""


@pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True)
def test_a_right_click_opens_the_view_menu(person: Person, qtbot: QtBot) -> None:
    qtbot.mouseClick(person.canvas, Qt.MouseButton.RightButton, pos=QPoint(40, 200))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert person.window.action_of("view.mask") in menu.actions()
    menu.close()


def test_doubtful_geometry_is_told_in_the_corner(visitor: Person, qtbot: QtBot) -> None:
    series = FakeSeries(warnings=("Slices are unevenly spaced.",), calibrated=False)
    visitor.world.files.studies[STUDY] = FakeStudy((series,))
    visitor.open(STUDY)
    qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    content = visitor.canvas.content
    assert "⚠ Slices are unevenly spaced." in content.corners.bottom_left
    assert not content.calibrated


def test_a_model_opened_after_the_study_brings_the_mask(visitor: Person, qtbot: QtBot) -> None:
    visitor.open(STUDY)
    qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    assert visitor.canvas.content.overlay is None
    assert visitor.canvas.content.legend == ()
    visitor.open(MODEL)
    visitor.wait()
    assert visitor.mask().any()


def test_another_study_replaces_the_picture(person: Person, qtbot: QtBot) -> None:
    other = Path("/studies/knee")
    knee = FakeSeries("9", np.flip(ramp(7), axis=2).copy(), description="Knee")
    person.world.files.studies[other] = FakeStudy((knee,))
    person.open(other)
    qtbot.waitUntil(lambda: person.session.series is not None and person.session.series.uid == "9")
    person.wait()
    assert person.slider.maximum() == 6
    assert person.answer.key.series == "9"
    assert "Knee" in person.canvas.content.corners.top_right
