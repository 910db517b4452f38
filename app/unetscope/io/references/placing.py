"""Labelled planes, laid on the grid of a series by where both lie in the patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from unetscope.domain.errors import Cancelled, StudyError
from unetscope.domain.reference import (
    BitMask,
    Bools,
    PackedSlice,
    Reference,
    Segment,
    pack_slice,
)
from unetscope.domain.sources import SeriesSource
from unetscope.io.references.planes import Layer, Planes
from unetscope.io.references.refusal import DAMAGED, NotMasksError

MOST_SEGMENTS = 1000
MOST_VOXELS = 2**29  # of a file, in all its layers: half a gigabyte, or 2,000 slices of a CT
_MOST_BYTES = 2**29  # of the masks of all segments, packed
_COARSE = 1.25  # times the voxel of the series

OVERLAP = "Structures overlap; where they belong to two classes, the later class counts."
UNSURE = "The geometry of the series itself is unsure, so the masks may lie off."


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """What a file holds, on its own grid.

    Attributes
    ----------
    kind : str
        ``DICOM SEG``, ``NIfTI`` or ``NRRD``.
    segments : tuple of Segment
        The first one is labelled 1 in the layers, the next 2 and so on.
    layers : tuple of ndarray
        ``(planes, rows, columns)`` labels, 0 for none; several where segments overlap. Planes are
        in ascending order.
    planes : Planes
        Where they lie.
    notes : tuple of str
        What must be known about it.
    placed : bool
        False when the file does not say how it lies in the patient.
    """

    kind: str
    segments: tuple[Segment, ...]
    layers: tuple[Layer, ...]
    planes: Planes
    notes: tuple[str, ...] = ()
    placed: bool = True


class Collected:
    """The masks of segments as they are found, slice by slice.

    Parameters
    ----------
    shape : tuple of int
        Of the series.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._shape = shape
        self._slices: dict[int, dict[int, PackedSlice]] = {}
        self._bytes = 0

    def add(self, number: int, index: int, mask: Bools) -> None:
        """Add pixels of a slice to a segment; they may be none.

        Raises
        ------
        NotMasksError
            All together take too much memory.
        """
        if not mask.any():
            return
        slices = self._slices.setdefault(number, {})
        if index in slices:
            mask = mask.copy()
            BitMask(self._shape, slices).put_slice(index, mask, True)
            self._bytes -= slices[index][2].nbytes
        slices[index] = pack_slice(mask)
        self._bytes += slices[index][2].nbytes
        if self._bytes > _MOST_BYTES:
            raise NotMasksError("its structures do not fit into memory", DAMAGED)

    def reference(
        self, name: str, kind: str, segments: Sequence[Segment], notes: Sequence[str]
    ) -> Reference:
        """Make the reference; StudyError when nothing lies on the series."""
        masks = {
            segment.number: BitMask(self._shape, self._slices.get(segment.number, {}))
            for segment in segments
        }
        if not self._slices:
            raise StudyError(
                f"Nothing in {name} lies where the series is.",
                "Choose the series that it was drawn on.",
            )
        empty = [f"“{s.name}”" for s in segments if s.number not in self._slices]
        if empty:
            verb = "has" if len(empty) == 1 else "have"
            notes = (*notes, f"{_listed(empty)} {verb} no voxel on this series.")
        return Reference(
            name, kind, tuple(segments), self._shape, tuple(dict.fromkeys(notes)), masks
        )


def lay_on(
    found: Labelled, name: str, series: SeriesSource, cancelled: Callable[[], bool]
) -> Reference:
    """Sample labelled planes at the voxel centres of a series: the nearest pixel counts.

    Raises
    ------
    StudyError
        The place of one of the two is not known, or nothing lies on the series.
    Cancelled
        If told to stop.
    """
    notes = list(found.notes)
    planes, grid = _grids(found, series, notes)
    notes += _size_notes(planes, grid)
    notes += _outside_notes(found.layers, planes, grid)
    if len(found.layers) > 1 and _overlap(found.layers):
        notes.append(OVERLAP)
    if found.placed and not series.geometry_sure:
        notes.append(UNSURE)
    collected = Collected(series.shape)
    count = len(found.segments)
    for index in range(series.shape[0]):
        if cancelled():
            raise Cancelled
        cut = planes.cut_by(grid, index)
        for layer in found.layers:
            picture = cut.of(layer)
            if picture is None:
                continue
            seen = np.flatnonzero(np.bincount(picture.ravel(), minlength=count + 1)[1:])
            for label in seen.tolist():
                collected.add(found.segments[label].number, index, picture == label + 1)
    return collected.reference(name, found.kind, found.segments, notes)


def _grids(found: Labelled, series: SeriesSource, notes: list[str]) -> tuple[Planes, Planes]:
    """Planes of the masks and of the series, which must know alike how they lie."""
    if found.placed:
        return found.planes, Planes.of_series(series)
    grid = Planes.of_voxels(series)
    alike = sorted(found.planes.shape) == sorted(grid.shape) and found.planes.meets(grid)
    if series.has_orientation or not alike:
        raise StudyError(
            "The file does not say where its masks lie in the patient.",
            "Save it again with its orientation.",
        )
    notes.append("Neither file says how it lies in the patient; both are taken for one grid.")
    return found.planes, grid


def _overlap(layers: Sequence[Layer]) -> bool:
    """Whether a voxel is in more than one layer."""
    for planes in zip(*layers, strict=True):
        taken = planes[0] > 0
        for plane in planes[1:]:
            if (taken & (plane > 0)).any():
                return True
            taken |= plane > 0
    return False


def _size_notes(planes: Planes, grid: Planes) -> list[str]:
    """Say how coarse the masks are, where they are not of the grid of the series."""
    if planes.meets(grid):
        return []
    own, its = planes.spacing, grid.spacing
    size = " × ".join(f"{side:.3g}" for side in own)
    wanted = " × ".join(f"{side:.3g}" for side in its)
    if any(a > _COARSE * b for a, b in zip(sorted(own), sorted(its), strict=True)):
        return [f"It is coarser than the series: voxels of {size} mm, not of {wanted} mm."]
    return [f"It is on a grid of its own ({size} mm voxels); the nearest voxel counts."]


def _outside_notes(layers: Sequence[Layer], planes: Planes, grid: Planes) -> list[str]:
    """Say how much of the masks lies where the series is not."""
    _, rows, columns = planes.shape
    corners = np.array([(r, c) for r in (0, rows - 1) for c in (0, columns - 1)])
    total = outside = 0
    for plane in range(planes.shape[0]):
        any_label = layers[0][plane] > 0
        for layer in layers[1:]:
            any_label |= layer[plane] > 0
        voxels = int(np.count_nonzero(any_label))
        total += voxels
        if voxels and not grid.holds(planes.points(plane, corners[:, 0], corners[:, 1])).all():
            at = np.nonzero(any_label)
            outside += int(np.count_nonzero(~grid.holds(planes.points(plane, *at))))
    if not outside:
        return []
    share = 100 * outside / total
    said = "less than 1" if share < 1 else f"{share:.0f}"
    return [f"{said} % of its voxels lie outside the series and are left out."]


def _listed(names: Sequence[str]) -> str:
    most = 3
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
