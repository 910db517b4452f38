"""The window neither freezes unnoticed nor dies of an error in an override of Qt's."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from tests.gui.conftest import Person

from unetscope import reports
from unetscope.ui import dialogs
from unetscope.ui.report_dialog import ReportDialog
from unetscope.ui.watchdog import Watchdog
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.row_table import RowTable
from unetscope.ui.widgets.tile_gallery import TileGallery


@pytest.fixture(autouse=True)
def hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back after a test what `Trouble.install` takes over; forget earlier troubles."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    for kept, empty in (("_words", set()), ("_steps", []), ("_troubles", [])):
        monkeypatch.setattr(reports, kept, empty)


def open_report(person: Person) -> ReportDialog:
    """The report on screen."""
    (report,) = (r for r in person.window.findChildren(ReportDialog) if r.isVisible())
    return report


def close_report(person: Person, qtbot: QtBot) -> None:
    open_report(person).reject()
    qtbot.waitUntil(lambda: not person.window.findChildren(ReportDialog))


# ---------------------------------------------------------------- virtuals


def planted(*_: object, **__: object) -> None:
    raise ZeroDivisionError("planted")


def sized(person: Person) -> None:
    person.window.resize(person.window.width() - 40, person.window.height() - 40)
    person.window.resize(person.window.width() + 40, person.window.height() + 40)


def tags(person: Person) -> None:
    person.window.show_tags()


def grab(person: Person) -> None:
    person.window.grab()


@pytest.mark.parametrize(
    ("kind", "inside", "act"),
    [
        pytest.param(ImageCanvas, "_paint", grab, id="painter at work"),
        pytest.param(TileGallery, "_paint_tiles", grab, id="painter of a scroll area"),
        pytest.param(FlowLayout, "_arrange", sized, id="heightForWidth"),
        pytest.param(RowTable, "shown", tags, id="data of a model"),
    ],
)
def test_an_error_inside_an_override_is_told_of_once_and_the_window_lives(
    person: Person,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    kind: type,
    inside: str,
    act: Callable[[Person], None],
) -> None:
    person.window.trouble.install()
    whole = person.mask().copy()
    for one in (kind, *kind.__subclasses__()):
        if inside in vars(one):
            monkeypatch.setattr(one, inside, planted)
    act(person)
    qtbot.waitUntil(lambda: bool(person.window.findChildren(ReportDialog)))
    QApplication.processEvents()
    text = open_report(person).details.toPlainText()
    assert "ZeroDivisionError: planted" in text
    assert "in guarded_override" in text
    monkeypatch.undo()
    close_report(person, qtbot)
    person.window.grab()
    person.pick_layer("dec")
    person.wait()
    assert (person.mask() == whole).all()


# ---------------------------------------------------------------- watchdog


@pytest.fixture
def watchdog(person: Person) -> Iterator[Watchdog]:
    """A watchdog that loses its patience after a fifth of a second."""
    made = Watchdog(person.window, patience=0.2)
    made.stalled.connect(person.window.trouble.stood_still)
    made.start()
    yield made
    made.stop()


def asleep(seconds: float) -> None:
    """What keeps the window from answering."""
    time.sleep(seconds)


def test_a_loop_that_stands_still_is_counted_and_written_down_where_it_stood(
    watchdog: Watchdog, qtbot: QtBot, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with qtbot.waitSignal(watchdog.stalled) as told:
        asleep(0.6)
    assert told.args is not None
    seconds, where = told.args
    assert 0.5 < seconds < 5
    assert where.startswith("window:")
    assert "test_trouble.py" in where.split("\n\n")[0]
    assert "in asleep" in where
    assert watchdog.stalls == 1
    assert watchdog.longest == seconds
    assert "the window does not answer" in caplog.text
    assert "did not answer" not in person.status()  # a short one is not told of
    person.window.trouble.show()
    assert "in asleep" in open_report(person).details.toPlainText()
    close_report(person, qtbot)


def test_a_loop_that_turns_is_left_alone(watchdog: Watchdog, qtbot: QtBot) -> None:
    for _ in range(10):
        asleep(0.05)
        QApplication.processEvents()
    qtbot.wait(100)
    assert watchdog.stalls == 0


def test_a_long_stall_is_a_sentence_with_a_report_behind_it(person: Person, qtbot: QtBot) -> None:
    person.window.trouble.stood_still(12.4, "window:\n  here")
    assert person.status() == (
        "The window did not answer for 12 seconds; nothing was lost. Details…"
    )
    person.click(person.find(QLabel, "status.text"))
    report = open_report(person)
    report.copy_details()
    assert "for 12 s:\nwindow:\n  here" in QGuiApplication.clipboard().text()
    close_report(person, qtbot)


# ------------------------------------------------------------------ report


def test_the_last_run_that_crashed_is_a_quiet_notice(visitor: Person, qtbot: QtBot) -> None:
    visitor.window.trouble.last_run_crashed("Fatal Python error: Segmentation fault")
    assert visitor.status() == "Unetscope ended unexpectedly last time. Details…"
    assert not visitor.frame.trouble
    visitor.click(visitor.find(QLabel, "status.text"))
    assert "Segmentation fault" in open_report(visitor).details.toPlainText()
    close_report(visitor, qtbot)


def test_a_report_is_saved_where_the_user_says(
    person: Person, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "report.txt"
    monkeypatch.setattr(dialogs, "ask_save_report", lambda _: path)
    person.window.run("slice.flip_horizontally")
    person.window.run("help.report")
    open_report(person).save.click()
    qtbot.waitUntil(path.exists)
    assert "slice.flip_horizontally, help.report" in path.read_text("utf-8")
    close_report(person, qtbot)


def test_a_job_that_fails_unforeseen_is_in_the_report(
    person: Person, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    person.program.desk.save_file(Path("/x/PLANTED.txt"), planted)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: "unforeseen" in person.status())
    assert person.status() == (
        "Something unforeseen happened (ZeroDivisionError). "
        "Help → Report of trouble has the details."
    )
    person.window.trouble.show()
    text = open_report(person).details.toPlainText()
    assert "ZeroDivisionError: planted" in text
    assert "PLANTED" not in text
    close_report(person, qtbot)


def test_an_error_in_a_thread_is_told_of(person: Person, qtbot: QtBot) -> None:
    person.window.trouble.install()
    threading.Thread(target=planted).start()
    qtbot.waitUntil(lambda: bool(person.window.findChildren(ReportDialog)))
    assert "ZeroDivisionError: planted" in open_report(person).details.toPlainText()
    close_report(person, qtbot)
