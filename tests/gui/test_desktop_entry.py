"""The program in the desktop's menu."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from unetscope import desktop_entry
from unetscope.desktop_entry import ICON_SIZES, install, places, quoted, uninstall

MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


def as_a_launcher_reads(value: str) -> str:
    """One argument of an Exec line, as the specification says that it is unquoted."""
    if value.startswith('"'):
        assert value.endswith('"')
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def entry_of(share: Path) -> configparser.SectionProxy:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment]  # keys keep their capitals
    entry.read(places(share)["desktop"], encoding="utf-8")
    return entry["Desktop Entry"]


def test_everything_is_written_and_taken_away_again(qtbot: QtBot, tmp_path: Path) -> None:
    written = install(tmp_path, ["/opt/unetscope/unetscope"])
    assert all(path.is_file() for path in written)
    entry = entry_of(tmp_path)
    assert entry["Exec"] == "/opt/unetscope/unetscope %F"
    assert entry["TryExec"] == "/opt/unetscope/unetscope"
    for size in ICON_SIZES:
        icon = QImage(str(places(tmp_path)[str(size)]))
        assert (icon.width(), icon.height()) == (size, size)
        assert icon.pixelColor(size // 2, size // 2).alpha() == 255
    assert set(uninstall(tmp_path)) == set(written)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert uninstall(tmp_path) == []


def test_every_type_the_entry_opens_is_described_or_known(qtbot: QtBot, tmp_path: Path) -> None:
    install(tmp_path, ["unetscope"])
    opened = set(entry_of(tmp_path)["MimeType"].strip(";").split(";"))
    described = {
        kind.get("type")
        for kind in ElementTree.parse(places(tmp_path)["mime"]).iter(f"{MIME}mime-type")
    }
    assert opened - described == {"application/x-hdf", "inode/directory"}
    assert described <= opened


@pytest.mark.parametrize(
    "argument",
    ["/usr/bin/python3", "/home/Zoë Müller/venv/bin/python", 'a "b" $c', "50%", "back\\slash", ""],
)
def test_a_path_with_odd_characters_is_quoted_for_the_exec_key(argument: str) -> None:
    value = quoted(argument).replace("\\\\", "\\").replace("%%", "%")  # as a string value is read
    assert as_a_launcher_reads(value) == argument


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="no validator here")
def test_the_validator_has_no_remark(qtbot: QtBot, tmp_path: Path) -> None:
    install(tmp_path, ["/opt/my programs/unetscope", "-m", "unetscope"])
    told = subprocess.run(
        ["desktop-file-validate", places(tmp_path)["desktop"]], capture_output=True, text=True
    )
    assert (told.returncode, told.stdout) == (0, "")


def test_for_this_user_it_says_where(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    said: list[str] = []
    assert desktop_entry.for_this_user(wanted=True, say=said.append) == 0
    assert str(tmp_path) in said[0]
    assert desktop_entry.for_this_user(wanted=False, say=said.append) == 0
    assert desktop_entry.for_this_user(wanted=False, say=said.append) == 0
    assert said[-1] == "It was not in the menu."
    (tmp_path / "applications").rename(tmp_path / "gone")
    (tmp_path / "applications").write_text("a file in the way")
    assert desktop_entry.for_this_user(wanted=True, say=said.append) == 1
    assert "cannot be written" in said[-1]
