"""How the slice is looked at, and the windows there are to choose from."""

from __future__ import annotations

import numpy as np
import pytest

from unetscope.domain.measurements import Kind, Measurement
from unetscope.domain.session import SeriesChoice, Session
from unetscope.domain.viewer import FIRST_VIEW, Annotations, Tool, Viewer
from unetscope.domain.window import Window
from unetscope.domain.window_presets import CT, PERCENT, presets

LINE = Measurement(Kind.DISTANCE, "1", 0, ((0.0, 0.0), (1.0, 1.0)))
BOX = Measurement(Kind.RECTANGLE, "1", 2, ((0.0, 0.0), (1.0, 1.0)))


def test_three_planes_come_with_the_crosshair_that_links_them() -> None:
    three = FIRST_VIEW.toggle_planes()
    assert (three.planes, three.crosshair) == (True, True)
    assert (three.toggle_planes().planes, three.toggle_planes().crosshair) == (False, True)


def test_the_crosshairs_tool_shows_the_crosshair_and_goes_with_it() -> None:
    chosen = FIRST_VIEW.choose_tool(Tool.CROSSHAIR)
    assert chosen.crosshair
    hidden = chosen.toggle_crosshair()
    assert (hidden.crosshair, hidden.tool) == (False, None)


def test_every_measuring_tool_measures_its_kind() -> None:
    kinds = {tool: tool.kind for tool in Tool if tool.kind is not None}
    assert {tool.value: kind.value for tool, kind in kinds.items()} == {
        k.value: k.value for k in Kind
    }
    assert Tool.WINDOW.kind is None


def test_texts_go_round() -> None:
    states, viewer = [], FIRST_VIEW
    for _ in range(4):
        states.append(viewer.annotations)
        viewer = viewer.next_annotations()
    assert states == [Annotations.ALL, Annotations.MINIMAL, Annotations.NONE, Annotations.ALL]


def test_a_class_is_shown_once_and_its_second_choice_brings_the_mask_back() -> None:
    shown = FIRST_VIEW.show_probability(2)
    assert shown.probability == 2
    assert shown.show_probability(1).probability == 1
    assert shown.show_probability(2).probability is None


def test_speed_and_threshold_stay_within_bounds() -> None:
    assert (FIRST_VIEW.set_speed(0).speed, FIRST_VIEW.set_speed(900).speed) == (1, 60)
    assert FIRST_VIEW.set_threshold(-1).threshold == 0
    assert FIRST_VIEW.set_threshold(7).threshold == 1


def test_measurements_are_added_moved_and_removed() -> None:
    two = FIRST_VIEW.add(LINE).add(BOX)
    assert two.selected == 1
    moved = two.move(0, ((2.0, 2.0), (3.0, 3.0)))
    assert moved.measurements[0].points == ((2.0, 2.0), (3.0, 3.0))
    assert (moved.measurements[1], moved.selected) == (BOX, 0)
    one = moved.remove(moved.selected)
    assert (one.measurements, one.selected) == ((BOX,), None)
    assert one.remove(None) == one
    assert two.clear().measurements == ()


def test_the_crosshair_stays_inside_a_smaller_slice() -> None:
    assert FIRST_VIEW.voxel(4, (9, 8, 6)) == (4, 4, 3)
    assert Viewer(point=(30, 2)).voxel(4, (9, 8, 6)) == (4, 7, 2)


def test_another_series_is_shown_as_acquired_and_stands_still() -> None:
    before = Session(viewer=Viewer(turn=FIRST_VIEW.turn.rotate_left(), playing=True, point=(1, 1)))
    opened = before.look(before.viewer.add(LINE)).open_series(SeriesChoice("2", 9)).viewer
    assert (opened.turn, opened.playing, opened.point) == (FIRST_VIEW.turn, False, None)
    assert opened.measurements == (LINE,)


def test_reset_puts_the_tool_back_first_and_then_the_view() -> None:
    session = Session(window=Window(1, 2), inverted=True)
    turned = FIRST_VIEW.turned(FIRST_VIEW.turn.rotate_left())
    measuring = session.look(turned.choose_tool(Tool.ANGLE))
    once = measuring.reset_view()
    assert (once.viewer.tool, once.window, once.inverted) == (None, Window(1, 2), True)
    assert once.viewer.turn == turned.turn
    twice = once.reset_view()
    assert (twice.window, twice.inverted, twice.viewer.turn) == (None, False, FIRST_VIEW.turn)


# ------------------------------------------------------------------ windows


def test_ct_has_windows_in_hounsfield_units_and_all_else_has_percentages() -> None:
    assert presets("CT") == CT
    assert presets("MR") == presets("") == PERCENT
    assert len(CT) == len(PERCENT)
    assert CT[0].window(np.zeros(3)) == Window(35, 110)
    assert CT[4].name == "Lung (W 1500  C -500)"


def test_percentages_are_those_of_the_values() -> None:
    values = np.append(np.arange(101.0), [np.nan, np.inf])
    for preset in PERCENT:
        window = preset.window(values)
        low, high = window.centre - window.width / 2, window.centre + window.width / 2
        assert low == pytest.approx(preset.low)
        assert high == pytest.approx(preset.high)
        assert f"{preset.high:g} %" in preset.name or preset.name.startswith("All")


@pytest.mark.parametrize("values", [np.full(5, 7.0), np.full(3, np.nan), np.zeros(0)])
def test_a_slice_of_one_value_has_a_window_too(values: np.ndarray) -> None:
    assert PERCENT[1].window(values).width == 1
