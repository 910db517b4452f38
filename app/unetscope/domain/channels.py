"""What a channel of a network is made of: the slice shown, a neighbour, or another series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import PreprocessingError

Floats = NDArray[np.float32]
_SAME_GRID = 1e-3  # mm, or parts of a direction
_EXACT = 6  # decimals of a voxel that count; less is rounding of the affines


@dataclass(frozen=True, slots=True)
class ChannelSource:
    """What one channel is made of.

    Attributes
    ----------
    series : str
        Name of a series, as `names_of` gives it; empty is the series shown.
    step : int
        So many slices of the series shown further on.
    """

    series: str = ""
    step: int = 0


THIS_SLICE = ChannelSource()


class Placed(Protocol):
    """A series, as far as it must be known to lay it on another."""

    @property
    def description(self) -> str:
        """What the scanner called it."""

    @property
    def modality(self) -> str:
        """``MR``, ``CT`` and so on."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""

    @property
    def affine(self) -> NDArray[np.float64]:
        """4×4: (slice, row, column) index to patient LPS mm."""

    @property
    def geometry_sure(self) -> bool:
        """Whether distances in mm can be trusted."""

    @property
    def has_orientation(self) -> bool:
        """Whether the directions of rows and columns are known."""

    @property
    def frame_of_reference(self) -> str:
        """Series of one share the patient's space; empty where the file does not say."""


def names_of(series: Sequence[Placed]) -> Mapping[str, int]:
    """Name each series of a visit: by its description, with a number where it was taken again.

    Returns
    -------
    dict of str to int
        From a name, which a card can keep, to the place in `series`.
    """
    found: dict[str, int] = {}
    for index, one in enumerate(series):
        plain = one.description.strip() or one.modality or "Series"
        name, count = plain, 1
        while name in found:
            count += 1
            name = f"{plain} ({count})"
        found[name] = index
    return found


def why_not_laid(shown: Placed, other: Placed, name: str) -> str:
    """Why a series cannot be laid on the slices of another, a sentence; empty where it can."""
    for one, called in ((shown, "the series shown"), (other, f"“{name}”")):
        if not (one.geometry_sure and one.has_orientation):
            return f"Nobody knows for sure where {called} lies in the patient."
    frames = {shown.frame_of_reference, other.frame_of_reference}
    if "" not in frames:
        apart = len(frames) > 1
        return f"“{name}” has another frame of reference than the series shown." if apart else ""
    same = shown.shape == other.shape and np.allclose(
        shown.affine, other.affine, rtol=0, atol=_SAME_GRID
    )
    if same:
        return ""
    return f"The files do not say that “{name}” lies in the same space as the series shown."


def laid_on(
    shown: Placed, index: int, other: Placed, name: str, read: Callable[[int], Floats]
) -> Floats:
    """Resample a series linearly onto one slice of another.

    Parameters
    ----------
    shown, index : Placed, int
        The slice whose grid is wanted.
    other, name : Placed, str
        The series that is laid on it, and what it is called.
    read : callable
        Gives ``(rows, columns)`` of a slice of `other`; called for the slices that are needed only.

    Returns
    -------
    values : (rows, columns) ndarray of float32
        On the grid of the slice. Pixels that `other` does not reach get its lowest value there.

    Raises
    ------
    PreprocessingError
        It cannot be laid on it for sure, or does not reach it at all.
    """
    if why := why_not_laid(shown, other, name):
        raise PreprocessingError(why, "Choose another series for the channel in the input card.")
    onto = np.linalg.inv(other.affine) @ shown.affine
    rows, columns = shown.shape[1:]
    along, down = np.arange(columns)[None, :], np.arange(rows)[:, None]
    at = [
        np.round(line[0] * index + line[1] * down + line[2] * along + line[3], _EXACT)
        for line in onto[:3]
    ]
    seen = np.ones((rows, columns), bool)
    for place, count in zip(at, other.shape, strict=True):
        seen &= (place >= -0.5) & (place <= count - 0.5)
        np.clip(place, 0, count - 1, out=place)
    if not seen.any():
        raise PreprocessingError(
            f"“{name}” does not reach this slice.",
            "Show a slice that both series cover, or choose another series for the channel.",
        )
    values = np.zeros((rows, columns), np.float32)
    between = at[0][seen]
    for number in range(int(np.floor(between.min())), int(np.ceil(between.max())) + 1):
        share = np.where(seen, 1.0 - np.abs(at[0] - number), 0.0)
        here = share > 0
        if here.any():
            values[here] += share[here].astype(np.float32) * _at(
                read(number), at[1][here], at[2][here]
            )
    return np.where(seen, values, values[seen].min()).astype(np.float32, copy=False)


def _at(
    values: Floats, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Values of a slice between its pixels, linearly; the places lie within it."""
    row, column = np.floor(rows).astype(np.intp), np.floor(columns).astype(np.intp)
    below = np.minimum(row + 1, values.shape[0] - 1)
    right = np.minimum(column + 1, values.shape[1] - 1)
    down, along = (rows - row).astype(np.float32), (columns - column).astype(np.float32)
    upper = values[row, column] * (1 - along) + values[row, right] * along
    lower = values[below, column] * (1 - along) + values[below, right] * along
    result: NDArray[np.float32] = upper * (1 - down) + lower * down
    return result
