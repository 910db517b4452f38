"""What tells one model from another: a hash of all that its file or folder holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

SAVED_MODEL = ("saved_model.pb", "keras_metadata.pb")


def fingerprint_of(path: Path) -> str:
    """``sha256:`` and the hash of a file's bytes, or of those of a SavedModel folder's files."""
    if not path.is_dir():
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    known = [path / name for name in SAVED_MODEL]
    inside = [
        each for each in (*known, *(path / "variables").glob("variables.*")) if each.is_file()
    ]
    return _of_parts({each.relative_to(path).as_posix(): fingerprint_of(each) for each in inside})


def fingerprint_of_bytes(files: Mapping[str, bytes]) -> str:
    """The same of bytes that were read already: a file's own under the empty name."""
    prints = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in files.items()}
    return prints[""] if "" in prints else _of_parts(prints)


def _of_parts(prints: Mapping[str, str]) -> str:
    total = hashlib.sha256()
    for name in sorted(prints):
        total.update(f"{name.rpartition('/')[2]} {prints[name]}\n".encode())
    return f"sha256:{total.hexdigest()}"
