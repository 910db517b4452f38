"""What runs in the process that decodes frames, and what goes over the line to it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from unetscope.io.notices import LIBRARY_ERRORS, noticing
from unetscope.io.pixels import PixelLayout, read_colours, read_stored
from unetscope.processes.child import received_file

_SECONDS, _SECONDS_PER_PIXEL = 6.0, 2e-6  # within which a frame is decoded
_MEMORY = 4 * 2**30  # bytes of addresses that the process may take


@dataclass(frozen=True, slots=True)
class Task:
    """A frame to decode: to stored values or brightness, or to its colours."""

    path: Path
    layout: PixelLayout
    index: int
    colours: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """Values of a frame in row order, and what the libraries remarked."""

    values: bytes
    dtype: str
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a frame did not decode; `gone` when its file is not there any more."""

    reason: str
    gone: bool = False


def frame_seconds(layout: PixelLayout) -> float:
    """Longest time that a frame may take: a hundred times what it does on a slow machine."""
    return _SECONDS + layout.rows * layout.columns * _SECONDS_PER_PIXEL


def serve(connection: Connection) -> None:
    """Decode frames until the other side closes the line."""
    _keep_to_itself()
    try:
        connection.send(None)  # ready
        while True:
            task = connection.recv()
            with _dying_if_hung(task.layout):
                answer = _answer(task, connection)
            connection.send(answer)
    except (EOFError, OSError):
        pass


def _answer(task: Task, connection: Connection) -> Decoded | Refused:
    notices: list[str] = []
    try:
        with noticing(notices), received_file(connection, task.path) as stream:
            read = read_colours if task.colours else read_stored
            values = read(stream, task.layout, task.index)
    except FileNotFoundError:
        return Refused("the file is gone", gone=True)
    except LIBRARY_ERRORS as error:
        return Refused(f"{type(error).__name__}: {error}")
    return Decoded(values.tobytes(), values.dtype.str, tuple(notices))


def _keep_to_itself() -> None:
    """Leave Ctrl+C and the terminal to the parent, and take no more than a share of memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):  # what C libraries say of a frame is of no use to anybody
        os.dup2(nowhere, stream)
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most == resource.RLIM_INFINITY or most > _MEMORY:
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, most))


@contextmanager
def _dying_if_hung(layout: PixelLayout) -> Iterator[None]:
    """End with a frame that hangs, even when the parent is not there any more to see to it."""
    if sys.platform == "win32":
        yield
        return
    signal.alarm(int(2 * frame_seconds(layout)))  # its default action needs no Python to run
    try:
        yield
    finally:
        signal.alarm(0)
