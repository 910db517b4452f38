"""A file made elsewhere, put in its place whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from unetscope import passing_files
from unetscope.domain.errors import ModelError

_PIECE = 4 << 20  # bytes


def put_in_place(
    made: Path, path: Path, *, over: bool = True, wanted: Callable[[], bool] = lambda: True
) -> None:
    """Move a complete file to where it belongs, in the place of what stood there.

    Parameters
    ----------
    made : Path
        On the same disk it is renamed, from another one copied first. It is gone afterwards.
    path : Path
        Its new name.
    over : bool
        Whether a file may stand there.
    wanted : callable
        Asked now and then; when it says no, nothing is put there.

    Raises
    ------
    ModelError
        It cannot be written; then what stood there stands there still.
    """
    partial = passing_files.keras_beside(path)
    try:
        if not over and path.exists():
            raise ModelError(f"{path.name} exists already.", "Choose another name.")
        if made != partial:
            _copy(made, partial, wanted)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        if not wanted():
            raise InterruptedError
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        partial.unlink(missing_ok=True)
        made.unlink(missing_ok=True)
    passing_files.sweep(path)


def _copy(made: Path, partial: Path, wanted: Callable[[], bool]) -> None:
    with made.open("rb") as source, partial.open("wb") as copy:
        while piece := source.read(_PIECE):
            if not wanted():
                raise InterruptedError
            copy.write(piece)


def not_written(path: Path, error: OSError) -> ModelError:
    """Say that a file could not be written, and why."""
    return ModelError(
        f"{path.name} could not be written: {error.strerror or 'the disk refused'}.",
        "Choose another folder, or make room.",
    )


def _sync_folder(folder: Path) -> None:
    """Make the new name last, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
