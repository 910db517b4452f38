"""The gate that every model file passes before anything else sees it.

A file is read in a process of its own that has been started ahead, reads this one file and ends. It
gets the file's bytes and nothing else, has little time and memory, and is kept from the disk and
the network where the system can do that. A file that hangs, crashes or floods it is refused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unetscope.domain.errors import Cancelled, ModelError
from unetscope.domain.network import Network
from unetscope.domain.stand_ins import Replacements, UnknownLayersError
from unetscope.io.gate_process import FAILURES, READY, SECONDS, answered, ask, seconds_for, serve
from unetscope.modelfile.content import Content, content_of
from unetscope.processes.child import ChildProcess
from unetscope.processes.room import Room

START_SECONDS = 60.0  # within which a process says that it is ready
PATIENCE = 3.0  # seconds before the next process is got ready, which others need now
LOOK_EVERY = 0.05  # seconds between two looks at whether a file is still wanted
_NO_TIME_LEFT = -24  # the exit code of a process that has used up its time on the processor
_SUSPECT = "It is damaged or made to harm: have it copied, or saved again, by who trained it."


class Gate:
    """Lets model files through, one process each. May be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spare: _Reader | None = None
        self._is_closed = False

    def prepare(self, patience: float = 0.0) -> None:
        """Start the process for the next file, if there is none, and do not wait for it.

        Parameters
        ----------
        patience : float
            Seconds that it leaves the processor to others, if no file comes.
        """
        with self._lock:
            if self._spare is not None and not self._spare.is_alive:
                self._spare.end()
                self._spare = None
            if self._spare is None and not self._is_closed:
                with suppress(OSError):  # told when there is a file to read
                    self._spare = _Reader(patience)

    def read(
        self,
        path: Path,
        remembered: Callable[[str], Replacements] = lambda _: (),
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Network:
        """Read a model file without Keras.

        Parameters
        ----------
        path : Path
            The file, or a SavedModel folder.
        remembered : callable
            Gives for a file's fingerprint what stands in for layers of it that are not known.
        cancelled : callable
            Asked all the time, from another thread; answers True to have the process ended.

        Returns
        -------
        network : Network
            As `read_network` gives it.

        Raises
        ------
        ModelError
            The file is missing, damaged, no whole model, or holds what is not let through; or its
            process died or was ended over it.
        Cancelled
            If told to stop.
        """
        content = content_of(path, cancelled)
        reader = self._taken()
        try:
            return reader.read(content, remembered(content.fingerprint), cancelled)
        except UnknownLayersError as error:
            error.path, error.fingerprint = path, content.fingerprint
            raise
        finally:
            threading.Thread(target=self._renew, args=(reader,), name="gate", daemon=True).start()

    def close(self) -> None:
        """End the process that waits, and start no others ahead."""
        with self._lock:
            self._is_closed = True
            if self._spare is not None:
                self._spare.end()
                self._spare = None

    def _renew(self, reader: _Reader) -> None:
        """End the process that has read its file, and start the next one, while nobody waits."""
        reader.end()
        self.prepare(PATIENCE)

    def _taken(self) -> _Reader:
        """The process that was started ahead; its place is empty now."""
        self.prepare()
        with self._lock:
            reader, self._spare = self._spare, None
        try:
            return reader or _Reader(0.0)
        except OSError as error:
            raise ModelError(
                "Models cannot be opened: this system starts no more processes.",
                "Close other programs, and try again.",
            ) from error


class _Reader:
    """One process that reads one file."""

    def __init__(self, patience: float) -> None:
        self._was_late = self._was_cancelled = False
        self._room = Room("gate")
        try:
            confinement = self._room.confinement()
            self._child = ChildProcess(serve, (patience,), "unetscope-gate", confinement)
        except BaseException:
            self._room.remove()
            raise

    @property
    def is_alive(self) -> bool:
        return self._child.exit_code is None

    def read(
        self, content: Content, replaced: Replacements, cancelled: Callable[[], bool]
    ) -> Network:
        line = self._child.connection
        try:
            with self._watched(START_SECONDS, cancelled):
                if line.recv_bytes() != READY:
                    raise EOFError
            with self._watched(seconds_for(sum(map(len, content.files.values()))), cancelled):
                ask(line, content, replaced)
                return answered(line, content, replaced)
        except FAILURES as error:
            if self._was_cancelled:
                raise Cancelled from error
            raise self._why(content.name) from error

    @contextmanager
    def _watched(self, seconds: float, cancelled: Callable[[], bool]) -> Iterator[None]:
        """End the process, whatever it is doing, when it takes longer or is not wanted."""
        over = threading.Event()

        def watch() -> None:
            end = time.monotonic() + seconds
            while not over.wait(LOOK_EVERY):
                self._was_cancelled = cancelled()
                self._was_late = time.monotonic() > end
                if self._was_cancelled or self._was_late:
                    self._child.kill()
                    return

        watcher = threading.Thread(target=watch, name="gate-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()  # it must not end a process that has gone on to something else

    def _why(self, name: str) -> ModelError:
        """Tell what has become of the process."""
        if self._was_late or self._child.exit_code == _NO_TIME_LEFT:
            return ModelError(f"{name} cannot be read within {SECONDS:.0f} seconds.", _SUSPECT)
        return ModelError(
            f"{name} ended the process that reads model files, and was not opened.", _SUSPECT
        )

    def end(self) -> None:
        self._child.kill()  # it has nothing to put away
        self._child.end()
        self._room.remove()


gate = Gate()
"""The one that the window uses."""
