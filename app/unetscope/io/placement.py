"""The order and the grid of a stack of DICOM slices, and what is doubtful about them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.geometry import (
    Grid,
    PositionSpacing,
    Vector,
    analyse_positions,
    is_orthogonal,
    make_affine,
    slice_normal,
    unit,
)
from unetscope.io.grouping import Slice, Stack

NO_POSITIONS = "The file does not say where the slices lie; they are in instance order."

_ASSUMED = 1.0  # mm, where the file gives no distance
_NAMED_GAPS = 3  # gaps that are named one by one


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """A stack in order, on its grid."""

    slices: tuple[Slice, ...]
    grid: Grid
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _Doubts:
    """Warnings collected on the way; `sure` falls with the first that touches geometry.

    `calibrated` falls with those that touch distances within a slice.
    """

    warnings: list[str]
    sure: bool = True
    calibrated: bool = True

    def add(self, sentence: str, *, calibrated: bool = True) -> None:
        self.warnings.append(sentence)
        self.sure = False
        self.calibrated &= calibrated


def place(stack: Stack) -> Placement:
    """Sort a stack by position along the normal and work out its grid.

    Parameters
    ----------
    stack : Stack
        Slices of one size and orientation, at least one.

    References
    ----------
    DICOM PS3.3 C.7.6.2.1.1: image position and orientation.
    """
    doubts = _Doubts(list(stack.warnings))
    slices = sorted(stack.slices, key=_file_order)
    axes = _axes(slices, doubts)
    positions = np.array([s.place for s in slices if s.place is not None], dtype=np.float64)
    if axes is None or len(positions) < len(slices):
        return _without_positions(slices, axes, doubts)

    rows, columns = axes
    normal = np.cross(rows, columns)
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    slices = [slices[i] for i in order]
    positions, along = positions[order], along[order]
    between = _between_slices(slices, along.tolist(), doubts)
    row_spacing, column_spacing = _pixel_spacing(slices, doubts)
    sideways = _sideways(positions, along, normal, min(row_spacing, column_spacing), doubts)
    _rescale_faults(slices, doubts)
    return Placement(
        tuple(slices),
        Grid(
            shape=_shape(slices),
            spacing=(between, row_spacing, column_spacing),
            affine=make_affine(
                positions[0],
                (normal + sideways) * between,
                columns * row_spacing,
                rows * column_spacing,
            ),
            row_direction=rows,
            column_direction=columns,
            positions=tuple(along.tolist()),
            has_orientation=True,
            sure=doubts.sure,
            calibrated=doubts.calibrated,
        ),
        tuple(doubts.warnings),
    )


def _file_order(piece: Slice) -> tuple[int, str, int]:
    return (piece.traits.instance, str(piece.image.path), piece.frame.index)


def _shape(slices: list[Slice]) -> tuple[int, int, int]:
    layout = slices[0].image.layout
    return (len(slices), layout.rows, layout.columns)


def _axes(slices: list[Slice], doubts: _Doubts) -> tuple[Vector, Vector] | None:
    """Row and column direction, at a right angle; None when the stack has no orientation."""
    orientation = slices[0].frame.orientation
    if orientation is None:
        return None
    rows = unit(orientation[:3])
    normal = slice_normal(orientation[:3], orientation[3:])
    if rows is None or normal is None:
        doubts.add("The orientation in the file has no meaning and is not used.", calibrated=False)
        return None
    if not is_orthogonal(orientation[:3], orientation[3:]):
        doubts.add(
            "Rows and columns are not at a right angle; the columns are turned to fit.",
            calibrated=False,
        )
    columns = np.cross(normal, rows)
    for axis in (rows, columns):
        axis.setflags(write=False)
    return rows, columns


def _without_positions(
    slices: list[Slice], axes: tuple[Vector, Vector] | None, doubts: _Doubts
) -> Placement:
    if axes is None:
        doubts.add("The file does not say how the slices lie in the patient.")
    else:
        doubts.add(NO_POSITIONS)
    rows, columns = axes or (np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    between = _between_slices(slices, [], doubts)
    row_spacing, column_spacing = _pixel_spacing(slices, doubts)
    _rescale_faults(slices, doubts)
    return Placement(
        tuple(slices),
        Grid(
            shape=_shape(slices),
            spacing=(between, row_spacing, column_spacing),
            affine=make_affine(
                np.zeros(3),
                np.cross(rows, columns) * between,
                columns * row_spacing,
                rows * column_spacing,
            ),
            row_direction=rows,
            column_direction=columns,
            positions=tuple(i * between for i in range(len(slices))),
            has_orientation=axes is not None,
            sure=False,
            calibrated=doubts.calibrated,
        ),
        tuple(doubts.warnings),
    )


def _between_slices(slices: list[Slice], along: list[float], doubts: _Doubts) -> float:
    """Distance between slices in mm: from their places along the normal, else by the header."""
    found = analyse_positions(along)
    frame = slices[0].frame
    if found.duplicates:
        doubts.add(f"{found.duplicates} duplicate slices lie where another one lies.")
    if found.missing:
        count = "1 slice is" if found.missing == 1 else f"{found.missing} slices are"
        doubts.add(f"{count} missing: the stack has a gap {_where(found, along)}.")
    elif not found.even and not found.duplicates:
        doubts.add(
            "The slices are not evenly spaced; distances across them are not exact. The step is "
            f"{found.step:.4g} mm, but another one {_where(found, along)}."
        )
    if math.isfinite(found.step):
        if found.even and _skips(found.step, frame.gap):
            doubts.add(
                f"The slices lie {found.step:.4g} mm apart, but the header says {frame.gap:.4g} "
                "mm: slices may be missing everywhere."
            )
        return found.step
    for value in (frame.gap, frame.thickness):
        if value is not None and math.isfinite(value) and abs(value) > 0:
            return abs(value)
    doubts.add(f"The distance between slices is unknown; {_ASSUMED:g} mm is assumed.")
    return _ASSUMED


def _where(found: PositionSpacing, along: list[float]) -> str:
    """Name the gaps by the slices at their sides, counted from 1, and their places."""
    named = [
        f"between slices {i + 1} and {i + 2} ({along[i]:.1f} to {along[i + 1]:.1f} mm)"
        for i in found.gaps[:_NAMED_GAPS]
    ]
    more = len(found.gaps) - len(named)
    return ", ".join(named) + (f" and at {more} more places" if more else "")


def _skips(step: float, stated: float | None) -> bool:
    """Whether slices lie two or more whole steps of the header apart."""
    if stated is None or not math.isfinite(stated) or stated <= 0:
        return False
    times = round(step / stated)
    return times >= 2 and abs(step - times * stated) <= 0.05 * stated


def _pixel_spacing(slices: list[Slice], doubts: _Doubts) -> tuple[float, float]:
    """Distances between rows and between columns in mm."""
    frame = slices[0].frame
    if frame.spacing is None:
        doubts.add(f"The pixel spacing is unknown; {_ASSUMED:g} mm is assumed.", calibrated=False)
        return (_ASSUMED, _ASSUMED)
    row, column = frame.spacing
    if not (0 < row < math.inf and 0 < column < math.inf):
        doubts.add(
            f"The pixel spacing in the file is {row:g} x {column:g} mm; {_ASSUMED:g} mm is "
            "assumed.",
            calibrated=False,
        )
        return (_ASSUMED, _ASSUMED)
    if not frame.calibrated:
        doubts.add(
            "The pixel spacing is not a distance in the patient; do not measure.",
            calibrated=False,
        )
    return (row, column)


def _sideways(
    positions: NDArray[np.float64],
    along: NDArray[np.float64],
    normal: Vector,
    pixel: float,
    doubts: _Doubts,
) -> Vector:
    """In-plane drift of the slices for each mm along the normal, (3,); 0 unless sheared.

    Half a pixel over the whole stack counts as straight.
    """
    straight = np.zeros(3)
    depth = along[-1] - along[0]
    if len(along) < 2 or depth <= 0:
        return straight
    in_plane = (positions - positions[0]) - np.outer(along - along[0], normal)
    if float(np.abs(in_plane).max()) <= pixel / 2:
        return straight
    drift = in_plane[-1] / depth
    left = in_plane - np.outer(along - along[0], drift)
    if float(np.abs(left).max()) > pixel / 2:
        doubts.add("The slices are shifted against each other; reformats are not exact.")
        return straight
    angle = math.degrees(math.atan(float(np.linalg.norm(drift))))
    doubts.add(
        f"The stack is sheared by {angle:.1f} degrees (a tilted gantry); reformats are skewed."
    )
    return np.asarray(drift, dtype=np.float64)


def _rescale_faults(slices: list[Slice], doubts: _Doubts) -> None:
    """Say which rescale values were not used; the geometry stays as sure as it was."""
    faulty = [s.frame.rescale.fault for s in slices if s.frame.rescale.fault]
    if faulty:
        count = "1 slice has" if len(faulty) == 1 else f"{len(faulty)} slices have"
        doubts.warnings.append(f"{count} {faulty[0]}; stored values are shown instead.")
