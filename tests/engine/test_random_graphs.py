"""Random networks, random edits: every answer equals a whole forward pass of plain Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from unetscope.domain.edits import Edit, ScaleFilter, SetBias, SetFilter, SetKernel, SetLayerWeights
from unetscope.domain.graph import Layer
from unetscope.domain.kernels import layout_of
from unetscope.engine.live_model import LiveModel, open_model

pytestmark = pytest.mark.engine


def random_network(seed: int) -> Any:
    """A random small graph of 8 to 14 layers with skips, diamonds and shared layers."""
    rng = np.random.default_rng(seed)
    image = keras.Input((16, 16, 1))
    by_size: dict[int, list[Any]] = {16: [image]}
    shared: dict[int, Any] = {}
    x = image
    for step in range(int(rng.integers(8, 15))):
        size, channels = int(x.shape[1]), int(x.shape[-1])
        kind = rng.choice(
            [
                *("conv", "dilated", "bn", "pool", "up", "join", "add", "transposed"),
                *("depthwise", "separable", "shared", "relu"),
            ]
        )
        name = f"{kind}{step}"
        others = [y for y in by_size.get(size, []) if y is not x]
        if kind == "conv":
            x = layers.Conv2D(int(rng.integers(1, 5)), 3, padding="same", name=name)(x)
        elif kind == "dilated":
            x = layers.Conv2D(3, 3, padding="same", dilation_rate=2, name=name)(x)
        elif kind == "bn":
            x = layers.BatchNormalization(name=name)(x)
        elif kind == "pool" and size > 4:
            x = layers.MaxPooling2D(name=name)(x)
        elif kind == "up" and size < 16:
            x = layers.UpSampling2D(name=name)(x)
        elif kind == "transposed" and size < 16:
            x = layers.Conv2DTranspose(3, 2, strides=2, name=name)(x)
        elif kind == "join" and others:
            x = layers.Concatenate(name=name)([others[int(rng.integers(len(others)))], x])
        elif kind == "add" and [y for y in others if y.shape[-1] == channels]:
            same = [y for y in others if y.shape[-1] == channels]
            x = layers.Add(name=name)([x, same[int(rng.integers(len(same)))]])
        elif kind == "depthwise":
            x = layers.DepthwiseConv2D(3, padding="same", name=name)(x)
        elif kind == "separable":
            x = layers.SeparableConv2D(2, 3, padding="same", name=name)(x)
        elif kind == "shared":
            layer = shared.setdefault(channels, layers.Conv2D(channels, 3, padding="same"))
            x = layer(x)
        else:
            x = layers.Activation("tanh", name=name)(x)
        by_size.setdefault(int(x.shape[1]), []).append(x)
    head = layers.Conv2D(3, 1, activation="softmax", name="head")(x)
    model = keras.Model(image, head)
    for layer in model.layers:
        layer.set_weights([_values(rng, w) for w in layer.weights])
    return model


def _values(rng: np.random.Generator, weight: Any) -> Any:
    positive = "variance" in weight.name or "gamma" in weight.name
    return 0.5 + rng.random(weight.shape) if positive else rng.normal(0, 0.4, weight.shape)


def random_edit(rng: np.random.Generator, live: LiveModel) -> Edit:
    editable = [layer for layer in live.layers if layout_of(layer) is not None]
    layer: Layer = editable[int(rng.integers(len(editable)))]
    layout = layout_of(layer)
    assert layout is not None
    channel, which = int(rng.integers(layout.in_channels)), int(rng.integers(layout.filters))
    kind = int(rng.integers(5))
    if kind == 0:
        return SetKernel(layer.name, channel, which, rng.normal(size=layout.window))
    if kind == 1:
        shape = (*layout.window, layout.in_channels)
        return SetFilter(layer.name, which, rng.normal(size=shape))
    if kind == 2 and layout.bias is not None:
        index = int(rng.integers(layer.weights[layout.bias].size))
        return SetBias(layer.name, index, float(rng.normal()))
    if kind == 3:
        return ScaleFilter(layer.name, which, float(rng.normal()))
    return SetLayerWeights(layer.name, [rng.normal(size=s.shape) for s in layer.weights])


def assert_equals_keras(live: LiveModel, path: Path, image: Any) -> None:
    """Load the file with plain Keras, set the weights in force, run it whole, compare."""
    plain = keras.models.load_model(path, compile=False)
    for layer in plain.layers:
        if layer.weights:
            layer.set_weights(live.weights(layer.name))
    expected = np.asarray(plain(image[None, ..., None], training=False))[0]
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(live.probabilities(), expected, rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("seed", range(10))
def test_any_edits_undone_and_redone_equal_a_whole_pass_of_plain_keras(
    seed: int, tmp_path: Path
) -> None:
    path = tmp_path / "random.keras"
    random_network(seed).save(path)
    live = open_model(path)
    rng = np.random.default_rng(100 + seed)
    image = rng.normal(size=(16, 16)).astype(np.float32)
    live.run(image)
    trained = live.probabilities().copy()

    for _ in range(3):
        live.apply(random_edit(rng, live))
    assert_equals_keras(live, path, image)

    live.undo()
    assert_equals_keras(live, path, image)
    other = rng.normal(size=(16, 16)).astype(np.float32)
    live.run(other)
    assert_equals_keras(live, path, other)

    live.redo().run(image)
    assert_equals_keras(live, path, image)
    np.testing.assert_allclose(
        live.trained_activation(live.graph.outputs[0]), trained, rtol=1e-4, atol=1e-6
    )

    live.revert()
    for name, arrays in live.network.trained.items():
        for now, then in zip(live.weights(name), arrays, strict=True):
            assert now.tobytes() == then.tobytes()
    assert_equals_keras(live, path, image)
