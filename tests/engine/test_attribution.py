"""Where a score comes from: known answers, plain tapes, complete sums; and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from tests.engine.conftest import two_inputs
from tests.engine.test_recompute import KINDS, live_of, unet, with_random_weights

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.attribution import AttributionQuestion
from unetscope.domain.explaining.choice import Method
from unetscope.domain.explaining.target import Target
from unetscope.domain.interventions import CutSkip, ScaleMap, SilenceMap
from unetscope.engine.explaining import randomised
from unetscope.engine.explaining.score import Score
from unetscope.engine.live_model import LiveModel

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]
FEW: dict[str, Any] = {"steps": 6, "samples": 3, "patch": 8, "stride": 8}


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(7).random((32, 32), dtype=np.float32)


def somewhere() -> Target:
    region = np.zeros((32, 32), bool)
    region[4:20, 6:30] = True
    return Target(1, region)


def linear() -> tuple[Any, LiveModel]:
    """One convolution without an activation: the score of one pixel is its kernel there."""
    model = keras.Sequential(
        [keras.Input((16, 16, 1), name="image"), layers.Conv2D(2, 3, padding="same", name="conv")]
    )
    return model, live_of(with_random_weights(model))


def weights_of_pixel(model: Any, target: Target) -> Image:
    """The linear model's weight of every pixel of the image for one pixel of the output."""
    kernel = np.asarray(model.get_layer("conv").kernel)[:, :, 0, target.channel]
    (row,), (column,) = np.nonzero(target.region)
    found = np.zeros((16, 16), np.float32)
    found[row - 1 : row + 2, column - 1 : column + 2] = kernel
    return found


def one_pixel() -> Target:
    region = np.zeros((16, 16), bool)
    region[5, 9] = True
    return Target(1, region)


def test_on_a_linear_model_all_methods_give_its_weights() -> None:
    model, live = linear()
    live.run(np.ones((16, 16), np.float32))
    target = one_pixel()
    expected = weights_of_pixel(model, target)

    signed = live.saliency(target, signed=True)
    smooth = live.smooth_grad(target, signed=True, samples=4)
    integrated = live.integrated_gradients(target, steps=1)
    covered = live.occlusion(target, patch=1, stride=1, fill="zero")

    for found in (signed, smooth, integrated, covered):
        np.testing.assert_allclose(found.heat.values, expected, atol=1e-5)
        assert found.heat.signed
        assert found.layer == found.heat.layer == "image"
    np.testing.assert_allclose(live.saliency(target).heat.values, np.abs(expected), atol=1e-5)
    assert integrated.completeness == pytest.approx(1, abs=1e-5)
    assert signed.score == pytest.approx(float(live.activation("conv")[5, 9, 1]), rel=1e-5)


@pytest.mark.parametrize(("patch", "stride"), [(3, 1), (3, 3), (5, 2), (4, 3), (20, 7)])
def test_squares_that_overlap_or_reach_over_the_edge_average_what_they_cover(
    patch: int, stride: int
) -> None:
    model, live = linear()
    live.run(np.random.default_rng(1).random((16, 16), dtype=np.float32))
    target = one_pixel()
    contributions = weights_of_pixel(model, target) * live.activation("image")[..., 0]

    found = live.occlusion(target, patch=patch, stride=stride, fill="zero").heat.values

    falls, times = np.zeros((16, 16)), np.zeros((16, 16))
    for top in range(stride - patch, 16, stride):
        for left in range(stride - patch, 16, stride):
            square = np.s_[max(top, 0) : top + patch, max(left, 0) : left + patch]
            falls[square] += contributions[square].sum()
            times[square] += 1
    assert times.min() > 0
    np.testing.assert_allclose(found, falls / times, atol=1e-5)


# ------------------------------------------------------- beside plain TensorFlow


def logits_of(model: Any) -> Any:
    """A model that gives what the last activation of another is applied to."""
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    twin.layers[-1].activation = keras.activations.linear
    return twin


def taped(model: Any, image: Any, target: Target) -> tuple[float, Image]:
    x = tf.constant(np.asarray(image, np.float32)[None, ..., None])
    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = logits_of(model)(x, training=False)
        score = tf.reduce_sum(scores[0, ..., target.channel][target.region])
        if target.against is not None:
            for row, column in np.argwhere(target.against >= 0):
                score -= scores[0, row, column, target.against[row, column]]
    return float(score), np.asarray(tape.gradient(score, x))[0, ..., 0]


