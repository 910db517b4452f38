"""Dissection by the engine is that by plain Keras, and leaves the network as it was."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray
from tests.engine.conftest import any_size, many_kinds, one_layer, small_unet, two_inputs
from tests.engine.test_recompute import live_of, unet, walk, with_random_weights

from unetscope.domain.edits import ScaleFilter, SetValues
from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.dissection import DissectSlice
from unetscope.domain.explaining.label_counts import SliceCounts, thresholds_of
from unetscope.domain.explaining.question import Steps
from unetscope.domain.interventions import CutSkip, SilenceMap
from unetscope.domain.network import ModelRef
from unetscope.engine.effects import Clock
from unetscope.engine.explaining import dissection
from unetscope.engine.live_model import LiveModel

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]

RNG = np.random.default_rng(3)
IMAGES = RNG.random((5, 32, 32)).astype(np.float32)


def question(live: LiveModel, image: Image, layer: str, **about: Any) -> DissectSlice:
    network = live.network
    model = ModelRef(network.path, network.fingerprint)
    return DissectSlice(model=model, image=image, image_key="", layer=layer, **about)


def enlarged(maps: Image, factor: int) -> Image:
    return maps.repeat(factor, axis=0).repeat(factor, axis=1)


@pytest.mark.parametrize(
    ("layer", "factor"), [("enc1_relu2", 1), ("enc2_conv1", 2), ("mid_relu2", 4), ("dec1_relu1", 1)]
)
def test_counts_are_those_of_keras_enlarged_and_compared(layer: str, factor: int) -> None:
    model = with_random_weights(unet())
    live = live_of(model)
    live.apply(ScaleFilter("enc2_conv1", 1, -2.0)).apply(SilenceMap("enc1_relu2", 0))
    live.apply(CutSkip("join1", "enc1_relu2"))
    labels = RNG.integers(0, 4, (5, 32, 32)).astype(np.uint8)
    found = live.dissect(layer, IMAGES, labels)

    maps = [enlarged(walk(model, image, live)[layer], factor) for image in IMAGES]
    for m, k in np.ndindex(maps[0].shape[-1], 4):
        above = [one[..., m] > found.thresholds[m, k] for one in maps[1::2]]
        is_label = [one == k for one in labels[1::2]]
        both = sum((a & b).sum() for a, b in zip(above, is_label, strict=True))
        either = sum((a | b).sum() for a, b in zip(above, is_label, strict=True))
        # a value that ties with its threshold may fall on either side of it
        assert found.iou[m, k] == pytest.approx(both / either, abs=0.005)
    assert found.slices == 5
    assert found.maps == maps[0].shape[-1]


def test_without_labels_they_are_the_networks_own_mask() -> None:
    live = live_of(with_random_weights(unet()))
    live.apply(ScaleFilter("enc2_conv1", 1, -2.0))
    masks = [live.run(image).mask() for image in IMAGES]
    own, given = live.dissect("dec1_relu1", IMAGES), live.dissect("dec1_relu1", IMAGES, masks)

    assert len(own.pixels) > 1
    for name in ("iou", "chosen_iou", "top_iou", "thresholds", "shares", "pixels"):
        np.testing.assert_array_equal(getattr(own, name), getattr(given, name))


def test_labels_may_lie_on_the_grid_of_the_input() -> None:
    live = live_of(with_random_weights(unet())).run(IMAGES[0])
    labels = RNG.integers(0, 3, (32, 32)).astype(np.uint8)
    look = answer(live, question(live, IMAGES[0], "mid_relu2"))
    thresholds = thresholds_of([look])
    one, other = (
        answer(live, question(live, IMAGES[0], "mid_relu2", labels=labels, grid=grid,
                              thresholds=thresholds))
        for grid in (None, "image")
    )  # fmt: skip
    assert isinstance(one, SliceCounts)
    np.testing.assert_array_equal(one.both, other.both)


def answer(live: LiveModel, asked: DissectSlice) -> Any:
    *_, (done, total, found) = live.answer_to(asked)
    assert done == total
    return found


@pytest.mark.parametrize("layer", ["image", "head", "join1", "pool1"])
def test_any_layer_with_a_grid_can_be_dissected(layer: str) -> None:
    live = live_of(with_random_weights(unet()))
    found = live.dissect(layer, IMAGES[:2])
    assert found.maps == live.graph[layer].channels
    if layer == "head":  # the probability of a class follows the class
        for label in np.flatnonzero(found.held_out):
            assert found.iou[label, label] == np.nanmax(found.iou[:, label])


def test_a_network_of_any_size_takes_labels_of_its_own_size() -> None:
    live = live_of(with_random_weights(any_size()))
    image = RNG.random((20, 28)).astype(np.float32)
    layer = next(each.name for each in live.layers if each.kind == "Conv2D")
    mask = live.run(image).mask()
    live.dissect(layer, [image, image], [mask, mask])
    with pytest.raises(ModelError, match="is wanted"):
        live.dissect(layer, [image], [np.zeros((3, 3), np.uint8)])


# ------------------------------------------------------------------ as it was


def state(live: LiveModel) -> list[bytes]:
    """The weights in force, and what Keras's own variables hold."""
    ours = [array.tobytes() for each in live.layers for array in live.weights(each.name)]
    return ours + [np.asarray(each).tobytes() for each in live._model.weights]


