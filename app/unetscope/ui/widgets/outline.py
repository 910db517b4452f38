"""Borders of labels as line segments along the edges of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Segments = NDArray[np.int32]


def region_segments(region: NDArray[np.bool_]) -> Segments:
    """The border of a region, in as few straight segments as it has.

    Parameters
    ----------
    region : (H, W) ndarray of bool

    Returns
    -------
    segments : (n, 4) ndarray of int32
        ``(row, column, row, column)`` of both ends, in pixel edges: pixel (r, c) spans r to r + 1.
        A region that touches the border of the slice is closed along it.
    """
    flat = _runs(region)
    upright = _runs(region.T)[:, [1, 0, 3, 2]]
    return np.concatenate([flat, upright])


def closed_loops(region: NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """The border of a region as closed ways around it, so that dashes can follow it.

    Returns
    -------
    loops : list of list of (int, int)
        The corners of each, ``(row, column)`` in pixel edges; the last one leads to the first.
    """
    wide = region.shape[1] + 1
    # at each end of a flat run an upright one begins or ends; where two borders cross, both go on
    along = _other_ends(_runs(region), wide)
    turns = _other_ends(_runs(region.T)[:, [1, 0, 3, 2]], wide)
    loops = []
    while along:
        at, loop = next(iter(along)), []
        while at in along:
            end = along.pop(at)
            del along[end]
            loop += [divmod(at, wide), divmod(end, wide)]
            at = turns[end]
        loops.append(loop)
    return loops


def _other_ends(runs: Segments, wide: int) -> dict[int, int]:
    """From each end of a run to its other one, as numbers of corners row by row."""
    one, other = (
        (runs[:, 0] * wide + runs[:, 1]).tolist(),
        (runs[:, 2] * wide + runs[:, 3]).tolist(),
    )
    return dict(zip([*one, *other], [*other, *one], strict=True))


def outline_segments(labels: NDArray[Any]) -> dict[int, Segments]:
    """The border of each label but 0, the background.

    Parameters
    ----------
    labels : (H, W) ndarray of int
    """
    present = np.flatnonzero(np.bincount(np.maximum(labels, 0).ravel().astype(np.intp)))
    return {int(label): region_segments(labels == label) for label in present if label > 0}


def _runs(region: NDArray[np.bool_]) -> Segments:
    """Horizontal border segments: maximal runs of columns where a row differs from the next."""
    rows, columns = region.shape
    padded = np.zeros((rows + 2, columns + 2), dtype=bool)
    padded[1:-1, 1:-1] = region
    edge = padded[1:, :] != padded[:-1, :]  # (H + 1, W + 2), False in the first and last column
    starts = edge[:, 1:] & ~edge[:, :-1]
    ends = edge[:, :-1] & ~edge[:, 1:]
    row, first = np.nonzero(starts)
    last = np.nonzero(ends)[1]
    return np.stack([row, first, row, last], axis=1).astype(np.int32)
