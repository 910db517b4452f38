"""The weights in force: the trained ones with the edits applied in order, in Keras's variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from unetscope.domain.errors import EditError
from unetscope.domain.history import Edits
from unetscope.domain.kernels import Weights
from unetscope.domain.network import Network


class WeightsInForce:
    """Keeps the variables of a Keras model equal to the trained weights plus the edits.

    Parameters
    ----------
    network : Network
        The trained network.
    layers : mapping of str to keras Layer
        Its Keras layers.
    """

    def __init__(self, network: Network, layers: Mapping[str, Any]) -> None:
        self._network = network
        self._layers = layers
        self._edits: Edits = ()
        self._current: dict[str, Weights] = {}  # only layers that an edit touches

    @property
    def differing(self) -> frozenset[str]:
        """Layers whose weights are other than trained."""
        return self._network.edited_layers(self._edits)

    def of(self, layer: str) -> Weights:
        """A layer's weights in force, read-only, in Keras order."""
        return self._current.get(layer, self._trained(layer))

    def follow(self, edits: Edits) -> frozenset[str]:
        """Put these edits, and no others, in force; gives the layers whose weights changed.

        Raises
        ------
        EditError
            An edit does not fit. Nothing has changed.
        """
        wanted = {layer: self._edited(layer, edits) for layer in {edit.layer for edit in edits}}
        changed = set()
        for layer in {*self._current, *wanted}:
            new = wanted.get(layer, self._trained(layer))
            if self._assign(layer, self.of(layer), new):
                changed.add(layer)
        self._current, self._edits = wanted, edits
        return frozenset(changed)

    @contextmanager
    def trained_assigned(self) -> Iterator[None]:
        """Assign the trained weights for a while; afterwards the edited ones, bit for bit."""
        layers = tuple(self._current)
        for layer in layers:
            self._assign(layer, self._current[layer], self._trained(layer))
        try:
            yield
        finally:
            for layer in layers:
                self._assign(layer, self._trained(layer), self._current[layer])

    def _trained(self, layer: str) -> Weights:
        return self._network.trained.get(layer, ())

    def _edited(self, layer: str, edits: Edits) -> Weights:
        if layer not in self._network.graph:
            raise EditError(
                f"The network has no layer called {layer!r}.", "Choose one of its layers."
            )
        if layer not in self._network.trained and layer not in self._layers:
            first = layer.split(":")[0]
            raise EditError(f"{layer} is another call of {first}.", f"Edit {first}: they share.")
        return self._network.weights(layer, edits)

    def _assign(self, layer: str, old: Weights, new: Weights) -> bool:
        changed = False
        for variable, before, after in zip(self._layers[layer].weights, old, new, strict=True):
            if before is not after and not _same_bits(before, after):
                variable.assign(after)
                changed = True
        return changed


def _same_bits(a: Any, b: Any) -> bool:
    return np.array_equal(a.view(np.uint32), b.view(np.uint32))
