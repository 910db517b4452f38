"""Gradients of an output with respect to any node, from the values that a pass holds already.

Nothing is traced and no forward pass is repeated: every step back reads what the pass computed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from unetscope.engine.adjoint import Part, adjoint, fitted, shrunk
from unetscope.engine.forward import Forward
from unetscope.engine.program import Activation, Nodes, Unit
from unetscope.engine.region import Rect
from unetscope.engine.values import Patch, Tensor, whole_tensor

_POOLS = frozenset({"MaxPooling2D", "AveragePooling2D"})
_MERGES = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})


class Backward:
    """The way back through one pass.

    The gradient of a small region is 0 in most of the image: only the part where it is not is
    computed, and it is the same to the last pixel.

    Parameters
    ----------
    one : Forward
        The pass, with the edits and interventions that it has.
    output : int
        The node that is started from, before its activation where it has one.
    seed : (1, H, W, C) array_like, or Part
        The gradient there.
    activated : bool
        It is the gradient after the activation.
    """

    def __init__(self, one: Forward, output: int, seed: Any, *, activated: bool = False) -> None:
        self._pass = one
        self._output = output
        self._seed = seed if isinstance(seed, Part) else shrunk(np.asarray(seed, np.float32))
        self._skips_activation = not activated
        self._gradients: dict[int, Part] = {}
        self._wanted: Nodes = frozenset()

    def gradient(self, node: int) -> Tensor:
        """The gradient with respect to a node's value, as (1, H, W, C)."""
        return self.gradients((node,))[node]

    def gradients(self, nodes: Iterable[int]) -> dict[int, Tensor]:
        """The gradients with respect to several nodes' values, in one walk."""
        nodes = tuple(nodes)
        found = self.parts(nodes)
        return {
            i: found[i].spread(self._shape(i)) if i in found else tf.zeros_like(self._value(i))
            for i in nodes
        }

    def parts(self, nodes: Iterable[int]) -> dict[int, Part]:
        """The same, each where it is not 0; a node that is not among them has none anywhere."""
        walk = self.walk(nodes)
        while True:
            try:
                next(walk)
            except StopIteration as end:
                found: dict[int, Part] = end.value
                return found

    def walk(self, nodes: Iterable[int]) -> Generator[None, None, dict[int, Part]]:
        """What `parts` gives, with a pause before every step."""
        self._wanted = frozenset(nodes)
        ahead, found = self._pass.program.reached(self._wanted), {}
        self._gradients = {self._output: self._seed}
        for i in sorted(ahead & frozenset(range(self._output + 1)), reverse=True):
            if i not in self._gradients:
                continue
            if i in self._wanted:
                found[i] = self._gradients[i]
            if not ahead.isdisjoint(self._pass.program.nodes[i].sources):
                yield
                self._step(i, ahead)
        self._gradients.clear()
        return found

    def _step(self, i: int, ahead: Nodes) -> None:
        """Hand a node's gradient on to those of its sources that matter."""
        part = self._gradients.pop(i)
        for edit in reversed(self._pass.situation.maps.get(i, ())):
            whole = np.asarray(part.spread(self._shape(i)))
            part = shrunk(_at_maps(whole, edit.feature_map, edit.pull_back))
        program, situation = self._pass.program, self._pass.situation
        unit = program.unit(i, situation.apart | self._wanted)
        begins = i == self._output and self._skips_activation
        if unit is None and begins and program.activation(i) and i not in situation.maps:
            self._add(i, program.nodes[i].reads[0][0], part, ahead)
        elif unit is not None:
            self._unit(unit, part, ahead)
        else:
            self._node(i, part, ahead)

    def _add(self, reader: int, source: int, part: Part | None, ahead: Nodes) -> None:
        if source not in ahead or part is None:
            return
        for edit in reversed(self._pass.situation.skips.get((reader, source), ())):
            whole = np.asarray(part.spread(self._shape(source)))
            part = shrunk(edit.pull_back(whole))
        held = self._gradients.get(source)
        summed = part if held is None else held.plus(part, self._shape(source))
        self._gradients[source] = summed

    def _unit(self, unit: Unit, part: Part, ahead: Nodes) -> None:
        is_passed = unit.last == self._output and self._skips_activation
        if unit.activation is not None and not is_passed:
            part = self._through(unit, unit.activation, part)
        folded = self._pass.context.folded(unit, self._pass.situation.weights)
        for term in unit.terms:
            if term.source not in ahead:
                continue
            shape = self._shape(term.source)
            back = adjoint(part, folded.whole(term), folded.window(term), shape)
            self._add(term.reader, term.source, back, ahead)

    def _through(self, unit: Unit, activation: Activation, part: Part) -> Part:
        if activation.name == "relu" and unit.last not in self._pass.situation.maps:
            made = part.of(self._pass.tensor(unit.last))
            back = tf.raw_ops.ReluGrad(gradients=part.values, features=made)
            return Part(back, part.rect)
        if activation.name == "other":
            part = Part(part.spread(self._shape(unit.last)), None)
        before = part.of(whole_tensor(self._pass.before_activation_of(unit)))
        with tf.GradientTape() as tape:
            tape.watch(before)
            after = activation.call(before)
        return Part(tape.gradient(after, before, part.values), part.rect)

    def _node(self, i: int, part: Part, ahead: Nodes) -> None:
        program, reads = self._pass.program, self._pass.program.nodes[i].reads
        if program.is_identity(i):
            self._add(i, reads[0][0], part, ahead)
        elif program.is_join(i):
            start = 0
            for source, _ in reads:
                stop = start + (program.graph.layers[source].channels or 0)
                self._add(i, source, Part(part.values[..., start:stop], part.rect), ahead)
                start = stop
        elif program.is_norm(i):
            scale, _ = self._pass.context.norm(i, self._pass.situation.weights)
            self._add(i, reads[0][0], Part(part.values * scale, part.rect), ahead)
        elif program.kind(i) in ("ZeroPadding2D", "Cropping2D") and part.rect is not None:
            self._add(i, reads[0][0], self._shifted(i, part, part.rect), ahead)
        else:
            self._by_tape(i, part, ahead)

    def _shifted(self, i: int, part: Part, rect: Rect) -> Part | None:
        """Back through what puts rows and columns around a picture, or takes them away."""
        layer = self._pass.program.keras(i)
        pads = self._pass.program.kind(i) == "ZeroPadding2D"
        (top, _), (left, _) = layer.padding if pads else layer.cropping
        before = (-top, -left) if pads else (top, left)
        moved = Rect(*(n + by for n, by in zip(rect, before * 2, strict=True)))
        return Part(part.values, moved).within(self._shape(self._pass.program.nodes[i].reads[0][0]))

    def _by_tape(self, i: int, part: Part, ahead: Nodes) -> None:
        """Let TensorFlow go back through one node, in part where it goes position by position."""
        node, one = self._pass.program.nodes[i], self._pass
        assert node.call is not None
        shortcut, call = one.program.shortcut(i), node.call
        if shortcut is None:
            one.context.variables.assign(node.layer, one.situation.weights)
        given = [whole_tensor(one.read(i, source, output)) for source, output in node.reads]
        was_part = part.rect is not None
        part, below = self._aligned(i, part, [value.shape for value in given])
        given = [Part(value, below).of(value) for value in given]
        with tf.GradientTape() as tape:
            tape.watch(given)
            made = shortcut(given[0]) if shortcut is not None else call(given)[0]
        backs = tape.gradient(made, given, part.values)
        for (source, _), back in zip(node.reads, backs, strict=True):
            if back is not None:
                back = Part(tf.convert_to_tensor(back), below)
                is_wide = was_part and below is None
                self._add(i, source, shrunk(back.values) if is_wide else back, ahead)

    def _aligned(self, i: int, part: Part, shapes: Sequence[Any]) -> tuple[Part, Rect | None]:
        """A gradient grown to whole windows of a node, and the part it reads; else the whole."""
        program, rect = self._pass.program, part.rect
        kind, layer, grid = program.kind(i), program.keras(i), self._shape(i)
        whole = Part(part.spread(grid), None)
        if rect is None or getattr(layer, "data_format", "channels_last") != "channels_last":
            return whole, None
        if kind in _POOLS and layer.padding == "valid" and layer.strides == layer.pool_size:
            return part, rect.times(layer.strides)
        if kind == "UpSampling2D" and layer.interpolation == "nearest":
            below = rect.over(layer.size)
            grown = below.times(layer.size)
            return Part(fitted(part.values, rect, grown), grown), below
        activation = program.activation(i)
        alone = activation is not None and activation.name != "other"
        if alone or (kind in _MERGES and len({tuple(shape) for shape in shapes}) == 1):
            return part, rect
        return whole, None

    def _value(self, i: int) -> Tensor:
        return self._pass.tensor(i)

    def _shape(self, i: int) -> Any:
        """The shape of a node's value."""
        value = self._pass.one(i)
        value = value[0] if isinstance(value, tuple) else value
        return value.base.shape if isinstance(value, Patch) else value.shape


