# ruff: noqa: E501  (a row of the table is one line)
"""The engine's process killed, at rest and at work."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.faults.fault import Fault, nothing
from tests.faults.room import Room, wait_until

from unetscope.engine.process import EngineProcess

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
    names = {path.name for path in folder.iterdir()}
    assert "a.keras" in names
    assert names <= {"a.keras", "a.card.json"}  # the card goes along, soon after


ENGINE: tuple[Fault, ...] = (
    Fault(
        "the engine killed at rest",
        nothing,
        "The engine was ended from outside, perhaps for lack of memory; it is being started again.",
        killed,
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
