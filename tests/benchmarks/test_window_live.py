"""A kernel value dragged in the real window over the real engine: from the mouse to the mask."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from tests.benchmarks.test_scrolling import until

from unetscope.bootstrap import Application, build, dress
from unetscope.domain.history import Edits

pytestmark = [
    pytest.mark.engine,
    pytest.mark.benchmark(group="a value dragged in the window of the sample, 60 events a second"),
]

LAYERS = ("enc1_conv1", "mid_conv1", "dec1_conv2")
EVENT_MS = 16


@dataclass
class Watched:
    """When each state of the edits was asked for, and when a mask of it was on screen."""

    program: Application
    asked: dict[int, float] = field(default_factory=dict)
    held: list[Edits] = field(default_factory=list)  # so that no number names two of them
    painted: dict[int, float] = field(default_factory=dict)
    gaps: list[float] = field(default_factory=list)

    def ask(self) -> None:
        """A move of the mouse was taken in: these are the edits it made."""
        edits = self.program.store.session.edits
        if id(edits) not in self.asked:
            self.held.append(edits)
            self.asked[id(edits)] = time.perf_counter()

    def look(self) -> None:
        """Between two events: is the mask of the latest answer the one that is shown?"""
        answer = self.program.live.answer
        shown = self.program.presenters.slice_view.view.labels
        if answer is None or shown is None or answer.mask is None:
            return
        key = id(answer.look.request.edits)
        if key in self.asked and key not in self.painted and np.array_equal(shown, answer.mask):
            self.painted[key] = time.perf_counter()

    @property
    def delays(self) -> list[float]:
        """Seconds from the mouse to the mask, of those that were painted."""
        return [at - self.asked[key] for key, at in self.painted.items()]


@pytest.fixture
def program(qapp: QApplication, tmp_path: Path) -> Iterator[Application]:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    program = build(settings=settings)
    program.window.resize(1400, 850)
    program.window.show()
    program.desk.start_engine()
    program.window.open_sample()
    until(lambda: program.live.answer is not None and not program.live.busy)
    yield program
    program.window.deleteLater()
    program.stop()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def mouse(program: Application, kind: QEvent.Type, up: int) -> None:
    """One event of the mouse over the first cell of the kernel."""
    grid = program.window.kernel_panel.grid
    at = QPointF(grid.cell_rect(0, 0).center() - QPoint(0, up))
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    button = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    no_key = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(kind, at, grid.mapToGlobal(at), button, held, no_key)
    QApplication.sendEvent(grid, event)


def drag(program: Application, events: int) -> Watched:
    """Drag the value up and down; what is seen meanwhile."""
    watched = Watched(program)
    ups = itertools.cycle([*range(10, 70, 3), *range(70, 10, -3)])
    left, last = events, time.perf_counter()

    def move() -> None:
        nonlocal left
        left -= 1
        mouse(program, QEvent.Type.MouseMove, next(ups))
        watched.ask()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        watched.gaps.append(now - last)
        last = now
        watched.look()

    mouse(program, QEvent.Type.MouseButtonPress, 0)
    clock, idle = QTimer(), QTimer()
    clock.setTimerType(Qt.TimerType.PreciseTimer)
    clock.timeout.connect(move)
    idle.timeout.connect(tick)
    idle.start(0)
    clock.start(EVENT_MS)
    while left > 0:
        QApplication.processEvents()
    clock.stop()
    idle.stop()
    mouse(program, QEvent.Type.MouseButtonRelease, 10)
    until(lambda: not program.live.busy)
    return watched


MAPS = frozenset({"feature_maps", "feature_map"})
EXPLAINING = frozenset({"attribution", "ranking", "uncertainty"})


@pytest.mark.parametrize(
    ("seen", "panels"),
    [
        ("activations open", MAPS),
        ("activations closed", frozenset()),
        ("explaining", EXPLAINING),
    ],
    ids=["activations open", "activations closed", "explaining"],
)
@pytest.mark.parametrize("layer", LAYERS)
def test_from_the_mouse_to_the_mask(
    benchmark: Any,
    program: Application,
    layer: str,
    seen: str,
    panels: frozenset[str],
    request: pytest.FixtureRequest,
) -> None:
    timed = request.config.getoption("benchmark_enable")
    window = program.window
    for dock in window.places.docks:
        if dock.objectName() in MAPS | EXPLAINING:
            dock.setVisible(dock.objectName() in panels)
    for name in panels & EXPLAINING:
        window.places.reveal(name)
    if panels == EXPLAINING:
        window.run("explain.overlay")
    program.store.update(lambda s: s.select_layer(layer))
    until(lambda: not program.live.busy)
    drag(program, 30)  # the first events of a layer make ready what the others use
    events = 240 if timed else 40
    rounds = [drag(program, events) for _ in range(5 if timed else 1)]
    benchmark.pedantic(lambda: None, rounds=1)
    seconds = events * EVENT_MS / 1000
    delays = [delay for one in rounds for delay in one.delays]
    said = {
        "masks a second": median(len(one.painted) / seconds for one in rounds),
        "mouse to mask in ms, median": 1000 * median(delays),
        "mouse to mask in ms, worst": 1000 * max(delays),
        "longest gap of the event loop in ms": 1000 * median(max(one.gaps) for one in rounds),
    }
    benchmark.extra_info.update(said)
    told = ", ".join(f"{what} {value:.1f}" for what, value in said.items())
    print(f"{layer}, {seen}: {told}")  # noqa: T201
    assert all(one.painted for one in rounds), "no mask was painted during the drag"
