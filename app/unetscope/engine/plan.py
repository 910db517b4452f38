"""Which nodes a change makes stale, and one traced function for every set of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from unetscope.engine.introspect import Anatomy, Node, Read

Tensor = Any
Outputs = tuple[Tensor, ...]
MAX_SUFFIXES = 64
MAX_SIZES = 4


class Suffix:
    """Runs a set of nodes from the activations at its border: traced once, then reused.

    The variables are captured, so that new weights need no new trace.

    Parameters
    ----------
    nodes : sequence of Node
        All nodes of the network.
    stale : iterable of int
        Indices of the nodes to run.
    """

    def __init__(self, nodes: Sequence[Node], stale: Iterable[int]) -> None:
        self._nodes = nodes
        self.stale = tuple(sorted(stale))
        inside = frozenset(self.stale)
        reads = dict.fromkeys(read for i in self.stale for read in nodes[i].reads)
        self.border: tuple[Read, ...] = tuple(read for read in reads if read[0] not in inside)
        self._traced: dict[tuple[object, ...], Any] = {}

    def __call__(self, values: dict[int, Outputs]) -> dict[int, Outputs]:
        """Run the nodes; ``values`` holds at least every node at the border."""
        border = [values[node][output] for node, output in self.border]
        key = tuple((tuple(tensor.shape), tensor.dtype) for tensor in border)
        if key not in self._traced:  # another image size
            if len(self._traced) >= MAX_SIZES:
                self._traced.clear()
            specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in border]
            function = tf.function(self._trace, autograph=False)
            self._traced[key] = function.get_concrete_function(*specs)
        return dict(zip(self.stale, self._traced[key](*border), strict=True))

    def _trace(self, *border: Tensor) -> list[Outputs]:
        known: dict[Read, Tensor] = dict(zip(self.border, border, strict=True))
        results: list[Outputs] = []
        for i in self.stale:
            node = self._nodes[i]
            assert node.call is not None
            outputs = node.call([known[read] for read in node.reads])
            known.update({(i, k): tensor for k, tensor in enumerate(outputs)})
            results.append(outputs)
        return results


class Plan:
    """The network as nodes: what a change reaches, and how to run that again."""

    def __init__(self, anatomy: Anatomy) -> None:
        self.nodes = anatomy.nodes
        self.inputs = anatomy.inputs
        self.index = {node.name: i for i, node in enumerate(anatomy.nodes)}
        self._calls: dict[str, list[int]] = {}
        for i, node in enumerate(anatomy.nodes):
            self._calls.setdefault(node.layer, []).append(i)
        self._suffixes: OrderedDict[frozenset[int], Suffix] = OrderedDict()

    @property
    def computed(self) -> frozenset[int]:
        """Indices of all nodes that are run: all but the inputs."""
        return frozenset(i for i, node in enumerate(self.nodes) if node.call is not None)

    def reached(self, layers: Iterable[str]) -> frozenset[int]:
        """Indices of every call of these layers, and of all they reach: one sweep."""
        found = {i for layer in layers for i in self._calls.get(layer, ())}
        if found:
            for i in range(min(found), len(self.nodes)):
                if not found.isdisjoint(self.nodes[i].sources):
                    found.add(i)
        return frozenset(found)

    def suffix(self, stale: frozenset[int]) -> Suffix:
        """Give the function that runs exactly these nodes; the last ones used are kept."""
        if stale not in self._suffixes:
            self._suffixes[stale] = Suffix(self.nodes, stale)
            while len(self._suffixes) > MAX_SUFFIXES:
                self._suffixes.popitem(last=False)
        self._suffixes.move_to_end(stale)
        return self._suffixes[stale]
