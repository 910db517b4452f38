"""The effective receptive field: the squared gradient, within the theoretical one."""

from __future__ import annotations

import pickle
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from tests.engine.conftest import two_inputs
from tests.engine.test_inquiry import weights_of
from tests.engine.test_recompute import KINDS, live_of, unet, with_random_weights

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.effective_field import FieldQuestion
from unetscope.domain.interventions import SilenceMap
from unetscope.domain.receptive_field import seen_by
from unetscope.engine import backward

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(7).random((32, 32), dtype=np.float32)


def by_tape(model: Any, image: Image, layer: str, at: tuple[int, int], channel: int) -> Any:
    """The squared gradient of a value by TensorFlow alone."""
    inside = keras.Model(model.input, model.get_layer(layer).output)
    x = tf.constant(image[None, ..., None])
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = inside(x, training=False)[0, *at, channel]
    return np.square(np.asarray(tape.gradient(value, x))[0]).sum(-1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layer", ["enc1_conv1", "pool2", "mid_conv2", "join1", "dec1_conv2"])
def test_the_energy_is_the_squared_gradient(kind: str, layer: str, image: Image) -> None:
    model = with_random_weights(KINDS[kind]())
    live = live_of(model).run(image)
    rows, columns = live.activation(layer).shape[:2]
    at = (rows // 2, columns // 3)
    active = np.flatnonzero(live.activation(layer)[at])  # a ReLU lets others have no slope
    channel = int(active[0])

    field = live.effective_field(layer, at, channel)

    expected = by_tape(model, image, layer, at, channel)
    np.testing.assert_allclose(field.energy, expected, rtol=1e-2, atol=1e-6 * expected.max())
    box = seen_by(live.graph, layer, at, (32, 32))
    assert box is not None
    (top, bottom), (left, right) = box
    outside = field.energy.copy()
    outside[top:bottom, left:right] = 0
    assert not outside.any()
    assert field.size == (32, 32)
    assert field.box is not None
    assert field.box[0] >= bottom - top


def test_a_linear_network_has_its_kernel_for_a_field() -> None:
    """Two convolutions: the energy is the square of the one kernel that they make together."""
    start = keras.Input((21, 21, 1), name="image")
    x = layers.Conv2D(1, 5, padding="same", use_bias=False, name="a")(start)
    x = layers.Conv2D(1, 3, padding="same", use_bias=False, name="b")(x)
    model = with_random_weights(keras.Model(start, x))
    first, second = (np.asarray(w)[..., 0, 0].astype(np.float64) for w in model.weights)
    together = np.zeros((7, 7))
    for i, j in np.ndindex(3, 3):
        together[i : i + 5, j : j + 5] += second[i, j] * first
    live = live_of(model).run(np.random.default_rng(0).random((21, 21), dtype=np.float32))

    field = live.effective_field("b", (10, 9), 0)

    assert field.corner == (7, 6)
    np.testing.assert_allclose(field.part, together**2, rtol=1e-4)
    assert field.box == (7, 7)


def test_a_silent_relu_has_the_field_of_what_it_cuts_off() -> None:
    start = keras.Input((12, 12, 1), name="image")
    x = layers.Conv2D(2, 3, padding="same", name="conv")(start)
    x = layers.Add(name="add")([x, layers.Conv2D(2, 5, padding="same", name="other")(start)])
    model = with_random_weights(keras.Model(start, layers.ReLU(name="cut")(x)))
    for name in ("conv", "other"):
        kernel, bias = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([kernel, bias - 100])
    live = live_of(model).run(np.ones((12, 12), np.float32))
    assert not live.activation("cut").any()

    cut, before = (live.effective_field(name, (6, 6), 1) for name in ("cut", "add"))

    assert not cut.is_empty
    np.testing.assert_array_equal(cut.energy, before.energy)


def test_without_a_channel_it_is_the_sum_of_all(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    maps = live.activation("enc2_conv1").shape[-1]
    one = live.scene().base
    found = live.effective_field("enc2_conv1", (5, 5))
    node, image_node = (live.scene().program.index[name] for name in ("enc2_conv1", "image"))
    seed = np.zeros((1, 16, 16, maps), np.float32)
    seed[0, 5, 5] = 1
    slope = backward.Backward(one, node, seed).gradient(image_node)
    np.testing.assert_allclose(found.energy, np.square(np.asarray(slope))[0, ..., 0], rtol=1e-4)


def test_edits_in_force_count(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    before = live.effective_field("enc1_conv1", (8, 8), 0)
    kernel = np.zeros((3, 3), np.float32)
    kernel[0, 2] = 2
    live.apply(SetKernel("enc1_conv1", 0, 0, kernel)).apply(SilenceMap("enc1_relu1", 1))

    edited = live.effective_field("enc1_conv1", (8, 8), 0)
    assert before.part.shape == (3, 3)
    assert edited.corner == (7, 9)
    np.testing.assert_allclose(edited.part, [[4]])
    assert live.effective_field("enc1_relu1", (8, 8), 1).is_empty


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("nothing", (0, 0), 0), "no layer called"),
        (("mid_conv1", (8, 0), 0), "no position (8, 0)"),
        (("mid_conv1", (0, 0), 24), "feature maps 0 to 23"),
        (("mid_conv1", (0, 0), -1), "feature maps 0 to 23"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: Any, told: str, image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    with pytest.raises(ModelError) as refused:
        live.effective_field(*asked)
    assert told in str(refused.value)


def test_layers_without_rows_and_columns_say_so() -> None:
    live = live_of(with_random_weights(two_inputs()))
    live.run({"t1": np.ones((16, 16), np.float32), "t2": np.ones((16, 16), np.float32)})
    with pytest.raises(ModelError, match="no rows and columns"):
        live.effective_field("score", (0, 0))
    assert live.effective_field("mask", (4, 4), 0).part.shape == (3, 3)  # both inputs
    assert live.effective_field("t1", (4, 4), 0).part.tolist() == [[1]]


def test_an_answer_travels_and_nothing_changes(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = with_random_weights(unet())
    live = live_of(model).run(image)
    live.apply(SetKernel("enc1_conv1", 0, 0, np.ones((3, 3))))
    before, shown = weights_of(live, model), live.probabilities().tobytes()
    question = FieldQuestion(
        model=live.network.ref,
        image=image,
        image_key="a",
        edits=live.edits,
        layer="dec1_relu2",
        position=(7, 8),
        channel=1,
    )
    steps = live.answer_to(question)
    _, _, answer = next(steps)
    steps.close()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(answer)).energy, answer.energy)

    def breaks(*_: Any) -> Any:
        raise RuntimeError("broken halfway")

    monkeypatch.setattr(backward.Backward, "_node", breaks)
    with pytest.raises(RuntimeError, match="halfway"):
        live.effective_field("dec1_relu2", (7, 8), 1)

    assert weights_of(live, model) == before
    assert live.probabilities().tobytes() == shown
