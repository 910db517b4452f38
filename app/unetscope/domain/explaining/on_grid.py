"""From the slice's grid to that of the network's output: where references and regions are wanted.

`input_grid.unplace` goes the other way.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.input_grid import Placement, Size

Scalar = TypeVar("Scalar", bound=np.generic)


def on_output(
    values: NDArray[Scalar], placement: Placement, size: Size, fill: object = 0
) -> NDArray[Scalar]:
    """Bring labels or a region of a slice to the grid of the network's output, nearest neighbour.

    Parameters
    ----------
    values : (rows, columns) ndarray
        On the slice as acquired.
    placement : Placement
        Where the slice lies in the network's input.
    size : (int, int)
        Rows and columns of the output, which is taken to cover the whole input.
    fill : value
        What is beside the slice, where the input is padding.

    Returns
    -------
    brought : (H, W) ndarray of the same type
    """
    if values.shape != placement.slice_shape:
        raise ValueError(f"values of {values.shape} for a slice of {placement.slice_shape}")
    brought = placement.turn.apply(values)
    for axis, (length, fed) in enumerate(zip(size, placement.size, strict=True)):
        have, resampled = placement.turned_shape[axis], placement.resampled[axis]
        in_input = (np.arange(length) + 0.5) * fed / length - placement.offset[axis]
        at = np.floor(in_input * have / resampled).astype(np.intp)
        inside = (at >= 0) & (at < have)
        brought = brought.take(np.clip(at, 0, have - 1), axis)
        if not inside.all():
            keep = inside[:, None] if axis == 0 else inside[None, :]
            brought = np.where(keep, brought, np.asarray(fill, values.dtype))
    return np.ascontiguousarray(brought)


def pixel_of_output(
    row: float, column: float, placement: Placement, size: Size
) -> tuple[int, int] | None:
    """The pixel of the network's output over a position of the slice; None beside the input.

    Parameters
    ----------
    row, column : float
        Of the slice as acquired, pixel centres at whole numbers.
    placement, size
        As in `on_output`.
    """
    fed = placement.to_input(row, column)
    sides = zip(fed, placement.size, size, strict=True)
    r, c = (int(np.floor((at + 0.5) * length / have)) for at, have, length in sides)
    return (r, c) if 0 <= r < size[0] and 0 <= c < size[1] else None
