"""File ▸ New model…: what it proposes, what it refuses, and what the engine is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
)
from pytestqt.qtbot import QtBot
from tests.gui.conftest import Person
from tests.unit.fakes import unet

from unetscope.domain.errors import ModelError
from unetscope.domain.ports import Saved
from unetscope.domain.presets import PRESETS, NewModel, Preset
from unetscope.ui.new_model_dialog import NewModelDialog


class Dialog:
    """The dialog as a person has it on screen."""

    def __init__(self, visitor: Person) -> None:
        self.person = visitor
        visitor.choose("file.new_model")
        self.dialog = visitor.find(NewModelDialog, "new_model")

    def number(self, name: str) -> QSpinBox:
        return self.person.find(QSpinBox, f"new_model.{name}")

    @property
    def file(self) -> QLineEdit:
        return self.person.find(QLineEdit, "new_model.file")

    @property
    def said(self) -> str:
        return self.person.find(QLabel, "new_model.summary").text()

    @property
    def create(self) -> QPushButton:
        return self.person.find(QPushButton, "new_model.confirm")

    def pick(self, title: str) -> None:
        box = self.person.find(QComboBox, "new_model.preset")
        box.setFocus()
        self.person.qtbot.keyClick(box, Qt.Key.Key_Home)
        for _ in range(box.findText(title)):
            self.person.qtbot.keyClick(box, Qt.Key.Key_Down)
        assert box.currentText() == title

    def type_into(self, box: QSpinBox | QLineEdit, text: str) -> None:
        box.setFocus()
        box.selectAll()
        self.person.qtbot.keyClicks(box, text)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


def test_the_first_proposal_can_be_taken_with_enter(visitor: Person, home: Path) -> None:
    dialog = Dialog(visitor)
    assert "489,876 parameters" in dialog.said
    visitor.qtbot.keyClick(dialog.dialog, Qt.Key.Key_Return)

    ((new, path, _, _),) = visitor.world.engine.created
    assert new == NewModel.proposed("unet")
    assert path == home / "unet.keras"
    assert "Building unet.keras" in visitor.status()
    assert visitor.find(QProgressBar, "status.progress").maximum() == 0


def test_what_is_chosen_is_what_is_asked_of_the_engine(visitor: Person, home: Path) -> None:
    dialog = Dialog(visitor)
    for name, text in (("rows", "64"), ("columns", "96"), ("channels", "2"), ("classes", "3")):
        dialog.type_into(dialog.number(name), text)
    for name, text in (("filters", "8"), ("levels", "3"), ("seed", "7")):
        dialog.type_into(dialog.number(name), text)
    dialog.type_into(dialog.file, "mine.keras")
    visitor.click(dialog.create)

    ((new, path, _, _),) = visitor.world.engine.created
    assert new == NewModel(
        preset="unet", image_shape=(64, 96, 2), classes=3, filters=8, depth=3, seed=7
    )
    assert path == home / "mine.keras"


@pytest.mark.parametrize("known", PRESETS, ids=lambda known: known.id)
def test_each_architecture_shows_only_its_own_choices(
    visitor: Person, home: Path, known: Preset
) -> None:
    dialog = Dialog(visitor)
    dialog.pick(known.title)

    choices = {"classes": known.classes, "filters": known.filters, "levels": known.depth}
    for name, proposed in choices.items():
        assert dialog.number(name).isVisible() == bool(proposed)
    assert dialog.file.text() == str(home / f"{known.id}.keras")
    assert dialog.create.isEnabled()


def test_a_file_name_of_ones_own_outlives_another_architecture(visitor: Person, home: Path) -> None:
    dialog = Dialog(visitor)
    dialog.type_into(dialog.file, "mine.keras")
    dialog.pick("U-Net encoder alone")
    assert dialog.file.text() == "mine.keras"


def test_what_cannot_be_built_is_said_and_not_asked_for(visitor: Person, home: Path) -> None:
    dialog = Dialog(visitor)
    dialog.type_into(dialog.number("rows"), "250")
    assert "Choose 248 or 256" in dialog.said
    assert not dialog.create.isEnabled()
    visitor.qtbot.keyClick(dialog.dialog, Qt.Key.Key_Return)
    assert visitor.world.engine.created == []
    assert dialog.dialog.isVisible()

    dialog.type_into(dialog.number("rows"), "256")
    assert dialog.create.isEnabled()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs a file"),
        ("net.h5", "must end in .keras"),
        ("there.keras", "exists already"),
        ("no/such/net.keras", "There is no folder"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before(
    visitor: Person, home: Path, text: str, said: str
) -> None:
    (home / "there.keras").touch()
    dialog = Dialog(visitor)
    dialog.file.setText(text)
    assert said in dialog.said
    assert not dialog.create.isEnabled()


def test_a_name_that_is_taken_is_not_proposed(visitor: Person, home: Path) -> None:
    (home / "unet.keras").touch()
    assert Dialog(visitor).file.text() == str(home / "unet-2.keras")


def test_the_folder_proposed_is_that_of_the_model_opened_last(
    visitor: Person, folder: Path, qtbot: QtBot
) -> None:
    visitor.open(folder)
    qtbot.waitUntil(lambda: visitor.session.network is not None)
    assert Dialog(visitor).file.text() == str(folder.parent / "unet.keras")


def test_the_file_can_be_browsed_for(
    visitor: Person, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = Dialog(visitor)
    chosen = home / "browsed"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(chosen), ""))
    visitor.press("new_model.browse")
    assert dialog.file.text() == f"{chosen}.keras"


def test_escape_asks_for_nothing(visitor: Person, home: Path) -> None:
    dialog = Dialog(visitor)
    visitor.qtbot.keyClick(dialog.dialog, Qt.Key.Key_Escape)
    assert visitor.world.engine.created == []
    assert "Ready" in visitor.status()


def test_the_network_opens_when_it_is_built(visitor: Person, home: Path, qtbot: QtBot) -> None:
    visitor.click(Dialog(visitor).create)
    _, path, done, _ = visitor.world.engine.created[0]
    network = visitor.world.files.networks[path] = unet(seed=5)
    done(Saved(path, network.fingerprint, 8))
    qtbot.waitUntil(lambda: visitor.session.network is network)
    assert not visitor.find(QProgressBar, "status.progress").isVisible()


def test_a_network_that_cannot_be_built_says_why_in_the_status_line(
    visitor: Person, home: Path
) -> None:
    visitor.click(Dialog(visitor).create)
    visitor.world.engine.created[0][3](ModelError("The disk is full.", "Choose another folder."))
    assert visitor.status() == "The disk is full. Choose another folder."


# -------------------------------------------------------------- SavedModel folders


@pytest.fixture
def folder(visitor: Person, tmp_path: Path) -> Path:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "saved_model.pb").touch()
    visitor.world.files.networks[folder] = unet(seed=6)
    return folder


@pytest.mark.parametrize("chosen", ["", "saved_model.pb", "keras_metadata.pb"])
def test_a_saved_model_opens_by_its_folder_or_a_file_in_it(
    visitor: Person, folder: Path, qtbot: QtBot, chosen: str
) -> None:
    network = visitor.world.files.networks[folder]
    visitor.open(folder / chosen)
    qtbot.waitUntil(lambda: visitor.session.network is network)


def test_a_dropped_folder_is_a_model_too(visitor: Person, folder: Path, qtbot: QtBot) -> None:
    assert visitor.drop(QUrl.fromLocalFile(str(folder)))
    qtbot.waitUntil(lambda: visitor.session.network is visitor.world.files.networks[folder])


def test_the_model_dialog_offers_the_files_of_a_folder(
    visitor: Person, folder: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    filters: list[str] = []

    def ask(*given: object) -> tuple[str, str]:
        filters.append(str(given[-1]))
        return str(folder / "saved_model.pb"), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", ask)
    visitor.choose("file.open_model")
    qtbot.waitUntil(lambda: visitor.session.network is visitor.world.files.networks[folder])
    assert "saved_model.pb" in filters[0]


def test_cancel_means_that_what_is_built_is_neither_opened_nor_kept(
    visitor: Person, home: Path, qtbot: QtBot
) -> None:
    visitor.click(Dialog(visitor).create)
    visitor.press("status.cancel")
    _, path, done, _ = visitor.world.engine.created[0]
    visitor.world.files.networks[path] = unet(seed=5)
    path.touch()
    done(Saved(path, "sha256:0", 8))
    qtbot.wait(50)
    assert visitor.session.network is None
    assert "Cancelled" in visitor.status()
    assert not path.exists()
