"""What one event of a drag and one answer cost the window, painting included."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from tests.gui.conftest import MODEL, STUDY
from tests.unit.fakes import (
    CARD,
    FakeEngine,
    FakeFiles,
    FakeSeries,
    FakeStudy,
    a_look,
    layer,
    network_of,
)

from unetscope.bootstrap import Application, build, dress
from unetscope.domain.network import Network
from unetscope.domain.ports import LayerLook, Look
from unetscope.domain.preprocess import Preprocessing

pytestmark = pytest.mark.benchmark(group="the window while a kernel value is dragged")

SIZE = 256
LAYERS = {"early": (256, 1, 16), "middle": (32, 128, 128), "wide": (12, 512, 512)}
"""Rows of the feature maps, input channels and filters."""


def network() -> Network:
    """One convolution for each kind of layer; their activations are made up."""
    relu = {"activation": "relu"}
    return network_of(
        layer("image", "InputLayer", output=(None, SIZE, SIZE, 1)),
        *(
            layer(
                name, inputs=["image"], output=(None, rows, rows, filters),
                kernel=(3, 3, channels, filters), bias=filters, config=relu,
            )
            for name, (rows, channels, filters) in LAYERS.items()
        ),
    )  # fmt: skip


@pytest.fixture
def program(qapp: QApplication, tmp_path: Any) -> Iterator[Application]:
    """The window with a slice and a network open, over an engine that answers when told to."""
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    rows = np.linspace(0, 3, SIZE, dtype=np.float32)
    files = FakeFiles()
    volume = np.stack([rows[:, None] + rows[None, :]] * 3)
    files.studies[STUDY] = FakeStudy((FakeSeries(volume=volume),))
    files.networks[MODEL] = network()
    preprocessing = Preprocessing(size=(SIZE, SIZE), normalise="none", clip=None)
    files.cards[MODEL] = replace(CARD, preprocessing=preprocessing)
    program = build(settings=settings, engine=FakeEngine(), files=files)
    program.window.resize(1600, 1000)
    program.window.show()
    program.desk.start_engine()
    for path in (MODEL, STUDY):
        program.window.open_path(path)
    while not asked(program).looks:
        QApplication.processEvents()
    yield program
    program.presenters.kernel.hold(False)
    program.window.deleteLater()
    program.stop()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def asked(program: Application) -> FakeEngine:
    """The engine behind the window."""
    assert isinstance(program.engine, FakeEngine)
    return program.engine


def mouse(program: Application, kind: QEvent.Type, up: int) -> None:
    """One event of the mouse over the first cell of the kernel."""
    grid = program.window.kernel_panel.grid
    at = QPointF(grid.cell_rect(0, 0).center() - QPoint(0, up))
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    button = none if kind == QEvent.Type.MouseMove else left
    event = QMouseEvent(
        kind, at, grid.mapToGlobal(at), button, left, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(grid, event)


def begin(program: Application, name: str) -> Any:
    """Select a layer, show an answer, begin a drag; gives places of the mouse without end."""
    program.store.update(lambda s: s.select_layer(name))
    answer(program, next(answers(program, name)))
    mouse(program, QEvent.Type.MouseButtonPress, 0)
    mouse(program, QEvent.Type.MouseMove, 10)
    QApplication.processEvents()
    return itertools.cycle([*range(10, 60, 3), *range(60, 10, -3)])


def answers(program: Application, name: str) -> Iterator[Look]:
    """Activations of which one map moves, and masks of which a part does, without end."""
    rows, _, filters = LAYERS[name]
    rng = np.random.default_rng(0)
    trained = np.maximum(rng.standard_normal((rows, rows, filters), np.float32), 0)
    made, any_look = [], a_look(asked(program).looks[-1].request)
    for turn in range(8):
        edited = trained.copy()
        edited[..., 0] *= 1 + turn / 10
        mask = np.zeros((SIZE, SIZE), np.uint8)
        mask[100:120, 100 : 110 + turn] = 1 + turn % 2
        maps = LayerLook(layer=name, edited=edited, trained=trained)
        made.append(replace(any_look, maps=maps, mask=mask, trained_mask=mask))
    return itertools.cycle(made)


def answer(program: Application, look: Look) -> None:
    """Have the engine answer the latest question."""
    question = asked(program).looks[-1]
    question.done(replace(look, request=question.request))


@pytest.mark.parametrize("name", LAYERS)
def test_an_event_of_a_drag(benchmark: Any, program: Application, name: str) -> None:
    ups = begin(program, name)
    pace = program.presenters.pace

    def event() -> None:
        mouse(program, QEvent.Type.MouseMove, next(ups))
        pace.frame()
        QApplication.processEvents()

    benchmark(event)
    kernels = program.store.session.weights()[0]
    shown = program.presenters.kernel.view.kernel
    assert shown is not None
    assert np.array_equal(shown, kernels[..., 0, 0])


@pytest.mark.parametrize("name", LAYERS)
def test_an_answer_in_a_drag(benchmark: Any, program: Application, name: str) -> None:
    begin(program, name)
    pace, looks = program.presenters.pace, answers(program, name)

    def come() -> None:
        answer(program, next(looks))
        pace.frame()
        QApplication.processEvents()

    benchmark(come)
    latest = program.live.answer
    assert latest is not None
    assert program.presenters.slice_view.view.labels is latest.mask
