"""The gradient of a few pixels, computed where it is not 0 alone, is the whole one."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tests.engine.conftest import many_kinds
from tests.engine.test_random_graphs import random_network
from tests.engine.test_recompute import KINDS, live_of, with_random_weights

from unetscope.domain.edits import SetKernel
from unetscope.domain.interventions import CutSkip, ScaleMap, SilenceMap
from unetscope.engine.backward import Backward
from unetscope.engine.live_model import LiveModel

pytestmark = pytest.mark.engine


def resnet() -> Any:
    """Additions of unlike ways, odd sizes, even and dilated kernels, padding and cropping."""
    image = keras.Input((27, 22, 1), name="image")
    x = layers.Conv2D(4, 4, strides=2, padding="same", name="stem")(image)
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="a")(x)
    y = layers.Conv2D(4, 3, padding="same", dilation_rate=2, name="b")(y)
    x = layers.ReLU(name="r")(layers.Add(name="add")([x, y]))
    x = layers.ZeroPadding2D(((1, 0), (2, 1)), name="pad")(x)
    x = layers.Conv2D(5, (3, 2), name="valid")(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="overlap")(x)
    x = layers.Conv2DTranspose(4, 3, strides=3, name="gaps")(x)
    x = layers.Cropping2D(((2, 1), (0, 2)), name="crop")(x)
    x = layers.Conv2DTranspose(4, (2, 5), strides=2, padding="same", name="up")(x)
    x = layers.UpSampling2D((1, 2), name="wide")(x)
    x = layers.Conv2D(4, (2, 4), padding="same", activation="tanh", name="even")(x)
    return keras.Model(image, layers.Conv2D(3, 1, name="head")(x), name="resnet")


NETWORKS: dict[str, Any] = {**KINDS, "resnet": resnet, "many kinds": many_kinds}


def live_and_output(model: Any, rng: np.random.Generator) -> tuple[LiveModel, int, tuple[int, ...]]:
    live = live_of(model).run(rng.random(model.input_shape[1:], dtype=np.float32))
    one = live.scene().base
    output = live.scene().output
    return live, output, tuple(one.tensor(output).shape)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("where", ["corner", "middle", "two corners"])
def test_one_pixel_gives_what_the_whole_does(name: str, where: str) -> None:
    """Against a tape over the same network, called layer by layer."""
    rng = np.random.default_rng(3)
    model = with_random_weights(NETWORKS[name]())
    live, output, shape = live_and_output(model, rng)
    seed = np.zeros(shape, np.float32)
    rows, columns = shape[1:3]
    if where != "middle":
        seed[0, 0, columns - 1, 1] = 1
    if where != "corner":
        seed[0, rows // 2, columns // 3, 0] = -2
    asked = [layer.name for layer in live.layers if len(layer.output_shape) == 4][:-1]
    expected = by_tape(model, live, asked, seed)

    index = live.scene().program.index
    found = Backward(live.scene().base, output, seed).gradients(index[each] for each in asked)

    for each in asked:
        scale = float(np.abs(expected[each]).max())
        np.testing.assert_allclose(
            found[index[each]], expected[each], rtol=2e-3, atol=2e-5 * scale + 1e-9, err_msg=each
        )


def by_tape(model: Any, live: LiveModel, asked: list[str], seed: Any) -> dict[str, Any]:
    """Gradients at the value before the last activation, by TensorFlow alone."""
    values: dict[str, Any] = {}
    program = live.scene().program
    with tf.GradientTape() as tape:
        for i, node in enumerate(program.nodes):
            if node.call is None:
                value = live.scene().base.inputs[i]
                tape.watch(value)
            else:
                layer = program.keras(i)
                own = getattr(layer, "activation", None)
                is_last = node.name == live.segmentation_output
                if is_last and type(layer).__name__ == "Softmax":
                    value = values[program.nodes[node.reads[0][0]].name]
                elif is_last and own is not None:
                    layer.activation = keras.activations.linear
                    value = node.call([values[program.nodes[s].name] for s, _ in node.reads])[0]
                    layer.activation = own
                else:
                    value = node.call([values[program.nodes[s].name] for s, _ in node.reads])[0]
            values[node.name] = value
        score = tf.reduce_sum(values[live.segmentation_output] * seed)
    gradients = tape.gradient(score, [values[name] for name in asked])
    return {
        name: np.zeros(values[name].shape) if each is None else np.asarray(each)
        for name, each in zip(asked, gradients, strict=True)
    }


@pytest.mark.parametrize("seed", range(6))
def test_random_networks_in_part_are_as_in_whole(seed: int) -> None:
    """A spread-out seed goes the way of whole values, which has its own tests."""
    rng = np.random.default_rng(seed)
    model = random_network(seed)
    image = rng.random(tuple(n or 16 for n in model.input_shape[1:]), dtype=np.float32)
    live = live_of(model).run(image)
    scene = live.scene()
    output = scene.program.outputs[0]
    shape = tuple(scene.base.tensor(output).shape)
    if len(shape) != 4:
        pytest.skip("no picture")
    point = np.zeros(shape, np.float32)
    point[0, shape[1] // 2, shape[2] - 1, 0] = 1
    wide = rng.normal(size=shape).astype(np.float32)

    parts = Backward(scene.base, output, point).gradient(0)
    whole = Backward(scene.base, output, wide).gradient(0)
    both = Backward(scene.base, output, wide + point).gradient(0)

    scale = float(np.abs(both).max())
    np.testing.assert_allclose(parts + whole, both, rtol=1e-3, atol=1e-4 * scale)


def test_only_the_part_that_the_pixel_sees_is_computed() -> None:
    live, output, shape = live_and_output(
        with_random_weights(KINDS["transposed"]()), np.random.default_rng(0)
    )
    seed = np.zeros(shape, np.float32)
    seed[0, 16, 16, 1] = 1
    index = live.scene().program.index

    parts = Backward(live.scene().base, output, seed).parts([index["dec1_conv1"], index["image"]])

    rect = parts[index["dec1_conv1"]].rect
    assert rect is not None
    assert rect == (15, 15, 18, 18)


def test_a_gradient_can_be_asked_for_twice() -> None:
    live, output, shape = live_and_output(
        with_random_weights(KINDS["upsampling"]()), np.random.default_rng(0)
    )
    back = Backward(live.scene().base, output, np.ones(shape, np.float32))
    node = live.scene().program.index["mid_conv2"]
    np.testing.assert_array_equal(back.gradient(node), back.gradient(node))


def test_edits_and_interventions_hold_for_a_part_too() -> None:
    """With them a pixel still adds to what the rest gives, which has its own tests."""
    live, output, shape = live_and_output(
        with_random_weights(KINDS["norms and upsampling"]()), np.random.default_rng(1)
    )
    live.apply(SetKernel("enc2_conv1", 0, 0, np.full((3, 3), 0.3)))
    live.apply(SilenceMap("dec2_relu1", 0, "mean")).apply(CutSkip("join1", "enc1_relu2", "mean"))
    live.apply(ScaleMap("enc1_relu1", 1, 0.5))
    scene = live.scene()
    point = np.zeros(shape, np.float32)
    point[0, 20, 5, 2] = 3
    rest = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    nodes = [scene.program.index[name] for name in ("image", "enc1_relu2", "dec2_relu1", "up1")]

    one, other, both = (
        Backward(scene.base, output, seed).gradients(nodes) for seed in (point, rest, point + rest)
    )

    for node in nodes:
        scale = float(np.abs(both[node]).max())
        np.testing.assert_allclose(
            one[node] + other[node], both[node], rtol=1e-3, atol=1e-4 * scale
        )
        assert np.any(one[node])
