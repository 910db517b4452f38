"""The feature maps of a layer by what silencing each does to the mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.effects import Effects
from unetscope.domain.graph import POINTWISE, Graph

Doubles = NDArray[np.float64]
Names = Mapping[int, str]

_FOLLOWING = POINTWISE | {"BatchNormalization", "LayerNormalization", "GroupNormalization"}
_FOLLOWING |= {"Dropout", "SpatialDropout2D", "Relu"}


class RankKind(Enum):
    """What of the mask is looked at; the value is what people call it."""

    DICE = "Dice"
    PIXELS = "changed pixels"
    PROBABILITY = "change of probability"


@dataclass(frozen=True, slots=True)
class RankBy:
    """What feature maps are ranked by; part of the session.

    Attributes
    ----------
    label : int or None
        Of Dice, the class of the mask; None: the mean over all classes but the background.
    """

    kind: RankKind = RankKind.DICE
    label: int | None = None

    def said(self, names: Names, *, reference: bool) -> str:
        """What is ranked by, as a box offers it: ``Dice of CSF with the reference``."""
        if self.kind is not RankKind.DICE:
            return str(self.kind.value)
        against = "the reference" if reference else "the mask as it is"
        return f"{self.short(names)} with {against}"

    def short(self, names: Names) -> str:
        """The same in a sentence that says the rest: ``Dice of CSF``."""
        if self.kind is not RankKind.DICE:
            return str(self.kind.value)
        return "mean Dice" if self.label is None else f"Dice of {name_of(self.label, names)}"

    def number(self, value: float, *, change: bool = True) -> str:
        """A value as it is written; of Dice with its sign, as it is a change."""
        if np.isnan(value):
            return "–"
        if self.kind is RankKind.PIXELS:
            return f"{value:,.0f}"
        if self.kind is RankKind.PROBABILITY:
            return f"{value:.2g}"
        written = f"{value:+.3f}" if change else f"{value:.3f}"
        return written.replace("-", "−").replace("+0.000", "0.000").replace("−0.000", "0.000")


FIRST_RANK = RankBy()


def choices(labels: Sequence[int]) -> tuple[RankBy, ...]:
    """All that maps can be ranked by, for these classes."""
    classes = [RankBy(label=label) for label in labels] if len(labels) > 1 else []
    return (RankBy(), *classes, RankBy(RankKind.PIXELS), RankBy(RankKind.PROBABILITY))


def name_of(label: int, names: Names) -> str:
    """What a class is called."""
    return names.get(label, f"class {label}")


def labels_of(effects: Effects) -> tuple[int, ...]:
    """The classes of a mask, without the background, which is 0."""
    return tuple(range(1, effects.dice_with_current.shape[1]))


def dice_change(effects: Effects) -> Doubles:
    """Dice with a map silenced minus Dice now, ``(maps, classes)``; negative: the map helps.

    It is the Dice with the reference, or where effects were measured without one, with the mask as
    it is. NaN where nothing is measured, or neither mask nor reference holds the class.
    """
    if effects.dice_with_reference is not None and effects.dice_now is not None:
        change: Doubles = effects.dice_with_reference.astype(np.float64) - effects.dice_now
        return change
    return effects.dice_with_current.astype(np.float64) - 1.0


def change_by(effects: Effects, by: RankBy, labels: Sequence[int] | None = None) -> Doubles:
    """What silencing each map changes, ``(maps,)``; NaN where that is not known.

    Parameters
    ----------
    labels : sequence of int, optional
        The classes that count, and that a mean is taken over; when left out all, and of the mean
        all but the background.

    Returns
    -------
    change : (maps,) ndarray of float64
        Of Dice: with the map silenced minus now, so that it is negative where the map helps. Of
        pixels their number, of probability the mean over pixels and classes: never negative.
    """
    if by.kind is RankKind.PIXELS:
        pixels = effects.changed_pixels.astype(np.float64)
        return np.where(pixels < 0, np.nan, pixels)
    if by.kind is RankKind.PROBABILITY:
        return effects.mean_probability_change.astype(np.float64)
    table = dice_change(effects)
    if by.label is not None:
        known = 0 <= by.label < table.shape[1] and (labels is None or by.label in labels)
        return table[:, by.label] if known else np.full(len(table), np.nan)
    wanted = labels_of(effects) if labels is None else labels
    part = table[:, [label for label in wanted if label < table.shape[1]]]
    found = np.isfinite(part)
    sums, counts = np.where(found, part, 0.0).sum(axis=1), found.sum(axis=1)
    mean: Doubles = np.full(len(table), np.nan)
    np.divide(sums, counts, out=mean, where=counts > 0)
    return mean


def need_of(effects: Effects, by: RankBy, labels: Sequence[int] | None = None) -> Doubles:
    """How much the mask needs each map: the loss of Dice, else the change; NaN: not known."""
    change = change_by(effects, by, labels)
    return -change if by.kind is RankKind.DICE else change


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """How much the mask needs each map, as bars under pictures of the maps.

    Attributes
    ----------
    lengths : (maps,) ndarray of float64
        Shares of the greatest need, 0 to 1; NaN: not known.
    said : str
        What they are.
    stale : str
        Why they are not of what is shown now; empty if they are.
    """

    lengths: Doubles
    said: str
    stale: str


def bars_of(need: Doubles, by: RankBy, names: Names, stale: str = "") -> Bars | None:
    """Bars for the needs that `need_of` gives; None where nothing is known."""
    known = need[np.isfinite(need)]
    if not len(known):
        return None
    most = float(known.max())
    lengths = np.clip(need / most, 0.0, 1.0) if most > 0 else np.where(np.isfinite(need), 0.0, need)
    verb = f"{by.short(names)} lost" if by.kind is RankKind.DICE else by.short(names)
    said = f"bar: {verb} when silenced, up to {RankBy(by.kind).number(most, change=False)}"
    return Bars(lengths, f"{said} ({stale})" if stale else said, stale)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The feature maps of a layer, those first that the mask needs most.

    Attributes
    ----------
    labels : tuple of int
        The classes that a mean is taken over.
    change : (maps,) ndarray of float64
        As `change_by` gives it, by the number of the map.
    maps : tuple of int
        The maps for which it is known, ranked; equal ones by their number.
    """

    effects: Effects
    by: RankBy
    labels: tuple[int, ...]
    change: Doubles
    maps: tuple[int, ...]

    @property
    def layer(self) -> str:
        """The layer's name."""
        return self.effects.layer

    @property
    def has_reference(self) -> bool:
        """Whether Dice is that with a reference."""
        return self.effects.dice_with_reference is not None

    def rank_of(self, feature_map: int) -> int | None:
        """The place of a map, from 1; None where its effect is not known."""
        return self.maps.index(feature_map) + 1 if feature_map in self.maps else None

    def per_class(self, feature_map: int) -> dict[int, float]:
        """The change of Dice of each class for one map."""
        row = dice_change(self.effects)[feature_map]
        return {label: float(row[label]) for label in self.labels if label < len(row)}


