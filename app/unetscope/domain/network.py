"""A trained network as data: its graph and its weights, with or without Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.edits import Edit, Touched, apply_all
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.kernels import Weights, layout_of

KEPT_STATES = 4  # of each layer: enough for before and after a gesture, and one step back


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which network: its file and the fingerprint the answer must belong to."""

    path: Path
    fingerprint: str


@dataclass(slots=True, eq=False)
class _State:
    """One layer's weights after some edits of it."""

    edits: tuple[Edit, ...]
    weights: Weights
    touched: frozenset[Touched] = frozenset()
    differs: bool | None = None  # not known yet


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
    _states: dict[str, list[_State]] = field(default_factory=dict, init=False, repr=False)

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
        """Give a layer's weights with the edits applied; EditError when one does not fit.

        The last states of each layer are kept, so that the next edit of a drag costs one copy.
        """
        return self._state(layer, edits).weights

    def edited_layers(self, edits: Iterable[Edit]) -> frozenset[str]:
        """Names of the layers whose weights differ from the trained ones."""
        edits = tuple(edits)
        touched = {edit.layer for edit in edits if edit.changes_weights}
        return frozenset(name for name in touched if self.differs(name, edits))

    def differs(self, layer: str, edits: Iterable[Edit]) -> bool:
        """Whether the edits leave any value of this layer other than it was trained."""
        state = self._state(layer, edits)
        if state.differs is None:
            parts = _parts(self.graph[layer], state.touched)
            pairs = list(zip(state.weights, self.trained[layer], strict=True))
            state.differs = any(
                a is not b and not all(np.array_equal(a[part], b[part]) for part in parts(a))
                for a, b in pairs
            )
        return state.differs

    def _state(self, layer: str, edits: Iterable[Edit]) -> _State:
        mine = tuple(edit for edit in edits if edit.layer == layer and edit.changes_weights)
        held = self._states.get(layer, [])
        states = [state for state in held if mine[: len(state.edits)] == state.edits]
        start = states[-1] if states else _State((), self.trained.get(layer, ()), differs=False)
        for i in range(len(start.edits), len(mine)):
            weights = apply_all(self.graph[layer], start.weights, mine[i : i + 1])
            start = _State(mine[: i + 1], weights, start.touched | {mine[i].touched})
            states.append(start)
        if mine:
            others = [state for state in held if state not in states]
            self._states[layer] = [*others, *states][-KEPT_STATES:]
        return start

    def __reduce__(self) -> tuple[object, ...]:
        return Network, (self.path, self.fingerprint, self.name, self.graph, self.trained)


def _parts(
    layer: Layer, touched: Iterable[Touched]
) -> Callable[[NDArray[np.float32]], list[tuple[int | slice, ...]]]:
    """Tell for each weight array of a layer which parts of it the edits can have changed."""
    layout = layout_of(layer)
    kernels = layer.weights[0].shape if layer.weights else ()

    def of(array: NDArray[np.float32]) -> list[tuple[int | slice, ...]]:
        if layout is None or array.shape != kernels:
            return [()]  # all of it: small
        return [layout.index(part.in_channel, part.filter) for part in touched]

    return of
