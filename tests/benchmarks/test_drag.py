"""A kernel dragged at 60 events a second: what comes back from the engine's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from unetscope.domain.edits import SetKernel
from unetscope.domain.ports import EngineState, EngineStatus, Look, LookRequest
from unetscope.engine.process import EngineProcess
from unetscope.io.network_file import read_network

pytestmark = pytest.mark.engine

SECONDS = 4.0
EVENTS = 60
PATIENCE = 60.0  # for the first answer, which opens the network


class Line(QObject):
    """Brings the engine's answers to the event loop, as the window does."""

    arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.arrived.connect(lambda work: work(), Qt.ConnectionType.QueuedConnection)

    def deliver(self, work: Callable[[], None]) -> None:
        """Run something in the event loop."""
        self.arrived.emit(work)


@dataclass
class Drag:
    """What happened in one drag."""

    sent: dict[int, float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    partial: int = 0


@pytest.fixture(scope="module")
def line() -> Line:
    if QApplication.instance() is None:
        QApplication([])
    return Line()


@pytest.fixture(scope="module")
def engine(line: Line) -> Iterator[EngineProcess]:
    engine, loop = EngineProcess(line.deliver), QEventLoop()

    def told(status: EngineStatus) -> None:
        if status.state is EngineState.READY:
            loop.quit()

    engine.start(told)
    loop.exec()
    yield engine
    engine.stop()


def dragged(
    engine: EngineProcess, path: Path, rows: int, layer: str, visible: Any, seconds: float
) -> Drag:
    """Drag one value of a kernel; the latest event wins."""
    network = read_network(path)
    image = np.random.default_rng(0).random((rows, rows), dtype=np.float32)
    window = network.graph[layer].weights[0].shape[:2]
    drag, loop, rng = Drag(), QEventLoop(), np.random.default_rng(1)
    kernel = rng.normal(0, 0.1, window).astype(np.float32)
    started, ticked = perf_counter(), [perf_counter()]

    def event() -> None:
        spent = perf_counter() - started
        if spent > (seconds if drag.latencies else PATIENCE):
            loop.quit()
            return
        kernel[0, 0] = np.float32(rng.normal())
        request = LookRequest(
            model=network.ref,
            image=image,
            image_key=f"{rows} rows",
            edits=(SetKernel(layer, 0, 0, kernel.copy()),),
            layer=layer,
            dragging=True,
            visible=visible,
        )
        began = perf_counter()
        engine.look(request, lambda look: answered(look, began), failed)

    def answered(look: Look, began: float) -> None:
        assert look.mask is not None
        drag.latencies.append(perf_counter() - began)
        drag.partial += look.exact_in is not None

    def failed(error: Exception) -> None:
        loop.quit()
        raise error

    def tick() -> None:
        now = perf_counter()
        drag.gaps.append(now - ticked[0])
        ticked[0] = now

    timers = [QTimer(), QTimer()]
    for timer, milliseconds, slot in zip(timers, (1000 // EVENTS, 5), (event, tick), strict=True):
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(slot)
        timer.start(milliseconds)
    loop.exec()
    for timer in timers:
        timer.stop()
    return drag


@pytest.mark.benchmark(group="dragging at 60 events/s through the engine's process")
@pytest.mark.parametrize("zoomed", [False, True], ids=["all in view", "a quarter in view"])
@pytest.mark.parametrize(
    ("name", "layer"),
    [("seed", "conv5_2"), ("seed", "conv8_2"), ("sample", "mid_conv1"), ("sample", "dec1_conv2")],
)
def test_drag(
    benchmark: Any,
    engine: EngineProcess,
    networks: dict[str, tuple[Path, int]],
    name: str,
    layer: str,
    zoomed: bool,
) -> None:
    path, rows = networks[name]
    visible = (rows // 4, rows // 4, rows // 2, rows // 2) if zoomed else None
    warm = 1.0 if benchmark.enabled else 0.3
    dragged(engine, path, rows, layer, visible, warm)

    seconds = SECONDS if benchmark.enabled else 0.3
    drag = benchmark.pedantic(
        dragged, (engine, path, rows, layer, visible, seconds), rounds=1, iterations=1
    )

    assert drag.latencies
    benchmark.extra_info.update(
        masks_per_second=round(len(drag.latencies) / seconds, 1),
        median_latency_ms=round(median(drag.latencies) * 1000, 1),
        longest_gap_ms=round(max(drag.gaps) * 1000, 1),
        answers_for_the_part_in_view=drag.partial,
    )
