"""One pixel of the mask: how sure the network is there, and which feature maps made it so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.explaining.question import Question
from unetscope.domain.graph import DOWNSAMPLING, POINTWISE, Graph, Section
from unetscope.domain.u_shape import Standing, standings


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class InquiryQuestion(Question):
    """What the network says about one pixel; the answer is an `Inquiry`.

    Attributes
    ----------
    position : (int, int)
        Row and column on the grid of the network's output.
    label : int or None
        The class to explain; None for the one that the mask shows there.
    top : int
        How many maps are told of at each scale, in either direction.
    """

    position: tuple[int, int]
    label: int | None = None
    top: int = 5


@dataclass(frozen=True, slots=True)
class ClassScore:
    """What the network says about one class at one pixel.

    Attributes
    ----------
    label : int
        As the mask shows it.
    logit : float
        What the last activation is applied to; the output itself where that is not known.
    probability : float
        0 to 1, uncalibrated: it need not be how often the network is right.
    """

    label: int
    logit: float
    probability: float


@dataclass(frozen=True, slots=True)
class Push:
    """How much one feature map speaks for a class, or against it.

    Attributes
    ----------
    contribution : float
        Its activation times the slope of the class's logit, summed over all its positions; in the
        unit of the logit.
    """

    feature_map: int
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The maps of one scale that push a class most.

    Attributes
    ----------
    layer : str
        The last one of this scale, on this side of the U.
    standing : Standing
        Where that is.
    size : (int, int)
        Rows and columns of its maps.
    maps : int
        How many it has.
    total : float
        The contributions of all its maps together.
    up, down : tuple of Push
        Those that speak for the class and against it, the strongest first.
    """

    layer: str
    standing: Standing
    size: tuple[int, int]
    maps: int
    total: float
    up: tuple[Push, ...]
    down: tuple[Push, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What the network says about one pixel, and which maps made it say so.

    Attributes
    ----------
    position : (int, int)
        Row and column on the grid of the network's output.
    label : int
        The class that is explained.
    shown : int
        The label that the mask shows.
    scores : tuple of ClassScore
        Of all classes.
    has_logits : bool
        The logits are known; else the output itself stands for them.
    entropy : float
        In bits: 0 where one class has all the probability.
    most : float
        What it would be if all classes were equally probable.
    scales : tuple of Scale
        From the first layers to the last. A scale sees all that passes through it: scales are not
        to be added up.
    """

    position: tuple[int, int]
    label: int
    shown: int
    scores: tuple[ClassScore, ...]
    has_logits: bool
    entropy: float
    most: float
    scales: tuple[Scale, ...]

    @property
    def uncertainty(self) -> float:
        """The entropy as a share of the most there could be, 0 to 1."""
        return self.entropy / self.most if self.most else 0.0

    def score(self, label: int) -> ClassScore:
        """What is said about a class; KeyError where there is none of this label."""
        for each in self.scores:
            if each.label == label:
                return each
        raise KeyError(label)


def strongest(contributions: NDArray[np.floating], top: int) -> tuple[tuple[Push, ...], ...]:
    """The maps that push up most, and those that push down most."""
    order = np.argsort(contributions, kind="stable")
    up = [Push(int(k), float(contributions[k])) for k in order[::-1][:top] if contributions[k] > 0]
    down = [Push(int(k), float(contributions[k])) for k in order[:top] if contributions[k] < 0]
    return tuple(up), tuple(down)


def ends_of_scales(graph: Graph, output: str) -> dict[str, Standing]:
    """The last layer of each scale on either side of the U, in the order of the network.

    Parameters
    ----------
    output : str
        What the mask is made of: it and its head are no scale, nor is a layer that shrinks a grid
        for the next one.
    """
    leading = {output}
    for layer in reversed(graph.layers):
        if layer.name in leading:
            leading.update(layer.inputs)
    last = graph[output]
    ends = {output, *(last.inputs if last.kind in POINTWISE else ())}
    found: dict[tuple[Section, int], str] = {}
    where = standings(graph)
    for layer in graph.layers:
        standing = where[layer.name]
        is_scale = standing.section not in (Section.INPUT, Section.HEAD)
        if layer.name not in leading or layer.name in ends or not is_scale:
            continue
        if len(layer.output_shape) == 4 and layer.kind not in DOWNSAMPLING:
            found[standing.section, standing.level] = layer.name
    order = {layer.name: n for n, layer in enumerate(graph.layers)}
    return {name: where[name] for name in sorted(found.values(), key=order.__getitem__)}
