"""The engine's process as its parent sees it."""

from __future__ import annotations

from pathlib import Path

from unetscope.engine import worker
from unetscope.processes.child import ChildProcess


class Child(ChildProcess):
    """One worker process and the line to it.

    Parameters
    ----------
    log : Path or None
        Where the worker's own output goes.
    """

    def __init__(self, log: Path | None) -> None:
        super().__init__(worker.main, (log,), "unetscope-engine")
        self.is_ready = False
