"""Find the filter whose silence changes grey matter most, silence it, and undo."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QComboBox, QPushButton, QToolButton
from pytestqt.qtbot import QtBot
from tests.journeys.user import ANSWER, User

LAYER = "dec1_conv2"  # late: the sweep is fast


def pick(user: User, name: str, text: str) -> None:
    """Choose an entry of a box as a click does."""
    box = user.find(QComboBox, name)
    index = box.findText(text)
    assert index >= 0, f"{name} has no {text}"
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_the_filter_that_grey_matter_needs_most_is_found_silenced_and_brought_back(
    user: User, qtbot: QtBot
) -> None:
    user.pick_layer(LAYER)
    user.wait()
    mask, labels = user.mask(), user.answer.look.mask
    probabilities, weights = user.answer.look.probabilities, user.session.weights()
    assert labels is not None
    assert probabilities is not None
    assert user.session.card is not None
    (grey,) = (label.index for label in user.session.card.classes if label.name == "Grey matter")

    pick(user, "filters.sort", "by effect")
    user.find(QPushButton, "filters.measure").click()
    qtbot.waitUntil(lambda: "Measured what silencing" in user.status(), timeout=ANSWER)
    pick(user, "filters.on_class", "Dice of Grey matter")

    measured = user.program.presenters.filters._sweep.measured()
    assert measured is not None
    effect = 1 - measured.effects.dice_with_current[:, grey]
    top = int(np.nanargmax(effect))
    assert user.filters.tiles.labels is not None
    assert user.filters.tiles.labels[0] == str(top)
    strip = user.filters.tiles.strip
    assert strip is not None
    assert strip[0] == 1
    assert (np.diff(strip) <= 0).all()

    user.pick_filter(0)
    assert user.session.filter == top
    more = user.find(QToolButton, "filters.more").menu()
    more.aboutToShow.emit()
    (silence,) = (a for a in more.actions() if a.text() == f"Silence map {top}")
    silence.trigger()
    user.wait()

    silent = user.answer.look.mask
    assert silent is not None
    assert int((silent != labels).sum()) == int(measured.effects.changed_pixels[top]) > 0
    both = int(((silent == grey) & (labels == grey)).sum())
    overlap = 2 * both / int((silent == grey).sum() + (labels == grey).sum())
    assert abs((1 - overlap) - effect[top]) < 1e-6
    assert (user.mask() != mask).any()
    assert "measured before the latest edits" in user.program.presenters.filters.view.effect

    user.choose("edit.undo")
    user.wait()
    assert np.array_equal(user.mask(), mask)
    look = user.answer.look
    assert look.mask is not None
    assert look.probabilities is not None
    assert np.array_equal(look.mask, labels)
    assert np.array_equal(look.probabilities, probabilities)
    assert all(a is b for a, b in zip(user.session.weights(), weights, strict=True))
