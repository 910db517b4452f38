"""A loop without a window: what jobs and the engine answer runs on the thread that waits."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue

ATTENTION = 0.2  # seconds after which Ctrl+C is heard at the latest


class Loop:
    """Takes calls from any thread, and runs them in order while somebody waits."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def deliver(self, call: Callable[[], None]) -> None:
        """Have a call run by whoever waits."""
        self._calls.put(call)

    def wait_until(self, over: Callable[[], bool]) -> None:
        """Run calls until something is so."""
        while not over():
            try:
                call = self._calls.get(timeout=ATTENTION)
            except Empty:
                continue
            call()
