"""Changes of the input card in the history: one order in time with the edits of the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.fakes import CARD, opened

from unetscope.domain.edits import SetKernel
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.preprocess_words import name_of_change

EDIT = SetKernel("enc", 0, 1, np.zeros((3, 3)))
MINE = replace(CARD, name="Mine")
THEIRS = replace(CARD, name="Theirs")


def test_undo_takes_back_edits_and_steps_of_the_card_in_the_order_they_were_taken() -> None:
    session = opened().use_card(MINE, "Card").edit(EDIT).use_card(THEIRS, "Card again")
    assert [step.label for step in session.history.done][0::2] == ["Card", "Card again"]

    session = session.undo()
    assert (session.card, session.edits) == (MINE, (EDIT,))
    session = session.undo()
    assert (session.card, session.edits) == (MINE, ())
    session = session.undo()
    assert (session.card, session.edits) == (CARD, ())
    for _ in range(3):
        session = session.redo()
    assert (session.card, session.edits) == (THEIRS, (EDIT,))


def test_reverting_the_network_leaves_the_card_alone() -> None:
    session = opened().use_card(MINE).edit(EDIT).revert_all()
    assert session.card is MINE
    assert session.edits == ()


def test_undo_goes_behind_a_saved_card_and_back_to_the_card_can_be_undone() -> None:
    session = opened().use_card(MINE).keep_card(MINE)
    assert session.undo().card is CARD
    assert session.undo().saved_card is MINE
    session = session.use_card(THEIRS).back_to_card()
    assert session.card is MINE
    assert session.undo().card is THEIRS


def test_turning_one_number_is_one_step_and_another_number_is_another() -> None:
    session = opened()
    for name in ("a", "b", "c"):
        session = session.use_card(replace(CARD, name=name), "Name", same_gesture=True)
    session = session.use_card(THEIRS, "Other", same_gesture=True)
    assert [step.label for step in session.history.done] == ["Name", "Other"]
    assert session.undo().undo().card is CARD


def test_a_card_that_is_the_same_is_no_step() -> None:
    session = opened()
    assert session.use_card(replace(CARD)) is session
    assert session.back_to_card() is session


def test_the_edits_of_one_gesture_keep_the_card() -> None:
    session = opened().use_card(MINE).edit(EDIT).edit(EDIT, same_gesture=True)
    assert session.card is MINE
    assert len(session.history.done) == 2


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"normalise": "zscore"}, "Input: normalise zscore"),
        ({"low": 2.0}, "Input: percentiles"),
        ({"clip": (0.0, 1.0)}, "Input: clip on"),
        ({"size": None}, "Input: size off"),
        ({"size": (9, 9)}, "Input: size"),
    ],
)
def test_undo_names_what_was_changed(fields: dict[str, object], name: str) -> None:
    assert name_of_change(Preprocessing(size=(8, 8)), fields) == name
