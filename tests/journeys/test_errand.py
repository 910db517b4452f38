"""The program as it is started from a command line, to do one thing and leave."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtGui import QImage

import unetscope as us


def test_an_errand_with_a_study_of_ones_own_leaves_a_picture_and_nothing_else(
    tmp_path: Path,
) -> None:
    study, picture, home = tmp_path / "Bäckström", tmp_path / "window.png", tmp_path / "home"
    study.mkdir()
    home.mkdir()
    slices = sorted(us.sample_study().iterdir())
    for number in range(3):
        (study / f"{number}.dcm").write_bytes(slices[len(slices) // 2 + number].read_bytes())
    before = sorted(path.name for path in study.iterdir())
    folders = {f"XDG_{name}_HOME": str(home) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    command = [sys.executable, "-m", "unetscope", "--screenshot", str(picture), str(study)]
    done = subprocess.run(
        [*command, str(us.sample_model())],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(home), **folders},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert str(picture) in done.stdout
    assert QImage(str(picture)).width() >= 1000
    assert sorted(path.name for path in study.iterdir()) == before
    assert not list(home.rglob("*.ini"))
    assert not list(home.rglob("*.conf"))
    if os.name == "posix":
        assert Path(os.devnull).is_char_device(), "Qt put a file in the place of the null device"
