"""The weights in force: the trained ones with the edits applied in order, in Keras's variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from unetscope.domain.edits import Edit, apply_all
from unetscope.domain.errors import EditError
from unetscope.domain.graph import Graph
from unetscope.domain.history import Edits
from unetscope.domain.kernels import Weights


class WeightsInForce:
    """Keeps the variables of a Keras model equal to the trained weights plus the edits.

    Parameters
    ----------
    graph : Graph
        The network.
    layers : mapping of str to keras Layer
        Its Keras layers.
    trained : mapping of str to tuple of ndarray
        Its trained weights.
    """

    def __init__(
        self, graph: Graph, layers: Mapping[str, Any], trained: Mapping[str, Weights]
    ) -> None:
        self._graph = graph
        self._layers = layers
        self._trained = trained
        self._current: dict[str, Weights] = {}  # only layers that an edit touches
        self._steps: dict[str, list[tuple[Edits, Weights]]] = {}

    @property
    def differing(self) -> frozenset[str]:
        """Layers whose weights are other than trained."""
        return frozenset(
            name for name, now in self._current.items() if not _equal(now, self._trained[name])
        )

    def of(self, layer: str) -> Weights:
        """A layer's weights in force, read-only, in Keras order."""
        return self._current.get(layer, self._trained.get(layer, ()))

    def follow(self, edits: Edits) -> frozenset[str]:
        """Put these edits, and no others, in force; gives the layers whose weights changed.

        Raises
        ------
        EditError
            An edit does not fit. Nothing has changed.
        """
        by_layer: dict[str, list[Edit]] = {}
        for edit in edits:
            by_layer.setdefault(edit.layer, []).append(edit)
        wanted = {layer: self._edited(layer, tuple(some)) for layer, some in by_layer.items()}
        changed = set()
        for layer in {*self._current, *wanted}:
            new = wanted.get(layer, self._trained.get(layer, ()))
            if self._assign(layer, self.of(layer), new):
                changed.add(layer)
        self._current = wanted
        self._steps = {layer: steps for layer, steps in self._steps.items() if layer in wanted}
        return frozenset(changed)

    @contextmanager
    def trained_assigned(self) -> Iterator[None]:
        """Assign the trained weights for a while; afterwards the edited ones, bit for bit."""
        layers = tuple(self._current)
        for layer in layers:
            self._assign(layer, self._current[layer], self._trained[layer])
        try:
            yield
        finally:
            for layer in layers:
                self._assign(layer, self._trained[layer], self._current[layer])

    def _edited(self, layer: str, edits: Edits) -> Weights:
        """Apply a layer's edits, from the last state that they continue."""
        if layer not in self._graph:
            raise EditError(
                f"The network has no layer called {layer!r}.", "Choose one of its layers."
            )
        if layer not in self._trained and layer not in self._layers:
            first = layer.split(":")[0]
            raise EditError(f"{layer} is another call of {first}.", f"Edit {first}: they share.")
        steps = self._steps.get(layer, [])
        kept = [(some, held) for some, held in steps if edits[: len(some)] == some]
        known, weights = kept[-1] if kept else ((), self._trained.get(layer, ()))
        for i in range(len(known), len(edits)):
            weights = apply_all(self._graph[layer], weights, edits[i : i + 1])
            kept.append((edits[: i + 1], weights))
        self._steps[layer] = kept[-2:]
        return weights

    def _assign(self, layer: str, old: Weights, new: Weights) -> bool:
        changed = False
        for variable, before, after in zip(self._layers[layer].weights, old, new, strict=True):
            if before is not after and not _same_bits(before, after):
                variable.assign(after)
                changed = True
        return changed


def _same_bits(a: Any, b: Any) -> bool:
    return np.array_equal(a.view(np.uint32), b.view(np.uint32))


def _equal(some: Weights, others: Weights) -> bool:
    return all(a is b or _same_bits(a, b) for a, b in zip(some, others, strict=True))
