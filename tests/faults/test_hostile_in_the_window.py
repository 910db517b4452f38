"""All hostile and damaged models, one after another through one window: words, and no harm.

By default a few of them are read by a process of their own, as in the window, and the others by the
same checks without one; with ``UNETSCOPE_GATE=all`` each has its process (minutes).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot
from tests.faults.conftest import COUNTS
from tests.faults.hostile_models import HOSTILE
from tests.faults.model_files import archive
from tests.faults.room import FOLDER, check_words
from tests.faults.test_hostile_models import ENDLESS, OPENS
from tests.unit.fakes import FakeEngine

from unetscope.bootstrap import build, dress
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.network import Network
from unetscope.io import gate as gate_module
from unetscope.io.network_file import read_network

ALL = os.environ.get("UNETSCOPE_GATE") == "all"
NAMES = [name for name in HOSTILE if name != ENDLESS and name not in OPENS]
"""The endless one has tests of its own."""
EVERY = 1 if ALL else 16  # which of them have a process


def test_each_is_refused_in_words_and_the_window_lives_on(
    qapp: QApplication,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(gate_module, "PATIENCE", 0.0)  # the next file comes at once
    as_ever, number = gate_module.gate.read, 0

    def read(path: Path, *more: Any) -> Network:
        return as_ever(path, *more) if number % EVERY == 0 else read_network(path)

    monkeypatch.setattr(gate_module.gate, "read", read)
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    program = build(settings=settings, engine=FakeEngine(at_once=True))
    window, desk, frame = program.window, program.desk, program.presenters.frame
    qtbot.addWidget(window)
    window.show()
    failed: list[UnetscopeError] = []
    opened: list[Path] = []
    desk.failed.connect(failed.append)
    desk.opened.connect(opened.append)
    good = archive(tmp_path / "good.keras")
    window.opening.open_all([good])
    qtbot.waitUntil(lambda: opened == [good], timeout=20_000)
    began, slowest = time.monotonic(), 0.0
    try:
        for number, name in enumerate(NAMES):
            folder = tmp_path / str(number) / FOLDER
            folder.mkdir(parents=True)
            path = HOSTILE[name](folder)
            failed.clear()
            start = time.monotonic()
            window.opening.open_all([path])
            qtbot.waitUntil(lambda: bool(failed), timeout=30_000)
            slowest = max(slowest, time.monotonic() - start)
            said = f"{frame.view.status} {frame.view.hint}".strip()
            assert said == str(failed[0]), name
            check_words(said.replace("'name.keras'", ""))
            assert opened == [good], name
            assert program.store.session.network is not None
            assert program.store.session.network.path == good, name
            assert window.isVisible()
            for dialog in window.findChildren(QDialog):
                dialog.reject()
            COUNTS.update(["tried", "refused"])
        taken = time.monotonic() - began
        number = 0
        window.opening.open_all([good])  # and the next good one opens
        qtbot.waitUntil(lambda: len(opened) == 2, timeout=20_000)
    finally:
        window.close()
        program.stop()
    with capsys.disabled():
        each = taken / len(NAMES)
        sys.stdout.write(
            f"\nhostile models through the window: {len(NAMES)} of {len(HOSTILE)}, "
            f"{each:.2f} s each, the slowest {slowest:.1f} s\n"
        )
