"""How well masks agree with a reference: the numbers of a class, a slice and a whole series.

What a number is, and where there is none, is defined here; `unetscope.evaluation` measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ClassLabel
from unetscope.domain.comparing import Counts

NAN = float("nan")
EVEN = 0.05  # share of the median by which a step between slices may differ from it

NEITHER = "Neither the mask nor the reference holds this class."
ONLY_MASK = "The reference does not hold this class, so there is no surface to measure to."
ONLY_REFERENCE = "The mask does not hold this class, so there is no surface to measure from."
UNEVEN = "The slices are not evenly spaced, so distances are measured within slices only."
UNCALIBRATED = "Lengths in mm are not known in this series: distances within slices are in pixels."
NO_DEPTH = "The distance between slices is not known, so there are no distances across them."
NO_VOLUME = "The size of a voxel is not known in this series, so voxels are counted."
NOT_MEASURED = "Not measured yet."


class Measure(Enum):
    """What a curve shows and what slices are ordered by; the value is what people call it."""

    DICE = "Dice"
    IOU = "IoU"
    HD95 = "HD95"
    DISTANCE = "Mean surface distance"
    DIFFERENCE = "Volume difference"

    @property
    def is_overlap(self) -> bool:
        """Whether it goes from 0 to 1, more being better; else it is 0 at best."""
        return self in (Measure.DICE, Measure.IOU)


class Lesions(NamedTuple):
    """Pieces of a class that hang together.

    Attributes
    ----------
    found, missed : int
        Pieces of the reference that share a voxel with the mask, and that do not.
    extra : int
        Pieces of the mask that share none with the reference.
    """

    found: int
    missed: int
    extra: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """How well one class agrees, in one slice or in all of them.

    Attributes
    ----------
    index, name : int, str
        Of the class, as the model card has it.
    voxels, reference_voxels, shared : int
        Of the mask, of the reference, and of both.
    volume, reference_volume : float
        In mL; NaN where `why_no_volume` says why.
    hd95, distance : float
        95 % Hausdorff distance and mean surface distance, in the unit of the evaluation; NaN
        where `why_no_distance` says why.
    lesions : Lesions or None
        None where they were not counted.
    """

    index: int
    name: str
    voxels: int
    reference_voxels: int
    shared: int
    volume: float = NAN
    reference_volume: float = NAN
    hd95: float = NAN
    distance: float = NAN
    lesions: Lesions | None = None
    why_no_distance: str = NOT_MEASURED
    why_no_volume: str = ""

    @property
    def dice(self) -> float:
        """Twice the shared voxels over those of both, 0 to 1; NaN where neither has any."""
        both = self.voxels + self.reference_voxels
        return 2 * self.shared / both if both else NAN

    @property
    def iou(self) -> float:
        """Shared voxels over those of either, 0 to 1; NaN where neither has any."""
        either = self.voxels + self.reference_voxels - self.shared
        return self.shared / either if either else NAN

    @property
    def why_no_overlap(self) -> str:
        """Why there is no Dice and no IoU; empty where there are."""
        return "" if self.voxels or self.reference_voxels else NEITHER

    @property
    def difference(self) -> float:
        """Volume of the mask less that of the reference, in mL; NaN where it is not known."""
        return self.volume - self.reference_volume

    def value(self, measure: Measure) -> float:
        """One of the numbers."""
        return {
            Measure.DICE: self.dice,
            Measure.IOU: self.iou,
            Measure.HD95: self.hd95,
            Measure.DISTANCE: self.distance,
            Measure.DIFFERENCE: self.difference,
        }[measure]


@dataclass(frozen=True, slots=True)
class SliceScore:
    """The classes of one slice; distances are those within it."""

    index: int
    classes: tuple[ClassScore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A mask measured against a reference.

    Attributes
    ----------
    classes : tuple of ClassScore
        Of all slices that are known, in the order that was asked for.
    slices : tuple of SliceScore
        Of these slices one by one.
    total : int
        How many slices the series has.
    unit : str
        Of the distances: ``mm`` or ``px``.
    neighbours : int
        Voxels of one lesion touch each other by a face (6), an edge (18) or a corner (26).
    """

    classes: tuple[ClassScore, ...]
    slices: tuple[SliceScore, ...]
    total: int
    unit: str = "mm"
    neighbours: int = 26

    def curve(self, measure: Measure, label: int) -> NDArray[np.float64]:
        """One class in every slice, ``(total,)``; NaN where it is not known or not defined."""
        curve = np.full(self.total, np.nan)
        for scored in self.slices:
            for score in scored.classes:
                if score.index == label:
                    curve[scored.index] = score.value(measure)
        return curve


