"""The engine in a process of its own: TensorFlow never stalls or takes down the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from unetscope.domain.errors import EngineError, UnetscopeError
from unetscope.domain.explaining.question import Question
from unetscope.domain.history import Edits
from unetscope.domain.lab import LabMaps, LabRequest
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import (
    Cancel,
    Effects,
    EngineStatus,
    Look,
    LookRequest,
    Saved,
    SweepRequest,
)
from unetscope.domain.presets import NewModel
from unetscope.domain.survey import MapPeaks
from unetscope.engine.jobs import (
    AheadJob,
    BackgroundJob,
    CreateJob,
    DescribeJob,
    Job,
    LookJob,
    SaveJob,
    SegmentJob,
    SurveyJob,
    SweepJob,
)
from unetscope.engine.lab_job import LabJob
from unetscope.engine.question_jobs import AskJob, ExplainJob
from unetscope.engine.requests import Requests
from unetscope.engine.supervisor import Deliver, Supervisor


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
        self._requests = Requests()
        self._supervisor: Supervisor | None = None
        self._stopped = False

    # ------------------------------------------------------------- the protocol

    def start(self, on_status: Callable[[EngineStatus], None]) -> None:
        """See `Engine.start`."""
        if self._supervisor is not None or self._stopped:
            raise EngineError("The engine was started already.")
        self._supervisor = Supervisor(self._requests, self._deliver, self._log, on_status)

    def describe(
        self,
        path: Path,
        done: Callable[[Network], None],
        failed: Callable[[UnetscopeError], None],
        *,
        known: ModelRef | None = None,
    ) -> None:
        """See `Engine.describe`."""
        self._enqueue(DescribeJob(path, done, failed, known))

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

    def explain(
        self,
        question: Question,
        progress: Callable[[int, int, Any], None],
        done: Callable[[Any], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """See `Engine.explain`."""
        return self._in_background(ExplainJob(question, progress, done, failed))

    def ask(
        self,
        question: Question,
        done: Callable[[Any], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.ask`."""
        self._requests.put_latest(AskJob(question, done, failed))
        self._poke()

    def interrupt(self, *, foreground: bool = True) -> None:
        """See `Engine.interrupt`."""
        if self._supervisor is not None:
            self._supervisor.interrupt(foreground=foreground)

    def stop(self) -> None:
        """See `Engine.stop`."""
        self._stopped = True
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the worker; None where there is none."""
        return self._supervisor.pid if self._supervisor is not None else None

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
        if self._supervisor is not None:
            self._supervisor.poke()
