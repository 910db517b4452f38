"""The diagram as a widget of its own: what it paints, and how fast."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.unit.domain.odd_graphs import residual_encoder
from tests.unit.fakes import unet

from unetscope.state.diagram_layout import lay_out
from unetscope.ui import theme
from unetscope.ui.widgets.diagram_canvas import DiagramCanvas
from unetscope.ui.widgets.diagram_painting import DiagramContent


@pytest.fixture
def canvas(qtbot: QtBot) -> DiagramCanvas:
    canvas = DiagramCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(300, 420)
    canvas.show_content(DiagramContent(diagram=lay_out(unet().graph), selected="enc"), {})
    canvas.show()
    return canvas


def picture(canvas: DiagramCanvas) -> QImage:
    return canvas.grab().toImage()


@pytest.mark.parametrize(
    "mark",
    [
        {"edited": frozenset({"mid"})},
        {"intervened": frozenset({"dec"})},
        {"cut": frozenset({("enc", "skip")})},
        {"patched": frozenset({("enc", "skip")})},
        {"selected": "mid"},
    ],
    ids=lambda mark: next(iter(mark)),
)
def test_every_mark_can_be_seen_and_goes_again(
    canvas: DiagramCanvas, mark: dict[str, frozenset[str] | str]
) -> None:
    content, plain = canvas.content, picture(canvas)
    changed = replace(content, **mark)  # type: ignore[arg-type]
    canvas.show_content(changed, {})
    assert picture(canvas) != plain
    canvas.show_content(content, {})
    assert picture(canvas) == plain


def test_both_themes_have_their_colours(canvas: DiagramCanvas, qapp: QApplication) -> None:
    theme.apply_theme(qapp, theme.LIGHT)
    light = picture(canvas)
    theme.apply_theme(qapp, theme.DARK)
    assert picture(canvas) != light


def test_all_of_a_small_network_is_in_sight_at_first_and_after_a_new_size(
    canvas: DiagramCanvas,
) -> None:
    for size in ((300, 420), (200, 300), (900, 700)):
        canvas.resize(*size)
        assert all(
            canvas.rect().contains(canvas.place_of(box.name))
            for box in canvas.content.diagram.boxes
        )


def test_what_the_user_looks_at_stays_when_the_size_changes(canvas: DiagramCanvas) -> None:
    canvas.zoom(2.0, QPointF(10, 10))
    scale = canvas.scale
    canvas.resize(500, 500)
    assert canvas.scale == scale
    canvas.fit()
    assert canvas.scale < scale


def test_a_network_of_many_layers_moves_smoothly(qtbot: QtBot) -> None:
    graph = residual_encoder(13)  # 150 layers and more
    assert len(graph.layers) > 150
    canvas = DiagramCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(700, 900)
    canvas.show_content(DiagramContent(diagram=lay_out(graph), selected="stem"), {})
    canvas.show()
    canvas.fit()
    picture(canvas)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        picture(canvas)
        best = min(best, time.perf_counter() - start)
    assert best < 0.05