@runtime_checkable
class HasGeometry(Protocol):
    """What must be known of a series to measure in it; a `SeriesSource` knows it."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Between slices, rows and columns, in mm."""

    @property
    def geometry_sure(self) -> bool:
        """Whether distances in mm can be trusted."""

    @property
    def calibrated(self) -> bool:
        """Whether distances within a slice are known in mm of the patient."""

    def position(self, index: int) -> float:
        """Position of a slice along the normal, in mm."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What can be measured on the grid of a series.

    Attributes
    ----------
    spacing : (float, float, float)
        Between slices, rows and columns; in pixels where `unit` says so.
    thickness : tuple of float
        What each slice stands for along the normal, in mm; empty where that is not known.
    no_depth : str
        Why there are no distances across slices; empty where there are.
    """

    spacing: tuple[float, float, float]
    thickness: tuple[float, ...] = ()
    unit: str = "mm"
    no_depth: str = ""

    @classmethod
    def even(cls, spacing: Sequence[float], slices: int) -> Grid:
        """A grid whose three distances, in mm, are sure."""
        between, row, column = map(float, spacing)
        return cls((between, row, column), (between,) * slices)

    @classmethod
    def of(cls, series: HasGeometry) -> Grid:
        """The grid of a series, with what is not sure about it."""
        between, row, column = series.spacing
        slices = series.shape[0]
        if not series.calibrated or min(row, column) <= 0:
            return cls((1.0, 1.0, 1.0), unit="px", no_depth=UNCALIBRATED)
        if series.geometry_sure and between > 0:
            return cls.even(series.spacing, slices)
        places = np.array([series.position(index) for index in range(slices)], float)
        steps = np.abs(np.diff(places))
        if not len(steps) or not np.isfinite(steps).all() or steps.min() <= 0:
            return cls((1.0, row, column), no_depth=NO_DEPTH)
        if (np.abs(steps - np.median(steps)) <= EVEN * np.median(steps)).all():
            return cls((1.0, row, column), no_depth=NO_DEPTH)  # not sure for another reason
        # a slice reaches half way to its neighbours, at the ends as far out as in
        sides = np.concatenate([steps[:1], steps, steps[-1:]])
        thickness = (sides[:-1] + sides[1:]) / 2
        return cls((1.0, row, column), tuple(map(float, thickness)), no_depth=UNEVEN)

    def volume(self, index: int) -> float:
        """Of one voxel of a slice, in mL; NaN where it is not known."""
        area = self.spacing[1] * self.spacing[2]
        return self.thickness[index] * area / 1000 if self.thickness else NAN


