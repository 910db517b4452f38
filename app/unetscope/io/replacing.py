"""A file written whole before it takes the place of another."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from unetscope import passing_files
from unetscope.domain.errors import UnetscopeError


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file beside `path` that takes its place when all is written and on the disk.

    Whatever goes wrong before, what stood there stands there still. What a process that was killed
    over this left in the folder is removed.

    Parameters
    ----------
    path : Path
        Its folder must be there.
    mode : str
        ``"w"`` for UTF-8, ``"wb"`` for bytes.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    handle, temporary = passing_files.make_beside(path)
    try:
        with os.fdopen(handle, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    passing_files.sweep(path)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk too, where a system can be told so."""
    with contextlib.suppress(OSError):  # Windows opens no folders, some file systems sync none
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole, or leave what stood there; UnetscopeError if it cannot be written."""
    try:
        with replacing(path, "wb") as file:
            file.write(content)
    except OSError as error:
        raise UnetscopeError(
            f"{path.name} could not be written.", "Choose another folder, or make room."
        ) from error
