"""What a `TileGallery` shows, and how many tiles become one picture: numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unetscope.ui.colours import GREY, Lut, to_levels, to_rgb32

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]


class TileSource(Protocol):
    """Tiles that are fetched when they come into view."""

    def __len__(self) -> int: ...

    def tiles(self, start: int, stop: int) -> Floats:
        """Tiles `start` to `stop`, without the last, as (k, h, w) float32."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileSet:
    """Tiles of one size with their limits, colours and notes.

    Attributes
    ----------
    values : (n, h, w) ndarray of float32, or a TileSource
    limits : (float, float), or (n, 2) ndarray of float32
        Lower and upper limit of the colour map, for all tiles or for each.
    lut : (256, 3) ndarray of uint8
    labels : sequence of str, or None
        Short texts in the corner of the tiles; None shows the index. An empty text shows nothing.
    marks : mapping of int to str
        Badges, such as "edited" or "dead", by index of the tile.
    chips : mapping of int to str
        Colours ``#rrggbb`` of a small square in the corner, by index of the tile.
    strip : (n,) ndarray of float, or None
        Length of the bar under each tile, 0 to 1; NaN: unknown, no bar.
    strip_stale : bool
        The bars are of something shown before.
    smooth : bool
        Interpolate (feature maps) or show each value as a sharp square (kernels).
    aspect : float
        Height of a value divided by its width.
    """

    values: Floats | TileSource
    limits: tuple[float, float] | Floats = (0.0, 1.0)
    lut: Lut = field(default_factory=lambda: GREY)
    labels: Sequence[str] | None = None
    marks: Mapping[int, str] = field(default_factory=dict)
    chips: Mapping[int, str] = field(default_factory=dict)
    selected: int | None = None
    strip: NDArray[Any] | None = None
    strip_stale: bool = False
    smooth: bool = False
    aspect: float = 1.0

    def __len__(self) -> int:
        return len(self.values)

    def tiles(self, start: int, stop: int) -> Floats:
        """Tiles `start` to `stop`, without the last, as (k, h, w) float32."""
        if isinstance(self.values, np.ndarray):
            return self.values[start:stop]
        return self.values.tiles(start, stop)

    def label(self, index: int) -> str:
        """The text in the corner of a tile."""
        if self.labels is None:
            return str(index)
        return self.labels[index] if index < len(self.labels) else ""

    def changed(self, old: TileSet, start: int, stop: int) -> list[int] | None:
        """Which tiles from `start` to `stop` look other than those of `old`; None: maybe all."""
        mine, others = self.values, old.values
        if not (isinstance(mine, np.ndarray) and isinstance(others, np.ndarray)):
            return None
        if mine.shape != others.shape or _style(self) != _style(old):
            return None
        part = slice(start, stop)
        differs = np.zeros(stop - start, bool)
        if mine is not others:
            differs |= (mine[part] != others[part]).any(axis=(1, 2))
        limits, before = (
            np.broadcast_to(np.asarray(tiles.limits, np.float32), (len(self), 2))[part]
            for tiles in (self, old)
        )
        differs |= (limits != before).any(axis=1)
        if not _same_bars(self, old, part):
            return None
        return [
            index
            for index in range(start, stop)
            if differs[index - start]
            or self.marks.get(index) != old.marks.get(index)
            or self.chips.get(index) != old.chips.get(index)
        ]

    def levels(self, start: int, stop: int, edge: int) -> NDArray[np.uint8]:
        """Tiles as entries of the colour map, in their size on the screen.

        Parameters
        ----------
        edge : int
            Device pixels of the longer side of a tile.

        Returns
        -------
        levels : (k, h', w') ndarray of uint8
        """
        tiles = np.asarray(self.tiles(start, stop), np.float32)
        height, width = fitted_size(tiles.shape[1], tiles.shape[2], edge, self.aspect)
        if isinstance(self.limits, tuple):
            low, high = self.limits
            bounds: tuple[Any, Any] = (low, high)
        else:
            own = self.limits[start:stop]
            bounds = (own[:, 0, None, None], own[:, 1, None, None])
        if self.smooth:
            return to_levels(resized(tiles, height, width), *bounds)
        small = to_levels(tiles, *bounds)
        return np.take(
            np.take(small, _nearest(small.shape[1], height), axis=1),
            _nearest(small.shape[2], width),
            axis=2,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where tiles stand, in device pixels: each at the top left of its cell."""

    columns: int
    edge: int
    cell_height: int
    cell_width: int
    strip: int = 0  # height of the bar, below the tile with a gap of the same height


def mosaic(
    tiles: TileSet,
    start: int,
    stop: int,
    grid: Grid,
    *,
    behind: int,
    tile: int,
    bar: int,
    track: int,
) -> Words:
    """Tiles `start` to `stop` of a set, row by row, as one picture.

    Parameters
    ----------
    behind, tile, bar, track : int
        Colours ``0xffRRGGBB`` of the background, behind a tile, of the bars, and of what is left
        of a bar's length.

    Returns
    -------
    picture : (rows × cell_height, columns × cell_width) ndarray of uint32
        Words ``0xffRRGGBB``.
    """
    count = stop - start
    rows = -(-count // grid.columns)
    cells = np.full(
        (rows, grid.columns, grid.cell_height, grid.cell_width), behind, dtype=np.uint32
    ).reshape(rows * grid.columns, grid.cell_height, grid.cell_width)
    cells[:count, : grid.edge, : grid.edge] = tile
    levels = tiles.levels(start, stop, grid.edge)
    height, width = levels.shape[1:]
    top, left = (grid.edge - height) // 2, (grid.edge - width) // 2
    cells[:count, top : top + height, left : left + width] = to_rgb32(tiles.lut)[levels]
    if tiles.strip is not None and grid.strip:
        share = np.asarray(tiles.strip[start:stop], np.float64)[:, None]
        length = np.rint(np.clip(np.nan_to_num(share), 0.0, 1.0) * grid.edge)
        bars = np.where(
            np.arange(grid.edge) < length, bar, np.where(np.isnan(share), behind, track)
        )
        top = grid.edge + grid.strip
        cells[:count, top : top + grid.strip, : grid.edge] = bars[:, None, :]
    shaped = cells.reshape(rows, grid.columns, grid.cell_height, grid.cell_width)
    return np.ascontiguousarray(shaped.swapaxes(1, 2)).reshape(
        rows * grid.cell_height, grid.columns * grid.cell_width
    )


def _style(tiles: TileSet) -> tuple[object, ...]:
    """What all tiles have in common."""
    return (tiles.lut.tobytes(), tiles.labels, tiles.smooth, tiles.aspect)


def _same_bars(tiles: TileSet, old: TileSet, part: slice) -> bool:
    if tiles.strip is None or old.strip is None:
        return tiles.strip is old.strip
    same = np.array_equal(tiles.strip[part], old.strip[part], equal_nan=True)
    return same and tiles.strip_stale == old.strip_stale


def fitted_size(height: int, width: int, edge: int, aspect: float = 1.0) -> tuple[int, int]:
    """(height, width) in pixels of a tile that fits a square of `edge` pixels."""
    tall = max(height, 1) * (aspect if aspect > 0 else 1.0)
    wide = float(max(width, 1))
    scale = edge / max(tall, wide)
    return max(round(tall * scale), 1), max(round(wide * scale), 1)


def resized(tiles: Floats, height: int, width: int) -> Floats:
    """Tiles (k, h, w) in another size: means of whole blocks when smaller, then linear between."""
    down = max(tiles.shape[1] // max(height, 1), 1)
    across = max(tiles.shape[2] // max(width, 1), 1)
    if down > 1 or across > 1:
        rows, columns = tiles.shape[1] // down * down, tiles.shape[2] // across * across
        part = np.zeros((len(tiles), rows // down, columns // across), np.float32)
        for row in range(down):
            for column in range(across):
                part += tiles[:, row:rows:down, column:columns:across]
        part *= np.float32(1.0 / (down * across))
        tiles = part
    return _between(_between(tiles, 1, height), 2, width)


def _nearest(source: int, target: int) -> NDArray[np.intp]:
    at = np.minimum((np.arange(target) + 0.5) * (source / target), source - 1)
    index: NDArray[np.intp] = at.astype(np.intp)
    return index


def _between(tiles: Floats, axis: int, target: int) -> Floats:
    """Linear interpolation between the centres of values, along one axis.

    Two of a few values each: a matrix product would do the same, with threads that get in the way
    of the engine's.
    """
    source = tiles.shape[axis]
    at = np.clip((np.arange(target) + 0.5) * (source / target) - 0.5, 0.0, source - 1.0)
    first = np.minimum(at.astype(np.intp), source - 1)
    second = np.minimum(first + 1, source - 1)
    share = (at - first).astype(np.float32).reshape([-1 if n == axis else 1 for n in range(3)])
    result: Floats = tiles.take(first, axis)
    result *= np.float32(1.0) - share
    result += tiles.take(second, axis) * share
    return result
