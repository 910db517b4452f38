"""A trained network as data: its graph and its weights, with or without Keras."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.edits import Edit, apply_all
from unetscope.domain.errors import EditError
from unetscope.domain.graph import Graph, WeightSpec
from unetscope.domain.kernels import Weights, layout_of
from unetscope.domain.stand_ins import Replacements

KEPT_STATES = 4  # of each layer: enough for before and after a gesture, and one step back


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which network: its file, the fingerprint the answer must belong to, what was replaced."""

    path: Path
    fingerprint: str
    replaced: Replacements = ()


@dataclass(slots=True, eq=False)
class _State:
    """One layer's weights after some edits of it."""

    edits: tuple[Edit, ...]
    weights: Weights
    differs: bool | None = None  # not known yet


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The trained network. Compared by identity; its arrays are read-only.

    Attributes
    ----------
    path : Path
        The file it came from, which is never overwritten.
    fingerprint : str
        ``sha256:`` and the hash of the file, and of what was replaced in it.
    name : str
        The model's own name.
    graph : Graph
        Its layers.
    trained : mapping of str to tuple of ndarray
        The weights of each layer in Keras order, as they were trained.
    replaced : tuple of Replacement
        Layers with code of their own, and what stands in for them.
    stored : str
        The fingerprint of the file alone; empty where nothing is replaced.
    """

    path: Path
    fingerprint: str
    name: str
    graph: Graph
    trained: Mapping[str, Weights]
    replaced: Replacements = ()
    stored: str = ""
    _states: dict[str, list[_State]] = field(default_factory=dict, init=False, repr=False)

    @property
    def ref(self) -> ModelRef:
        """What names it in a request to the engine."""
        return ModelRef(self.path, self.fingerprint, self.replaced)

    @property
    def file_fingerprint(self) -> str:
        """What `fingerprint_of` gives for its file, as long as that stays what it was."""
        return self.stored or self.fingerprint

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
        mine = self._mine(layer, edits)
        which = self._filters_touched(layer, mine)
        if which is not None:
            pairs = zip(
                self.filters(layer, mine, which), self.filters(layer, (), which), strict=True
            )
            return not all(_same_bits(a, b) for a, b in pairs)
        state = self._state(layer, mine)
        if state.differs is None:
            trained = self.trained[layer]
            state.differs = not all(map(_same_bits, state.weights, trained))
        return state.differs

    def filters(self, layer: str, edits: Iterable[Edit], which: Sequence[int]) -> Weights:
        """Some filters of a convolution with the edits applied, without a copy of all the others.

        Returns
        -------
        weights : tuple of ndarray
            As `weights` gives them, with these filters only.
        """
        known, mine = self.graph[layer], self._mine(layer, edits)
        layout = layout_of(known)
        assert layout is not None

        def some(array: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
            return array.take(list(which), axis)

        touched = self._filters_touched(layer, mine)
        whole = self.trained[layer] if touched is not None else self.weights(layer, mine)
        few = (some(whole[0], layout.filter_axis), *(some(array, 0) for array in whole[1:]))
        if touched is None or not mine:
            return few
        specs = zip(known.weights, few, strict=True)
        small = replace(known, weights=tuple(WeightSpec(s.name, a.shape) for s, a in specs))
        place = {index: at for at, index in enumerate(which)}
        moved = [
            edit.of_filter(place[index]) for edit in mine if (index := edit.touched.filter) in place
        ]
        return apply_all(small, few, moved)

    def forget(self, edits: Iterable[Edit]) -> None:
        """Drop the states that one of these edits has a part in; they can be made again."""
        dropped = set(map(id, edits))
        for layer, held in self._states.items():
            self._states[layer] = [
                state for state in held if dropped.isdisjoint(map(id, state.edits))
            ]

    def _mine(self, layer: str, edits: Iterable[Edit]) -> tuple[Edit, ...]:
        return tuple(edit for edit in edits if edit.layer == layer and edit.changes_weights)

    def _filters_touched(self, layer: str, mine: Sequence[Edit]) -> tuple[int, ...] | None:
        """Which filters the edits can change; None where all, or where one does not fit."""
        layout = layout_of(self.graph[layer])
        if layout is None or layout.depthwise or layout.separable:
            return None
        found = set()
        for edit in mine:
            index = edit.touched.filter
            whole = isinstance(index, int) and not isinstance(index, bool)
            if not whole or index is None or not 0 <= index < layout.filters:
                return None
            found.add(index)
        return tuple(sorted(found))

    def _state(self, layer: str, edits: Iterable[Edit]) -> _State:
        mine = self._mine(layer, edits)
        held = self._states.get(layer, [])
        states = [state for state in held if mine[: len(state.edits)] == state.edits]
        start = states[-1] if states else _State((), self.trained.get(layer, ()), differs=False)
        for i in range(len(start.edits), len(mine)):
            weights = apply_all(self.graph[layer], start.weights, mine[i : i + 1])
            start = _State(mine[: i + 1], weights)
            states.append(start)
        if mine:
            others = [state for state in held if state not in states]
            self._states[layer] = [*others, *states][-KEPT_STATES:]
        return start

    def __reduce__(self) -> tuple[object, ...]:
        return Network, tuple(getattr(self, each.name) for each in fields(self) if each.init)


def check_edits(network: Network, edits: Iterable[Edit]) -> None:
    """Raise EditError when one of the edits does not fit the network."""
    edits = tuple(edits)
    for name in dict.fromkeys(edit.layer for edit in edits):
        if name not in network.graph:
            raise EditError(f"{network.path.name} has no layer called {name}.")
    for edit in edits:
        if not edit.changes_weights:
            edit.apply_to(network.graph[edit.layer], ())
    for name in dict.fromkeys(edit.layer for edit in edits if edit.changes_weights):
        network.weights(name, edits)


def _same_bits(some: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two arrays are the same to the bit: 0 and -0 are not."""
    if some is other:
        return True
    return np.array_equal(some.view(np.uint32), other.view(np.uint32))
