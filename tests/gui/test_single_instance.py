"""A second start hands its files to the window that runs."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from pytestqt.qtbot import QtBot

from unetscope.ui.single_instance import Asked, SingleInstance, hand_over, line_name

SECOND = """
import sys
from pathlib import Path
from unetscope.ui.single_instance import Asked, hand_over
asked = Asked(tuple(Path(p) for p in sys.argv[2:]), sample=True, slice=61, layer="dec1")
print(hand_over(asked, name=sys.argv[1]))
"""


@pytest.fixture
def name() -> str:
    return f"unetscope-test-{uuid.uuid4().hex[:12]}"


def start_second(name: str, *paths: Path) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", SECOND, name, *map(str, paths)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_files_of_a_second_start_reach_the_first(qtbot: QtBot, name: str, tmp_path: Path) -> None:
    parent = QObject()
    first = SingleInstance(parent, name)
    assert first.listening
    odd = tmp_path / "Bäckström 3 T.dcm"
    with qtbot.waitSignal(first.asked, timeout=20_000) as told:
        second = start_second(name, odd, tmp_path)
    assert told.args == [Asked((odd, tmp_path), True, 61, "dec1")]
    assert second.communicate(timeout=20)[0].strip() == "True"
    parent.deleteLater()


def test_without_a_running_window_nothing_is_handed_over(name: str) -> None:
    assert not hand_over(Asked((Path("/a/b.dcm"),)), name=name)


def test_what_a_killed_window_left_behind_is_not_in_the_way(qtbot: QtBot, name: str) -> None:
    script = (
        "import os, sys\n"
        "from PySide6.QtCore import QCoreApplication, QObject\n"
        "from unetscope.ui.single_instance import SingleInstance\n"
        "app = QCoreApplication([])\n"
        "assert SingleInstance(app, sys.argv[1]).listening\n"
        "os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, name], check=False).returncode == 9
    parent = QObject()
    assert SingleInstance(parent, name).listening
    parent.deleteLater()


def test_a_stranger_on_the_line_changes_nothing(qtbot: QtBot, name: str) -> None:
    parent = QObject()
    first = SingleInstance(parent, name)
    told: list[object] = []
    first.asked.connect(lambda *asked: told.append(asked))
    for message in (b"{}\n", b"[1, 2]\n", b'{"paths": ["not/absolute"]}\n', b"\xff\xfe\n"):
        line = QLocalSocket()
        line.connectToServer(name)
        assert line.waitForConnected(1000)
        line.write(message)
        with qtbot.waitSignal(line.disconnected, timeout=5000):
            line.flush()
    assert told == []
    parent.deleteLater()


def test_only_this_user_may_use_the_line(qtbot: QtBot, name: str) -> None:
    parent = QObject()
    SingleInstance(parent, name)
    server = parent.findChild(QLocalServer)
    assert server is not None
    if sys.platform != "win32":
        assert Path(server.fullServerName()).stat().st_mode & 0o077 == 0
    assert line_name() == line_name()
    parent.deleteLater()
