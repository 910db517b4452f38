"""What is told of the uncertainty of a slice, in numbers: by class, by zone, and beside errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from unetscope.domain.explaining.error_finding import ErrorFinding, judged
from unetscope.domain.explaining.on_grid import on_output
from unetscope.domain.explaining.uncertainty import (
    Floats,
    Region,
    Spread,
    Uncertainty,
    UncertaintyKind,
    UncertaintyQuestion,
    Zone,
)
from unetscope.domain.input_grid import Placement
from unetscope.domain.metrics import Labels


class Means(NamedTuple):
    """Means of one slice; NaN where there is nothing to take one of.

    Attributes
    ----------
    inside, border, whole : float
        As in `Zone`.
    pixels : int
        Of the mask, background left out.
    """

    inside: float
    border: float
    whole: float
    pixels: int

    def of(self, zone: Zone) -> float:
        """The mean of a zone."""
        return (self.inside, self.border, self.whole)[list(Zone).index(zone)]


def border_of(mask: Labels) -> Region:
    """Pixels of a mask that have another label than one of their four neighbours."""
    border = np.zeros(mask.shape, bool)
    rows, columns = mask[1:] != mask[:-1], mask[:, 1:] != mask[:, :-1]
    border[1:] |= rows
    border[:-1] |= rows
    border[:, 1:] |= columns
    border[:, :-1] |= columns
    return border


def means(values: Floats, mask: Labels, background: Collection[int] = (0,)) -> Means:
    """Means of ``(H, W)`` values over the zones of a mask; `background` are labels of no class."""
    inside = ~np.isin(mask, tuple(background))
    return Means(
        _mean(values, inside),
        _mean(values, border_of(mask)),
        _mean(values, np.ones(mask.shape, bool)),
        int(inside.sum()),
    )


class ClassNumbers(NamedTuple):
    """What is told of one class.

    Attributes
    ----------
    pixels : int
        Of the mask.
    mean_pixels, deviation : float
        Over the runs; NaN without any.
    mean : float
        Of the values where the mask shows it; NaN where it does not.
    """

    label: int
    pixels: int
    mean_pixels: float
    deviation: float
    mean: float


def by_class(found: Uncertainty, spread: Spread = Spread.DEVIATION) -> tuple[ClassNumbers, ...]:
    """Numbers of every label, a background included."""
    values, runs = found.values(spread), found.repeated
    rows = []
    for label in range(found.labels):
        area = found.mask == label
        counted = runs.pixels[:, label] if runs is not None and len(runs.pixels) else np.zeros(0)
        rows.append(
            ClassNumbers(
                label,
                int(area.sum()),
                float(counted.mean()) if counted.size else float("nan"),
                float(counted.std()) if counted.size else float("nan"),
                _mean(values, area),
            )
        )
    return tuple(rows)


def _mean(values: Floats, area: Region) -> float:
    return float(values[area].mean(dtype=np.float64)) if area.any() else float("nan")


# --------------------------------------------------------------------- beside errors


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Judge:
    """What a mask is judged by.

    Attributes
    ----------
    background : tuple of int
        Labels of no class.
    reference : (rows, columns) ndarray of uint8, or None
        Labels on the slice as acquired; None without a reference.
    classes : tuple of int
        Labels that the reference has something for.
    placement : Placement or None
        Where the slice lies in the network's input; needed with a reference.
    """

    background: tuple[int, ...] = (0,)
    reference: Labels | None = None
    classes: tuple[int, ...] = ()
    placement: Placement | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SliceNumbers:
    """What is told of one slice.

    Attributes
    ----------
    finding : ErrorFinding or None
        How uncertainty and errors go together; None without a reference.
    """

    means: Means
    classes: tuple[ClassNumbers, ...]
    finding: ErrorFinding | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SliceUncertaintyQuestion(UncertaintyQuestion):
    """The same of one slice of many, of which only numbers are wanted.

    The answer is a mapping from `Spread` to `SliceNumbers`; of the entropy alone there is one
    entry, `Spread.ENTROPY`.
    """

    of_many: ClassVar[bool] = True

    judge: Judge = Judge()


def numbers_of(found: Uncertainty, spread: Spread, judge: Judge) -> SliceNumbers:
    """Numbers of one slice."""
    values, finding = found.values(spread), None
    if judge.reference is not None and judge.placement is not None:
        size = (found.mask.shape[0], found.mask.shape[1])
        reference = on_output(judge.reference, judge.placement, size)
        where = judged(found.mask, reference, judge.classes, judge.background)
        finding = ErrorFinding.of(values, found.mask != reference, where)
    return SliceNumbers(
        means=means(values, found.mask, judge.background),
        classes=by_class(found, spread),
        finding=finding,
    )


def all_numbers(found: Uncertainty, judge: Judge) -> Mapping[Spread, SliceNumbers]:
    """Numbers of one slice, whatever is to be told of repeated runs."""
    known = (Spread.ENTROPY,) if found.kind is UncertaintyKind.ENTROPY else tuple(Spread)
    return {spread: numbers_of(found, spread, judge) for spread in known}
