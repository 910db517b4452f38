"""Sessions saved and opened by hand, and those that a window left behind."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, is_dataclass, replace
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from PySide6.QtCore import QSettings, Qt, QUrl
from PySide6.QtWidgets import QApplication, QFileDialog, QListWidget, QMessageBox, QWidget
from pytestqt.qtbot import QtBot
from tests.gui.conftest import Person, World, ramp
from tests.unit.fakes import CARD, FakeSeries, FakeStudy, unet

from unetscope.bootstrap import Application, build, dress
from unetscope.domain.fingerprint import fingerprint_of
from unetscope.domain.plain_values import hints_of
from unetscope.domain.session import Session
from unetscope.domain.session_file import (
    KeptSession,
    SessionWriter,
    kept_fields,
    read_session,
    write_session,
)
from unetscope.domain.session_restored import with_network, with_series
from unetscope.io.journal import DiskJournals
from unetscope.state.sessions import Lost, Question
from unetscope.ui import dialogs, session_dialogs
from unetscope.ui.dialogs import Choice
from unetscope.ui.recovery_dialog import RecoveryDialog
from unetscope.ui.session_dialogs import Missing

CTRL = Qt.KeyboardModifier.ControlModifier


@dataclass(eq=False)
class Desk:
    """A person with a study and an edited model that lie on the disk, and where they save."""

    person: Person
    model: Path
    study: Path
    file: Path
    questions: list[Question] = field(default_factory=list)
    answers: list[Missing] = field(default_factory=list)

    def save(self) -> None:
        self.person.choose("file.save_session")
        self.person.qtbot.waitUntil(lambda: self.person.program.presenters.sessions.holds_all)

    def open(self) -> None:
        self.person.drop(QUrl.fromLocalFile(str(self.file)))

    def wait_for(self, said: str) -> None:
        self.person.qtbot.waitUntil(lambda: said in self.person.frame.status)

    def put_on_disk(self, model: Path, study: Path, content: bytes = b"model") -> None:
        """Put a model and a study at these places."""
        files = self.person.world.files
        model.parent.mkdir(exist_ok=True)
        model.write_bytes(content)
        study.mkdir(parents=True, exist_ok=True)
        files.networks[model] = replace(unet(fingerprint=fingerprint_of(model)), path=model)
        files.cards[model] = CARD
        files.studies[study] = FakeStudy((FakeSeries(volume=ramp()),))


@pytest.fixture
def desk(visitor: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    folder = tmp_path / "wörk"
    folder.mkdir()
    desk = Desk(visitor, folder / "net.keras", folder / "head", folder / "mine.unetscope")
    desk.put_on_disk(desk.model, desk.study)
    visitor.open(desk.model, desk.study)
    visitor.wait()
    visitor.pick_recipe("Sobel x")
    visitor.choose("go.next_slice")
    visitor.pick_layer("mid")
    visitor.pick_recipe("Box")
    visitor.wait()

    def ask(_: object, question: Question, *, hidden: bool) -> Missing:
        desk.questions.append(question)
        return desk.answers.pop(0)

    monkeypatch.setattr(session_dialogs, "ask_about_missing", ask)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(desk.file), ""))
    return desk


def start_over(desk: Desk) -> None:
    """Another model and another study are open, as in a window that was just started."""
    other, knee = desk.model.with_name("other.keras"), desk.study.with_name("knee")
    desk.put_on_disk(other, knee, b"other")
    desk.person.world.files.studies[knee] = FakeStudy((FakeSeries("9", description="Knee"),))
    desk.person.open(other, knee)
    desk.person.qtbot.waitUntil(lambda: desk.person.network.path == other)
    desk.person.qtbot.waitUntil(lambda: desk.person.series.uid == "9")
    assert not desk.person.session.edits


def test_a_session_comes_back_as_it_was_saved(desk: Desk) -> None:
    person = desk.person
    desk.save()
    before, mask = person.session, person.mask()
    start_over(desk)
    desk.open()
    desk.wait_for("Opened mine.unetscope: 2 edits in force")
    person.wait()
    assert person.session.history == before.history
    assert person.steps == [step.label for step in before.history.done]
    assert (person.session.layer, person.session.slice_index) == ("mid", before.slice_index)
    assert (person.mask() == mask).all()
    person.choose("edit.undo")
    assert "Sobel" not in person.frame.status
    assert person.frame.status.startswith("Undid: Box")


def test_the_title_names_the_session_and_marks_what_its_file_lacks(desk: Desk) -> None:
    person = desk.person
    assert "mine" not in person.window.windowTitle()
    person.key(Qt.Key.Key_S, modifiers=CTRL)
    person.qtbot.waitUntil(lambda: person.window.windowTitle().startswith("mine — "))
    person.choose("go.next_slice")  # only looking is no change
    assert person.window.windowTitle().startswith("mine — ")
    person.choose("edit.undo")
    person.qtbot.waitUntil(lambda: person.window.windowTitle().startswith("mine ● — "))
    person.choose("edit.redo")
    person.qtbot.waitUntil(lambda: person.window.windowTitle().startswith("mine — "))
    person.choose("edit.undo")
    person.key(Qt.Key.Key_S, modifiers=CTRL)
    person.qtbot.waitUntil(lambda: person.window.windowTitle().startswith("mine — "))
    person.choose("view.hide_identity")
    assert person.window.windowTitle().startswith("Session — ")


def test_a_session_that_holds_all_is_not_asked_about(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(_: object, name: str) -> Choice:
        asked.append(name)
        return Choice.CANCEL

    def never(_: object) -> Choice:
        raise AssertionError("asked about edits that a session's file holds")

    monkeypatch.setattr(session_dialogs, "ask_about_session", ask)
    monkeypatch.setattr(dialogs, "ask_about_edits", never)
    desk.save()
    may = desk.person.window.unsaved.may_be_lost
    assert may(lambda: None)
    desk.person.choose("edit.undo")
    assert not may(lambda: None)
    assert asked == ["mine"]


def test_changes_of_a_session_are_saved_before_the_window_closes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_dialogs, "ask_about_session", lambda *_: Choice.SAVE)
    desk.save()
    desk.person.choose("edit.undo")
    again: list[bool] = []
    may = desk.person.window.unsaved.may_be_lost
    assert not may(lambda: again.append(may(lambda: None)))
    desk.person.qtbot.waitUntil(lambda: again == [True])
    assert '"done":1' in desk.file.read_text()


def test_study_and_model_that_moved_with_the_session_are_found(desk: Desk) -> None:
    desk.save()
    start_over(desk)
    moved = desk.file.parent.with_name("moved")
    desk.file.parent.rename(moved)
    desk.file = moved / desk.file.name
    desk.put_on_disk(moved / "net.keras", moved / "head")
    desk.open()
    desk.wait_for("2 edits in force")
    assert desk.person.network.path == moved / "net.keras"
    assert not desk.questions


def test_a_model_that_is_gone_can_be_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.save()
    start_over(desk)
    elsewhere = desk.model.parent / "elsewhere" / "renamed.keras"
    desk.model.unlink()
    desk.put_on_disk(elsewhere, desk.study)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(elsewhere), ""))
    desk.answers = [Missing.FIND]
    desk.open()
    desk.wait_for("2 edits in force")
    assert desk.person.network.path == elsewhere
    assert desk.questions == [Question(Lost.MODEL, desk.model, 2)]


def test_another_model_opens_without_the_edits_and_the_file_keeps_them(desk: Desk) -> None:
    desk.save()
    saved = desk.file.read_bytes()
    start_over(desk)
    desk.put_on_disk(desk.model, desk.study, b"trained anew")
    desk.answers = [Missing.WITHOUT]
    desk.open()
    desk.wait_for("0 edits in force")
    assert desk.questions == [Question(Lost.OTHER_MODEL, desk.model, 2)]
    assert "edits of another model" in desk.person.frame.hint
    assert desk.person.session.layer == "mid"
    desk.person.choose("go.next_slice")
    assert "mine" not in desk.person.window.windowTitle()  # Save must not write over it
    assert desk.file.read_bytes() == saved


def test_a_study_that_is_gone_can_be_left_out(desk: Desk) -> None:
    desk.save()
    start_over(desk)
    desk.study.rmdir()
    desk.answers = [Missing.WITHOUT]
    desk.open()
    desk.wait_for("2 edits in force")
    assert desk.questions == [Question(Lost.STUDY, desk.study)]
    assert desk.person.series.uid == "9"


def test_a_study_that_cannot_be_read_is_asked_about_too(desk: Desk) -> None:
    desk.save()
    start_over(desk)
    del desk.person.world.files.studies[desk.study]
    desk.answers = [Missing.CANCEL]
    desk.open()
    desk.person.qtbot.waitUntil(lambda: bool(desk.questions))
    assert desk.questions == [Question(Lost.STUDY, desk.study)]
    assert len(desk.person.session.edits) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no such device")
def test_a_session_that_names_a_device_is_asked_about(desk: Desk) -> None:
    desk.save()
    content = json.loads(desk.file.read_text())
    content["model"] |= {"path": "/dev/zero", "beside": "../../../../../../../dev/zero"}
    desk.file.write_text(json.dumps(content))
    start_over(desk)
    before = desk.person.session
    desk.answers = [Missing.CANCEL]
    desk.open()
    desk.person.qtbot.waitUntil(lambda: bool(desk.questions))
    assert desk.questions[0].lost is Lost.MODEL
    assert desk.person.session is before


def test_what_is_no_session_changes_nothing(desk: Desk) -> None:
    desk.file.write_text("{")
    before = desk.person.session
    desk.open()
    desk.wait_for("is no session, or it is damaged at line 1")
    assert desk.person.session is before


def test_a_damaged_session_opens_as_far_as_it_goes(desk: Desk) -> None:
    desk.save()
    text = desk.file.read_text()
    desk.file.write_text(text.replace('"opacity":0.45', '"opacity":"much"'))
    start_over(desk)
    desk.open()
    desk.wait_for("2 edits in force")
    assert desk.person.frame.hint == "Not there: opacity."


def test_the_recent_menu_lists_sessions(desk: Desk) -> None:
    desk.save()
    menu = desk.person.window.opening.recent
    menu.aboutToShow.emit()
    assert menu.actions()[0].text() == "mine.unetscope"
    start_over(desk)
    menu.actions()[0].trigger()
    desk.wait_for("2 edits in force")
    desk.person.choose("view.hide_identity")
    menu.aboutToShow.emit()
    assert menu.actions()[0].text() == "Session 1"


@pytest.mark.parametrize("lost", list(Lost))
@pytest.mark.parametrize("hidden", [False, True])
def test_questions_are_short_and_can_be_answered(
    lost: Lost, hidden: bool, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes: list[QMessageBox] = []

    def accept(box: QMessageBox) -> int:
        boxes.append(box)
        box.buttons()[0].click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", accept)
    question = Question(lost, Path("/studies/DOE_JANE"), 7)
    window = QWidget()
    qtbot.addWidget(window)
    assert session_dialogs.ask_about_missing(window, question, hidden=hidden) in Missing
    (box,) = boxes
    said = f"{box.text()} {box.informativeText()}"
    assert len(said) <= 300
    if lost is Lost.STUDY:
        assert ("DOE" in said) is not hidden


# ----------------------------------------------------------------- left behind


@pytest.fixture
def journals(tmp_path: Path) -> DiskJournals:
    return DiskJournals(tmp_path / "journals")


@pytest.fixture
def left(journals: DiskJournals, desk: Desk) -> KeptSession:
    """A session in the journal of a window that is no more."""
    kept = KeptSession.of(desk.person.session, desk.person.program.desk.open_paths)
    journal = journals.own()
    journal.start(SessionWriter().whole(kept))
    journal._close()  # type: ignore[attr-defined]
    journal._held.close()  # type: ignore[attr-defined]
    return kept


@pytest.fixture
def again(
    left: KeptSession, journals: DiskJournals, world: World, qapp: QApplication, qtbot: QtBot
) -> Iterator[Person]:
    """The person at the next start."""
    program = next_start(journals, world, qapp, qtbot)
    yield Person(program, qtbot, world)
    program.window.close()
    program.stop()


def next_start(
    journals: DiskJournals, world: World, qapp: QApplication, qtbot: QtBot
) -> Application:
    settings = QSettings(world.settings.fileName() + ".again", QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    program = build(settings=settings, engine=world.engine, files=world.files, journals=journals)
    qtbot.addWidget(program.window)
    program.window.show()
    program.desk.start_engine()
    assert program.recovery is not None
    program.recovery.look()
    return program


def offered(person: Person) -> RecoveryDialog:
    found: list[RecoveryDialog] = []

    def shown() -> bool:
        found[:] = person.window.findChildren(RecoveryDialog)
        return bool(found) and found[0].isVisible()

    person.qtbot.waitUntil(shown)
    return found[0]


def test_what_was_left_behind_is_offered_and_restored(
    left: KeptSession, again: Person, journals: DiskJournals, desk: Desk
) -> None:
    dialog = offered(again)
    (text,) = (dialog.list.item(i).text() for i in range(dialog.list.count()))
    assert text.startswith("net.keras · 2 edits · today ")
    assert text.endswith("1 study: head")
    again.click(dialog.restore)
    again.qtbot.waitUntil(lambda: "2 edits in force" in again.frame.status)
    again.wait()
    assert again.session.history == left.history
    assert again.session.layer == "mid"

    def only_its_own() -> bool:
        return len(list(journals._folder.iterdir())) == 1  # type: ignore[union-attr]

    again.qtbot.waitUntil(only_its_own)
    assert not journals.left()
    again.choose("edit.undo")
    assert again.frame.status.startswith("Undid: Box")


def test_what_cannot_be_restored_is_kept(
    left: KeptSession, again: Person, journals: DiskJournals, desk: Desk
) -> None:
    desk.answers = [Missing.CANCEL]
    desk.model.unlink()
    again.click(offered(again).restore)
    again.qtbot.waitUntil(lambda: bool(desk.questions))
    again.program.stop()
    (kept,) = journals.left()
    kept.release()


def test_what_was_left_behind_can_be_saved(
    again: Person, journals: DiskJournals, desk: Desk
) -> None:
    dialog = offered(again)
    again.click(dialog.save)
    again.qtbot.waitUntil(desk.file.exists)
    again.qtbot.waitUntil(lambda: "Saved the session" in again.frame.status)
    again.qtbot.waitUntil(lambda: not again.window.findChildren(RecoveryDialog))
    again.program.stop()
    assert not journals.left()


@pytest.mark.parametrize("sure", [True, False])
def test_discarding_asks_once_more(
    again: Person, journals: DiskJournals, monkeypatch: pytest.MonkeyPatch, sure: bool
) -> None:
    buttons = QMessageBox.StandardButton
    answer = buttons.Discard if sure else buttons.Cancel
    monkeypatch.setattr(QMessageBox, "exec", lambda _: answer)
    dialog = offered(again)
    again.click(dialog.discard)
    assert dialog.isVisible() is not sure
    dialog.reject()
    again.program.stop()
    left = journals.left()
    assert bool(left) is not sure
    for journal in left:
        journal.release()


def test_later_offers_it_again_at_the_next_start(
    again: Person, journals: DiskJournals, world: World, qapp: QApplication, qtbot: QtBot
) -> None:
    again.click(offered(again).later)
    again.window.close()
    again.program.stop()
    program = next_start(journals, world, qapp, qtbot)
    offered(Person(program, qtbot, world)).reject()
    program.window.close()
    program.stop()


def test_a_window_without_work_is_not_mourned(
    desk: Desk, journals: DiskJournals, world: World, qapp: QApplication, qtbot: QtBot
) -> None:
    journal = journals.own()
    journal.start(SessionWriter().whole(KeptSession()))
    journal._close()  # type: ignore[attr-defined]
    journal._held.close()  # type: ignore[attr-defined]
    program = next_start(journals, world, qapp, qtbot)
    assert journals._folder is not None
    folder = journals._folder
    qtbot.waitUntil(lambda: not list(folder.iterdir()))
    qtbot.wait(50)
    assert not program.window.findChildren(RecoveryDialog)
    program.window.close()
    program.stop()


def test_the_list_tells_which_is_which(again: Person) -> None:
    dialog = offered(again)
    listed = dialog.findChild(QListWidget, "recovery.list")
    assert isinstance(listed, QListWidget)
    assert time.strftime("%H") in listed.item(0).text()
    dialog.reject()


# --------------------------------------------------------------- never trusted


def any_value(hint: Any, chance: random.Random) -> Any:
    """Some JSON that is right for a type, whatever it may lead to."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any_value(chance.choice(inside), chance)
    if hint is type(None):
        return None
    if origin is Literal:
        return chance.choice(inside)
    if origin in (tuple, frozenset):
        if origin is tuple and inside[-1] is not ...:
            return [any_value(one, chance) for one in inside]
        return [any_value(inside[0], chance) for _ in range(chance.choice((0, 1, 1, 3)))]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return chance.choice(list(hint)).name
    if is_dataclass(hint):
        kind: Any = hint
        hints = hints_of(kind).items()
        return {name: any_value(one, chance) for name, one in hints if chance.random() < 0.8}
    choices: dict[Any, tuple[Any, ...]] = {
        bool: (False, True),
        int: (0, 1, 2, 3, 7, 100, 2**31 - 1),
        float: (0.0, -0.0, 0.5, 1.0, -3.0, 40.0, 9e29, -9e29, 1e-40),
        str: ("", "enc", "mid", "skip", "1.2.3", "sobel_x", "é"),
        bytes: ("", "AAAA"),
    }
    return chance.choice(choices[hint])


@pytest.mark.parametrize("seed", range(3))
def test_whatever_a_file_says_is_refused_or_shown(person: Person, seed: int) -> None:
    chance, hints = random.Random(seed), hints_of(Session)
    start, series = person.session, person.session.series
    assert series is not None
    content = json.loads(write_session(KeptSession.of(start, ())))
    for _ in range(25):
        view = {name: any_value(hints[name], chance) for name in kept_fields()}
        content["view"] = view | {"layer": chance.choice(["enc", "mid", "skip", "mask", "nowhere"])}
        kept = read_session(json.dumps(content), "some.unetscope")
        session = with_series(with_network(start, kept, kept.history), kept, series)
        person.program.store.commit(session)
        QApplication.processEvents()
    person.program.store.commit(start)
