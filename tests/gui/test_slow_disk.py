"""A disk that does not answer keeps a job waiting, never the window."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.gui.conftest import STUDY, Person
from tests.unit.io import builders

from unetscope.io.dicom_series import DicomSlices
from unetscope.io.study import open_study
from unetscope.ui import opening
from unetscope.ui.soon import soon, within

ATONCE = 0.5  # seconds that the window may take on a busy machine


@pytest.fixture
def disk() -> Iterator[threading.Event]:
    """It answers when this is set."""
    answers = threading.Event()
    yield answers
    answers.set()


def took(act: Callable[[], object]) -> float:
    """Seconds that something takes."""
    started = time.monotonic()
    act()
    return time.monotonic() - started


def test_what_is_quick_is_done_at_once(qapp: QApplication) -> None:
    owner, told = QObject(), list[int]()
    soon(owner, lambda: 3, told.append, lambda: told.append(-1))
    assert told == [3]
    qapp.processEvents()
    assert told == [3]
    assert within(lambda: 3, 4) == 3


def test_what_is_slow_is_done_when_it_is_known(qtbot: QtBot, disk: threading.Event) -> None:
    owner, told, threads = QObject(), list[bool](), list[int]()

    def then(answer: bool) -> None:
        told.append(answer)
        threads.append(threading.get_ident())

    assert took(lambda: soon(owner, disk.wait, then, lambda: told.append(False))) < ATONCE
    assert told == [False]
    disk.set()
    qtbot.waitUntil(lambda: told == [False, True])
    assert threads == [threading.get_ident()]
    disk.clear()
    assert not within(disk.wait, False)


def test_what_is_known_when_its_window_is_gone_is_dropped(
    qtbot: QtBot, disk: threading.Event
) -> None:
    owner, told = QObject(), list[bool]()
    soon(owner, disk.wait, told.append)
    owner.deleteLater()
    qtbot.wait(20)
    disk.set()
    qtbot.wait(50)
    assert told == []


def test_a_study_on_a_disk_that_does_not_answer_opens_when_it_does(
    visitor: Person, disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_model(_: Path) -> bool:
        disk.wait()
        return False

    monkeypatch.setattr(opening, "is_model", is_model)
    assert took(lambda: visitor.open(STUDY)) < ATONCE
    assert visitor.status() == "Waiting for the disk …"
    assert visitor.session.series is None
    disk.set()
    visitor.qtbot.waitUntil(lambda: visitor.session.series is not None)


def test_the_folder_of_a_recent_file_is_not_waited_for(
    person: Person, disk: threading.Event, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    menu = person.window.opening.recent
    menu.remember("models", tmp_path / "a.keras")
    assert menu.folder("models") == tmp_path
    monkeypatch.setattr(Path, "is_dir", lambda _: disk.wait())
    assert took(lambda: menu.folder("models")) < ATONCE
    assert menu.folder("models") == Path.home()


def test_a_series_tells_of_itself_while_a_slice_is_read(
    tmp_path: Path, disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first compressed frame used to hold up the window for as long as its decoder started."""
    series = open_study(builders.save_stack(tmp_path, builders.mr_stack())).series[0]
    began = threading.Event()

    def stored(*_: object) -> None:
        began.set()
        disk.wait()
        raise OSError("no disk")

    monkeypatch.setattr(DicomSlices, "stored", stored)

    def read() -> None:
        with pytest.raises(OSError, match="no disk"):
            series.slice(0)

    reader = threading.Thread(target=read)
    reader.start()
    assert began.wait(5)
    asked = threading.Thread(target=lambda: series.warnings, daemon=True)
    asked.start()
    asked.join(2)
    assert not asked.is_alive()
    disk.set()
    reader.join()
