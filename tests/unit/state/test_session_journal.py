"""The journal of a window: everything is written, little of it twice, and never in its thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.unit.fakes import Bench, FakeSeries, unet

from unetscope.domain.edits import SetBias
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.domain.session_file import KeptSession, SessionReader
from unetscope.state import session_journal
from unetscope.state.pace import Pace
from unetscope.state.session_journal import SessionJournal


@dataclass(eq=False)
class MemoryJournal:
    """The `Journal` port, and whose threads wrote to it."""

    texts: list[str] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    starts: int = 0
    removed: bool = False
    full: bool = False
    slow: float = 0.0

    @property
    def size(self) -> int:
        return sum(map(len, self.texts))

    def start(self, text: str) -> None:
        self._write()
        self.texts = [text]
        self.starts += 1

    def append(self, text: str) -> None:
        self._write()
        self.texts.append(text)

    def _write(self) -> None:
        self.threads.add(threading.get_ident())
        time.sleep(self.slow)
        if self.full:
            raise UnetscopeError("There is no room.", "Make some.")

    def remove(self) -> None:
        self.removed = True

    def replayed(self) -> KeptSession:
        """What a next start would find."""
        reader = SessionReader(self.texts[0], "journal")
        for text in self.texts[1:]:
            reader.take(text)
        return reader.kept


@dataclass(eq=False)
class MemoryJournals:
    """The `Journals` port with one journal."""

    mine: MemoryJournal = field(default_factory=MemoryJournal)

    def own(self) -> MemoryJournal:
        return self.mine

    def left(self) -> tuple[()]:
        return ()


@dataclass(eq=False)
class Room:
    """A bench with a journal, and what was told."""

    bench: Bench
    pace: Pace
    disk: MemoryJournal
    journal: SessionJournal
    told: list[Notice] = field(default_factory=list)

    def edit(self, value: float, *, same_gesture: bool = False) -> None:
        self.bench.store.update(
            lambda s: s.edit(SetBias("enc", 0, value), same_gesture=same_gesture)
        )

    def settle(self) -> None:
        """Wait until all is written."""
        self.wait(lambda: self.journal.written is not None and self._holds_all())

    def _holds_all(self) -> bool:
        written = self.journal.written
        now = KeptSession.of(self.bench.session, self.bench.desk.open_paths)
        return written is not None and written.view == now.view and not now.differs_from(written)

    def wait(self, true: object) -> None:
        end = time.monotonic() + 5
        while not true():  # type: ignore[operator]
            assert time.monotonic() < end
            time.sleep(0.002)


@pytest.fixture
def room() -> Iterator[Room]:
    bench, pace, journals = Bench(), Pace(), MemoryJournals()
    journal = SessionJournal(bench.store, bench.desk, pace, journals, bench.jobs.deliver)
    room = Room(bench, pace, journals.mine, journal)
    bench.desk.notice.connect(room.told.append)
    yield room
    journal.stop()


def test_nothing_is_written_while_nothing_is_open(room: Room) -> None:
    room.bench.store.update(Session.toggle_inverted)
    assert not room.disk.texts
    room.journal.stop()
    assert not room.disk.removed


def test_every_step_is_on_the_disk_at_once_and_by_another_thread(room: Room) -> None:
    room.bench.open_model()
    room.bench.open_study(FakeSeries())
    for value in (1.0, 2.0, 3.0):
        room.edit(value)
        room.settle()
        assert room.disk.replayed().history == room.bench.session.history
    room.bench.store.update(Session.undo)
    room.settle()
    kept = room.disk.replayed()
    assert kept.history == room.bench.session.history
    assert [place.path for place in kept.studies] == [Path("/study")]
    assert threading.get_ident() not in room.disk.threads


def test_a_drag_is_written_now_and_then_and_whole_at_its_end(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_journal, "IN_A_GESTURE", 0.05)
    room.bench.open_model()
    room.settle()
    before = len(room.disk.texts)
    room.pace.hold()
    for i in range(60):
        room.edit(float(i), same_gesture=i > 0)
        time.sleep(0.004)
    in_between = len(room.disk.texts) - before
    assert 1 <= in_between <= 60 * 0.004 / 0.05 * 3
    room.pace.release()
    room.settle()
    assert room.disk.replayed().history == room.bench.session.history


def test_what_is_only_seen_waits_and_comes_together(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_journal, "VIEW", 0.1)
    room.bench.open_model()
    room.bench.open_study(FakeSeries())
    room.settle()
    before = len(room.disk.texts)
    for _ in range(4):
        room.bench.store.update(lambda s: s.select_slice(s.slice_index - 1))
    room.settle()
    assert len(room.disk.texts) == before + 1
    assert room.disk.replayed().view["slice_index"] == room.bench.session.slice_index


def test_another_model_begins_the_journal_anew(room: Room) -> None:
    room.bench.open_model()
    room.edit(1.0)
    room.settle()
    room.bench.open_model(unet(fingerprint="sha256:1"), path="/other.keras")
    room.settle()
    assert room.disk.starts == 2
    assert room.disk.replayed().fingerprint == "sha256:1"
    assert not room.disk.replayed().history.done


def test_what_was_closed_is_not_come_back_to(room: Room) -> None:
    room.bench.open_model()
    room.edit(1.0)
    room.settle()
    room.bench.desk.close_model()
    room.settle()
    assert not room.disk.replayed().holds_work


def test_a_journal_that_has_grown_begins_anew(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_journal, "ROOM", 0)
    room.bench.open_model()
    for i in range(60):
        room.edit(float(i))
        room.settle()
    assert room.disk.starts > 1
    assert room.disk.replayed().history == room.bench.session.history


def test_a_full_disk_is_told_once_and_made_up_for_when_there_is_room(room: Room) -> None:
    room.bench.open_model()
    room.edit(0.0)
    room.settle()
    room.disk.full = True
    for value in (1.0, 2.0, 3.0):
        room.edit(value)
        time.sleep(0.02)
    room.wait(lambda: room.bench.jobs.letters)
    room.bench.jobs.post()
    assert [notice.what for notice in room.told] == ["There is no room."]
    room.disk.full = False
    room.edit(4.0)
    room.settle()
    assert room.disk.replayed().history == room.bench.session.history


def test_a_slow_disk_does_not_hold_up_the_window(room: Room) -> None:
    room.bench.open_model()
    room.settle()
    room.disk.slow = 0.1
    begin = time.perf_counter()
    for i in range(50):
        room.edit(float(i))
    assert time.perf_counter() - begin < 0.1
    room.settle()
    assert len(room.disk.texts) < 10  # what came meanwhile was written together


def test_what_waits_for_the_disk_is_called_once_all_is_there(room: Room) -> None:
    room.bench.open_model()
    room.edit(1.0)
    called = threading.Event()
    room.disk.full = True
    room.journal.keep(called.set)
    room.wait(lambda: room.bench.jobs.letters)
    assert not called.is_set()
    room.disk.full = False
    room.journal.keep(called.set)
    assert called.wait(5)
    assert room.disk.replayed().history == room.bench.session.history


def test_a_proper_end_leaves_nothing(room: Room) -> None:
    room.bench.open_model()
    room.settle()
    room.journal.stop()
    assert room.disk.removed
