"""Signs of life from the midst of a long computation."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY = 1.0  # seconds between two of them


class Pulse:
    """Tells now and then that work goes on; called before every piece of it, so it costs nothing.

    Attributes
    ----------
    tell : callable or None
        What to do; None where nobody listens.
    """

    def __init__(self) -> None:
        self.tell: Callable[[], None] | None = None
        self._told = 0.0

    def beat(self) -> None:
        """Tell, if it is time."""
        if self.tell is None:
            return
        now = time.monotonic()
        if now - self._told > EVERY:
            self._told = now
            self.tell()


pulse = Pulse()
"""The one of this process."""
