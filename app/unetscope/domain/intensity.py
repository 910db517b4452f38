"""What preprocessing does to the values of a slice: normalise, equalise, match a histogram."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unetscope.domain.errors import PreprocessingError

Normalisation = Literal["percentile", "zscore", "minmax", "divide", "none"]
NORMALISATIONS: tuple[Normalisation, ...] = ("percentile", "zscore", "minmax", "divide", "none")
Foreground = Literal["all", "nonzero", "above mean"]
FOREGROUNDS: tuple[Foreground, ...] = ("all", "nonzero", "above mean")

MOST_VALUES = 4096  # of a reference histogram: 12 bits
_LEVELS = 1 << 14  # grey levels that CLAHE works with
_SMALLEST_SHARE = 8  # of the image that a tile of CLAHE is by default
_MOST_TILES = 32  # beside each other
_LONGEST_TILE = 4096  # pixels

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clahe:
    """Contrast-limited adaptive histogram equalisation in scikit-image's convention.

    The image is scaled from its smallest and largest value to 14 bits, equalised, and scaled to
    0..1: what ``skimage.exposure.equalize_adapthist`` gives for an image of whole numbers.

    Attributes
    ----------
    clip_limit : float
        Share of a tile's pixels that one bin may hold, 0 to 1; 0 does not limit the contrast.
    tile : (int, int), optional
        Rows and columns of a tile; None is an eighth of the image.
    bins : int
        Of a tile's histogram.
    """

    clip_limit: float = 0.01
    tile: tuple[int, int] | None = None
    bins: int = 256

    def __post_init__(self) -> None:
        if not 0 <= self.clip_limit <= 1:
            raise PreprocessingError(
                f"A clip limit of {self.clip_limit} makes no sense for CLAHE.",
                "Give a share from 0 to 1; 0.01 is usual.",
            )
        if not 2 <= self.bins <= _LEVELS or (self.tile and not all(n >= 1 for n in self.tile)):
            raise PreprocessingError(
                f"CLAHE cannot work with {self.bins} bins and tiles of {self.tile}.",
                "256 bins and an eighth of the image are usual.",
            )


@dataclass(frozen=True)
class ReferenceHistogram:
    """The histogram that slices are made to match: values, and how many pixels have each.

    Attributes
    ----------
    values : tuple of float
        Ascending, in the units of the slices.
    counts : tuple of int
        Pixels of each.
    """

    values: tuple[float, ...] = field(repr=False)
    counts: tuple[int, ...] = field(repr=False)

    def __post_init__(self) -> None:
        values, counts = np.asarray(self.values, float), np.asarray(self.counts)
        lengths = len(self.values) == len(self.counts) > 0
        if (
            not lengths
            or not np.isfinite(values).all()
            or not (np.diff(values) > 0).all()
            or not (counts > 0).all()
            or sum(self.counts) >= 2**53  # more than a float counts
        ):
            raise PreprocessingError(
                "The reference histogram is not as it should be.",
                "It needs ascending values and as many counts above 0.",
            )

    @classmethod
    def of(cls, image: ArrayLike) -> ReferenceHistogram:
        """Take the histogram of an image; of more than 4,096 values, quantiles are kept."""
        finite = np.asarray(image, np.float32).ravel()
        finite = finite[np.isfinite(finite)]
        values, counts = np.unique(finite, return_counts=True)
        if values.size > MOST_VALUES:
            shares = np.cumsum(counts) / finite.size
            ends = np.searchsorted(shares, np.arange(1, MOST_VALUES + 1) / MOST_VALUES)
            ends = np.unique(np.minimum(ends, values.size - 1))
            counts = np.diff(np.cumsum(counts)[ends], prepend=0)
            values = values[ends]
        return cls(tuple(map(float, values)), tuple(map(int, counts)))

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of the pixels up to each value."""
        return np.asarray(np.cumsum(self.counts) / sum(self.counts))

    def __repr__(self) -> str:
        told = hashlib.sha256(repr((self.values, self.counts)).encode()).hexdigest()
        return f"ReferenceHistogram({len(self.values)} values, {told[:16]})"


def match_histogram(values: Values, reference: ReferenceHistogram) -> Values:
    """Give ``(rows, columns)`` the histogram of the reference.

    References
    ----------
    ``skimage.exposure.match_histograms`` gives the same for the image the reference is of.
    """
    unique, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    matched = np.interp(np.cumsum(counts) / values.size, reference.shares, reference.values)
    return matched[inverse].reshape(values.shape).astype(np.float32) if unique.size else values


