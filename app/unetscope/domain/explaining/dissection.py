"""Which structure each feature map of a layer follows: network dissection over a whole series."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.label_counts import (
    SHARES,
    Counts,
    Floats,
    Indices,
    SliceCounts,
    is_learned,
)
from unetscope.domain.explaining.question import Question
from unetscope.domain.metrics import Labels

TOP = 0.005
"""The share above the one threshold that Bau et al. use: the 99.5 % quantile."""
LEAST = 0.1
"""The overlap (IoU) from which on a map is said to follow a label; Bau et al. ask for 0.04."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DissectSlice(Question):
    """Compare a layer's maps with labels, in one slice of many.

    Without thresholds it is a first look, and the answer is `values_of` the maps; with them it is
    `SliceCounts`.

    Attributes
    ----------
    layer : str
        The layer whose maps are compared.
    labels : (H, W) ndarray of uint8, or None
        None for the network's own mask, as it is in force.
    grid : str or None
        The layer on whose grid the labels lie, such as an input; left out, the network's output,
        or its input where the output has no grid.
    thresholds : (maps, n) ndarray of float32, or None
        From `thresholds_of`.
    """

    of_many: ClassVar[bool] = True

    layer: str
    labels: Labels | None = None
    grid: str | None = None
    thresholds: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tally:
    """What is counted so far, slice by slice.

    Attributes
    ----------
    layer : str
    thresholds : (maps, n) ndarray of float32
    slices : frozenset of int
        Those that are counted.
    learned, tested : SliceCounts
        Sums over the slices that thresholds are chosen on, and over the others.
    followed : (maps, n, labels) ndarray of int64
        Slices in which a map above a threshold overlaps a label by `LEAST` or more.
    holding : (labels,) ndarray of int64
        Slices that hold the label.
    """

    layer: str
    thresholds: Floats
    slices: frozenset[int] = frozenset()
    learned: SliceCounts
    tested: SliceCounts
    followed: Counts
    holding: Counts

    @classmethod
    def start(cls, layer: str, thresholds: Floats) -> Tally:
        """Nothing is counted yet."""
        nothing = np.zeros((*thresholds.shape, 1), np.int64)
        none = SliceCounts(nothing, np.zeros(1, np.int64))
        return cls(
            layer=layer,
            thresholds=thresholds,
            learned=none,
            tested=none,
            followed=nothing,
            holding=none.sizes,
        )

    def with_slice(self, index: int, counts: SliceCounts) -> Tally:
        """The same with one slice more; ModelError where it is of another layer or other maps."""
        if counts.both.shape[:2] != self.thresholds.shape:
            raise ModelError(
                f"{self.layer} gave {len(counts.both)} maps, but {len(self.thresholds)} before.",
                "Start the comparison again.",
            )
        learned, tested = self.learned, self.tested
        if is_learned(index):
            learned = SliceCounts(*_added(learned, counts))
        else:
            tested = SliceCounts(*_added(tested, counts))
        followed = (_iou(counts.both, counts.sizes) >= LEAST).astype(np.int64)
        return replace(
            self,
            slices=self.slices | {index},
            learned=learned,
            tested=tested,
            followed=_sum(self.followed, followed),
            holding=_sum(self.holding, (counts.sizes > 0).astype(np.int64)),
        )

    def dissection(self) -> Dissection:
        """What follows from what is counted so far.

        Raises
        ------
        ModelError
            Nothing is counted yet.
        """
        if not self.slices:
            raise ModelError("No slice is compared yet.", "Give at least one slice.")
        every = SliceCounts(*_added(self.learned, self.tested))
        labels = len(every.sizes)
        learned, tested = (_widened(one, labels) for one in (self.learned, self.tested))
        holds = [one.sizes > 0 for one in (learned, tested)]
        source = SliceCounts(
            np.where(holds[0], learned.both, tested.both),
            np.where(holds[0], learned.sizes, tested.sizes),
        )  # where the even slices lack a label, all that is known of it is in the odd ones
        seen = _iou(source.both, source.sizes)
        best = np.where(np.isfinite(seen), seen, -1.0).argmax(axis=1)  # (maps, labels)
        held_out = holds[0] & holds[1]
        on_others = _at(_iou(tested.both, tested.sizes), best)
        chosen = _at(seen, best)
        top = int(np.argmin(np.abs(np.asarray(SHARES) - TOP)))
        top = min(top, self.thresholds.shape[1] - 1)
        followed = _at(_padded(self.followed, labels).astype(np.float64), best)
        holding = _padded(self.holding, labels)
        return Dissection(
            layer=self.layer,
            slices=len(self.slices),
            iou=np.where(held_out, on_others, chosen),
            chosen_iou=chosen,
            top_iou=_iou(every.both, every.sizes)[:, top],
            thresholds=np.take_along_axis(self.thresholds, best, axis=1),
            shares=np.divide(
                followed, holding, out=np.full(followed.shape, np.nan), where=holding > 0
            ),
            held_out=held_out,
            pixels=every.sizes,
        )


