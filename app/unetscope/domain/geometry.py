"""Where slices lie in the patient: directions, letters, planes, positions, affines.

Everything is in the DICOM patient system: millimetres, x to the patient's Left, y to the
Posterior, z to the Head (LPS; DICOM PS3.3 C.7.6.2.1.1). Voxel indices are always
``(slice, row, column)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

_POSITIVE = "LPH"
_NEGATIVE = "RAF"
_SECONDARY = 0.1  # a direction cosine below this (under 6 degrees off) gets no letter of its own
_PLANE = 0.8  # a slice normal closer than 37 degrees to an axis takes the name of that plane
_SAME_PLACE = 0.01  # mm: slices closer than this lie at one position
_EVEN = 0.05  # share of the step by which a gap may differ and still count as even
_SHORTEST = 1e-6  # a direction shorter than this points nowhere


@dataclass(frozen=True, slots=True)
class EdgeLetters:
    """The patient directions at the four edges of an image: one or two letters each.

    The first letter is the dominant direction; a second one follows when the image is oblique.
    """

    left: str
    right: str
    top: str
    bottom: str


@dataclass(frozen=True, slots=True)
class PositionSpacing:
    """How evenly positions along a normal are spread.

    Attributes
    ----------
    step : float
        Distance from slice to slice in mm, > 0; NaN when there are fewer than two positions.
    even : bool
        All gaps are the same within 5 %.
    missing : int
        Slices that are absent, when every gap is a whole number of steps and at least half of
        the slices are there; else 0.
    duplicates : int
        Slices that lie where another one lies already (closer than 0.01 mm).
    gaps : tuple of int
        Slices, from 0, after which some are missing, or else the distance is another one.
    """

    step: float
    even: bool
    missing: int
    duplicates: int
    gaps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The place of every voxel of a series.

    Attributes
    ----------
    shape : tuple of int
        ``(slices, rows, columns)``.
    spacing : tuple of float
        Distance in mm between slices (along the normal), between rows and between columns.
    affine : (4, 4) ndarray of float64
        Voxel index ``(slice, row, column, 1)`` to patient LPS mm.
    row_direction, column_direction : (3,) ndarray of float64
        Unit vectors: where the column index grows (along a row), where the row index grows.
    positions : tuple of float
        Place of each slice along the normal in mm, ascending.
    has_orientation : bool
        False when the file does not say how the image lies in the patient.
    sure : bool
        False when distances or directions are guessed, uneven or skewed.
    calibrated : bool
        False when `spacing` between rows and columns is not known to be mm in the patient: nothing
        within a slice may then be measured.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    affine: NDArray[np.float64]
    row_direction: Vector
    column_direction: Vector
    positions: tuple[float, ...]
    has_orientation: bool
    sure: bool
    calibrated: bool = True


def unit(direction: ArrayLike) -> Vector | None:
    """Scale a direction to length 1.

    Returns
    -------
    (3,) ndarray of float64, or None
        None when the direction has no length or is not finite.
    """
    vector = np.asarray(direction, dtype=np.float64)
    if vector.shape != (3,) or not np.isfinite(vector).all():
        return None
    length = float(np.linalg.norm(vector))
    return vector / length if _SHORTEST < length < np.inf else None


def slice_normal(row_direction: ArrayLike, column_direction: ArrayLike) -> Vector | None:
    """Direction in which slices are stacked: row direction x column direction, length 1.

    Returns
    -------
    (3,) ndarray of float64, or None
        None when the two directions are parallel or one has no length.
    """
    return unit(np.cross(np.asarray(row_direction, float), np.asarray(column_direction, float)))


def direction_letters(direction: ArrayLike) -> str:
    """Name a patient direction by its letters, the dominant one first.

    Parameters
    ----------
    direction : (3,) array_like of float
        Any length but 0, LPS.

    Returns
    -------
    str
        One or two of ``A P R L H F``; empty when the direction is unknown.

    References
    ----------
    DICOM PS3.3 C.7.6.1.1.1, Patient Orientation.
    """
    vector = unit(direction)
    if vector is None:
        return ""
    strongest = np.argsort(-np.abs(vector), kind="stable")[:2]
    letters = [_POSITIVE[axis] if vector[axis] > 0 else _NEGATIVE[axis] for axis in strongest]
    return "".join(letters) if abs(vector[strongest[1]]) > _SECONDARY else letters[0]


def edge_letters(row_direction: ArrayLike, column_direction: ArrayLike) -> EdgeLetters:
    """Name the patient directions at the edges of an image as it is shown.

    Parameters
    ----------
    row_direction, column_direction : (3,) array_like of float
        Where the picture goes to the right, and where it goes down. Negate or swap them for a
        picture that is flipped or turned.
    """
    right = np.asarray(row_direction, dtype=np.float64)
    down = np.asarray(column_direction, dtype=np.float64)
    return EdgeLetters(
        left=direction_letters(-right),
        right=direction_letters(right),
        top=direction_letters(-down),
        bottom=direction_letters(down),
    )


def plane_name(row_direction: ArrayLike, column_direction: ArrayLike) -> str:
    """Name the plane of an image: axial, coronal, sagittal, oblique, or empty if unknown.

    A plane counts as oblique when its normal is more than 37 degrees from every patient axis.
    """
    normal = slice_normal(row_direction, column_direction)
    if normal is None:
        return ""
    axis = int(np.argmax(np.abs(normal)))
    return ("sagittal", "coronal", "axial")[axis] if abs(normal[axis]) >= _PLANE else "oblique"


def is_orthogonal(row_direction: ArrayLike, column_direction: ArrayLike) -> bool:
    """Whether two directions are unit vectors at a right angle, within 0.001."""
    rows, columns = np.asarray(row_direction, float), np.asarray(column_direction, float)
    lengths = np.array([np.linalg.norm(rows), np.linalg.norm(columns)])
    return bool(np.all(np.abs(lengths - 1) < 1e-3) and abs(float(rows @ columns)) < 1e-3)


def position_along(normal: ArrayLike, position: ArrayLike) -> float:
    """Place of a slice along the normal in mm: ImagePositionPatient . normal."""
    return float(np.dot(np.asarray(position, float), np.asarray(normal, float)))


def analyse_positions(positions: Sequence[float]) -> PositionSpacing:
    """Find the step between slices, and what is wrong with it.

    Parameters
    ----------
    positions : sequence of float
        Places along the normal in mm, ascending.
    """
    gaps = np.diff(np.asarray(positions, dtype=np.float64))
    real = gaps[gaps > _SAME_PLACE]
    duplicates = int(gaps.size - real.size)
    if real.size == 0:
        return PositionSpacing(float("nan"), duplicates == 0, 0, duplicates)
    median = float(np.median(real))
    if bool(np.all(np.abs(real - median) <= _EVEN * median)):
        return PositionSpacing(float(real.mean()), duplicates == 0, 0, duplicates)
    for step in (median, float(real.min())):
        missing = _missing(real, step)
        if missing:
            break
    else:
        step = median
    wide = np.abs(gaps - step) > _EVEN * step
    after = tuple(np.flatnonzero(wide & (gaps > _SAME_PLACE)).tolist())
    return PositionSpacing(step, False, missing, duplicates, after)


def _missing(gaps: NDArray[np.float64], step: float) -> int:
    """Slices that are absent if `step` is their distance; 0 when it cannot be.

    Not with more holes than slices: these would be samples of something, not a stack.
    """
    steps = np.rint(gaps / step)
    if not np.all(steps >= 1) or not np.all(np.abs(gaps - steps * step) <= _EVEN * step):
        return 0
    missing = int(steps.sum()) - gaps.size
    return missing if missing <= gaps.size + 1 else 0


def make_affine(
    origin: ArrayLike,
    slice_step: ArrayLike,
    row_step: ArrayLike,
    column_step: ArrayLike,
) -> NDArray[np.float64]:
    """Build the map from voxel index ``(slice, row, column)`` to patient LPS mm.

    Parameters
    ----------
    origin : (3,) array_like of float
        Centre of voxel (0, 0, 0) in mm.
    slice_step, row_step, column_step : (3,) array_like of float
        From one slice, row or column to the next, in mm. The row step points down the image:
        the column direction times the first value of PixelSpacing.

    Returns
    -------
    (4, 4) ndarray of float64
        Read-only.

    References
    ----------
    DICOM PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1 (which takes column and row index).
    """
    affine = np.eye(4)
    affine[:3, :3] = np.stack([slice_step, row_step, column_step], axis=1)
    affine[:3, 3] = origin
    affine.setflags(write=False)
    return affine
