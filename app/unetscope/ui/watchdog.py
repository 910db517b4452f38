"""Notices when the window does not answer, writes down where it stood, and says so afterwards."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback

from PySide6.QtCore import QObject, QTimer, Signal

from unetscope import reports

BEAT = 0.25  # seconds between two signs of life
STALL = 2.0  # seconds without one that are worth to be written down
_LOOKS = 4  # times a second at which the watcher looks

_log = logging.getLogger(__name__)


class Watchdog(QObject):
    """The event loop beats; a thread beside it misses the beat.

    Attributes
    ----------
    stalls : int
        How often the loop stood still for longer than `patience`.
    longest : float
        The longest of them, in seconds.
    """

    stalled = Signal(float, str)
    """It is over: how many seconds it took, and where all threads stood meanwhile."""

    def __init__(self, parent: QObject, patience: float = STALL) -> None:
        super().__init__(parent)
        self.stalls = 0
        self.longest = 0.0
        self._patience = patience
        self._beaten = time.monotonic()
        self._window_thread = threading.get_ident()
        self._stop = threading.Event()
        self._seen = ""  # where the threads stood in the stall that lasts
        self._timer = QTimer(self)
        self._timer.setInterval(round(min(BEAT, patience / 4) * 1000))
        self._timer.timeout.connect(self._beat)
        self._watcher = threading.Thread(target=self._watch, name="unetscope-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look, on the thread whose loop is to be watched."""
        self._beaten = time.monotonic()
        self._timer.start()
        self._watcher.start()

    def stop(self) -> None:
        """Look no longer."""
        self._timer.stop()
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join()

    def _beat(self) -> None:
        now = time.monotonic()
        took, self._beaten = now - self._beaten, now
        seen, self._seen = self._seen, ""
        if took > self._patience and seen:
            self.stalls += 1
            self.longest = max(self.longest, took)
            _log.warning("the window did not answer for %.1f s", took)
            self.stalled.emit(took, seen)

    def _watch(self) -> None:
        looked, worked = time.monotonic(), time.process_time()
        while not self._stop.wait(min(1 / _LOOKS, self._patience / 4)):
            now, work = time.monotonic(), time.process_time()
            if now - looked > self._patience and work - worked < (now - looked) / 2:
                self._beaten = now  # the whole program stood still: the computer slept
            looked, worked = now, work
            if now - self._beaten > self._patience and not self._seen:
                self._seen = _all_stacks(self._window_thread)
                _log.warning("the window does not answer\n%s", self._seen)


def _all_stacks(window_thread: int) -> str:
    """Where all threads but the one that asks stand, the window's first: places, no values."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()
    frames.pop(threading.get_ident())
    told = []
    for thread in sorted(frames, key=lambda thread: thread != window_thread):
        title = "window" if thread == window_thread else names.get(thread, "a thread")
        walked = traceback.walk_stack(frames[thread])
        places = traceback.StackSummary.extract(walked, lookup_lines=False)
        told.append("\n".join([f"{title}:", *(reports.place(one) for one in reversed(places))]))
    return "\n".join(told)
