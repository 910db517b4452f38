"""A DICOM SEG made in a process of its own, so that nothing here waits for it.

highdicom takes a second to import, and a third of that holds up every thread of a process.
"""

from __future__ import annotations

from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from unetscope.domain.errors import Cancelled, UnetscopeError
from unetscope.domain.export import AskCancelled
from unetscope.io.exports.seg_making import SegTask, make_seg
from unetscope.io.notices import LIBRARY_ERRORS
from unetscope.processes.child import ChildProcess

_LOOK_EVERY = 0.1  # seconds between two looks at whether it is still wanted
_MADE, _FAILED = b"\0", b"\1"


def make_apart(task: SegTask, cancelled: AskCancelled) -> bytes:
    """Make the bytes of a DICOM SEG in another process.

    Raises
    ------
    Cancelled
        It is not wanted any more.
    UnetscopeError
        The process did not start, ended, or could not make it.
    """
    child = None
    try:
        child = ChildProcess(serve, (), "unetscope-export")
        _answer(child, cancelled)  # it is ready
        _send(child.connection, task)
        answer = _answer(child, cancelled)
    except (EOFError, OSError) as error:
        raise UnetscopeError(
            "The process that makes DICOM SEG ended before its time.",
            "Close other programs and try again, or choose NIfTI.",
        ) from error
    finally:
        if child is not None:
            child.end()
    if answer[:1] == _FAILED:
        raise not_made(answer[1:].decode())
    return answer[1:]


def make_here(task: SegTask, _: AskCancelled) -> bytes:
    """Make the bytes of a DICOM SEG in this process; UnetscopeError if that cannot be."""
    try:
        return make_seg(task)
    except LIBRARY_ERRORS as error:
        raise not_made(type(error).__name__) from error


def serve(connection: Connection[Any, Any]) -> None:
    """Make one DICOM SEG."""
    try:
        connection.send_bytes(_MADE)
        task = _received(connection)
        try:
            connection.send_bytes(_MADE + make_seg(task))
        except LIBRARY_ERRORS as error:
            connection.send_bytes(_FAILED + type(error).__name__.encode())
    except (EOFError, OSError):
        pass


def _answer(child: ChildProcess, cancelled: AskCancelled) -> bytes:
    while not child.connection.poll(_LOOK_EVERY):
        if cancelled():
            raise Cancelled
    return child.connection.recv_bytes()


def _send(connection: Connection[Any, Any], task: SegTask) -> None:
    """Send a task; the mask slice by slice, for pickling it would hold up all threads."""
    connection.send(replace(task, labels=task.labels[:0]))
    for picture in task.labels:
        connection.send_bytes(np.ascontiguousarray(picture).reshape(-1).data)


def _received(connection: Connection[Any, Any]) -> SegTask:
    task: SegTask = connection.recv()
    labels = np.empty((len(task.frames), *task.labels.shape[1:]), np.uint8)
    for picture in labels:
        connection.recv_bytes_into(picture.reshape(-1))
    return replace(task, labels=labels)


def not_made(reason: str) -> UnetscopeError:
    """What is told when the library refuses."""
    return UnetscopeError(
        f"This mask could not be made a DICOM SEG ({reason}).",
        "The headers of the study may be at odds; choose NIfTI instead.",
    )
