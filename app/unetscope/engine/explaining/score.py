"""What is explained, as a number of a pass: the score of a target, and how it depends on a node."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.target import Target
from unetscope.engine.backward import Backward, seed
from unetscope.engine.context import Tensor
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.explaining.work import Work, in_pieces
from unetscope.engine.forward import Forward
from unetscope.engine.segmentation import Meaning
from unetscope.engine.values import whole_tensor

Array = NDArray[np.float32]


class Score:
    """The score of a target: what the last activation is applied to, summed over its pixels.

    Parameters
    ----------
    scene : Scene
    target : Target

    Raises
    ------
    ModelError
        The target does not fit the network's output, or that is no segmentation.
    """

    def __init__(self, scene: Scene, target: Target) -> None:
        self.target = target
        self._scene = scene
        shown = scene.output
        shape = tuple(scene.base.tensor(shown).shape)
        if not 0 <= target.channel < shape[-1]:
            raise ModelError(
                f"There are classes 0 to {shape[-1] - 1}, but found {target.channel!r}.",
                "Choose one that the network knows.",
            )
        if target.region.shape != shape[1:-1]:
            raise ModelError(
                f"The target has {target.region.shape} pixels, but the output {shape[1:-1]}.",
                "Give it on the grid of the network's output.",
            )
        self._seed = seed(shape, target.channel, target.region)
        if target.against is not None:
            if target.against.max() >= shape[-1]:
                raise ModelError(
                    f"There are classes 0 to {shape[-1] - 1}, but found {target.against.max()}.",
                    "Choose ones that the network knows.",
                )
            rows, columns = np.nonzero(target.against >= 0)
            self._seed[0, rows, columns, target.against[rows, columns]] -= 1
        self.node = self._before_last_activation(shown)
        self.skips_activation = self.node == shown
        self.ahead = frozenset(
            i for i in range(self.node + 1) if self.node in scene.program.reached((i,))
        )

    @property
    def is_logit(self) -> bool:
        """Whether what is summed is before the last activation, where the output has one."""
        segmentation = self._scene.segmentation
        if segmentation.meaning is Meaning.LINEAR or self.node != self._scene.output:
            return True
        unit = self._scene.program.unit(self.node, self._scene.base.situation.apart)
        return unit is not None and unit.activation is not None

    def of(self, one: Forward) -> float:
        """The score in a pass."""
        return self.summed(np.asarray(self.values(one))[0])

    def summed(self, values: Array) -> float:
        """The score in what the last activation is applied to, (H, W, C)."""
        target = self.target
        total = values[target.region, target.channel].sum(dtype=np.float64)
        if target.against is not None:
            rows, columns = np.nonzero(target.against >= 0)
            others = values[rows, columns, target.against[rows, columns]]
            total -= others.sum(dtype=np.float64)
        return float(total)

    def work(self, one: Forward) -> Work[float]:
        """The score in a pass, in pieces where it is not the live model's."""
        if one is not self._scene.base:
            for _ in in_pieces(one, lambda: self.values(one)):
                yield 0.0
        return self.of(one)

    def slope(self, one: Forward, node: int) -> Work[Array]:
        """How the score depends on a node's value, (1, H, W, C), in pieces.

        Parameters
        ----------
        one : Forward
            The pass, run up to the score.
        """
        back = Backward(one, self.node, self._seed, activated=not self.skips_activation)
        walk = back.walk((node,))
        while True:
            try:
                next(walk)
            except StopIteration as end:
                part = end.value.get(node)
                break
            yield 0.5
        shape = one.tensor(node).shape
        return np.zeros(shape, np.float32) if part is None else np.asarray(part.spread(shape))

    def _before_last_activation(self, node: int) -> int:
        """The node that the last activation reads; the same where it is part of its layer."""
        program, acted = self._scene.program, self._scene.base.situation.maps
        if program.activation(node) is not None and node not in acted:
            return program.nodes[node].reads[0][0]
        return node

    def values(self, one: Forward) -> Tensor:
        """What the last activation is applied to in a pass, (1, H, W, C)."""
        unit = self._scene.program.unit(self.node, one.situation.apart)
        if unit is None or not self.skips_activation:
            return one.tensor(self.node)
        values = whole_tensor(one.before_activation_of(unit))
        for edit in one.situation.maps.get(self.node, ()):
            array, at = np.array(values), edit.feature_map
            maps = slice(None) if at is None else slice(at, at + 1)
            array[..., maps] = edit.change(array[..., maps])
            values = tf.constant(array)
        return values
