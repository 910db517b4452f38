"""Receptive fields by arithmetic equal those found by sending impulses through the network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from unetscope.domain.receptive_field import receptive_field, seen_by
from unetscope.engine.introspect import anatomy_of

pytestmark = pytest.mark.engine


def transparent(model: Any) -> Any:
    """Give every weight a value that lets nothing vanish: what is seen is what is not 0."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        values = []
        for weight in layer.weights:
            is_shift = any(word in weight.name for word in ("bias", "beta", "mean"))
            values.append(np.zeros(weight.shape) if is_shift else 0.5 + rng.random(weight.shape))
        layer.set_weights(values)
    return model


def reading(model: Any, layer: str, axis: int, lengths: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Which positions of a layer see which pixels of the input: (positions, pixels) of bool."""
    impulses = np.zeros((lengths[axis], *lengths, model.input_shape[-1]), np.float32)
    for pixel, impulse in enumerate(impulses):
        np.moveaxis(impulse, axis, 0)[pixel] = 1.0
    inside = keras.Model(model.input, model.get_layer(layer).output)
    found = np.abs(np.asarray(inside(impulses)))  # (pixels, rows, columns, maps)
    return np.asarray(found.sum(axis=(2 - axis, 3)).T > 1e-20)


def assert_fields_are_right(model: Any, lengths: tuple[int, int] | None = None) -> int:
    """Compare every position of every layer; gives how many layers had a field."""
    model = transparent(model)
    graph = anatomy_of(model, "net").graph
    size = lengths or model.input_shape[1:3]
    has_holes = any(
        each.config.get("dilation_rate", 1) not in (1, (1, 1), [1, 1]) for each in graph.layers
    )
    compared = 0
    for layer in graph.layers:
        field = receptive_field(graph, layer.name, size)
        if field is None or layer.kind == "InputLayer":
            continue
        compared += 1
        for axis in (0, 1):
            seen = reading(model, layer.name, axis, size)
            widest = 0
            for position, pixels in enumerate(seen):
                if not pixels.any():
                    continue  # a transposed convolution may leave gaps
                at = (position, 0) if axis == 0 else (0, position)
                box = seen_by(graph, layer.name, at, size)
                assert box is not None
                hull = int(np.argmax(pixels)), len(pixels) - int(np.argmax(pixels[::-1]))
                if has_holes:  # at a border a dilated kernel may begin with a hole
                    assert box[axis][0] <= hull[0]
                    assert hull[1] <= box[axis][1]
                else:
                    assert box[axis] == hull, (layer.name, axis, position)
                widest = max(widest, hull[1] - hull[0])
            assert widest <= field.size[axis]
    return compared


def image(rows: int | None = 24, columns: int | None = 20) -> Any:
    return keras.Input((rows, columns, 1), name="image")


def chain(*steps: Any, rows: int = 24, columns: int = 20) -> Any:
    start = x = image(rows, columns)
    for step in steps:
        x = step(x)
    return keras.Model(start, x)


CHAINS = {
    "even kernels": [layers.Conv2D(2, 4, padding="same"), layers.Conv2D(2, (2, 3), padding="same")],
    "strides": [
        layers.Conv2D(2, 3, strides=2, padding="same"),
        layers.Conv2D(2, (5, 4), strides=(2, 3), padding="same"),
    ],
    "dilation": [layers.Conv2D(2, 3, dilation_rate=3), layers.DepthwiseConv2D(2, padding="same")],
    "pools": [
        layers.AveragePooling2D(2),
        layers.MaxPooling2D(3, strides=2, padding="same"),
        layers.UpSampling2D(3),
        layers.Conv2D(1, 3),
    ],
    "bilinear": [layers.MaxPooling2D(4), layers.UpSampling2D(4, interpolation="bilinear")],
    "transposed": [
        layers.Conv2DTranspose(2, 3, strides=2, padding="same"),
        layers.Conv2D(1, 3, strides=2),
        layers.Conv2DTranspose(2, 5, strides=2),
        layers.Conv2DTranspose(2, 4, strides=1, padding="same"),
    ],
    "shifts": [
        layers.ZeroPadding2D(((1, 2), (0, 3))),
        layers.Conv2D(2, 3),
        layers.Cropping2D(((0, 3), (2, 1))),
        layers.CenterCrop(12, 13),
    ],
    "pointwise": [
        layers.BatchNormalization(),
        layers.PReLU(shared_axes=[1, 2]),
        layers.SeparableConv2D(3, 3, padding="same"),
        layers.Dense(2),
        layers.ReLU(),
    ],
}


@pytest.mark.parametrize("name", CHAINS)
def test_every_kind_of_step_is_as_an_impulse_shows_it(name: str) -> None:
    model = chain(*[layer.__class__.from_config(layer.get_config()) for layer in CHAINS[name]])
    assert assert_fields_are_right(model) == len(CHAINS[name])


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_with_skips(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = x = image(32, 32)
    skips: list[Any] = []
    for _ in range(int(rng.integers(1, 4))):
        window = int(rng.integers(1, 6))
        dilation = int(rng.integers(1, 3)) if seed % 3 == 0 else 1
        x = layers.Conv2D(2, window, padding="same", dilation_rate=dilation)(x)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x) if rng.random() < 0.5 else _strided(rng)(x)
    x = layers.Conv2D(2, 3, padding="same")(x)
    for skip in reversed(skips):
        up = layers.UpSampling2D(2) if rng.random() < 0.5 else _spread(rng)
        x = up(x)
        if rng.random() < 0.8:
            x = layers.Concatenate()([skip, x])
        x = layers.Conv2D(2, int(rng.integers(1, 5)), padding="same")(x)
    assert assert_fields_are_right(keras.Model(start, x)) >= 6


def _strided(rng: np.random.Generator) -> Any:
    return layers.Conv2D(2, int(rng.integers(2, 5)), strides=2, padding="same")


def _spread(rng: np.random.Generator) -> Any:
    return layers.Conv2DTranspose(2, int(rng.integers(2, 5)), strides=2, padding="same")


def test_a_network_of_any_size_is_told_its_size() -> None:
    start = image(None, None)
    x = layers.Conv2D(2, 3, strides=2, padding="same")(start)
    x = layers.MaxPooling2D(2, padding="same")(x)
    model = keras.Model(start, layers.Conv2D(2, 2, padding="same")(x))
    assert assert_fields_are_right(model, (23, 26)) == 3


def test_what_squeezes_the_whole_map_lets_every_position_see_all_of_it() -> None:
    start = image(8, 8)
    x = layers.Conv2D(3, 3, padding="same", name="conv")(start)
    gate = layers.Dense(3, activation="sigmoid", name="dense")(layers.GlobalAveragePooling2D()(x))
    gated = layers.Multiply(name="gated")([x, layers.Reshape((1, 1, 3))(gate)])
    graph = anatomy_of(keras.Model(start, gated), "net").graph
    field = receptive_field(graph, "gated")
    assert field is not None
    assert field.stride == (1.0, 1.0)
    assert field.offset == (0.0, 0.0)
    assert seen_by(graph, "gated", (3, 3)) == ((0, 8), (0, 8))
    assert receptive_field(graph, "dense") is None


def test_what_rearranges_positions_is_not_known() -> None:
    start = image(8, 8)
    x = layers.Reshape((4, 16, 1))(start)
    graph = anatomy_of(keras.Model(start, layers.Conv2D(1, 3, name="after")(x)), "net").graph
    assert receptive_field(graph, "after") is None
