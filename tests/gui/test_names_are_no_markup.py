"""Names out of files are shown as they are written: none is taken for rich text.

Rich text would load the picture that a name tells of, from another computer where it says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6 import QtGui
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QLabel,
    QMenu,
    QMessageBox,
    QTabBar,
    QWidget,
)
from tests.gui.conftest import MODEL, STUDY, Person
from tests.unit.fakes import CARD, PATIENT, FakeSeries, FakeStudy, unet

from unetscope.domain.graph import Graph
from unetscope.domain.network import Network
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.domain.stand_ins import UnknownLayer
from unetscope.domain.study import Skipped
from unetscope.state.layer_replacing import Offer
from unetscope.state.sessions import Lost, Question
from unetscope.ui import dialogs, session_dialogs
from unetscope.ui.replacing_dialog import ReplacingDialog

EVIL = "<img src='x.png'>"


def evil_unet() -> Network:
    """A network whose layers are named so."""
    network = unet()
    names = {layer.name: f"{layer.name} {EVIL}" for layer in network.graph.layers}
    layers = [
        replace(layer, name=names[layer.name], inputs=tuple(names[one] for one in layer.inputs))
        for layer in network.graph.layers
    ]
    return replace(
        network,
        name=f"net {EVIL}",
        graph=Graph(layers, tuple(names[one] for one in network.graph.outputs)),
        trained={names[name]: arrays for name, arrays in network.trained.items()},
    )


def texts(root: QWidget) -> Iterator[tuple[str, str]]:
    """All that Qt would take for rich text where it looks like it, and where it stands."""
    for widget in (root, *root.findChildren(QWidget)):
        where = f"{type(widget).__name__} {widget.objectName()}"
        yield f"tip of {where}", widget.toolTip()
        if isinstance(widget, QLabel) and widget.textFormat() is Qt.TextFormat.AutoText:
            yield where, widget.text()
        if isinstance(widget, QAbstractItemView | QComboBox) and widget.model() is not None:
            for index in indices(widget):
                yield f"tip in {where}", str(index.data(Qt.ItemDataRole.ToolTipRole) or "")
        if isinstance(widget, QTabBar):
            for tab in range(widget.count()):
                yield f"tab of {where}", widget.tabToolTip(tab)
        if isinstance(widget, QMenu) and widget.toolTipsVisible():
            for action in widget.actions():
                yield f"tip in {where}", action.toolTip()


def indices(view: QAbstractItemView | QComboBox) -> Iterator[QModelIndex]:
    """The items of a list, table or tree."""
    model, waiting = view.model(), [QModelIndex()]
    while waiting:
        parent = waiting.pop()
        for row in range(min(model.rowCount(parent), 50)):
            for column in range(20):
                index = model.index(row, column, parent)
                if not index.isValid():
                    break
                yield index
                if column == 0 and model.rowCount(index):
                    waiting.append(index)


def assert_plain(root: QWidget) -> None:
    """No name is taken for rich text."""
    wrong = {
        where: text[:120]
        for where, text in texts(root)
        if EVIL in text and QtGui.Qt.mightBeRichText(text)
    }
    assert not wrong, "\n".join(f"{where}: {text}" for where, text in wrong.items())


@pytest.fixture
def person(visitor: Person) -> Person:
    """A person who has opened files full of such names."""
    files = visitor.world.files
    series = FakeSeries(
        description=f"T1 {EVIL}",
        warnings=(f"Odd {EVIL}.",),
        patient=replace(PATIENT, name=f"DOE {EVIL}"),
    )
    files.studies[STUDY] = FakeStudy((series,), skipped=(Skipped(Path(EVIL[5:9]), EVIL, False),))
    files.networks[MODEL] = evil_unet()
    files.cards[MODEL] = replace(
        CARD,
        name=f"card {EVIL}",
        note=f"note {EVIL}",
        confirmed=False,
        classes=tuple(replace(one, name=f"{one.name} {EVIL}") for one in CARD.classes),
        trained_on={**CARD.trained_on, "modality": f"MR {EVIL}"},
    )
    visitor.open(MODEL, STUDY)
    visitor.wait()
    return visitor


def test_names_of_study_network_and_card(person: Person) -> None:
    assert_plain(person.window)
    for layer in [one.name for one in person.network.graph.layers][:4]:
        person.program.store.update(partial(Session.select_layer, layer=layer))
        person.qtbot.wait(20)
        assert_plain(person.window)


def test_edits_history_and_notices(person: Person) -> None:
    name = f"enc {EVIL}"
    person.program.store.update(lambda s: s.select_layer(name))
    person.pick_recipe("Sobel x")
    person.wait()
    assert_plain(person.window)
    person.program.desk.notice.emit(Notice(f"what {EVIL}", f"hint {EVIL}"))
    assert_plain(person.window)


def test_dialogs(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = tuple(UnknownLayer(f"{EVIL}{i}", EVIL, True) for i in range(2))
    dialog = ReplacingDialog(Offer(Path(EVIL), layers), print, person.window)
    assert_plain(dialog)
    dialog.close()
    seen: list[str] = []

    def look(box: QMessageBox) -> int:
        seen.append(box.text())
        assert_plain(box)
        return int(QMessageBox.StandardButton.Cancel)

    monkeypatch.setattr(QMessageBox, "exec", look)
    for lost in Lost:
        session_dialogs.ask_about_missing(
            person.window, Question(lost, Path(f"/a/{EVIL}")), hidden=False
        )
    dialogs.ask_about(person.window, f"The session {EVIL} has changes.", "Save?")
    session_dialogs.ask_discard(person.window, EVIL)
    dialogs.ask_other_models_edits(person.window, EVIL, EVIL)
    assert len(seen) == len(Lost) + 3
    assert_plain(dialogs.tell(person.window, EVIL, EVIL, EVIL))
