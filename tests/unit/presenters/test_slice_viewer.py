"""What the viewer does with a slice: turns, crosshair, measurements, windows, cine, probability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries

from unetscope.domain.edits import SetBias
from unetscope.domain.geometry import EdgeLetters
from unetscope.domain.measurements import Kind
from unetscope.domain.planes import AS_ACQUIRED, Turn
from unetscope.domain.ports import Notice
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.viewer import Annotations, Tool, Viewer
from unetscope.domain.window import Window, apply_window
from unetscope.presenters.slice_view import SlicePresenter
from unetscope.state.live import SliceKey

SHAPE = (5, 6, 8)
VOLUME = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
RIGHT = AS_ACQUIRED.rotate_right()


@pytest.fixture
def bench() -> Bench:
    return Bench(at_once=True)


@pytest.fixture
def presenter(bench: Bench) -> SlicePresenter:
    """Slice 2 of 5, of 6 rows 2 mm high and 8 columns 1 mm wide, with its mask."""
    made = bench.slice_presenter()
    steps = Preprocessing(size=(6, 8), normalise="none", clip=None)
    bench.open_model(card=replace(CARD, preprocessing=steps))
    bench.open_study(FakeSeries(volume=VOLUME, spacing=(3.0, 2.0, 1.0)))
    return made


def turn(bench: Bench, turned: Turn) -> None:
    bench.update(lambda s: s.look(s.viewer.turned(turned)))


def test_slice_mask_letters_and_aspect_turn_together(
    bench: Bench, presenter: SlicePresenter
) -> None:
    before = presenter.view
    turn(bench, RIGHT)
    view = presenter.view
    for turned, as_acquired in ((view.grey, before.grey), (view.labels, before.labels)):
        assert turned is not None
        assert as_acquired is not None
        assert np.array_equal(turned, np.rot90(as_acquired, -1))
    assert view.letters == EdgeLetters(left="P", right="A", top="R", bottom="L")
    assert (before.aspect, view.aspect) == ((2.0, 1.0), (1.0, 2.0))


def test_the_probe_tells_of_the_pixel_that_is_seen(bench: Bench, presenter: SlicePresenter) -> None:
    turn(bench, RIGHT)
    grey = presenter.view.grey
    assert grey is not None
    assert grey.shape == (8, 6)
    assert "voxel (2, 5, 1)" in presenter.probe(1, 0)[0]
    assert presenter.probe(1, 6) == ()


def test_the_probe_tells_stored_rescaled_and_shown_value(
    bench: Bench, presenter: SlicePresenter
) -> None:
    window = Window(110.0, 60.0, "LINEAR_EXACT")
    bench.update(lambda s: s.set_window(window))
    presenter.probe(0, 0)
    bench.jobs.run()
    shown = apply_window(VOLUME[2], window)[1, 3]
    assert presenter.probe(1, 3)[0] == f"raw 107.0   value 107   shown {shown}   voxel (2, 1, 3)"
    bench.update(lambda s: s.toggle_inverted())
    assert f"shown {255 - shown} " in presenter.probe(1, 3)[0]
    bench.update(lambda s: s.select_slice(3))
    assert presenter.probe(1, 3)[0].startswith("value 155")  # its stored values are on their way
    bench.jobs.run()
    assert presenter.probe(1, 3)[0].startswith("raw 155.0   value 155")


def test_stored_values_that_come_are_told_at_once(bench: Bench, presenter: SlicePresenter) -> None:
    published: list[object] = []
    presenter.view_changed.connect(published.append)
    presenter.probe(0, 0)
    assert not published
    bench.jobs.run()
    assert published


@pytest.mark.parametrize("turned", [AS_ACQUIRED, RIGHT, RIGHT.flip_vertically()])
def test_the_crosshair_is_put_where_it_is_seen(
    bench: Bench, presenter: SlicePresenter, turned: Turn
) -> None:
    turn(bench, turned)
    assert presenter.view.crosshair is None
    bench.update(lambda s: s.look(s.viewer.toggle_crosshair()))
    presenter.point_at(2.3, 4.9)
    assert presenter.view.crosshair == (2.5, 4.5)
    presenter.point_at(-4.0, 90.0)  # beside the slice: its corner
    grey = presenter.view.grey
    assert grey is not None
    assert presenter.view.crosshair == (0.5, grey.shape[1] - 0.5)


def test_the_part_on_screen_is_told_as_acquired(
    bench: Bench, presenter: SlicePresenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr(bench.live, "set_visible", told.append)
    turn(bench, RIGHT)
    presenter.set_visible((1.0, 0.0, 2.0, 3.0))
    presenter.set_visible(None)
    assert told == [(3.0, 1.0, 3.0, 2.0), None]


# ------------------------------------------------------------- measurements


def test_a_measurement_belongs_to_its_slice(bench: Bench, presenter: SlicePresenter) -> None:
    bench.update(lambda s: s.look(s.viewer.choose_tool(Tool.DISTANCE)))
    presenter.measuring.begin(((0.0, 0.0), (0.0, 4.0)))
    shape = presenter.view.shapes[0]
    assert (shape.kind, shape.lines, shape.selected) == (Kind.DISTANCE, ("4.0 mm",), True)
    presenter.measuring.move(shape.number, ((0.0, 0.0), (3.0, 0.0)))
    assert presenter.view.shapes[0].lines == ("6.0 mm",)
    bench.update(lambda s: s.select_slice(1))
    assert not presenter.view.shapes
    bench.update(lambda s: s.select_slice(2))
    assert presenter.view.shapes[0].lines == ("6.0 mm",)
    presenter.measuring.remove(0)
    assert not presenter.view.shapes


def test_a_measurement_turns_with_the_slice_and_keeps_its_size(
    bench: Bench, presenter: SlicePresenter
) -> None:
    bench.update(lambda s: s.look(s.viewer.choose_tool(Tool.RECTANGLE)))
    presenter.measuring.begin(((1.0, 2.0), (3.0, 6.0)))
    before = presenter.view.shapes[0]
    turn(bench, RIGHT)
    after = presenter.view.shapes[0]
    assert after.points == ((2.0, 5.0), (6.0, 3.0))
    assert after.lines == before.lines
    presenter.measuring.move(0, after.points)
    turn(bench, AS_ACQUIRED)
    assert presenter.view.shapes[0].points == before.points


def test_the_values_are_those_of_the_slice_in_its_units(bench: Bench) -> None:
    presenter = bench.slice_presenter()
    bench.open_study(FakeSeries(volume=VOLUME, units="HU", calibrated=False))
    bench.update(lambda s: s.look(s.viewer.choose_tool(Tool.ELLIPSE)))
    presenter.measuring.begin(((0.0, 0.0), (2.0, 2.0)))
    assert presenter.view.shapes[0].lines[0].endswith("px² (not calibrated)   4 pixels")
    assert presenter.view.shapes[0].lines[1].startswith("mean 100.5 HU")


def test_without_a_tool_or_a_slice_nothing_is_measured(bench: Bench) -> None:
    presenter = bench.slice_presenter()
    bench.update(lambda s: s.look(s.viewer.choose_tool(Tool.DISTANCE)))
    presenter.measuring.begin(((0.0, 0.0), (1.0, 1.0)))
    bench.open_study(FakeSeries(volume=VOLUME))
    bench.update(lambda s: s.look(Viewer()))
    presenter.measuring.begin(((0.0, 0.0), (1.0, 1.0)))
    assert bench.session.viewer.measurements == ()


# ------------------------------------------------------------ windows, cine


def test_presets_are_those_of_the_modality(bench: Bench) -> None:
    presenter = bench.slice_presenter()
    presenter.preset_window(0)
    assert bench.session.window is None
    bench.open_study(FakeSeries(volume=VOLUME, modality="CT"))
    presenter.preset_window(3)
    assert bench.session.window == Window(350, 2000)
    bench.open_study(FakeSeries("9", VOLUME), path="/mr")
    presenter.preset_window(0)
    assert bench.session.window == Window(119.5, 47.0, "LINEAR_EXACT")


def test_cine_goes_round(bench: Bench, presenter: SlicePresenter) -> None:
    presenter.look(lambda viewer: viewer.play(True))
    seen = []
    for _ in range(6):
        presenter.play_on()
        seen.append(bench.session.slice_index)
        bench.jobs.run()
    assert seen == [3, 4, 0, 1, 2, 3]
    assert bench.session.viewer.playing


def test_cine_waits_for_a_slice_that_is_not_read_yet(bench: Bench) -> None:
    presenter = bench.slice_presenter()
    bench.open_study(FakeSeries(volume=np.zeros((90, 4, 4), np.float32)))
    bench.store.update(lambda s: s.select_slice(9).look(s.viewer.play(True)))
    presenter.play_on()
    assert bench.session.slice_index == 9
    bench.jobs.run()
    presenter.play_on()
    assert bench.session.slice_index == 10


def test_any_scroll_stops_cine(bench: Bench, presenter: SlicePresenter) -> None:
    for scroll in (presenter.step, presenter.go_to):
        presenter.look(lambda viewer: viewer.play(True))
        scroll(1)
        assert not bench.session.viewer.playing


# -------------------------------------------------------------- probability


def test_the_probability_of_a_class_takes_the_place_of_the_mask(
    bench: Bench, presenter: SlicePresenter
) -> None:
    presenter.look(lambda viewer: viewer.show_probability(2))
    view = presenter.view
    answer = bench.live.answer
    assert answer is not None
    assert answer.look.probabilities is not None
    assert view.chance is not None
    assert np.array_equal(view.chance, answer.look.probabilities[..., 2])
    assert (view.labels, view.chance_of) == (None, "Brain")
    turn(bench, RIGHT)
    assert presenter.view.chance is not None
    assert np.array_equal(presenter.view.chance, np.rot90(view.chance, -1))
    assert "Brain p " in presenter.probe(0, 0)[-1] or presenter.probe(0, 0)[-1].startswith("Brain")
    bench.update(lambda s: s.toggle_mask())
    assert presenter.view.chance is None
    assert presenter.view.labels is None


def test_the_trained_networks_probability_is_not_made_up(
    bench: Bench, presenter: SlicePresenter
) -> None:
    presenter.look(lambda viewer: viewer.show_probability(2))
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)).compare_trained(True))
    assert presenter.view.chance is None
    assert presenter.view.labels is not None


def test_another_network_shows_its_mask(bench: Bench, presenter: SlicePresenter) -> None:
    presenter.look(lambda viewer: viewer.show_probability(2))
    bench.open_model(path="/n.keras")
    assert bench.session.viewer.probability is None


# -------------------------------------------------------------------- texts


def test_texts_are_all_there_few_or_none_but_warnings_stay(bench: Bench) -> None:
    presenter = bench.slice_presenter()
    bench.open_study(FakeSeries(volume=VOLUME, warnings=("Gaps differ.",)))
    corners = presenter.view.corners
    assert corners.top_left[0] == "Doe Jane"
    presenter.look(Viewer.next_annotations)
    few = presenter.view
    assert few.viewer.annotations is Annotations.MINIMAL
    assert (few.corners.top_left, few.corners.top_right) == ((), ())
    assert few.corners.bottom_left == corners.bottom_left
    assert few.letters.left == "R"
    presenter.look(Viewer.next_annotations)
    none = presenter.view
    assert none.corners.bottom_left == ("⚠ Gaps differ.",)
    assert (none.corners.top_left, none.letters.left) == ((), "")


def test_the_size_of_life_needs_a_calibrated_slice_and_a_screen_that_knows_its_size(
    bench: Bench, presenter: SlicePresenter
) -> None:
    told: list[Notice] = []
    bench.desk.notice.connect(told.append)
    assert presenter.life_size(screen_known=True)
    assert not told
    assert not presenter.life_size(screen_known=False)
    assert "screen" in told[-1].what
    bench.open_study(FakeSeries("9", VOLUME, calibrated=False), path="/other")
    assert not presenter.life_size(screen_known=True)
    assert "not calibrated" in told[-1].what


def test_esc_is_for_the_tool_first(bench: Bench, presenter: SlicePresenter) -> None:
    presenter.look(lambda viewer: viewer.choose_tool(Tool.ANGLE))
    assert not presenter.reset_view()
    assert presenter.reset_view()
    assert bench.live.shown is not None
    assert bench.live.shown.key == SliceKey("1.2.3", 2)
