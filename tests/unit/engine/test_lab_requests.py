"""The filter lab over the engine's process: latest wins, fair beside looks, and it survives."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from tests.unit.engine.bench import Caller, FakeWorkbench, ThreadChild, request
from tests.unit.fakes import lab_maps_of

from unetscope.domain.errors import ModelError
from unetscope.domain.lab import LabLayer, LabMaps, LabRequest
from unetscope.domain.ports import Look
from unetscope.engine import supervisor
from unetscope.engine.jobs import LookJob
from unetscope.engine.lab_job import LabJob
from unetscope.engine.messages import Convolve
from unetscope.engine.requests import Requests


class LabWorkbench(FakeWorkbench):
    """Gives `lab_maps_of` a request; waits, dies or fails over it when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: list[float] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.deaths = 0

    def convolve(self, asked: LabRequest) -> LabMaps:
        self.go_on.wait()
        if self.deaths:
            self.deaths -= 1
            ThreadChild.born[-1].kill()
        self.sums.append(float(asked.kernels[0].sum()))
        if asked.layer.stride == 8:
            raise ModelError("This stride does not fit.", "Choose another one.")
        return lab_maps_of(asked)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> LabWorkbench:
    bench = LabWorkbench()
    monkeypatch.setattr(ThreadChild, "born", [], raising=False)
    monkeypatch.setattr(ThreadChild, "bench", bench, raising=False)
    monkeypatch.setattr(supervisor, "Child", ThreadChild)
    return bench


@pytest.fixture
def caller(bench: LabWorkbench) -> Iterator[Caller]:
    caller = Caller()
    yield caller
    bench.go_on.set()
    caller.engine.stop()


def lab_request(value: float = 1.0, layer: LabLayer = LabLayer(), side: int = 200) -> LabRequest:  # noqa: B008
    image = np.arange(side * side, dtype=np.float32).reshape(side, side)
    kernels = (np.full((4, 4), value, np.float32), np.full((3, 5), value, np.float32))
    return LabRequest(image=image, image_key=f"lab/{side}", kernels=kernels, layer=layer)


def ask(caller: Caller, asked: LabRequest) -> None:
    caller.engine.convolve(asked, caller.answers.append, caller.errors.append)


def test_maps_large_and_small_come_back_with_their_request(caller: Caller) -> None:
    for count, side in enumerate((200, 8, 200), start=1):
        asked = lab_request(2.0, side=side)
        ask(caller, asked)
        found = caller.wait_for(count)
        assert isinstance(found, LabMaps)
        assert found.request is asked
        assert found.refusals == ("no (4, 4)", "no (3, 5)")
        wanted = lab_maps_of(asked)
        assert found.ranges == wanted.ranges
        for one, other in zip(found.maps, wanted.maps, strict=True):
            assert np.array_equal(one, other)


def test_pixels_are_sent_once(caller: Caller) -> None:
    for count in (1, 2):
        ask(caller, lab_request(float(count)))
        caller.wait_for(count)
    sent = [each for each in ThreadChild.born[0].received if isinstance(each, Convolve)]
    assert [each.image is None for each in sent] == [False, True]


def test_of_many_requests_only_the_latest_that_waits_is_answered(
    caller: Caller, bench: LabWorkbench
) -> None:
    bench.go_on.clear()
    for value in range(20):
        ask(caller, lab_request(float(value)))
    bench.go_on.set()
    caller.until(lambda: 19 * 16.0 in bench.sums and len(caller.answers) >= len(bench.sums))
    assert len(bench.sums) <= 2


def test_a_lab_that_fails_says_why_and_the_next_request_is_answered(caller: Caller) -> None:
    ask(caller, lab_request(layer=LabLayer(8)))
    caller.wait_for(1)
    assert "stride" in str(caller.errors[0])
    ask(caller, lab_request())
    assert isinstance(caller.wait_for(2), LabMaps)


def test_a_request_during_which_the_engine_dies_is_answered_by_the_next_one(
    caller: Caller, bench: LabWorkbench
) -> None:
    bench.deaths = 1
    ask(caller, lab_request())
    assert isinstance(caller.wait_for(1), LabMaps)
    assert len(ThreadChild.born) == 2


def test_a_request_that_kills_the_engine_every_time_is_given_up(
    caller: Caller, bench: LabWorkbench
) -> None:
    bench.deaths = 3
    ask(caller, lab_request())
    caller.wait_for(1)
    assert "3 times" in str(caller.errors[0])
    caller.engine.look(request("1"), caller.answers.append, caller.errors.append)
    assert isinstance(caller.wait_for(2), Look)


def test_looks_and_lab_requests_take_turns_however_often_each_is_superseded() -> None:
    requests = Requests()

    def look() -> LookJob:
        job = LookJob(request("1"), lambda _: None, lambda _: None)
        requests.put_latest(job)
        return job

    def lab() -> LabJob:
        job = LabJob(lab_request(), lambda _: None, lambda _: None)
        requests.put_latest(job)
        return job

    look()
    lab()
    latest_look, latest_lab = look(), lab()
    assert requests.next() is latest_look
    requests.current = None
    newer = look()
    assert requests.next() is latest_lab
    requests.current = None
    assert requests.next() is newer
    requests.current = None
    assert not requests.wait
