"""The engine in this very process, answering at once: for scripts and tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.question import Question
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
from unetscope.engine.idle import found_effects, found_mask
from unetscope.engine.workbench import Workbench
from unetscope.engine.worker import memory_in_use

T = TypeVar("T")


class LocalEngine:
    """The `Engine` protocol without a second process: every call answers before it returns."""

    def __init__(self) -> None:
        self._workbench = Workbench()

    def start(self, on_status: Callable[[EngineStatus], None]) -> None:
        """See `Engine.start`."""
        on_status(EngineStatus(EngineState.READY, "The engine is ready.", memory_in_use()))

    def describe(
        self,
        path: Path,
        done: Callable[[Network], None],
        failed: Callable[[UnetscopeError], None],
        *,
        known: ModelRef | None = None,
    ) -> None:
        """See `Engine.describe`."""
        _answer(lambda: self._workbench.describe(path, known), done, failed)

    def look(
        self,
        request: LookRequest,
        done: Callable[[Look], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.look`."""
        _answer(lambda: self._workbench.look(request), done, failed)

    def save(
        self,
        model: ModelRef,
        edits: Edits,
        path: Path,
        done: Callable[[Saved], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.save`."""
        _answer(lambda: self._workbench.save(model, edits, path), done, failed)

    def create(
        self,
        new: NewModel,
        path: Path,
        done: Callable[[Saved], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.create`."""
        _answer(lambda: self._workbench.create(new, path), done, failed)

    def ahead(self, requests: Sequence[LookRequest]) -> None:
        """See `Engine.ahead`; there are no idle moments here, so nothing is kept ready."""

    def sweep(
        self,
        request: SweepRequest,
        progress: Callable[[int, int, Effects], None],
        done: Callable[[Effects], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """See `Engine.sweep`; it is over when this returns."""

        def work() -> Effects:
            effects = None
            for count, total, effects in self._workbench.sweep(request):
                progress(count, total, effects)
            return found_effects(request, effects)

        _answer(work, done, failed)
        return _over

    def segment(
        self,
        request: LookRequest,
        done: Callable[[Labels], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """See `Engine.segment`; it is over when this returns."""
        _answer(lambda: found_mask(self._workbench.look(request)), done, failed)
        return _over

    def convolve(
        self,
        request: LabRequest,
        done: Callable[[LabMaps], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.convolve`."""
        _answer(lambda: self._workbench.convolve(request), done, failed)

    def survey(
        self,
        request: LookRequest,
        done: Callable[[MapPeaks], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """See `Engine.survey`; it is over when this returns."""
        _answer(lambda: self._workbench.survey(request), done, failed)
        return _over

    def explain(
        self,
        question: Question,
        progress: Callable[[int, int, Any], None],
        done: Callable[[Any], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """See `Engine.explain`; it is over when this returns."""

        def work() -> Any:
            answer = None
            for count, total, answer in self._workbench.explain(question):
                progress(count, total, answer)
            return answer

        _answer(work, done, failed)
        return _over

    def ask(
        self,
        question: Question,
        done: Callable[[Any], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """See `Engine.ask`."""
        self.explain(question, lambda *_: None, done, failed)

    def interrupt(self, *, foreground: bool = True) -> None:
        """See `Engine.interrupt`; nothing is ever under way between two calls."""

    def stop(self) -> None:
        """See `Engine.stop`."""


def _over() -> None:
    """Cancel what is over already."""


def _answer(
    work: Callable[[], T], done: Callable[[T], None], failed: Callable[[UnetscopeError], None]
) -> None:
    try:
        answer = work()
    except UnetscopeError as error:
        failed(error)
    else:
        done(answer)
