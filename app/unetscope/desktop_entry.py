"""The program in the desktop's menu, with its file types and icons (freedesktop.org).

The same files serve a start from source, for one user, and a package for all of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from unetscope import resources

APP_ID = "org.unetscope.unetscope"
ICON_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)

_RESERVED = set(" \t\n\"'\\><~|&;$*?#()`")


def user_share() -> Path:
    """Where this user's menu entries, icons and file types are kept."""
    home = os.environ.get("XDG_DATA_HOME", "")
    return Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "share"


def places(share: Path) -> dict[str, Path]:
    """Where each file goes below a ``share`` folder; the icons' sizes are keys of their own."""
    icons = share / "icons" / "hicolor"
    return {
        "desktop": share / "applications" / f"{APP_ID}.desktop",
        "mime": share / "mime" / "packages" / f"{APP_ID}.xml",
        "metainfo": share / "metainfo" / f"{APP_ID}.metainfo.xml",
        "svg": icons / "scalable" / "apps" / f"{APP_ID}.svg",
        **{str(n): icons / f"{n}x{n}" / "apps" / f"{APP_ID}.png" for n in ICON_SIZES},
    }


def command() -> list[str]:
    """What starts this very program again."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "unetscope"]


def quoted(argument: str) -> str:
    """An argument as an ``Exec`` line wants it.

    References
    ----------
    Desktop Entry Specification 1.5, "The Exec key": quoting, then the escapes of a string value.
    """
    if not argument or _RESERVED & set(argument):
        for character in '\\"`$':
            argument = argument.replace(character, "\\" + character)
        argument = f'"{argument}"'
    return argument.replace("\\", "\\\\").replace("%", "%%")


def install(share: Path, run: Sequence[str]) -> list[Path]:
    """Write menu entry, file types, description and icons.

    Parameters
    ----------
    share : Path
        A ``share`` folder; what is missing of it is made.
    run : sequence of str
        The command that starts the program.

    Returns
    -------
    list of Path
        The files written.
    """
    source = resources.folder() / "desktop"
    to = places(share)
    for path in to.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    entry = (source / f"{APP_ID}.desktop").read_text(encoding="utf-8")
    exec_line = " ".join(quoted(part) for part in run)
    entry = entry.replace("Exec=unetscope", f"Exec={exec_line}")
    entry = entry.replace(f"TryExec={exec_line}", f"TryExec={run[0]}")
    to["desktop"].write_text(entry, encoding="utf-8")
    shutil.copyfile(source / f"{APP_ID}.mime.xml", to["mime"])
    shutil.copyfile(source / f"{APP_ID}.metainfo.xml", to["metainfo"])
    drawing = resources.folder() / "icons" / "app.svg"
    shutil.copyfile(drawing, to["svg"])
    for size in ICON_SIZES:
        _draw(drawing, size, to[str(size)])
    return list(to.values())


def uninstall(share: Path) -> list[Path]:
    """Remove what `install` wrote; gives what was there."""
    found = [path for path in places(share).values() if path.exists()]
    for path in found:
        path.unlink()
    return found


def for_this_user(*, wanted: bool, say: Callable[[str], None]) -> int:
    """Do it for this user, and tell the desktop; gives the exit code."""
    if sys.platform != "linux":
        say("Only Linux has menu entries of this kind; elsewhere the installer makes them.")
        return 2
    share = user_share()
    try:
        if wanted:
            written = install(share, command())
            say(f"Unetscope is in the menu now: {written[0]}")
        else:
            gone = uninstall(share)
            say("Unetscope is no longer in the menu." if gone else "It was not in the menu.")
    except OSError as error:
        say(f"{error.filename or share} cannot be written: {error.strerror}.")
        return 1
    _refresh(share)
    return 0


def _draw(drawing: Path, size: int, to: Path) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    picture = QImage(size, size, QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.transparent)
    with QPainter(picture) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        QSvgRenderer(str(drawing)).render(painter)
    if not picture.save(str(to)):
        raise OSError(5, "the icon could not be written", str(to))


def _refresh(share: Path) -> None:
    """Have the desktop's indexes made anew, where their tools are there."""
    for tool, folder in (
        ("update-desktop-database", share / "applications"),
        ("update-mime-database", share / "mime"),
        ("gtk-update-icon-cache", share / "icons" / "hicolor"),
    ):
        if (found := shutil.which(tool)) and folder.is_dir():
            arguments = ["-f", "-t"] if tool == "gtk-update-icon-cache" else []
            subprocess.run([found, *arguments, folder], check=False, capture_output=True)
