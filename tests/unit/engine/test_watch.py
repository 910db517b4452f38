"""What the engine's process is ended for, and when it is not started again."""

from __future__ import annotations

import signal
import sys

import pytest

from unetscope.engine import machine, watch
from unetscope.engine.pulse import EVERY, Pulse
from unetscope.engine.watch import Deaths, Watch, cause_of


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock.monotonic)
    monkeypatch.setattr(machine, "free", lambda: 8 << 30)
    monkeypatch.setattr(machine, "installed", lambda: 16 << 30)
    monkeypatch.setattr(machine, "used_by", lambda _: 6 << 30)
    return clock


def test_only_silence_that_is_too_long_is_a_hang(clock: Clock) -> None:
    watched = Watch(1)
    for _ in range(10):
        clock.now += 20
        assert watched.trouble(30) is None
        watched.heard()
    clock.now += 31
    cause = watched.trouble(30)
    assert cause is not None
    assert cause.sentence == (
        "The engine gave no sign of life for 30 seconds; it is being started again."
    )
    assert watched.trouble(float("inf")) is None  # it has nothing to do


def test_what_does_not_stop_in_time_is_ended(clock: Clock) -> None:
    watched = Watch(1)
    watched.expect_free()
    clock.now += watch.FREE_WITHIN / 2
    assert watched.is_stopping
    assert watched.trouble(30) is None
    clock.now += watch.FREE_WITHIN
    assert watched.trouble(30) is watch.STOPPED
    watched.is_free()
    assert watched.trouble(30) is None


def test_a_large_engine_is_ended_before_the_machine_swaps(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watch(1)
    monkeypatch.setattr(machine, "free", lambda: 400 << 20)
    cause = watched.trouble(30)
    assert cause is not None
    assert "took 6.4 GB and left 0.4 GB" in cause.sentence
    monkeypatch.setattr(machine, "used_by", lambda _: 1 << 30)
    clock.now += 1
    assert watched.trouble(30) is None  # somebody else took it
    monkeypatch.setattr(machine, "free", lambda: None)
    monkeypatch.setattr(machine, "used_by", lambda _: 15 << 30)
    clock.now += 1
    assert watched.trouble(30) is None  # nobody knows


def test_it_is_not_started_for_ever(clock: Clock) -> None:
    deaths = Deaths()
    for _ in range(watch.UNREADY):
        assert not deaths.are_too_many
        deaths.add(was_ready=False)
    assert deaths.are_too_many
    assert "could not be started" in deaths.sentence

    deaths.forget()
    for _ in range(watch.MANY):
        assert not deaths.are_too_many
        deaths.add(was_ready=True)
    assert deaths.are_too_many
    assert f"{watch.MANY} times" in deaths.sentence

    deaths.forget()
    for _ in range(10 * watch.MANY):  # now and then is not too often
        clock.now += watch.WITHIN / (watch.MANY - 1)
        deaths.add(was_ready=True)
        assert not deaths.are_too_many


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_how_it_ended_is_said() -> None:
    assert "from outside" in cause_of(-signal.SIGKILL).sentence
    assert "crashed" in cause_of(-signal.SIGSEGV).sentence
    for code in (0, 1, None):
        assert cause_of(code).what == "The engine stopped"


def test_signs_of_life_come_now_and_then(clock: Clock) -> None:
    pulse, told = Pulse(), list[float]()
    pulse.beat()  # nobody listens
    pulse.tell = lambda: told.append(clock.now)
    for _ in range(100):
        clock.now += EVERY / 10
        pulse.beat()
    assert 8 <= len(told) <= 11
