"""The list of recent files tells no names unless it is asked to, and none at all if it is off."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QCheckBox, QDialogButtonBox
from tests.gui.conftest import MODEL, STUDY, Person
from tests.unit.fakes import FakeStudy

from unetscope.ui.preferences.dialog import GENERAL, PreferencesDialog
from unetscope.ui.recent import in_words

NOON = datetime(2026, 3, 4, 12, 0)


@pytest.fixture
def qt_settings() -> QSettings:
    """What Qt's own dialogs remember, for the tests alone."""
    kept = QSettings(QSettings.Scope.UserScope, "QtProject")
    assert kept.fileName().startswith(os.environ["XDG_CONFIG_HOME"])
    return kept


def listed(person: Person) -> list[str]:
    """The entries of the menu."""
    menu = person.window.opening.recent
    menu.aboutToShow.emit()
    return [action.text() for action in menu.actions() if action.text()]


def prefer(person: Person, name: str, *, wanted: bool) -> None:
    """Tick or untick a box of Preferences, and press OK."""
    person.window.preferences.ask()
    (dialog,) = person.window.findChildren(PreferencesDialog)
    dialog.tabs.setCurrentIndex(GENERAL)
    box = dialog.findChild(QCheckBox, name)
    assert box is not None
    box.setChecked(wanted)
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    person.qtbot.waitUntil(lambda: not person.window.findChildren(PreferencesDialog))


def test_a_study_is_listed_by_what_it_is(person: Person) -> None:
    study, model, clear = listed(person)
    assert study.startswith("MR study of 2026-01-02, 1 series · opened 20")
    assert STUDY.name not in study
    assert (model, clear) == (MODEL.name, "Clear recent files")


def test_a_study_is_listed_by_its_folder_if_that_is_preferred(person: Person) -> None:
    prefer(person, "preferences.recent_names", wanted=True)
    assert listed(person) == [STUDY.name, MODEL.name, "Clear recent files"]
    person.choose("view.hide_identity")
    assert listed(person) == ["Study 1", MODEL.name, "Clear recent files"]


@pytest.mark.skipif(sys.platform != "linux", reason="kept elsewhere")
def test_nothing_is_kept_where_the_list_is_off(person: Person, qt_settings: QSettings) -> None:
    dialogs = qt_settings
    dialogs.setValue("FileDialog/history", [f"file://{STUDY.parent}"])
    dialogs.setValue("FileDialog/lastVisited", f"file://{STUDY.parent}")
    dialogs.setValue("FileDialog/viewMode", "List")
    prefer(person, "preferences.recent", wanted=False)
    assert listed(person) == ["None are kept (Preferences)"]
    opened: list[Path] = []
    person.program.desk.opened.connect(opened.append)
    person.open(STUDY)
    person.qtbot.waitUntil(lambda: bool(opened))
    assert listed(person) == ["None are kept (Preferences)"]
    assert not [key for key in person.world.settings.allKeys() if key.startswith("recent/")]
    dialogs.sync()
    assert [key for key in dialogs.allKeys() if key.startswith("FileDialog/")] == [
        "FileDialog/viewMode"
    ]
    prefer(person, "preferences.recent", wanted=True)
    assert listed(person) == ["Clear recent files"]


def test_a_list_that_is_off_is_empty_from_the_start(person: Person) -> None:
    assert person.world.settings.value("recent/studies")
    person.world.settings.setValue("recent_kept", "false")
    assert not person.window.opening.recent.is_kept
    prefer(person, "preferences.recent_names", wanted=False)
    assert not person.world.settings.value("recent/studies")


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("20240312", "MR study of 2024-03-12, 1 series"),
        ("odd", "MR study, 1 series"),
    ],
)
def test_a_study_in_words(date: str, said: str) -> None:
    assert in_words(FakeStudy(date=date), NOON) == f"{said} · opened 2026-03-04 12:00"
