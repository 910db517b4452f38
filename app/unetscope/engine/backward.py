"""Gradients of an output with respect to any node, from the values that a pass holds already.

Nothing is traced and no forward pass is repeated: every step back reads what the pass computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from unetscope.engine.forward import Forward
from unetscope.engine.ops import Window
from unetscope.engine.program import Activation, Unit
from unetscope.engine.values import Tensor, whole_tensor


class Backward:
    """The way back through one pass.

    Parameters
    ----------
    one : Forward
        The pass, with the edits and interventions that it has.
    output : int
        The node whose unit is started from, before its activation where it has one.
    seed : (1, H, W, C) array_like
        The gradient there.
    """

    def __init__(self, one: Forward, output: int, seed: Any) -> None:
        self._pass = one
        self._output = output
        self._gradients: dict[int, Tensor] = {output: tf.constant(seed, tf.float32)}

    def gradient(self, node: int) -> Tensor:
        """The gradient with respect to a node's value, as (1, H, W, C)."""
        if node == self._output:
            return self._gradients[node]
        ahead = self._pass.program.reached((node,))
        if self._output in ahead:
            for i in sorted(ahead & set(range(node + 1, self._output + 1)), reverse=True):
                if i in self._gradients:
                    self._step(i, ahead)
        if node in self._gradients:
            return self._gradients[node]
        return tf.zeros_like(self._pass.tensor(node))

    def _step(self, i: int, ahead: frozenset[int]) -> None:
        """Hand a node's gradient on to those of its sources that matter."""
        gradient = self._gradients.pop(i)
        for edit in reversed(self._pass.situation.maps.get(i, ())):
            gradient = _at_maps(np.asarray(gradient), edit.feature_map, edit.pull_back)
        unit = self._pass.program.unit(i, self._pass.situation.apart | _between(ahead, i))
        if unit is not None:
            self._unit(unit, gradient, ahead)
        else:
            self._node(i, gradient, ahead)

    def _add(self, reader: int, source: int, gradient: Tensor, ahead: frozenset[int]) -> None:
        if source not in ahead:
            return
        for edit in reversed(self._pass.situation.skips.get((reader, source), ())):
            gradient = tf.constant(edit.pull_back(np.asarray(gradient)))
        held = self._gradients.get(source)
        self._gradients[source] = gradient if held is None else held + gradient

    def _unit(self, unit: Unit, gradient: Tensor, ahead: frozenset[int]) -> None:
        if unit.last != self._output and unit.activation is not None:
            gradient = self._through(unit, unit.activation, gradient)
        folded = self._pass.context.folded(unit, self._pass.situation.weights)
        for term in unit.terms:
            if term.source not in ahead:
                continue
            x = whole_tensor(self._pass.read(term.reader, term.source))
            back = _adjoint(gradient, folded.whole(term), folded.window(term), x.shape)
            self._add(term.reader, term.source, back, ahead)

    def _through(self, unit: Unit, activation: Activation, gradient: Tensor) -> Tensor:
        if activation.name == "relu" and unit.last not in self._pass.situation.maps:
            made = self._pass.tensor(unit.last)
            return tf.raw_ops.ReluGrad(gradients=gradient, features=made)
        before = whole_tensor(self._pass.before_activation_of(unit))
        with tf.GradientTape() as tape:
            tape.watch(before)
            after = activation.call(before)
        return tape.gradient(after, before, gradient)

    def _node(self, i: int, gradient: Tensor, ahead: frozenset[int]) -> None:
        program, reads = self._pass.program, self._pass.program.nodes[i].reads
        if program.is_identity(i):
            self._add(i, reads[0][0], gradient, ahead)
        elif program.is_join(i):
            start = 0
            for source, _ in reads:
                stop = start + (program.graph.layers[source].channels or 0)
                self._add(i, source, gradient[..., start:stop], ahead)
                start = stop
        elif program.is_norm(i):
            scale, _ = self._pass.context.norm(i, self._pass.situation.weights)
            self._add(i, reads[0][0], gradient * scale, ahead)
        else:
            self._by_tape(i, gradient, ahead)

    def _by_tape(self, i: int, gradient: Tensor, ahead: frozenset[int]) -> None:
        """Let TensorFlow go back through one node."""
        node, one = self._pass.program.nodes[i], self._pass
        assert node.call is not None
        one.context.variables.assign(node.layer, one.situation.weights)
        given = [whole_tensor(one.read(i, source, output)) for source, output in node.reads]
        with tf.GradientTape() as tape:
            tape.watch(given)
            made = node.call(given)[0]
        for (source, _), back in zip(node.reads, tape.gradient(made, given, gradient), strict=True):
            if back is not None:
                self._add(i, source, tf.convert_to_tensor(back), ahead)


def _between(ahead: frozenset[int], i: int) -> frozenset[int]:
    """The earliest node, which is asked about: no unit passes over it."""
    return frozenset({min(ahead)}) if ahead and min(ahead) < i else frozenset()


def _adjoint(gradient: Tensor, kernel: Tensor, window: Window, shape: Any) -> Tensor:
    """The gradient with respect to a convolution's input."""
    rank = len(window.strides)
    if not window.transposed:
        strides = [1, *window.strides, 1]
        if rank == 2:
            return tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.constant(shape.as_list()),
                filter=kernel,
                out_backprop=gradient,
                strides=strides,
                padding=window.padding,
                dilations=[1, *window.dilations, 1],
            )
        x = tf.zeros(shape)
        with tf.GradientTape() as tape:
            tape.watch(x)
            made = tf.nn.convolution(
                x, kernel, window.strides, window.padding, dilations=window.dilations
            )
        return tape.gradient(made, x, gradient)
    padding: Any = window.padding
    if window.before is not None:
        padding = [[0, 0], *_paddings(gradient, kernel, window, shape), [0, 0]]
    convolve = tf.nn.conv2d if rank == 2 else tf.nn.convolution
    return convolve(gradient, kernel, window.strides, padding)


def _paddings(gradient: Tensor, kernel: Tensor, window: Window, shape: Any) -> list[list[int]]:
    assert window.before is not None
    found = []
    for axis, (stride, first) in enumerate(zip(window.strides, window.before, strict=True)):
        length, total = int(kernel.shape[axis]), int(gradient.shape[axis + 1])
        found.append([first, (int(shape[axis + 1]) - 1) * stride + length - total - first])
    return found


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
