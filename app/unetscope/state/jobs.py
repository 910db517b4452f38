"""Background jobs: progress, cancellation, latest wins."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from unetscope import reports
from unetscope.domain.errors import Cancelled, UnetscopeError

T = TypeVar("T")
Deliver = Callable[[Callable[[], None]], None]

LONG = 0.5  # seconds after which the user is told what takes so long
REPORT_EVERY = 0.05  # seconds between reports of progress: more only floods the window

_log = logging.getLogger(__name__)


class JobContext:
    """What a running job uses to tell how far it is and to learn that it should stop."""

    def __init__(self, cancel: Event, report: Callable[[float, str], None]) -> None:
        self._cancel = cancel
        self._report = report
        self._reported = 0.0

    @property
    def cancelled(self) -> bool:
        """Whether the job's answer is still wanted."""
        return self._cancel.is_set()

    def step(self, share: float, sentence: str = "") -> None:
        """Report how much is done, 0 to 1; raises Cancelled when the job is not wanted."""
        if self._cancel.is_set():
            raise Cancelled
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY:
            self._reported = now
            self._report(share, sentence)


class Jobs:
    """Runs work in a few threads and brings the answers back to the owner's thread.

    Parameters
    ----------
    deliver : callable
        Runs a function on the owner's thread, soon; the window gives a queued Qt call.
    workers : int
        Number of threads.
    """

    def __init__(self, deliver: Deliver, workers: int = 2) -> None:
        self.deliver = deliver
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self._latest: dict[str, Event] = {}

    def submit(
        self,
        key: str,
        work: Callable[[JobContext], T],
        *,
        done: Callable[[T], None],
        failed: Callable[[UnetscopeError], None],
        progress: Callable[[float, str], None] | None = None,
        long: str = "",
    ) -> None:
        """Start ``work``; an earlier job of the same key is cancelled and never answers.

        Parameters
        ----------
        key : str
            What the job is for: the latest of a key wins.
        work : callable
            Runs in a thread; may raise UnetscopeError, which goes to ``failed``.
        done, failed, progress : callable
            Run on the owner's thread.
        long : str
            A sentence for ``progress`` about work that cannot tell how far it is, told when it
            takes long; the share is -1 then.
        """
        self.cancel(key)
        cancel = self._latest[key] = Event()

        def answer(callback: Callable[[], None]) -> None:
            def unless_superseded() -> None:
                if not cancel.is_set():
                    callback()

            self.deliver(unless_superseded)

        def report(share: float, sentence: str) -> None:
            if progress is not None:
                answer(lambda: progress(share, sentence))

        def run() -> None:
            clock = threading.Timer(LONG, report, (-1.0, long))
            clock.daemon = True
            if long:
                clock.start()
            try:
                result = work(JobContext(cancel, report))
            except Cancelled:
                return
            except UnetscopeError as error:
                trouble = error
                answer(lambda: failed(trouble))
            except Exception as error:
                _log.exception("job %s failed", key)
                reports.keep(reports.describe(error))
                bug = UnetscopeError(
                    f"Something unforeseen happened ({type(error).__name__}).",
                    "Help → Report of trouble has the details.",
                )
                bug.__cause__ = error
                answer(lambda: failed(bug))
            else:
                answer(lambda: done(result))
            finally:
                clock.cancel()

        self._pool.submit(run)

    def cancel(self, key: str) -> None:
        """Stop wanting a job's answer; it ends at its next step."""
        if (event := self._latest.pop(key, None)) is not None:
            event.set()

    def stop(self) -> None:
        """Cancel every job and wait for the threads to end."""
        for key in list(self._latest):
            self.cancel(key)
        self._pool.shutdown(wait=True, cancel_futures=True)
