"""Slices of a series on their way through the network, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.network import Network
from unetscope.domain.ports import Cancel
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.sources import SeriesSource
from unetscope.state.jobs import Jobs
from unetscope.state.network_input import NetworkInput, network_input, read_slices

LANES = 2  # one slice is read while the engine is at another

TaskT = TypeVar("TaskT")
AnswerT = TypeVar("AnswerT")
Failed = Callable[[UnetscopeError], None]


class SeriesRun(Generic[TaskT, AnswerT]):
    """Takes one task after the other through reading and the engine, in two lanes.

    Only as much is read as the engine can take. After `stop` nobody is told anything.

    Parameters
    ----------
    jobs : Jobs
        Where slices are read.
    name : str
        Tells its jobs from those of others.
    tasks : sequence
        In the order of their turn.
    read : callable
        Makes of a task what the network is fed; runs in a job.
    ask : callable
        Asks the engine, to answer the third argument or to fail with the fourth.
    take : callable
        Told each answer.
    failed : callable
        Told that the engine cannot; the run is over.
    ended : callable
        Told when all is done that could be read, at once where there is nothing to do.

    Attributes
    ----------
    unread : list of UnetscopeError
        Why slices could not be read.
    """

    def __init__(
        self,
        jobs: Jobs,
        name: str,
        tasks: Sequence[TaskT],
        *,
        read: Callable[[TaskT], NetworkInput],
        ask: Callable[[TaskT, NetworkInput, Callable[[AnswerT], None], Failed], Cancel],
        take: Callable[[TaskT, NetworkInput, AnswerT], None],
        failed: Failed,
        ended: Callable[[], None],
    ) -> None:
        self._jobs = jobs
        self._name = name
        self._left = deque(tasks)
        self._read, self._ask_engine = read, ask
        self._taken, self._gave_up, self._ended = take, failed, ended
        self._at_work = 0
        self._cancels: dict[int, Cancel] = {}
        self._stopped = False
        self.unread: list[UnetscopeError] = []

    def start(self) -> None:
        """Begin."""
        self._at_work = LANES
        for lane in range(LANES):
            self._next(lane)

    def stop(self) -> None:
        """Leave the rest undone."""
        self._stopped = True
        for lane in range(LANES):
            self._jobs.cancel(f"{self._name} {lane}")
        for cancel in self._cancels.values():
            cancel()
        self._cancels.clear()  # they know the requests, and those the run and all that it holds

    def _next(self, lane: int) -> None:
        if self._stopped:
            return
        if not self._left:
            self._at_work -= 1
            if not self._at_work:
                self._ended()
            return
        task = self._left.popleft()

        self._jobs.submit(
            f"{self._name} {lane}",
            lambda _: self._read(task),
            done=partial(self._ask, lane, task),
            failed=partial(self._unread, lane),
        )

    def _ask(self, lane: int, task: TaskT, fed: NetworkInput) -> None:
        taken = partial(self._take, lane, task, fed)
        self._cancels[lane] = self._ask_engine(task, fed, taken, self._failed)

    def _take(self, lane: int, task: TaskT, fed: NetworkInput, answer: AnswerT) -> None:
        if not self._stopped:
            self._taken(task, fed, answer)
            self._next(lane)

    def _unread(self, lane: int, error: UnetscopeError) -> None:
        self.unread.append(error)
        self._next(lane)

    def _failed(self, error: UnetscopeError) -> None:
        if not self._stopped:
            self.stop()
            self._gave_up(error)


def read_input(
    index: int,
    source: SeriesSource,
    together: Sequence[SeriesSource],
    steps: Preprocessing,
    network: Network,
    key: str,
) -> NetworkInput:
    """Read a slice and make of it what the network is fed.

    Raises
    ------
    StudyError, PreprocessingError
        It cannot be read, or not be prepared.
    """
    slices = read_slices(index, source, together, steps, network)
    return network_input(slices, source, steps, network, key)
