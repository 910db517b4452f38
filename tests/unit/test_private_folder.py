"""What concerns nobody but the user lies where nobody else can look."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from unetscope import private_folder

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")

HOLDS = """
import sys, time
from unetscope import private_folder
print(private_folder.temporary(), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder and a temporary folder that only this test uses."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    mine: dict[int, tuple[Path, IO[bytes]]] = {}
    monkeypatch.setattr(private_folder, "_mine", mine)
    yield tmp_path
    for _, held in mine.values():
        held.close()


def holder() -> tuple[subprocess.Popen[str], Path]:
    """Another process with a passing folder of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate("\n")


@posix
def test_the_state_folder_is_for_the_user_alone(home: Path) -> None:
    folder = private_folder.state()
    assert folder is not None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    assert private_folder.below_state("logs") == folder / "logs"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "logs").stat().st_mode) == 0o700


def test_there_is_no_state_folder_where_none_can_be_made(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "file"))
    assert private_folder.state() is None
    assert private_folder.below_state("logs") is None


@posix
def test_a_link_is_no_state_folder(home: Path) -> None:
    (home / "elsewhere").mkdir()
    (home / "state").mkdir()
    (home / "state" / "unetscope").symlink_to(home / "elsewhere")
    assert private_folder.state() is None


def test_the_passing_folder_is_one_for_a_process_and_goes_with_it(home: Path) -> None:
    process, folder = holder()
    assert folder.is_dir()
    assert folder.parent == home / "tmp"
    if sys.platform != "win32":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "slice.npy").write_bytes(b"pixels")
    finish(process)
    assert not folder.exists()
    assert private_folder.temporary() == private_folder.temporary()


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_stays(home: Path) -> None:
    killed, left = holder()
    living, kept = holder()
    (left / "deep").mkdir()
    (left / "deep" / "slice.npy").write_bytes(b"pixels")
    (home / "tmp" / "unetscope-of-others").mkdir()
    own = private_folder.temporary()
    killed.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    killed.wait()
    killed.communicate()
    assert private_folder.tidy() == 1
    assert not left.exists()
    assert kept.is_dir()
    assert own.is_dir()
    assert (home / "tmp" / "unetscope-of-others").is_dir()
    finish(living)


@posix
def test_a_link_is_not_followed_when_tidying(home: Path) -> None:
    precious = home / "precious"
    precious.mkdir()
    (precious / "owner").write_bytes(b"held")
    (home / "tmp" / "unetscope-link").symlink_to(precious)
    assert private_folder.tidy() == 0
    assert (precious / "owner").exists()
