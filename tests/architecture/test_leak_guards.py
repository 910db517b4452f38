"""The guards in conftest.py fail a test that leaks, and one that makes Qt complain."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

LEAKS = """
import multiprocessing, threading, time

def test_thread():
    threading.Thread(target=time.sleep, args=(2.5,)).start()

def test_process():
    spawn = multiprocessing.get_context("spawn")
    spawn.Process(target=time.sleep, args=(60,), daemon=True).start()

def test_widget(qtbot):
    from PySide6.QtWidgets import QWidget
    global widget
    widget = QWidget()

def test_complaint_of_qt(qtbot):
    from PySide6.QtCore import qWarning
    qWarning("something is wrong")
"""
COMPLAINTS = (
    "threads left running",
    "processes left running",
    "widgets left behind",
    "QtWarningMsg: something is wrong",
)

NO_LEAKS = """
import threading, time, pytest

def test_thread_that_ends():
    threading.Thread(target=time.sleep, args=(0.05,)).start()

def test_widget_that_qt_deletes_later(qtbot):
    from PySide6.QtWidgets import QWidget
    QWidget().deleteLater()

def test_widget_of_the_robot(qtbot):
    from PySide6.QtWidgets import QWidget
    qtbot.addWidget(QWidget())

@pytest.mark.allow_leaks
def test_leak_that_is_allowed(qtbot):
    from PySide6.QtWidgets import QWidget
    global widget
    widget = QWidget()

def test_the_one_line_of_the_offscreen_platform(qtbot):
    from PySide6.QtCore import qWarning
    qWarning("This plugin does not support propagateSizeHints()")
"""


def _pytest(folder: Path, source: str) -> tuple[int, str]:
    """Exit code and output of pytest, with our settings and guards, on one file."""
    shutil.copy(REPOSITORY / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(source, "utf-8")
    settings = ["-c", str(REPOSITORY / "pyproject.toml"), "-p", "no:cacheprovider", "--color=no"]
    environment = {**os.environ, "COLUMNS": "200"}
    environment.pop("UNETSCOPE_CHECKS", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *settings, str(folder)],
        cwd=folder,
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=environment,
    )
    return done.returncode, done.stdout + done.stderr


def test_leaks_and_complaints_of_qt_fail_the_test_that_made_them(tmp_path: Path) -> None:
    code, output = _pytest(tmp_path, LEAKS)
    assert code == 1, output
    assert [complaint for complaint in COMPLAINTS if complaint not in output] == [], output
    assert "1 failed, 3 passed, 3 errors" in output


def test_what_ends_in_time_passes(tmp_path: Path) -> None:
    code, output = _pytest(tmp_path, NO_LEAKS)
    assert code == 0, output
