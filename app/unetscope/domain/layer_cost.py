"""How much a layer computes for one image."""

from __future__ import annotations

from math import prod

from unetscope.domain.graph import Graph, Layer
from unetscope.domain.kernels import layout_of

_SLOW = 2e9  # multiply-adds a second


def multiply_adds(graph: Graph, layer: Layer) -> int | None:
    """Multiplications, each with an addition, that a layer takes for one image, as it is written.

    Returns
    -------
    count : int or None
        0 for layers without kernels; None where the size of the image is not fixed, or where
        nobody can say, as for attention.
    """
    if not layer.weights:
        return 0
    kernels = [spec for spec in layer.weights if len(spec.shape) > 1]
    layout = layout_of(layer)
    if layer.kind != "Dense" and layout is None:
        return None if kernels else _positions(layer, with_channels=True)
    transposed = layer.kind.endswith("Transpose")
    at = _positions(graph[layer.inputs[0]] if transposed and layer.inputs else layer)
    return None if at is None else at * sum(prod(spec.shape) for spec in kernels)


def _positions(layer: Layer, *, with_channels: bool = False) -> int | None:
    lengths = layer.output_shape[1:] if with_channels else layer.spatial
    known = [length for length in lengths if length is not None]
    return prod(known) if layer.output_shape and len(known) == len(lengths) else None


def slowest_layer(graph: Graph) -> float:
    """Seconds that the largest layer may take on a slow machine, where its size is known."""
    return max((multiply_adds(graph, layer) or 0 for layer in graph.layers), default=0) / _SLOW
