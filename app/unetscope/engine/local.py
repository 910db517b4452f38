"""The engine in this very process, answering at once: for scripts and tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import (
    EngineState,
    EngineStatus,
    Look,
    LookRequest,
    Saved,
)
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
    ) -> None:
        """See `Engine.describe`."""
        _answer(lambda: self._workbench.describe(path), done, failed)

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

    def stop(self) -> None:
        """See `Engine.stop`."""


def _answer(
    work: Callable[[], T], done: Callable[[T], None], failed: Callable[[UnetscopeError], None]
) -> None:
    try:
        answer = work()
    except UnetscopeError as error:
        failed(error)
    else:
        done(answer)
