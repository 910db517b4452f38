"""Closed contours filled on a grid of pixels, by the even-odd rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vertices = NDArray[np.float64]

_AT_ONCE = 2**20  # crossings of contours with rows, which take memory
MOST_CROSSINGS = 2**27
_NOTHING = 1e-6  # mm2


class TooDetailedError(ValueError):
    """Contours that cross the rows too often to be filled in reasonable time."""


def fill(contours: Sequence[Vertices], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Find the pixels whose centre lies inside an odd number of contours.

    An inner contour is a hole, and so is what a keyhole's channel leads to: the channel itself,
    gone over twice, encloses nothing. Of a pixel centre on a contour the left and upper edges are
    inside, the right and lower ones not, so that neighbours share no pixel.

    Parameters
    ----------
    contours : sequence of (n, 2) ndarray of float64
        Corners as ``(row, column)`` in pixels; the last one is joined to the first.
    size : tuple of int
        Rows and columns.

    Returns
    -------
    (rows, columns) ndarray of bool

    Raises
    ------
    TooDetailedError
        There is too much to fill.
    """
    filled = np.zeros(size, np.bool_)
    starts = np.concatenate([np.empty((0, 2)), *contours])
    ends = np.concatenate([np.empty((0, 2)), *(np.roll(each, -1, axis=0) for each in contours)])
    falls = starts[:, :1] > ends[:, :1]  # gone over upwards and downwards, an edge is the same
    upper, lower = np.where(falls, ends, starts), np.where(falls, starts, ends)
    first = np.clip(np.ceil(upper[:, 0]), 0, size[0]).astype(np.int64)
    last = np.clip(np.ceil(lower[:, 0]), 0, size[0]).astype(np.int64)
    counts = last - first
    crossing = counts > 0
    if not crossing.any():
        return filled
    upper, lower = upper[crossing], lower[crossing]
    first, counts = first[crossing], counts[crossing]
    total = np.cumsum(counts)
    if total[-1] > MOST_CROSSINGS:
        raise TooDetailedError
    reach = np.clip(np.ceil(starts[:, 1]), 0, size[1]).astype(np.int64)
    top, left = int(first.min()), int(reach.min())  # only the box around them is worked on
    rows, columns = int((first + counts).max()) - top, int(reach.max()) - left
    toggles = np.zeros((rows, columns + 1), np.bool_)
    begin = 0
    while begin < len(counts):
        done = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, done + _AT_ONCE, side="right")))
        some = slice(begin, end)
        edge = np.repeat(np.arange(begin, end), counts[some])
        within = np.arange(len(edge)) - np.repeat(total[some] - counts[some] - done, counts[some])
        row = first[edge] + within
        (y, x), (below, beside) = upper[edge].T, lower[edge].T
        place = x + (row - y) * (beside - x) / (below - y)
        column = np.clip(np.ceil(place).astype(np.int64) - left, 0, columns)
        # each crossing turns all that is right of it; two at one place undo each other
        turned = np.bincount((row - top) * (columns + 1) + column)
        toggles.reshape(-1)[np.flatnonzero(turned & 1)] ^= True
        begin = end
    inside = np.logical_xor.accumulate(toggles, axis=1)[:, :columns]
    filled[top : top + rows, left : left + columns] = inside
    return filled


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """A closed contour in the patient.

    Attributes
    ----------
    points : (n, 3) ndarray of float64
        Its corners, LPS mm.
    normal : (3,) ndarray of float64
        Of its plane.
    off : float
        How far its corners are from that plane at most, in mm.
    """

    points: NDArray[np.float64]
    normal: NDArray[np.float64]
    off: float

    @classmethod
    def through(cls, points: NDArray[np.float64]) -> Contour | None:
        """Make one of its corners; None where they enclose nothing.

        References
        ----------
        M. E. Newell's normal: the sum of the cross products of consecutive corners.
        """
        around = points - points.mean(axis=0)
        area = np.cross(around, np.roll(around, -1, axis=0)).sum(axis=0)
        size = float(np.linalg.norm(area))
        if len(points) < 3 or not size > _NOTHING:
            return None
        normal = area / size
        return cls(points, normal, float(np.abs(around @ normal).max()))
