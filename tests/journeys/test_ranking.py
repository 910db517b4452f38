"""Rank the maps of a late layer of the sample against its reference, and test three together."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot
from tests.journeys.user import ANSWER, User

from unetscope.domain.metrics import dice
from unetscope.ui.widgets.bar_chart import BarChart

LAYER = "dec1_relu2"  # late: the sweep is fast


def test_the_maps_that_the_sample_needs_are_ranked_against_its_reference(
    user: User, qtbot: QtBot
) -> None:
    references = user.program.presenters.evaluation.panel._references
    qtbot.waitUntil(lambda: references.beside is not None, timeout=ANSWER)
    user.find(QPushButton, "evaluation.beside").click()
    qtbot.waitUntil(lambda: references.reference is not None, timeout=ANSWER)
    user.pick_layer(LAYER)
    user.wait()
    weights, mask = user.session.weights(), user.mask()

    user.choose("explain.ranking")
    qtbot.waitUntil(lambda: "Measured what silencing" in user.status(), timeout=ANSWER)
    chart, presenter = user.find(BarChart, "ranking.chart"), user.window.explain.ranking._presenter
    count = user.network.graph[LAYER].channels
    assert sorted(chart.numbers) == list(range(count or 0))
    assert (np.diff(chart.values) >= 0).all()
    assert "with the reference" in presenter.view.axis
    assert presenter.view.note == ""

    # Dice now is that of the mask on screen: the sample's slices lie on the grid of its input
    truth = references.slice_labels(user.session.slice_index)
    shown = user.answer.mask
    measured = user.program.presenters.filters._sweep.measured()
    assert truth is not None
    assert shown is not None
    assert measured is not None
    assert measured.effects.dice_now is not None
    for label in (1, 2, 3):
        assert abs(measured.effects.dice_now[label] - dice(shown, truth, label)) < 1e-6

    presenter.select_top(3)
    user.choose("explain.test_group")
    together = user.find(QLabel, "ranking.together")
    qtbot.waitUntil(lambda: "20 draws" in together.text(), timeout=ANSWER)
    assert together.text().startswith("These 3 maps together: mean Dice −0.")
    group = user.program.presenters.explain.ranking._groups.measured()
    assert group is not None
    assert group.effect.maps == tuple(sorted(chart.numbers[:3]))
    by = user.session.explaining.rank_by
    found = group.effect.at_random(by, group.labels)
    assert found is not None
    assert group.effect.change(by, group.labels) < found[0]  # worse than maps at random

    assert user.session.edits == ()
    assert all(a is b for a, b in zip(user.session.weights(), weights, strict=True))
    assert np.array_equal(user.mask(), mask)
