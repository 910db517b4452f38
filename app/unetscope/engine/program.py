"""The network as nodes, and which of them the live recompute runs as one.

A convolution with the normalisation and activation after it is one *unit*. Its input is a sum of
*terms*: a convolution over a concatenation is the sum of convolutions over its parts, so the part
from the skip connection need not be run again when only the other changes; and a nearest-neighbour
upsampling before a convolution is one transposed convolution with a composed kernel, which needs
less than half of the multiplications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf

from unetscope.engine.introspect import Anatomy, Node
from unetscope.engine.ops import Window, repeated

Tensor = Any
Nodes = frozenset[int]
NOTHING: Nodes = frozenset()

_CONVOLUTIONS = {"Conv1D": 1, "Conv2D": 2, "Conv3D": 3, "Conv2DTranspose": 2, "Conv3DTranspose": 3}
_POINTWISE = frozenset({"Activation", "ReLU", "Softmax", "LeakyReLU", "ELU"})
_IDENTITY = frozenset(
    {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise"}
    | {"GaussianDropout", "AlphaDropout", "ActivityRegularization", "Identity"}
)
# Layers that treat every feature map alike and apart: what changes in one map stays in it.
_MAP_BY_MAP = frozenset(
    f"{kind}{rank}D"
    for kind in ("MaxPooling", "AveragePooling", "UpSampling", "ZeroPadding", "Cropping")
    for rank in (1, 2, 3)
) | {"Resizing", "CenterCrop"}
_ELEMENTWISE = frozenset(
    {"relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "swish", "mish", "tanh"}
    | {"sigmoid", "hard_sigmoid", "hard_silu", "hard_swish", "softplus", "softsign", "exponential"}
)


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """The function after a convolution.

    Attributes
    ----------
    name : str
        As Keras calls it.
    call : callable
        From a tensor to a tensor.
    is_elementwise : bool
        Whether each value depends on itself alone; not so for softmax.
    """

    name: str
    call: Callable[[Tensor], Tensor]

    @property
    def is_elementwise(self) -> bool:
        """Whether each value depends on itself alone; not so for softmax."""
        return self.name in _ELEMENTWISE

    @property
    def keeps_order(self) -> bool:
        """Whether the channel with the largest value stays the largest, and 0 becomes a half."""
        return self.name in ("softmax", "sigmoid")


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One part of a convolution's input.

    Attributes
    ----------
    source : int
        The node it reads.
    reader : int
        The node that reads it in the network: the convolution, or the concatenation or upsampling
        before it.
    channels : slice
        Which of the kernel's input channels it feeds.
    upsampled : tuple of int or None
        How many times rows and columns are repeated in between.
    """

    source: int
    reader: int
    channels: slice
    upsampled: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A convolution, with the normalisation and the activation that follow, run as one.

    Attributes
    ----------
    node, norm, last : int
        The convolution, the normalisation (None where there is none), and the node whose value the
        unit makes.
    layer : str
        The convolution's layer.
    """

    node: int
    norm: int | None
    last: int
    layer: str
    window: Window
    terms: tuple[Term, ...]
    activation: Activation | None

    @property
    def layers(self) -> tuple[int, ...]:
        """The nodes that hold its weights."""
        return (self.node,) if self.norm is None else (self.node, self.norm)


class Program:
    """A network taken apart, ready to be run in parts.

    Parameters
    ----------
    anatomy : Anatomy
        The nodes, and the Keras layers behind them.
    """

    def __init__(self, anatomy: Anatomy) -> None:
        self.nodes: tuple[Node, ...] = anatomy.nodes
        self.inputs = anatomy.inputs
        self.graph = anatomy.graph
        self.layers = anatomy.layers
        self.index = {node.name: i for i, node in enumerate(anatomy.nodes)}
        self.outputs = tuple(self.index[name] for name in anatomy.graph.outputs)
        self._calls: dict[str, list[int]] = {}
        self.consumers: list[list[int]] = [[] for _ in anatomy.nodes]
        for i, node in enumerate(anatomy.nodes):
            self._calls.setdefault(node.layer, []).append(i)
            for source in node.sources:
                self.consumers[source].append(i)
        self._units: dict[tuple[int, Nodes], Unit | None] = {}
        self._near = [self._nodes_near(i) for i in range(len(anatomy.nodes))]

    @cached_property
    def computed(self) -> Nodes:
        """Indices of all nodes that are run: all but the inputs."""
        return frozenset(i for i, node in enumerate(self.nodes) if node.call is not None)

    def calls(self, layer: str) -> tuple[int, ...]:
        """Indices of the nodes that call a layer."""
        return tuple(self._calls.get(layer, ()))

    def reached(self, starts: Iterable[int]) -> Nodes:
        """Indices of these nodes and of all they reach: one sweep."""
        found = set(starts)
        if found:
            for i in range(min(found), len(self.nodes)):
                if not found.isdisjoint(self.nodes[i].sources):
                    found.add(i)
        return frozenset(found)

    def work(self, nodes: Nodes) -> float:
        """Roughly how many multiply-adds these nodes cost, where nothing is left out."""
        return sum(self._work[i] for i in nodes)

    @cached_property
    def _work(self) -> list[float]:
        found = []
        for layer in self.graph.layers:
            positions = prod(n or 64 for n in layer.output_shape[1:-1])
            values = positions * (layer.channels or 1)
            kernel = layer.weights[0].size if len(layer.weights) else 0
            found.append(float(values + positions * kernel))
        return found

    # -------------------------------------------------------------- kinds of nodes

    def keras(self, i: int) -> Any:
        """The Keras layer that a node calls."""
        return self.layers[self.nodes[i].layer]

    def kind(self, i: int) -> str:
        """Class of the layer that a node calls, empty where it is not plain float32."""
        layer = self.keras(i)
        plain = getattr(layer, "compute_dtype", "float32") == "float32"
        return type(layer).__name__ if plain else ""

    def is_identity(self, i: int) -> bool:
        """Whether a node gives what it reads."""
        return self.kind(i) in _IDENTITY

    def is_map_by_map(self, i: int) -> bool:
        """Whether a change of one map that it reads changes that map only."""
        activation = self.activation(i)
        if activation is not None:
            return activation.is_elementwise
        return self.kind(i) in _MAP_BY_MAP or self.is_norm(i)

    def is_join(self, i: int) -> bool:
        """Whether it concatenates channels."""
        layer, rank = self.keras(i), len(self.graph.layers[i].output_shape)
        return self.kind(i) == "Concatenate" and layer.axis in (-1, rank - 1)

    def is_norm(self, i: int) -> bool:
        """Whether it is a batch normalisation over channels."""
        if self.kind(i) != "BatchNormalization":
            return False
        axis = self.keras(i).axis
        return axis in (-1, len(self.graph.layers[i].output_shape) - 1)

    def activation(self, i: int) -> Activation | None:
        """The function that a node applies, where it does nothing else."""
        layer, kind = self.keras(i), self.kind(i)
        if kind not in _POINTWISE:
            return None
        call = self.nodes[i].call
        assert call is not None
        if kind == "Activation":
            return _activation(layer.activation)
        name = {"ReLU": "relu", "Softmax": "softmax", "LeakyReLU": "leaky_relu", "ELU": "elu"}[kind]
        if kind == "ReLU" and (layer.max_value, layer.negative_slope, layer.threshold) != (
            None,
            0,
            0,
        ):
            name = "leaky_relu"  # elementwise too, but not the plain one
        if kind == "Softmax" and layer.axis not in (-1, len(self.graph.layers[i].output_shape) - 1):
            name = "other"
        return Activation(name, lambda x: call([x])[0])

    def shortcut(self, i: int) -> Callable[[Tensor], Tensor] | None:
        """One TensorFlow operation that does what a node does; None where there is none."""
        layer, kind = self.keras(i), self.kind(i)
        activation = self.activation(i)
        if activation is not None and activation.name == "relu":
            return lambda x: tf.raw_ops.Relu(features=x)
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            return None
        if kind == "UpSampling2D" and layer.interpolation == "nearest":
            return lambda x: repeated(x, layer.size)
        if kind == "MaxPooling2D":
            ksize, strides = [1, *layer.pool_size, 1], [1, *layer.strides, 1]
            padding = layer.padding.upper()
            return lambda x: tf.raw_ops.MaxPool(
                input=x, ksize=ksize, strides=strides, padding=padding
            )
        if kind == "ZeroPadding2D":
            return lambda x: tf.pad(x, ((0, 0), *layer.padding, (0, 0)))
        return None

    def window(self, i: int) -> Window | None:
        """How a node convolves; None where it does not, or not in a way known here."""
        layer, kind = self.keras(i), self.kind(i)
        rank = _CONVOLUTIONS.get(kind)
        if rank is None or layer.padding not in ("same", "valid"):
            return None
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            return None
        strides, dilations = _each(layer.strides, rank), _each(layer.dilation_rate, rank)
        transposed = kind.endswith("Transpose")
        if transposed and (layer.output_padding is not None or set(dilations) != {1}):
            return None
        if not transposed and layer.groups != 1:
            return None
        return Window(strides, dilations, layer.padding == "same", transposed)

    # ------------------------------------------------------------------- units

    def unit(self, last: int, apart: Nodes = NOTHING) -> Unit | None:
        """The unit that makes a node's value; None where the node is no part of one.

        Parameters
        ----------
        last : int
            The node.
        apart : frozenset of int
            Nodes whose own values are wanted or changed, so that they are not passed over.
        """
        key = (last, apart & self._near[last])
        if key not in self._units:
            self._units[key] = self._unit(last, key[1])
        return self._units[key]

    def end_of(self, conv: int) -> int:
        """The last node of the unit that a convolution begins."""
        last = at = conv
        while len(self.consumers[at]) == 1:
            at = self.consumers[at][0]
            unit = self.unit(at)
            if unit is None or unit.node != conv:
                break
            last = at
        return last

    def _nodes_near(self, last: int) -> Nodes:
        """The nodes that a unit might pass over: a few steps up from its end."""
        near, ring = set(), {last}
        for _ in range(6):
            ring = {source for i in ring for source in self.nodes[i].sources}
            near |= ring
        return frozenset(near)

    def _unit(self, last: int, apart: Nodes) -> Unit | None:
        at, activation, norm = last, self.activation(last), None
        if activation is not None:
            at = self._passed(at, apart)
        if at >= 0 and self.is_norm(at):
            norm, at = at, self._passed(at, apart)
        window = self.window(at) if at >= 0 else None
        if window is None:
            return None
        own = _activation(self.keras(at).activation)
        if own is not None and at != last:
            return None  # two activations: they are run apart
        return Unit(
            node=at,
            norm=norm,
            last=last,
            layer=self.nodes[at].layer,
            window=window,
            terms=tuple(self._terms(at, window, apart)),
            activation=activation or own,
        )

    def _passed(self, i: int, apart: Nodes) -> int:
        """The one node that this one reads, where nobody else needs that; else -1."""
        source = self.nodes[i].reads[0][0]
        alone = len(self.consumers[source]) == 1 and source not in self.outputs
        return source if alone and source not in apart else -1

    def _terms(self, conv: int, window: Window, apart: Nodes) -> Iterable[Term]:
        """Parts of a convolution's input, looking through concatenations and upsamplings."""
        source = self.nodes[conv].reads[0][0]
        if not self.is_join(source) or source in apart:
            yield self._term(conv, source, 0, window, apart)
            return
        start = 0
        for part, _ in self.nodes[source].reads:
            term = self._term(source, part, start, window, apart)
            start = term.channels.stop
            yield term

    def _term(self, reader: int, source: int, start: int, window: Window, apart: Nodes) -> Term:
        channels = self.graph.layers[source].channels
        assert channels is not None
        part = slice(start, start + channels)
        composable = window.is_plain and window.same and len(window.strides) == 2
        if composable and self.kind(source) == "UpSampling2D" and source not in apart:
            layer = self.keras(source)
            if layer.interpolation == "nearest" and layer.data_format == "channels_last":
                below = self.nodes[source].reads[0][0]
                return Term(below, source, part, _each(layer.size, 2))
        return Term(source, reader, part)


def _activation(function: Any) -> Activation | None:
    name = getattr(function, "__name__", "other")
    return None if function is None or name == "linear" else Activation(name, function)


def _each(value: Any, rank: int) -> tuple[int, ...]:
    return tuple(int(n) for n in np.broadcast_to(value, rank))
