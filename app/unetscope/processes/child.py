"""A child process as its parent sees it: started without side effects, ended for certain."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

_main_lock = threading.Lock()

TERMINATE_AFTER = 0.8  # seconds a process has to end before it is killed


class ChildProcess:
    """One process and the line to it; it ends with the program.

    Parameters
    ----------
    work : callable
        A function of a module; it is given its end of the line and `arguments`.
    arguments : tuple
        Values that can be sent to a process.
    name : str
        For lists of processes.

    Raises
    ------
    OSError
        If the process cannot be started.
    """

    def __init__(self, work: Callable[..., None], arguments: tuple[Any, ...], name: str) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self.connection: Connection[Any, Any] = ours
        self._process = context.Process(
            target=work, args=(theirs, *arguments), name=name, daemon=True
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
    child's function is not defined there, and the main module may be a script without a guard.
    """
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
