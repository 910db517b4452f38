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
