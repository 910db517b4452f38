"""PySide6 6.12.0 drops a reference to None on every void call, and ends Python 3.11 in the end."""

from __future__ import annotations

import sys
from importlib.metadata import version

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot


def test_void_calls_keep_the_references_to_none(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    before = sys.getrefcount(None)
    for _ in range(1000):
        widget.setEnabled(True)
    assert abs(sys.getrefcount(None) - before) < 100


def test_the_binding_is_older_than_the_broken_one() -> None:
    installed = tuple(int(number) for number in version("PySide6-Essentials").split(".")[:2])
    assert (6, 8) <= installed < (6, 12)
