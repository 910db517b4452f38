"""What a position of a layer can see of the network's input, by arithmetic on the graph alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from unetscope.domain.graph import Graph, Layer
from unetscope.domain.steps_back import SAME, Length, Pixels, Step, reads_all, step_of

PHASES = 128  # positions looked at: upsampling makes their fields differ, and repeat after some

Span = tuple[int, int]  # first pixel, and the one after the last
Seen = tuple[Pixels, Pixels]  # first and last pixel, for each of some positions


class _UnknownError(Exception):
    """It cannot be told what a layer reads of its input."""


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """How the positions of a layer lie on the network's input, and how much each can see.

    Attributes
    ----------
    size : tuple of int
        Input pixels that one position can see at most, along each axis, borders aside.
    stride : tuple of float
        Input pixels from one position to the next.
    offset : tuple of float
        Where the first position lies: the centre of input pixel 0 is at 0. Kernels with an even
        number of rows shift it by half a pixel.
    """

    size: tuple[int, ...]
    stride: tuple[float, ...]
    offset: tuple[float, ...]

    def centre(self, position: Sequence[float]) -> tuple[float, ...]:
        """Where a position of the layer lies in the input."""
        sides = zip(position, self.stride, self.offset, strict=True)
        return tuple(at * stride + offset for at, stride, offset in sides)

    def position(self, pixel: Sequence[float]) -> tuple[float, ...]:
        """The position of the layer over a point of the input: the inverse of `centre`."""
        sides = zip(pixel, self.stride, self.offset, strict=True)
        return tuple((at - offset) / stride for at, stride, offset in sides)


def receptive_field(
    graph: Graph, layer: str, size: Sequence[int] | None = None
) -> ReceptiveField | None:
    """Tell what a layer's positions can see of the input.

    Where several ways lead to a layer, as over a skip connection, a position sees the union of what
    it sees over each, and lies where the narrowest way puts it.

    Parameters
    ----------
    graph : Graph
    layer : str
    size : sequence of int, optional
        Rows and columns of the input, where the network takes any.

    Returns
    -------
    ReceptiveField or None
        None where the layer has no grid, or something on the way is not known.

    Raises
    ------
    ModelError
        There is no such layer.
    """
    rank = len(graph[layer].spatial)
    axes = [_axis(graph, layer, axis, _known(size)) for axis in range(rank)]
    places = [axis.place for axis in axes]
    spans = [axis.widest() for axis in axes]
    sizes, strides, offsets = [], [], []
    for place, span in zip(places, spans, strict=True):
        if place is None or span is None:
            return None
        sizes.append(int((span[1] - span[0]).max()) + 1)
        strides.append(place[0])
        offsets.append(place[1])
    return ReceptiveField(tuple(sizes), tuple(strides), tuple(offsets)) if rank else None


def seen_by(
    graph: Graph, layer: str, position: Sequence[int], size: Sequence[int] | None = None
) -> tuple[Span, ...] | None:
    """The box of the input that one position of a layer can see, border included.

    Parameters
    ----------
    position : sequence of int
        On the layer's own grid.
    graph, layer, size
        As in `receptive_field`.

    Returns
    -------
    box : tuple of (int, int), or None
        First pixel and the one after the last, along each axis; padding is not seen, where sizes
        are known. None where `receptive_field` gives none.
    """
    box = []
    for number, at in enumerate(position):
        axis = _axis(graph, layer, number, _known(size))
        span = axis.seen(np.array([at]), inside=True)
        if span is None or axis.place is None:
            return None
        box.append((int(span[0][0]), int(span[1][0]) + 1))
    return tuple(box) or None


@lru_cache(maxsize=16)  # the mouse asks about one layer again and again
def _axis(graph: Graph, layer: str, axis: int, size: tuple[int, ...] | None) -> _Axis:
    return _Axis(graph, layer, axis, size)


def _known(size: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if size is None else tuple(size)


class _Axis:
    """One axis of everything that leads to a layer."""

    def __init__(self, graph: Graph, layer: str, axis: int, size: Sequence[int] | None) -> None:
        self._graph = graph
        self._layer = layer
        self._rank = len(graph[layer].spatial)
        self._axis = axis
        self._lengths: dict[str, Length] = {}
        self._steps: dict[tuple[str, str], Step | None] = {}
        self.place: tuple[float, float] | None = None
        self._leading = _leading(graph, layer)
        self._input = next((one.name for one in self._leading if one.kind == "InputLayer"), None)
        self._walk(size)

    def _walk(self, size: Sequence[int] | None) -> None:
        """From the input on: lengths, and where positions lie on the narrowest way."""
        places: dict[str, tuple[float, float, float]] = {}  # width, scale, shift
        for layer in self._leading:
            name = layer.name
            if layer.kind == "InputLayer":
                known = self._length(layer)
                if known is None and size is not None and len(size) == self._rank:
                    known = size[self._axis]
                self._lengths[name] = known
                if name == self._input:
                    places[name] = (1.0, 1.0, 0.0)
                continue
            out = self._length(layer)
            ways = []
            for source in dict.fromkeys(layer.inputs):
                step = self._step(layer, source, out)
                if step is None:
                    continue
                have = self._lengths[source]
                if out is None and have is not None:
                    out = step.length(have)
                if source in places and not (have == 1 and out not in (None, 1)):
                    width, scale, shift = places[source]
                    a, b = step.place
                    ways.append((width + (step.reach - 1) * scale, scale * a, scale * b + shift))
            self._lengths[name] = out
            if ways:
                places[name] = min(ways, key=lambda way: way[0])
        if self._layer in places:
            self.place = places[self._layer][1:]

    def widest(self) -> Seen | None:
        """What the first positions can see, as many as differ; of a map squeezed into one, all."""
        count = min(self._lengths.get(self._layer) or PHASES, PHASES)
        squeezed = any(reads_all(layer) for layer in self._leading)
        return self.seen(np.arange(count), inside=squeezed)

    def seen(self, positions: Pixels, *, inside: bool = False) -> Seen | None:
        """First and last input pixel that each of some positions can see; None: not known.

        Inside means without the padding that layers put around what they read.
        """
        wanted: dict[str, Seen | None] = {self._layer: (positions, positions)}  # None: all of it
        try:
            for layer in reversed(self._leading):
                if layer.name not in wanted or layer.kind == "InputLayer":
                    continue
                for source in dict.fromkeys(layer.inputs):
                    read = self._read(layer, source, wanted[layer.name], len(positions))
                    if inside and read is not None:
                        read = self._within(source, read)
                    wanted[source] = _union(wanted[source], read) if source in wanted else read
        except _UnknownError:
            return None
        return wanted.get(self._input) if self._input is not None else None

    def _read(self, layer: Layer, source: str, span: Seen | None, count: int) -> Seen | None:
        """What a part of a layer reads of a source; None for all of a source without a grid."""
        spatial = self._graph[source].spatial
        if not spatial:
            return None
        if len(spatial) != self._rank:
            raise _UnknownError
        if reads_all(layer) or len(layer.spatial) != self._rank:
            return self._everything(source, count)
        step = self._steps[layer.name, source]
        if step is None:
            raise _UnknownError
        if self._lengths[source] == 1 and self._lengths[layer.name] != 1:
            return np.zeros(count, np.int64), np.zeros(count, np.int64)
        return step.back(*(self._everything(layer.name, count) if span is None else span))

    def _within(self, name: str, span: Seen) -> Seen:
        length = self._lengths[name]
        if length is None:
            return span
        return np.clip(span[0], 0, length - 1), np.clip(span[1], 0, length - 1)

    def _everything(self, name: str, count: int) -> Seen:
        length = self._lengths[name]
        if length is None:
            raise _UnknownError
        return np.zeros(count, np.int64), np.full(count, length - 1, np.int64)

    def _step(self, layer: Layer, source: str, out: Length) -> Step | None:
        """The step from a layer back to a source, where both have a grid."""
        same_rank = self._rank == len(layer.spatial) == len(self._graph[source].spatial)
        step: Step | None = None
        if same_rank and not reads_all(layer):
            have = self._lengths[source]
            is_spread = have == 1 and out not in (None, 1) and len(set(layer.inputs)) > 1
            step = SAME if is_spread else step_of(layer, self._axis, have, out)
            if step is not None and have is not None and not is_spread:
                fits = out is None or step.length(have) == out
                step = step if fits else None  # the layer does what its settings do not say
        self._steps[layer.name, source] = step
        return step

    def _length(self, layer: Layer) -> Length:
        return layer.spatial[self._axis] if len(layer.spatial) == self._rank else None


def _leading(graph: Graph, layer: str) -> list[Layer]:
    """The layers that lead to one, and itself, in topological order."""
    wanted = {layer}
    graph[layer]  # raises
    for each in reversed(graph.layers):
        if each.name in wanted:
            wanted.update(each.inputs)
    return [each for each in graph.layers if each.name in wanted]


def _union(one: Seen | None, other: Seen | None) -> Seen | None:
    """What is in either; all of it where one is all."""
    if one is None or other is None:
        return None
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])
