"""From one edited kernel to the mask: the user's wait, beside the ways other programs do it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from unetscope.domain.edits import SetKernel
from unetscope.engine.live_model import LiveModel, open_model
from unetscope.io.network_file import read_network

pytestmark = [pytest.mark.engine, pytest.mark.benchmark(group="one kernel to mask, 256 x 256")]

EARLY, MIDDLE, LATE = "enc1_conv1", "mid_conv1", "dec1_conv2"


def sample_like() -> Any:
    """The sample's architecture, with random weights: 16-32-64-128, two convolutions a level."""
    image = x = keras.Input((256, 256, 1), name="image")
    skips = []

    def twice(x: Any, filters: int, stem: str) -> Any:
        for number in (1, 2):
            name = f"{stem}_conv{number}"
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
            x = layers.BatchNormalization(name=f"{stem}_bn{number}")(x)
            x = layers.ReLU(name=f"{stem}_relu{number}")(x)
        return x

    for level, filters in enumerate((16, 32, 64), start=1):
        x = twice(x, filters, f"enc{level}")
        skips.append(x)
        x = layers.MaxPooling2D(name=f"pool{level}")(x)
    x = twice(x, 128, "mid")
    for level, filters in ((3, 64), (2, 32), (1, 16)):
        x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"up{level}")(x)
        x = layers.Concatenate(name=f"join{level}")([skips[level - 1], x])
        x = twice(x, filters, f"dec{level}")
    return keras.Model(image, layers.Conv2D(4, 1, activation="softmax", name="head")(x))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, sample_folder: Path) -> Path:
    sample = sample_folder / "brain-tissue-unet.keras"
    if sample.exists():
        return sample
    path = tmp_path_factory.mktemp("benchmark") / "unet.keras"
    sample_like().save(path)
    return path


@pytest.fixture(scope="module")
def image() -> Any:
    return np.random.default_rng(0).random((256, 256), dtype=np.float32)


@pytest.fixture(scope="module")
def live(path: Path, image: Any) -> LiveModel:
    return open_model(path).run(image)


def kernels() -> Any:
    return itertools.cycle([np.full((3, 3), value, np.float32) for value in (0.1, -0.1)])


@pytest.mark.parametrize("layer", [EARLY, MIDDLE, LATE])
def test_live(benchmark: Any, live: LiveModel, layer: str) -> None:
    turns = kernels()
    live.revert().apply(SetKernel(layer, 0, 0, next(turns))).mask()

    def drag() -> Any:
        return live.apply(SetKernel(layer, 0, 0, next(turns)), same_gesture=True).mask()

    benchmark.extra_info["layers_recomputed"] = live.last_update.layers_recomputed
    assert benchmark(drag).shape == (256, 256)


def with_keras(path: Path, image: Any, forward: Callable[[Any, Any], Any]) -> Callable[[], Any]:
    """What a script does: put all weights of the layer back, run the whole network."""
    model = keras.models.load_model(path, compile=False)
    layer, turns = model.get_layer(EARLY), kernels()
    batch = image[None, ..., None]
    call = tf.function(model)

    def edit() -> Any:
        weights = layer.get_weights()
        weights[0][:, :, 0, 0] = next(turns)
        layer.set_weights(weights)
        return np.asarray(forward((model, call), batch))[0].argmax(-1)

    edit()
    return edit


FORWARDS: dict[str, Callable[[Any, Any], Any]] = {
    "set_weights and predict": lambda m, batch: m[0].predict(batch, verbose=0),
    "set_weights and call": lambda m, batch: m[0](batch, training=False),
    "set_weights and tf.function": lambda m, batch: m[1](batch, training=False),
}


@pytest.mark.parametrize("way", FORWARDS)
def test_plain_keras(benchmark: Any, path: Path, image: Any, way: str) -> None:
    assert benchmark(with_keras(path, image, FORWARDS[way])).shape == (256, 256)


@pytest.mark.benchmark(group="open a model file")
def test_read_without_keras(benchmark: Any, path: Path) -> None:
    assert benchmark(lambda: read_network(path)).graph.outputs


@pytest.mark.benchmark(group="open a model file")
def test_open_with_keras(benchmark: Any, path: Path) -> None:
    assert benchmark.pedantic(lambda: open_model(path), rounds=3).layers


@pytest.mark.benchmark(group="a layer's first edit (trace)")
@pytest.mark.parametrize("layer", [MIDDLE, LATE])
def test_first_edit(benchmark: Any, path: Path, image: Any, layer: str) -> None:
    def fresh() -> tuple[tuple[LiveModel], dict[str, Any]]:
        return (open_model(path).run(image),), {}

    def edit(live: LiveModel) -> Any:
        return live.apply(SetKernel(layer, 0, 0, np.zeros((3, 3)))).mask()

    assert benchmark.pedantic(edit, setup=fresh, rounds=3).shape == (256, 256)
