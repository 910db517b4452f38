"""Each run keeps a log of its own; a crash is found at the next start."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from unetscope.run_log import KEPT, LARGEST, RunLog

CRASHES = """
import os, signal
from unetscope.run_log import RunLog
log = RunLog()
log.begin()
print(repr(log.last_crash), flush=True)
{how}
log.end()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "unetscope" / "logs"


@pytest.fixture
def log() -> Iterator[RunLog]:
    made = RunLog()
    made.begin()
    yield made
    made.end()


def run(how: str) -> tuple[int, str]:
    """Exit code and `last_crash` of a run that ends in some way."""
    done = subprocess.run(
        [sys.executable, "-c", CRASHES.format(how=how)], capture_output=True, check=False, text=True
    )
    return done.returncode, done.stdout


SEGFAULT = "import faulthandler; faulthandler._sigsegv()"
KILL = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_crash_is_told_of_once_at_the_next_start(folder: Path) -> None:
    code, _ = run(SEGFAULT)
    assert code != 0
    _, said = run("pass")
    assert "Fatal Python error: Segmentation fault" in said
    assert "<string>:7 in <module>" in said
    _, said = run("pass")
    assert said.strip() == "''"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_run_that_was_killed_or_lives_did_not_crash(folder: Path, log: RunLog) -> None:
    assert run(KILL)[0] != 0
    code, said = run("pass")
    assert (code, said.strip()) == (0, "''")
    assert len(list(folder.glob("*.crash"))) == 1  # of the run that lives


def test_a_run_that_ends_well_leaves_no_file(folder: Path) -> None:
    assert run("pass")[0] == 0
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_the_files_are_for_the_user_alone(folder: Path, log: RunLog) -> None:
    logging.getLogger("unetscope.x").warning("something")
    assert {path.suffix for path in folder.iterdir()} == {".log", ".crash"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_the_log_does_not_grow_without_end(folder: Path, log: RunLog) -> None:
    for _ in range(3 * LARGEST // 4000):
        logging.getLogger("unetscope.x").warning("x" * 4000)
    sizes = [path.stat().st_size for path in folder.glob("*.log*")]
    assert len(sizes) == 2
    assert max(sizes) <= LARGEST


def test_warnings_and_what_cannot_be_raised_are_logged_without_their_words(
    folder: Path, log: RunLog
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("PLANTED", UserWarning, stacklevel=1)

    class Bad:
        def __del__(self) -> None:
            raise ValueError("/data/PLANTED")

    bad = Bad()
    del bad
    (path,) = folder.glob("*.log")
    text = path.read_text("utf-8")
    assert "py.warnings" in text
    assert "ValueError: [hidden]" in text
    assert "PLANTED" not in text


def test_only_the_latest_logs_are_kept(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(KEPT + 5):
        (folder / f"2020010{number // 10}-00000{number % 10}-1.log").write_text("old")
    log = RunLog()
    log.begin()
    log.end()
    assert len(list(folder.glob("*.log"))) == KEPT


def test_without_a_folder_the_log_goes_to_the_standard_error_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    log = RunLog()
    log.begin()
    logging.getLogger("unetscope.x").warning("something in /data/smith")
    log.end()
    assert log.last_crash == ""
    assert "something in [hidden]" in capsys.readouterr().err
