"""Where a slice lies in a network's input: turned, resampled, cropped or padded, and back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.geometry import edge_letters
from unetscope.domain.planes import AS_ACQUIRED, Turn

Size = tuple[int, int]
Spacing = tuple[float, float]

_AXIS = {"L": 0, "R": 0, "P": 1, "A": 1, "H": 2, "F": 2}

ORIENTATIONS = tuple(
    a + b for a, b in permutations(_AXIS, 2) if _AXIS[a] != _AXIS[b]
)  # letter at the right edge of a picture, then the one at its bottom
RADIOLOGICAL = {"axial": "LP", "coronal": "LF", "sagittal": "PF"}


def orientation_of(
    row_direction: NDArray[np.float64], column_direction: NDArray[np.float64]
) -> str | None:
    """Name how a slice lies in the patient: the letters at its right edge and at its bottom.

    Returns
    -------
    str or None
        One of `ORIENTATIONS`, by the dominant direction; None where there is none.
    """
    edges = edge_letters(row_direction, column_direction)
    letters = edges.right[:1] + edges.bottom[:1]
    return letters if letters in ORIENTATIONS else None


def turn_to(have: str | None, want: str | None) -> Turn | None:
    """How a slice that lies as `have` is turned to lie as `want`; None where no turn does it."""
    if want is None or have == want:
        return AS_ACQUIRED
    if have is None or {_AXIS[a] for a in have} != {_AXIS[a] for a in want}:
        return None
    swap = _AXIS[have[0]] != _AXIS[want[0]]
    right, bottom = (have[1], have[0]) if swap else (have[0], have[1])
    return Turn(swap, rows_flipped=bottom != want[1], columns_flipped=right != want[0])


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a slice lies in the network's input grid.

    Attributes
    ----------
    slice_shape : (int, int)
        The slice's own rows and columns.
    resampled : (int, int)
        Rows and columns after turning and resampling to the model's pixel spacing.
    size : (int, int)
        Rows and columns of the input.
    turn : Turn
        How the slice is turned before anything else.
    """

    slice_shape: Size
    resampled: Size
    size: Size
    turn: Turn = AS_ACQUIRED

    @property
    def turned_shape(self) -> Size:
        """Rows and columns of the turned slice."""
        rows, columns = self.slice_shape
        return (columns, rows) if self.turn.transposed else (rows, columns)

    @property
    def offset(self) -> Size:
        """Rows and columns before the slice's first pixel; negative where it is cropped."""
        rows, columns = self.size
        return ((rows - self.resampled[0]) // 2, (columns - self.resampled[1]) // 2)

    @property
    def share_seen(self) -> float:
        """How much of the slice lies in the input, 0 to 1."""
        pairs = zip(self.resampled, self.size, strict=True)
        return float(np.prod([min(have, size) / have for have, size in pairs]))

    def to_input(self, row: float, column: float) -> tuple[float, float]:
        """Map a slice position (pixel centres at whole numbers) to the input grid."""
        turned = self.turn.to_picture((row + 0.5, column + 0.5), self.slice_shape)
        sides = zip(turned, self.turned_shape, self.resampled, self.offset, strict=True)
        r, c = (x * m / n - 0.5 + offset for x, n, m, offset in sides)
        return r, c

    def to_slice(self, row: float, column: float) -> tuple[float, float]:
        """Map an input position to the slice: the inverse of `to_input`."""
        sides = zip((row, column), self.turned_shape, self.resampled, self.offset, strict=True)
        r, c = ((x - offset + 0.5) * n / m for x, n, m, offset in sides)
        r, c = self.turn.to_slice((r, c), self.slice_shape)
        return r - 0.5, c - 0.5


def resample_linear(values: NDArray[np.float32], shape: Size) -> NDArray[np.float32]:
    """Resample ``(rows, columns)`` linearly to another shape; edges repeat, centres align."""
    for axis, length in enumerate(shape):
        have = values.shape[axis]
        if have == length:
            continue
        at = np.clip((np.arange(length) + 0.5) * have / length - 0.5, 0, have - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, have - 1)
        part = (at - low).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        values = values.take(low, axis) * (1 - part) + values.take(high, axis) * part
    return values


def place(values: NDArray[np.float32], placement: Placement) -> NDArray[np.float32]:
    """Crop or pad ``(rows, columns)`` about the centre; padding is 0."""
    image = np.zeros(placement.size, np.float32)
    into: list[slice] = []
    taken: list[slice] = []
    for length, size, offset in zip(
        placement.resampled, placement.size, placement.offset, strict=True
    ):
        start, stop = max(0, offset), min(size, offset + length)
        into.append(slice(start, stop))
        taken.append(slice(start - offset, stop - offset))
    image[tuple(into)] = values[tuple(taken)]
    return image


def unplace(labels: NDArray[np.generic], placement: Placement) -> NDArray[np.generic]:
    """Bring labels ``(H, W, ...)`` on the input grid to the slice's grid, nearest neighbour."""
    result = labels
    for axis, length in enumerate(placement.turned_shape):
        resampled = placement.resampled[axis]
        source = (np.arange(length) + 0.5) * resampled / length - 0.5
        at = np.rint(source + placement.offset[axis]).astype(int)
        seen = (at >= 0) & (at < placement.size[axis])
        result = result.take(np.clip(at, 0, placement.size[axis] - 1), axis)
        if not seen.all():
            keep = seen.reshape((-1, *(1,) * (result.ndim - 1 - axis)))
            result = np.where(keep, result, np.zeros((), result.dtype))
    return _turned_back(result, placement.turn)


def _turned_back(values: NDArray[np.generic], turn: Turn) -> NDArray[np.generic]:
    """Undo a turn of ``(rows, columns, ...)``."""
    values = Turn(False, turn.rows_flipped, turn.columns_flipped).apply(values)
    return values.swapaxes(0, 1) if turn.transposed else values
