"""Questions about the mask, on their way to the engine's process and back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from tests.unit.engine.bench import (
    EDITS,
    PATIENCE,
    REF,
    Caller,
    FakeWorkbench,
    ThreadChild,
    request,
    until_a_request_waits,
)

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.question import Question
from unetscope.domain.ports import Cancel, Look
from unetscope.engine import idle, supervisor
from unetscope.engine.messages import Ask, Explain


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sum(Question):
    """The sum of the image, told three times on the way."""

    times: int = 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OfMany(Sum):
    """The same of one slice of many."""

    of_many: ClassVar[bool] = True


def a_sum(key: str = "1", kind: type[Sum] = Sum, **more: Any) -> Sum:
    image = np.full((8, 8), float(key), np.float32)
    return kind(model=REF, image=image, image_key=key, edits=EDITS, **more)


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


def explain(caller: Caller, question: Question) -> Cancel:
    return caller.engine.explain(question, caller.told, caller.answers.append, caller.errors.append)


def ask(caller: Caller, question: Question) -> None:
    caller.engine.ask(question, caller.answers.append, caller.errors.append)


def test_an_answer_comes_with_how_far_it_was(caller: Caller) -> None:
    explain(caller, a_sum("2", times=3))
    assert caller.wait_for(1) == 2 * 64 * 3
    assert caller.progress == [(1, 4, 128.0), (2, 4, 256.0), (3, 4, 384.0)]


def test_a_quick_question_comes_before_one_that_is_under_way(
    caller: Caller, bench: FakeWorkbench
) -> None:
    def then(step: int) -> None:
        if step == 1:
            bench.before_step = lambda _: None
            ask(caller, a_sum("5"))
            until_a_request_waits()

    bench.before_step = then
    explain(caller, a_sum("1"))
    caller.wait_for(2)
    assert caller.answers == [5 * 64.0, 64.0]


def test_what_is_asked_of_one_of_many_goes_last(caller: Caller, bench: FakeWorkbench) -> None:
    def then(step: int) -> None:
        if step == 1:
            bench.before_step = lambda _: None
            explain(caller, a_sum("5"))
            until_a_request_waits()

    bench.before_step = then
    explain(caller, a_sum("1", OfMany))
    caller.wait_for(2)
    assert caller.answers == [5 * 64.0, 64.0]


def test_of_quick_questions_only_the_latest_of_a_kind_waits(
    caller: Caller, bench: FakeWorkbench
) -> None:
    def then(step: int) -> None:
        bench.before_step = lambda _: None
        for key in ("2", "3", "4"):
            ask(caller, a_sum(key))
        ask(caller, a_sum("9", OfMany))
        until_a_request_waits()

    bench.before_step = then
    explain(caller, a_sum("1"))
    caller.wait_for(3)
    assert sorted(caller.answers) == [64.0, 4 * 64.0, 9 * 64.0]


def test_a_cancelled_question_ends_and_never_calls_back(
    caller: Caller, bench: FakeWorkbench
) -> None:
    bench.before_step = lambda step: None if step == 1 else until_a_request_waits()
    cancel = explain(caller, a_sum("1"))
    caller.until(lambda: bool(caller.progress))
    cancel()
    caller.engine.look(request("7"), caller.answers.append, caller.errors.append)
    assert isinstance(caller.wait_for(1), Look)
    caller.until(lambda: bench.closed == 1)
    assert not caller.errors


def test_trouble_is_told_and_the_engine_goes_on(caller: Caller, bench: FakeWorkbench) -> None:
    bench.trouble = ModelError("There is nothing to explain.", "Choose a class.")
    explain(caller, a_sum("1"))
    caller.until(lambda: len(caller.errors) == 1)
    ask(caller, a_sum("1"))
    caller.until(lambda: len(caller.errors) == 2)
    assert {error.what for error in caller.errors} == {"There is nothing to explain."}
    bench.trouble = None
    ask(caller, a_sum("3"))
    assert caller.wait_for(3) == 3 * 64.0


def test_an_image_is_sent_once(caller: Caller) -> None:
    ask(caller, a_sum("2"))
    caller.wait_for(1)
    explain(caller, a_sum("2", times=2))
    assert caller.wait_for(2) == 2 * 64 * 2
    sent = [one for one in ThreadChild.born[0].received if isinstance(one, Ask | Explain)]
    assert [one.image is None for one in sent] == [False, True]
    assert all(not one.question.image.size for one in sent)


def test_a_question_outlives_the_engine(caller: Caller, bench: FakeWorkbench) -> None:
    def die(step: int) -> None:
        bench.before_step = lambda _: None
        ThreadChild.born[-1].kill()

    bench.before_step = die
    explain(caller, a_sum("2"))
    assert caller.wait_for(1) == 2 * 64.0
    assert len(ThreadChild.born) == 2


def test_after_a_question_about_another_slice_the_engine_goes_back_to_the_one_shown(
    caller: Caller, bench: FakeWorkbench
) -> None:
    caller.engine.look(request("7"), caller.answers.append, caller.errors.append)
    caller.wait_for(1)
    for key in ("7", "7", "7"):
        ask(caller, a_sum(key))
        caller.wait_for(len(caller.answers) + 1)
    explain(caller, a_sum("7"))
    caller.wait_for(len(caller.answers) + 1)
    time.sleep(0.05)  # idle moments
    assert bench.looks == ["7"]

    ask(caller, a_sum("5"))
    patience = time.monotonic() + PATIENCE
    while len(bench.looks) < 2:
        assert time.monotonic() < patience
        time.sleep(0.001)
    assert bench.looks == ["7", "7"]
