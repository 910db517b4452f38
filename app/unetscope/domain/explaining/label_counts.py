"""How many pixels of each label lie where a feature map is high, in one slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.graph import Graph
from unetscope.domain.input_grid import Placement, Size
from unetscope.domain.map_grid import MapGrid
from unetscope.domain.metrics import Labels

Floats = NDArray[np.float32]
Counts = NDArray[np.int64]
Indices = NDArray[np.intp]

SHARES = (
    *(0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2),
    *(0.16, 0.13, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.025, 0.02, 0.015, 0.01, 0.005, 0.002),
)
"""How much of a map lies above each threshold that is tried, as far as the first look tells."""
LOOKED_AT = 1024  # pixels of each map that the first look takes of a slice, about
MANY = 16  # times as many pairs possible as there are: too many to have a counter each
FIRST_SLICES = 12  # that the thresholds are taken from


@dataclass(frozen=True, slots=True, eq=False)
class SliceCounts:
    """Pixels of the labels' grid in one slice.

    Attributes
    ----------
    both : (maps, thresholds, labels) ndarray of int64
        Where the map is above the threshold and the label is this one.
    sizes : (labels,) ndarray of int64
        Where the label is this one, wherever the map reaches.
    """

    both: Counts
    sizes: Counts


def values_of(activation: Floats) -> Floats:
    """Some values of each map ``(H, W, maps)``, from all over it: ``(pixels, maps)`` float32."""
    rows, columns, maps = activation.shape
    step = max(int(np.sqrt(rows * columns / LOOKED_AT)), 1) | 1  # odd: some layers have a pattern
    first = [min(step, length) // 2 for length in (rows, columns)]
    return activation[first[0] :: step, first[1] :: step].reshape(-1, maps).astype(np.float32)


def thresholds_of(values: Sequence[Floats]) -> Floats:
    """The thresholds to try for each map: those that leave `SHARES` of its values above them.

    Parameters
    ----------
    values : sequence of (pixels, maps) ndarray
        From `values_of` some slices.

    Returns
    -------
    thresholds : (maps, n) ndarray of float32
        Ascending. A map that is mostly 0 has 0 several times: a pixel counts as above a threshold
        only if it is greater.
    """
    together = np.concatenate(values).astype(np.float64)
    most = float(np.finfo(np.float32).max)
    together = np.nan_to_num(together, nan=0.0, posinf=most, neginf=-most)
    levels = 1 - np.asarray(SHARES)
    return np.ascontiguousarray(np.quantile(together, levels, axis=0).T, np.float32)


def first_look(slices: Sequence[int]) -> tuple[int, ...]:
    """Which slices the thresholds are taken from: some of those that may be learned from."""
    learned = [index for index in slices if is_learned(index)] or list(slices)
    take = np.linspace(0, len(learned) - 1, min(FIRST_SLICES, len(learned)))
    return tuple(learned[round(at)] for at in take.tolist())


def is_learned(index: int) -> bool:
    """Whether a slice serves to choose thresholds and labels; the others tell how good they are."""
    return index % 2 == 0


@dataclass(frozen=True, slots=True, eq=False)
class LabelsOverMap:
    """How many pixels of each label lie over each pixel of a layer's maps.

    Attributes
    ----------
    cells, labels, pixels : (n,) ndarrays of int
        A pixel of the map by its number, a label that lies over it, and how often.
    sizes : (labels,) ndarray of int64
        All pixels of each label, those beside the map too.
    """

    cells: Indices
    labels: Indices
    pixels: Counts
    sizes: Counts

    @classmethod
    def of(
        cls, labels: Labels, graph: Graph, layer: str, shape: Size, grid: str, size: Size
    ) -> LabelsOverMap:
        """Lay labels over a layer's maps.

        Each pixel of the labels goes to the pixel of the map nearest to it, as both lie in the
        network's input by their receptive fields. So a map is brought to the labels' grid without
        being enlarged: what is counted is exactly what nearest-neighbour enlarging would give.

        Parameters
        ----------
        labels : (H, W) ndarray of uint8
        layer, grid : str
            The layer, and the one on whose grid the labels lie.
        shape : (int, int)
            Rows and columns of the layer's maps.
        size : (int, int)
            Rows and columns of the network's input.
        """
        sizes = np.bincount(labels.ravel()).astype(np.int64)
        whole = Placement(size, size, size)
        ours = MapGrid.of(graph, layer, shape, whole)
        theirs = MapGrid.of(graph, grid, (labels.shape[0], labels.shape[1]), whole)
        at = [_nearest(theirs, ours, axis) for axis in (0, 1)]
        inside = (at[0] >= 0)[:, None] & (at[1] >= 0)[None, :]
        cells = (at[0][:, None] * shape[1] + at[1][None, :])[inside]
        pairs, pixels = _distinct(cells * len(sizes) + labels[inside], shape, len(sizes))
        return cls(pairs // len(sizes), pairs % len(sizes), pixels.astype(np.int64), sizes)


def _distinct(pairs: Indices, shape: Size, labels: int) -> tuple[Indices, Indices]:
    """Each pair of a map's pixel and a label that there is, and how often."""
    possible = shape[0] * shape[1] * labels
    if possible > MANY * len(pairs):
        return np.unique(pairs, return_counts=True)
    often = np.bincount(pairs, minlength=possible)
    there = np.flatnonzero(often)
    return there, often[there]


def _nearest(of: MapGrid, on: MapGrid, axis: int) -> Indices:
    """For each pixel of one grid the nearest of another, along an axis; -1 beside it."""
    fed = np.arange(of.shape[axis]) * of.stride[axis] + of.offset[axis]
    at = np.floor((fed - on.offset[axis]) / on.stride[axis] + 0.5).astype(np.intp)
    return np.where((at >= 0) & (at < on.shape[axis]), at, -1)


def count(values: Floats, thresholds: Floats, over: LabelsOverMap) -> Counts:
    """Count, for some maps, the pixels that are above each threshold, by label.

    Parameters
    ----------
    values : (pixels, maps) ndarray of float32
        The maps, a row for each of their pixels.
    thresholds : (maps, n) ndarray of float32
        Ascending.
    over : LabelsOverMap

    Returns
    -------
    both : (maps, n, labels) ndarray of int64
    """
    (maps, tried), labels = thresholds.shape, len(over.sizes)
    flat = np.ascontiguousarray(values.T)
    passed = np.zeros(flat.shape, np.uint8)  # how many thresholds each value is above
    for one in range(tried):
        passed += flat > thresholds[:, one, None]
    codes = passed.take(over.cells, axis=1).astype(np.intp)
    codes *= labels
    codes += over.labels
    codes += np.arange(maps)[:, None] * ((tried + 1) * labels)
    size = maps * (tried + 1) * labels
    if len(over.pixels) == over.sizes.sum():  # each pixel stands alone, and counting is faster
        found = np.bincount(codes.ravel(), minlength=size)
    else:
        found = np.bincount(codes.ravel(), np.tile(over.pixels, maps), size)
    exactly = found.reshape(maps, tried + 1, labels).astype(np.int64)
    above: Counts = exactly[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    return above
