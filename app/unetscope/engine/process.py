"""The engine in a process of its own: TensorFlow never stalls or takes down the window."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from unetscope.domain.errors import EngineError, UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import (
    EngineState,
    EngineStatus,
    Look,
    LookRequest,
    Saved,
)
from unetscope.engine.child import Child
from unetscope.engine.jobs import DescribeJob, Job, LookJob, SaveJob, Sent
from unetscope.engine.messages import Failed, Ready, Reply

Deliver = Callable[[Callable[[], None]], None]

SENDS = 3  # how often the same request may be sent
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
        self._jobs: deque[Job] = deque()
        self._look: LookJob | None = None
        self._current: Job | None = None
        self._ids = itertools.count(1)
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
        with self._lock:
            self._look = LookJob(request, done, failed)
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
        """Send one request at a time until the child dies or the engine is stopped."""
        while True:
            if child.is_ready and self._current is None and not self._send_next(child):
                return
            waiting = self._current is not None and self._status.state is EngineState.READY
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

    def _send_next(self, child: Child) -> bool:
        """Send what waits, jobs before looks; False when the line is broken."""
        with self._lock:
            if self._stopping:
                return True
            if self._jobs:
                self._current = self._jobs.popleft()
            else:
                self._current, self._look = self._look, None
        if self._current is None:
            return True
        self._current.sends += 1
        try:
            child.connection.send(self._current.message(next(self._ids), child.pid, self._sent))
        except OSError:
            return False
        return True

    def _take(self, child: Child, reply: Reply) -> None:
        if isinstance(reply, Ready):
            child.is_ready = True
            self._tell(EngineState.READY, "The engine is ready.", reply.memory)
            return
        job, self._current = self._current, None
        assert job is not None
        if isinstance(reply, Failed):
            if reply.details:
                _log.error("the engine failed on a request\n%s", reply.details)
            self._deliver_if_running(lambda: job.failed(reply.error))
        else:
            try:
                answer = job.answer(reply, self._sent)
            except (OSError, ValueError) as error:
                _log.exception("an answer of the engine could not be read")
                gone = EngineError("The engine's answer was lost.", "Try again.")
                gone.__cause__ = error
                self._deliver_if_running(lambda: job.failed(gone))
            else:
                self._deliver_if_running(lambda: job.done(answer))
        grown = abs(reply.memory - self._status.memory) > MEMORY_STEP
        if self._status.state is not EngineState.READY or grown:
            self._tell(EngineState.READY, "The engine is ready.", reply.memory)

    def _bury(self, child: Child) -> None:
        """End the process and remove what it may have left behind."""
        job = self._current
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
        with self._lock:
            job, self._current = self._current, None
            if job is None or (isinstance(job, LookJob) and self._look is not None):
                return
            if job.sends < SENDS:
                if isinstance(job, LookJob):
                    self._look = job
                else:
                    self._jobs.appendleft(job)
                return
        error = EngineError(
            f"The engine stopped {job.sends} times on the same request.",
            "Undo the last change or choose a smaller network; memory may be short.",
        )
        self._deliver_if_running(lambda: job.failed(error))

    def _give_up(self, ears: Connection[Any, Any]) -> None:
        """Fail all that waits, and rest until something new is asked."""
        error = EngineError("The engine could not be started.", "Restart the program.")
        with self._lock:
            jobs = [job for job in (self._current, *self._jobs, self._look) if job is not None]
            self._current = self._look = None
            self._jobs.clear()
        for job in jobs:
            self._deliver_if_running(lambda job=job: job.failed(error))  # type: ignore[misc]
        self._tell(EngineState.FAILED, f"{error}")
        while not self._stopping and not self._jobs and self._look is None:
            wait([ears])
            self._hear(ears)
        if not self._stopping:
            self._tell(EngineState.RESTARTING, "The engine is being started again.")

    # ------------------------------------------------------------------- small

    def _enqueue(self, job: Job) -> None:
        with self._lock:
            self._jobs.append(job)
        self._poke()

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

    def _deliver_if_running(self, callback: Callable[[], None]) -> None:
        def run() -> None:
            if not self._stopping:
                callback()

        if not self._stopping:
            self._deliver(run)
