"""What a Keras model is made of: the only module that touches Keras's private names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from unetscope.domain.model_config import call_name
from unetscope.domain.network import Network
from unetscope.domain.ordering import in_order

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
    """Take a functional or sequential model apart, nested models too: ``outer/inner``.

    Raises
    ------
    ModelError
        It is neither, or was never built.
    """
    whole = _Dissection()
    try:
        outputs = whole.take_apart(_function(model), "", 0, None)
    except _NotBuilt:
        raise ModelError(
            f"{name} is no functional or sequential model with a known input shape.",
            "Give it an Input layer, or rebuild it as a functional model.",
        ) from None
    graph = Graph(whole.described, [whole.nodes[i].name for i, _ in outputs])
    inputs = tuple(whole.inputs)
    return Anatomy(tuple(whole.nodes), graph, inputs, whole.layers)


class _NotBuilt(Exception):  # noqa: N818  (never seen outside)
    """A model without a graph of layers."""


def _function(model: Any) -> Any:
    """The graph of a functional model, or the one a sequential model makes of itself."""
    function = getattr(model, "_functional", None) if _is(model, "Sequential") else model
    if function is None or not hasattr(function, "operations"):
        raise _NotBuilt
    return function


class _Dissection:
    """What of a model has been taken apart so far."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.described: list[Layer] = []
        self.layers: dict[str, Any] = {}
        self.inputs: list[int] = []

    def take_apart(
        self, function: Any, prefix: str, number: int, given: Sequence[tuple[Read, Any]] | None
    ) -> list[Read]:
        """Append the nodes of a model, in topological order; gives its outputs.

        Parameters
        ----------
        function : keras.Model
            The model, or a nested one.
        prefix, number
            What its layers' names begin with, and which call of it this is.
        given : sequence of (read, symbolic tensor), optional
            What a nested model is called on; None for the whole model.
        """
        kept: dict[str, tuple[Any, int]] = {}
        counts: dict[str, int] = {}
        for operation in function.operations:
            for i, node in enumerate(operation._inbound_nodes):
                if make_node_key(operation, i) in function._nodes:
                    call = counts.get(operation.name, 0)
                    kept[call_name(operation.name, call)] = (node, call)
                    counts[operation.name] = call + 1
        made_by = {id(t): key for key, (node, _) in kept.items() for t in node.output_tensors}
        order = in_order(
            {key: [made_by[id(t)] for t in node.input_tensors] for key, (node, _) in kept.items()}
        )
        known: dict[int, tuple[Read, Any]] = {}  # what each tensor is in the whole, and its shape
        if given is not None:
            known = {id(t): of for t, of in zip(function.inputs, given, strict=True)}
        for key in order:
            node, call = kept[key]
            operation = node.operation
            if not node.input_tensors and given is not None:
                continue
            layer, own = prefix + operation.name, number * counts[operation.name] + call
            reads = [known[id(tensor)] for tensor in node.input_tensors]
            symbols = _outputs(node, [symbol for _, symbol in reads])
            if _is(operation, "Functional") or _is(operation, "Sequential"):
                ends = self.take_apart(_function(operation), f"{layer}/", own, reads)
            else:
                ends = [(len(self.nodes), i) for i in range(len(symbols))]
                self._add(node, layer, own, [read for read, _ in reads], symbols)
            for tensor, end, symbol in zip(node.output_tensors, ends, symbols, strict=True):
                known[id(tensor)] = (end, symbol)
        if given is None:
            self.inputs = [known[id(tensor)][0][0] for tensor in function.inputs]
        return [known[id(tensor)][0] for tensor in function.outputs]

    def _add(
        self, node: Any, layer: str, call: int, reads: Sequence[Read], symbols: Sequence[Any]
    ) -> None:
        name = call_name(layer, call)
        run = None if not node.input_tensors else _caller(node)
        sources = tuple(self.nodes[index].name for index, _ in reads)
        self.nodes.append(Node(name, layer, tuple(reads), run))
        self.described.append(
            _layer(name, node.operation, call == 0, sources, tuple(symbols[0].shape))
        )
        self.layers[layer] = node.operation


def _outputs(node: Any, inputs: Sequence[Any]) -> list[Any]:
    """A node's symbolic outputs; worked out anew where a nested model meets another size."""
    stated = [tuple(tensor.shape) for tensor in node.input_tensors]
    if [tuple(tensor.shape) for tensor in inputs] == stated:
        return list(node.output_tensors)
    symbols = dict(zip((id(tensor) for tensor in node.input_tensors), inputs, strict=True))
    args, kwargs = node.arguments.fill_in(symbols)
    return list(tree.flatten(node.operation.compute_output_spec(*args, **kwargs)))


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
    for variable in getattr(layer, "weights", ()):
        array = np.array(np.asarray(variable), np.float32)
        array.flags.writeable = False
        arrays.append(array)
    return tuple(arrays)


def set_weights(anatomy: Anatomy, weights: Mapping[str, Weights], file: str) -> None:
    """Give a model's layers their weights.

    Parameters
    ----------
    anatomy : Anatomy
        The model.
    weights : mapping of str to tuple of ndarray
        By the names of its layers, in Keras order.
    file : str
        Where they come from, for errors.

    Raises
    ------
    ModelError
        A layer has other weights than these.
    """
    for name, layer in anatomy.layers.items():
        expected, arrays = list(getattr(layer, "weights", ())), weights.get(name, ())
        if [tuple(variable.shape) for variable in expected] != [a.shape for a in arrays]:
            raise ModelError(
                f"The weights of layer {name} in {file} do not have the shapes Keras gives it.",
                "Save the model again with model.save('name.keras').",
            )
        for variable, array in zip(expected, arrays, strict=True):
            variable.assign(array)
        if _is(layer, "Normalization"):
            layer.finalize_state()


def _caller(node: Any) -> Callable[[Sequence[Tensor]], tuple[Tensor, ...]]:
    run = operation_fn(node.operation, training=False)
    symbols = [id(tensor) for tensor in node.input_tensors]

    def call(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        args, kwargs = node.arguments.fill_in(dict(zip(symbols, tensors, strict=True)))
        return tuple(tree.flatten(run(*args, **kwargs)))

    return call


def _layer(
    name: str, operation: Any, is_first: bool, inputs: tuple[str, ...], shape: Shape
) -> Layer:
    weights = list(getattr(operation, "weights", ())) if is_first else []
    trainable = getattr(operation, "trainable_weights", ()) if is_first else ()
    return Layer(
        name=name,
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
