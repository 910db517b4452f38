"""Why a class was missed: false negatives against the sample's reference, traced back, compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel
from pytestqt.qtbot import QtBot
from tests.journeys.user import User

import unetscope
from unetscope import resources
from unetscope.domain.explaining.choice import Method, Overlay
from unetscope.domain.explaining.target import TargetKind
from unetscope.presenters.attribution import AttributionView
from unetscope.ui.heat_overlay import HeatOverlay
from unetscope.ui.widgets.heat_pair import HeatPair

PATIENCE = 60_000  # ms: on a slow machine
LABEL, CSF = 1, "CSF"
REFERENCE = resources.sample_study().parent / "reference.nii.gz"


def view_of(user: User) -> AttributionView:
    return user.program.presenters.explain.attribution.view


def pick(user: User, box: str, text: str) -> None:
    """Choose an entry of a box of the panel."""
    found = user.find(QComboBox, f"attribution.{box}")
    found.setCurrentText(text)
    assert found.currentText() == text
    found.activated.emit(found.currentIndex())


def test_what_the_mask_missed_is_explained_and_the_map_compared_with_random_weights(
    user: User, qtbot: QtBot
) -> None:
    user.program.presenters.evaluation.panel.open(REFERENCE)
    user.choose("explain.attribution")
    qtbot.waitUntil(lambda: bool(view_of(user).pictures), timeout=PATIENCE)
    qtbot.waitUntil(lambda: user.window.evaluation.overlay.isVisible(), timeout=PATIENCE)

    pick(user, "kind", "False negatives")
    pick(user, "class", CSF)
    pick(user, "method", Method.SALIENCY.value)
    name = f"{TargetKind.FALSE_NEGATIVES.value} of {CSF}"
    assert name in view_of(user).target

    def is_there() -> bool:
        view = view_of(user)
        return bool(view.pictures) and view.title.startswith("Saliency") and not view.running

    qtbot.waitUntil(is_there, timeout=PATIENCE)
    overlay = user.find(HeatOverlay, "heat_overlay")
    assert overlay.isVisible()
    assert name in overlay.view.title
    drawn, placed = user.window.explain.target_overlay.view.pixels, overlay.view.heat
    assert drawn is not None
    assert placed is not None

    reference = unetscope.open_reference(REFERENCE, user.series)
    theirs = reference.slice_labels(((LABEL, (LABEL,)),), user.session.slice_index)
    assert user.answer.mask is not None
    missed = (theirs == LABEL) & (user.answer.mask != LABEL)
    assert np.array_equal(drawn, missed)  # the slice is not turned, and the network sees all of it
    live = unetscope.open_model(user.network.path)
    live.run(user.answer.look.request.image)
    on_output = np.zeros(live.mask().shape, bool)
    rows, columns = fed_by(user, missed.shape)
    on_output[rows[missed], columns[missed]] = True
    by_script = live.saliency(live.target(LABEL, on_output, live.mask())).heat.values
    same = np.corrcoef(placed.ravel(), by_script[rows, columns].ravel())[0, 1]
    assert same > 0.998  # where an activation is all but 0, its gradient hangs on the last bit
    beside = np.corrcoef(placed.ravel(), by_script[rows, columns + 1].ravel())[0, 1]
    assert beside < 0.9

    user.find(QCheckBox, "attribution.honest").click()
    qtbot.waitUntil(lambda: view_of(user).honesty is not None, timeout=PATIENCE)
    honesty = view_of(user).honesty
    assert honesty is not None
    assert user.find(QLabel, "attribution.verdict").text() == honesty.verdict
    assert len(user.find(HeatPair, "attribution.pictures").pictures) == 2
    assert len(honesty.cascade) > 1
    user.program.presenters.explain.attribution.choose(lambda e: e.lay_over(Overlay.RANDOMISED))
    assert overlay.view.heat is not None
    assert not np.array_equal(overlay.view.heat, placed, equal_nan=True)
    assert user.session.edits == ()


def fed_by(user: User, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of the network's grid over each pixel of the slice."""
    to_input = user.answer.placement.to_input
    at = [[to_input(r, c) for c in range(shape[1])] for r in range(shape[0])]
    rows, columns = np.moveaxis(np.rint(np.array(at)).astype(np.intp), -1, 0)
    return rows, columns
