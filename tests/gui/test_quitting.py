"""The window goes within two seconds, whatever is being read behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.faults.hostile_models import HOSTILE
from tests.unit.fakes import FakeEngine

from unetscope.bootstrap import Application, build, dress

ENDLESS = ".h5 in which libhdf5 goes round in circles"
SOON = 2.0  # seconds


@pytest.fixture
def program(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Application]:
    """The window over the real files."""
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    made = build(settings=settings, engine=FakeEngine())
    qtbot.addWidget(made.window)
    made.window.show()
    yield made
    made.window.close()
    made.stop()


def test_a_model_that_is_never_read_to_its_end(
    program: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    frame = program.presenters.frame
    program.window.opening.open_all([HOSTILE[ENDLESS](tmp_path)])
    qtbot.waitUntil(lambda: frame.view.busy == "Opening net.h5", timeout=20_000)
    began = time.monotonic()
    program.window.close()
    program.stop()
    assert time.monotonic() - began < SOON


def test_it_can_be_cancelled_and_another_one_opened_at_once(
    program: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    frame = program.presenters.frame
    (tmp_path / "bad").mkdir()
    for _ in range(3):  # more than there are threads for it
        program.window.opening.open_all([HOSTILE[ENDLESS](tmp_path / "bad")])
        qtbot.waitUntil(lambda: frame.view.busy == "Opening net.h5", timeout=20_000)
        frame.cancel()
        assert not frame.view.trouble
    bad = HOSTILE["an empty .keras"](tmp_path)
    began = time.monotonic()
    program.window.opening.open_all([bad])
    qtbot.waitUntil(lambda: "is not a Keras model" in frame.view.status, timeout=20_000)
    assert time.monotonic() - began < 5.0