def close(found: Image, expected: Image, share: float = 1e-5) -> None:
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=share * scale)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_methods_equal_plain_tapes(kind: str, image: Image) -> None:
    model = with_random_weights(KINDS[kind]())
    live, target = live_of(model).run(image), somewhere()

    score, slope = taped(model, image, target)
    found = live.saliency(target)
    assert found.score == pytest.approx(score, rel=1e-4)
    close(found.heat.values, np.abs(slope), 1e-4)
    assert not found.heat.signed

    noise = np.random.default_rng(5)
    deviation = np.float32(0.2 * np.ptp(image))
    noisy = [
        image + deviation * noise.standard_normal((1, 32, 32, 1), np.float32)[0, ..., 0]
        for _ in range(3)
    ]
    expected = np.mean([taped(model, each, target)[1] for each in noisy], 0)
    smooth = live.smooth_grad(target, samples=3, noise=0.2, seed=5, signed=True)
    close(smooth.heat.values, expected, 1e-4)


def margin() -> Target:
    """Of class 1 over another at some pixels, over none at others."""
    against = np.zeros((32, 32), int)
    against[8:12] = 2
    against[15:] = -1
    return Target(1, somewhere().region, against=against)


@pytest.mark.parametrize("kind", KINDS)
def test_a_margin_is_the_score_less_that_of_what_stands_there(kind: str, image: Image) -> None:
    model = with_random_weights(KINDS[kind]())
    live, target = live_of(model).run(image), margin()

    score, slope = taped(model, image, target)

    found = live.saliency(target, signed=True)
    assert found.score == pytest.approx(score, rel=1e-4)
    assert not np.isclose(score, taped(model, image, somewhere())[0], rtol=1e-2)
    close(found.heat.values, slope, 1e-4)
    covered = live.occlusion(target, patch=8, stride=8, fill="zero")
    hidden = image.copy()
    hidden[8:16, 16:24] = 0
    fall = score - taped(model, hidden, target)[0]
    assert covered.heat.values[10, 20] == pytest.approx(fall, rel=1e-3, abs=1e-3 * abs(score))
    assert live.integrated_gradients(target, steps=8).completeness == pytest.approx(1, abs=0.01)


def test_labels_to_compare_with_are_those_of_the_mask(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    region, others = somewhere().region, np.zeros((32, 32), np.uint8)
    target = live.target(1, region, others)
    assert target.against is not None
    assert (target.against[region] == 0).all()
    assert (target.against[~region] == -1).all()
    assert live.saliency(live.target(1, region, others + 1)).score == 0  # over itself
    with pytest.raises(ModelError, match="found 9"):
        live.saliency(live.target(1, region, others + 9))
    with pytest.raises(ModelError, match=r"\(32, 32\)"):
        live.target(1, region, others[:5])


def test_a_score_is_what_the_last_activation_is_applied_to_where_another_stands_before_it(
    image: Image,
) -> None:
    source = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="conv")(source)
    model = with_random_weights(keras.Model(source, layers.Softmax(name="classes")(x)))
    live, target = live_of(model).run(image), somewhere()

    given = tf.constant(image[None, ..., None])
    with tf.GradientTape() as tape:
        tape.watch(given)
        score = tf.reduce_sum(model.get_layer("conv")(given)[0, ..., 1][target.region])
    slope = np.asarray(tape.gradient(score, given))[0, ..., 0]

    found = live.saliency(target, signed=True)
    assert found.score == pytest.approx(float(score), rel=1e-5)
    close(found.heat.values, slope)
    covered = live.occlusion(target, patch=8, stride=8, fill="zero")
    hidden = image.copy()
    hidden[8:16, 16:24] = 0
    after = np.asarray(model.get_layer("conv")(hidden[None, ..., None]))[0, ..., 1]
    fall = float(score) - float(after[target.region].sum())
    assert covered.heat.values[10, 20] == pytest.approx(fall, rel=1e-4)


