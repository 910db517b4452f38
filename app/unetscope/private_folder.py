"""Where the program keeps what concerns nobody but its user: journals, logs, passing files.

Both folders can be entered by this user alone (mode 0700; on Windows and macOS they lie in the
user's own profile, which says the same). Nothing here fails loudly: a home that does not exist or
cannot be written costs the journal and the log, not the window.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

import platformdirs

ONLY_ME = 0o700
ONLY_ME_FILE = 0o600
_PREFIX = "unetscope-"
_OWNER = "owner"
"""A file in each passing folder, locked while its process lives: a pid alone may come back."""

_making = threading.Lock()
_mine: dict[int, tuple[Path, IO[bytes]]] = {}
"""Passing folder and held lock, by process: a fork must not take its parent's for its own."""


def state() -> Path | None:
    """The folder of journals and logs, kept from start to start; None where there can be none."""
    folder = platformdirs.user_state_path("unetscope", appauthor=False)
    return folder if make_private(folder) else None


def below_state(name: str) -> Path | None:
    """A private folder in `state`, made if need be; None where there can be none."""
    base = state()
    return base / name if base is not None and make_private(base / name) else None


def make_private(folder: Path) -> bool:
    """Make a folder, or one that is there, this user's alone; gives whether it is."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=ONLY_ME, exist_ok=True)
        if sys.platform != "win32":
            known = folder.lstat()
            if known.st_uid != os.getuid() or folder.is_symlink():
                return False
            if known.st_mode & 0o777 != ONLY_ME:
                folder.chmod(ONLY_ME)
        return os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return False


def temporary() -> Path:
    """Passing folder of this process, made at the first call and removed when the process ends.

    What a killed process leaves behind is removed by `tidy` at the next start.

    Raises
    ------
    OSError
        If there is no place to write at all.
    """
    with _making:
        if os.getpid() in _mine and _mine[os.getpid()][0].is_dir():
            return _mine[os.getpid()][0]
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))  # mkdtemp makes it 0700
        held = (folder / _OWNER).open("wb", buffering=0)  # as long as the process
        lock(held)
        held.write(b"held")  # only now may `tidy` take it for one that was left
        _mine[os.getpid()] = folder, held
        atexit.register(_remove_own, os.getpid())
        return folder


def tidy() -> int:
    """Remove the passing folders of processes that are no more; gives how many there were."""
    gone = 0
    with contextlib.suppress(OSError):
        for folder in _place().glob(f"{_PREFIX}*"):
            if _is_left_behind(folder):
                shutil.rmtree(folder, ignore_errors=True)
                gone += not folder.exists()
    return gone


def _place() -> Path:
    """Where passing folders lie: the system's place for them, which is local and quick."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        kept = state()
        if kept is None:
            raise
        return kept


def _is_left_behind(folder: Path) -> bool:
    """Whether a passing folder is this user's and its process has ended."""
    if folder in {own for own, _ in _mine.values()} or folder.is_symlink():
        return False
    try:
        if sys.platform != "win32" and folder.lstat().st_uid != os.getuid():
            return False
        with (folder / _OWNER).open("r+b") as file:
            lock(file)
            return bool(os.fstat(file.fileno()).st_size)
    except OSError:  # held, or none of ours
        return False


def lock(file: IO[bytes]) -> None:
    """Take the lock of a file until it is closed; OSError if another process has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_own(process: int) -> None:
    if process != os.getpid() or process not in _mine:
        return
    folder, held = _mine.pop(process)
    held.close()
    shutil.rmtree(folder, ignore_errors=True)
