"""Numbers about filters: from their weights, and from what they make of a slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.effects import Effects
from unetscope.domain.filter_gallery import FilterGallery, SortBy

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]

SMALL = 0.01  # of the layer's largest value: what counts as nothing for the sparsity
ZERO = 1e-6  # of the layer's largest value: a filter all below it is dead
ALIKE = 0.99  # cosine above which two filters are duplicates
LEAST_VALUES = 4  # of a filter: with fewer, any two are alike by chance
MOST_FILTERS = 4096  # that are compared each with each
STEADY = 0.01  # standard deviation, as a share of the mean, of a map that says nothing
MOST_OF_IT = 0.99  # share of positions

_ENDS = {"sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WeightStatistics:
    """What the weights of a layer's filters say.

    Attributes
    ----------
    norm : (filters,) ndarray of float32
        Root of the sum of squares.
    sparsity : (filters,) ndarray of float32
        Share of values below 1 % of the layer's largest, 0 to 1.
    zero : (filters,) ndarray of bool
        All values are practically 0.
    similar : (filters,) ndarray of intp, or None
        The filters in an order in which each stands beside the one most like it; None where there
        are too many to compare.
    duplicate_of : (filters,) ndarray of intp, or None
        The filter that is most like each, where the cosine is above 0.99; else -1. None where
        filters are not compared.
    """

    norm: Floats
    sparsity: Floats
    zero: Flags
    similar: Indices | None
    duplicate_of: Indices | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ActivationStatistics:
    """What the feature maps of a layer say about its filters, for one slice.

    Attributes
    ----------
    mean : (maps,) ndarray of float32
        Mean over all positions.
    dead : (maps,) ndarray of bool
        0 at every position.
    saturated : (maps,) ndarray of bool
        Practically the same value nearly everywhere.
    """

    mean: Floats
    dead: Flags
    saturated: Flags


def weight_statistics(kernels: Floats) -> WeightStatistics:
    """Measure the filters of a layer, ``(filters, input channels, *window)``.

    Takes some ten milliseconds for a layer of 512 × 512 kernels.
    """
    rows = np.nan_to_num(kernels.reshape(len(kernels), -1), posinf=0.0, neginf=0.0)
    size = np.abs(rows)
    largest = float(size.max(initial=0.0))
    norm: Floats = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    sparsity = (size < SMALL * largest).mean(axis=1) if largest else np.ones(len(rows))
    similar = duplicate = None
    if 1 < len(rows) <= MOST_FILTERS:
        cosine = _cosines(rows, norm)
        similar = _chain(cosine, int(norm.argmax()))
        if rows.shape[1] >= LEAST_VALUES:
            duplicate = _duplicates(cosine)
    return WeightStatistics(
        norm=norm,
        sparsity=sparsity.astype(np.float32),
        zero=size.max(axis=1) <= ZERO * largest,
        similar=similar,
        duplicate_of=duplicate,
    )


def activation_statistics(
    maps: Floats, activation: str | None = None, *, is_output: bool = False
) -> ActivationStatistics:
    """Measure the feature maps ``(*grid, maps)`` of a layer.

    Parameters
    ----------
    activation : str, optional
        The layer's function: one with two ends is saturated where it stays at one of them.
    is_output : bool
        The network's output is not judged: a mask may well be empty.
    """
    flat = maps.reshape(-1, maps.shape[-1])
    with np.errstate(invalid="ignore", over="ignore"):
        mean = flat.mean(axis=0, dtype=np.float32)
        low, high = flat.min(axis=0), flat.max(axis=0)
        finite = np.isfinite(low) & np.isfinite(high)
        steady = np.zeros(len(mean), bool)
        if not is_output and len(flat) > 1:
            steady = _steady(flat, mean) & finite
            if activation in _ENDS:
                bottom, top = _ENDS[activation]
                near = STEADY * (top - bottom)
                for at_end in (flat <= bottom + near, flat >= top - near):
                    steady |= (at_end.mean(axis=0) >= MOST_OF_IT) & finite
    dead = finite & (low == 0) & (high == 0)
    return ActivationStatistics(mean=mean, dead=dead, saturated=steady & ~dead)


def effect_of(effects: Effects, on_class: int | None) -> NDArray[np.float64]:
    """How much each map does: changed pixels, or 1 - Dice of a class; NaN where not measured."""
    if on_class is None:
        pixels = effects.changed_pixels.astype(np.float64)
        return np.where(pixels < 0, np.nan, pixels)
    table = effects.dice_with_current
    if not 0 <= on_class < table.shape[1]:
        return np.full(len(table), np.nan)
    return 1.0 - table[:, on_class].astype(np.float64)


def order_of(
    count: int,
    gallery: FilterGallery,
    weights: WeightStatistics | None,
    activation: ActivationStatistics | None,
    effect: NDArray[np.float64] | None,
) -> Indices:
    """The filters in the order asked for; those without a number come last, by index.

    Where nothing is known of what they are to be ordered by, they stay in the order of the layer.
    """
    by: NDArray[Any] | None = None
    if gallery.sort is SortBy.SIMILARITY and weights is not None and weights.similar is not None:
        by = np.empty(count)
        by[weights.similar] = np.arange(count)
    elif gallery.sort is SortBy.NORM and weights is not None:
        by = weights.norm
    elif gallery.sort is SortBy.SPARSITY and weights is not None:
        by = weights.sparsity
    elif gallery.sort is SortBy.ACTIVATION and activation is not None:
        by = activation.mean
    elif gallery.sort is SortBy.EFFECT:
        by = effect
    elif gallery.sort is SortBy.INDEX:
        by = np.arange(count, dtype=np.float64)
    if by is None or len(by) != count:
        return np.arange(count)
    return np.argsort(-by if gallery.descending else by, kind="stable")  # NaN comes last


def _cosines(rows: Floats, norm: Floats) -> Floats:
    length = np.where(norm > 0, norm, 1).astype(np.float32)
    unit: Floats = rows / length[:, None]
    result: Floats = unit @ unit.T
    np.fill_diagonal(result, -np.inf)
    return result


def _chain(cosine: Floats, start: int) -> Indices:
    """Go from filter to filter, each time to the most similar one that is left."""
    order = np.empty(len(cosine), np.intp)
    taken = np.zeros(len(cosine), bool)
    at = start
    for place in range(len(cosine)):
        order[place], taken[at] = at, True
        at = int(np.where(taken, -np.inf, cosine[at]).argmax())
    return order


def _duplicates(cosine: Floats) -> Indices:
    nearest = cosine.argmax(axis=1)
    alike = cosine[np.arange(len(cosine)), nearest] > ALIKE
    return np.where(alike, nearest, -1)


def _steady(flat: Floats, mean: Floats) -> Flags:
    """Maps above 0 nearly everywhere that hardly vary."""
    result: Flags = (flat > 0).mean(axis=0) >= MOST_OF_IT
    which = np.flatnonzero(result)
    if len(which):
        deviation = flat[:, which].std(axis=0)
        result[which] = deviation <= STEADY * np.abs(mean[which])
    return result
