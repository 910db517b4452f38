"""How much memory a network needs, told before it is opened and before it is run.

The figures are for the engine of this program; a test holds them to what it is seen to take.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from unetscope.domain.graph import POINTWISE, Graph, Layer
from unetscope.domain.receptive_field import receptive_field

VALUE = 4  # bytes
_COPIES = 3  # of the weights: Keras's own, those edits are applied to, those being read
_TILED = 6  # times the bytes of kernels that are kept ready to be run in tiles
_SUMS = 1.25  # times the bytes of all values: sums of terms that did not change are kept too
_WORKING = 3  # times the bytes of the largest value, while it is computed
_NOT_KEPT = POINTWISE | {
    *("BatchNormalization", "Dropout", "SpatialDropout2D", "SpatialDropout3D", "InputLayer"),
    *("GaussianNoise", "GaussianDropout", "ActivityRegularization", "Concatenate"),
}
_ATTENTION = frozenset({"MultiHeadAttention", "Attention", "AdditiveAttention"})


def bytes_to_open(weights: int) -> int:
    """Memory that a network takes once it is open.

    Parameters
    ----------
    weights : int
        Bytes of all its weights in float32.
    """
    return _COPIES * weights


def bytes_to_run(graph: Graph, size: Sequence[int], budget: int) -> int:
    """Memory that a network takes besides to be run, edited and looked into.

    Parameters
    ----------
    graph : Graph
    size : sequence of int
        Rows and columns, and planes if any, of the image.
    budget : int
        Bytes of values and kernels that the engine keeps at most; what is being computed comes on
        top.
    """
    values = {layer.name: _values(graph, layer, size) for layer in graph.layers}
    kept = sum(values[layer.name] for layer in graph.layers if layer.kind not in _NOT_KEPT)
    largest = max(values.values(), default=0)
    kernels = sum(_tiled(layer) for layer in graph.layers)
    held = min(_TILED * kernels, budget // 2) + _SUMS * kept
    return int(min(held, budget) + _WORKING * largest)


def _values(graph: Graph, layer: Layer, size: Sequence[int]) -> int:
    """Bytes of a layer's output; for attention of what it compares as well."""
    positions = prod(_grid(graph, layer, size))
    made = VALUE * positions * (layer.channels or 1)
    if layer.kind in _ATTENTION:
        heads = layer.config.get("num_heads", 1)
        made += VALUE * positions**2 * (heads if isinstance(heads, int) else 1)
    return made


def _grid(graph: Graph, layer: Layer, size: Sequence[int]) -> list[int]:
    """Rows and columns of a layer; where its file leaves them open, by how it lies on the input."""
    if None not in layer.spatial or len(layer.spatial) != len(size):
        return [length or 1 for length in layer.spatial]
    field = receptive_field(graph, layer.name, size)
    strides = field.stride if field is not None else (1.0,) * len(size)
    sides = zip(layer.spatial, size, strides, strict=True)
    return [known or max(1, round(length / stride)) for known, length, stride in sides]


def _tiled(layer: Layer) -> int:
    """Bytes of kernels that are run in tiles."""
    if not layer.kind.startswith("Conv") or not layer.weights:
        return 0
    shape = layer.weights[0].shape
    return VALUE * layer.weights[0].size if len(shape) == 4 and 1 < shape[0] <= 5 else 0
