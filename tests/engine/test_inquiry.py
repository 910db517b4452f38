"""What is said about one pixel is what the network computes, and leaves it as it is."""

from __future__ import annotations

import pickle
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray
from tests.engine.conftest import two_inputs
from tests.engine.test_recompute import KINDS, live_of, unet, walk, with_random_weights

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import ModelError, UnetscopeError
from unetscope.domain.explaining.inquiry import Inquiry, InquiryQuestion, Scale
from unetscope.domain.interventions import CutSkip, SilenceMap
from unetscope.engine import backward
from unetscope.engine.adjoint import adjoint
from unetscope.engine.live_model import LiveModel

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(7).random((32, 32), dtype=np.float32)


def logits_of(model: Any, image: Image) -> Any:
    """By Keras, the last activation taken away."""
    head = model.layers[-1]
    activation, head.activation = head.activation, keras.activations.linear
    try:
        return np.asarray(keras.Model(model.input, model.output)(image[None, ..., None]))[0]
    finally:
        head.activation = activation


def ended(*tail: Any, maps: int = 4) -> Any:
    """A network of one hidden layer that ends in these layers."""
    keras.utils.set_random_seed(4)
    start = x = keras.Input((12, 12, 1), name="image")
    x = layers.Conv2D(maps, 3, padding="same", activation="tanh", name="first")(x)
    for layer in tail:
        x = layer(x)
    return keras.Model(start, x)


def weights_of(live: LiveModel, model: Any) -> list[bytes]:
    named = [array for layer in live.layers for array in live.weights(layer.name)]
    return [np.asarray(each).tobytes() for each in (*named, *model.weights)]


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_the_network(kind: str, image: Image) -> None:
    model = with_random_weights(KINDS[kind]())
    live = live_of(model).run(image)
    expected, probabilities, mask = logits_of(model, image), live.probabilities(), live.mask()

    for at in ((0, 0), (15, 20), (31, 7)):
        found = live.inquire(*at)
        np.testing.assert_allclose([s.logit for s in found.scores], expected[at], atol=1e-4)
        np.testing.assert_allclose([s.probability for s in found.scores], probabilities[at])
        assert found.has_logits
        assert found.position == at
        assert found.label == found.shown == mask[at]
        p = probabilities[at].astype(np.float64)
        assert found.entropy == pytest.approx(-(p * np.log2(p)).sum(), rel=1e-4)
        assert found.most == pytest.approx(np.log2(3))
        assert 0 <= found.uncertainty <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_of_the_last_scale_and_the_bias_are_the_logit(
    kind: str, image: Image
) -> None:
    model = with_random_weights(KINDS[kind]())
    live = live_of(model).run(image)
    bias = live.weights("head")[1]
    for label in range(3):
        found = live.inquire(9, 22, label, top=100)
        last = found.scales[-1]
        assert last.layer.startswith("dec1")
        assert last.total + bias[label] == pytest.approx(found.score(label).logit, abs=1e-4)
        pushed = sum(push.contribution for push in (*last.up, *last.down))
        assert pushed == pytest.approx(last.total, abs=1e-5)


