"""A series measured against its reference: how long it takes, and how long others wait for it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import unetscope
from unetscope import resources
from unetscope.domain.card import ClassLabel
from unetscope.domain.evaluation import Grid
from unetscope.evaluation.evaluating import evaluate

CLASSES = tuple(ClassLabel(index, str(index), "#ffffff") for index in (1, 2, 3))
LONGEST = 0.05  # seconds that the window may stand still


def longest_wait(thread: threading.Thread) -> float:
    """How long a thread that has next to nothing to do has waited for the interpreter."""
    thread.start()
    longest, last = 0.0, time.perf_counter()
    while thread.is_alive():
        time.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest


@pytest.fixture(scope="module")
def masks() -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...]:
    """The sample's reference, and the same moved by two voxels."""
    series = unetscope.open_study(unetscope.sample_study()).series[0]
    path = Path(resources.folder()) / "sample" / "reference.nii.gz"
    reference = unetscope.open_reference(path, series)
    labels = reference.labels(tuple((c.index, (c.index,)) for c in CLASSES))
    return np.roll(labels, 2, axis=1), labels


def test_a_series_is_measured_while_the_window_goes_on(
    benchmark: BenchmarkFixture,
    masks: tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...],
) -> None:
    mask, reference = masks
    grid = Grid.even((1.0, 1.0, 1.0), len(mask))
    waits = []

    def measure() -> None:
        waits.append(
            longest_wait(threading.Thread(target=evaluate, args=(mask, reference, grid, CLASSES)))
        )

    benchmark.pedantic(measure, rounds=3, warmup_rounds=1)  # type: ignore[no-untyped-call]
    longest = median(waits[-3:])  # without the first, which imports SciPy
    benchmark.extra_info["longest_wait_ms"] = round(1000 * longest)
    if benchmark.enabled:
        assert longest < LONGEST