def test_integrated_gradients_equal_the_rule_written_plainly(image: Image) -> None:
    model = with_random_weights(unet())
    live, target = live_of(model).run(image), somewhere()

    found = live.integrated_gradients(target, steps=16)

    middles = (np.arange(16) + 0.5) / 16
    expected = image * np.mean([taped(model, image * at, target)[1] for at in middles], 0)
    change = taped(model, image, target)[0] - taped(model, image * 0, target)[0]
    assert expected.sum() == pytest.approx(change, rel=0.01)  # so that no more steps are taken
    close(found.heat.values, expected, 1e-4)
    assert found.completeness == pytest.approx(expected.sum() / change, rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("baseline", ["zero", "mean", "blurred"])
def test_integrated_gradients_are_complete(kind: str, baseline: Any, image: Image) -> None:
    model = with_random_weights(KINDS[kind](), seed=3)
    live = live_of(model).run(4 * image - 1)

    found = live.integrated_gradients(somewhere(), steps=8, baseline=baseline)

    assert found.completeness == pytest.approx(1, abs=0.01)
    assert found.note == ""


def test_integrated_gradients_say_when_they_are_not_complete(image: Image) -> None:
    model = keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(1, 1, name="conv"),
            layers.Lambda(lambda x: tf.sigmoid(200 * (x - 0.9)), output_shape=(32, 32, 1)),
            layers.Conv2D(1, 1, name="head"),
        ]
    )
    ones = [np.ones((1, 1, 1, 1)), np.zeros(1)]
    model.get_layer("conv").set_weights(ones)
    model.get_layer("head").set_weights(ones)
    live = live_of(model).run(np.ones((32, 32), np.float32))

    found = live.integrated_gradients(Target(0, np.ones((32, 32), bool)), steps=1)

    assert found.completeness is not None
    assert found.completeness == pytest.approx(1, abs=0.01) or "Not complete" in found.note
    blind = live.run(np.zeros((32, 32))).integrated_gradients(Target(0, np.ones((32, 32), bool)))
    assert np.isnan(blind.completeness or 0)
    assert "nothing to attribute" in blind.note


@pytest.mark.parametrize("layer", ["enc1_conv2", "mid_conv2", "join1", "dec1_conv2", None])
def test_seg_grad_cam_equals_the_formula_by_a_tape(layer: str | None, image: Image) -> None:
    """Vinogradova et al.: alpha_k = mean over positions of d(sum of logits)/dA_k; ReLU(sum)."""
    model = with_random_weights(unet(norm=False))
    live, target = live_of(model).run(image), somewhere()

    found = live.attribute(target, Method.SEG_GRAD_CAM, layer)

    name = layer or "dec1_conv2"  # the last one before the head
    assert found.layer == name
    logits = logits_of(model)
    whole = keras.Model(logits.input, [logits.get_layer(name).output, logits.output])
    with tf.GradientTape() as tape:
        maps, scores = whole(tf.constant(image[None, ..., None]), training=False)
        score = tf.reduce_sum(scores[0, ..., target.channel][target.region])
    alpha = tf.reduce_mean(tape.gradient(score, maps), (1, 2))
    expected = np.maximum(np.einsum("hwk,k->hw", np.asarray(maps[0], float), alpha[0]), 0)
    np.testing.assert_allclose(
        found.heat.values, expected, rtol=1e-5, atol=1e-5 * max(float(expected.max()), 1e-9)
    )
    np.testing.assert_array_equal(
        found.heat.values, live.seg_grad_cam(name, target.channel, target.region)
    )


def test_a_cam_that_repeats_the_mask_says_so() -> None:
    image = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(2, 1, activation="relu", name="bright")(image)
    model = keras.Model(image, layers.Conv2D(2, 1, activation="softmax", name="head")(x))
    model.get_layer("bright").set_weights([np.ones((1, 1, 1, 2)), np.zeros(2)])
    model.get_layer("head").set_weights([np.array([[[[-1.0, 1.0], [-1.0, 1.0]]]]), np.zeros(2)])
    picture = np.zeros((32, 32), np.float32)
    picture[8:16, 8:16] = 1
    live = live_of(model).run(picture)

    repeated = live.attribute(Target(1, picture > 0))
    elsewhere = live.attribute(Target(1, picture == 0))
    empty = live.attribute(Target(0, picture > 0))

    assert repeated.layer == "bright"
    assert "100% of the map lies on the target itself" in repeated.note
    assert elsewhere.note == ""
    assert "the map is empty" in empty.note
    assert live.attribute(Target(1, np.ones((32, 32), bool))).note == ""


