"""Slices through the network: what a run held is free when it is over."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

from tests.unit.fakes import HandJobs

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.ports import Cancel
from unetscope.state.series_run import SeriesRun


class Masks(list[str]):
    """What is gathered; a list that can be referred to weakly."""


class Request:
    """As the engine has it: who can cancel a request holds it with its callbacks."""

    def __init__(self, done: Callable[[str], None]) -> None:
        self.done = done

    def cancel(self) -> None:
        """Nothing is under way here."""


def gone_through() -> weakref.ref[Masks]:
    """Take three slices through the network; gives what their masks were gathered in."""
    masks, jobs = Masks(), HandJobs()
    requests: list[Request] = []
    over: list[bool] = []

    def ask(
        task: str,
        fed: object,
        done: Callable[[str], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        requests.append(Request(done))
        return requests[-1].cancel

    run = SeriesRun[str, str](
        jobs,
        "try",
        ("a", "b", "c"),
        read=lambda task: task,  # type: ignore[arg-type,return-value]
        ask=ask,
        take=lambda task, fed, answer: masks.append(answer),
        failed=lambda error: None,
        ended=lambda: over.append(True),
    )
    run.start()
    jobs.run()
    while requests:
        requests.pop(0).done("mask")
        jobs.run()
    run.stop()
    assert over
    assert len(masks) == 3
    return weakref.ref(masks)


def test_what_a_run_held_is_free_at_once() -> None:
    gc.disable()
    try:
        assert gone_through()() is None
    finally:
        gc.enable()
