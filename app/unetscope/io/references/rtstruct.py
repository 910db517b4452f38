"""RTSTRUCT: contours of structures, filled on the slices of a series.

References
----------
DICOM PS3.3 C.8.8.5 (Structure Set), C.8.8.6 (ROI Contour), C.8.8.6.3 (inner contours).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.codes import Code
from unetscope.domain.errors import Cancelled
from unetscope.domain.reference import Reference, Segment
from unetscope.domain.sources import SeriesSource
from unetscope.domain.tags import short
from unetscope.io.dicom_values import items, text, whole
from unetscope.io.notices import noticing
from unetscope.io.references.contours import Contour, TooDetailedError, fill
from unetscope.io.references.half_read import HalfRead
from unetscope.io.references.item_walk import Part, Walk
from unetscope.io.references.placing import MOST_SEGMENTS, MOST_VOXELS, OVERLAP, UNSURE, Collected
from unetscope.io.references.planes import NoPlaceError, Planes
from unetscope.io.references.refusal import DAMAGED, NotMasksError
from unetscope.io.references.structure_values import code_of, colour_of_rgb

_FILLED = frozenset(("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "INTERPOLATED_PLANAR"))
_KINDS = {
    "POINT": "points",
    "OPEN_PLANAR": "open contours",
    "OPENPLANAR_XOR": "open contours",
    "OPEN_NONPLANAR": "open contours",
}
_CONTOURS, _CONTOUR_KIND, _CONTOUR_DATA = 0x30060040, 0x30060042, 0x30060050
_ROI_NUMBER, _ROI_COLOUR = 0x30060084, 0x3006002A
_NOTHING = (0, 0)
_PARALLEL = 0.9998  # cosine: within 1.1 degrees
_TIE = 1e-4  # mm
_EVEN = 0.05
_MOST_DIRECTIONS = 8
_FARTHEST = 1e7  # mm

Points = NDArray[np.float64]


@dataclass(slots=True)
class _Structure:
    """A structure of the file and its closed contours."""

    segment: Segment
    contours: list[Contour] = field(default_factory=list)


def lay_contours(
    path: Path,
    opened: HalfRead,
    series: SeriesSource,
    notes: list[str],
    cancelled: Callable[[], bool],
) -> Reference:
    """Fill the contours of an RTSTRUCT on the slices of a series.

    Raises
    ------
    NotMasksError
        It is damaged, or has nothing that can be filled.
    StudyError
        Nothing is known of where the slices lie, or no contour is there.
    Cancelled
        If told to stop.
    """
    grid = Planes.of_series(series)
    left_out: Counter[str] = Counter()
    structures = _structures(opened, left_out, cancelled)
    if not any(structure.contours for structure in structures):
        raise NotMasksError("it has no closed contours", "Choose one with outlined structures.")
    filling = _Filling(grid, series.shape, cancelled)
    try:
        for structure in structures:
            filling.fill(structure, left_out)
    except TooDetailedError as error:
        raise NotMasksError("its contours have too many corners", DAMAGED) from error
    notes = [*notes, *filling.notes(), *_left_out(left_out)]
    if not series.geometry_sure:
        notes.append(UNSURE)
    segments = [structure.segment for structure in structures]
    return filling.collected.reference(path.name, "RTSTRUCT", segments, notes)


def _left_out(left_out: Counter[str]) -> list[str]:
    if not left_out:
        return []
    listed = ", ".join(f"{kind} ({count})" for kind, count in sorted(left_out.items()))
    return [f"Left out: {listed}."]


def _structures(
    opened: HalfRead, left_out: Counter[str], cancelled: Callable[[], bool]
) -> list[_Structure]:
    names, codes = _described(opened)
    walk = opened.walk
    outlined = list(walk.items(opened.part))
    if len(outlined) > MOST_SEGMENTS:
        raise NotMasksError(f"it claims {len(outlined)} structures", DAMAGED)
    found: dict[int, _Structure] = {}
    for place, item in enumerate(outlined, start=1):
        parts = dict(walk.elements(item))
        own = _whole(walk.decimals(parts.get(_ROI_NUMBER, _NOTHING)))
        own = place if own is None else own
        colour = colour_of_rgb(walk.decimals(parts.get(_ROI_COLOUR, _NOTHING)).tolist())
        number = own if own > 0 else max(found, default=0) + place  # 0 stands for none
        name = names.get(own) or f"Structure {own}"
        structure = found.setdefault(
            number, _Structure(Segment(number, short(name), colour, codes.get(own)))
        )
        for contour in walk.items(parts.get(_CONTOURS, _NOTHING)):
            if cancelled():
                raise Cancelled
            _take(structure, walk, contour, left_out)
    return [structure for structure in found.values() if structure.contours]


def _described(opened: HalfRead) -> tuple[dict[int | None, str], dict[int | None, Code | None]]:
    """Names of structures by their number, and their codes."""
    with noticing([]):
        names = {
            whole(item, "ROINumber"): text(item, "ROIName")
            for item in items(opened.dataset, "StructureSetROISequence")
        }
        codes = {
            whole(item, "ReferencedROINumber"): code_of(item, "RTROIIdentificationCodeSequence")
            for item in items(opened.rest or {}, "RTROIObservationsSequence")
        }
    return names, codes


def _whole(found: NDArray[np.float64]) -> int | None:
    usable = found.size == 1 and 0 <= found[0] < 2**31 and found[0] == found[0] // 1
    return int(found[0]) if usable else None


def _take(structure: _Structure, walk: Walk, contour: Part, left_out: Counter[str]) -> None:
    """Add a contour to its structure, or count it among what is left out."""
    parts = dict(walk.elements(contour))
    kind = walk.text(parts.get(_CONTOUR_KIND, _NOTHING)).upper()
    if kind not in _FILLED:
        left_out[_KINDS.get(kind, "contours of unknown kind")] += 1
        return
    flat = walk.decimals(parts.get(_CONTOUR_DATA, _NOTHING))
    if flat.size == 0 or flat.size % 3 or not (np.abs(flat) < _FARTHEST).all():
        left_out["damaged contours"] += 1
    elif (made := Contour.through(flat.reshape(-1, 3))) is None:
        left_out["contours that enclose nothing"] += 1
    else:
        structure.contours.append(made)


class _Filling:
    """Contours as they are filled, slice by slice.

    Parameters
    ----------
    grid : Planes
        Slices of the series.
    shape : tuple of int
        Of the series.
    cancelled : callable
        Answers True to stop.
    """

    def __init__(
        self, grid: Planes, shape: tuple[int, int, int], cancelled: Callable[[], bool]
    ) -> None:
        self._grid = grid
        self._cancelled = cancelled
        self._outside = self._all = 0
        self._oblique: list[str] = []
        self._apart: dict[str, float] = {}
        self._taken: dict[int, NDArray[np.uint8]] = {}  # bits of each slice in some structure
        self._own: dict[int, NDArray[np.uint8]] = {}  # and in the one that is being filled
        self._overlap = False
        self.collected = Collected(shape)

    def notes(self) -> list[str]:
        """What must be known about how they were filled."""
        found = []
        if self._outside:
            found.append(
                f"{self._outside} of {self._all} contours lie, wholly or in part, outside the "
                "series and are left out there."
            )
        if self._apart:
            widest = max(self._apart.values())
            found.append(
                f"Contours lie up to {widest:.3g} mm apart, wider than the slices; each slice has "
                "the nearest contour."
            )
        if self._overlap:
            found.append(OVERLAP)
        if self._oblique:
            found.append("Contours lie across the slices; they are filled in their own planes.")
        return found

    def fill(self, structure: _Structure, left_out: Counter[str]) -> None:
        """Fill the contours of one structure."""
        flat, others = [], []
        allowed = max(0.1, self._grid.step / 4)
        for each in structure.contours:
            along = each.points @ self._grid.normal
            parallel = abs(float(each.normal @ self._grid.normal)) >= _PARALLEL
            if parallel and float(along.max() - along.min()) <= allowed:
                flat.append(each)
            elif each.off <= allowed:
                others.append(each)
            else:
                left_out["contours that are not flat"] += 1
        if flat:
            self._fill_flat(structure.segment, flat)
        if others:
            self._fill_oblique(structure.segment, others, left_out)
        for index, bits in self._own.items():
            self._taken[index] = bits | self._taken.get(index, np.zeros_like(bits))
        self._own.clear()

    def _fill_flat(self, segment: Segment, contours: list[Contour]) -> None:
        """Fill contours parallel to the slices on the pixels of the series."""
        start = self._grid.origins[0]
        along = [float((each.points.mean(axis=0) - start) @ self._grid.normal) for each in contours]
        groups = _together(along, min(0.1, self._grid.step / 5))
        places = np.array([np.mean([along[n] for n in group]) for group in groups])
        apart = _gap(places)
        if apart is not None and apart > 1.01 * self._grid.step:
            self._apart[segment.name] = apart
        half = max(apart or 0.0, self._grid.step) / 2
        into = self._grid.inverse
        slices = self._grid.along()
        for index, place in enumerate(slices):
            if self._cancelled():
                raise Cancelled
            off = place - places
            nearest = int(np.argmin(np.abs(off + _TIE)))
            if not -half - _TIE <= off[nearest] < half - _TIE:
                continue
            corners = [
                ((contours[n].points - self._grid.origins[index]) @ into.T)[:, 1:]
                for n in groups[nearest]
            ]
            self._keep(segment.number, index, fill(corners, self._grid.shape[1:]))
        self._count(contours, groups, places, half)

    def _keep(self, number: int, index: int, mask: NDArray[np.bool_]) -> None:
        """Add pixels of a slice to a structure, and see whether another one has them."""
        self.collected.add(number, index, mask)
        if not self._overlap:
            bits = np.packbits(mask)
            before = self._taken.get(index)
            self._overlap = before is not None and bool((bits & before).any())
            self._own[index] = bits | self._own.get(index, np.zeros_like(bits))

    def _count(
        self,
        contours: list[Contour],
        groups: list[list[int]],
        places: NDArray[np.float64],
        half: float,
    ) -> None:
        """Count the contours that lie outside the series, wholly or in part."""
        slices = self._grid.along()
        reached = (places >= slices[0] - half - _TIE) & (places <= slices[-1] + half + _TIE)
        for group, inside in zip(groups, reached, strict=True):
            for n in group:
                at = ((contours[n].points - self._grid.origins[0]) @ self._grid.inverse.T)[:, 1:]
                over = (at < -0.5 - _TIE) | (at > np.array(self._grid.shape[1:]) - 0.5 + _TIE)
                self._all += 1
                self._outside += not inside or bool(over.any())

    def _fill_oblique(
        self, segment: Segment, contours: list[Contour], left_out: Counter[str]
    ) -> None:
        """Fill contours that cut the slices on a fine grid of their own, then sample that."""
        self._oblique.append(segment.name)
        for family in _families(contours, left_out):
            made = self._own_grid(family)
            if made is None:
                continue
            planes, layer = made
            for index in range(self._grid.shape[0]):
                if self._cancelled():
                    raise Cancelled
                picture = planes.cut_by(self._grid, index).of(layer)
                if picture is not None:
                    self._keep(segment.number, index, picture > 0)
            for each in family:
                self._all += 1
                self._outside += not bool(self._grid.holds(each.points).all())

    def _own_grid(self, family: list[Contour]) -> tuple[Planes, NDArray[np.uint8]] | None:
        normal = family[0].normal
        # the axis of the series that lies most in this plane is a good direction for its rows
        steps = np.stack([self._grid.column_step, self._grid.row_step, self._grid.normal])
        steps = steps / np.linalg.norm(steps, axis=1, keepdims=True)
        right = steps[int(np.argmin(np.abs(steps @ normal)))]
        right = right - (right @ normal) * normal
        right /= np.linalg.norm(right)
        down = np.cross(normal, right)
        pixel = min(self._grid.spacing) / 2
        every = np.concatenate([each.points for each in family])
        across = every @ np.stack([down, right], axis=1)
        low, high = across.min(axis=0) - pixel, across.max(axis=0) + pixel
        rows, columns = (int(n) + 1 for n in np.ceil((high - low) / pixel))
        along = [float(each.points.mean(axis=0) @ normal) for each in family]
        groups = _together(along, 0.1)
        if len(groups) * rows * columns > MOST_VOXELS:
            raise TooDetailedError
        places = np.array([np.mean([along[n] for n in group]) for group in groups])
        origins = places[:, np.newaxis] * normal + low[0] * down + low[1] * right
        step = _gap(places) or (
            float(np.diff(places).min()) if len(places) > 1 else self._grid.step
        )
        layer = np.zeros((len(groups), rows, columns), np.uint8)
        try:
            planes = Planes.of(origins, down * pixel, right * pixel, (rows, columns), step)
        except NoPlaceError:
            return None
        for place, which in enumerate(planes.order):
            if self._cancelled():
                raise Cancelled
            corners = [
                (family[n].points @ np.stack([down, right], axis=1) - low) / pixel
                for n in groups[which]
            ]
            layer[place] = fill(corners, (rows, columns))
        return planes, layer


def _families(contours: list[Contour], left_out: Counter[str]) -> list[list[Contour]]:
    """Sort contours by the direction of their planes."""
    families: list[list[Contour]] = []
    for each in contours:
        for family in families:
            if abs(float(family[0].normal @ each.normal)) >= _PARALLEL:
                family.append(each)
                break
        else:
            if len(families) < _MOST_DIRECTIONS:
                families.append([each])
            else:
                left_out["contours in too many directions"] += 1
    return families


def _together(places: list[float], within: float) -> list[list[int]]:
    """Group what lies at one place along the normal, in ascending order."""
    groups: list[list[int]] = []
    last = -np.inf
    for n in np.argsort(places, kind="stable").tolist():
        if places[n] - last > within:
            groups.append([])
            last = places[n]
        groups[-1].append(n)
    return groups


def _gap(places: NDArray[np.float64]) -> float | None:
    """Distance between contours that follow each other regularly; None when they do not.

    Only then may a contour stand for slices beside its own: of two lesions far apart it may not.
    """
    gaps = np.diff(places)
    if gaps.size < 2:
        return None
    smallest = float(gaps.min())
    even = np.abs(gaps - smallest) <= _EVEN * smallest
    return float(gaps[even].mean()) if 2 * int(even.sum()) > gaps.size else None
