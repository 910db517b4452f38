"""The live loop: one question a change, and never an answer to another question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries, FakeStudy, unet

from unetscope.domain.edits import SetBias
from unetscope.domain.errors import EngineError, UnetscopeError
from unetscope.domain.feature_maps import Scaling
from unetscope.domain.filter_gallery import FilterGallery, Gallery
from unetscope.domain.ports import LookRequest
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.domain.window import Window
from unetscope.state.live import SliceKey
from unetscope.state.network_input import network_input

EDIT = SetBias("enc", 0, 1.0)


class Ears:
    """Hears what the loop says, and keeps what it held at that moment."""

    def __init__(self, bench: Bench) -> None:
        self.live = bench.live
        self.slices: list[SliceKey | None] = []
        self.answers: list[SliceKey | None] = []
        self.busy: list[bool] = []
        self.problems: list[UnetscopeError | None] = []
        bench.live.slice_changed.connect(self.on_slice)
        bench.live.answered.connect(self.on_answer)
        bench.live.busy_changed.connect(self.on_busy)
        bench.live.problem_changed.connect(self.on_problem)

    def on_slice(self) -> None:
        self.slices.append(self.live.shown.key if self.live.shown else None)

    def on_answer(self) -> None:
        self.answers.append(self.live.answer.key if self.live.answer else None)

    def on_busy(self, busy: bool) -> None:
        self.busy.append(busy)

    def on_problem(self, problem: UnetscopeError | None) -> None:
        self.problems.append(problem)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def both(bench: Bench) -> Bench:
    """Study and network open, the first question asked and not answered."""
    bench.open_model()
    bench.open_study()
    return bench


def shown(bench: Bench) -> tuple[str, int] | None:
    slice_ = bench.live.shown
    return (slice_.key.series, slice_.key.index) if slice_ else None


# --------------------------------------------------------------------- slices


def test_the_slice_named_by_the_session_is_read_and_shown(bench: Bench) -> None:
    ears = Ears(bench)
    study = bench.open_study()
    assert shown(bench) == ("1.2.3", 2)
    assert bench.live.shown is not None
    assert np.array_equal(bench.live.shown.values, study.series[0].volume[2])
    assert ears.slices == [SliceKey("1.2.3", 2)]


def test_neighbours_are_read_ahead_once_and_shown_at_once(bench: Bench) -> None:
    series = bench.open_study(FakeSeries(volume=np.zeros((9, 8, 8), np.float32))).series[0]
    assert series.reads == [4, 5, 3, 6, 2]
    bench.store.update(lambda s: s.select_slice(5))
    assert shown(bench) == ("1.2.3", 5)
    bench.jobs.run()
    assert series.reads == [4, 5, 3, 6, 2, 7]


def test_a_slice_that_comes_late_does_not_replace_the_one_that_is_wanted(bench: Bench) -> None:
    bench.open_study(FakeSeries(volume=np.zeros((40, 8, 8), np.float32)))
    bench.store.update(lambda s: s.select_slice(5))
    bench.jobs.work()
    late, bench.jobs.letters = bench.jobs.letters, []
    bench.update(lambda s: s.select_slice(30))
    assert shown(bench) == ("1.2.3", 30)
    for letter in late:
        letter()
    assert shown(bench) == ("1.2.3", 30)


def test_a_slice_that_cannot_be_read_is_a_problem_until_another_one_is_shown(
    bench: Bench,
) -> None:
    bench.open_study(FakeSeries(volume=np.zeros((40, 8, 8), np.float32), broken=frozenset({30})))
    ears = Ears(bench)
    bench.update(lambda s: s.select_slice(30))
    assert bench.live.shown is None
    assert str(bench.live.problem) == "Slice 30 is damaged. Choose another slice."
    bench.update(lambda s: s.select_slice(10))
    assert shown(bench) == ("1.2.3", 10)
    assert ears.problems[-1] is None
    assert bench.live.problem is None


def test_a_damaged_neighbour_does_not_hide_the_slice_that_can_be_read(bench: Bench) -> None:
    bench.open_study(FakeSeries(volume=np.zeros((9, 8, 8), np.float32), broken=frozenset({5})))
    assert shown(bench) == ("1.2.3", 4)
    assert bench.live.problem is None
    assert SliceKey("1.2.3", 3) in bench.live._kept
    bench.update(lambda s: s.select_slice(5))
    assert shown(bench) is None
    assert "Slice 5 is damaged" in str(bench.live.problem)


def test_a_study_opened_again_shows_its_new_pixels(both: Bench) -> None:
    both.engine.answer()
    old_key = both.engine.looks[-1].request.image_key
    volume = FakeSeries().volume + 1000
    both.open_study(FakeSeries(volume=volume))
    assert both.live.shown is not None
    assert np.array_equal(both.live.shown.values, volume[2])
    request = both.engine.looks[-1].request
    assert request.image_key != old_key
    assert np.array_equal(request.image, volume[2])


def test_one_file_of_an_open_series_shows_that_file(bench: Bench) -> None:
    bench.open_study()
    bench.update(lambda s: s.select_slice(0))
    one = FakeSeries(volume=FakeSeries().volume[3:4])
    bench.open_study(one, path="/study/slice3.dcm")
    assert bench.live.shown is not None
    assert np.array_equal(bench.live.shown.values, one.volume[0])


def test_a_slice_of_a_study_that_was_replaced_while_it_was_read_is_not_shown(bench: Bench) -> None:
    bench.open_study(FakeSeries(volume=np.zeros((40, 8, 8), np.float32)))
    bench.store.update(lambda s: s.select_slice(30))
    bench.jobs.work()
    assert len(bench.jobs.letters) > 1
    late, bench.jobs.letters = bench.jobs.letters, []
    bench.open_study(FakeSeries(volume=np.ones((40, 8, 8), np.float32)))
    for letter in late:
        letter()
    bench.update(lambda s: s.select_slice(30))
    assert bench.live.shown is not None
    assert bench.live.shown.values.all()


def test_a_study_that_replaces_the_series_shown_by_another_leaves_nothing_of_it(
    both: Bench,
) -> None:
    both.open_study(FakeSeries("a"), FakeSeries("b", np.zeros((9, 8, 8), np.float32)), path="/ab")
    assert shown(both) == ("b", 4)
    both.engine.answer()
    both.open_study(FakeSeries("a"), path="/a")
    assert shown(both) == ("a", 2)
    assert both.live.answer is None or both.live.answer.key.series == "a"


# ---------------------------------------------------------------- one question


def test_the_engine_is_asked_as_soon_as_there_are_slice_and_network(bench: Bench) -> None:
    bench.open_study()
    assert bench.engine.looks == []
    bench.open_model()
    assert len(bench.engine.looks) == 1
    other = Bench()
    network = other.open_model()
    assert other.engine.looks == []
    other.open_study()
    (asked,) = other.engine.looks
    assert asked.request.model == network.ref
    assert (asked.request.edits, asked.request.layer) == ((), "enc")
    assert np.array_equal(asked.request.image, FakeSeries().volume[2])


CHANGES: dict[str, Callable[[Session], Session]] = {
    "layer": lambda s: s.select_layer("mid"),
    "edit": lambda s: s.edit(EDIT),
    "slice": lambda s: s.select_slice(3),
    "far slice": lambda s: s.select_slice(0),
    "edit and slice": lambda s: s.edit(EDIT).select_slice(3),
    "network": lambda s: s.open_network(unet(1, "sha256:1"), CARD),
    "card": lambda s: s.use_card(replace(CARD, preprocessing=Preprocessing(size=(8, 8)))),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_that_matters_asks_once(both: Bench, change: Callable[[Session], Session]) -> None:
    both.engine.answer()
    before = len(both.engine.looks)
    both.update(change)
    assert len(both.engine.looks) == before + 1
    request = both.engine.looks[-1].request
    assert (request.edits, request.layer) == (both.session.edits, both.session.layer)


DISPLAY: dict[str, Callable[[Session], Session]] = {
    "window": lambda s: s.set_window(Window(1, 2)),
    "filter": lambda s: s.select_filter(2),
    "input channel": lambda s: s.select_layer("enc").select_in_channel(0).select_filter(1),
    "mask": Session.toggle_mask,
    "outline": Session.toggle_outline,
    "invert": Session.toggle_inverted,
    "identity": Session.toggle_identity,
    "opacity": lambda s: s.set_opacity(0.1),
    "label": lambda s: s.toggle_label(1),
    "trained": lambda s: s.compare_trained(True),
    "gallery": lambda s: s.arrange(FilterGallery(shows=Gallery.INPUTS)),
    "maps": lambda s: s.show_maps(replace(s.maps, scaling=Scaling.EACH)),
    "scope": lambda s: s.set_scope(Scope.LAYER).set_keep_norm(False),
    "confirmed": lambda s: s.confirm_network(unet()),
}


@pytest.mark.parametrize("change", DISPLAY.values(), ids=DISPLAY)
def test_a_change_of_display_only_does_not_ask(
    both: Bench, change: Callable[[Session], Session]
) -> None:
    both.engine.answer()
    ears = Ears(both)
    before = both.session
    both.update(change)
    assert both.session != before
    assert len(both.engine.looks) == 1
    assert (ears.busy, ears.answers) == ([], [])


def test_equal_image_keys_mean_equal_images(both: Bench) -> None:
    asked = both.engine.looks
    for clip in ((-1.0, 90.0), (-2.0, 90.0), None):
        steps = Preprocessing(size=(8, 8), normalise="none", clip=clip)
        both.update(lambda s, steps=steps: s.use_card(replace(CARD, preprocessing=steps)))  # type: ignore[misc]
    both.update(lambda s: s.select_slice(1))
    keys = [one.request.image_key for one in asked]
    assert len(set(keys[1:])) == len(asked) - 1
    both.update(lambda s: s.edit(EDIT))
    assert asked[-1].request.image_key == asked[-2].request.image_key


def test_a_network_of_several_channels_is_fed_the_slice_in_each(bench: Bench) -> None:
    network = unet()
    first = replace(network.graph.layers[0], output_shape=(None, 8, 8, 3))
    graph = type(network.graph)((first, *network.graph.layers[1:]), network.graph.outputs)
    bench.open_model(replace(network, graph=graph))
    bench.open_study()
    image = bench.engine.looks[-1].request.image
    assert image.shape == (8, 8, 3)
    assert np.array_equal(image[..., 0], image[..., 2])


# -------------------------------------------------------------------- answers


def test_an_answer_is_laid_on_the_grid_of_its_slice(bench: Bench) -> None:
    steps = Preprocessing(size=(12, 6), normalise="none", clip=None)
    bench.open_model(card=replace(CARD, preprocessing=steps))
    bench.open_study()
    mask = np.arange(72, dtype=np.uint8).reshape(12, 6)
    small = np.arange(18, dtype=np.uint8).reshape(6, 3)
    bench.engine.answer(mask=mask, trained_mask=small)
    answer = bench.live.answer
    assert answer is not None
    assert answer.mask is not None
    assert answer.trained_mask is not None
    assert np.array_equal(answer.mask[:, 1:7], mask[2:10])
    assert not answer.mask[:, [0, 7]].any()
    assert np.array_equal(answer.trained_mask[:, 1:7], small.repeat(2, 0).repeat(2, 1)[2:10])


def test_busy_lasts_until_the_latest_question_is_answered(both: Bench) -> None:
    ears = Ears(both)
    assert both.live.busy
    both.update(lambda s: s.edit(EDIT))
    both.engine.answer(0)
    assert both.live.answer is not None
    assert both.live.busy
    both.engine.answer(1)
    assert not both.live.busy
    assert ears.busy == [False]


def test_the_answer_for_a_network_that_was_replaced_is_dropped(both: Bench) -> None:
    both.open_model(unet(1, "sha256:1"), path="/n.keras")
    both.engine.answer(0)
    assert both.live.answer is None
    assert both.live.busy
    both.engine.answer()
    assert both.live.answer is not None
    assert both.live.answer.look.request.model.fingerprint == "sha256:1"


def test_another_network_forgets_the_answer_of_the_last(both: Bench) -> None:
    both.engine.answer()
    ears = Ears(both)
    both.open_model(unet(1, "sha256:1"), path="/n.keras")
    assert both.live.answer is None
    assert ears.answers == [None]


def test_an_answer_knows_the_slice_and_edits_it_belongs_to(both: Bench) -> None:
    both.update(lambda s: s.select_slice(3))
    both.engine.answer(0)
    assert both.live.answer is not None
    assert both.live.answer.key == SliceKey("1.2.3", 2)
    assert shown(both) == ("1.2.3", 3)
    both.update(lambda s: s.edit(EDIT))
    both.engine.answer(1)
    assert both.live.answer.key == SliceKey("1.2.3", 3)
    assert both.live.answer.look.request.edits == ()
    both.engine.answer(2)
    assert both.live.answer.look.request.edits != ()


def test_a_failure_is_told_and_cleared_by_the_next_success(both: Bench) -> None:
    ears = Ears(both)
    error = EngineError("Out of memory.", "Choose a smaller network.")
    both.engine.looks[-1].failed(error)
    assert both.live.problem is error
    assert both.live.answer is None
    assert not both.live.busy
    both.update(lambda s: s.edit(EDIT))
    both.engine.answer()
    assert both.live.problem is None
    assert ears.problems == [error, None]


def test_the_failure_of_a_question_that_was_superseded_is_not_told(both: Bench) -> None:
    both.update(lambda s: s.edit(EDIT))
    both.engine.looks[0].failed(EngineError("Out of memory."))
    assert both.live.problem is None
    assert both.live.busy
    both.engine.answer()
    assert both.live.answer is not None


def test_a_slice_the_preprocessing_refuses_is_a_problem(bench: Bench) -> None:
    bench.open_model()
    bench.open_study(FakeSeries(volume=np.zeros((3, 0, 8), np.float32)))
    assert bench.engine.looks == []
    assert "found (0, 8)" in str(bench.live.problem)
    assert not bench.live.busy


def test_nothing_is_read_or_asked_for_a_study_that_failed_to_open(both: Bench) -> None:
    before = len(both.engine.looks)
    both.files.studies.pop(Path("/study"))
    both.desk.open_study(Path("/study"))
    both.jobs.run()
    assert len(both.engine.looks) == before
    assert shown(both) == ("1.2.3", 2)


def test_a_change_while_the_slice_is_read_does_not_read_it_again(bench: Bench) -> None:
    study = FakeStudy()
    bench.files.studies[Path("/study")] = study
    bench.desk.open_study(Path("/study"))
    bench.jobs.work()
    bench.jobs.post()
    bench.store.update(lambda s: s.set_opacity(0.1))
    assert bench.live.shown is None
    assert bench.jobs.waiting == 1
    bench.jobs.run()
    assert study.series[0].reads == [2, 3, 1, 4, 0]


# ------------------------------------------------------------------ looks ahead


def keys(requests: tuple[LookRequest, ...]) -> list[int]:
    """Slices of requests: the images of `FakeSeries` number their pixels."""
    return [int(request.image.flat[0]) // 64 for request in requests]


@pytest.fixture
def long(bench: Bench) -> Bench:
    """A series of 20 slices whose middle one is answered."""
    volume = np.arange(20 * 64, dtype=np.float32).reshape(20, 8, 8)
    bench.open_model()
    bench.open_study(FakeSeries(volume=volume))
    bench.engine.answer()
    bench.jobs.run()
    return bench


def test_neighbours_are_looked_at_ahead_once_the_slice_shown_is_answered(long: Bench) -> None:
    (ahead,) = long.engine.asked_ahead
    assert keys(ahead) == [11, 9, 12, 8]
    assert all((one.edits, one.layer) == ((), "enc") for one in ahead)
    long.update(lambda s: s.select_slice(9))
    assert len(long.engine.asked_ahead) == 1  # not before the answer
    asked = long.engine.looks[-1].request
    assert (asked.image_key, asked.model) == (ahead[1].image_key, ahead[1].model)
    assert np.array_equal(asked.image, ahead[1].image)
    long.engine.answer()
    long.jobs.run()
    assert keys(long.engine.asked_ahead[-1]) == [8, 10, 7, 11]  # the way the user goes first


def test_nothing_is_asked_ahead_twice_or_for_an_older_question(long: Bench) -> None:
    long.update(lambda s: s.set_opacity(0.2))
    long.live.ask()
    long.engine.answer()
    long.jobs.run()
    assert len(long.engine.asked_ahead) == 1
    long.update(lambda s: s.edit(EDIT))
    long.engine.answer()
    long.jobs.work()  # the inputs are made, and a newer question comes before they are told
    long.store.update(lambda s: s.select_layer("mid"))
    long.jobs.run()
    assert len(long.engine.asked_ahead) == 1
    long.engine.answer()
    long.jobs.run()
    assert [one.layer for one in long.engine.asked_ahead[-1]] == ["mid"] * 4
    assert [one.edits for one in long.engine.asked_ahead[-1]] == [(EDIT,)] * 4


def test_a_neighbour_that_cannot_be_read_is_left_out(bench: Bench) -> None:
    bench.open_model()
    bench.open_study(FakeSeries(broken=frozenset({3})))
    bench.engine.answer()
    bench.jobs.run()
    assert keys(bench.engine.asked_ahead[-1]) == [1, 4, 0]


# ------------------------------------------------------------------------ drags


def test_a_drag_asks_roughly_and_its_end_asks_exactly_once(long: Bench) -> None:
    long.live.set_visible((2.0, 1.0, 3.0, 4.0))
    before = len(long.engine.looks)
    long.live.set_dragging(True)
    long.update(lambda s: s.edit(EDIT))
    long.update(lambda s: s.edit(SetBias("enc", 0, 2.0), same_gesture=True))
    long.engine.answer(exact_in=(2, 1, 3, 4))
    long.jobs.run()
    assert len(long.engine.asked_ahead) == 1  # not while something is dragged
    long.live.set_dragging(False)
    long.live.set_dragging(False)
    requests = [asked.request for asked in long.engine.looks[before:]]
    assert [one.dragging for one in requests] == [True, True, False]
    assert [one.visible for one in requests] == [(2, 1, 3, 4), (2, 1, 3, 4), None]
    assert requests[-1].edits == long.session.edits
    long.engine.answer()
    long.jobs.run()
    assert long.live.answer is not None
    assert long.live.answer.look.exact_in is None
    assert len(long.engine.asked_ahead) == 2


def test_a_drag_that_changed_nothing_asks_nothing(long: Bench) -> None:
    before = len(long.engine.looks)
    long.live.set_dragging(True)
    long.live.set_dragging(False)
    long.jobs.run()
    assert len(long.engine.looks) == before


def test_an_edit_makes_the_input_of_the_network_no_second_time(
    long: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Preprocessing, "apply", None)  # so that another call fails
    long.update(lambda s: s.edit(EDIT))
    assert long.engine.looks[-1].request.edits == (EDIT,)
    long.update(lambda s: s.select_slice(11))  # made when it was looked at ahead
    assert keys((long.engine.looks[-1].request,)) == [11]


def test_the_part_on_screen_is_told_in_the_grid_of_the_input() -> None:
    steps = Preprocessing(size=(12, 20), spacing=(2.0, 0.5), normalise="none")
    series = FakeSeries(spacing=(1.0, 1.0, 1.0))
    fed = network_input([series.volume[0]], series, steps, unet(), "key")
    assert fed.placement.resampled == (4, 16)  # 8 by 8 pixels, in the middle of 12 by 20
    assert fed.part((0.0, 0.0, 8.0, 8.0)) == (4, 2, 4, 16)
    assert fed.part((2.0, 1.0, 2.0, 3.0)) == (5, 4, 1, 6)
    assert fed.part((2.5, 0.0, 2.0, 8.0)) == (5, 2, 2, 16)
    assert fed.part(None) is None
    assert fed.part((20.0, 20.0, 1.0, 1.0)) is None
