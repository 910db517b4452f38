"""Edits that no file holds, and a network that would take the place of theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QFileDialog
from tests.gui.conftest import MODEL, STUDY, Person
from tests.unit.fakes import unet

from unetscope import resources
from unetscope.ui import dialogs
from unetscope.ui.dialogs import Choice
from unetscope.ui.new_model_dialog import NewModelDialog

OTHER = Path("/models/other.keras")
EDITED = Path("/models/tiny-edited.keras")
SOON = 100  # ms in which something that ought not to happen would


@pytest.fixture
def editor(person: Person) -> Person:
    """A person with an edit that no file holds, and another network to open."""
    person.world.files.networks[MODEL] = replace(unet(), path=MODEL)
    person.open(MODEL)
    person.qtbot.waitUntil(lambda: person.network.path == MODEL)
    person.world.files.networks[OTHER] = replace(unet(fingerprint="sha256:1"), path=OTHER)
    sample = resources.sample_model()
    person.world.files.networks[sample] = replace(unet(fingerprint="sha256:2"), path=sample)
    person.pick_recipe("Sobel x")
    return person


def answer(monkeypatch: pytest.MonkeyPatch, choice: Choice) -> list[object]:
    """Answer the question whenever it is asked; gives who asked."""
    asked: list[object] = []

    def ask(parent: object) -> Choice:
        asked.append(parent)
        return choice

    monkeypatch.setattr(dialogs, "ask_about_edits", ask)
    monkeypatch.setattr(dialogs, "ask_save_model", lambda *_: EDITED)
    return asked


def by_dialog(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(OTHER), ""))
    person.choose("file.open_model")


def by_drop(person: Person, _: pytest.MonkeyPatch) -> None:
    person.drop(QUrl.fromLocalFile(str(OTHER)))


def by_the_sample(person: Person, _: pytest.MonkeyPatch) -> None:
    person.choose("file.open_sample")


WAYS = pytest.mark.parametrize("way", [by_dialog, by_drop, by_the_sample])
Way = Callable[[Person, pytest.MonkeyPatch], None]


@WAYS
def test_opening_a_model_does_not_lose_edits_unasked(
    editor: Person, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    asked = answer(monkeypatch, Choice.CANCEL)
    edits = editor.session.edits
    way(editor, monkeypatch)
    editor.qtbot.waitUntil(lambda: asked == [editor.window])
    editor.qtbot.wait(SOON)
    assert editor.network.path == MODEL
    assert editor.session.edits == edits
    assert not editor.world.engine.saved


@WAYS
def test_edits_that_may_be_lost_make_room_for_another_model(
    editor: Person, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    asked = answer(monkeypatch, Choice.DISCARD)
    way(editor, monkeypatch)
    editor.qtbot.waitUntil(lambda: editor.network.path != MODEL)
    assert asked == [editor.window]
    assert not editor.session.edits
    assert not editor.world.engine.saved


@WAYS
def test_another_model_opens_when_the_edits_are_written(
    editor: Person, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    asked = answer(monkeypatch, Choice.SAVE)
    edits = editor.session.edits
    way(editor, monkeypatch)
    editor.qtbot.waitUntil(lambda: editor.network.path != MODEL)
    assert asked == [editor.window]
    ((model, saved, path),) = editor.world.engine.saved
    assert (model.path, saved, path) == (MODEL, edits, EDITED)


def test_a_save_that_fails_keeps_network_and_edits(
    editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, Choice.SAVE)
    monkeypatch.setattr(dialogs, "ask_save_model", lambda *_: EDITED.with_suffix(".h5"))
    edits = editor.session.edits
    editor.open(OTHER)
    editor.qtbot.waitUntil(lambda: editor.frame.trouble)
    monkeypatch.setattr(dialogs, "ask_save_model", lambda *_: EDITED)
    editor.choose("file.save_model")
    editor.qtbot.wait(SOON)
    assert editor.network.path == MODEL
    assert editor.session.edits == edits


@pytest.mark.parametrize("choice", list(Choice))
def test_a_new_model_is_asked_for_when_the_edits_are_decided_about(
    editor: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, choice: Choice
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    asked = answer(monkeypatch, choice)
    editor.choose("file.new_model")
    editor.qtbot.wait(SOON)
    assert asked == [editor.window]
    dialog = editor.window.findChild(NewModelDialog, "new_model")
    assert (dialog is None) is (choice is Choice.CANCEL)
    assert len(editor.world.engine.saved) == (choice is Choice.SAVE)
    if dialog is not None:
        dialog.reject()


def test_a_study_takes_no_edits_away_so_nothing_is_asked(
    editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, Choice.CANCEL)
    editor.open(STUDY)
    editor.choose("edit.undo")
    editor.open(OTHER)
    editor.qtbot.waitUntil(lambda: editor.network.path == OTHER)
    assert not asked


# ------------------------------------------------------------------- the input card


@pytest.fixture
def changer(editor: Person) -> Person:
    """A person with a changed input card, and no edit of the network."""
    editor.choose("edit.undo")
    editor.program.presenters.input_card.set_steps(normalise="zscore")
    return editor


def answer_card(monkeypatch: pytest.MonkeyPatch, choice: Choice) -> list[object]:
    asked: list[object] = []

    def ask(parent: object) -> Choice:
        asked.append(parent)
        return choice

    monkeypatch.setattr(dialogs, "ask_about_card", ask)
    return asked


@WAYS
@pytest.mark.parametrize("choice", list(Choice))
def test_a_changed_card_is_not_lost_unasked(
    changer: Person, monkeypatch: pytest.MonkeyPatch, way: Way, choice: Choice
) -> None:
    asked = answer_card(monkeypatch, choice)
    changed = changer.session.card
    way(changer, monkeypatch)
    changer.qtbot.waitUntil(lambda: asked == [changer.window])
    if choice is Choice.CANCEL:
        changer.qtbot.wait(SOON)
        assert changer.network.path == MODEL
        assert changer.session.card is changed
    else:
        changer.qtbot.waitUntil(lambda: changer.network.path != MODEL)
    assert (changer.world.files.cards[MODEL] == changed) is (choice is Choice.SAVE)


def test_edits_given_up_are_not_asked_about_again_when_the_card_was_saved(
    changer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    changer.pick_recipe("Sobel x")
    about_edits = answer(monkeypatch, Choice.DISCARD)
    about_card = answer_card(monkeypatch, Choice.SAVE)
    changer.open(OTHER)
    changer.qtbot.waitUntil(lambda: changer.network.path == OTHER)
    assert (len(about_edits), len(about_card)) == (1, 1)
    changer.pick_recipe("Sobel x")
    changer.open(MODEL)
    changer.qtbot.waitUntil(lambda: changer.network.path == MODEL)
    assert len(about_edits) == 2  # others than those


def test_the_window_closes_when_the_card_is_saved_and_not_when_that_is_cancelled(
    changer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_card(monkeypatch, Choice.CANCEL)
    changer.window.close()
    assert changer.window.isVisible()
    answer_card(monkeypatch, Choice.SAVE)
    changer.window.close()
    changer.qtbot.waitUntil(lambda: not changer.window.isVisible())
    assert changer.world.files.cards[MODEL] == changer.session.card


def test_a_card_that_cannot_be_saved_keeps_the_model_open(
    changer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    del changer.world.files.networks[MODEL]
    answer_card(monkeypatch, Choice.SAVE)
    changer.open(OTHER)
    changer.qtbot.waitUntil(lambda: changer.frame.trouble)
    changer.qtbot.wait(SOON)
    assert changer.network.path == MODEL
    assert "tiny.keras is gone." in changer.frame.status


def test_ctrl_z_takes_a_step_of_the_card_back_by_name(editor: Person) -> None:
    before = editor.session.card
    editor.program.presenters.input_card.set_steps(normalise="zscore")
    undo = editor.window.action_of("edit.undo")
    assert undo.text() == "Undo “Input: normalise zscore”"
    editor.choose("edit.undo")
    assert editor.session.card == before
    assert editor.session.edits  # the edit before it stays
