"""What the window has asked of the engine's process and not been answered yet."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Hashable

from unetscope.engine.jobs import AheadJob, BackgroundJob, Job, LatestJob
from unetscope.engine.messages import Progress, Told


class Requests:
    """Jobs that wait and jobs that are under way; asked from one thread, sent from another.

    One job in the foreground is under way at a time, other jobs before looks, lab requests and
    quick questions, and of these only the latest of each kind waits. Background work is sent at
    once, and the engine does it in idle moments.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._jobs: deque[Job] = deque()
        self._latest: dict[Hashable, LatestJob] = {}  # by kind, the one asked first first
        self._ahead: AheadJob | None = None
        self._background: list[BackgroundJob] = []  # not sent yet
        self._running: dict[int, BackgroundJob] = {}
        self._unwanted: list[int] = []  # running, and to be stopped
        self.current: Job | None = None

    # ---------------------------------------------------------- the one who asks

    def add(self, job: Job) -> None:
        """Have a job done after those that wait."""
        with self._lock:
            self._jobs.append(job)

    def put_latest(self, job: LatestJob) -> None:
        """Have a job done in place of the one of its kind that waits."""
        with self._lock:
            self._latest[job.kind] = job

    def ahead(self, job: AheadJob) -> None:
        """Look ahead in place of the former list."""
        with self._lock:
            former, self._ahead = self._ahead, job
            if former is not None:
                self._cancel(former)
            self._background.append(job)

    def add_background(self, job: BackgroundJob) -> None:
        """Have background work done."""
        with self._lock:
            self._background.append(job)

    def cancel(self, job: BackgroundJob) -> None:
        """Want background work no longer."""
        with self._lock:
            self._cancel(job)

    def _cancel(self, job: BackgroundJob) -> None:
        job.cancelled = True
        if job in self._background:
            self._background.remove(job)
        if self._running.pop(job.id, None) is not None:
            self._unwanted.append(job.id)

    # --------------------------------------------------------- the one who sends

    @property
    def wait(self) -> bool:
        """Whether anything waits to be sent."""
        return bool(self._jobs or self._latest or self._background)

    @property
    def under_way(self) -> bool:
        """Whether the engine has anything to do."""
        return self.current is not None or bool(self._running)

    def next(self) -> Job | None:
        """Take the next job for the foreground, which is then the current one."""
        with self._lock:
            if self.current is not None:
                return None
            if self._jobs:
                self.current = self._jobs.popleft()
            elif self._latest:
                self.current = self._latest.pop(next(iter(self._latest)))
            if self.current is not None:
                self.current.id = next(self._ids)
            return self.current

    def next_background(self) -> BackgroundJob | None:
        """Take the next background work, which is then under way."""
        with self._lock:
            if not self._background:
                return None
            job = self._background.pop(0)
            job.id = next(self._ids)
            self._running[job.id] = job
            return job

    def next_unwanted(self) -> int | None:
        """Take the id of background work that should be stopped."""
        with self._lock:
            return self._unwanted.pop(0) if self._unwanted else None

    def answered(self, reply: Told) -> Job | None:
        """The job that a reply belongs to; None when it is not wanted any more."""
        with self._lock:
            if isinstance(reply, Progress):
                return self._running.get(reply.id)
            job, self.current = self.current, None
            if job is not None and job.id == reply.id:
                return job
            self.current = job
            return self._running.pop(reply.id, None)

    def give_up(self) -> Job | None:
        """Want the current job no longer; whatever comes of it is dropped."""
        with self._lock:
            job = self.current
            if job is None or job.cancelled:
                return None
            job.cancelled = True
            return job

    # ------------------------------------------------------------------ a death

    def after_death(self, weight: int = 1) -> Job | None:
        """Have everything that was under way wait again.

        The engine works at one thing at a time: the foreground, else the most urgent work of the
        background. That is to blame; when it killed the engine too often it is given back instead.

        Parameters
        ----------
        weight : int
            How many deaths this one counts for.
        """
        with self._lock:
            running = sorted(self._running.values(), key=lambda job: (job.urgency, job.id))
            under_way = [*([self.current] if self.current else []), *running]
            self.current = None
            self._running.clear()
            self._unwanted.clear()
            if under_way and under_way[0].cancelled:
                under_way.pop(0)
                weight = 0
            if not under_way:
                return None
            blamed = under_way[0]
            blamed.deaths += weight
            failed = blamed if weight and blamed.deaths >= blamed.most_deaths else None
            for job in reversed(under_way):
                if isinstance(job, LatestJob) and job.kind in self._latest:
                    failed = None if job is failed else failed  # nobody waits for it
                elif job is not failed:
                    self._wait_again(job)
            return failed

    def _wait_again(self, job: Job) -> None:
        if isinstance(job, LatestJob):
            self._latest[job.kind] = job
        elif isinstance(job, BackgroundJob):
            self._background.insert(0, job)
        else:
            self._jobs.appendleft(job)

    def take_all(self) -> list[Job]:
        """Take everything that is not answered, because none of it can be done."""
        with self._lock:
            running = self._running.values()
            latest = self._latest.values()
            found = [self.current, *self._jobs, *latest, *running, *self._background]
            self.current = None
            for held in (self._jobs, self._latest, self._running, self._background, self._unwanted):
                held.clear()
            return [job for job in found if job is not None]
