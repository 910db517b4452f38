"""The window is killed in the middle of a drag; the next one has every edit, and the same mask."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot
from tests.journeys.conftest import LentEngine
from tests.journeys.killed_window import state_of
from tests.journeys.user import User

from unetscope.bootstrap import Courier, build, dress
from unetscope.domain.ports import Engine
from unetscope.io.journal import FOLDER, DiskJournals

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_window_that_was_killed_comes_back_with_edits_and_mask(
    qtbot: QtBot, qapp: QApplication, courier: Courier, engine: Engine, tmp_path: Path
) -> None:
    environment = os.environ | {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'app'}",
    }
    window = subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.killed_window", str(tmp_path / "first.ini")],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert window.stdout is not None
        count, _, said = window.stdout.readline().strip().partition(" ")
        time.sleep(random.uniform(0.2, 0.8))
    finally:
        window.send_signal(signal.SIGKILL)
        window.wait()
        if window.stdout is not None:
            window.stdout.close()

    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    journals = DiskJournals(tmp_path / "state" / "unetscope" / FOLDER)
    lent = LentEngine(engine)
    program = build(settings=settings, engine=lent, courier=courier, journals=journals)
    qtbot.addWidget(program.window)
    user = User(program, qtbot)
    try:
        program.window.show()
        program.desk.start_engine()
        assert program.recovery is not None
        program.recovery.look()
        restore: list[QPushButton] = []

        def offered() -> bool:
            restore[:] = program.window.findChildren(QPushButton, "recovery.restore")
            return bool(restore)

        qtbot.waitUntil(offered)
        restore[0].click()
        qtbot.waitUntil(lambda: program.desk.shown is not None, timeout=20_000)
        user.wait()

        history = user.session.history
        assert len(history.done) > int(count)  # some of the drag too
        assert not history.undone
        program.store.update(lambda s: s.jump(int(count)))
        user.wait()
        assert state_of(program) == said
        labels = [step.label for step in user.session.history.done]
        assert len(labels) == int(count)
        user.choose("edit.undo")
        assert user.status() == f"Undid: {labels[-1]}"
    finally:
        program.window.close()
        program.stop()