def rank(effects: Effects, by: RankBy = FIRST_RANK, labels: Sequence[int] | None = None) -> Ranking:
    """Rank feature maps by what silencing each does.

    Parameters
    ----------
    effects : Effects
        As `LiveModel.effects` gives them.
    labels : sequence of int, optional
        The classes that a mean is taken over, for instance those that the reference has; all but
        the background when left out.
    """
    wanted = labels_of(effects) if labels is None else tuple(labels)
    need = need_of(effects, by, wanted)
    order = np.argsort(-need, kind="stable")  # NaN comes last
    known = int(np.isfinite(need).sum())
    maps = tuple(order[:known].tolist())
    return Ranking(effects, by, wanted, change_by(effects, by, wanted), maps)


def end_of_maps(graph: Graph, layer: str) -> str:
    """Where a layer's maps are what the network goes on with: after normalisation and activation.

    A map silenced before its normalisation is not nothing after it.
    """
    while True:
        readers = graph.consumers(layer)
        if len(readers) != 1 or graph[readers[0]].kind not in _FOLLOWING:
            return layer
        layer = readers[0]


def layers_to_rank(graph: Graph) -> tuple[str, ...]:
    """Layers that make 2-D feature maps, each at the end of its maps, the last one first.

    The outputs are left out: their maps are the classes themselves.
    """
    makers = [one.name for one in graph.layers if _makes_maps(graph, one.name)]
    ends = dict.fromkeys(end_of_maps(graph, name) for name in makers)
    return tuple(name for name in reversed(ends) if name not in graph.outputs)


def _makes_maps(graph: Graph, name: str) -> bool:
    layer = graph[name]
    has_kernel = any(len(spec.shape) >= 4 for spec in layer.weights)
    return has_kernel and len(layer.output_shape) == 4 and bool(layer.channels)
