"""What reads damaged files in a process of its own, which may die of them and is watched."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from unetscope.domain.errors import StudyError, UnetscopeError
from unetscope.processes.child import ChildProcess

SECONDS = 25.0  # for one damaged file: a decoder that hangs is ended after 6 and starts again
MEMORY = 1 << 30  # bytes that one file may take on top of what the process had
FRAMES = 3  # of each series that are read


def read_study(path: Path) -> None:
    """Read a study as the window does: list its tags, open it, read slices."""
    from unetscope.io.study import open_study
    from unetscope.io.tags import read_tags

    if path.is_file():
        read_tags(path)
    for series in open_study(path).series[:4]:
        assert np.isfinite(series.affine).all()
        assert all(np.isfinite(series.spacing))
        for index in range(min(len(series), FRAMES)):
            window = series.window(index)
            assert window is None or window.width > 0
            with suppress(StudyError):  # of a frame that does not decode
                assert series.slice(index).dtype == np.float32
                series.colours(index)
                series.real_world(index)
        assert series.warnings is not None


def read_model(path: Path) -> None:
    """Read a model with all checks, but in this process: it may die where the gate's may."""
    from unetscope.io.model_card import read_card
    from unetscope.io.network_file import read_network

    network = read_network(path)
    assert all(np.isfinite(a).all() for arrays in network.trained.values() for a in arrays)
    read_card(path)


READERS: dict[str, Callable[[Path], None]] = {
    "study": read_study,
    "model": read_model,
}


def serve(connection: Connection) -> None:
    """Read what is asked for, and say how it went: opened, a refusal, or what else."""
    tempfile.tempdir = None
    connection.send("ready")
    while True:
        try:
            kind, path = connection.recv()
        except EOFError:
            break
        before = peak_memory()
        said = "opened"
        try:
            READERS[kind](Path(path))
        except UnetscopeError as error:
            said = f"refused: {error}"
            if not error.what.endswith((".", "!")) or str(error)[-1] not in ".)!?":
                said = f"no sentence: {error}"
        except BaseException as error:
            said = f"raised {type(error).__name__}: {error}"
        grown = peak_memory() - before
        if grown > MEMORY:
            said = f"took {grown >> 20} MB: {said}"
        connection.send(said)
    if "unetscope.io.decoder" in sys.modules:
        sys.modules["unetscope.io.decoder"].decoder.close()


def peak_memory() -> int:
    """The most bytes that this process has had at once; 0 where nobody knows."""
    if sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class Reader:
    """The process, started again after a death."""

    def __init__(self) -> None:
        self._child: ChildProcess | None = None

    def read(self, kind: str, path: Path, seconds: float = SECONDS) -> str:
        """How a path was read: ``opened``, ``refused: …``, or what went wrong."""
        if self._child is None:
            self._child = ChildProcess(serve, (), "unetscope-fuzz")
            assert self._child.connection.poll(60), "the process that reads did not start"
            self._child.connection.recv()
        line = self._child.connection
        try:
            line.send((kind, os.fspath(path)))
            if not line.poll(seconds):
                self.end()
                return f"hung for {seconds:.0f} s"
            said: str = line.recv()
        except (EOFError, OSError):
            code = self._child.exit_code
            self.end()
            return f"died ({code})"
        return said

    def end(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.end()
            self._child = None