class Tally:
    """Voxels of each slice by class, counted slice by slice; overlap and volumes come of it.

    Parameters
    ----------
    classes : sequence of ClassLabel
        What is counted.
    grid : Grid
        Of the series, which has so many slices: `total`.
    """

    def __init__(self, classes: Sequence[ClassLabel], grid: Grid, total: int) -> None:
        self.classes = tuple(classes)
        self._grid = grid
        self._voxels = np.zeros((total, len(self.classes), 3), np.int64)  # mask, reference, shared
        self._known = np.zeros(total, bool)
        self._sizes = np.array([grid.volume(index) for index in range(total)])

    def __contains__(self, index: int) -> bool:
        return bool(self._known[index])

    @property
    def known(self) -> tuple[int, ...]:
        """The slices that are counted."""
        return tuple(np.flatnonzero(self._known).tolist())

    @property
    def count(self) -> int:
        """How many these are."""
        return int(self._known.sum())

    def put(self, index: int, table: Counts) -> None:
        """Count a slice: its voxels by reference label (row) and mask label (column)."""
        self._known[index] = True
        for at, label in enumerate(self.classes):
            self._voxels[index, at] = _of(table, label.index)

    def slice(self, index: int) -> tuple[ClassScore, ...]:
        """The classes of one slice."""
        voxels = self._voxels[index]
        return self._scores(voxels, voxels * self._sizes[index])

    def whole(self) -> tuple[ClassScore, ...]:
        """The classes of all slices that are counted."""
        volumes = np.einsum("sck,s->ck", self._voxels, np.where(self._known, self._sizes, 0.0))
        return self._scores(self._voxels.sum(axis=0), volumes)

    def curve(self, measure: Measure, label: int) -> NDArray[np.float64]:
        """One class in every slice, ``(total,)``; NaN where it is not known or not defined."""
        at = next((at for at, each in enumerate(self.classes) if each.index == label), None)
        curve = np.full(len(self._known), np.nan)
        if at is None or measure in (Measure.HD95, Measure.DISTANCE):
            return curve
        mask, reference, shared = self._voxels[:, at].T
        if measure is Measure.DIFFERENCE:
            curve = (mask - reference) * self._sizes
        else:
            below = mask + reference - (shared if measure is Measure.IOU else 0)
            above = shared if measure is Measure.IOU else 2 * shared
            np.divide(above, below, out=curve, where=below > 0)
        return np.where(self._known, curve, np.nan)

    def _scores(
        self, voxels: NDArray[np.int64], volumes: NDArray[np.float64]
    ) -> tuple[ClassScore, ...]:
        is_known = bool(self._grid.thickness)
        return tuple(
            ClassScore(
                index=label.index,
                name=label.name,
                voxels=int(voxels[at, 0]),
                reference_voxels=int(voxels[at, 1]),
                shared=int(voxels[at, 2]),
                volume=float(volumes[at, 0]) if is_known else NAN,
                reference_volume=float(volumes[at, 1]) if is_known else NAN,
                why_no_volume="" if is_known else NO_VOLUME,
            )
            for at, label in enumerate(self.classes)
        )


def _of(table: Counts, label: int) -> tuple[int, int, int]:
    """Voxels of a label: in the mask, in the reference, in both."""
    if label >= len(table):
        return 0, 0, 0
    return int(table[:, label].sum()), int(table[label].sum()), int(table[label, label])


def why_no_surfaces(score: ClassScore) -> str:
    """Why distances are not defined for a class; empty where they are."""
    if not score.voxels and not score.reference_voxels:
        return NEITHER
    if not score.reference_voxels:
        return ONLY_MASK
    return "" if score.voxels else ONLY_REFERENCE


def mean_curve(curves: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of curves ``(slices,)`` where any of them is known; NaN elsewhere."""
    if not curves:
        return np.zeros(0)
    stacked = np.stack(curves)
    known = np.isfinite(stacked)
    sums, number = np.where(known, stacked, 0.0).sum(axis=0), known.sum(axis=0)
    return np.where(number > 0, sums / np.maximum(number, 1), np.nan)


def worst_first(curve: NDArray[np.float64], measure: Measure) -> tuple[int, ...]:
    """Slices that have a number, the worst one first; of equal ones the lower first."""
    known = np.flatnonzero(np.isfinite(curve))
    badness = -curve[known] if measure.is_overlap else np.abs(curve[known])
    return tuple(int(known[at]) for at in np.argsort(-badness, kind="stable"))
