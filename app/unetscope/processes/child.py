"""A child process as its parent sees it: started without side effects, ended for certain."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import reduction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

from unetscope.processes.sandbox import Confinement, confine

_main_lock = threading.Lock()

HANDS_OVER = sys.platform == "linux"  # elsewhere a child opens files by their names
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
    confinement : Confinement, optional
        What it may touch; left out, all that the program may. `sandbox.guard` tells the child what
        of it is in force.

    Raises
    ------
    OSError
        If the process cannot be started.
    """

    def __init__(
        self,
        work: Callable[..., None],
        arguments: tuple[Any, ...],
        name: str,
        confinement: Confinement | None = None,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self.connection: Connection[Any, Any] = ours
        target: Callable[..., None] = work
        given = (theirs, *arguments)
        if confinement is not None:
            target, given = _confined, (confinement, work.__module__, work.__name__, *given)
        self._process = context.Process(target=target, args=given, name=name, daemon=True)
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
        self._exit_code: int | None = None

    @property
    def exit_code(self) -> int | None:
        """How it ended: the number of a signal, negative, or its own; None while it lives."""
        return self._process.exitcode if self._exit_code is None else self._exit_code

    def kill(self) -> None:
        """End the process at once; `end` has to be called still."""
        self._process.kill()

    def end(self) -> None:
        """End the process, whatever it is doing, and leave nothing of it behind."""
        self.connection.close()
        self._process.terminate()
        self._process.join(TERMINATE_AFTER)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._exit_code = self._process.exitcode
        try:
            self._process.close()
        except ValueError:  # another thread that starts a process has just learned of its end
            self._process.join()


def send_file(child: ChildProcess, file: BinaryIO) -> None:
    """Let a child read an open file that it may not open itself; OSError on a broken line."""
    if HANDS_OVER:
        reduction.send_handle(child.connection, file.fileno(), child.pid)


def received_file(connection: Connection[Any, Any], path: Path) -> BinaryIO:
    """The file that `send_file` sent; to be closed by the caller.

    Raises
    ------
    OSError
        It cannot be read, or the line is broken.
    """
    if HANDS_OVER:
        return os.fdopen(reduction.recv_handle(connection), "rb")
    return path.open("rb")


def leave_within(seconds: float) -> None:
    """End this process soon, even in the midst of something endless: nobody waits for it."""
    leave = threading.Timer(seconds, os._exit, (1,))
    leave.daemon = True
    leave.start()


def _confined(confinement: Confinement, module: str, name: str, *arguments: Any) -> None:
    """Confine the process before anything is imported that starts threads; then do its work."""
    confine(confinement)
    getattr(importlib.import_module(module), name)(*arguments)


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
