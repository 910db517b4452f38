"""One window with the real engine for all rows of the table, and the figures at the end."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from tests.faults.room import Room

from unetscope.bootstrap import build, dress
from unetscope.ui import dialogs

COUNTS: Counter[str] = Counter()
"""Of all faults tried: how many were refused, opened, ended the program, or hung."""


@pytest.fixture(scope="module")
def room(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The whole program with the sample open and an edit in force."""
    path = tmp_path_factory.mktemp("faults") / "settings.ini"
    settings = QSettings(str(path), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    program = build(settings=settings)
    program.window.show()
    room = Room(program)
    program.desk.start_engine()
    with pytest.MonkeyPatch.context() as patch:  # no question waits for an answer
        patch.setattr(dialogs, "ask_about_edits", lambda _: dialogs.Choice.DISCARD)
        patch.setattr(dialogs, "ask_about_card", lambda _: dialogs.Choice.DISCARD)
        try:
            room.open_sample()
            yield room
        finally:
            program.window.close()
            program.stop()
            program.window.deleteLater()
            shutil.rmtree(room.folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many faults were tried, and what became of them."""
    if COUNTS["tried"]:
        terminalreporter.section("faults")
        names = ("tried", "refused", "opened", "deaths", "hangs")
        terminalreporter.write_line(", ".join(f"{COUNTS[name]} {name}" for name in names))
