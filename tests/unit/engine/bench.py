"""A workbench without TensorFlow, and a child that is a thread."""

from __future__ import annotations

import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from tests.unit.fakes import a_look, effects_of

from unetscope.domain.edits import Edit, SetBias
from unetscope.domain.errors import ModelError, UnetscopeError
from unetscope.domain.explaining.question import Question, Steps
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import (
    Effects,
    EngineState,
    EngineStatus,
    Look,
    LookRequest,
    SweepRequest,
)
from unetscope.domain.survey import MapPeaks, peaks_of
from unetscope.engine.messages import Ready, Reply, Request
from unetscope.engine.process import EngineProcess
from unetscope.engine.worker import Listener, Worker
from unetscope.processes.room import Room

if TYPE_CHECKING:
    from unetscope.engine.workbench import Workbench

REF = ModelRef(Path("/m.keras"), "sha256:0")
EDITS: tuple[Edit, ...] = (SetBias("enc", 0, 1.0),)
MAPS = 4
PATIENCE = 20.0


def request(key: str = "0", **more: Any) -> LookRequest:
    """A look at the slice of this key, whose pixels all hold the key's number."""
    image = np.full((8, 8), float(key), np.float32)
    given = {"model": REF, "image": image, "image_key": key, "layer": "enc", "edits": EDITS}
    return LookRequest(**cast("Any", given | more))


def sweep_request(**more: Any) -> SweepRequest:
    """A sweep over the first slice."""
    image = np.zeros((8, 8), np.float32)
    given = {"model": REF, "image": image, "image_key": "0", "layer": "enc", "edits": EDITS}
    return SweepRequest(**cast("Any", given | more))


class FakeWorkbench:
    """Notes what it is asked; its sweep takes a step a map, and says when it is closed."""

    def __init__(self) -> None:
        self.looks: list[str] = []
        self.sweeps = 0
        self.steps = 0
        self.closed = 0
        self.trouble: Exception | None = None
        self.before_step: Callable[[int], None] = lambda _: None

    def file_at(self, path: Path, place: Path) -> None:
        assert path == REF.path
        assert place.name == path.name

    def look(self, asked: LookRequest) -> Look:
        self.looks.append(asked.image_key)
        if asked.image_key == "-1":
            raise ModelError("This slice does not fit.", "Choose another one.")
        parts = {"exact_in": asked.visible} if asked.dragging else {}
        return a_look(asked, **parts)

    def survey(self, asked: LookRequest) -> MapPeaks:
        maps = self.look(asked).maps
        assert maps is not None
        return peaks_of(maps.edited)

    def sweep(self, asked: SweepRequest) -> Generator[tuple[int, int, Effects], None, None]:
        self.sweeps += 1
        try:
            for step in range(1, MAPS + 1):
                self.before_step(step)
                if self.trouble is not None:
                    raise self.trouble
                self.steps += 1
                yield step, MAPS, effects_of(asked, MAPS, step)
        finally:
            self.closed += 1

    def explain(self, question: Question) -> Steps:
        """Sums the image up so often, and counts itself as a step."""
        times = getattr(question, "times", 1)
        try:
            found = 0.0
            for step in range(1, times + 1):
                self.before_step(step)
                if self.trouble is not None:
                    raise self.trouble
                found += float(question.image.sum())
                yield step, times + 1, found
            yield times + 1, times + 1, found
        finally:
            self.closed += 1


def as_workbench(fake: FakeWorkbench) -> Workbench:
    return cast("Workbench", fake)


class Killed(BaseException):
    """The end of a `ThreadChild`."""


class _NotingWorker(Worker):
    """Notes every request."""

    def __init__(self, bench: FakeWorkbench, received: list[Request]) -> None:
        super().__init__(as_workbench(bench))
        self._received = received

    def answer(self, request: Request) -> Reply | None:
        self._received.append(request)
        return super().answer(request)


class ThreadChild:
    """The engine's process as a thread with a `FakeWorkbench`, which can be killed."""

    born: list[ThreadChild]
    bench: FakeWorkbench

    def __init__(self, log: Path | None, speeds: tuple[float, ...]) -> None:
        self.born.append(self)
        self.connection, self.theirs = multiprocessing.Pipe()
        self._dies, self._death = multiprocessing.Pipe()
        self.sentinel = self._dies.fileno()
        self.pid, self.is_ready, self.exit_code = len(self.born), False, None
        self.room = Room("test")
        self.received: list[Request] = []
        self._listener = Listener(cast("Any", self.theirs))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        worker = _NotingWorker(self.bench, self.received)
        self._listener.start()
        try:
            self.theirs.send(Ready(1))
            worker.serve(self._listener, self.theirs.send)
        except (EOFError, OSError, Killed):
            pass
        finally:
            worker.close()

    @property
    def waiting(self) -> bool:
        """Whether a request has come that is not taken yet."""
        return not self._listener._requests.empty()

    def kill(self) -> None:
        """Die without a word; called from the thread itself, as a crash is."""
        self._death.close()
        raise Killed

    def end(self) -> None:
        self.connection.close()
        self._thread.join(PATIENCE)
        self._listener.join(PATIENCE)
        for end in (self.theirs, self._dies, self._death):
            end.close()
        self.room.remove()


def until_a_request_waits() -> None:
    """Called on the worker's thread, which is the one that takes requests."""
    patience = time.monotonic() + PATIENCE
    while not ThreadChild.born[0].waiting:
        assert time.monotonic() < patience
        time.sleep(0.001)


class Caller:
    """The thread that asks: callbacks wait in a queue until it runs them."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Callable[[], None]] = queue.Queue()
        self.statuses: list[EngineStatus] = []
        self.answers: list[Any] = []
        self.errors: list[UnetscopeError] = []
        self.progress: list[tuple[int, int, Any]] = []
        self.engine = EngineProcess(self.queue.put)
        self.engine.start(self.statuses.append)
        self.until(lambda: EngineState.READY in self.states)

    @property
    def states(self) -> list[EngineState]:
        return [status.state for status in self.statuses]

    def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self.queue.get(timeout=PATIENCE)()

    def wait_for(self, count: int) -> Any:
        self.until(lambda: len(self.answers) + len(self.errors) >= count)
        return self.answers[-1] if self.answers else None

    def told(self, done: int, total: int, effects: Any) -> None:
        self.progress.append((done, total, effects))
