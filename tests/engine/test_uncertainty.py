"""Entropy, augmentations and dropout by the live network, beside plain Keras."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray
from tests.engine.conftest import randomised
from tests.engine.test_recompute import live_of, unet, with_random_weights

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.augmenting import Augmentation, Change, draw
from unetscope.domain.explaining.uncertainty import (
    Runs,
    Spread,
    UncertaintyKind,
    UncertaintyQuestion,
)
from unetscope.domain.explaining.uncertainty_numbers import SliceUncertaintyQuestion
from unetscope.domain.interventions import SilenceMap
from unetscope.engine import effects
from unetscope.engine.explaining import uncertainty as tool
from unetscope.engine.forward import Forward
from unetscope.engine.live_model import LiveModel

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]
ALL = tuple(Augmentation)
MOVES = ("left–right mirror", "top–bottom mirror", "quarter turns")


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(7).random((32, 32), dtype=np.float32)


def pointwise() -> Any:
    """1×1 convolutions: whatever is moved, the answer moves along."""
    x = image = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(6, 1, activation="tanh", name="one")(x)
    x = layers.Conv2D(3, 1, activation="softmax", name="head")(x)
    return keras.Model(image, x, name="pointwise")


def dropping(*drops: Any) -> Any:
    """Dropout at several places, a normalisation after the first one."""
    one, two = drops
    x = image = keras.Input((16, 16, 1), name="image")
    x = skip = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(x)
    x = layers.MaxPooling2D(name="pool")(one(x))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="second")(x)
    x = layers.ReLU(name="relu")(layers.BatchNormalization(name="norm")(x))
    x = layers.UpSampling2D(name="up")(two(x))
    x = layers.Concatenate(name="join")([x, skip])
    x = layers.Conv2D(3, 1, activation="softmax", name="head")(x)
    return keras.Model(image, x, name="dropping")


def dropout_net(rate: float = 0.4) -> LiveModel:
    drops = layers.Dropout(rate, name="drop1"), layers.SpatialDropout2D(rate, name="drop2")
    return live_of(with_random_weights(dropping(*drops)))


def bytes_of(live: LiveModel) -> list[bytes]:
    """Every weight: as the network knows it, and as Keras holds it."""
    known = [array.tobytes() for layer in live.layers for array in live.weights(layer.name)]
    return known + [np.asarray(variable).tobytes() for variable in live._model.variables]


# ------------------------------------------------------------------------- entropy


def test_the_entropy_is_that_of_the_probabilities(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    p = live.probabilities().astype(np.float64)
    np.testing.assert_allclose(live.entropy(), -(p * np.log2(p)).sum(-1), atol=1e-5)
    found = live.uncertainty("entropy")
    assert found.repeated is None
    assert np.array_equal(found.mask, live.mask())


# ------------------------------------------------------------------- augmentations


def test_a_network_that_moves_along_has_no_spread_at_all(image: Image) -> None:
    """Exactly none, for what is moved is moved back exactly."""
    live = live_of(with_random_weights(pointwise())).run(image)
    found = live.uncertainty(augmentations=("small shifts", *MOVES), repeats=12).repeated
    assert found is not None
    assert found.runs == 12
    for values in (found.deviation, found.votes, found.information):
        assert not values.any()
    assert np.array_equal(found.mean, live.probabilities())


def test_each_run_is_the_network_over_the_changed_image(image: Image) -> None:
    model = with_random_weights(unet())
    live = live_of(model).run(image)
    found = live.uncertainty(augmentations=ALL, repeats=5, seed=3).repeated
    assert found is not None

    random = np.random.default_rng(3)
    total, counted = np.zeros((32, 32, 3)), np.zeros((32, 32, 1))
    for _ in range(5):
        change = draw(ALL, random)
        output = np.asarray(model(change.apply(image[..., None])[None]))[0]
        back, known = change.undo(output)
        where = np.ones((32, 32, 1)) if known is None else known[..., None]
        total += back * where
        counted += where
    expected = np.where(counted > 0, total / np.maximum(counted, 1), live.probabilities())
    np.testing.assert_allclose(found.mean, expected, atol=2e-5)
    assert found.deviation.max() > 0.01


def test_edits_are_in_force_in_every_run(image: Image) -> None:
    model = with_random_weights(unet())
    live = live_of(model).run(image)
    live.apply(SetKernel("enc1_conv1", 0, 0, np.full((3, 3), 0.5)))
    live.apply(SilenceMap("mid_relu2", 1))
    found = live.uncertainty(augmentations=("top–bottom mirror",), repeats=4, seed=1).repeated
    assert found is not None
    changes = [draw((Augmentation.MIRROR_ROWS,), np.random.default_rng(1))]
    assert changes[0] in (Change(), Change(mirror_rows=True))

    upside = live.run(image[::-1].copy()).probabilities()[::-1]
    plain = live.run(image).probabilities()
    random = np.random.default_rng(1)
    drawn = [draw((Augmentation.MIRROR_ROWS,), random).mirror_rows for _ in range(4)]
    assert 0 < sum(drawn) < 4
    expected = np.mean([upside if turned else plain for turned in drawn], axis=0)
    np.testing.assert_allclose(found.mean, expected, atol=2e-5)


def test_a_mask_on_a_coarser_grid_is_shifted_by_whole_pixels_of_both(image: Image) -> None:
    x = picture = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(4, 2, strides=2, name="half")(x)
    live = live_of(
        with_random_weights(keras.Model(picture, layers.Conv2D(2, 1, activation="softmax")(x)))
    ).run(image)
    found = live.uncertainty(augmentations=("small shifts",), repeats=8)
    assert found.mask.shape == (16, 16)
    assert not found.values(Spread.DEVIATION).any()


# ------------------------------------------------------------------------- dropout

DROPS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "dropout": lambda: (layers.Dropout(0.5, name="d1"), layers.Dropout(0.2, name="d2")),
    "whole maps": lambda: (
        layers.SpatialDropout2D(0.4, name="d1"),
        layers.SpatialDropout2D(0.3, name="d2"),
    ),
    "gaussian and one map alike": lambda: (
        layers.GaussianDropout(0.3, name="d1"),
        layers.Dropout(0.5, noise_shape=(None, 1, 1, None), name="d2"),
    ),
    "alpha": lambda: (
        layers.AlphaDropout(0.2, name="d1"),
        layers.AlphaDropout(0.3, noise_shape=(None, None, None, 1), name="d2"),
    ),
}


@pytest.mark.parametrize("kind", DROPS)
def test_dropout_spreads_as_keras_does_in_training(kind: str) -> None:
    """Means and deviations of 600 draws each agree within what chance allows.

    Keras draws them in one batch; its normalisation stays at inference, as the live network's.
    """
    draws = 600
    model = with_random_weights(dropping(*DROPS[kind]()))
    model.get_layer("norm").trainable = False  # Keras: then training=True leaves it as it is
    image = np.random.default_rng(1).random((16, 16), dtype=np.float32)
    live = live_of(model).run(image)

    found = live.uncertainty("dropout", repeats=draws, seed=5)

    batch = np.repeat(image[None, ..., None], draws, 0)
    by_keras = np.asarray(model(batch, training=True))
    assert found.repeated is not None
    chosen = np.take_along_axis(by_keras, found.mask[None, ..., None].astype(int), -1)[..., 0]
    error = by_keras.std(0) * (2 / draws) ** 0.5
    assert (np.abs(found.repeated.mean - by_keras.mean(0)) < 5.5 * error + 1e-6).all()
    spread = chosen.std(0)
    assert spread.max() > 0.05
    fourth = ((chosen - chosen.mean(0)) ** 4).mean(0)
    of_variance = np.sqrt(np.maximum(fourth - spread**4, 0) * 2 / draws)
    gap = np.abs(found.repeated.deviation**2 - spread**2)
    assert (gap < 5.5 * of_variance + 1e-5).all()


def test_what_is_dropped_is_exactly_what_is_drawn() -> None:
    maps = np.random.default_rng(0).random((1, 40, 40, 8), dtype=np.float32) + 1
    each = tool.Drop("d", kind="Dropout", rate=0.25, seed=(1, 2, 3)).change(maps)
    kept = each != 0
    assert kept.mean() == pytest.approx(0.75, abs=0.02)
    np.testing.assert_allclose(each[kept], maps[kept] / np.float32(0.75), rtol=1e-6)
    whole = tool.Drop("d", kind="SpatialDropout2D", rate=0.5, seed=(7,)).change(maps)
    alive = (whole != 0).reshape(-1, 8)
    assert (alive.all(0) | ~alive.any(0)).all()
    assert 0 < alive[0].sum() < 8
    assert not tool.Drop("d", rate=1.0).change(maps).any()


def test_the_same_seed_gives_the_same_and_another_one_another() -> None:
    image = np.random.default_rng(1).random((16, 16), dtype=np.float32)
    live = dropout_net().run(image)
    first, again, other = (live.uncertainty("dropout", repeats=6, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.values(), again.values())
    assert not np.array_equal(first.values(), other.values())
    augmented = [live.uncertainty(repeats=4, seed=9).values() for _ in range(2)]
    assert np.array_equal(augmented[0], augmented[1])


def test_where_memory_is_short_what_is_drawn_again_is_the_same() -> None:
    image = np.random.default_rng(1).random((16, 16), dtype=np.float32)
    drops = layers.Dropout(0.4, name="drop1"), layers.SpatialDropout2D(0.4, name="drop2")
    model = with_random_weights(dropping(*drops))
    roomy, tight = live_of(model).run(image), live_of(model, budget=1).run(image)
    found = [live.uncertainty("dropout", repeats=5).values() for live in (roomy, tight)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def test_what_lies_before_the_first_dropout_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(1).random((16, 16), dtype=np.float32)
    live = dropout_net().run(image)
    live.mask()
    made: list[Forward] = []

    def noted(*given: Any) -> Forward:
        made.append(Forward(*given))
        return made[-1]

    monkeypatch.setattr(tool, "Forward", noted)
    live.uncertainty("dropout", repeats=3)
    assert len(made) == 3
    first = live._program.index["first"]
    assert all(first not in one.ran and one.ran for one in made)


def test_an_edit_on_a_dropout_layer_comes_after_what_is_drawn() -> None:
    image = np.random.default_rng(1).random((16, 16), dtype=np.float32)
    live = dropout_net().run(image)
    for channel in range(8):
        live.apply(SilenceMap("drop2", channel))
    for channel in range(6):
        live.apply(SilenceMap("drop1", channel))
    assert not live.uncertainty("dropout", repeats=5).values().any()


# ----------------------------------------------------------------- what cannot be


def test_without_dropout_that_is_said(image: Image) -> None:
    plain = live_of(with_random_weights(unet())).run(image)
    none = live_of(
        with_random_weights(dropping(layers.Dropout(0.0), layers.SpatialDropout2D(0.0)))
    ).run(image[:16, :16])
    for live in (plain, none):
        with pytest.raises(ModelError, match="no dropout"):
            live.uncertainty("dropout")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"kind": "entropie"}, "no uncertainty by 'entropie'"),
        ({"repeats": 1}, "2 to 1000 runs"),
        ({"repeats": 10**6}, "2 to 1000 runs"),
        ({"augmentations": ()}, "No augmentation"),
        ({"augmentations": ("blur",)}, "no augmentation called 'blur'"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, Any], told: str, image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    with pytest.raises(ModelError, match=told) as refused:
        live.uncertainty(**asked)
    assert refused.value.hint
    assert len(str(refused.value)) <= 300


def test_where_there_is_no_mask_that_is_said() -> None:
    x = keras.Input((8, 8, 8, 1))
    volume = live_of(keras.Model(x, layers.Conv3D(2, 1, activation="softmax")(x)))
    with pytest.raises(ModelError, match="no segmentation"):
        volume.run(np.zeros((8, 8, 8), np.float32)).entropy()
    with pytest.raises(ModelError, match="no image"):
        live_of(unet()).entropy()
    x = keras.Input((8, 6, 1))
    oblong = live_of(keras.Model(x, layers.Conv2D(2, 1, activation="softmax")(x)))
    oblong.run(np.zeros((8, 6), np.float32))
    with pytest.raises(ModelError, match="square"):
        oblong.uncertainty(augmentations=("quarter turns",))


def test_several_inputs_are_changed_alike_and_one_sigmoid_channel_is_read(image: Image) -> None:
    first, second = keras.Input((32, 32, 1), name="t1"), keras.Input((32, 32, 1), name="t2")
    x = layers.Subtract(name="less")([first, second])
    x = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(x)
    live = live_of(with_random_weights(keras.Model([first, second], x)))
    found = live.run({"t1": image, "t2": image}).uncertainty(augmentations=ALL, repeats=6)
    assert (found.most, found.labels) == (1, 2)
    assert not found.values().any()  # both are always the same
    found = live.run({"t1": image, "t2": image[::-1]}).uncertainty(augmentations=ALL, repeats=6)
    assert found.values().any()


def test_inputs_of_different_sizes_cannot_be_changed_alike(image: Image) -> None:
    first, second = keras.Input((32, 32, 1), name="t1"), keras.Input((16, 16, 1), name="t2")
    x = layers.Concatenate(name="both")([first, layers.UpSampling2D(name="up")(second)])
    x = layers.Conv2D(2, 1, activation="softmax", name="mask")(x)
    live = live_of(keras.Model([first, second], x)).run({"t1": image, "t2": image[:16, :16]})
    with pytest.raises(ModelError, match="differ in size"):
        live.uncertainty()
    assert live.entropy().shape == (32, 32)


# ----------------------------------------------------------------------- the weights


@pytest.mark.parametrize("kind", ["augmentations", "dropout"])
def test_nothing_changes_wherever_it_is_stopped(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects.Clock.__init__, "__defaults__", (0.0,))
    image = np.random.default_rng(1).random((16, 16), dtype=np.float32)
    live = dropout_net().run(image)
    live.apply(SetKernel("first", 0, 0, np.ones((3, 3))))
    before, shown, edits = bytes_of(live), live.probabilities().tobytes(), live.edits

    def steps() -> Any:
        return tool.uncertainty(live.scene(), UncertaintyKind(kind), repeats=4)

    count = len(list(steps()))
    assert count > 10
    for stop in range(1, count + 1):
        work = steps()
        deque(islice(work, stop), maxlen=0)
        work.close()
        assert bytes_of(live) == before
    assert live.edits == edits
    assert live.probabilities().tobytes() == shown


@pytest.mark.parametrize("kind", ["augmentations", "dropout"])
def test_nothing_changes_when_it_fails_halfway(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(1).random((16, 16), dtype=np.float32)
    live = dropout_net().run(image)
    before, shown = bytes_of(live), live.probabilities().tobytes()
    calls: list[tuple[Any, ...]] = []
    add = Runs.add

    def failing(*given: Any) -> None:
        calls.append(given)
        if len(calls) == 2:
            raise RuntimeError("no more")
        add(*given)

    monkeypatch.setattr(Runs, "add", failing)
    with pytest.raises(RuntimeError, match="no more"):
        live.uncertainty(kind, repeats=4)
    assert bytes_of(live) == before
    assert live.probabilities().tobytes() == shown
    used = live.memory_used
    monkeypatch.undo()
    live.uncertainty(kind, repeats=4)
    assert live.memory_used <= used + 4096  # the runs leave nothing behind


def test_layers_that_keras_runs_have_their_weights_back(image: Image) -> None:
    """A separable convolution is run by Keras, with its variables assigned while it is."""
    x = picture = keras.Input((32, 32, 1), name="image")
    x = layers.SeparableConv2D(4, 3, padding="same", name="apart")(x)
    x = layers.Dropout(0.3, name="drop")(x)
    x = layers.SeparableConv2D(3, 3, padding="same", activation="softmax", name="head")(x)
    live = live_of(randomised(keras.Model(picture, x))).run(image)
    trained = bytes_of(live)
    for kind in ("augmentations", "dropout"):
        live.uncertainty(kind, repeats=3)
    assert bytes_of(live) == trained


# --------------------------------------------------------------------------- questions


def test_a_question_of_many_slices_is_answered_in_numbers_alone(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    about: dict[str, Any] = {
        "model": live.network.ref,
        "image": image,
        "image_key": "",
        "kind": UncertaintyKind.AUGMENTATIONS,
        "repeats": 3,
    }
    *_, (_, _, found) = live.answer_to(UncertaintyQuestion(**about))
    *parts, (done, total, numbers) = live.answer_to(SliceUncertaintyQuestion(**about))
    assert (done, total) == (3, 3)
    assert all(part[2] is None for part in parts)
    assert set(numbers) == set(Spread)
    assert numbers[Spread.VOTES].means.whole == pytest.approx(
        found.values(Spread.VOTES).mean(), abs=1e-6
    )
    assert SliceUncertaintyQuestion.of_many
    assert not UncertaintyQuestion.of_many
