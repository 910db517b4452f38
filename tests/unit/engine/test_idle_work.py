"""Idle moments: nothing waits for them, nothing is computed twice, nothing is left behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.engine.bench import (
    EDITS,
    MAPS,
    FakeWorkbench,
    as_workbench,
    request,
    sweep_request,
)

from unetscope.domain.edits import SetBias
from unetscope.domain.errors import EngineError, ModelError
from unetscope.domain.ports import Effects
from unetscope.engine import idle
from unetscope.engine.idle import IdleWork
from unetscope.engine.messages import Done, Failed, Progress, Reply
from unetscope.engine.recent import Recent


@pytest.fixture
def bench() -> FakeWorkbench:
    return FakeWorkbench()


@pytest.fixture
def work(bench: FakeWorkbench) -> IdleWork:
    return IdleWork(as_workbench(bench), budget=1 << 20)


def to_the_end(work: IdleWork) -> list[Reply]:
    """Be idle until nothing waits; gives what was said."""
    said = []
    for _ in range(100):
        if not work.waits:
            break
        said.append(work.piece())
    assert not work.waits
    return [reply for reply in said if reply is not None]


# ---------------------------------------------------------------------- ahead


def test_a_look_that_was_computed_ahead_is_not_computed_again(
    work: IdleWork, bench: FakeWorkbench
) -> None:
    work.look(request("0"))
    work.look_ahead(1, [request("1"), request("2")])
    to_the_end(work)
    bench.looks.clear()

    asked = request("2")
    look = work.look(asked)

    assert bench.looks == []
    assert look.request is asked
    assert look.update.layers_recomputed == 0
    assert look.maps is not None
    assert np.array_equal(look.maps.trained[..., 0], asked.image)


@pytest.mark.parametrize(
    "other",
    [
        request("2", layer="mid"),
        request("2", edits=()),
        request("2", model=replace(request().model, fingerprint="sha256:1")),
        request("3"),
    ],
    ids=["layer", "edits", "model", "slice"],
)
def test_a_look_that_differs_in_anything_is_computed(
    work: IdleWork, bench: FakeWorkbench, other: object
) -> None:
    work.look_ahead(1, [request("2")])
    to_the_end(work)
    bench.looks.clear()
    work.look(other)  # type: ignore[arg-type]
    assert len(bench.looks) == 1


def test_answers_for_other_edits_of_the_same_network_are_dropped(
    work: IdleWork, bench: FakeWorkbench
) -> None:
    work.look_ahead(1, [request("1")])
    to_the_end(work)
    work.look(request("0", edits=(*EDITS, SetBias("enc", 1, 1.0))))
    bench.looks.clear()
    work.look(request("1"))
    assert bench.looks == ["1"]


def test_a_new_list_replaces_the_former_one(work: IdleWork, bench: FakeWorkbench) -> None:
    work.look_ahead(1, [request("1"), request("2"), request("3")])
    work.piece()
    work.look_ahead(2, [request("3"), request("4")])
    to_the_end(work)
    assert bench.looks == ["1", "3", "4"]


def test_a_slice_that_cannot_be_looked_at_does_not_stop_the_others(
    work: IdleWork, bench: FakeWorkbench
) -> None:
    work.look_ahead(1, [request("-1"), request("2")])
    said = to_the_end(work)
    assert bench.looks == ["-1", "2"]
    assert [type(reply) for reply in said] == [Done]
    with pytest.raises(ModelError, match="does not fit"):
        work.look(request("-1"))


def test_within_a_small_budget_the_nearest_slices_are_the_ones_that_are_ready(
    bench: FakeWorkbench,
) -> None:
    size = 8 * 8 * (1 + 3 * 4 + 2 * 4 * 4)  # one mask, probabilities, two activations
    work = IdleWork(as_workbench(bench), budget=2 * size)
    work.look_ahead(1, [request(str(n)) for n in range(1, 6)])
    to_the_end(work)
    bench.looks.clear()
    work.look(request("1"))
    work.look(request("2"))
    assert bench.looks == []


def test_after_looking_ahead_the_workbench_is_back_at_the_slice_shown(
    work: IdleWork, bench: FakeWorkbench
) -> None:
    work.look(request("0"))
    work.look_ahead(1, [request("1"), request("2")])
    to_the_end(work)
    assert bench.looks == ["0", "1", "2", "0"]
    work.look(request("2"))
    to_the_end(work)
    assert bench.looks == ["0", "1", "2", "0", "2"]
    assert not work.waits


def test_a_rough_answer_is_not_kept_for_an_exact_question(
    work: IdleWork, bench: FakeWorkbench
) -> None:
    part = (0, 0, 4, 4)
    assert work.look(request(dragging=True, visible=part)).exact_in == part
    assert work.look(request()).exact_in is None
    assert bench.looks == ["0", "0"]


# ---------------------------------------------------------------------- sweep


def test_a_look_in_the_midst_of_a_sweep_is_answered_and_the_sweep_goes_on(
    work: IdleWork, bench: FakeWorkbench
) -> None:
    work.sweep(1, sweep_request())
    work.piece()
    assert work.look(request("7")).mask is not None
    assert bench.steps == 1
    (done,) = to_the_end(work)
    assert isinstance(done, Done)
    assert isinstance(done.value, Effects)
    assert done.value.changed_pixels.tolist() == [0, 10, 20, 30]
    assert (bench.steps, bench.closed) == (MAPS, 1)


def test_a_sweep_says_how_far_it_is(work: IdleWork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "TELL_EVERY", 0.0)
    work.sweep(1, sweep_request())
    said = to_the_end(work)
    steps = [reply for reply in said if isinstance(reply, Progress)]
    assert [(reply.done, reply.total) for reply in steps] == [(1, MAPS), (2, MAPS), (3, MAPS)]
    assert isinstance(steps[0].value, Effects)
    assert steps[0].value.changed_pixels.tolist() == [0, -1, -1, -1]
    assert isinstance(said[-1], Done)


def test_a_sweep_that_is_stopped_is_closed_and_says_nothing(
    work: IdleWork, bench: FakeWorkbench
) -> None:
    work.sweep(1, sweep_request())
    work.piece()
    work.stop(1)
    assert bench.closed == 1
    assert to_the_end(work) == []
    assert bench.steps == 1
    work.stop(1)  # a second time is nothing


def test_a_sweep_is_done_once_for_each_question(work: IdleWork, bench: FakeWorkbench) -> None:
    reference = np.zeros((8, 8), np.uint8)
    questions = [
        sweep_request(),
        sweep_request(),
        sweep_request(reference=reference),
        sweep_request(reference=reference.copy()),
        sweep_request(reference=reference + 1),
        sweep_request(how="mean"),
        sweep_request(channels=(0, 2)),
        sweep_request(edits=()),
        sweep_request(image_key="1"),
    ]
    for number, question in enumerate(questions):
        work.sweep(number, question)
    said = to_the_end(work)
    assert sorted(reply.id for reply in said if isinstance(reply, Done)) == list(range(9))
    assert bench.sweeps == 7


def test_trouble_in_a_sweep_is_told_and_the_rest_goes_on(
    work: IdleWork, bench: FakeWorkbench
) -> None:
    bench.trouble = ModelError("enc has no feature maps.")
    work.sweep(1, sweep_request())
    (told,) = to_the_end(work)
    assert isinstance(told, Failed)
    assert told.error is bench.trouble
    bench.trouble = RuntimeError("unforeseen")
    work.sweep(2, sweep_request())
    (told,) = to_the_end(work)
    assert isinstance(told, Failed)
    assert isinstance(told.error, EngineError)
    assert "unforeseen" in told.details
    bench.trouble = None
    work.sweep(3, sweep_request())
    assert isinstance(to_the_end(work)[-1], Done)


# -------------------------------------------------------------------- urgency


def test_what_is_more_urgent_goes_first(work: IdleWork, bench: FakeWorkbench) -> None:
    work.segment(1, request("9", layer=None))
    work.sweep(2, sweep_request())
    work.look_ahead(3, [request("5")])
    said = to_the_end(work)
    assert [reply.id for reply in said if isinstance(reply, Done)] == [3, 2, 1]
    assert bench.looks == ["5", "9"]


def test_a_mask_of_one_slice_of_many(work: IdleWork) -> None:
    work.segment(1, request("2", layer=None))
    (done,) = to_the_end(work)
    assert isinstance(done, Done)
    assert np.array_equal(done.value, np.full((8, 8), 2, np.uint8))  # type: ignore[arg-type]


# --------------------------------------------------------------------- recent


def test_the_latest_things_are_kept() -> None:
    recent: Recent[str] = Recent(3)
    for key in "abc":
        recent.put(key, key.upper())
    assert recent.get("a") == "A"
    recent.put("d", "D")
    assert [key in recent for key in "abcd"] == [True, False, True, True]
    assert recent.get("b") is None
    recent.keep_only(lambda item: item != "A")
    assert len(recent) == 2


def test_a_thing_that_is_too_big_is_not_kept_and_sizes_are_counted() -> None:
    recent: Recent[str] = Recent(10, len)
    recent.put("a", "1234")
    recent.put("a", "12345")
    recent.put("b", "12345")
    assert ("a" in recent, "b" in recent) == (True, True)
    recent.put("c", "12345678901")
    assert len(recent) == 0
    recent.put("d", "1234567890")
    assert recent.get("d") == "1234567890"