def test_at_the_last_scale_it_is_what_the_logit_loses_without_the_map(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    found = live.inquire(20, 11, 1)
    last, before = found.scales[-1], found.score(1).logit
    for push in (*last.up, *last.down):
        live.apply(SilenceMap(last.layer, push.feature_map))
        after = live.inquire(20, 11, 1).score(1).logit
        live.undo()
        assert before - after == pytest.approx(push.contribution, abs=1e-4)


def test_contributions_are_activation_times_slope_at_every_scale(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    region = np.zeros((32, 32), np.float32)
    region[17, 5] = 1

    found = live.inquire(17, 5, 2, top=100)

    assert [scale.layer for scale in found.scales] == [
        *("enc1_relu2", "enc2_relu2", "mid_relu2", "dec2_relu2", "dec1_relu2")
    ]
    assert [scale.standing.level for scale in found.scales] == [1, 2, 3, 2, 1]
    assert [scale.size for scale in found.scales] == [
        (32, 32),
        (16, 16),
        (8, 8),
        (16, 16),
        (32, 32),
    ]
    for scale in found.scales:
        maps = live.activation(scale.layer)
        expected = (maps * live.gradient(scale.layer, 2, region)).sum((0, 1), dtype=np.float64)
        assert scale.maps == len(expected)
        assert scale.total == pytest.approx(expected.sum(), rel=1e-3, abs=1e-5)
        assert_pushes(scale, expected)


def assert_pushes(scale: Scale, expected: Any) -> None:
    pushed = np.zeros(len(expected))
    for push in (*scale.up, *scale.down):
        pushed[push.feature_map] = push.contribution
    np.testing.assert_allclose(pushed, expected, rtol=1e-2, atol=1e-4 * np.abs(expected).max())
    up, down = ([push.contribution for push in way] for way in (scale.up, scale.down))
    assert up == sorted(up, reverse=True)
    assert down == sorted(down)
    assert all(each > 0 for each in up)
    assert all(each < 0 for each in down)


def test_only_the_strongest_are_told(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    many, few = live.inquire(8, 8, 1, top=50), live.inquire(8, 8, 1, top=2)
    for one, other in zip(few.scales, many.scales, strict=True):
        assert one.up == other.up[:2]
        assert one.down == other.down[:2]
        assert one.total == other.total


def test_edits_in_force_count(image: Image) -> None:
    model = with_random_weights(unet())
    live = live_of(model).run(image)
    live.apply(SetKernel("enc1_conv1", 0, 0, np.full((3, 3), 0.4)))
    live.apply(SilenceMap("dec1_relu2", 3)).apply(CutSkip("join1", "enc1_relu2", "mean"))

    found = live.inquire(12, 12, 0, top=100)

    probabilities = walk(model, image, live)["head"][12, 12]
    np.testing.assert_allclose([s.probability for s in found.scores], probabilities, atol=1e-5)
    last = found.scales[-1]
    assert 3 not in {push.feature_map for push in (*last.up, *last.down)}
    assert last.total + live.weights("head")[1][0] == pytest.approx(found.score(0).logit, abs=1e-4)


def test_a_channel_wired_to_a_class_pushes_it_alone() -> None:
    """A planted case: map 2 speaks for class 1 and nothing else does."""
    model = ended(layers.Conv2D(3, 1, activation="softmax", name="head"))
    head = np.zeros((1, 1, 4, 3), np.float32)
    head[0, 0, 2, 1] = 5
    model.get_layer("head").set_weights([head, np.zeros(3, np.float32)])
    live = live_of(model).run(np.ones((12, 12), np.float32))

    found = live.inquire(6, 6, 1)

    (scale,) = found.scales
    (only,) = (*scale.up, *scale.down)
    assert only.feature_map == 2
    assert only.contribution == pytest.approx(found.score(1).logit)
    assert live.inquire(6, 6, 0).scales[0].up == live.inquire(6, 6, 0).scales[0].down == ()


@pytest.mark.parametrize(
    ("tail", "labels", "most"),
    [
        ((layers.Conv2D(1, 1, activation="sigmoid"),), [1], 1.0),
        ((layers.Conv2D(3, 1, activation="sigmoid"),), [1, 2, 3], 3.0),
        ((layers.Conv2D(3, 1),), [0, 1, 2], np.log2(3)),
        ((layers.Conv2D(3, 1), layers.Softmax()), [0, 1, 2], np.log2(3)),
        ((layers.Conv2D(3, 1), layers.UpSampling2D(), layers.Softmax()), [0, 1, 2], np.log2(3)),
    ],
)
def test_labels_are_those_of_the_mask(
    tail: tuple[Any, ...], labels: list[int], most: float
) -> None:
    model = ended(*[layer.from_config(layer.get_config()) for layer in tail])
    live = live_of(model).run(np.random.default_rng(6).normal(size=(12, 12)).astype(np.float32))
    mask, probabilities = live.mask(), live.probabilities()

    for row, column in np.ndindex(3, 3):
        found = live.inquire(row, column)
        assert [score.label for score in found.scores] == labels
        assert found.shown == mask[row, column]
        assert found.label in labels
        assert found.has_logits
        logits = np.array([score.logit for score in found.scores])
        if most == np.log2(3):
            by_logit = np.exp(logits) / np.exp(logits).sum()
        else:
            by_logit = 1 / (1 + np.exp(-logits))
        np.testing.assert_allclose(by_logit, probabilities[row, column], rtol=1e-4)
        assert found.most == pytest.approx(most)
        total = found.scales[-1].total
        bias = model.layers[2].get_weights()[1][labels.index(found.label)]
        assert total + bias == pytest.approx(found.score(found.label).logit, abs=1e-4)


def test_where_the_logits_are_not_known_the_output_stands_for_them() -> None:
    start = x = keras.Input((12, 12, 1), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="first")(x)
    heads = [layers.Conv2D(3, 1, activation="softmax")(x) for _ in range(2)]
    model = with_random_weights(keras.Model(start, layers.Average()(heads)))
    live = live_of(model).run(np.random.default_rng(1).random((12, 12), dtype=np.float32))

    found = live.inquire(3, 4)

    assert not found.has_logits
    assert [s.logit for s in found.scores] == [s.probability for s in found.scores]
    assert found.scales


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ((32, 0), "no pixel"),
        ((0, -1), "no pixel"),
        ((0, 0, 3), "no class 3"),
        ((0, 0, -1), "no class"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: Any, told: str, image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    with pytest.raises(ModelError) as refused:
        live.inquire(*asked)
    assert told in str(refused.value)
    assert len(str(refused.value)) <= 300


def test_networks_that_give_no_mask_say_so() -> None:
    start = keras.Input((12, 12, 1), name="image")
    flat = layers.Dense(2)(layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(start)))
    live = live_of(keras.Model(start, flat)).run(np.ones((12, 12), np.float32))
    with pytest.raises(ModelError, match="no segmentation"):
        live.inquire(0, 0)
    with pytest.raises(ModelError, match="no image yet"):
        live_of(unet()).inquire(0, 0)


def test_several_inputs_and_outputs() -> None:
    live = live_of(with_random_weights(two_inputs()))
    live.run({"t1": np.ones((16, 16), np.float32), "t2": np.zeros((16, 16), np.float32)})
    found = live.inquire(4, 4)
    assert found.scores[0].probability == pytest.approx(live.probabilities()[4, 4, 0])


def question(live: LiveModel, image: Image, **more: Any) -> InquiryQuestion:
    return InquiryQuestion(
        model=live.network.ref,
        image=image,
        image_key="a",
        edits=live.edits,
        position=(5, 6),
        **more,
    )


def test_an_answer_travels_between_processes(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    *_, (done, total, answer) = live.answer_to(question(live, image, label=1, top=3))
    assert (done, total) == (1, 1)
    assert pickle.loads(pickle.dumps(answer)) == answer == live.inquire(5, 6, 1, top=3)
    assert isinstance(answer, Inquiry)


def test_nothing_changes_finished_or_not(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    model = with_random_weights(unet())
    live = live_of(model).run(image)
    live.apply(SetKernel("enc1_conv1", 0, 0, np.ones((3, 3))))
    before, shown = weights_of(live, model), live.probabilities().tobytes()

    live.inquire(3, 3)
    steps = live.answer_to(question(live, image))
    next(steps)
    steps.close()
    calls = []

    def breaks(*given: Any) -> Any:
        calls.append(given)
        if len(calls) > 3:
            raise RuntimeError("broken halfway")
        return adjoint(*given)

    monkeypatch.setattr(backward, "adjoint", breaks)
    with pytest.raises(RuntimeError, match="halfway"):
        live.inquire(3, 3)
    with pytest.raises(UnetscopeError):
        live.inquire(99, 3)

    assert len(live.edits) == 1
    assert weights_of(live, model) == before
    assert live.probabilities().tobytes() == shown
