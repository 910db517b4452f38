"""Scrolling through a series with the mask on, as a user sees it: the real window and engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from tests.unit.io.builders import mr_slice, save

import unetscope as us
from unetscope.bootstrap import Application, build, dress
from unetscope.ui.widgets.image_canvas import ImageCanvas

pytestmark = [
    pytest.mark.engine,
    pytest.mark.benchmark(group="scrolling with the mask on, 60 wheel steps a second"),
]

STEP_MS = 16
PATIENCE = 120  # seconds: the first answer waits for TensorFlow


@dataclass
class Seen(QObject):
    """What was painted, and how long the event loop was away."""

    program: Application
    slices: set[int] = field(default_factory=set)
    masked: set[int] = field(default_factory=set)
    gaps: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            view = self.program.presenters.slice_view.view
            self.slices.add(view.index)
            if view.labels is not None:
                self.masked.add(view.index)
        return False


def until(settled: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not settled():
        assert time.monotonic() < end, "it takes too long"
        QApplication.processEvents()
        time.sleep(0.002)


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's head as 200 slices of 256×256, fewer where nothing is timed."""
    count = 200 if request.config.getoption("benchmark_enable") else 12
    path = tmp_path_factory.mktemp("head")
    volume = us.open_study(us.sample_study()).series[0].volume()
    for number, index in enumerate(np.linspace(0, len(volume) - 1, count).round().astype(int)):
        pixels = np.zeros((256, 256), np.uint16)
        rows, columns = (min(size, 256) for size in volume.shape[1:])
        pixels[:rows, :columns] = volume[index, :rows, :columns].clip(0, 4095)
        save(mr_slice(number * 1.0, pixels, PixelSpacing=[1, 1]), path / f"{number:03d}.dcm")
    return path


@pytest.fixture
def program(qapp: QApplication, tmp_path: Path, folder: Path) -> Iterator[Application]:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    program = build(settings=settings)
    program.window.resize(1280, 800)
    program.window.show()
    program.desk.start_engine()
    opened: list[Path] = []
    program.desk.opened.connect(opened.append)
    for path in (us.sample_model(), folder):
        program.window.open_path(path)
    until(lambda: len(opened) == 2 and program.live.answer is not None and not program.live.busy)
    yield program
    program.window.deleteLater()
    program.stop()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def scroll(program: Application, canvas: ImageCanvas, seen: Seen, towards: int) -> float:
    """Turn the wheel over all slices; gives the seconds it took."""
    choice = program.store.session.series
    assert choice is not None
    left = choice.slices - 1
    middle = QPointF(canvas.rect().center())
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        seen.gaps.append(now - last)
        last = now

    def turn() -> None:
        nonlocal left
        left -= 1
        none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        at = canvas.mapToGlobal(middle)
        moved = QPoint(0, -120 * towards)
        event = QWheelEvent(middle, at, QPoint(), moved, *none, Qt.ScrollPhase.NoScrollPhase, False)
        QApplication.postEvent(canvas, event)

    idle, wheel = QTimer(), QTimer()
    idle.timeout.connect(tick)
    wheel.setTimerType(Qt.TimerType.PreciseTimer)
    wheel.timeout.connect(turn)
    began = time.perf_counter()
    idle.start(0)
    wheel.start(STEP_MS)
    while left > 0:
        QApplication.processEvents()
    QApplication.processEvents()
    wheel.stop()
    idle.stop()
    return time.perf_counter() - began


@pytest.mark.parametrize("pass_", ["slices never shown before", "slices shown before"])
def test_scrolling(
    benchmark: Any, program: Application, tell: Callable[[str], None], pass_: str
) -> None:
    canvas = program.window.findChild(ImageCanvas, "slice_view.canvas")
    assert isinstance(canvas, ImageCanvas)
    if pass_ == "slices shown before":
        segmentation = program.presenters.frame._segmentation
        segmentation.start()
        until(lambda: not segmentation.running)
    program.store.update(lambda s: s.select_slice(0))
    until(lambda: not program.live.busy)
    towards = iter([1, -1] * 4)
    rates: list[tuple[float, float, float]] = []

    def once() -> None:
        seen = Seen(program)
        canvas.installEventFilter(seen)
        seconds = scroll(program, canvas, seen, next(towards))
        canvas.removeEventFilter(seen)
        rates.append((len(seen.slices) / seconds, len(seen.masked) / seconds, max(seen.gaps)))

    rounds = 1 if pass_ == "slices never shown before" else 5
    benchmark.pedantic(once, rounds=rounds, iterations=1)
    names = ("slices a second", "of them with mask", "longest gap in ms")
    for name, values in zip(names, zip(*rates, strict=True), strict=True):
        scale = 1000 if "ms" in name else 1
        benchmark.extra_info[name] = round(median(values) * scale, 1)
        tell(f"{pass_}: {name} {median(values) * scale:.1f} (median of {rounds})")
    assert rates[0][0] > 0
