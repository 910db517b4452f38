"""A trained network as data: its graph and its weights, with or without Keras."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unetscope.domain.edits import Edit, apply_all
from unetscope.domain.graph import Graph
from unetscope.domain.kernels import Weights


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which network: its file and the fingerprint the answer must belong to."""

    path: Path
    fingerprint: str


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The trained network. Compared by identity; its arrays are read-only.

    Attributes
    ----------
    path : Path
        The file it came from, which is never overwritten.
    fingerprint : str
        ``sha256:`` and the hash of the file.
    name : str
        The model's own name.
    graph : Graph
        Its layers.
    trained : mapping of str to tuple of ndarray
        The weights of each layer in Keras order, as they were trained.
    """

    path: Path
    fingerprint: str
    name: str
    graph: Graph
    trained: Mapping[str, Weights]

    @property
    def ref(self) -> ModelRef:
        """What names it in a request to the engine."""
        return ModelRef(self.path, self.fingerprint)

    @property
    def input_channels(self) -> int:
        """Channels of the image the network takes; 1 where it does not say."""
        inputs = [layer for layer in self.graph.layers if layer.kind == "InputLayer"]
        return (inputs[0].channels or 1) if inputs else 1

    def weights(self, layer: str, edits: Iterable[Edit] = ()) -> Weights:
        """Give a layer's weights with the edits applied; EditError when one does not fit."""
        return apply_all(self.graph[layer], self.trained.get(layer, ()), edits)

    def edited_layers(self, edits: Iterable[Edit]) -> frozenset[str]:
        """Names of the layers whose weights differ from the trained ones."""
        edits = tuple(edits)
        touched = {edit.layer for edit in edits}
        return frozenset(name for name in touched if self.differs(name, edits))

    def differs(self, layer: str, edits: Iterable[Edit]) -> bool:
        """Whether the edits leave any value of this layer other than it was trained."""
        pairs = zip(self.trained.get(layer, ()), self.weights(layer, edits), strict=True)
        return any(not np.array_equal(before, after) for before, after in pairs)
