"""What a Keras model is made of: the only module that touches Keras's private names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras.src import tree
from keras.src.models.functional import operation_fn
from keras.src.ops.function import make_node_key

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Graph, Layer, Shape, WeightSpec
from unetscope.domain.kernels import Weights
from unetscope.domain.model_config import call_name, in_order
from unetscope.domain.network import Network

Tensor = Any
Read = tuple[int, int]  # index of the node that gives a tensor, and which of its outputs


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One call of a layer or operation, ready to be run alone.

    Attributes
    ----------
    name, layer : str
        The node's name, and that of the layer it calls.
    reads : tuple of (node index, output index)
        The tensors it reads, in argument order.
    call : callable or None
        Takes those tensors and gives all outputs, at inference; None for an input.
    """

    name: str
    layer: str
    reads: tuple[Read, ...]
    call: Callable[[Sequence[Tensor]], tuple[Tensor, ...]] | None

    @property
    def sources(self) -> frozenset[int]:
        """Indices of the nodes it reads."""
        return frozenset(index for index, _ in self.reads)


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """A Keras model taken apart.

    Attributes
    ----------
    nodes : tuple of Node
        In topological order, one for every layer of ``graph`` at the same position.
    graph : Graph
        The same as data.
    inputs : tuple of int
        Indices of the input nodes, in the model's own order.
    layers : dict of str to Layer
        The Keras layers (and operations) by name.
    """

    nodes: tuple[Node, ...]
    graph: Graph
    inputs: tuple[int, ...]
    layers: dict[str, Any]


def anatomy_of(model: Any, name: str = "The model") -> Anatomy:
    """Take a functional or sequential model apart.

    Raises
    ------
    ModelError
        It is neither, or was never built.
    """
    function = getattr(model, "_functional", None) if _is(model, "Sequential") else model
    if function is None or not hasattr(function, "operations"):
        raise ModelError(
            f"{name} is no functional or sequential model with a known input shape.",
            "Give it an Input layer, or rebuild it as a functional model.",
        )
    kept: dict[str, Any] = {}
    for operation in function.operations:
        calls = 0
        for i, node in enumerate(operation._inbound_nodes):
            if make_node_key(operation, i) in function._nodes:
                kept[call_name(operation.name, calls)] = node
                calls += 1
    made_by = {
        id(tensor): (key, output)
        for key, node in kept.items()
        for output, tensor in enumerate(node.output_tensors)
    }
    sources = {key: [made_by[id(t)][0] for t in node.input_tensors] for key, node in kept.items()}
    order = in_order(sources)
    index = {key: i for i, key in enumerate(order)}
    nodes, layers = [], []
    for key in order:
        node = kept[key]
        made = [made_by[id(t)] for t in node.input_tensors]
        reads = tuple((index[source], output) for source, output in made)
        is_input = not node.input_tensors
        nodes.append(Node(key, node.operation.name, reads, None if is_input else _caller(node)))
        layers.append(_layer(key, node, tuple(sources[key])))
    outputs = [made_by[id(tensor)][0] for tensor in function.outputs]
    inputs = tuple(index[made_by[id(tensor)][0]] for tensor in function.inputs)
    operations = {operation.name: operation for operation in function.operations}
    return Anatomy(tuple(nodes), Graph(layers, outputs), inputs, operations)


def network_of(model: Any, anatomy: Anatomy, path: Path, fingerprint: str) -> Network:
    """Describe a model that Keras opened: the same as reading its file without Keras."""
    trained = {
        name: read_weights(layer)
        for name, layer in anatomy.layers.items()
        if getattr(layer, "weights", None)
    }
    return Network(path, fingerprint, str(model.name), anatomy.graph, trained)


def read_weights(layer: Any) -> Weights:
    """Copy a layer's weights in Keras order as read-only float32."""
    arrays = []
    for variable in layer.weights:
        array = np.array(np.asarray(variable), np.float32)
        array.flags.writeable = False
        arrays.append(array)
    return tuple(arrays)


def _caller(node: Any) -> Callable[[Sequence[Tensor]], tuple[Tensor, ...]]:
    run = operation_fn(node.operation, training=False)
    symbols = [id(tensor) for tensor in node.input_tensors]

    def call(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        args, kwargs = node.arguments.fill_in(dict(zip(symbols, tensors, strict=True)))
        return tuple(tree.flatten(run(*args, **kwargs)))

    return call


def _layer(key: str, node: Any, inputs: tuple[str, ...]) -> Layer:
    operation = node.operation
    is_first = key == operation.name
    weights = list(getattr(operation, "weights", ())) if is_first else []
    trainable = getattr(operation, "trainable_weights", ()) if is_first else ()
    shape: Shape = tuple(node.output_tensors[0].shape)
    return Layer(
        name=key,
        kind=type(operation).__name__,
        output_shape=shape,
        inputs=inputs,
        weights=tuple(WeightSpec(str(w.name), tuple(w.shape)) for w in weights),
        trainable=sum(_size(w.shape) for w in trainable),
        config=_config(operation),
    )


def _config(operation: Any) -> dict[str, object]:
    """A layer's attributes as plain data, which can cross to another process."""
    if not isinstance(operation, keras.layers.Layer):
        return {"name": operation.name}
    try:
        config = operation.get_config()
    except (NotImplementedError, TypeError, ValueError):
        return {"name": operation.name}
    return {str(key): _plain(value) for key, value in config.items()}


def _plain(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value)


def _size(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _is(model: Any, kind: str) -> bool:
    return type(model).__name__ == kind
