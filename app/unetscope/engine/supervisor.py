"""Keeps one worker process at work: sends, listens, watches, and starts another when it dies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from math import inf
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from unetscope.domain.errors import EngineError, ModelError, StoppedError, UnetscopeError
from unetscope.domain.layer_cost import slowest_layer
from unetscope.domain.network import Network
from unetscope.domain.ports import EngineState, EngineStatus
from unetscope.engine.child import Child
from unetscope.engine.jobs import BackgroundJob, Job, SaveJob, Sent
from unetscope.engine.messages import (
    Alive,
    Failed,
    Free,
    Pause,
    Progress,
    Ready,
    Reply,
    Speeds,
    Stop,
)
from unetscope.engine.requests import Requests
from unetscope.engine.watch import (
    STARTING,
    STOPPED,
    SURELY,
    UNTRUSTED,
    Cause,
    Deaths,
    Watch,
    cause_of,
)
from unetscope.processes.plain_replies import NotPlainError, received

Deliver = Callable[[Callable[[], None]], None]

SAID = (  # modules whose values the worker may send
    "unetscope.domain",
    "unetscope.engine.messages",
    "unetscope.engine.shared_arrays",
    "unetscope.processes.sandbox",
)
UNSOUND = (NotPlainError, TypeError, AttributeError, LookupError, ValueError, AssertionError)
"""What comes of a reply that no sound worker sends."""
POLL = 0.25  # seconds between two looks at a process that works
BUSY_AFTER = 0.25  # seconds of work before the status says so
LAST_BREATH = 0.3  # seconds in which a process that broke the line ends by itself
GRACE = 1.0  # seconds a save may still take when the engine is stopped
MEMORY_STEP = 32 << 20

_log = logging.getLogger(__name__)


class Supervisor:
    """The thread between the window and the worker process.

    Parameters
    ----------
    requests : Requests
        What is asked, from another thread; `poke` says that something new is.
    deliver : callable
        Runs a function of no arguments on the caller's thread; every callback goes through it.
    log : Path or None
        Where the worker's own output goes.
    on_status : callable
        Told what the engine does.
    """

    def __init__(
        self,
        requests: Requests,
        deliver: Deliver,
        log: Path | None,
        on_status: Callable[[EngineStatus], None],
    ) -> None:
        self._requests = requests
        self._deliver = deliver
        self._log = log
        self._on_status = on_status
        self._lock = threading.Lock()
        self._status = EngineStatus(EngineState.STARTING)
        self._stopping = False
        self._poked = False
        self._sent: Sent
        self._watch: Watch
        self._sent_at = 0.0  # when the request in the foreground was
        self._wants_free = False  # the user stopped what is under way
        self._estimates: dict[Path | None, float] = {}  # seconds, by model
        self._guard = self._no_start = ""
        self._speeds: tuple[float, ...] = ()
        self.pid: int | None = None
        ears, self._waker = Pipe(duplex=False)
        self._thread = threading.Thread(
            target=self._supervise, args=(ears,), name="engine", daemon=True
        )
        self._thread.start()

    # ------------------------------------------------------ from the other thread

    def poke(self) -> None:
        """Wake the supervisor; a wake-up already under way is enough."""
        with self._lock:
            if self._poked:
                return
            self._poked = True
            self._waker.send_bytes(b"!")

    def interrupt(self, *, foreground: bool) -> None:
        """See `Engine.interrupt`."""
        if foreground and (job := self._requests.give_up()) is not None:
            stopped = StoppedError(f"{job.doing} was stopped.")
            self._deliver_if_running(partial(job.failed, stopped))
        self._wants_free = foreground or self._requests.current is None
        self.poke()

    def stop(self) -> None:
        """End the process and the thread; nothing is delivered any more."""
        with self._lock:
            self._stopping = True
        self.poke()
        self._thread.join()
        self._waker.close()

    # ---------------------------------------------------------- its own thread

    def _supervise(self, ears: Connection[Any, Any]) -> None:
        deaths = Deaths()
        self._tell(EngineState.STARTING, "The engine is starting.")
        while not self._stopping:
            child = self._spawned()
            cause = None
            if child is not None:
                ended = self._serve(child, ears)
                died = self._bury(child)
                cause = ended or died
                if cause.weight:
                    deaths.add(was_ready=child.is_ready)
            if self._stopping:
                break
            if cause is not None and not deaths.are_too_many:
                self._resume(cause)
            else:
                self._give_up(ears, deaths.sentence if child is not None else self._no_start)
                deaths.forget()
        ears.close()

    def _spawned(self) -> Child | None:
        try:
            child = Child(self._log, self._speeds)
        except OSError as error:
            _log.exception("the engine's process could not be started")
            why = error.strerror or "the system refused"
            self._no_start = f"The engine could not be started: {why}."
            return None
        self._sent = Sent(child.room)
        self._watch = Watch(child.pid)
        self.pid = child.pid
        return child

    def _serve(self, child: Child, ears: Connection[Any, Any]) -> Cause | None:
        """Send what is asked and take the answers until the child dies or the engine is stopped.

        Gives why it has to be ended, where it did not end by itself.
        """
        watch = self._watch
        while True:
            if child.is_ready and not self._send(child):
                return None
            works = not child.is_ready or self._requests.under_way or watch.is_stopping
            awake = wait([child.connection, ears, child.sentinel], POLL if works else None)
            if ears in awake:
                self._hear(ears)
                if self._stopping:
                    return None
            if child.connection in awake:
                try:
                    self._take(child, received(child.connection, SAID))
                except (EOFError, OSError):
                    return None
                except UNSOUND:
                    _log.exception("the engine is not to be trusted")
                    child.kill()
                    return UNTRUSTED
            elif child.sentinel in awake:
                return None
            if works and (cause := watch.trouble(self._patience(child))) is not None:
                child.kill()
                return cause
            self._tell_if_long()

    def _patience(self, child: Child) -> float:
        """Seconds that the process may go on without a sign of life."""
        if not child.is_ready:
            return STARTING
        job = self._requests.current
        if job is not None:
            return job.patience + self._estimates.get(job.model, 0.0)
        if self._requests.under_way:
            return BackgroundJob.patience + max(self._estimates.values(), default=0.0)
        return inf

    def _tell_if_long(self) -> None:
        job = self._requests.current
        if job is None or job.cancelled:
            return
        spent = time.monotonic() - self._sent_at
        doing = job.doing if spent > job.long else ""
        if spent > BUSY_AFTER and (
            self._status.state is not EngineState.BUSY or doing != self._status.doing
        ):
            self._tell(EngineState.BUSY, "The engine is working.", self._status.memory, doing)

    def _send(self, child: Child) -> bool:
        """Send all that may go now, the foreground before the rest; False on a broken line."""
        requests = self._requests
        try:
            while (unwanted := requests.next_unwanted()) is not None:
                child.connection.send(Stop(unwanted))
            if self._wants_free:
                self._wants_free = False
                self._watch.expect_free()
                child.connection.send(Pause())
            if not self._stopping and (job := requests.next()) is not None:
                self._sent_at = time.monotonic()
                self._hand_over(child, job)
            while (work := requests.next_background()) is not None:
                self._hand_over(child, work)
        except OSError:
            return False
        return True

    def _hand_over(self, child: Child, job: Job) -> None:
        """Send a request, and the model file that it needs."""
        self._watch.heard()
        try:
            file = None if job.model is None else self._sent.file(job.model)
        except OSError as error:
            reason = error.strerror or "the disk refused"
            trouble = ModelError(
                f"{(job.model or Path()).name} could not be given to the engine: {reason}.",
                "Make room on the disk of temporary files.",
            )
            self._take(child, Failed(job.id, trouble, "", self._status.memory))
            return
        if file is not None:
            child.connection.send(file)
        child.connection.send(job.message(job.id, child.pid, self._sent))

    def _take(self, child: Child, reply: Reply) -> None:
        self._watch.heard()
        if isinstance(reply, Ready):
            child.is_ready = True
            self._guard = reply.guard.sentence
            self._tell(EngineState.READY, "The engine is ready.", reply.memory)
            return
        if isinstance(reply, Free):
            self._watch.is_free()
            return
        if isinstance(reply, Speeds):
            self._speeds = reply.speeds
            return
        if isinstance(reply, Alive):
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
        elif not job.cancelled:
            self._deliver_to(job, self._answer(job, reply))
        if isinstance(job, BackgroundJob):
            return
        grown = abs(reply.memory - self._status.memory) > MEMORY_STEP
        if self._status.state is not EngineState.READY or grown:
            self._tell(EngineState.READY, "The engine is ready.", reply.memory)

    def _answer(self, job: Job, reply: Reply) -> Callable[[], None]:
        """The callback to make with what a reply holds."""
        try:
            answer = job.answer(reply, self._sent)
        except UnetscopeError as error:
            return partial(job.failed, error)
        except (OSError, ValueError) as error:
            _log.exception("an answer of the engine could not be read")
            gone = EngineError("The engine's answer was lost.", "Try again.")
            gone.__cause__ = error
            return partial(job.failed, gone)
        if isinstance(answer, Network):
            spent = time.monotonic() - self._sent_at
            self._estimates[answer.path] = 3 * spent + slowest_layer(answer.graph)
        return partial(job.done, answer)

    def _bury(self, child: Child) -> Cause:
        """End the process, remove what it may have left behind, and tell what it died of."""
        job = self._requests.current
        if self._stopping and isinstance(job, SaveJob):
            wait([child.connection, child.sentinel], GRACE)
        if not self._stopping:
            wait([child.sentinel], LAST_BREATH)
        pid = child.pid
        child.end()
        self.pid = None
        self._sent.inbox.close()
        if job is not None:
            job.clean_up(pid)
        return cause_of(child.exit_code)

    def _resume(self, cause: Cause) -> None:
        """After a death: what was asked waits again, unless it killed the engine too often."""
        self._tell(EngineState.RESTARTING, cause.sentence, on_demand=cause is STOPPED)
        job = self._requests.after_death(cause.weight)
        if job is not None:
            often = f" {job.deaths} times" if job.deaths in range(2, SURELY) else ""
            error = EngineError(f"{cause.what}{often} on the same request.", cause.hint)
            self._deliver_to(job, partial(job.failed, error))

    def _give_up(self, ears: Connection[Any, Any], sentence: str) -> None:
        """Fail all that waits, and rest until something new is asked."""
        error = EngineError(sentence, "Restart the program.")
        for job in self._requests.take_all():
            self._deliver_to(job, partial(job.failed, error))
        self._tell(EngineState.FAILED, f"{error}")
        while not self._stopping and not self._requests.wait:
            wait([ears])
            self._hear(ears)
        if not self._stopping:
            self._tell(EngineState.RESTARTING, "The engine is being started again.")

    # ------------------------------------------------------------------- small

    def _hear(self, ears: Connection[Any, Any]) -> None:
        ears.recv_bytes()
        with self._lock:
            self._poked = False

    def _tell(
        self,
        state: EngineState,
        sentence: str,
        memory: int = 0,
        doing: str = "",
        *,
        on_demand: bool = False,
    ) -> None:
        self._status = status = EngineStatus(state, sentence, memory, doing, self._guard, on_demand)
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
