"""Where a score comes from: beside a loop over Keras's model, with a tape or with `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tests.benchmarks.conftest import Compare, Way

from unetscope.domain.explaining.target import Target
from unetscope.engine.live_model import LiveModel, open_model

pytestmark = pytest.mark.engine

Networks = dict[str, tuple[Path, int]]
Pictures = dict[int, Any]
LOOKS = 8
METHODS = ("saliency", "SmoothGrad", "integrated gradients", "occlusion", "honesty")


class Plainly:
    """The same by Keras and TensorFlow alone."""

    def __init__(self, model: Any, picture: Any, region: Any) -> None:
        self._model = model
        self._picture = tf.constant(picture[None, ..., None])
        self._region = tf.constant(region, tf.float32)
        self._traced = tf.function(self._slope)

    def _slope(self, x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            score = tf.reduce_sum(self._model(x, training=False)[0, ..., 0] * self._region)
        return tape.gradient(score, x)

    def tapes(self, looks: int) -> dict[str, Way]:
        """Gradients of so many images."""

        def loop(slope: Any) -> Way:
            return lambda: [slope(self._picture * (n / looks)) for n in range(looks)]

        return {"tape": loop(self._slope), "traced tape": loop(self._traced)}

    def predicted(self) -> Any:
        """The whole of the output."""
        return self._model.predict(self._picture, verbose=0)

    def randomised(self) -> Any:
        """A gradient after all weights are set."""
        self._model.set_weights(self._model.get_weights())
        return self._slope(self._picture)


@pytest.mark.parametrize(
    ("name", "pixels", "method"),
    [
        *(("sample", pixels, method) for method in METHODS for pixels in (1, 1600)),
        *(("seed", 1600, method) for method in ("saliency", "occlusion", "honesty")),
    ],
)
def test_attribution(
    compare: Compare, networks: Networks, pictures: Pictures, name: str, pixels: int, method: str
) -> None:
    path, rows = networks[name]
    side = int(pixels**0.5)
    region = np.zeros((rows, rows), bool)
    region[90 : 90 + side, 90 : 90 + side] = True
    plainly = Plainly(keras.models.load_model(path, compile=False), pictures[rows], region)
    live, target = open_model(path).run(pictures[rows]), Target(0, region)
    group, ours, others, per = ways(live, target, plainly, method, rows)
    what = f"{name}, {pixels} pixel{'s' if pixels > 1 else ''}"
    compare(group, what, ours, others, rounds=3, per=per)


def ways(
    live: LiveModel, target: Target, plainly: Plainly, method: str, rows: int
) -> tuple[str, Way, dict[str, Way], int]:
    if method == "saliency":
        return "saliency", lambda: live.saliency(target), plainly.tapes(1), 1
    if method == "SmoothGrad":
        group = f"SmoothGrad, {LOOKS} images"
        return group, lambda: live.smooth_grad(target, samples=LOOKS), plainly.tapes(LOOKS), 1
    if method == "integrated gradients":
        group = f"integrated gradients, {LOOKS} steps or more, beside {LOOKS}"
        ours: Way = lambda: live.integrated_gradients(target, steps=LOOKS)  # noqa: E731
        return group, ours, plainly.tapes(LOOKS), 1
    if method == "occlusion":
        squares = (-(-(rows + 16) // 16)) ** 2
        covered: Way = lambda: live.occlusion(target, patch=32, stride=16)  # noqa: E731
        return "occlusion, one square", covered, {"predict": plainly.predicted}, squares
    group = "honesty, one map of 7"  # the map and six of random weights
    twin: Way = lambda: live.honesty(target, "Saliency")  # noqa: E731
    return group, twin, {"set_weights and tape": plainly.randomised}, 7
