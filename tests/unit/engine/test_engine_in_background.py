"""Background work of the engine's process: told as it goes, cancelled at will, and it survives."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from tests.unit.engine.bench import (
    EDITS,
    MAPS,
    Caller,
    FakeWorkbench,
    ThreadChild,
    request,
    sweep_request,
    until_a_request_waits,
)

from unetscope.domain.errors import EngineError
from unetscope.domain.ports import Cancel, Effects, EngineState, Look, LookRequest
from unetscope.domain.survey import MapPeaks
from unetscope.engine import idle, supervisor
from unetscope.engine.messages import LookAhead, LookAt


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> FakeWorkbench:
    bench = FakeWorkbench()
    monkeypatch.setattr(ThreadChild, "born", [], raising=False)
    monkeypatch.setattr(ThreadChild, "bench", bench, raising=False)
    monkeypatch.setattr(supervisor, "Child", ThreadChild)
    monkeypatch.setattr(idle, "TELL_EVERY", 0.0)
    return bench


@pytest.fixture
def caller(bench: FakeWorkbench) -> Iterator[Caller]:
    caller = Caller()
    yield caller
    caller.engine.stop()


def sweep(caller: Caller, **more: object) -> Cancel:
    asked = sweep_request(**more)
    return caller.engine.sweep(asked, caller.told, caller.answers.append, caller.errors.append)


def test_a_sweep_tells_how_far_it_is_and_then_everything(caller: Caller) -> None:
    sweep(caller)
    effects = caller.wait_for(1)
    assert isinstance(effects, Effects)
    assert effects.changed_pixels.tolist() == [0, 10, 20, 30]
    assert [(done, total) for done, total, _ in caller.progress] == [(1, 4), (2, 4), (3, 4)]
    assert caller.progress[1][2].changed_pixels.tolist() == [0, 10, -1, -1]
    assert caller.states == [EngineState.STARTING, EngineState.READY]


def test_a_look_is_answered_before_the_sweep_that_was_asked_first(
    caller: Caller, bench: FakeWorkbench
) -> None:
    def ask(step: int) -> None:
        if step == 1:  # the sweep has begun
            caller.engine.look(request("7"), caller.answers.append, caller.errors.append)
            until_a_request_waits()

    bench.before_step = ask
    sweep(caller)
    caller.wait_for(2)
    assert [type(answer) for answer in caller.answers] == [Look, Effects]


def test_a_cancelled_sweep_ends_and_never_calls_back(caller: Caller, bench: FakeWorkbench) -> None:
    bench.before_step = lambda step: None if step == 1 else until_a_request_waits()
    cancel = sweep(caller)
    caller.until(lambda: len(caller.progress) == 1)
    cancel()
    caller.engine.look(request("3"), caller.answers.append, caller.errors.append)
    assert isinstance(caller.wait_for(1), Look)
    caller.engine.segment(request("4"), caller.answers.append, caller.errors.append)
    caller.wait_for(2)
    assert len(caller.progress) == 1
    assert caller.errors == []
    assert not any(isinstance(answer, Effects) for answer in caller.answers)
    assert bench.closed == 1
    assert bench.steps <= 2  # the second may not have begun


def test_pixels_that_were_sent_ahead_are_not_sent_again(caller: Caller) -> None:
    engine = caller.engine
    engine.look(request("5"), caller.answers.append, caller.errors.append)
    caller.wait_for(1)
    engine.ahead([request("6"), request("4"), request("5")])
    engine.segment(request("8"), caller.answers.append, caller.errors.append)
    caller.wait_for(2)  # what is less urgent is done: so is the rest
    engine.look(request("6"), caller.answers.append, caller.errors.append)
    look = caller.wait_for(3)

    assert isinstance(look, Look)
    assert look.mask is not None
    assert np.array_equal(look.mask, np.zeros((8, 8), np.uint8))
    received = ThreadChild.born[0].received
    (ahead,) = [message for message in received if isinstance(message, LookAhead)]
    assert [each.image is not None for each in ahead.requests] == [True, True, False]
    looks = [message for message in received if isinstance(message, LookAt)]
    assert [message.image is not None for message in looks] == [True, False]
    assert look.update.layers_recomputed == 0


def test_the_engine_dies_in_a_sweep_and_does_it_again(caller: Caller, bench: FakeWorkbench) -> None:
    def die_once(step: int) -> None:
        if step == 3 and len(ThreadChild.born) == 1:
            ThreadChild.born[0].kill()

    bench.before_step = die_once
    sweep(caller)
    caller.engine.segment(request("2"), caller.answers.append, caller.errors.append)
    caller.wait_for(2)

    assert caller.errors == []
    assert isinstance(caller.answers[0], Effects)
    assert caller.answers[0].changed_pixels.tolist() == [0, 10, 20, 30]
    assert np.array_equal(caller.answers[1], np.full((8, 8), 2, np.uint8))
    assert len(ThreadChild.born) == 2
    assert caller.states[2:] == [EngineState.RESTARTING, EngineState.READY]


def test_a_sweep_that_always_kills_it_fails_alone(caller: Caller, bench: FakeWorkbench) -> None:
    def die(step: int) -> None:
        if step == 2:
            ThreadChild.born[-1].kill()

    bench.before_step = die
    sweep(caller)
    caller.engine.segment(request("2"), caller.answers.append, caller.errors.append)
    caller.wait_for(2)

    (error,) = caller.errors
    assert isinstance(error, EngineError)
    assert "3 times" in error.what
    assert np.array_equal(caller.answers[0], np.full((8, 8), 2, np.uint8))
    assert len(ThreadChild.born) == 4


def test_looking_ahead_that_kills_it_is_not_tried_again(
    caller: Caller, bench: FakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = bench.look

    def deadly(asked: object) -> Look:
        if asked.image_key == "6":  # type: ignore[attr-defined]
            ThreadChild.born[-1].kill()
        return look(asked)  # type: ignore[arg-type]

    monkeypatch.setattr(bench, "look", deadly)
    caller.engine.ahead([request("6"), request("4")])
    caller.until(lambda: caller.states.count(EngineState.READY) == 2)
    caller.engine.look(request("5"), caller.answers.append, caller.errors.append)
    assert isinstance(caller.wait_for(1), Look)
    assert len(ThreadChild.born) == 2
    assert caller.errors == []


def test_all_background_work_fails_where_no_engine_can_be_started(
    caller: Caller, bench: FakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise OSError("no processes left")

    def die(_step: int) -> None:
        monkeypatch.setattr(supervisor, "Child", never)
        ThreadChild.born[-1].kill()

    bench.before_step = die
    sweep(caller)
    caller.engine.segment(request("2"), caller.answers.append, caller.errors.append)
    caller.wait_for(2)
    assert caller.answers == []
    assert all("could not be started" in error.what for error in caller.errors)


def test_nothing_of_the_sweep_is_left_in_what_is_asked_next(
    caller: Caller, bench: FakeWorkbench
) -> None:
    sweep(caller)
    caller.wait_for(1)
    assert bench.steps == MAPS
    sweep(caller)
    caller.wait_for(2)
    assert bench.steps == MAPS  # the answer was kept
    sweep(caller, edits=(*EDITS, *EDITS))
    caller.wait_for(3)
    assert bench.steps == 2 * MAPS


def survey(caller: Caller, key: str) -> Cancel:
    return caller.engine.survey(request(key), caller.answers.append, caller.errors.append)


def test_a_survey_of_a_slice_says_how_strong_its_maps_are(caller: Caller) -> None:
    survey(caller, "3")
    found = caller.wait_for(1)
    assert isinstance(found, MapPeaks)
    assert found.greatest.tolist() == [4, 7, 10, 13]  # three times 1 to 4, and one edit
    assert found.at.tolist() == [[0, 0]] * 4


def test_the_engine_dies_in_a_survey_and_does_it_again(
    caller: Caller, bench: FakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bench.survey

    def deadly(asked: LookRequest) -> MapPeaks:
        if asked.image_key == "5" and len(ThreadChild.born) == 1:
            ThreadChild.born[0].kill()
        return whole(asked)

    monkeypatch.setattr(bench, "survey", deadly)
    survey(caller, "5")
    survey(caller, "6")
    caller.wait_for(2)
    assert caller.errors == []
    assert [peaks.greatest[0] for peaks in caller.answers] == [6, 7]
    assert len(ThreadChild.born) == 2


def test_a_cancelled_survey_never_calls_back(caller: Caller, bench: FakeWorkbench) -> None:
    def wait(_step: int) -> None:
        time.sleep(0.01)

    bench.before_step = wait
    sweep(caller)  # it goes first, so that the survey waits
    survey(caller, "7")()
    survey(caller, "8")
    caller.wait_for(2)
    assert bench.looks == ["8"]


def test_memory_that_runs_out_is_an_answer_and_the_engine_lives_on(
    caller: Caller, bench: FakeWorkbench
) -> None:
    class ResourceExhaustedError(Exception):
        """As TensorFlow calls it."""

    for trouble in (MemoryError(), ResourceExhaustedError("OOM when allocating")):
        bench.trouble = trouble
        sweep(caller)
        caller.wait_for(len(caller.errors) + 1)
    assert [error.what for error in caller.errors] == ["The engine ran out of memory."] * 2
    assert len(ThreadChild.born) == 1
