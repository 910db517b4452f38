"""What Qt says is in the log of the run, without paths, names and noise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qWarning

from unetscope import reports
from unetscope.run_log import RunLog
from unetscope.ui import qt_messages


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the log of a run that takes what Qt says."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    made = RunLog()
    made.begin()
    qt_messages.log_them()
    yield tmp_path / "unetscope" / "logs"
    qt_messages.leave_them()
    made.end()


@pytest.mark.no_qt_log
def test_what_qt_says_is_in_the_log_without_paths_and_names(
    log: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "_words", set())
    reports.hide("PLANTED^JOHN")
    qWarning("QPixmap: cannot read /data/planted/a.png")
    qWarning("QLabel: a text of Planted")
    (path,) = log.glob("*.log")
    text = path.read_text("utf-8")
    assert "WARNING" in text
    assert "QPixmap: cannot read [hidden]" in text
    assert "QLabel: a text of [hidden]" in text
    assert "lanted" not in text + capfd.readouterr().err


@pytest.mark.no_qt_log
def test_what_a_bare_display_says_all_the_time_is_dropped(
    log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    qWarning("This plugin does not support propagateSizeHints()")
    assert not list(log.glob("*.log"))
    assert capfd.readouterr().err == ""
