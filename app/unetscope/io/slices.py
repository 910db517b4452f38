"""What a series asks of the files that hold its slices."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import StudyError
from unetscope.domain.real_world import RealWorldMap
from unetscope.domain.tags import TagRow
from unetscope.domain.window import Window

Image = NDArray[np.float32]


class Slices(Protocol):
    """Where a series gets its pixels and what each slice says about itself."""

    monochrome1: bool
    in_colour: bool
    padding: tuple[float, float] | None
    notices: list[str]

    def stored(self, index: int) -> NDArray[Any]:
        """Stored values of a slice, (rows, columns), native endian; StudyError if unreadable."""
        ...

    def colours(self, index: int) -> NDArray[np.uint8] | None:
        """Red, green and blue of a slice, (rows, columns, 3); None where it is grey."""
        ...

    def rescaled(self, index: int, stored: NDArray[Any]) -> Image:
        """Rescale the stored values of a slice."""
        ...

    def window(self, index: int) -> Window | None:
        """Window the file gives for a slice."""
        ...

    def real_world(self, index: int) -> RealWorldMap | None:
        """What stored values of a slice are as a physical quantity."""
        ...

    def path(self, index: int) -> Path:
        """File a slice is in."""
        ...

    def identity(self, index: int) -> Hashable:
        """What tells a slice from all others, in whatever series it is."""
        ...

    def tags(self, index: int) -> tuple[TagRow, ...]:
        """Header of that file."""


def as_written(path: Path) -> tuple[int, int]:
    """When a file was written last, in ns, and its size in bytes: other pixels, other numbers."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def check_as_written(path: Path, written: tuple[int, int]) -> None:
    """See that a file is still as it was; StudyError where it is not, or no longer there."""
    try:
        now = as_written(path)
    except OSError as error:
        raise no_longer_there(path) from error
    if now != written:
        raise StudyError(f"{path.name} has changed since it was opened.", "Open the study again.")


def no_longer_there(path: Path) -> StudyError:
    """What to say of a file that has gone since it was opened."""
    return StudyError(f"{path.name} is no longer there.", "Open the study again.")
