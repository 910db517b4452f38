"""A reader asks why one voxel has its class: the panel says what a script finds."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QTableWidgetItem
from pytestqt.qtbot import QtBot
from tests.journeys.user import User

import unetscope
from unetscope.domain.input_check import slice_orientation
from unetscope.ui.slice_overlay import SliceOverlay
from unetscope.ui.widgets.push_bars import PushBars
from unetscope.ui.widgets.score_table import ScoreTable

LEFT = Qt.MouseButton.LeftButton
ANSWER = 20_000  # ms


def test_a_voxel_its_maps_and_what_they_see(user: User, qtbot: QtBot) -> None:
    user.wait()
    user.choose("explain.voxel")
    row, column = 120, 70
    view = user.canvas.view
    assert view is not None
    x, y = view.to_screen(row + 0.5, column + 0.5)
    qtbot.mouseClick(user.canvas, LEFT, pos=QPoint(round(x), round(y)))
    presenter = user.program.presenters.explain.inquiry
    qtbot.waitUntil(lambda: bool(presenter.view.classes), timeout=ANSWER)
    shown = user.session.explaining.voxel
    assert shown is not None
    series, card = user.series, user.session.card
    assert card is not None

    live = unetscope.open_model(user.network.path)
    index = user.session.slice_index
    spacing, lies = series.spacing[1:], slice_orientation(series)
    live.run(card.preprocessing.apply(series.slice(index), spacing, lies))
    at = user.answer.placement.to_input(*(round(each) for each in shown))
    found = live.inquire(round(at[0]), round(at[1]))
    table = user.find(ScoreTable, "inquiry.table")
    for number, score in enumerate(found.scores):
        assert text(table.item(number, 1)) == f"{score.logit:+.2f}"
    explained = [line.label for line in presenter.view.classes if line.explained]
    assert explained == [found.label]

    bars = user.find(PushBars, "inquiry.bars")
    last = found.scales[-1]
    assert bars.groups[0].title == last.layer
    assert [bar.number for bar in bars.groups[0].up] == [push.feature_map for push in last.up]
    middle = bars.area_of(0, False, 0).center()
    qtbot.mouseClick(bars, LEFT, pos=QPointF(middle).toPoint())
    assert (user.session.layer, user.session.filter) == (last.layer, last.up[0].feature_map)
    user.wait()

    user.choose("explain.field")
    overlay = user.find(SliceOverlay, "slice_overlay")
    qtbot.waitUntil(lambda: bool(overlay.view.ellipses), timeout=ANSWER)
    field = live.effective_field(last.layer, (round(at[0]), round(at[1])), user.session.filter)
    high, wide = field.ellipse(0.95).size
    assert f"95 % {high:.0f}×{wide:.0f} px" in overlay.view.field_text
    outline = np.array(overlay.view.ellipses[1])
    placement = user.answer.placement
    expected = [placement.to_slice(r, c) for r, c in field.ellipse(0.95).outline()]
    turn, size = user.session.viewer.turn, user.picture().shape
    turned = [turn.to_picture((r + 0.5, c + 0.5), (size[0], size[1])) for r, c in expected]
    np.testing.assert_allclose(outline, turned, atol=0.2)


def text(item: QTableWidgetItem | None) -> str:
    assert item is not None
    return item.text()