def foreground_of(values: Values, foreground: Foreground) -> NDArray[np.bool_] | None:
    """The pixels that count, ``(rows, columns)``; None for all, or where none would be left."""
    if foreground == "all":
        return None
    mask = values != 0 if foreground == "nonzero" else values > values.mean(dtype=np.float64)
    return mask if mask.any() else None


def scale_of(values: Values, kind: Normalisation, low: float, high: float) -> tuple[Any, Any]:
    """The two values that become 0 and 1."""
    if kind == "percentile":
        zero, one = np.percentile(values, [low, high])
    elif kind == "zscore":
        zero = values.mean(dtype=np.float64)
        one = zero + values.std(dtype=np.float64)
    else:
        zero, one = values.min(), values.max()
    return np.float32(zero), np.float32(one)


def equalise(values: Values, how: Clahe) -> Values:
    """Apply CLAHE to ``(rows, columns)``; the result is from 0 to 1, all 0 for one value.

    References
    ----------
    K. Zuiderveld, Contrast Limited Adaptive Histogram Equalization, Graphics Gems IV, 1994, with
    the rounding of scikit-image 0.26 (BSD-3-Clause, the scikit-image team).
    """
    levels = np.rint(_to_unit(values) * (_LEVELS - 1)).astype(np.intp)
    tile = how.tile or (1, 1)
    if how.tile is None:
        tile = tuple(max(n // _SMALLEST_SHARE, 1) for n in values.shape)
    bins = levels // (1 + _LEVELS // how.bins)
    tiles = [-(-length // side) for length, side in zip(values.shape, tile, strict=True)]
    if max(tiles) > _MOST_TILES or max(tile) > _LONGEST_TILE:
        raise PreprocessingError(
            f"CLAHE cannot work with tiles of {tile[0]} × {tile[1]} in a slice of "
            f"{values.shape[0]} × {values.shape[1]}.",
            f"Choose tiles that are at least 1/{_MOST_TILES} of the slice.",
        )
    maps = _tile_maps(bins, tile, how)

    around, weights = [], []  # of the four tiles about each pixel: by axis, before and after
    for length, side, count in zip(values.shape, tile, maps.shape[:2], strict=True):
        at = np.arange(length) + side // 2
        after = at // side
        around.append([np.clip(after + step, 0, count - 1) for step in (-1, 0)])
        weights.append([1 - at % side / side, at % side / side])
    result = np.zeros(values.shape, np.float32)
    for r in range(2):
        for c in range(2):
            mapped = maps[around[0][r][:, None], around[1][c][None, :], bins]
            weight = weights[1][c][None, :] * weights[0][r][:, None]
            result += (mapped * weight).astype(np.float32)
    return _to_unit(np.floor(result)).astype(np.float32)


def _to_unit(values: NDArray[Any]) -> NDArray[np.float64]:
    """Scale from smallest and largest to 0 and 1."""
    low, high = float(values.min()), float(values.max())
    if high == low:
        return np.zeros(values.shape)
    return np.asarray((np.asarray(values, np.float64) - low) / (high - low))


def _tile_maps(bins: NDArray[np.intp], tile: tuple[int, int], how: Clahe) -> NDArray[np.intp]:
    """What each bin becomes in each tile: ``(tile rows, tile columns, bins)``."""
    missing = [(0, -length % side) for length, side in zip(bins.shape, tile, strict=True)]
    whole = np.pad(bins, missing, mode="reflect")
    rows, columns = (length // side for length, side in zip(whole.shape, tile, strict=True))
    pixels = tile[0] * tile[1]
    tiles = whole.reshape(rows, tile[0], columns, tile[1]).swapaxes(1, 2).reshape(-1, pixels)
    limit = max(int(how.clip_limit * pixels), 1) if how.clip_limit > 0 else pixels
    counts = [_limited(np.bincount(each, minlength=how.bins), limit) for each in tiles]
    reached = np.cumsum(counts, axis=-1) * ((_LEVELS - 1) / pixels)
    maps = np.minimum(reached, _LEVELS - 1).astype(np.intp)
    return np.asarray(maps.reshape(rows, columns, -1))


def _limited(counts: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    """Cut a histogram at a limit and spread what was cut off over the bins below it."""
    left = int(np.maximum(counts - limit, 0).sum())
    counts = np.minimum(counts, limit)
    share = left // counts.size
    low = counts < limit - share
    left -= int(low.sum()) * share
    counts[low] += share
    middle = (counts >= limit - share) & (counts < limit)
    left -= int((limit - counts[middle]).sum())
    counts[middle] = limit
    while left > 0:
        before = left
        for first in range(counts.size):
            step = max(1, int((counts < limit).sum()) // left)
            some = counts[first::step]
            room = some < limit
            some[room] += 1
            left -= int(room.sum())
            if left <= 0:
                break
        if left == before:
            break
    return counts
