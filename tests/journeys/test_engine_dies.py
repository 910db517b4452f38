"""The engine may die; the session does not."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot
from tests.journeys.user import ANSWER, User

from unetscope.bootstrap import build, dress
from unetscope.engine.process import EngineProcess


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_engine_comes_back_with_the_same_mask_and_edits(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
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
        user.pick_recipe("Sobel x")
        user.wait()
        mask, edits = user.mask(), user.session.edits
        assert isinstance(program.engine, EngineProcess)
        first = program.engine.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        said = user.find(QLabel, "status.engine")
        qtbot.waitUntil(lambda: "again" in said.text(), timeout=20_000)
        user.choose("edit.undo")
        user.choose("edit.redo")
        qtbot.waitUntil(lambda: program.engine.pid not in (None, first), timeout=ANSWER)
        user.wait()

        assert user.session.edits == edits
        assert np.array_equal(user.mask(), mask)
    finally:
        program.window.close()
        program.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_an_engine_killed_while_a_series_is_segmented_comes_back_and_goes_on(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    program = build(settings=settings)
    qtbot.addWidget(program.window)
    program.window.show()
    user = User(program, qtbot)

    def made() -> int:
        sentence = user.status()
        assert sentence.startswith("Segmenting the series: ")
        return int(sentence.split()[3])

    try:
        program.desk.start_engine()
        user.choose("file.open_sample")
        user.wait()
        user.choose("network.segment_series")
        qtbot.waitUntil(lambda: made() >= 3, timeout=ANSWER)
        assert isinstance(program.engine, EngineProcess)
        first = program.engine.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        said = user.find(QLabel, "status.engine")
        qtbot.waitUntil(lambda: "again" in said.text(), timeout=20_000)
        before = made()
        qtbot.waitUntil(lambda: made() >= before + 3, timeout=ANSWER)
        assert program.engine.pid not in (None, first)

        user.find(QPushButton, "status.cancel").click()
        assert user.status().startswith("Stopped after ")
        qtbot.keyClick(user.canvas, Qt.Key.Key_Down)
        user.wait()
        assert user.mask().any()
    finally:
        program.window.close()
        program.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
def test_what_hangs_is_stopped_by_the_button_and_the_next_edit_is_answered(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
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
        mask = user.mask()
        assert isinstance(program.engine, EngineProcess)
        first = program.engine.pid
        assert first is not None

        os.kill(first, signal.SIGSTOP)  # as in the midst of something endless
        user.pick_recipe("Sobel x")
        cancel = user.find(QPushButton, "status.cancel")
        qtbot.waitUntil(cancel.isVisible, timeout=20_000)
        assert user.status() == "Running the network"
        cancel.click()
        qtbot.waitUntil(
            lambda: not cancel.isVisible() and "was stopped" in user.status(), timeout=2_000
        )

        qtbot.waitUntil(lambda: program.engine.pid not in (None, first), timeout=ANSWER)
        user.choose("edit.undo")
        user.wait()
        assert np.array_equal(user.mask(), mask)
    finally:
        program.window.close()
        program.stop()
