"""Gradients, Seg-Grad-CAM and effects equal plain, independent computations."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from tests.engine.test_recompute import KINDS, live_of, unet, walk, with_random_weights

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import ModelError
from unetscope.domain.interventions import CutSkip, ForceMap, ScaleMap, SilenceMap
from unetscope.engine import effects
from unetscope.engine.live_model import LiveModel

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(7).random((32, 32), dtype=np.float32)


def plain_gradient(model: Any, image: Image, name: str, label: int, region: Any) -> Any:
    """By TensorFlow's own tape over the model cut in two at the layer."""
    logits = model.layers[-1]
    activation, logits.activation = logits.activation, keras.activations.linear
    try:
        whole = keras.Model(model.input, [model.get_layer(name).output, model.output])
        with tf.GradientTape() as tape:
            x = tf.constant(image[None, ..., None])
            tape.watch(x)
            inner, scores = whole(x, training=False)
            score = tf.reduce_sum(scores[0, ..., label] * region)
        return tape.gradient(score, x if name == "image" else inner)[0]
    finally:
        logits.activation = activation


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "layer", ["image", "enc1_conv2", "enc2_conv1", "mid_conv2", "join1", "head"]
)
def test_gradients_are_those_of_a_tape(kind: str, layer: str, image: Image) -> None:
    model = with_random_weights(KINDS[kind]())
    live = live_of(model).run(image)
    region = np.zeros((32, 32), np.float32)
    region[4:20, 6:30] = 1

    if layer == "head":
        found = live.gradient(layer, 1, region)
        np.testing.assert_array_equal(found[..., 1], region)
        return
    expected = plain_gradient(model, image, layer, 1, region)
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(
        live.gradient(layer, 1, region), expected, rtol=1e-3, atol=1e-5 * scale
    )


def test_gradients_with_edits_in_force_are_the_slopes_of_the_edited_network(image: Image) -> None:
    """Against a tape over the layers called one by one, with the interventions as tensors."""
    model = with_random_weights(unet())
    live = live_of(model).run(image)
    live.apply(SetKernel("enc2_conv1", 0, 0, np.full((3, 3), 0.3)))
    live.apply(SilenceMap("enc1_relu2", 2)).apply(ScaleMap("mid_relu2", 1, 0.5))
    live.apply(SilenceMap("dec2_relu1", 0, "mean")).apply(CutSkip("join1", "enc1_relu2", "mean"))
    live.apply(ForceMap("enc2_relu1", 3, 0.7, (2, 5)))
    region = np.ones((32, 32), np.float32)

    expected = taped(model, live, image, 2)

    for layer in ("image", "enc1_relu2", "mid_relu2", "pool2", "up1"):
        scale = float(np.abs(expected[layer]).max())
        found = live.gradient(layer, 2, region)
        np.testing.assert_allclose(found, expected[layer][0], rtol=1e-3, atol=1e-5 * scale)


def mean_of(x: Any) -> Any:
    return tf.reduce_mean(x, (1, 2), keepdims=True) + tf.zeros_like(x)


def at(channel: int, count: int) -> Any:
    return tf.one_hot(channel, count)


def taped(model: Any, live: LiveModel, image: Image, label: int) -> dict[str, Any]:
    """Gradients by a tape, with respect to each value before what acts on it."""
    acts: dict[str, Any] = {
        "enc1_relu2": lambda x: x * (1 - at(2, 8)),
        "mid_relu2": lambda x: x * (1 - 0.5 * at(1, 24)),
        "dec2_relu1": lambda x: x + (mean_of(x) - x) * at(0, 12),
        "enc2_relu1": lambda x: tf.tensor_scatter_nd_update(x, [[0, 2, 5, 3]], [0.7]),
    }
    kernel = live.weights("enc2_conv1")
    found: dict[str, Any] = {}
    acted: dict[str, Any] = {}
    before = model.get_layer("enc2_conv1").get_weights()
    model.get_layer("enc2_conv1").set_weights(kernel)
    with tf.GradientTape() as tape:
        for layer in live.layers:
            if not layer.inputs:
                value = tf.constant(image[None, ..., None])
                tape.watch(value)
            elif layer.name == "head":
                weights, bias = live.weights("head")
                value = tf.nn.conv2d(acted[layer.inputs[0]], weights, 1, "SAME") + bias
            else:
                given = [acted[name] for name in layer.inputs]
                if layer.name == "join1":
                    given = [
                        mean_of(x) if n == "enc1_relu2" else x
                        for n, x in zip(layer.inputs, given, strict=True)
                    ]
                value = model.get_layer(layer.name)(given if len(given) > 1 else given[0])
            found[layer.name] = value
            acted[layer.name] = acts.get(layer.name, tf.identity)(value)
        score = tf.reduce_sum(found["head"][..., label])
    names = ["image", "enc1_relu2", "mid_relu2", "pool2", "up1"]
    values = [acted[name] if name != "image" else found[name] for name in names]
    gradients = tape.gradient(score, values)
    model.get_layer("enc2_conv1").set_weights(before)
    return dict(zip(names, map(np.asarray, gradients), strict=True))


