"""The filter gallery over a layer of 512 × 512 kernels, beside one widget for each kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QApplication, QGridLayout, QLabel, QMainWindow, QScrollArea, QWidget
from tests.unit.fakes import layer, network_of
from tests.unit.filter_room import Room

from unetscope.domain.filter_gallery import Gallery
from unetscope.ui.colours import DIVERGING, to_levels, to_rgb32
from unetscope.ui.panels.filters_panel import FiltersPanel

pytestmark = pytest.mark.benchmark(group="filter gallery, panel of 900×700")

WIDE = 512  # filters, and input channels
RIVAL = 64  # of each, for which one widget a kernel can be made
FRAMES = 60
CELL = 24


def room_of(count: int) -> Room:
    """A presenter over a layer of so many filters and as many input channels."""
    grid = (None, 12, 12, count)
    return Room(
        network_of(
            layer("image", "InputLayer", output=grid),
            layer("wide", inputs=["image"], output=grid, kernel=(3, 3, count, count), bias=count),
        )
    )


@pytest.fixture(autouse=True)
def _nothing_left(qapp: QApplication) -> Iterator[None]:
    yield
    for widget in QApplication.topLevelWidgets():
        widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def shown(widget: QWidget) -> QWidget:
    """A widget on screen and painted."""
    widget.resize(900, 700)
    widget.show()
    QApplication.processEvents()
    widget.repaint()
    QApplication.processEvents()
    return widget


def gallery(count: int) -> tuple[QMainWindow, FiltersPanel]:
    """The panel with all kernels of a layer, in a window."""
    room = room_of(count)
    window = QMainWindow()
    panel = FiltersPanel(room.presenter, window)
    window.setCentralWidget(panel)
    room.arrange(shows=Gallery.ALL)
    shown(window)
    return window, panel


def labels(kernels: np.ndarray[Any, np.dtype[np.float32]]) -> QScrollArea:
    """The rival: a label with a picture for every kernel."""
    content, area = QWidget(), QScrollArea()
    grid = QGridLayout(content)
    grid.setSpacing(3)
    colours = to_rgb32(DIVERGING)
    for row in range(kernels.shape[0]):
        for column in range(kernels.shape[1]):
            kernel = kernels[row, column]
            end = np.abs(kernel).max()
            words = np.ascontiguousarray(colours[to_levels(kernel, -end, end)])
            image = QImage(words.data, 3, 3, 12, QImage.Format.Format_RGB32)
            label = QLabel()
            label.setPixmap(QPixmap.fromImage(image).scaled(CELL, CELL))
            grid.addWidget(label, row, column)
    area.setWidget(content)
    shown(area)
    return area


def frames(area: Any) -> list[tuple[float, float]]:
    """Seconds, and seconds of the processor, for each picture while it is scrolled both ways."""
    taken = []
    for step in range(FRAMES):
        began, worked = time.perf_counter(), time.process_time()
        area.verticalScrollBar().setValue(step * 37 % area.verticalScrollBar().maximum())
        area.horizontalScrollBar().setValue(step * 53 % area.horizontalScrollBar().maximum())
        QApplication.processEvents()  # which paints, once
        taken.append((time.perf_counter() - began, time.process_time() - worked))
    return taken


def rate(taken: list[tuple[float, float]]) -> str:
    """Frames a second, and what they cost the processor, in words."""
    wall, worked = (median(each) for each in zip(*taken, strict=True))
    longest = max(each[0] for each in taken)
    return (
        f"{1 / wall:.0f} frames a second, longest {longest * 1000:.0f} ms, "
        f"{worked * 1000:.1f} ms of the processor each"
    )


@pytest.mark.parametrize("count", [RIVAL, WIDE])
def test_first_paint(
    benchmark: Any, qapp: QApplication, tell: Callable[[str], None], count: int
) -> None:
    """From the choice of all kernels to their picture on screen."""
    room = room_of(count)
    window = QMainWindow()
    panel = FiltersPanel(room.presenter, window)
    window.setCentralWidget(panel)
    shown(window)
    first = room.bench.session.gallery

    def choose() -> None:
        room.arrange(shows=Gallery.ALL)
        QApplication.processEvents()

    def back() -> None:
        room.presenter.arrange(first)
        QApplication.processEvents()

    benchmark.pedantic(choose, setup=back, rounds=15, iterations=1, warmup_rounds=1)
    assert panel.matrix.tiles.shape == (count, count)
    if benchmark.stats:
        tell(f"first paint of {count}×{count}: {benchmark.stats.stats.median * 1000:.1f} ms")


@pytest.mark.parametrize("count", [RIVAL, WIDE])
def test_scrolling(
    benchmark: Any, qapp: QApplication, tell: Callable[[str], None], count: int
) -> None:
    _window, panel = gallery(count)
    panel.matrix.cell_size = CELL
    taken: list[tuple[float, float]] = []
    benchmark.pedantic(lambda: taken.extend(frames(panel.matrix)), rounds=3, iterations=1)
    told = rate(taken)
    benchmark.extra_info["frames"] = told
    tell(f"scrolling {count}×{count}: {told}")
    assert len(taken) % FRAMES == 0


def test_one_label_for_each_kernel(
    benchmark: Any, qapp: QApplication, tell: Callable[[str], None]
) -> None:
    """The rival, for 64 × 64 kernels: a sixty-fourth of the layer."""
    kernels = np.random.default_rng(0).standard_normal((RIVAL, RIVAL, 3, 3)).astype(np.float32)
    made: list[QScrollArea] = []
    benchmark.pedantic(lambda: made.append(labels(kernels)), rounds=1, iterations=1)
    taken = frames(made[0])
    assert len(taken) == FRAMES
    if benchmark.stats:
        first = benchmark.stats.stats.median
        share = (WIDE // RIVAL) ** 2
        tell(
            f"one label for each of {RIVAL}×{RIVAL} kernels: first paint {first:.2f} s "
            f"(for {WIDE}×{WIDE} at the same rate {first * share:.0f} s), "
            f"{rate(taken)}"
        )


MEMORY = """
import resource, sys
from PySide6.QtWidgets import QApplication
app = QApplication([])
from tests.benchmarks import test_gallery as bench
import numpy as np
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6
way, count = sys.argv[1], int(sys.argv[2])
room = bench.room_of(count)
kernels = np.moveaxis(room.bench.session.weights()[0], (3, 2), (0, 1))
before = resident()
if way == "gallery":
    window = bench.QMainWindow()
    kept = bench.FiltersPanel(room.presenter, window)
    window.setCentralWidget(kept)
    bench.shown(window)
    room.arrange(shows=bench.Gallery.ALL)
    bench.frames(kept.matrix)
else:
    kept = bench.labels(kernels)
print(resident() - before)
"""


def test_memory(tell: Callable[[str], None]) -> None:
    """What the gallery adds to a process that holds the weights, beside the rival."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc")

    def added(way: str, count: int) -> float:
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, way, str(count)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout.splitlines()[-1])

    few, many, rival = added("gallery", RIVAL), added("gallery", WIDE), added("labels", RIVAL)
    tell(
        f"memory: gallery {few:.0f} MB for {RIVAL}×{RIVAL}, {many:.0f} MB for {WIDE}×{WIDE}; "
        f"one label a kernel {rival:.0f} MB for {RIVAL}×{RIVAL}"
    )
    assert many > 0