def test_occlusion_is_the_fall_of_the_score(image: Image) -> None:
    model = with_random_weights(unet())
    live, target = live_of(model).run(image), somewhere()
    live.apply(SilenceMap("enc1_relu2", 2))

    found = live.occlusion(target, patch=8, stride=8).heat.values

    score = Score(live.scene(), target)
    whole = score.of(live.scene().base)
    for top, left in ((0, 0), (8, 16), (24, 24)):
        covered = image.copy()
        covered[top : top + 8, left : left + 8] = image.mean()
        live.run(covered)
        fall = whole - score.of(live.scene().base)
        close(found[top : top + 8, left : left + 8], np.full((8, 8), fall), 1e-3)


def test_edits_and_interventions_in_force_count(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    target = somewhere()
    before = {method: live.attribute(target, method, **FEW).heat.values for method in Method}

    live.apply(SetKernel("enc2_conv1", 0, 0, np.full((3, 3), 0.6)))
    live.apply(ScaleMap("mid_relu2", 1, 3.0)).apply(CutSkip("join1", "enc1_relu2", "mean"))
    other = live.attribute(target, Method.INTEGRATED_GRADIENTS, **FEW)
    live.apply(ScaleMap("head", 1, 2.0))
    doubled = live.attribute(target, Method.INTEGRATED_GRADIENTS, **FEW)
    live.undo()

    assert other.completeness == pytest.approx(1, abs=0.01)
    assert doubled.completeness == pytest.approx(1, abs=0.01)
    assert doubled.score == pytest.approx(2 * other.score, rel=1e-4)
    for method in Method:
        after = live.attribute(target, method, **FEW).heat.values
        assert not np.allclose(before[method], after)


def test_the_score_is_a_logit_however_the_last_activation_is_written(image: Image) -> None:
    apart = keras.Input((32, 32, 1))
    x = layers.Conv2D(3, 3, padding="same", name="conv")(apart)
    model = with_random_weights(keras.Model(apart, layers.Softmax(name="classes")(x)))
    live, target = live_of(model).run(image), somewhere()

    found = live.saliency(target)

    assert found.score == pytest.approx(float(live.activation("conv")[..., 1][target.region].sum()))
    assert found.heat.unit.startswith("logit")
    at_logits = live.saliency(target, "conv", signed=True)
    np.testing.assert_allclose(at_logits.heat.values, target.region)


def test_of_several_inputs_one_is_explained_and_named() -> None:
    live = live_of(with_random_weights(two_inputs()))
    rng = np.random.default_rng(0)
    images = {name: rng.random((16, 16), dtype=np.float32) for name in ("t1", "t2")}
    live.run(images)
    target = Target(0, np.eye(16, dtype=bool))

    for method in (Method.SALIENCY, Method.INTEGRATED_GRADIENTS, Method.OCCLUSION):
        first = live.attribute(target, method, **FEW)
        second = live.attribute(target, method, "t2", **FEW)
        assert first.layer == "t1"
        assert "t1" in first.note
        assert second.layer == "t2"
        assert not np.allclose(first.heat.values, second.heat.values)


# --------------------------------------------------------------------- honesty


def weightless() -> Any:
    """What it gives is made of the image alone, whatever it has learnt: edges, times a number."""
    image = keras.Input((32, 32, 1), name="image")
    blurred = layers.AveragePooling2D(3, strides=1, padding="same")(image)
    edges = layers.Multiply()([image, layers.Subtract()([image, blurred])])
    return keras.Model(image, layers.Conv2D(1, 1, use_bias=False, name="head")(edges))


def test_a_map_that_does_not_depend_on_the_weights_is_called_out(image: Image) -> None:
    live = live_of(with_random_weights(weightless())).run(image)
    target = Target(0, np.ones((32, 32), bool))

    for method in (Method.SALIENCY, Method.INTEGRATED_GRADIENTS, Method.SMOOTH_GRAD):
        found = live.attribute(target, method, randomised=True, **FEW)
        assert found.honesty is not None
        assert not found.honesty.depends_on_weights
        assert found.honesty.rank_correlation > 0.9
        assert "does not depend on the weights" in found.honesty.verdict


def test_a_map_that_depends_on_them_is_not(image: Image) -> None:
    live = live_of(with_random_weights(unet(), seed=2)).run(image)
    target = somewhere()

    for method in (Method.SALIENCY, Method.INTEGRATED_GRADIENTS, Method.SMOOTH_GRAD):
        found = live.attribute(target, method, randomised=True, **FEW)
        assert found.twin is not None
        assert found.honesty is not None
        assert found.twin.values.shape == found.heat.values.shape
        assert not np.allclose(found.twin.values, found.heat.values)
        assert found.honesty.depends_on_weights
        assert len(found.honesty.cascade) == 4
        assert not any(live.network._states.values())  # random weights are as large as trained ones
        assert found.honesty.cascade[-1][0] == "enc1_conv1"
    again = live.honesty(target, "SmoothGrad", **FEW)
    assert again == live.honesty(target, "SmoothGrad", **FEW)
    assert again != live.honesty(target, "SmoothGrad", seed=1, **FEW)


def test_a_network_without_weights_is_its_own_twin(image: Image) -> None:
    pooled = keras.Input((32, 32, 1), name="image")
    model = keras.Model(pooled, layers.AveragePooling2D(3, 1, "same", name="mean")(pooled))
    live = live_of(model).run(image)

    found = live.honesty(Target(0, np.eye(32, dtype=bool)), "Saliency")

    assert not found.depends_on_weights
    assert found.rank_correlation == pytest.approx(1)


# ----------------------------------------------------------- nothing is changed


def frozen(model: Any, live: LiveModel) -> list[bytes]:
    """Weights of the live model and of Keras, and what is shown."""
    mine = [w.tobytes() for layer in live.layers if layer.weights for w in live.weights(layer.name)]
    theirs = [np.asarray(w).tobytes() for layer in model.layers for w in layer.weights]
    return [*mine, *theirs, live.probabilities().tobytes()]


def odd() -> Any:
    """Layers that are run by Keras itself, with its own variables."""
    image = keras.Input((32, 32, 1), name="image")
    x = layers.SeparableConv2D(4, 3, padding="same", name="separable")(image)
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.PReLU(shared_axes=[1, 2], name="prelu")(x)
    return keras.Model(image, layers.Conv2D(3, 1, activation="softmax", name="head")(x))


def tiny() -> Any:
    image = keras.Input((32, 32, 1), name="image")
    skip = layers.Conv2D(3, 3, padding="same", activation="relu", name="down")(image)
    x = layers.UpSampling2D(name="up")(layers.MaxPooling2D(name="pool")(skip))
    x = layers.BatchNormalization(name="norm")(layers.Concatenate(name="join")([x, skip]))
    return keras.Model(image, layers.Conv2D(3, 1, activation="softmax", name="head")(x))


def asked(live: LiveModel, method: Method) -> AttributionQuestion:
    return AttributionQuestion(
        model=live.network.ref,
        image=np.zeros((0, 0), np.float32),
        image_key="",
        target=somewhere(),
        method=method,
        randomised=True,
        **{**FEW, "steps": 1, "samples": 1, "patch": 32, "stride": 32},
    )


@pytest.mark.parametrize("build", [tiny, odd])
@pytest.mark.parametrize("method", Method)
def test_nothing_changes_wherever_it_is_stopped(
    method: Method, build: Callable[[], Any], image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(randomised, "DRAWS", 1)
    monkeypatch.setattr(randomised, "STAGES", 2)
    model = with_random_weights(build())
    live = live_of(model).run(image)
    first = live.layers[1].name
    live.apply(SilenceMap(first, 1))
    before = frozen(model, live)

    total = len(list(live.answer_to(asked(live, method))))
    assert frozen(model, live) == before
    assert total >= 4
    for stop in range(total):
        steps = live.answer_to(asked(live, method))
        for _ in range(stop):
            next(steps)
        steps.close()
        assert frozen(model, live) == before


@pytest.mark.parametrize("build", [unet, odd])
@pytest.mark.parametrize("method", Method)
def test_nothing_changes_when_it_fails_halfway(
    method: Method, build: Callable[[], Any], image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = with_random_weights(build())
    live = live_of(model).run(image)
    live.apply(SetKernel("head", 0, 0, np.ones((1, 1))))
    before = frozen(model, live)
    plain, calls, fails_at = Score.of, 0, 0

    def failing(self: Score, one: Any) -> float:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise RuntimeError("injected")
        return plain(self, one)

    monkeypatch.setattr(Score, "of", failing)
    for at in (1, 2, 4, 7):
        calls, fails_at = 0, at
        with pytest.raises(RuntimeError, match="injected"):
            live.attribute(somewhere(), method, randomised=True, **FEW)
        assert frozen(model, live) == before


def test_an_answer_between_two_steps_is_that_of_the_network_as_it_is(image: Image) -> None:
    model = with_random_weights(odd())
    live = live_of(model).run(image)
    shown = live.probabilities()

    for n, _ in enumerate(live.answer_to(asked(live, Method.SMOOTH_GRAD))):
        live.run(image + 0 * n)
        np.testing.assert_allclose(live.probabilities(), shown, atol=1e-6)


def test_progress_goes_up_to_the_whole_and_the_map_comes_before_its_twin(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)

    steps = list(live.answer_to(asked(live, Method.SALIENCY)))

    done = [at for at, _, _ in steps]
    assert done == sorted(done)
    assert done[-1] == steps[-1][1]
    assert steps[0][2] is None
    assert any(found is not None and found.twin is None for _, _, found in steps)
    assert steps[-1][2].twin is not None


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"layer": "mid_conv2", "method": "Occlusion"}, "goes back to the image"),
        ({"layer": "nowhere"}, "no layer"),
        ({"method": "Occlusion", "patch": 2, "stride": 5}, "leave pixels out"),
        ({"method": "SmoothGrad", "samples": 0}, "1 sample or more"),
        ({"method": "SmoothGrad", "noise": float("nan")}, "noise"),
        ({"method": "SmoothGrad", "noise": float("inf")}, "noise"),
        ({"method": "Grad-CAM"}, "Take one of Seg-Grad-CAM"),
        ({"method": "Integrated gradients", "steps": 0}, "1 step or more"),
        ({"method": "Integrated gradients", "baseline": "white"}, "white"),
        ({"target": Target(3, np.ones((32, 32), bool))}, "classes 0 to 2"),
        ({"target": Target(0, np.ones((8, 8), bool))}, "(8, 8)"),
        ({"target": Target(0, np.ones((8, 8), bool))}, "grid"),
    ],
)
def test_what_cannot_be_explained_is_said(given: dict[str, Any], told: str, image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)

    with pytest.raises(ModelError) as refused:
        live.attribute(**{"target": somewhere(), **given})

    assert told in str(refused.value)
    assert len(str(refused.value)) <= 300


