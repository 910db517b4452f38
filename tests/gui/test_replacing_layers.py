"""A model with layers of their own code: what stands in for them is asked, told and asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QPushButton
from tests.gui.conftest import MODEL, Person
from tests.unit.fakes import FakeFiles, unet

from unetscope.domain.network import Network
from unetscope.domain.stand_ins import Replacement, StandIn, UnknownLayer, UnknownLayersError
from unetscope.ui.replacing_dialog import ReplacingDialog

NAMES = ("pool", "up")


class Coded(FakeFiles):
    """Files in which the model has two layers that are refused until they are replaced."""

    def read_network(self, path: Path, cancelled: Callable[[], bool] = lambda: False) -> Network:
        network = super().read_network(path)
        replaced = self.replaced.get(path, ())
        if not replaced:
            layers = [UnknownLayer(name, "Lambda", True) for name in NAMES]
            error = UnknownLayersError(f"{path.name} holds code.", "Save it again.", layers)
            error.path = path
            raise error
        fingerprint = f"sha256:{len(replaced)}"
        return replace(network, path=path, fingerprint=fingerprint, replaced=replaced)


@pytest.fixture
def coded(visitor: Person, monkeypatch: pytest.MonkeyPatch) -> Person:
    """A person who opens such a model."""
    person = visitor
    files = person.world.files
    monkeypatch.setattr(files, "__class__", Coded)
    files.networks[MODEL] = unet()
    person.open(MODEL)
    person.qtbot.waitUntil(lambda: person.window.findChild(ReplacingDialog) is not None)
    return person


def pick(person: Person, row: int, by: StandIn) -> None:
    box = person.find(QComboBox, f"replacing.choice.{row}")
    box.setFocus()
    person.qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findData(by)):
        person.qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentData() is by


def test_nothing_stands_in_until_all_is_said(coded: Person) -> None:
    button = coded.find(QPushButton, "replacing.open")
    assert not button.isEnabled()
    pick(coded, 0, StandIn.IDENTITY)
    assert not button.isEnabled()
    pick(coded, 1, StandIn.SOFTMAX)
    assert button.isEnabled()
    coded.find(ReplacingDialog, "replacing").reject()
    assert coded.session.network is None
    assert not coded.world.files.replaced


def test_the_model_opens_with_what_was_chosen_and_says_so(coded: Person) -> None:
    pick(coded, 0, StandIn.SCALE)
    coded.find(QDoubleSpinBox, "replacing.factor.0").setValue(0.5)
    pick(coded, 1, StandIn.STANDARDISE)
    coded.press("replacing.open")
    coded.qtbot.waitUntil(lambda: coded.session.network is not None)

    chosen = (
        Replacement("pool", "Lambda", StandIn.SCALE, 0.5),
        Replacement("up", "Lambda", StandIn.STANDARDISE),
    )
    network = coded.session.network
    assert network is not None
    assert network.replaced == chosen
    assert coded.world.files.replaced == {MODEL: chosen}
    presenters = coded.program.presenters
    assert "pool (Lambda) by a factor of 0.5" in presenters.input_card.view.note
    marks = {row.name: row.mark for row in presenters.layers.view.rows}
    assert marks["pool"] == marks["up"] == "⇄"
    assert not marks["enc"]


def test_it_can_be_chosen_again_and_forgotten(coded: Person) -> None:
    for row in range(2):
        pick(coded, row, StandIn.IDENTITY)
    coded.press("replacing.open")
    coded.qtbot.waitUntil(lambda: coded.session.network is not None)

    coded.choose("network.replaced_layers")
    coded.qtbot.waitUntil(lambda: coded.window.findChild(ReplacingDialog) is not None)
    assert coded.find(QComboBox, "replacing.choice.1").currentData() is StandIn.IDENTITY
    coded.press("replacing.forget")
    coded.qtbot.waitUntil(lambda: coded.world.files.replaced == {MODEL: ()})
    coded.qtbot.waitUntil(  # asked anew, by another dialog
        lambda: coded.find(QComboBox, "replacing.choice.1").currentIndex() == -1
    )
    coded.find(ReplacingDialog, "replacing").reject()
