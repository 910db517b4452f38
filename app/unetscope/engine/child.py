"""The engine's process as its parent sees it: started without side effects, ended for certain."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from unetscope.engine import worker

_main_lock = threading.Lock()

TERMINATE_AFTER = 0.8  # seconds a process has to end before it is killed


class Child:
    """One worker process and the line to it."""

    def __init__(self, log: Path | None) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self.connection: Connection[Any, Any] = ours
        self._process = context.Process(
            target=worker.main, args=(theirs, log), name="unetscope-engine", daemon=True
        )
        try:
            with _main_module_hidden():
                self._process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.pid: int = self._process.pid or 0
        self.sentinel: int = self._process.sentinel
        self.is_ready = False

    def end(self) -> None:
        """End the process, whatever it is doing, and leave nothing of it behind."""
        self.connection.close()
        self._process.terminate()
        self._process.join(TERMINATE_AFTER)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()


@contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Keep the new process from running the program's main module again.

    ``multiprocessing`` imports it in the child so that functions defined there can be found. The
    worker's function is not defined there, and the main module may be a script without a guard.
    """
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