@dataclass(frozen=True, slots=True)
class Follows:
    """The label that a map follows best.

    Attributes
    ----------
    map, label : int
    iou : float
        The overlap, 0 to 1; see `Dissection.iou`.
    """

    map: int
    label: int
    iou: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dissection:
    """How well each map of a layer, above a threshold, overlaps each label over a series.

    The overlap is intersection over union (IoU), of all slices together. For each map and label the
    threshold with the highest overlap is taken; being the best of many, that overlap flatters. So
    it is chosen on every other slice (the first, the third, ...), and told is the overlap on
    the slices between, which had no say. Those are the same patient's, and much alike: it is no
    promise for another patient.

    Attributes
    ----------
    layer : str
    slices : int
        How many were compared.
    iou : (maps, labels) ndarray of float64
        On the slices that had no say; where a label is only in one half of the slices, on that half
        (see `held_out`). NaN where no slice holds the label.
    chosen_iou : (maps, labels) ndarray of float64
        On the slices that the threshold was chosen on: never believe it alone.
    top_iou : (maps, labels) ndarray of float64
        Above the one threshold that leaves 0.5 % of the map, as in the paper, on all slices.
    thresholds : (maps, labels) ndarray of float32
        In units of the map.
    shares : (maps, labels) ndarray of float64
        Of the slices that hold the label, the share in which the overlap is 0.1 or more.
    held_out : (labels,) ndarray of bool
        Whether `iou` is of slices that had no say.
    pixels : (labels,) ndarray of int64
        Of each label, in all slices, on the labels' grid.

    References
    ----------
    Bau et al., Network Dissection, CVPR 2017.
    """

    layer: str
    slices: int
    iou: NDArray[np.float64]
    chosen_iou: NDArray[np.float64]
    top_iou: NDArray[np.float64]
    thresholds: Floats
    shares: NDArray[np.float64]
    held_out: NDArray[np.bool_]
    pixels: Counts

    @property
    def maps(self) -> int:
        """How many maps the layer has."""
        return len(self.iou)

    def best(self, feature_map: int, among: Iterable[int] | None = None) -> Follows | None:
        """The label that a map follows best; None where it overlaps none of them at all.

        Parameters
        ----------
        feature_map : int
        among : iterable of int, optional
            Labels to choose from; all but 0, which usually is the background, when left out.
        """
        chosen = self.chosen_iou[feature_map]
        known = range(1, len(chosen)) if among is None else sorted({*among})
        known = [label for label in known if 0 <= label < len(chosen) and chosen[label] > 0]
        if not known:
            return None
        label = max(known, key=lambda each: chosen[each])
        iou = float(self.iou[feature_map, label])
        return Follows(feature_map, label, iou) if iou > 0 else None

    def ranked(self, among: Iterable[int] | None = None) -> tuple[Follows, ...]:
        """Each map with the label that it follows best, the highest overlap first."""
        labels = None if among is None else tuple(among)
        found = (self.best(index, labels) for index in range(self.maps))
        return tuple(sorted((one for one in found if one), key=lambda one: (-one.iou, one.map)))

    def following(self, among: Collection[int] | None = None) -> int:
        """How many maps follow some label: an overlap of 0.1 or more."""
        return sum(one.iou >= LEAST for one in self.ranked(among))


# ---------------------------------------------------------------------- sums


def _iou(both: Counts, sizes: Counts) -> NDArray[np.float64]:
    """Intersection over union for ``(maps, n, labels)``; NaN where a label is nowhere."""
    above = both.sum(axis=-1, keepdims=True)
    union = above + sizes - both
    found = np.full(both.shape, np.nan)
    np.divide(both, union, out=found, where=(sizes > 0) & (union > 0))
    return found


def _at(values: NDArray[np.float64], best: Indices) -> NDArray[np.float64]:
    """Of ``(maps, n, labels)`` the value at one threshold for each map and label."""
    return np.take_along_axis(values, best[:, None, :], axis=1)[:, 0]


def _padded(some: Counts, labels: int) -> Counts:
    """The same for more labels, that nothing was counted for."""
    return np.pad(some, [(0, 0)] * (some.ndim - 1) + [(0, labels - some.shape[-1])])


def _widened(some: SliceCounts, labels: int) -> SliceCounts:
    return SliceCounts(_padded(some.both, labels), _padded(some.sizes, labels))


def _sum(one: Counts, other: Counts) -> Counts:
    """The sum of what was counted for as many labels as either has."""
    labels = max(one.shape[-1], other.shape[-1])
    return _padded(one, labels) + _padded(other, labels)


def _added(one: SliceCounts, other: SliceCounts) -> tuple[Counts, Counts]:
    return _sum(one.both, other.both), _sum(one.sizes, other.sizes)
