"""What a series asks of the files that hold its slices."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

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