def test_seg_grad_cam_is_the_formula_of_the_paper(image: Image) -> None:
    model = with_random_weights(unet(norm=False))
    live = live_of(model).run(image)
    label = int(np.bincount(live.mask().ravel()).argmax())
    region = (live.mask() == label).astype(np.float32)

    slopes = np.asarray(plain_gradient(model, image, "mid_conv2", label, region))
    maps = live.activation("mid_conv2")
    expected = np.maximum((maps * slopes.mean((0, 1))).sum(-1), 0)

    heat = live.seg_grad_cam("mid_conv2", label)
    assert heat.shape == (8, 8)
    np.testing.assert_allclose(heat, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("label", "region", "told"),
    [
        (3, None, "classes 0 to 2"),
        (0, np.zeros((32, 32)), "empty"),
        (0, np.ones((4, 4)), "on the grid"),
    ],
)
def test_what_cannot_be_explained_is_refused(
    label: int, region: Any, told: str, image: Image
) -> None:
    live = live_of(with_random_weights(unet())).run(image)

    with pytest.raises(ModelError) as refused:
        live.gradient("mid_conv1", label, region)

    assert told in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize("how", ["zero", "mean"])
@pytest.mark.parametrize("layer", ["enc1_relu1", "mid_relu2", "dec1_relu1", "enc1_conv2", "pool1"])
def test_effects_are_those_of_silencing_each_map_alone(how: Any, layer: str, image: Image) -> None:
    model = with_random_weights(unet())
    live = live_of(model).run(image)
    live.apply(SetKernel("enc2_conv2", 0, 0, np.ones((3, 3))))
    reference = np.random.default_rng(1).integers(0, 3, (32, 32)).astype(np.uint8)
    before, mask = live.probabilities(), live.mask()

    found = live.effects(layer, how=how, reference=reference)

    assert len(found.changed_pixels) == live.layer(layer).channels
    for channel in range(len(found.changed_pixels)):
        live.apply(SilenceMap(layer, channel, how))
        after = walk(model, image, live)["head"]
        live.undo()
        change = float(np.abs(after - before).mean())
        assert found.mean_probability_change[channel] == pytest.approx(change, rel=1e-2, abs=1e-6)
        top = np.sort(after, -1)
        unsure = int((top[..., -1] - top[..., -2] < 1e-4).sum())
        changed = int((after.argmax(-1) != mask).sum())
        assert abs(int(found.changed_pixels[channel]) - changed) <= unsure
        if unsure:
            continue
        for label in range(3):
            for other, dice in (
                (mask, found.dice_with_current),
                (reference, found.dice_with_reference),
            ):
                assert dice is not None
                both = np.sum((other == label) & (after.argmax(-1) == label))
                size = np.sum(other == label) + np.sum(after.argmax(-1) == label)
                expected = 2 * both / size if size else np.nan
                np.testing.assert_allclose(dice[channel, label], expected, rtol=1e-5)


def test_a_sweep_goes_on_from_its_own_beginning_whatever_comes_in_between(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    expected = live.effects("enc2_relu2")

    steps = live.sweep("enc2_relu2")
    found = expected
    for n, (_, _, found) in enumerate(steps):  # noqa: B007
        if n == 2:
            live.apply(SetKernel("enc1_conv1", 0, 0, np.ones((3, 3)))).mask()
        if n == 4:
            live.run(image[::-1].copy()).mask()
    np.testing.assert_array_equal(found.changed_pixels, expected.changed_pixels)
    np.testing.assert_allclose(
        found.mean_probability_change, expected.mean_probability_change, rtol=1e-4, atol=1e-7
    )


def test_a_sweep_in_tiny_pieces_gives_the_same(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    expected = live.effects("enc1_relu1")
    monkeypatch.setattr(effects.Clock.__init__, "__defaults__", (0.0,))

    steps = list(live.sweep("enc1_relu1"))

    assert len(steps) > 2 * len(expected.changed_pixels)
    np.testing.assert_array_equal(steps[-1][2].changed_pixels, expected.changed_pixels)


def test_nothing_changes_by_any_look_sweep_or_explanation_finished_or_not(image: Image) -> None:
    model = with_random_weights(unet())
    live = live_of(model).run(image)
    live.apply(SetKernel("enc1_conv1", 0, 0, np.ones((3, 3))))
    weights = {
        layer.name: [np.asarray(w).tobytes() for w in layer.weights] for layer in model.layers
    }
    shown = live.probabilities().tobytes()

    live.effects("enc2_relu1")
    stopped = live.sweep("enc1_relu1")
    next(stopped)
    next(stopped)
    stopped.close()
    with pytest.raises(ModelError):
        live.effects("mid_relu1", reference=np.zeros((3, 3), np.uint8))
    live.seg_grad_cam("mid_relu1", 0, np.ones((32, 32)))
    live.gradient("image", 0, np.ones((32, 32)))
    live.activations()
    with pytest.raises(ModelError):
        live.gradient("image", 9)

    assert live.probabilities().tobytes() == shown
    assert len(live.edits) == 1
    for layer in model.layers:
        assert [np.asarray(w).tobytes() for w in layer.weights] == weights[layer.name]
