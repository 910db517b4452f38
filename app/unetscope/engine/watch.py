"""What the engine's process may come to grief of, as its parent sees it."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass

from unetscope.engine import machine

UNREADY = 3  # processes in a row that may die before they were ready
MANY, WITHIN = 6, 60.0  # deaths within so many seconds after which it rests
STARTING = 240.0  # seconds a process may take until it is ready
FREE_WITHIN = 1.2  # seconds in which it has to be free when the user stops it
LOOK_EVERY = 0.5  # seconds between two looks at its memory
LEAST_FREE = 0.03  # of the machine's memory, which the engine must leave to others
LARGE = 0.25  # of the machine's memory: a smaller engine is not the one to blame


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the engine's process came to an end.

    Attributes
    ----------
    what : str
        The sentence for the user, without its end: "The engine crashed".
    hint : str
        What to do, should it happen again.
    weight : int
        For how many deaths it counts against the request under way, which is not tried again for
        ever.
    """

    what: str
    hint: str = "Undo the last change or choose a smaller network."
    weight: int = 1

    @property
    def sentence(self) -> str:
        """What has happened and what happens now."""
        return f"{self.what}; it is being started again."


SURELY = 100  # more than any request may cause
STOPPED = Cause("The engine was stopped", weight=0)
UNTRUSTED = Cause(
    "The engine answered what it must not, and was ended",
    "Do not use this network: it may be made to harm.",
    weight=SURELY,
)


class Deaths:
    """Counts how often the process died, so that it is not started again for ever."""

    def __init__(self) -> None:
        self._unready = 0
        self._times: list[float] = []

    def add(self, *, was_ready: bool) -> None:
        """Count one more."""
        now = time.monotonic()
        self._unready = 0 if was_ready else self._unready + 1
        self._times = [each for each in self._times if now - each < WITHIN] + [now]

    def forget(self) -> None:
        """Begin again."""
        self._unready, self._times = 0, []

    @property
    def are_too_many(self) -> bool:
        """Whether it should not be started again before it is needed."""
        return self._unready >= UNREADY or len(self._times) >= MANY

    @property
    def sentence(self) -> str:
        """Why it is not started again."""
        if len(self._times) >= MANY:
            return f"The engine stopped {MANY} times within {WITHIN:.0f} seconds."
        return "The engine could not be started."


def cause_of(exit_code: int | None) -> Cause:
    """What to say of a process that ended by itself."""
    kill = getattr(signal, "SIGKILL", None)
    if kill is not None and exit_code == -kill:
        return Cause(
            "The engine was ended from outside, perhaps for lack of memory",
            "Close other programs or choose a smaller network.",
        )
    if exit_code is not None and exit_code < 0:
        return Cause("The engine crashed")
    return Cause("The engine stopped")


class Watch:
    """Tells when a process should be ended: hung, too big, or not free when the user stops it.

    Parameters
    ----------
    pid : int
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._alive = time.monotonic()
        self._looked = 0.0
        self._stop_by: float | None = None
        self._least_free = int(LEAST_FREE * machine.installed())
        self._large = int(LARGE * machine.installed())

    def heard(self) -> None:
        """It gave a sign of life, or was given something new to do."""
        self._alive = time.monotonic()

    def expect_free(self) -> None:
        """The user wants it stopped."""
        self._stop_by = time.monotonic() + FREE_WITHIN

    def is_free(self) -> None:
        """It has stopped."""
        self._stop_by = None

    @property
    def is_stopping(self) -> bool:
        """Whether it is to be free soon."""
        return self._stop_by is not None

    def trouble(self, patience: float) -> Cause | None:
        """Why the process should be ended now, if anything.

        Parameters
        ----------
        patience : float
            Seconds it may work without a sign of life; infinite while it has nothing to do.
        """
        now = time.monotonic()
        if self._stop_by is not None and now > self._stop_by:
            return STOPPED
        if now - self._alive > patience:
            return Cause(
                f"The engine gave no sign of life for {patience:.0f} seconds", weight=SURELY
            )
        if now - self._looked > LOOK_EVERY:
            self._looked = now
            return self._too_big()
        return None

    def _too_big(self) -> Cause | None:
        left = machine.free()
        if left is None or left > self._least_free:
            return None
        used = machine.used_by(self._pid)
        if used < self._large:
            return None
        return Cause(
            f"The engine took {used / 1e9:.1f} GB and left {left / 1e9:.1f} GB to all other "
            "programs",
            "Choose a smaller input size on the input card, or a smaller network.",
            weight=SURELY,
        )
