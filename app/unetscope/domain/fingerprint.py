"""What tells one model from another: a hash of all that its file or folder holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

SAVED_MODEL = ("saved_model.pb", "keras_metadata.pb")


def fingerprint_of(path: Path) -> str:
    """``sha256:`` and the hash of a file's bytes, or of those of a SavedModel folder's files."""
    if not path.is_dir():
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    total = hashlib.sha256()
    known = [path / name for name in SAVED_MODEL]
    for inside in sorted([*known, *(path / "variables").glob("variables.*")]):
        if inside.is_file():
            total.update(f"{inside.name} {fingerprint_of(inside)}\n".encode())
    return f"sha256:{total.hexdigest()}"
