"""Masks of others on a series: the sample's, and segmentations with thousands of frames."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from tests.unit.io.references.mask_files import series_of, source_images, write_seg

from unetscope import resources
from unetscope.io.references.reading import read_reference
from unetscope.io.series import Series
from unetscope.io.study import open_study

SHAPE = (200, 128, 128)
SEGMENTS = 20
LONGEST = 0.15  # seconds that another thread waits


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Series, Path]:
    """A series of 200 slices, and a segmentation of it in some 4,000 frames."""
    folder = tmp_path_factory.mktemp("many")
    images = source_images(shape=SHAPE, spacing=(1.0, 1.6, 1.6))
    rows, columns = np.mgrid[: SHAPE[1], : SHAPE[2]]
    rng = np.random.default_rng(0)
    labels = np.zeros(SHAPE, np.uint8)
    for number in range(1, SEGMENTS + 1):
        row, column = rng.integers(20, 108, 2)
        for index in range(SHAPE[0]):
            radius = 8 + 4 * np.sin(index / 20 + number)
            labels[index][(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = number
    names = [f"Structure {number}" for number in range(1, SEGMENTS + 1)]
    path = write_seg(folder / "seg.dcm", images, labels, names=names)
    return series_of(images, folder / "series"), path


@pytest.mark.benchmark(group="read a reference")
def test_read_the_sample_s(benchmark: BenchmarkFixture) -> None:
    series = open_study(resources.sample_study()).series[0]
    path = resources.sample_study().with_name("reference.nii.gz")
    reference = benchmark(read_reference, path, series)
    assert reference.voxels(3) > 500_000


@pytest.mark.benchmark(group="read a reference")
def test_read_four_thousand_frames(benchmark: BenchmarkFixture, many: tuple[Series, Path]) -> None:
    reference = benchmark(read_reference, many[1], many[0])
    assert len(reference.segments) == SEGMENTS


def test_other_threads_go_on_meanwhile(many: tuple[Series, Path]) -> None:
    """As pydicom's objects, the frames would stop every thread for up to half a second."""
    assert min(longest_wait(many) for _ in range(3)) < LONGEST  # the machine may be busy too


def longest_wait(many: tuple[Series, Path]) -> float:
    """Seconds that a thread waits at most while another one reads."""
    reading = threading.Thread(target=read_reference, args=many[::-1])
    longest = 0.0
    reading.start()
    while reading.is_alive():
        began = time.perf_counter()
        time.sleep(0.002)
        longest = max(longest, time.perf_counter() - began)
    return longest
