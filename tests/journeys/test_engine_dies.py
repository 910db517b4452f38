"""The engine may die; the session does not."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot
from tests.journeys.user import ANSWER, User

from unetscope.bootstrap import build, dress
from unetscope.engine.process import EngineProcess


@pytest.fixture
def owner(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[User]:
    """A person before a window with an engine of its own, the sample open."""
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    program = build(settings=settings)
    qtbot.addWidget(program.window)
    program.window.show()
    user = User(program, qtbot)
    try:
        program.desk.start_engine()
        user.choose("file.open_sample")
        user.wait()
        yield user
    finally:
        program.window.close()
        program.stop()


def engine_of(owner: User) -> EngineProcess:
    """The engine behind the window."""
    assert isinstance(owner.program.engine, EngineProcess)
    return owner.program.engine


def pid_of(owner: User) -> int:
    """Its process."""
    pid = engine_of(owner).pid
    assert pid is not None
    return pid


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_engine_comes_back_with_the_same_mask_and_edits(owner: User, qtbot: QtBot) -> None:
    owner.pick_recipe("Sobel x")
    owner.wait()
    mask, edits = owner.mask(), owner.session.edits
    first = pid_of(owner)

    os.kill(first, signal.SIGKILL)
    said = owner.find(QLabel, "status.engine")
    qtbot.waitUntil(lambda: "again" in said.text(), timeout=20_000)
    owner.choose("edit.undo")
    owner.choose("edit.redo")
    qtbot.waitUntil(lambda: engine_of(owner).pid not in (None, first), timeout=ANSWER)
    owner.wait()

    assert owner.session.edits == edits
    assert np.array_equal(owner.mask(), mask)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_an_engine_killed_while_a_series_is_segmented_comes_back_and_goes_on(
    owner: User, qtbot: QtBot
) -> None:

    def made() -> int:
        sentence = owner.status()
        assert sentence.startswith("Segmenting the series: ")
        return int(sentence.split()[3])

    owner.choose("network.segment_series")
    qtbot.waitUntil(lambda: made() >= 3, timeout=ANSWER)
    first = pid_of(owner)

    os.kill(first, signal.SIGKILL)
    said = owner.find(QLabel, "status.engine")
    qtbot.waitUntil(lambda: "again" in said.text(), timeout=20_000)
    before = made()
    qtbot.waitUntil(lambda: made() >= before + 3, timeout=ANSWER)
    assert engine_of(owner).pid not in (None, first)

    owner.find(QPushButton, "status.cancel").click()
    assert owner.status().startswith("Stopped after ")
    qtbot.keyClick(owner.canvas, Qt.Key.Key_Down)
    owner.wait()
    assert owner.mask().any()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
def test_what_hangs_is_stopped_by_the_button_and_the_next_edit_is_answered(
    owner: User, qtbot: QtBot
) -> None:
    mask = owner.mask()
    first = pid_of(owner)

    os.kill(first, signal.SIGSTOP)  # as in the midst of something endless
    owner.pick_recipe("Sobel x")
    cancel = owner.find(QPushButton, "status.cancel")
    qtbot.waitUntil(cancel.isVisible, timeout=20_000)
    assert owner.status() == "Running the network"
    cancel.click()
    qtbot.waitUntil(
        lambda: not cancel.isVisible() and "was stopped" in owner.status(), timeout=2_000
    )

    qtbot.waitUntil(lambda: engine_of(owner).pid not in (None, first), timeout=ANSWER)
    owner.choose("edit.undo")
    owner.wait()
    assert np.array_equal(owner.mask(), mask)
