"""The engine's process as its parent sees it."""

from __future__ import annotations

from pathlib import Path

from unetscope.engine import worker
from unetscope.processes.child import ChildProcess
from unetscope.processes.room import Room


class Child(ChildProcess):
    """One worker process, sandboxed where the system can, and the line to it.

    Parameters
    ----------
    log : Path or None
        Where the worker's own output goes.
    speeds : tuple of float
        What a former process found out about the machine; see `Speeds`.

    Attributes
    ----------
    room : Room
        Where the process lives: what it reads and writes.
    """

    def __init__(self, log: Path | None, speeds: tuple[float, ...] = ()) -> None:
        self.is_ready = False
        if log is not None:
            log.touch(0o600)
        self.room = Room("engine", shares_memory=True)
        confinement = self.room.confinement(write=[log] if log is not None else [])
        try:
            super().__init__(worker.main, (log, speeds), "unetscope-engine", confinement)
        except BaseException:
            self.room.remove()
            raise

    def end(self) -> None:
        """See `ChildProcess.end`."""
        super().end()
        self.room.remove()
