"""What the panel says of an explanation, and what lies over the slice for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.attribution_room import VERDICT, AttributionRoom, Counted
from tests.unit.reference_room import masks_of

from unetscope.domain.explaining.choice import Method, Overlay
from unetscope.domain.explaining.heat import Heat
from unetscope.domain.explaining.target import TargetKind
from unetscope.domain.planes import Turn
from unetscope.domain.viewer import Tool
from unetscope.state.shown import SliceKey


@pytest.fixture
def room() -> AttributionRoom:
    return AttributionRoom()


@pytest.fixture
def watched(room: AttributionRoom) -> AttributionRoom:
    """The panel is in view."""
    room.panel.watch(True)
    return room


def turn(room: AttributionRoom, how: Turn) -> None:
    room.bench.update(lambda s: s.look(s.viewer.turned(how)))


# ------------------------------------------------------------------------- panel


def test_it_says_what_is_explained_and_how(watched: AttributionRoom) -> None:
    view = watched.shown
    assert view.has_target
    assert view.target.startswith(("CSF, ", "Brain, "))
    assert [name for _, name in view.classes] == ["the largest class", "Background", "CSF", "Brain"]
    assert view.layers == ((False, "the last layer"), (True, "selected: enc"))
    assert view.running
    assert view.empty == "Seg-Grad-CAM …"
    watched.by(Method.OCCLUSION)
    assert watched.shown.layers == ((False, "the image"),)
    watched.panel.choose_kind(TargetKind.PIXEL)
    assert watched.shown.classes[0] == (None, "the class there")
    assert not watched.shown.has_target
    assert "No pixel is chosen" in watched.shown.empty


def test_a_slow_method_says_that_it_must_be_started(watched: AttributionRoom) -> None:
    watched.answer()
    watched.by(Method.SMOOTH_GRAD)
    assert watched.shown.empty.startswith("Press Explain")


def test_a_map_comes_with_its_numbers(watched: AttributionRoom) -> None:
    made = watched.answer(score=480.0, completeness=0.9981, note="only the first input is shown")
    view = watched.shown
    assert view.title == made.heat.title
    (picture,) = view.pictures
    target = watched.latest.target
    assert np.array_equal(picture.heat > 0, target.region)
    assert picture.limits == (0.0, 4.0)
    facts = dict(view.facts)
    assert view.score == f"mean logit {480 / target.pixels:.3g}"
    assert facts["the map adds up to"] == "99.8% of the score's change"
    assert view.notes == ("Only the first input is shown",)
    assert view.empty == ""
    assert view.grey is not None


def test_the_twin_and_the_verdict_stand_beside_it_and_are_copied(watched: AttributionRoom) -> None:
    watched.panel.choose(lambda e: e.be_honest(True))
    watched.answer()
    view = watched.shown
    assert [each.overlay for each in view.pictures] == [Overlay.ATTRIBUTION, Overlay.RANDOMISED]
    assert view.honesty is not None
    text = watched.panel.as_text()
    assert VERDICT in text
    assert "random from enc on\t0.100\t0.200" in text
    assert all("\t" in line for line in text.splitlines())


def test_the_values_are_saved_on_the_grid_of_the_layer(watched: AttributionRoom) -> None:
    watched.panel.save(Path("/nothing.npy"))
    made = watched.answer()
    assert watched.panel.proposed == "seg-grad-cam_slice_3.npy"
    watched.panel.save(Path("/map.npy"))
    watched.bench.jobs.run()
    assert watched.bench.files.arrays == {Path("/map.npy"): made.heat.values}


def test_hidden_it_makes_nothing(watched: AttributionRoom) -> None:
    watched.answer()
    watched.panel.watch(False)
    told = Counted(watched.panel.view_changed)
    watched.by(Method.SALIENCY)
    watched.bench.update(lambda s: s.select_slice(0))
    assert not told.told


# ----------------------------------------------------------------- over the slice


def put(room: AttributionRoom, overlay: Overlay, **parts: object) -> Heat:
    values = np.arange(64, dtype=np.float32).reshape(8, 8)
    heat = Heat(values=values, layer="mask", title="what it is", unit="bits", limits=(0.0, 64.0))
    heat = replace(heat, **parts)  # type: ignore[arg-type]
    room.heats.put(overlay, SliceKey("1.2.3", 2), heat)
    return heat


def test_the_heat_that_is_named_lies_over_its_slice_turned_as_that_is(
    room: AttributionRoom,
) -> None:
    heat = put(room, Overlay.ENTROPY)
    assert room.overlay.view.heat is None
    room.panel.choose(lambda e: e.lay_over(Overlay.ENTROPY).set_opacity(0.5).set_threshold(0.1))
    view = room.overlay.view
    assert np.array_equal(view.heat if view.heat is not None else 0, heat.values)
    assert (view.limits, view.opacity, view.threshold) == ((0.0, 64.0), 0.5, 0.1)
    assert view.title == "what it is"
    how = Turn(transposed=True, rows_flipped=True)
    turn(room, how)
    turned = room.overlay.view.heat
    assert turned is not None
    assert np.array_equal(turned, how.apply(heat.values))
    room.bench.update(lambda s: s.select_slice(1))
    assert room.overlay.view.heat is None
    room.bench.update(lambda s: s.select_slice(2))
    assert room.overlay.view.heat is not None
    room.heats.put(Overlay.ENTROPY, SliceKey("1.2.3", 2), None)
    assert room.overlay.view.heat is None


def test_a_coarse_heat_is_spread_over_what_its_pixels_stand_for(room: AttributionRoom) -> None:
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    put(room, Overlay.SPREAD, values=values, layer="mid")
    room.panel.choose(lambda e: e.lay_over(Overlay.SPREAD))
    view = room.overlay.view
    assert view.heat is not None
    assert view.heat.shape == (8, 8)
    assert np.array_equal(view.heat[::2, ::2], values)


def test_the_legend_says_the_value_under_the_cursor_with_its_unit(room: AttributionRoom) -> None:
    put(room, Overlay.ENTROPY)
    room.panel.choose(lambda e: e.lay_over(Overlay.ENTROPY))
    told = Counted(room.overlay.view_changed)
    heat = room.overlay.view.heat
    room.cursor.over_slice((2.2, 4.6))
    assert room.overlay.view.at_cursor == "at cursor 21 bits"
    assert room.overlay.view.heat is heat  # the picture is not made anew
    room.cursor.over_slice((2.1, 4.7))
    assert len(told.told) == 1
    room.cursor.over_slice(None)
    assert room.overlay.view.at_cursor == "at cursor –"
    room.cursor.over_slice((50.0, 2.0))
    assert room.overlay.view.at_cursor == "at cursor –"


def test_a_heat_of_a_layer_that_is_not_there_is_not_drawn(room: AttributionRoom) -> None:
    put(room, Overlay.ENTROPY, layer="gone")
    room.panel.choose(lambda e: e.lay_over(Overlay.ENTROPY))
    assert room.overlay.view.heat is None


def test_the_mask_is_outlined_while_a_heat_lies_over_the_slice(room: AttributionRoom) -> None:
    presenter = room.bench.slice_presenter()
    assert not presenter.view.outlined
    room.panel.lay_over(True)
    assert presenter.view.outlined
    assert not room.bench.session.outlined


# ------------------------------------------------------------------------- target


def test_a_click_explains_the_pixel_under_it_however_the_slice_is_turned(
    room: AttributionRoom,
) -> None:
    turn(room, Turn(transposed=True, rows_flipped=True))
    room.target.point_at(0.3, 5.7)  # the picture's row 0 is the slice's last column
    target = room.explaining.target
    assert (target.kind, target.pixel, target.slice_index) == (TargetKind.PIXEL, (5.0, 7.0), 2)
    assert room.explaining.overlay is Overlay.ATTRIBUTION
    assert np.argwhere(room.latest.target.region).tolist() == [[5, 7]]
    mark = room.target.view.mark
    assert mark == (0.5, 5.5)
    room.bench.update(lambda s: s.select_slice(0))
    assert room.target.view.mark is None
    assert "slice 3" in str(room.targets.now())
    room.target.point_at(99.0, -4.0)  # the mouse is a little beside the slice
    assert room.explaining.target.pixel == (0.0, 0.0)


def test_what_is_drawn_around_is_explained_and_shown_on_its_slice(room: AttributionRoom) -> None:
    room.target.draw(((1.0, 1.0), (1.0, 4.0), (3.0, 4.0), (3.0, 1.0)))
    region = room.latest.target.region
    wanted = np.zeros((8, 8), bool)
    wanted[1:3, 1:4] = True
    assert np.array_equal(region, wanted)
    assert room.target.view.pixels is not None
    assert np.array_equal(room.target.view.pixels, wanted)
    room.bench.update(lambda s: s.select_slice(3))
    assert room.target.view.pixels is None
    room.target.draw(((1.0, 1.0), (1.0, 4.0)))  # no region
    assert room.explaining.target.outline_slice == 2


def test_a_long_line_is_kept_with_fewer_corners(room: AttributionRoom) -> None:
    ways = np.linspace(0, 2 * np.pi, 5000)
    room.target.draw(tuple((4 + 2 * np.sin(way), 4 + 2 * np.cos(way)) for way in ways))
    assert 100 < len(room.explaining.target.outline) <= 240
    assert 9 <= room.latest.target.pixels <= 16


def test_a_class_has_no_border_for_the_mask_shows_it(room: AttributionRoom) -> None:
    room.panel.watch(True)
    assert room.target.view.pixels is None
    room.panel.choose_kind(TargetKind.CLASS_IN_REGION)
    room.target.draw(((0.0, 0.0), (0.0, 8.0), (8.0, 8.0), (8.0, 0.0)))
    label = room.latest.target.channel
    assert room.target.view.pixels is not None
    assert np.array_equal(room.target.view.pixels, masks_of(room.series)[2] == label)


def test_the_tools_are_put_back_by_escape(room: AttributionRoom) -> None:
    room.bench.update(lambda s: s.look(s.viewer.choose_tool(Tool.REGION)))
    assert room.target.view.tool is Tool.REGION
    room.bench.slice_presenter().reset_view()
    assert room.target.view.tool is None
