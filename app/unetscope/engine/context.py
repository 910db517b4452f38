"""What every pass through one network shares: its nodes, kernels, memory, and the Keras layers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from unetscope.domain.edits import Edit
from unetscope.domain.history import Edits
from unetscope.domain.kernels import Weights
from unetscope.domain.network import Network
from unetscope.engine.folding import Array, Folded, norm_of
from unetscope.engine.memory import Memory
from unetscope.engine.program import Program, Unit
from unetscope.engine.pulse import pulse

Tensor = Any
KEPT_FOLDED = 16
MOST_FOLDED = 128 << 20  # bytes of edited kernels
KEPT_TRACES = 4


class Context:
    """Shared by all passes through one network."""

    def __init__(self, program: Program, network: Network, memory: Memory | None = None) -> None:
        self.program = program
        self.network = network
        self.memory = memory or Memory()
        self.variables = Variables(program, network)
        self._trained: dict[Unit, Folded] = {}
        self._edited: OrderedDict[tuple[object, ...], tuple[Folded, tuple[Edits, ...]]]
        self._edited = OrderedDict()
        self.donors: OrderedDict[tuple[object, ...], tuple[Any, Edit]] = OrderedDict()
        self._shortcuts: dict[int, Callable[[Tensor], Tensor] | None] = {}
        self._traced: dict[int, OrderedDict[tuple[object, ...], Any]] = {}

    def weights(self, layer: str, edits: Mapping[str, Edits]) -> Weights:
        """A layer's weights in Keras order, with these edits."""
        return self.network.weights(layer, edits.get(layer, ()))

    def folded(self, unit: Unit, edits: Mapping[str, Edits]) -> Folded:
        """A unit's kernels, with these edits; the trained ones are kept."""
        names = [self.program.nodes[i].layer for i in unit.layers]
        mine = tuple(edits.get(name, ()) for name in names)
        if not any(mine):
            if unit not in self._trained:
                self._trained[unit] = self._fold(unit, edits, self.memory.reserve)
            return self._trained[unit]
        key = (unit, *(tuple(map(id, some)) for some in mine))
        if key not in self._edited:
            self._edited[key] = (self._fold(unit, edits), mine)
            while len(self._edited) > KEPT_FOLDED or (
                len(self._edited) > 2 and self._bytes_edited() > MOST_FOLDED
            ):
                self._edited.popitem(last=False)
        self._edited.move_to_end(key)
        return self._edited[key][0]

    def _bytes_edited(self) -> int:
        return sum(folded.size for folded, _ in self._edited.values())

    def norm(self, node: int, edits: Mapping[str, Edits]) -> tuple[Array, Array]:
        """Scale and shift of a batch normalisation, with these edits."""
        name = self.program.nodes[node].layer
        return norm_of(self.program.keras(node), self.weights(name, edits))

    def _fold(
        self,
        unit: Unit,
        edits: Mapping[str, Edits],
        room: Callable[[int], bool] | None = None,
    ) -> Folded:
        norm = () if unit.norm is None else self.norm(unit.norm, edits)
        mine, layer = edits.get(unit.layer, ()), unit.layer

        def weights_of(filters: tuple[int, ...] | None) -> Weights:
            if filters is None:
                return self.network.weights(layer, mine)
            return self.network.filters(layer, mine, filters)

        shape = self.program.graph[layer].weights[0].shape
        return Folded(unit, shape, weights_of, norm, room)

    def call(
        self, node: int, tensors: Sequence[Tensor], edits: Mapping[str, Edits]
    ) -> tuple[Tensor, ...]:
        """Run a node that is no unit: by one operation where there is one, else by Keras."""
        pulse.beat()
        if node not in self._shortcuts:
            self._shortcuts[node] = self.program.shortcut(node)
        shortcut = self._shortcuts[node]
        if shortcut is not None:
            return (shortcut(tensors[0]),)
        self.variables.assign(self.program.nodes[node].layer, edits)
        key = tuple((tuple(tensor.shape), tensor.dtype) for tensor in tensors)
        traces = self._traced.setdefault(node, OrderedDict())
        if key not in traces:
            run = self.program.nodes[node].call
            assert run is not None
            function = tf.function(lambda *given: run(given), autograph=False)
            specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
            traces[key] = function.get_concrete_function(*specs)
            while len(traces) > KEPT_TRACES:
                traces.popitem(last=False)
        traces.move_to_end(key)
        return tuple(traces[key](*tensors))


class Variables:
    """The Keras layers' own variables, assigned only where Keras itself is to run with edits."""

    def __init__(self, program: Program, network: Network) -> None:
        self._layers = program.layers
        self._network = network
        self._assigned: dict[str, Edits] = {}

    def assign(self, layer: str, edits: Mapping[str, Edits]) -> None:
        """Give a layer the weights that these edits leave it with."""
        wanted = edits.get(layer, ())
        if self._assigned.get(layer, ()) == wanted:
            return
        arrays = self._network.weights(layer, wanted)
        for variable, array in zip(self._layers[layer].weights, arrays, strict=True):
            variable.assign(array)
        self._assigned[layer] = wanted

    def restore(self, edits: Mapping[str, Edits]) -> None:
        """Give every layer that was ever assigned the weights that these edits leave it with."""
        for layer in tuple(self._assigned):
            self.assign(layer, edits)
