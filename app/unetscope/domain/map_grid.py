"""Where a feature map lies on the slice: through the network's grid and the input's preparation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.graph import Graph
from unetscope.domain.input_grid import Placement, Size
from unetscope.domain.planes import Turn
from unetscope.domain.receptive_field import ReceptiveField, receptive_field, seen_by

Floats = NDArray[np.float32]
Rectangle = tuple[float, float, float, float]  # first row, first column, rows, columns


@dataclass(frozen=True, slots=True)
class MapGrid:
    """The pixels of a layer's feature maps, and where they lie.

    Positions have pixel centres at whole numbers; rectangles are in pixel edges, as the canvas
    draws them: pixel (r, c) spans r to r + 1.

    Attributes
    ----------
    layer : str
        Its name.
    shape : (int, int)
        Rows and columns of its maps.
    placement : Placement
        Where the slice lies in the network's input.
    field : ReceptiveField or None
        None where it is not known: the map is then spread evenly over the input.
    """

    graph: Graph
    layer: str
    shape: Size
    placement: Placement
    field: ReceptiveField | None

    @classmethod
    def of(cls, graph: Graph, layer: str, shape: Size, placement: Placement) -> MapGrid:
        """The grid of a layer's maps for a slice."""
        return cls(graph, layer, shape, placement, receptive_field(graph, layer, placement.size))

    @property
    def stride(self) -> tuple[float, float]:
        """Input pixels from one pixel of a map to the next, along rows and columns."""
        if self.field is not None:
            return self.field.stride[0], self.field.stride[1]
        (rows, columns), (high, wide) = self.placement.size, self.shape
        return rows / max(high, 1), columns / max(wide, 1)

    @property
    def offset(self) -> tuple[float, float]:
        """Where the first pixel of a map lies in the input."""
        if self.field is not None:
            return self.field.offset[0], self.field.offset[1]
        return (self.stride[0] - 1) / 2, (self.stride[1] - 1) / 2

    def to_slice(self, row: float, column: float) -> tuple[float, float]:
        """Where a position of a map lies on the slice."""
        sides = zip((row, column), self.stride, self.offset, strict=True)
        r, c = (at * stride + offset for at, stride, offset in sides)
        return self.placement.to_slice(r, c)

    def to_map(self, row: float, column: float) -> tuple[float, float]:
        """The position of a map over a position of the slice: the inverse of `to_slice`."""
        fed = self.placement.to_input(row, column)
        sides = zip(fed, self.stride, self.offset, strict=True)
        r, c = ((at - offset) / stride for at, stride, offset in sides)
        return r, c

    def pixel_at(self, row: float, column: float) -> tuple[int, int] | None:
        """The pixel of a map nearest to a position of the slice; None beside the map."""
        r, c = (int(np.floor(at + 0.5)) for at in self.to_map(row, column))
        return (r, c) if 0 <= r < self.shape[0] and 0 <= c < self.shape[1] else None

    def footprint(self, row: int, column: int) -> Rectangle:
        """The rectangle of the slice that a pixel of a map is drawn over."""
        return _around(
            self.to_slice(row - 0.5, column - 0.5), self.to_slice(row + 0.5, column + 0.5)
        )

    def seen_by(self, row: int, column: int) -> Rectangle | None:
        """The rectangle of the slice that a pixel of a map can see; None where nobody knows."""
        box = seen_by(self.graph, self.layer, (row, column), self.placement.size)
        if box is None:
            return None
        (top, bottom), (left, right) = box
        corners = (top - 0.5, left - 0.5), (bottom - 0.5, right - 0.5)
        one, other = (self.placement.to_slice(*corner) for corner in corners)
        return _around(one, other)

    def size_seen(self) -> tuple[tuple[int, int], tuple[float, float]] | None:
        """How much a pixel can see at most: rows and columns of the input, and of the slice."""
        if self.field is None:
            return None
        rows, columns = self.field.size
        return (rows, columns), self.extent((rows, columns))

    def extent(self, size: tuple[float, float]) -> tuple[float, float]:
        """How many rows and columns of the slice so many of the input are."""
        turned, fed = self.placement.turned_shape, self.placement.resampled
        rows, columns = (length * n / m for length, n, m in zip(size, turned, fed, strict=True))
        return self.placement.turn.pair((rows, columns))

    def pixel_size(self, spacing: tuple[float, float]) -> tuple[float, float]:
        """Height and width of a map's pixel in mm, from those of the slice's pixels."""
        turned, fed = self.placement.turned_shape, self.placement.resampled
        mm = self.placement.turn.pair(spacing)
        high, wide = (
            stride * n / m * size
            for stride, n, m, size in zip(self.stride, turned, fed, mm, strict=True)
        )
        return high, wide

    def on_slice(self, values: Floats) -> Floats:
        """Bring a map ``(H, W)`` to the slice's grid, each value where its pixel lies.

        Returns
        -------
        placed : (rows, columns) ndarray of float32
            NaN where the map does not reach.
        """
        placed = values.astype(np.float32)
        placement = self.placement
        for axis, length in enumerate(placement.turned_shape):
            fed = (np.arange(length) + 0.5) * placement.resampled[axis] / length - 0.5
            fed += placement.offset[axis]
            at = np.floor((fed - self.offset[axis]) / self.stride[axis] + 0.5).astype(np.intp)
            inside = (fed >= -0.5) & (fed <= placement.size[axis] - 0.5)
            inside &= (at >= 0) & (at < self.shape[axis])
            placed = placed.take(np.clip(at, 0, self.shape[axis] - 1), axis)
            seen = inside[:, None] if axis == 0 else inside[None, :]
            placed = np.where(seen, placed, np.float32(np.nan))
        turn = placement.turn
        placed = Turn(False, turn.rows_flipped, turn.columns_flipped).apply(placed)
        return placed.swapaxes(0, 1) if turn.transposed else placed


def turned(at: Rectangle, turn: Turn, size: Size) -> Rectangle:
    """A rectangle of a slice of this size as it lies in the turned picture."""
    row, column, rows, columns = at
    one = turn.to_picture((row, column), size)
    other = turn.to_picture((row + rows, column + columns), size)
    top, left = (min(a, b) for a, b in zip(one, other, strict=True))
    high, wide = (abs(a - b) for a, b in zip(one, other, strict=True))
    return top, left, high, wide


def _around(one: tuple[float, float], other: tuple[float, float]) -> Rectangle:
    """The rectangle between two positions, in pixel edges."""
    top, left = (min(a, b) + 0.5 for a, b in zip(one, other, strict=True))
    high, wide = (abs(a - b) for a, b in zip(one, other, strict=True))
    return top, left, high, wide
