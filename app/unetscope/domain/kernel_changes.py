"""What can be done with the numbers of a kernel at the push of a button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class KernelChange:
    """A change of kernels, all at once.

    Attributes
    ----------
    id, name, hint : str
        Its key, what people call it, and what it is good for.
    of : callable
        From a stack of kernels ``(kh, kw, n)`` to the changed one.
    cell_by_cell : bool
        Whether every number changes by itself, so that rows and columns do not matter.
    """

    id: str
    name: str
    hint: str
    of: Callable[[Values], Values]
    cell_by_cell: bool = False


def _shifted(rows: int, columns: int) -> Callable[[Values], Values]:
    def shift(kernels: Values) -> Values:
        moved = np.roll(kernels, (rows, columns), axis=(0, 1))
        if rows:
            moved[0 if rows > 0 else -1] = 0
        if columns:
            moved[:, 0 if columns > 0 else -1] = 0
        return moved

    return shift


def _zero_mean(kernels: Values) -> Values:
    mean = kernels.mean(axis=(0, 1), keepdims=True, dtype=np.float64)
    return np.asarray(kernels - mean, np.float32)


def _norm_one(kernels: Values) -> Values:
    norm = np.sqrt(np.square(kernels, dtype=np.float64).sum(axis=(0, 1), keepdims=True))
    return np.asarray(kernels / np.where(norm > 0, norm, 1), np.float32)


_IN = "Zeros come in where nothing was."

CHANGES: tuple[KernelChange, ...] = (
    KernelChange("flip_x", "Flip left and right", "", lambda k: k[:, ::-1]),
    KernelChange("flip_y", "Flip top and bottom", "", lambda k: k[::-1]),
    KernelChange(
        "turn", "Turn by 90°", "Clockwise; square kernels only.", lambda k: np.rot90(k, -1)
    ),
    KernelChange("negate", "Negate", "Bright and dark change places.", lambda k: -k, True),
    KernelChange("left", "Shift left", _IN, _shifted(0, -1)),
    KernelChange("right", "Shift right", _IN, _shifted(0, 1)),
    KernelChange("up", "Shift up", _IN, _shifted(-1, 0)),
    KernelChange("down", "Shift down", _IN, _shifted(1, 0)),
    KernelChange(
        "zero_mean", "Make the mean 0", "A flat picture then gives 0 everywhere.", _zero_mean
    ),
    KernelChange("norm_one", "Make the norm 1", "All kernels then weigh the same.", _norm_one),
    KernelChange(
        "mirror",
        "Make left and right alike",
        "The mean of the kernel and its mirror picture.",
        lambda k: (k + k[:, ::-1]) * np.float32(0.5),
    ),
    KernelChange(
        "mirror_down",
        "Make top and bottom alike",
        "The mean of the kernel and its mirror picture.",
        lambda k: (k + k[::-1]) * np.float32(0.5),
    ),
)

CHANGE_BY_ID = {change.id: change for change in CHANGES}
