"""The program starts whatever its settings, its home and its surroundings are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QByteArray, QPoint, QRect, QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot
from tests.faults.conftest import COUNTS
from tests.unit.fakes import CARD, FakeEngine, FakeFiles, FakeSeries, FakeStudy, unet

from unetscope.bootstrap import Application, build, dress

STUDY, MODEL = Path("/studies/head"), Path("/models/tiny.keras")
DIGITS = "9" * 5000  # more than Python turns into a number

SETTINGS: dict[str, dict[str, Any]] = {
    "a layout of other bytes": {"window/state": QByteArray(b"\xff\0nonsense" * 99)},
    "a layout that is a word": {"window/state": "wide"},
    "a layout that is empty": {"window/state": QByteArray(), "window/geometry": QByteArray()},
    "a place of other bytes": {"window/geometry": QByteArray(b"\1\xd9\xd0\xcb\0\3" + b"\xff" * 60)},
    "a theme nobody knows": {"theme": "../../etc/passwd", "annotations": "loud"},
    "numbers that are none": {"engine/cache_mb": "²", "identity_hidden": "maybe"},
    "numbers without end": {"engine/cache_mb": DIGITS},
    "numbers below zero": {"engine/cache_mb": "-5"},
    "recent files that are none": {"recent/studies": ["", "\0", "x" * 5000], "recent/models": 7},
    "keys that are none": {"keys": "Ctrl+Ctrl", "keys/preset": "nobody", "bindings": "{"},
    "a lab cut short": {"lab": '{"format": 1, "kernels": [{"name"', "lab/kept": "[" * 5000},
}


@contextmanager
def started(settings: QSettings) -> Iterator[Application]:
    """The program with its window shown, over files and an engine that stand in."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    files = FakeFiles()
    files.studies[STUDY], files.networks[MODEL] = FakeStudy((FakeSeries(),)), unet()
    files.cards[MODEL] = CARD
    dress(app, settings)
    program = build(settings=settings, engine=FakeEngine(at_once=True), files=files)
    try:
        program.window.show()
        program.desk.start_engine()
        yield program
    finally:
        program.window.close()
        program.stop()
        program.window.deleteLater()


def assert_it_works(program: Application, qtbot: QtBot) -> None:
    """Study and model open, the mask is there, the panels are, and nothing stands in the way."""
    program.window.opening.open_all([MODEL, STUDY])
    qtbot.waitUntil(lambda: program.live.answer is not None)
    screen = QGuiApplication.primaryScreen().availableGeometry()
    assert screen.intersects(program.window.frameGeometry()), "the window cannot be seen"
    assert program.window.width() > 400
    assert not [box for box in QApplication.topLevelWidgets() if isinstance(box, QMessageBox)]
    program.window.opening.recent.aboutToShow.emit()


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_make_no_sense(name: str, tmp_path: Path, qtbot: QtBot) -> None:
    COUNTS.update(["tried", "opened"])
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    for key, value in SETTINGS[name].items():
        settings.setValue(key, value)
    settings.sync()
    with started(settings) as program:
        assert_it_works(program, qtbot)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\0" * 500, b"[window\nstate=@ByteArray(\n", b"\0" * 4096]
)
def test_a_settings_file_that_is_damaged(content: bytes, tmp_path: Path, qtbot: QtBot) -> None:
    COUNTS.update(["tried", "opened"])
    path = tmp_path / "settings.ini"
    path.write_bytes(content)
    with started(QSettings(str(path), QSettings.Format.IniFormat)) as program:
        assert_it_works(program, qtbot)


def test_a_window_that_was_left_on_a_screen_that_is_gone(tmp_path: Path, qtbot: QtBot) -> None:
    COUNTS.update(["tried", "opened"])
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    with started(settings) as program:
        program.window.setGeometry(QRect(QPoint(-9000, -9000), program.window.size()))
    with started(settings) as program:
        assert_it_works(program, qtbot)


# ------------------------------------------------------------- surroundings


@pytest.mark.engine
@pytest.mark.skipif(sys.platform == "win32", reason="other names for the same")
def test_no_home_no_folder_for_what_passes_and_no_language(tmp_path: Path) -> None:
    """The sample is opened, and its mask drawn and written as a picture."""
    COUNTS.update(["tried", "opened"])
    unwanted = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    nowhere = str(tmp_path / "file" / "home")  # which nobody can make, not even root
    (tmp_path / "file").touch()
    odd = dict.fromkeys(("HOME", "TMPDIR", "XDG_RUNTIME_DIR"), nowhere)
    odd |= {"LC_ALL": "C", "LANG": "C", "QT_SCALE_FACTOR": "1.37", "QT_QPA_PLATFORM": "offscreen"}
    picture = tmp_path / "Bild ü.png"
    done = subprocess.run(
        [sys.executable, "-m", "unetscope", "--sample", "--screenshot", str(picture)],
        env={**kept, **odd},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert picture.stat().st_size > 50_000
    assert "Traceback" not in done.stderr
