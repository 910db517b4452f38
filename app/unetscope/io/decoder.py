"""Compressed frames, decoded in a process of their own that a damaged frame may take down.

The process is started when the first frame is asked for, and again after it has died; it ends with
the program. Frames go through one at a time.
"""

from __future__ import annotations

import threading
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from unetscope.io.decoder_process import Decoded, Refused, Task, frame_seconds, serve
from unetscope.io.pixels import PixelLayout
from unetscope.processes.child import ChildProcess, send_file
from unetscope.processes.plain_replies import NotPlainError, received
from unetscope.processes.room import Room

SAID = ("unetscope.io.decoder_process",)  # modules whose values the process may send
START_SECONDS = 60.0  # within which a process says that it is ready


class DecoderError(RuntimeError):
    """A frame that could not be decoded; the text says why, for programmers."""


class Decoder:
    """One process that decodes, and the frames that it did not survive.

    May be used from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None
        self._room: Room | None = None
        self._deadly: set[tuple[Path, int, int]] = set()  # file, when it was written, frame

    @property
    def pid(self) -> int | None:
        """Process id; None while there is no process."""
        return self._child.pid if self._child is not None else None

    def decode(
        self,
        path: Path,
        layout: PixelLayout,
        index: int,
        notices: list[str],
        *,
        colours: bool = False,
    ) -> NDArray[Any]:
        """Decode one frame of a file.

        Returns
        -------
        (rows, columns) or, of colours, (rows, columns, 3) ndarray
            What `read_stored` or `read_colours` gives; read-only.

        Raises
        ------
        DecoderError
            If it does not decode, takes too long or ends the process. A frame that did the latter
            two once is not tried again.
        FileNotFoundError
            If the file is gone.
        """
        frame = (path, path.stat().st_mtime_ns, index)
        with self._lock, _opened(path) as file:
            if frame in self._deadly:
                raise DecoderError("the decoder did not survive this frame before")
            child = self._running()
            try:
                answer = _ask(child, Task(path, layout, index, colours), file)
            except (EOFError, OSError, NotPlainError) as error:
                self._end()
                self._deadly.add(frame)
                raise DecoderError("the decoder did not survive this frame") from error
        if isinstance(answer, Refused):
            if answer.gone:
                raise FileNotFoundError(path)
            raise DecoderError(answer.reason)
        notices.extend(answer.notices)
        pixels = np.frombuffer(answer.values, answer.dtype)
        shape = (layout.rows, layout.columns, 3) if colours else (layout.rows, layout.columns)
        return pixels.reshape(shape)  # of bytes: read-only

    def close(self) -> None:
        """End the process; the next frame starts another one."""
        with self._lock:
            self._end()
            if self._room is not None:
                self._room.remove()
                self._room = None

    def _running(self) -> ChildProcess:
        """Return the process, another one if it has died while nothing was asked of it."""
        if self._child is not None:
            line = self._child.connection
            if wait([self._child.sentinel, line], timeout=0):  # it has nothing to say but its end
                self._end()
        if self._child is None:
            try:
                self._room = self._room or Room("decoder")
                confinement = self._room.confinement()
                child = ChildProcess(serve, (), "unetscope-decoder", confinement)
            except OSError as error:
                raise DecoderError(f"the decoder did not start: {error.strerror}") from error
            try:
                if not child.connection.poll(START_SECONDS):
                    raise EOFError
                received(child.connection, SAID)
            except (EOFError, OSError, NotPlainError) as error:
                child.end()
                raise DecoderError("the decoder did not start") from error
            self._child = child
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def _opened(path: Path) -> BinaryIO:
    """Open a file; FileNotFoundError or DecoderError where that cannot be."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DecoderError(f"the file cannot be read: {error.strerror}") from error


def _ask(child: ChildProcess, task: Task, file: BinaryIO) -> Decoded | Refused:
    """Have a frame decoded; EOFError or OSError when no answer comes."""
    connection = child.connection
    connection.send(task)
    send_file(child, file)
    if not connection.poll(frame_seconds(task.layout)):
        raise EOFError
    answer: Decoded | Refused = received(connection, SAID)
    return answer


decoder = Decoder()
"""The one that all series share."""