def some_image(live: LiveModel) -> Image:
    shape = [length or 1 for length in live.layers[0].output_shape[1:]]
    return RNG.random(shape).astype(np.float32)


def edited(build: Callable[[], Any]) -> LiveModel:
    """A network with edits of a layer that Keras itself runs, where there is one."""
    live = live_of(with_random_weights(build()))
    live.run(some_image(live))
    for each in live.layers:
        if each.weights and each.kind in ("SeparableConv2D", "Conv2D"):
            live.apply(SetValues(each.name, 0, 0, 0, np.ones((1, 1), np.float32)))
    live.mask()
    return live


def dissected(live: LiveModel, layer: str) -> Steps:
    image = some_image(live)
    maps = live.graph[layer].channels or 0
    thresholds = np.linspace(-1, 1, 8, dtype=np.float32)[None].repeat(maps, axis=0)
    asked = question(live, image, layer, thresholds=thresholds)
    scene = live._scene_of(image)
    return dissection.steps(scene, asked)


@pytest.mark.parametrize("build", [unet, many_kinds])
def test_the_network_is_as_it_was_wherever_it_is_stopped(
    build: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dissection, "Clock", lambda: Clock(0.0))  # a node at a time
    monkeypatch.setattr(dissection, "AT_ONCE", 1)  # a map at a time
    live = edited(build)
    layer = "dec1_conv1" if build is unet else "separable"
    before, mask = state(live), live.mask().tobytes()
    steps = sum(1 for _ in dissected(live, layer))
    assert steps > (live.graph[layer].channels or 0)
    for stop in range(steps):
        running = dissected(live, layer)
        for _ in islice(running, stop + 1):
            pass
        running.close()
        assert state(live) == before
    assert live.mask().tobytes() == mask


@pytest.mark.parametrize("where", ["count", "_laid_over", "values_of"])
def test_the_network_is_as_it_was_after_an_exception(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise MemoryError

    live = edited(many_kinds)
    before = state(live)
    images = [RNG.random((24, 20, 2)).astype(np.float32)] * 2
    with monkeypatch.context() as patch:
        patch.setattr(dissection, where, broken)
        with pytest.raises(MemoryError):
            live.dissect("separable", images)
    assert state(live) == before
    live.dissect("separable", images)
    assert state(live) == before


def test_the_image_shown_stays_the_one_that_is_shown() -> None:
    live = live_of(with_random_weights(unet())).run(IMAGES[0])
    mask = live.mask()
    live.dissect("mid_relu2", IMAGES[1:])
    np.testing.assert_array_equal(live.mask(), mask)


# ----------------------------------------------------------------- bad questions


def test_what_cannot_be_dissected_is_said_clearly() -> None:
    live = live_of(with_random_weights(unet()))
    labels = np.zeros((2, 32, 32), np.uint8)
    with pytest.raises(ModelError, match="nowhere"):
        live.dissect("nowhere", IMAGES)
    with pytest.raises(ModelError, match="labels for 2"):
        live.dissect("mid_relu2", IMAGES, labels)
    with pytest.raises(ModelError, match="No image"):
        live.dissect("mid_relu2", [])
    with pytest.raises(ModelError, match="uint8 of"):
        live.dissect("mid_relu2", IMAGES[:2], labels.astype(np.int64))
    with pytest.raises(ModelError, match="uint8 of"):
        live.dissect("mid_relu2", IMAGES[:2], labels[:, :5])
    one = np.zeros((1, 3), np.float32)
    asked = question(live.run(IMAGES[0]), IMAGES[0], "mid_relu2", thresholds=one)
    with pytest.raises(ModelError, match="thresholds for 1 maps"):
        answer(live, asked)


def test_networks_of_other_kinds() -> None:
    both = {"t1": IMAGES[0, :16, :16], "t2": IMAGES[1, :16, :16]}
    live = live_of(with_random_weights(two_inputs()))
    assert live.dissect("conv", [both, both]).maps == 4
    with pytest.raises(ModelError, match="no pictures"):
        live.dissect("mean", [both])
    single = live_of(with_random_weights(one_layer()))
    assert single.dissect("conv", [RNG.random((30, 28)).astype(np.float32)]).maps == 1
    assert live_of(with_random_weights(small_unet())).dissect("up", IMAGES[:1]).maps == 4


def test_a_network_that_gives_no_mask_is_dissected_by_labels_of_its_images() -> None:
    image = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="conv")(image)
    x = layers.Dense(2, name="score")(layers.GlobalAveragePooling2D(name="mean")(x))
    live = live_of(with_random_weights(keras.Model(image, x)))
    labels = RNG.integers(0, 3, (4, 32, 32)).astype(np.uint8)

    found = live.dissect("conv", IMAGES[:4], labels)
    assert found.iou.shape == (3, 3)
    assert int(found.pixels.sum()) == 4 * 32 * 32
    with pytest.raises(ModelError, match="no segmentation"):
        live.dissect("conv", IMAGES[:4])


def test_a_volume_is_refused_in_words() -> None:
    volume = keras.Input((8, 8, 8, 1), name="volume")
    x = layers.Conv3D(2, 3, padding="same", name="conv")(volume)
    live = live_of(with_random_weights(keras.Model(volume, x)))
    blocks = [RNG.random((8, 8, 8)).astype(np.float32)] * 2
    with pytest.raises(ModelError, match="no pictures"):
        live.dissect("conv", blocks)
