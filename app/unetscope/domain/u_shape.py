"""Where in the U each layer stands, found from the graph: its section, and its level.

What counts is how the grid of positions changes on the way from the input, never names or the order
in which layers are listed. So a network may be nested, have gates, dense skips, strided or
transposed convolutions, several inputs and outputs, or no fixed size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2, prod

from unetscope.domain.graph import DOWNSAMPLING, POINTWISE, Graph, Layer, Section


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a layer stands.

    Attributes
    ----------
    section : Section
    level : int
        1 for the finest grid, one more for each coarser one.
    """

    section: Section
    level: int


def standings(graph: Graph) -> dict[str, Standing]:
    """Tell for each layer where in the U it stands.

    The bottleneck is what the coarsest grid holds before anything is enlarged; what leads to it is
    the encoder, and what comes of it, or goes around it over a skip connection, the decoder. The
    last 1×1 convolutions and activations before an output are the head. A network that never
    shrinks its grid has no U: all of it but input and head is then called encoder. One that never
    enlarges it has no decoder: what follows the bottleneck is then the head. A single position, as
    attention makes by pooling a whole map, counts for nothing.
    """
    grids = _Grids(graph)
    sections = _sections(graph, grids)
    depths = sorted(set(grids.depth.values()))
    return {
        name: Standing(sections[name], depths.index(grids.depth[name]) + 1) for name in sections
    }


class _Grids:
    """How often the grid was halved on the way to each layer, and whether it was ever enlarged.

    Attributes
    ----------
    depth : dict of str to int
        Halvings less doublings since the input.
    grown : set of str
        Layers with an enlargement somewhere above them.
    on_grid : set of str
        Layers with more than one position.
    """

    def __init__(self, graph: Graph) -> None:
        self.depth: dict[str, int] = {}
        self.grown: set[str] = set()
        self.on_grid: set[str] = set()
        nearest: dict[str, str] = {}  # the layer itself, or the last one above it with a grid
        for layer in graph.layers:
            sources = [nearest[name] for name in layer.inputs]
            has_grid = _has_grid(layer)
            if has_grid:
                self.on_grid.add(layer.name)
                sources = [name for name in sources if name in self.on_grid] or sources
            above = min(sources, key=lambda name: _unlike(graph[name], layer), default=None)
            nearest[layer.name] = layer.name if has_grid or above is None else above
            halved = _halvings(graph[above], layer) if above and has_grid else 0
            self.depth[layer.name] = halved + (self.depth[above] if above else 0)
            if halved < 0 or any(name in self.grown for name in layer.inputs):
                self.grown.add(layer.name)


def _sections(graph: Graph, grids: _Grids) -> dict[str, Section]:
    depth, grown = grids.depth, grids.grown
    whole = [name for name in depth if name in grids.on_grid and name not in grown]
    deepest = max((depth[name] for name in whole), default=0)
    bottom = {name for name in whole if depth[name] == deepest}
    has_u = len({depth[name] for name in grids.on_grid}) > 1
    before = set(_upstream(graph, bottom)) if has_u else {layer.name for layer in graph.layers}
    after = set(graph.downstream(bottom))
    enlarged = set(_upstream(graph, grown))  # or made part of what is enlarged
    found: dict[str, Section] = {}
    for layer in graph.layers:
        name = layer.name
        if layer.kind == "InputLayer":
            found[name] = Section.INPUT
        elif name in grown:
            found[name] = Section.DECODER
        elif name in before:
            is_bottom = has_u and name in after and layer.kind not in DOWNSAMPLING
            found[name] = Section.BOTTLENECK if is_bottom else Section.ENCODER
        else:
            found[name] = Section.DECODER if name in enlarged else Section.HEAD
    for output in graph.outputs:
        for name in _head(graph, output):
            if not has_u or name not in bottom:
                found[name] = Section.HEAD
    return found


def _head(graph: Graph, output: str) -> list[str]:
    """The last 1×1 convolutions before an output, and an activation after them."""
    names: list[str] = []
    layer: Layer | None = graph[output]
    while layer is not None:
        windows = [spec.shape[:-2] for spec in layer.weights[:1]]
        is_1x1 = layer.kind.startswith("Conv") and any(set(window) == {1} for window in windows)
        if not (is_1x1 or (not names and layer.kind in POINTWISE)):
            break
        names.append(layer.name)
        layer = graph[layer.inputs[0]] if len(layer.inputs) == 1 else None
    return names


def _upstream(graph: Graph, names: set[str]) -> list[str]:
    """The given layers and all that leads to them."""
    wanted = set(names)
    for layer in reversed(graph.layers):
        if layer.name in wanted:
            wanted.update(layer.inputs)
    return [layer.name for layer in graph.layers if layer.name in wanted]


def _has_grid(layer: Layer) -> bool:
    """Whether a layer has several positions; one of unknown shape is taken to."""
    spatial = layer.spatial
    return not layer.output_shape or (bool(spatial) and spatial.count(1) < len(spatial))


def _unlike(source: Layer, layer: Layer) -> float:
    """How much the grids of two layers differ: 0 where they are the same, or not known."""
    sides = _sides(source, layer)
    return abs(log2(prod(a for a, _ in sides) / prod(b for _, b in sides))) if sides else 0.0


def _halvings(source: Layer, layer: Layer) -> int:
    """How many times the grid is halved from a source to a layer; negative where it is doubled.

    Borders that a convolution cuts off, and odd lengths, are no halvings.
    """
    sides = _sides(source, layer)
    if sides is None:
        return _stated(layer)
    shrunk = max(a / b for a, b in sides)
    enlarged = max(b / a for a, b in sides)
    return round(log2(shrunk)) if shrunk >= enlarged else -round(log2(enlarged))


def _sides(source: Layer, layer: Layer) -> list[tuple[int, int]] | None:
    """The lengths of both grids side by side; None where they cannot be compared."""
    if len(source.spatial) != len(layer.spatial):
        return None
    sides = [(a, b) for a, b in zip(source.spatial, layer.spatial, strict=True) if a and b]
    return sides if sides and len(sides) == len(layer.spatial) else None


def _stated(layer: Layer) -> int:
    """The halvings that a layer's settings state, where sizes are not known."""
    config: Mapping[str, object] = layer.config
    if layer.kind.startswith("UpSampling"):
        return -_halvings_of(config.get("size", 2))
    if "Pooling" in layer.kind and not layer.kind.startswith("Global"):
        return _halvings_of(config.get("strides") or config.get("pool_size", 2))
    if "Conv" in layer.kind:
        sign = -1 if "Transpose" in layer.kind else 1
        return sign * _halvings_of(config.get("strides", 1))
    return 0


def _halvings_of(stride: object) -> int:
    strides = stride if isinstance(stride, Sequence) else (stride,)
    longest = max((step for step in strides if isinstance(step, int)), default=1)
    return round(log2(max(longest, 1)))
