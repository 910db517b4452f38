"""What a `KernelMatrix` shows, and how the part in view becomes a picture: numpy only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unetscope.ui.colours import DIVERGING, Lut, to_levels, to_rgb32

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MatrixSet:
    """Kernels in rows and columns.

    Attributes
    ----------
    values : (rows, columns, kh, kw) ndarray of float32
        In the order of the layer.
    order : (rows,) ndarray of intp
        Which row stands at each place, from the top.
    before : as `values`, or None
        Where a kernel differs from this it is marked.
    limits : (rows,) ndarray of float, or None
        End of the colour scale of each row, symmetric about 0; None: each kernel has its own.
    marks : mapping of int to str
        By row.
    strip : (rows,) ndarray of float, or None
        Length of the bar beside each row, 0 to 1; NaN: unknown.
    row, column : int or None
        What is selected, in the order of the layer; without a column the whole row is.
    """

    values: Floats
    order: NDArray[np.intp]
    before: Floats | None = None
    limits: NDArray[np.floating] | None = None
    lut: Lut = field(default_factory=lambda: DIVERGING)
    marks: Mapping[int, str] = field(default_factory=dict)
    strip: NDArray[np.float64] | None = None
    strip_stale: bool = False
    row: int | None = None
    column: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return self.values.shape[0], self.values.shape[1]

    def block(self, rows: range, columns: range) -> Floats:
        """The kernels at some places, ``(rows, columns, kh, kw)``."""
        chosen = self.order[rows.start : rows.stop]
        return self.values[chosen, columns.start : columns.stop]

    def words(self, rows: range, columns: range) -> Words:
        """The kernels at some places as colours ``0xffRRGGBB``, a word for each value.

        Returns
        -------
        words : (rows × kh, columns × kw) ndarray of uint32
        """
        block = self.block(rows, columns)
        if self.limits is None:
            ends = np.abs(block).max(axis=(2, 3), keepdims=True)
        else:
            chosen = self.order[rows.start : rows.stop]
            ends = self.limits[chosen].astype(np.float32)[:, None, None, None]
        words = to_rgb32(self.lut)[to_levels(block, -ends, ends)]
        down, across, height, width = words.shape
        return words.swapaxes(1, 2).reshape(down * height, across * width)

    def edited(self, rows: range, columns: range) -> NDArray[np.bool_]:
        """Which kernels at some places differ from those before, ``(rows, columns)``."""
        block = self.block(rows, columns)
        if self.before is None:
            return np.zeros(block.shape[:2], bool)
        chosen = self.order[rows.start : rows.stop]
        differs = block != self.before[chosen, columns.start : columns.stop]
        edited: NDArray[np.bool_] = np.any(differs, axis=(2, 3))
        return edited


@dataclass(frozen=True, slots=True)
class Axis:
    """Cells along one axis, in device pixels, with a gap after each.

    Attributes
    ----------
    count : int
        Number of cells.
    cell, gap : int
        Length of a cell and of the gap.
    values : int
        Values of a kernel along this axis.
    """

    count: int
    cell: int
    gap: int
    values: int

    @property
    def pitch(self) -> int:
        """From the start of a cell to the start of the next."""
        return self.cell + self.gap

    @property
    def length(self) -> int:
        """Of all cells."""
        return self.count * self.pitch

    def visible(self, scroll: int, room: int) -> range:
        """The cells in view."""
        first = max(scroll // self.pitch, 0)
        last = -(-(scroll + room) // self.pitch)
        return range(min(first, self.count), max(min(last, self.count), 0))

    def at(self, position: int) -> int:
        """The cell at a position, its gap included; -1 for none."""
        cell = position // self.pitch
        return cell if 0 <= cell < self.count else -1

    def sources(self, seen: range, scroll: int, room: int) -> NDArray[np.intp]:
        """For each pixel in view, which value of those seen it shows; the one after is a gap."""
        cell, within = np.divmod(np.arange(scroll, scroll + room), self.pitch)
        value = within * self.values // max(self.cell, 1)
        index = (cell - seen.start) * self.values + value
        outside = (within >= self.cell) | (cell < seen.start) | (cell >= seen.stop)
        return np.where(outside, len(seen) * self.values, index)


def picture(
    tiles: MatrixSet, down: Axis, across: Axis, scroll: tuple[int, int], room: tuple[int, int],
    behind: int,
) -> Words:  # fmt: skip
    """The part of a matrix that is in view; what it takes does not depend on the rest.

    Parameters
    ----------
    scroll, room : (int, int)
        What lies above and left of the view, and its height and width, in device pixels.
    behind : int
        Colour ``0xffRRGGBB`` of the gaps.

    Returns
    -------
    picture : (height, width) ndarray of uint32
    """
    rows, columns = down.visible(scroll[0], room[0]), across.visible(scroll[1], room[1])
    shape = (len(rows) * down.values + 1, len(columns) * across.values + 1)
    small = np.full(shape, behind, np.uint32)
    if len(rows) and len(columns):
        small[:-1, :-1] = tiles.words(rows, columns)
    wide = small.take(across.sources(columns, scroll[1], room[1]), axis=1)
    return wide.take(down.sources(rows, scroll[0], room[0]), axis=0)
