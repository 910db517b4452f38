"""The input card with the sample: other steps give another mask, the card's own the same bits."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from tests.journeys.user import User

from unetscope.domain.input_check import Mark
from unetscope.ui.widgets.map_view import MapView
from unetscope.ui.widgets.step_fields import ChoiceField


def test_another_normalisation_changes_the_mask_and_the_card_brings_it_back(user: User) -> None:
    card = user.program.presenters.input_card
    user.window.input_card_panel.raise_()
    mask, fed = user.mask(), user.answer.look.request.image
    saved = user.session.card
    assert {c.mark for c in card.view.checks if c.name != "Contrast"} == {Mark.MATCH}
    assert user.find(MapView, "input_card.tensor").content.values is fed
    assert (float(fed.min()), fed.shape) == (0, (256, 256))

    kind = user.find(ChoiceField, "input_card.normalise.kind")
    kind.setFocus()
    user.qtbot.keyClick(kind, Qt.Key.Key_Home)  # values as they are
    user.wait()

    assert user.session.card is not None
    assert user.session.card.preprocessing.normalise == "none"
    raw = user.answer.look.request.image
    assert not np.array_equal(raw, fed)
    assert user.find(MapView, "input_card.tensor").content.values is raw
    assert (user.mask() != mask).any(axis=-1).mean() > 0.05
    assert "input steps edited" in user.program.presenters.slice_view.view.note

    user.qtbot.mouseClick(user.find(QPushButton, "input_card.back"), Qt.MouseButton.LeftButton)
    user.wait()

    assert user.session.card is saved
    assert user.answer.look.request.image.tobytes() == fed.tobytes()
    assert np.array_equal(user.mask(), mask)
    assert user.program.presenters.slice_view.view.note == ""


def test_a_turned_input_gives_a_mask_on_the_slice_as_it_lies(user: User) -> None:
    """The network is fed the slice upside down; its mask still lies on the brain."""
    upright = user.answer.mask
    assert upright is not None
    user.program.presenters.input_card.set_steps(orient="LA")
    user.wait()
    turned = user.answer.mask
    assert turned is not None
    assert turned.shape == upright.shape
    brain, again = upright > 0, turned > 0
    assert 2 * (brain & again).sum() / (brain.sum() + again.sum()) > 0.8
