"""A file is read back and compared before it takes its place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import UnetscopeError
from unetscope.io.notices import LIBRARY_ERRORS
from unetscope.io.replacing import replacing
from unetscope.passing_files import MARK

Write = Callable[[IO[bytes]], None]
Read = Callable[[IO[bytes]], NDArray[np.generic]]

_KEPT = 40  # characters of a name that a passing one keeps


def write_checked(path: Path, write: Write, read: Read, expected: NDArray[np.generic]) -> int:
    """Write a file beside `path`, read it back, and put it in its place if it is right.

    Parameters
    ----------
    write, read : callable
        Given the open file.
    expected : ndarray
        What `read` has to give, value by value.

    Returns
    -------
    count : int
        How many values were compared.

    Raises
    ------
    UnetscopeError
        It cannot be written, or does not hold what it should; what stood there stands there still.
    """
    try:
        with replacing(path, "w+b") as file:
            _write(file, path, write, read, expected)
    except OSError as error:
        raise _unwritable(path) from error
    return int(expected.size)


def write_within(path: Path, write: Write, read: Read, expected: NDArray[np.generic]) -> int:
    """Write a file of a `new_folder`, and read it back; else as `write_checked`."""
    try:
        with path.open("x+b") as file:
            _write(file, path, write, read, expected)
            os.fsync(file.fileno())
    except OSError as error:
        raise _unwritable(path) from error
    return int(expected.size)


def _write(
    file: IO[bytes], path: Path, write: Write, read: Read, expected: NDArray[np.generic]
) -> None:
    write(file)
    file.flush()
    file.seek(0)
    try:
        found = read(file)
    except LIBRARY_ERRORS as error:
        raise _unequal(path) from error
    if found.shape != expected.shape or not np.array_equal(found, expected):
        raise _unequal(path)
    file.seek(0, os.SEEK_END)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A place for files that becomes a folder when all of them are there.

    Raises
    ------
    UnetscopeError
        Something of that name is there already, or it cannot be made; nothing is left behind.
    """
    if folder.exists():
        raise UnetscopeError(
            f"There is a {folder.name} already, and nothing is mixed with what is in it.",
            "Choose another name.",
        )
    try:
        place = Path(tempfile.mkdtemp(MARK, f".{folder.name[:_KEPT]}.", folder.parent))
    except OSError as error:
        raise _unwritable(folder) from error
    try:
        yield place
        try:
            place.chmod(0o755)
            place.rename(folder)
        except OSError as error:
            raise _unwritable(folder) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _unwritable(path: Path) -> UnetscopeError:
    return UnetscopeError(
        f"{path.name} could not be written.", "Choose another folder, or make room."
    )


def _unequal(path: Path) -> UnetscopeError:
    return UnetscopeError(
        f"{path.name} did not hold the mask when it was read back, so it was not kept.",
        "Is the disk in order? Help → Report of trouble helps to find the reason.",
    )
