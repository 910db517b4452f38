"""What is traced back, and where to: what all methods of attribution look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.lib.stride_tricks import sliding_window_view

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.attribution import AttributionQuestion, Nothing
from unetscope.domain.history import Edits
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.explaining.score import Array, Score
from unetscope.engine.explaining.work import Work
from unetscope.engine.forward import Forward


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Subject:
    """What is looked at: a scene, a target's score, and the node that it is traced back to.

    Attributes
    ----------
    edits : tuple of Edit or None
        Other ones than those in force: of random weights.
    """

    scene: Scene
    score: Score
    node: int
    asked: AttributionQuestion
    edits: Edits | None = None

    @property
    def image(self) -> Array:
        """The input that is traced back to, (1, H, W, C)."""
        return np.asarray(self.scene.base.inputs[self.node], np.float32)

    @contextmanager
    def look(self, image: Array | None = None) -> Iterator[Forward]:
        """The pass that is shown; one of its own for another image or other edits."""
        if image is None and self.edits is None:
            yield self.scene.base
            return
        inputs = list(self.scene.inputs)
        if image is not None:
            inputs[self.scene.program.inputs.index(self.node)] = tf.constant(image, tf.float32)
        with self.scene.passes(inputs, self.edits) as made:
            yield made.current

    def scored(self, image: Array) -> Work[float]:
        """The score of an image."""
        with self.look(image) as one:
            return (yield from self.score.work(one))

    def slope(self, image: Array | None = None) -> Work[tuple[float, Array, Array]]:
        """Score, gradient and value of the node, each of the latter (1, H, W, C)."""
        with self.look(image) as one:
            score = yield from self.score.work(one)
            slope = yield from self.score.slope(one, self.node)
            return score, slope, one.array(self.node)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a method gives."""

    values: Array
    completeness: float | None = None
    note: str = ""


def nothing_of(image: Array, kind: Nothing) -> Array:
    """An image of nothing, like a ``(1, H, W, C)`` one: 0, its mean by channel, or out of focus."""
    if kind == "mean":
        return np.broadcast_to(image.mean((1, 2), keepdims=True), image.shape)
    if kind == "blurred":
        return _blurred(image)
    if kind != "zero":
        raise ModelError(f"There is no {kind!r} image.", "Take zero, mean or blurred.")
    return np.zeros_like(image)


def _blurred(image: Array) -> Array:
    """Gaussian means with a deviation of a sixteenth of the shorter side; edges go on."""
    deviation = max(min(image.shape[1:3]) / 16, 1.0)
    reach = int(3 * deviation)
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * deviation**2))
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (1, 2):
        around = [(reach, reach) if n == axis else (0, 0) for n in range(4)]
        image = sliding_window_view(np.pad(image, around, "edge"), weights.size, axis) @ weights
    return image
