"""The window and its engine over a long day: memory, threads, handles and objects stay.

The normal run takes a few rounds, and looks at what must be constant from the first one on. In
full, with the slopes of memory of both processes (a share of 1 is 1,000 edits and 50 openings)::

    UNETSCOPE_SOAK=1 pytest tests/benchmarks/test_soak.py -s

What the engine keeps to be fast is bounded; it is kept small here, so that it is full before the
warm-up is over, and what grows after that is lost.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from tests.faults.room import Room, open_room, wait_until

from unetscope.domain.session import Session
from unetscope.engine.process import EngineProcess

FULL = float(os.environ.get("UNETSCOPE_SOAK", "0"))
EDITS, OPENINGS = (round(1000 * FULL), round(50 * FULL)) if FULL else (40, 3)
EVERY = 10 if FULL else 1  # edits between two readings
SCROLLED = 30  # slices
WARM = 0.3  # the share of the rounds after which memory has come to rest
CACHES = {"UNETSCOPE_CACHE_MB": "100", "UNETSCOPE_READY_MB": "32"}
PER_EDIT, PER_OPENING = 20 << 10, 1 << 20  # bytes that a round may cost

pytestmark = [
    pytest.mark.engine,
    pytest.mark.allow_leaks,  # one window for all of it; it is counted here
    pytest.mark.timeout(3000 if FULL else 300),
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc"),
]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the two processes hold at one moment: memory in bytes, and numbers of things."""

    window: int
    engine: int
    threads: int
    engine_threads: int
    handles: int
    engine_handles: int
    objects: int
    widgets: int


def read(room: Room) -> Reading:
    """Take a reading, with what Python has not collected yet gone."""
    gc.collect()
    QApplication.sendPostedEvents(None, 52)  # what is to be deleted is
    assert isinstance(room.program.engine, EngineProcess)
    engine = room.program.engine.pid or 0
    return Reading(
        window=memory(os.getpid()),
        engine=memory(engine),
        threads=count(os.getpid(), "task"),
        engine_threads=count(engine, "task"),
        handles=count(os.getpid(), "fd"),
        engine_handles=count(engine, "fd"),
        objects=len(room.program.window.findChildren(QObject)),
        widgets=len(QApplication.allWidgets()),
    )


def memory(pid: int) -> int:
    """Memory in use by a process, without what it shares with files."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")


def count(pid: int, kind: str) -> int:
    """How many threads or open files a process has."""
    return sum(1 for _ in Path(f"/proc/{pid}/{kind}").iterdir())


def slope(values: list[int], every: int) -> tuple[float, float]:
    """Growth a round by a straight line through what is not warm-up, and its 95 % interval."""
    kept = np.array(values[int(len(values) * WARM) :], float)
    rounds = np.arange(len(kept)) * every
    (steep, start), covariance = np.polyfit(rounds, kept, 1, cov="unscaled")
    rest = kept - (steep * rounds + start)
    error = np.sqrt((rest**2).sum() / max(len(kept) - 2, 1) * covariance[0, 0])
    return float(steep), float(1.96 * error)


@pytest.fixture(scope="module")
def room(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The real window with the real engine, the sample and an edit."""
    with pytest.MonkeyPatch.context() as patch:
        for name, megabytes in CACHES.items():
            patch.setenv(name, megabytes)
        with open_room(qapp, tmp_path_factory.mktemp("soak")) as room:
            yield room


def told(what: str, readings: list[Reading], most: int, every: int = 1) -> None:
    """Say what was measured, and hold it to its limits."""
    first, last = readings[max(1, int(len(readings) * WARM) - 1)], readings[-1]
    lines = [f"\n{what}, {len(readings) * every} rounds"]
    steep = {}
    for name in ("window", "engine"):
        values = [getattr(reading, name) for reading in readings]
        steep[name], error = slope(values, every)
        lines.append(
            f"  {name}: {values[0] >> 20} to {values[-1] >> 20} MB, "
            f"{steep[name] / 1024:+.1f} ± {error / 1024:.1f} KB a round"
        )
        tenths = [values[len(values) * tenth // 10] >> 20 for tenth in range(10)]
        lines.append(f"    at each tenth: {' '.join(map(str, tenths))} MB")
    names = ("threads", "engine_threads", "handles", "engine_handles", "objects", "widgets")
    lines += [f"  {name}: {getattr(first, name)} to {getattr(last, name)}" for name in names]
    sys.stdout.write("\n".join(lines) + "\n")
    assert last.threads <= first.threads, "threads"
    assert last.engine_threads <= first.engine_threads, "threads of the engine"
    assert last.handles <= first.handles, "open files"
    assert last.engine_handles <= first.engine_handles, "open files of the engine"
    assert last.objects <= first.objects, "Qt's objects"
    assert last.widgets <= first.widgets, "widgets"
    if FULL >= 1:  # fewer rounds are not over the warm-up
        assert steep["window"] < most, "memory of the window"
        assert steep["engine"] < most, "memory of the engine"


def test_edit_predict_and_scroll(room: Room) -> None:
    store, kernel = room.program.store, room.program.presenters.kernel
    slices = room.session.series.slices if room.session.series else 1
    rng = np.random.default_rng(0)
    readings = []
    for number in range(EDITS):
        row, column = rng.integers(0, 3, 2)
        kernel.set_value(int(row), int(column), float(rng.normal(0, 0.3)))
        room.wait_for_the_mask()
        room.show_slice(slices // 2 + number % SCROLLED)
        room.wait_for_the_mask()
        if number % 100 == 99:
            store.update(Session.undo)
            room.wait_for_the_mask()
        if number % EVERY == 0:
            readings.append(read(room))
    told("edit, predict, scroll", readings, PER_EDIT, EVERY)


def test_open_and_close(room: Room) -> None:
    desk, opening = room.program.desk, room.program.window.opening
    readings = []
    for _ in range(OPENINGS):
        opening.close_study()
        opening.close_model()
        wait_until(lambda: room.program.live.answer is None, "the mask to go")
        assert not desk.studies
        room.open_sample()
        readings.append(read(room))
    told("open and close", readings, PER_OPENING)
