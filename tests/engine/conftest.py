"""Small networks for the engine's tests, built with Keras and saved once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray

Build = Callable[[], Any]


def small_unet() -> Any:
    """Two levels, batch normalisation, a transposed convolution, a skip, softmax of 3 classes."""
    image = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="enc1_conv")(image)
    x = layers.BatchNormalization(name="enc1_norm")(x)
    skip = layers.Activation("relu", name="enc1_relu")(x)
    x = layers.MaxPooling2D(name="pool")(skip)
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="mid_conv")(x)
    x = layers.Conv2DTranspose(4, 2, strides=2, name="up")(x)
    x = layers.Concatenate(name="join")([x, skip])
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="dec1_conv")(x)
    x = layers.Conv2D(3, 1, activation="softmax", name="head")(x)
    return keras.Model(image, x, name="small_unet")


def many_kinds() -> Any:
    """One of nearly every kind of layer, a shared one and a nested one among them."""
    image = keras.Input((24, 20, 2), name="image")
    x = layers.ZeroPadding2D(((1, 2), (0, 3)), name="pad")(image)
    x = layers.Cropping2D(((0, 3), (2, 1)), name="crop")(x)
    x = layers.Conv2D(4, (4, 3), padding="same", dilation_rate=2, name="dilated")(x)
    x = layers.LeakyReLU(name="leaky")(x)
    skip = layers.PReLU(shared_axes=[1, 2], name="prelu")(x)
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="strided")(skip)
    x = layers.SpatialDropout2D(0.3, name="drop")(x)
    shared = layers.Conv2D(4, 3, padding="same", activation="tanh", name="shared")
    x = layers.Add(name="add")([shared(x), shared(shared(x))])
    x = layers.AveragePooling2D(2, padding="same", name="average")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear", name="upsample")(x)
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="up")(x)
    gate = layers.Conv2D(1, 1, activation="sigmoid", name="gate")(x)
    x = layers.Multiply(name="attend")([skip, gate])
    x = layers.SeparableConv2D(5, 3, padding="same", name="separable")(x)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depthwise")(x)
    x = layers.LayerNormalization(name="norm")(x)
    inside = keras.Input((24, 20, 10))
    y = layers.BatchNormalization(trainable=False)(layers.Conv2D(3, 1)(inside))
    x = keras.Model(inside, layers.ReLU()(y), name="nested")(x)
    x = layers.Conv2D(3, 3, name="valid")(x)
    x = layers.Conv2DTranspose(2, 3, name="back")(x)
    return keras.Model(image, layers.Softmax(name="classes")(x), name="many_kinds")


def two_inputs() -> Any:
    """Two inputs, two outputs, and plain operations between layers."""
    first = keras.Input((16, 16, 1), name="t1")
    second = keras.Input((16, 16, 1), name="t2")
    x = layers.Concatenate(name="both")([first, second])
    x = layers.Conv2D(4, 3, padding="same", name="conv")(x)
    x = keras.ops.relu(x * 2.0 + 1.0)
    mask = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(x)
    score = layers.Dense(2, name="score")(layers.GlobalAveragePooling2D(name="mean")(x))
    return keras.Model([first, second], [score, mask], name="two_inputs")


def one_layer() -> Any:
    """One linear 4×4 convolution, as in the tutorial of the second seed."""
    return keras.Sequential(
        [keras.Input((30, 28, 1)), layers.Conv2D(1, 4, padding="same", name="conv")], name="one"
    )


def any_size() -> Any:
    """A network without a fixed grid, two sigmoid channels."""
    image = keras.Input((None, None, 1), name="image")
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="conv")(image)
    x = layers.UpSampling2D(name="up")(layers.MaxPooling2D(name="pool")(x))
    x = layers.Conv2D(2, 1, activation="sigmoid", name="head")(
        layers.Concatenate(name="join")([x, image])
    )
    return keras.Model(image, x, name="any_size")


BUILDERS: dict[str, Build] = {
    build.__name__: build for build in (small_unet, many_kinds, two_inputs, one_layer, any_size)
}


def randomised(model: Any, seed: int = 0) -> Any:
    """Give every weight a random value, batch statistics included: zeros would hide mistakes."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        new = []
        for weight in layer.weights:
            values = rng.normal(0, 0.4, weight.shape)
            if "variance" in weight.name or "gamma" in weight.name:
                values = 0.5 + rng.random(weight.shape)
            new.append(values)
        layer.set_weights(new)
    return model


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Build a network by name, with random weights, and save it; each only once."""
    folder = tmp_path_factory.mktemp("networks")

    def save(name: str, suffix: str = ".keras") -> Path:
        path = folder / f"{name}{suffix}"
        if not path.exists():
            randomised(BUILDERS[name]()).save(path)
        return path

    return save


@pytest.fixture
def image() -> NDArray[np.float32]:
    """One image for `small_unet`."""
    return np.random.default_rng(5).random((32, 32), dtype=np.float32)
