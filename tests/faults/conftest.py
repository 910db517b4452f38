"""One window with the real engine for all rows of the table, and the figures at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from tests.faults.room import Room, open_room

from unetscope.engine import watch

COUNTS: Counter[str] = Counter()
"""Of all faults tried: how many were refused, opened, ended the program, or hung."""


@pytest.fixture(scope="module")
def room(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The whole program with the sample open and an edit in force."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "MANY", 1000)  # one row after the other kills the engine
        with open_room(qapp, tmp_path_factory.mktemp("faults")) as room:
            yield room


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many faults were tried, and what became of them."""
    if COUNTS["tried"]:
        terminalreporter.section("faults")
        names = ("tried", "refused", "opened", "deaths", "hangs")
        terminalreporter.write_line(", ".join(f"{COUNTS[name]} {name}" for name in names))
