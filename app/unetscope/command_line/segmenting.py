"""A series through the network, slice by slice, by the same engine as in the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np

from unetscope.command_line.inputs import OpenedModel, OpenedSeries
from unetscope.command_line.loop import Loop
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Engine
from unetscope.engine.process import EngineProcess
from unetscope.state.jobs import Jobs
from unetscope.state.network_input import NetworkInput, on_slice
from unetscope.state.series_run import SeriesRun, read_input
from unetscope.state.series_segmentation import Todo, ask_for_mask


@dataclass(frozen=True, slots=True, eq=False)
class Segmented:
    """The masks of a series.

    Attributes
    ----------
    labels : (slices, rows, columns) ndarray of uint8
        On the grid of the series; 0 where a slice could not be read.
    known : tuple of int
        The slices that have a mask.
    unread : tuple of str
        Why the others have none.
    milliseconds : float
        A slice, from the first mask to the last: the engine's start is not in it.
    """

    labels: Labels
    known: tuple[int, ...]
    unread: tuple[str, ...]
    milliseconds: float


class Segmenter:
    """Holds the engine for as long as there are series to segment."""

    def __init__(self, engine: Callable[[Loop], Engine] | None = None) -> None:
        self._loop = Loop()
        self._engine = engine(self._loop) if engine else EngineProcess(self._loop.deliver)
        self._jobs = Jobs(self._loop.deliver)
        self._engine.start(lambda _: None)

    def __enter__(self) -> Segmenter:
        return self

    def __exit__(self, *_: object) -> None:
        self._jobs.stop()
        self._engine.stop()

    def segment(
        self,
        opened: OpenedSeries,
        model: OpenedModel,
        edits: Edits,
        progress: Callable[[int, int], None],
    ) -> Segmented:
        """Segment every slice of a series.

        Raises
        ------
        UnetscopeError
            The engine cannot, or no slice could be read.
        """
        labels = np.zeros(opened.series.shape, np.uint8)
        known: list[int] = []
        times: list[float] = []

        def take(task: Todo, fed: NetworkInput, mask: Labels) -> None:
            labels[task[0]] = on_slice(mask, fed.placement)
            known.append(task[0])
            times.append(perf_counter())
            progress(len(known), len(labels))

        tasks = [(index, edits) for index in range(len(labels))]
        unread = self._through(opened, model, tasks, take)
        if not known:
            raise unread[0]
        each = (times[-1] - times[0]) / (len(times) - 1) * 1000 if len(times) > 1 else 0.0
        reasons = tuple(dict.fromkeys(error.what for error in unread))
        return Segmented(labels, tuple(sorted(known)), reasons, each)

    def one(
        self, opened: OpenedSeries, model: OpenedModel, index: int, edits: Edits
    ) -> tuple[NetworkInput, Labels]:
        """What the network is fed for one slice, and its mask on the grid of the slice."""
        found: list[tuple[NetworkInput, Labels]] = []

        def take(_: Todo, fed: NetworkInput, mask: Labels) -> None:
            found.append((fed, on_slice(mask, fed.placement)))

        unread = self._through(opened, model, [(index, edits)], take)
        if not found:
            raise unread[0]
        return found[0]

    def _through(
        self,
        opened: OpenedSeries,
        model: OpenedModel,
        tasks: list[Todo],
        take: Callable[[Todo, NetworkInput, Labels], None],
    ) -> list[UnetscopeError]:
        """Take slices through the network; gives why some could not be read."""
        series, network, steps = opened.series, model.network, model.card.preprocessing
        trouble: list[UnetscopeError] = []
        over: list[bool] = []

        def read(task: Todo) -> NetworkInput:
            key = f"{opened.study}/{series.uid}/{task[0]}/{steps!r}"
            return read_input(task[0], series, opened.together, steps, network, key)

        run = SeriesRun(
            self._jobs,
            "segment",
            tasks,
            read=read,
            ask=partial(ask_for_mask, self._engine, network),
            take=take,
            failed=trouble.append,
            ended=lambda: over.append(True),
        )
        try:
            run.start()
            self._loop.wait_until(lambda: bool(over or trouble))
        finally:
            run.stop()
        if trouble:
            raise trouble[0]
        return run.unread