def _at_maps(gradient: Any, feature_map: int | None, pull_back: Any) -> Tensor:
    if feature_map is None:
        return tf.constant(pull_back(gradient))
    result = gradient.copy()
    which = slice(feature_map, feature_map + 1)
    result[..., which] = pull_back(result[..., which])
    return tf.constant(result)


def seg_grad_cam(activation: Any, gradient: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Where a layer speaks for a class: its maps, weighted by their mean gradients.

    Parameters
    ----------
    activation, gradient : (1, H, W, C) array_like
        Of the layer.

    Returns
    -------
    heat : (H, W) ndarray of float32
        0 and above, in the units of the class score.

    References
    ----------
    Vinogradova, Dibrov, Myers: Towards Interpretable Semantic Segmentation via Gradient-Weighted
    Class Activation Mapping. AAAI 2020.
    """
    maps, slopes = np.asarray(activation)[0], np.asarray(gradient)[0]
    weights = slopes.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    heat: np.ndarray[Any, np.dtype[np.float32]] = np.maximum(maps @ weights, np.float32(0))
    return heat


def seed(shape: Sequence[int], label: int, region: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The gradient of a class's summed score over a region, with respect to all scores."""
    result = np.zeros(tuple(shape), np.float32)
    result[0, ..., label] = region
    return result