def test_a_layer_without_a_grid_or_beside_the_way_is_refused(image: Image) -> None:
    entry = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(3, 3, padding="same", name="conv")(entry)
    beside = layers.Conv2D(2, 3, name="beside")(entry)
    score = layers.GlobalAveragePooling2D(name="pooled")(beside)
    mask = layers.Conv2D(3, 1, activation="softmax", name="head")(x)
    live = live_of(with_random_weights(keras.Model(entry, [mask, score]))).run(image)

    for layer, told in (("pooled", "no rows and columns"), ("beside", "does not lead")):
        with pytest.raises(ModelError, match=told):
            live.saliency(somewhere(), layer)


def test_a_volume_network_says_that_it_has_no_mask_to_explain() -> None:
    volume = keras.Input((8, 8, 8, 1), name="volume")
    model = keras.Model(volume, layers.Conv3D(2, 3, padding="same", name="conv")(volume))
    live = live_of(model).run(np.zeros((8, 8, 8), np.float32))

    with pytest.raises(ModelError, match="no segmentation"):
        live.saliency(Target(0, np.ones((8, 8), bool)))


def test_without_an_image_it_says_so() -> None:
    live = live_of(unet())

    with pytest.raises(ModelError, match="no image"):
        live.saliency(somewhere())


def test_targets_for_scripts_are_labels_of_the_mask(saved: Callable[..., Path]) -> None:
    rng = np.random.default_rng(0)
    live = live_of(with_random_weights(keras.models.load_model(saved("any_size"))))
    live.run(rng.random((24, 24), dtype=np.float32))

    with pytest.raises(ModelError, match="labels 1 to 2"):
        live.target(0)
    assert live.target(2, np.ones((24, 24))).channel == 1
    shown = int(live.mask().max())
    if shown:
        np.testing.assert_array_equal(live.target(shown).region, live.mask() == shown)
