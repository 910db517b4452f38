# ruff: noqa: E501  (a row of the table is one line)
"""The engine's process killed, hung, or without memory, at rest and at work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from tests.faults.fault import Fault, nothing
from tests.faults.room import Room, wait_until

from unetscope.domain.session import Session
from unetscope.engine import jobs, machine
from unetscope.engine.process import EngineProcess
from unetscope.engine.supervisor import Supervisor

ONLY = "linux"


def engine_of(room: Room) -> EngineProcess:
    """The engine, which runs in a process of its own."""
    assert isinstance(room.program.engine, EngineProcess)
    return room.program.engine


def kill(room: Room) -> int:
    """Kill the engine's process; gives its id."""
    pid = engine_of(room).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def wait_for_another(room: Room, pid: int) -> None:
    """Wait until there is another process."""
    wait_until(lambda: engine_of(room).pid not in (None, pid), "another process", 60.0)


def killed(room: Room, _: Path) -> None:
    pid = kill(room)
    room.wait_for_word()
    wait_for_another(room, pid)


def killed_while_saving(room: Room, folder: Path) -> None:
    """The file is there whole, or not at all."""
    room.program.desk.save_model(folder / "a.keras")
    pid = kill(room)
    wait_until(lambda: "a.keras" in room.said, "a word about the file", 150.0)
    wait_for_another(room, pid)
    wait_until(  # the card goes along, soon after
        lambda: {path.name for path in folder.iterdir()} == {"a.keras", "a.card.json"},
        "the file and its card, and nothing else",
    )


def supervisor_of(room: Room) -> Supervisor:
    """The thread that watches over the engine."""
    supervisor = engine_of(room)._supervisor
    assert supervisor is not None
    return supervisor


@contextmanager
def stopped_at_work(room: Room) -> Iterator[int]:
    """The engine stands still over an edit, which is undone afterwards, when another one works."""
    pid = engine_of(room).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    room.program.presenters.kernel.set_value(0, 0, 0.3)
    room.told.clear()
    yield pid
    room.elsewhere.append(room.said)
    room.program.store.update(Session.undo)
    wait_for_another(room, pid)
    room.wait_for_the_mask()
    room.told.clear()  # what was undone, and that the engine works again


def hung(room: Room, _: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, stopped_at_work(room):
        patch.setattr(jobs.LookJob, "patience", 1.0)
        patch.setattr(supervisor_of(room), "_estimates", {})
        room.wait_for(lambda: room.program.live.problem is not None)


def out_of_memory(room: Room, _: Path) -> None:
    """It has taken all that the machine has, by what the machine says."""
    with pytest.MonkeyPatch.context() as patch, stopped_at_work(room):
        patch.setattr(machine, "free", lambda: 100_000_000)
        patch.setattr(supervisor_of(room)._watch, "_large", 1)
        room.wait_for(lambda: room.program.live.problem is not None)


def killed_over_and_over(room: Room, _: Path) -> None:
    """One request kills every engine that works at it; it is given up before it does so again."""
    engine, dead = engine_of(room), set[int]()
    most = jobs.MOST_DEATHS if "UNETSCOPE_KILLS" in os.environ else 2  # a start takes its time

    def kill_at_work() -> None:
        pid = engine.pid
        at_work = isinstance(engine._requests.current, jobs.LookJob)
        if at_work and pid is not None and pid not in dead and room.program.live.problem is None:
            dead.add(pid)
            os.kill(pid, signal.SIGKILL)

    clock = QTimer()
    clock.timeout.connect(kill_at_work)
    clock.start(2)
    with pytest.MonkeyPatch.context() as patch, stopped_at_work(room):
        patch.setattr(jobs.LookJob, "most_deaths", most)
        wait_until(lambda: room.program.live.problem is not None, "a word about it", 150.0)
        clock.stop()
    assert len(dead) == most


def killed_while_sweeping(room: Room, _: Path) -> None:
    """What is measured goes on with another engine, to its end."""
    sweep = room.program.presenters.filters._sweep
    sweep.start()
    room.wait_for(lambda: (part := sweep.measured()) is not None and 0 < part.done < part.total)
    pid = kill(room)
    wait_until(lambda: "starts again" in room.frame.engine, "a word about the engine")
    wait_until(lambda: "Measured" in room.said, "all effects", 150.0)
    assert engine_of(room).pid not in (None, pid)


ENGINE: tuple[Fault, ...] = (
    Fault(
        "the engine killed at rest",
        nothing,
        "The engine was ended from outside, perhaps for lack of memory; it is being started again.",
        killed,
        only=ONLY,
    ),
    Fault(
        "the engine killed by the same request over and over",
        nothing,
        "The engine was ended from outside, perhaps for lack of memory * times on the same request. Close other programs or choose a smaller network.",
        killed_over_and_over,
        only=ONLY,
    ),
    Fault(
        "the engine killed while it measures effects",
        nothing,
        "Measured what silencing each of 16 feature maps of enc1_conv1 does to the mask.",
        killed_while_sweeping,
        only=ONLY,
    ),
    Fault(
        "the engine hung",
        nothing,
        "The engine gave no sign of life for 1 seconds on the same request. Undo the last change or choose a smaller network.",
        hung,
        only=ONLY,
    ),
    Fault(
        "the engine without memory",
        nothing,
        "The engine took * GB and left 0.1 GB to all other programs on the same request. Choose a smaller input size on the input card, or a smaller network.",
        out_of_memory,
        only=ONLY,
    ),
    Fault(
        "the engine killed while it saves",
        nothing,
        "Saved a.keras; all * weight arrays compared equal after opening it again. Research use only.",
        killed_while_saving,
        only=ONLY,
    ),
)
