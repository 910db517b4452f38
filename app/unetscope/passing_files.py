"""Files written beside the one whose place they take, and those that a killed process left there.

Such a file has a name that no other program gives, and is gone a moment after it is whole. One that
is much older than a file just written beside it, by the clock of the same disk, is left over.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

MARK = ".unetscope-part"
OLD = 3600.0  # seconds: no process takes that long over one file
_KEPT = 40  # characters of the name that stay: of four bytes each they leave room for the rest
_OURS = re.compile(rf"\..+{re.escape(MARK)}(\.keras)?")


def make_beside(path: Path) -> tuple[int, Path]:
    """Make a file beside `path`, for this user alone; gives its handle too. OSError."""
    handle, name = tempfile.mkstemp(f"{MARK}", f".{path.name[:_KEPT]}.", path.parent)
    return handle, Path(name)


def keras_beside(path: Path) -> Path:
    """Where this process writes a network before it takes the name of `path`."""
    return path.with_name(f".{path.stem[:_KEPT]}.{os.getpid()}{MARK}.keras")


def sweep(written: Path) -> int:
    """Remove what killed processes of this user left beside a file just written; gives how much."""
    gone = 0
    with contextlib.suppress(OSError), os.scandir(written.parent) as listed:
        ours = [entry for entry in listed if _OURS.fullmatch(entry.name)]
        oldest = written.stat().st_mtime - OLD if ours else 0.0
        for entry in ours:
            with contextlib.suppress(OSError):
                known = entry.stat(follow_symlinks=False)
                mine = os.name != "posix" or known.st_uid == os.getuid()
                if mine and entry.is_file(follow_symlinks=False) and known.st_mtime < oldest:
                    os.unlink(entry.path)  # noqa: PTH108  (of an entry)
                    gone += 1
    return gone
