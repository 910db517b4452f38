"""The history list, lists of edits, and recipes of one's own, in the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QListWidget, QPushButton
from tests.gui.conftest import MODEL, Person

from unetscope.domain.edit_file import write_edits
from unetscope.domain.edits import SetBias
from unetscope.domain.network import Network
from unetscope.domain.scopes import Scope
from unetscope.ui import dialogs


def steps_of(person: Person) -> QListWidget:
    person.window.history_panel.raise_()
    return person.find(QListWidget, "history.list")


def test_a_click_in_the_list_jumps_and_the_arrow_keys_too(person: Person) -> None:
    before = person.values()
    person.pick_recipe("Box")
    box = person.values()
    person.pick_recipe("Sobel x")
    steps = steps_of(person)
    assert [steps.item(i).text() for i in range(steps.count())] == [
        "As opened   (trained)",
        "Box on enc · filter 0 · input 0",
        "Sobel x on enc · filter 0 · input 0",
    ]
    spot = steps.visualItemRect(steps.item(0)).center()
    person.qtbot.mouseClick(steps.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert np.array_equal(person.values(), before)
    assert person.session.edits == ()
    person.key(Qt.Key.Key_Down, steps)
    assert np.array_equal(person.values(), box)
    assert steps.currentRow() == 1


def test_edits_are_saved_and_applied_by_the_menu(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some.edits.json"
    monkeypatch.setattr(dialogs, "ask_save_edits", lambda *_: path)
    monkeypatch.setattr(dialogs, "ask_edits", lambda *_: path)
    assert not person.window.action_of("file.save_edits").isEnabled()
    person.program.store.update(lambda s: s.edit(SetBias("mid", 1, 0.5)))
    edits = person.session.edits
    person.choose("file.save_edits")
    person.qtbot.waitUntil(path.exists)
    person.choose("edit.revert_all")
    person.choose("file.apply_edits")
    person.qtbot.waitUntil(lambda: person.session.edits == edits)
    assert "1 edit of some.edits.json in force." in person.status()


def test_a_list_of_edits_opens_like_any_file_after_the_model_that_comes_with_it(
    visitor: Person, tmp_path: Path
) -> None:
    path = tmp_path / "some.edits.json"
    edits = (SetBias("mid", 1, 0.5),)
    network = visitor.world.files.networks[MODEL]
    assert isinstance(network, Network)
    path.write_text(write_edits(network, edits), "utf-8")
    visitor.window.opening.open_all([path])
    visitor.qtbot.waitUntil(lambda: "There is no network to edit." in visitor.status())
    visitor.window.opening.open_all([path, MODEL])
    visitor.qtbot.waitUntil(lambda: visitor.session.edits == edits)
    visitor.choose("edit.revert_all")
    visitor.window.opening.open_path(path)
    visitor.qtbot.waitUntil(lambda: visitor.session.edits == edits)


def test_an_own_recipe_stands_in_the_menu_and_its_file_in_the_settings_folder(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.pick_recipe("Sobel x")
    kept = person.values()
    monkeypatch.setattr(dialogs, "ask_name", lambda *_: "My edge")
    person.window.kernel_panel.save_recipe()
    menu = person.window.kernel_panel.recipes
    person.qtbot.waitUntil(lambda: "My edge" in [a.text() for a in menu.actions()])
    person.choose("edit.undo")
    person.window.presenters.kernel.set_keep_norm(False)
    person.pick_recipe("My edge")
    assert np.array_equal(person.values(), kept)
    person.window.presenters.kernel.delete_recipe("own.My edge")
    person.qtbot.waitUntil(lambda: "My edge" not in [a.text() for a in menu.actions()])


def test_the_numbers_of_a_recipe_stand_beside_it_and_act_at_once(person: Person) -> None:
    person.pick_recipe("Gabor 0°")
    before = person.values()
    spin = person.find(QDoubleSpinBox, "kernel_editor.setting.0")
    assert spin.isVisible()
    assert spin.prefix() == "angle "
    spin.setValue(60)
    assert not np.array_equal(person.values(), before)
    assert len(person.steps) == 1


def test_the_bias_has_a_page_of_its_own(person: Person) -> None:
    part = person.find(QComboBox, "kernel_editor.part")
    person.pick_in(part, "bias")
    part.activated.emit(part.currentIndex())
    assert person.values().shape == (1, 4)
    assert not person.window.kernel_panel.recipe.isEnabled()
    assert person.kernel.title == "Kernel editor · enc · bias"


def test_a_wider_scope_is_one_click_away_where_next_to_nothing_changed(person: Person) -> None:

    person.world.engine.at_once = False
    person.pick_recipe("Sobel x")
    look = person.world.engine.answer()
    assert look.maps is not None
    person.pick_recipe("Box")
    person.world.engine.answer(maps=replace(look.maps, next_change=0.001))
    widen = person.find(QPushButton, "kernel_editor.widen")
    assert widen.isVisible()
    person.click(widen)
    assert person.session.scope is Scope.FILTER
