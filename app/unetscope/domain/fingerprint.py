"""What tells one model from another: a hash of all that its file or folder holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from unetscope.domain.errors import Cancelled

_PIECE = 4 << 20  # bytes
SAVED_MODEL = ("saved_model.pb", "keras_metadata.pb")


def fingerprint_of(path: Path, cancelled: Callable[[], bool] = lambda: False) -> str:
    """``sha256:`` and the hash of a file's bytes, or of those of a SavedModel folder's files.

    Raises
    ------
    OSError
        If it cannot be read.
    Cancelled
        If `cancelled`, which is asked now and then, answers True.
    """
    if not path.is_dir():
        total = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                total.update(piece)
                if cancelled():
                    raise Cancelled
        return f"sha256:{total.hexdigest()}"
    known = [path / name for name in SAVED_MODEL]
    inside = [
        each for each in (*known, *(path / "variables").glob("variables.*")) if each.is_file()
    ]
    prints = {each.relative_to(path).as_posix(): fingerprint_of(each, cancelled) for each in inside}
    return _of_parts(prints)


def fingerprint_of_bytes(files: Mapping[str, bytes]) -> str:
    """The same of bytes that were read already: a file's own under the empty name."""
    prints = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in files.items()}
    return prints[""] if "" in prints else _of_parts(prints)


def _of_parts(prints: Mapping[str, str]) -> str:
    total = hashlib.sha256()
    for name in sorted(prints):
        total.update(f"{name.rpartition('/')[2]} {prints[name]}\n".encode())
    return f"sha256:{total.hexdigest()}"
