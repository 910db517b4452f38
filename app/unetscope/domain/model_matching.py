"""Two networks layer by layer: which layers belong together, and how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.graph import Graph, Layer
from unetscope.domain.kernels import Weights, times

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A layer with weights of one network, or of both.

    Attributes
    ----------
    here, there : str or None
        The layer's name in either network; None where it has no counterpart.
    by_name : bool
        They are called the same; else they were matched by kind, shapes and order.
    reason : str
        Why there is no counterpart; empty where there is one.
    """

    here: str | None
    there: str | None
    by_name: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far apart the weights of two layers are, all their arrays taken together.

    Attributes
    ----------
    rms : float
        Root mean square of the differences, dimensionless.
    relative : float
        Norm of the differences over the norm of the first: 0.1 is 10 %. Infinite where the first
        is all zero and the second is not.
    cosine : float
        Cosine between the two, -1 to 1; NaN where one is all zero.
    identical : bool
        The same to the bit.
    """

    rms: float
    relative: float
    cosine: float
    identical: bool


def match_layers(here: Graph, there: Graph) -> tuple[Match, ...]:
    """Pair the layers with weights: by name where the shapes agree, the others by order.

    Layers of the second network without a counterpart come last.
    """
    mine = [layer for layer in here.layers if layer.weights]
    others = [layer for layer in there.layers if layer.weights]
    named = {layer.name: layer for layer in others}
    found: dict[str, Match] = {}
    for layer in mine:
        other = named.get(layer.name)
        if other is not None and _shapes(layer) == _shapes(other):
            found[layer.name] = Match(layer.name, other.name)
    taken = {match.there for match in found.values()}
    rest = [layer for layer in mine if layer.name not in found]
    free = [layer for layer in others if layer.name not in taken]
    alike = SequenceMatcher(
        None, [_signature(layer) for layer in rest], [_signature(layer) for layer in free], False
    )
    for block in alike.get_matching_blocks():
        for step in range(block.size):
            one, other = rest[block.a + step], free[block.b + step]
            found[one.name] = Match(one.name, other.name, by_name=False)
    taken = {match.there for match in found.values()}
    matched = [found.get(layer.name) or _alone(layer, named) for layer in mine]
    missing = [
        Match(None, layer.name, reason="only in the other model")
        for layer in others
        if layer.name not in taken
    ]
    return (*matched, *missing)


def difference(here: Weights, there: Weights) -> Difference:
    """Compare the weights of two layers of the same shapes."""
    squares = np.zeros(4)
    identical = True
    for a, b in zip(here, there, strict=True):
        if identical:
            identical = np.array_equal(a.view(np.uint32), b.view(np.uint32))
        squares += _products(a.ravel(), b.ravel())
    mine, other, both, apart = squares.tolist()
    count = sum(array.size for array in here)
    norm = mine**0.5
    return Difference(
        rms=(apart / max(count, 1)) ** 0.5,
        relative=(apart**0.5 / norm) if norm else (0.0 if not apart else float("inf")),
        cosine=both / (mine * other) ** 0.5 if mine and other else float("nan"),
        identical=identical,
    )


def _products(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", over="ignore"):
        apart = a - b
        return np.array([np.vdot(a, a), np.vdot(b, b), np.vdot(a, b), np.vdot(apart, apart)], float)


def _shapes(layer: Layer) -> Shapes:
    return tuple(spec.shape for spec in layer.weights)


def _signature(layer: Layer) -> tuple[str, Shapes]:
    return layer.kind, _shapes(layer)


def _alone(layer: Layer, named: dict[str, Layer]) -> Match:
    other = named.get(layer.name)
    reason = "not in the other model"
    if other is not None:
        here, there = (times(each.weights[0].shape) for each in (layer, other))
        reason = f"of another shape: {here} here, {there} in the other model"
        if here == there:
            reason = "other weights beside the same kernels"
    return Match(layer.name, None, reason=reason)
