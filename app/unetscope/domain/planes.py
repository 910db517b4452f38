"""Planes through a series: how a picture is turned, and the planes across the slices.

A *plane* is what one view shows of a series: the slices of one voxel axis, turned. Points of a
picture are (row, column) in pixel edges: pixel (r, c) spans r to r + 1 and c to c + 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.geometry import EdgeLetters, Vector, edge_letters, unit

Point = tuple[float, float]
Shape2 = tuple[int, int]
Voxel = tuple[int, int, int]

NAMES = ("sagittal", "coronal", "axial")  # by the patient axis that the plane's normal is nearest
# Patient axis and sign that go down and right: patient's left at the right, head up, front left.
_DOWN = ((2, -1), (2, -1), (1, 1))
_RIGHT = ((1, 1), (0, 1), (0, 1))


@dataclass(frozen=True, slots=True)
class Turn:
    """How a picture is turned: rows and columns swapped first, then flipped."""

    transposed: bool = False
    rows_flipped: bool = False
    columns_flipped: bool = False

    def flip_horizontally(self) -> Turn:
        """Left becomes right."""
        return replace(self, columns_flipped=not self.columns_flipped)

    def flip_vertically(self) -> Turn:
        """Top becomes bottom."""
        return replace(self, rows_flipped=not self.rows_flipped)

    def rotate_right(self) -> Turn:
        """A quarter turn clockwise: the top becomes the right side."""
        return Turn(not self.transposed, self.columns_flipped, not self.rows_flipped)

    def rotate_left(self) -> Turn:
        """A quarter turn anticlockwise."""
        return Turn(not self.transposed, not self.columns_flipped, self.rows_flipped)

    def apply(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Turn ``(rows, columns, ...)``; the result looks into the same memory."""
        turned = picture.swapaxes(0, 1) if self.transposed else picture
        if self.rows_flipped:
            turned = turned[::-1]
        return turned[:, ::-1] if self.columns_flipped else turned

    def pair(self, values: tuple[float, float]) -> tuple[float, float]:
        """What belongs to rows and columns of the slice, such as its spacing, for the picture."""
        return values[::-1] if self.transposed else values

    def to_picture(self, point: Point, shape: Shape2) -> Point:
        """Where a point of a slice of `shape` lies in the picture."""
        row, column = self.pair(point)
        rows, columns = self.pair(shape)
        return (
            rows - row if self.rows_flipped else row,
            columns - column if self.columns_flipped else column,
        )

    def to_slice(self, point: Point, shape: Shape2) -> Point:
        """Where a point of the picture lies in the slice of `shape`."""
        rows, columns = self.pair(shape)
        row = rows - point[0] if self.rows_flipped else point[0]
        column = columns - point[1] if self.columns_flipped else point[1]
        return self.pair((row, column))

    def letters(self, row_direction: Vector, column_direction: Vector) -> EdgeLetters:
        """Patient directions at the edges of the picture of a slice with these directions."""
        right, down = row_direction, column_direction
        if self.transposed:
            right, down = down, right
        return edge_letters(
            -right if self.columns_flipped else right, -down if self.rows_flipped else down
        )


AS_ACQUIRED = Turn()


@dataclass(frozen=True, slots=True)
class Plane:
    """The pictures of one voxel axis.

    Attributes
    ----------
    axis : int
        Of (slice, row, column): the one that is left out of the picture.
    turn : Turn
        From the two other axes, in their order, to the picture.
    name : str
        Axial, coronal or sagittal: the nearest, for planes lie as the series was acquired.
    """

    axis: int
    turn: Turn = AS_ACQUIRED
    name: str = ""

    @property
    def others(self) -> tuple[int, int]:
        """The voxel axes of the picture, before it is turned."""
        first, second = (axis for axis in range(3) if axis != self.axis)
        return first, second

    def shape(self, shape: Voxel) -> Shape2:
        """Rows and columns before the turn, in a series of this shape."""
        first, second = self.others
        return shape[first], shape[second]

    def point(self, voxel: Voxel, shape: Voxel) -> Point:
        """Where the middle of a voxel lies in the picture."""
        first, second = self.others
        return self.turn.to_picture((voxel[first] + 0.5, voxel[second] + 0.5), self.shape(shape))

    def voxel(self, point: Point, index: int, shape: Voxel) -> Voxel:
        """The voxel under a point of picture number `index`, kept inside the series."""
        found = [index, index, index]
        for axis, at in zip(self.others, self.turn.to_slice(point, self.shape(shape)), strict=True):
            found[axis] = min(max(int(np.floor(at)), 0), shape[axis] - 1)
        return found[0], found[1], found[2]

    def aspect(self, spacing: tuple[float, float, float]) -> tuple[float, float]:
        """Height and width of a pixel of the picture, in mm."""
        first, second = self.others
        return self.turn.pair((spacing[first], spacing[second]))

    def letters(self, affine: NDArray[np.float64]) -> EdgeLetters:
        """Patient directions at the edges of the picture."""
        first, second = self.others
        return self.turn.letters(affine[:3, second], affine[:3, first])


def across(affine: NDArray[np.float64]) -> tuple[Plane, Plane]:
    """The two planes across the slices of a series, turned as is customary.

    The patient's left is at the right of axial and coronal pictures, the head is up in coronal
    and sagittal ones, and the front is at the left of sagittal ones.

    Parameters
    ----------
    affine : (4, 4) ndarray of float64
        Voxel index ``(slice, row, column, 1)`` to patient LPS mm.

    Raises
    ------
    ValueError
        A direction of the series has no length.
    """
    steps = [unit(affine[:3, axis]) for axis in range(3)]
    directions = np.array([step for step in steps if step is not None])
    if len(directions) != len(steps):
        raise ValueError("the series has no directions")
    # patient axis of each voxel axis: the assignment that is nearest on the whole
    named = max(
        permutations(range(3)),
        key=lambda order: sum(abs(directions[i, axis]) for i, axis in enumerate(order)),
    )
    return _plane(1, named, directions), _plane(2, named, directions)


def _plane(axis: int, named: tuple[int, ...], directions: NDArray[np.float64]) -> Plane:
    normal = named[axis]
    (down_axis, down_sign), (right_axis, right_sign) = _DOWN[normal], _RIGHT[normal]
    down, right = named.index(down_axis), named.index(right_axis)
    turn = Turn(
        transposed=down > right,
        rows_flipped=directions[down, down_axis] * down_sign < 0,
        columns_flipped=directions[right, right_axis] * right_sign < 0,
    )
    return Plane(axis, turn, NAMES[normal])
