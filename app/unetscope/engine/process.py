"""The engine in a process of its own: TensorFlow never stalls or takes down the window."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from unetscope.domain.errors import EngineError, UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.lab import LabMaps, LabRequest
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import (
    Cancel,
    Effects,
    EngineState,
    EngineStatus,
    Look,
    LookRequest,
    Saved,
    SweepRequest,
)
from unetscope.domain.presets import NewModel
from unetscope.domain.survey import MapPeaks
from unetscope.engine.child import Child
from unetscope.engine.jobs import (
    AheadJob,
    BackgroundJob,
    CreateJob,
    DescribeJob,
    Job,
    LookJob,
    SaveJob,
    SegmentJob,
    Sent,
    SurveyJob,
    SweepJob,
)
from unetscope.engine.lab_job import LabJob
from unetscope.engine.messages import Failed, Progress, Ready, Reply, Stop
from unetscope.engine.requests import Requests

Deliver = Callable[[Callable[[], None]], None]

DEATHS = 3  # how many processes in a row may die before they were ready
BUSY_AFTER = 0.25  # seconds of work before the status says so
GRACE = 1.0  # seconds a save may still take when the engine is stopped
MEMORY_STEP = 32 << 20

_log = logging.getLogger(__name__)


class EngineProcess:
    """The `Engine` protocol over one worker process, which is restarted when it dies.

    Parameters
    ----------
    deliver : callable
        Runs a function of no arguments on the caller's thread; every callback goes through it.
    log : Path, optional
        Where the worker's own output goes; nowhere when left out.
    """

    def __init__(self, deliver: Deliver, *, log: Path | None = None) -> None:
        self._deliver = deliver
        self._log = log
        self._lock = threading.Lock()
        self._requests = Requests()
        self._sent = Sent()
        self._status = EngineStatus(EngineState.STARTING)
        self._on_status: Callable[[EngineStatus], None] = lambda _: None
        self._stopping = False
        self._poked = False
        self._waker: Connection[Any, Any] | None = None
        self._thread: threading.Thread | None = None
        self._pid: int | None = None

    # ------------------------------------------------------------- the protocol

    def start(self, on_status: Callable[[EngineStatus], None]) -> None:
        """See `Engine.start`."""
        if self._thread is not None or self._stopping:
            raise EngineError("The engine was started already.")
        self._on_status = on_status
        ears, self._waker = Pipe(duplex=False)
        self._thread = threading.Thread(
            target=self._supervise, args=(ears,), name="engine", daemon=True
        )
        self._thread.start()

    def describe(
        self,
        path: Path,
        done: Callable[[Network], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.describe`."""
        self._enqueue(DescribeJob(path, done, failed))

    def look(
        self,
        request: LookRequest,
        done: Callable[[Look], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.look`."""
        self._requests.put_latest(LookJob(request, done, failed))
        self._poke()

    def save(
        self,
        model: ModelRef,
        edits: Edits,
        path: Path,
        done: Callable[[Saved], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.save`."""
        self._enqueue(SaveJob(model, edits, path, done, failed))

    def create(
        self,
        new: NewModel,
        path: Path,
        done: Callable[[Saved], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.create`."""
        self._enqueue(CreateJob(new, path, done, failed))

    def ahead(self, requests: Sequence[LookRequest]) -> None:
        """See `Engine.ahead`."""
        self._requests.ahead(AheadJob(requests))
        self._poke()

    def sweep(
        self,
        request: SweepRequest,
        progress: Callable[[int, int, Effects], None],
        done: Callable[[Effects], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """See `Engine.sweep`."""
        return self._in_background(SweepJob(request, progress, done, failed))

    def segment(
        self,
        request: LookRequest,
        done: Callable[[Labels], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """See `Engine.segment`."""
        return self._in_background(SegmentJob(request, done, failed))

    def convolve(
        self,
        request: LabRequest,
        done: Callable[[LabMaps], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.convolve`."""
        self._requests.put_latest(LabJob(request, done, failed))
        self._poke()

    def survey(
        self,
        request: LookRequest,
        done: Callable[[MapPeaks], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """See `Engine.survey`."""
        return self._in_background(SurveyJob(request, done, failed))

    def stop(self) -> None:
        """See `Engine.stop`."""
        with self._lock:
            self._stopping = True
        self._poke()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._waker is not None:
            self._waker.close()
            self._waker = None

    @property
    def pid(self) -> int | None:
        """Process id of the worker; None where there is none."""
        return self._pid

    # ------------------------------------------------- the supervisor's own thread

    def _supervise(self, ears: Connection[Any, Any]) -> None:
        deaths = 0
        self._tell(EngineState.STARTING, "The engine is starting.")
        while not self._stopping:
            child = self._spawned()
            if child is not None:
                self._serve(child, ears)
                was_ready = child.is_ready
                self._bury(child)
                deaths = 0 if was_ready else deaths + 1
            else:
                deaths = DEATHS
            if self._stopping:
                break
            if deaths < DEATHS:
                self._resume()
            else:
                self._give_up(ears)
                deaths = 0
        ears.close()

    def _spawned(self) -> Child | None:
        self._sent = Sent()
        try:
            child = Child(self._log)
        except OSError:
            _log.exception("the engine's process could not be started")
            return None
        self._pid = child.pid
        return child

    def _serve(self, child: Child, ears: Connection[Any, Any]) -> None:
        """Send what is asked and take the answers until the child dies or the engine is stopped."""
        while True:
            if child.is_ready and not self._send(child):
                return
            is_asked = self._requests.current is not None
            waiting = is_asked and self._status.state is EngineState.READY
            awake = wait([child.connection, ears, child.sentinel], BUSY_AFTER if waiting else None)
            if ears in awake:
                self._hear(ears)
                if self._stopping:
                    return
            if not awake:
                self._tell(EngineState.BUSY, "The engine is working.", self._status.memory)
            if child.connection in awake:
                try:
                    self._take(child, child.connection.recv())
                except (EOFError, OSError):
                    return
            elif child.sentinel in awake:
                return

    def _send(self, child: Child) -> bool:
        """Send all that may go now, the foreground before the rest; False on a broken line."""
        requests = self._requests
        try:
            while (unwanted := requests.next_unwanted()) is not None:
                child.connection.send(Stop(unwanted))
            if not self._stopping and (job := requests.next()) is not None:
                child.connection.send(job.message(job.id, child.pid, self._sent))
            while (work := requests.next_background()) is not None:
                child.connection.send(work.message(work.id, child.pid, self._sent))
        except OSError:
            return False
        return True

    def _take(self, child: Child, reply: Reply) -> None:
        if isinstance(reply, Ready):
            child.is_ready = True
            self._tell(EngineState.READY, "The engine is ready.", reply.memory)
            return
        job = self._requests.answered(reply)
        if job is None:
            return
        if isinstance(reply, Progress):
            if isinstance(job, BackgroundJob):
                self._deliver_to(job, partial(job.progress, reply.done, reply.total, reply.value))
            return
        if isinstance(reply, Failed):
            if reply.details:
                _log.error("the engine failed on a request\n%s", reply.details)
            self._deliver_to(job, partial(job.failed, reply.error))
        else:
            try:
                answer = job.answer(reply, self._sent)
            except (OSError, ValueError) as error:
                _log.exception("an answer of the engine could not be read")
                gone = EngineError("The engine's answer was lost.", "Try again.")
                gone.__cause__ = error
                self._deliver_to(job, partial(job.failed, gone))
            else:
                self._deliver_to(job, partial(job.done, answer))
        if isinstance(job, BackgroundJob):
            return
        grown = abs(reply.memory - self._status.memory) > MEMORY_STEP
        if self._status.state is not EngineState.READY or grown:
            self._tell(EngineState.READY, "The engine is ready.", reply.memory)

    def _bury(self, child: Child) -> None:
        """End the process and remove what it may have left behind."""
        job = self._requests.current
        if self._stopping and isinstance(job, SaveJob):
            wait([child.connection, child.sentinel], GRACE)
        pid = child.pid
        child.end()
        self._pid = None
        self._sent.inbox.close()
        if job is not None:
            job.clean_up(pid)

    def _resume(self) -> None:
        """After a death: what was asked waits again, unless it killed the engine too often."""
        self._tell(EngineState.RESTARTING, "The engine stopped; it is being started again.")
        job = self._requests.after_death()
        if job is not None:
            error = EngineError(
                f"The engine stopped {job.deaths} times on the same request.",
                "Undo the last change or choose a smaller network; memory may be short.",
            )
            self._deliver_to(job, partial(job.failed, error))

    def _give_up(self, ears: Connection[Any, Any]) -> None:
        """Fail all that waits, and rest until something new is asked."""
        error = EngineError("The engine could not be started.", "Restart the program.")
        for job in self._requests.take_all():
            self._deliver_to(job, partial(job.failed, error))
        self._tell(EngineState.FAILED, f"{error}")
        while not self._stopping and not self._requests.wait:
            wait([ears])
            self._hear(ears)
        if not self._stopping:
            self._tell(EngineState.RESTARTING, "The engine is being started again.")

    # ------------------------------------------------------------------- small

    def _enqueue(self, job: Job) -> None:
        self._requests.add(job)
        self._poke()

    def _in_background(self, job: BackgroundJob) -> Cancel:
        self._requests.add_background(job)
        self._poke()

        def cancel() -> None:
            self._requests.cancel(job)
            self._poke()

        return cancel

    def _poke(self) -> None:
        """Wake the supervisor; a wake-up already under way is enough."""
        with self._lock:
            if self._poked or self._waker is None:
                return
            self._poked = True
            self._waker.send_bytes(b"!")

    def _hear(self, ears: Connection[Any, Any]) -> None:
        ears.recv_bytes()
        with self._lock:
            self._poked = False

    def _tell(self, state: EngineState, sentence: str, memory: int = 0) -> None:
        self._status = status = EngineStatus(state, sentence, memory)
        self._deliver_if_running(lambda: self._on_status(status))

    def _deliver_to(self, job: Job, callback: Callable[[], None]) -> None:
        """Call back, unless the job is cancelled before its turn comes."""
        self._deliver_if_running(lambda: None if job.cancelled else callback())

    def _deliver_if_running(self, callback: Callable[[], None]) -> None:
        def run() -> None:
            if not self._stopping:
                callback()

        if not self._stopping:
            self._deliver(run)
