"""However little is run again, the answer is that of a whole pass of plain Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from tests.engine.test_random_graphs import random_edit, random_network

from unetscope.domain.edits import (
    Edit,
    ScaleFilter,
    SetBias,
    SetFilter,
    SetInputChannel,
    SetKernel,
    SetLayerWeights,
)
from unetscope.domain.errors import EditError
from unetscope.domain.interventions import (
    CutSkip,
    ForceMap,
    Intervention,
    PatchSkip,
    ScaleMap,
    SilenceMap,
    SkipEdit,
    skips,
)
from unetscope.engine.introspect import anatomy_of, network_of
from unetscope.engine.live_model import LiveModel
from unetscope.engine.memory import Memory
from unetscope.engine.rates import Rates
from unetscope.engine.winograd import Tiled

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]


def unet(*, norm: bool = True, transposed: bool = False, size: int = 32) -> Any:
    """Two levels with skips; upsampling or transposed convolutions, with or without norms."""
    image = x = keras.Input((size, size, 1), name="image")
    kept = []

    def twice(x: Any, filters: int, stem: str) -> Any:
        for n in (1, 2):
            name = f"{stem}_conv{n}"
            if norm:
                x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
                x = layers.BatchNormalization(name=f"{stem}_bn{n}")(x)
                x = layers.ReLU(name=f"{stem}_relu{n}")(x)
            else:
                x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
        return x

    for level, filters in ((1, 8), (2, 12)):
        x = twice(x, filters, f"enc{level}")
        kept.append(x)
        x = layers.MaxPooling2D(name=f"pool{level}")(x)
    x = twice(x, 24, "mid")
    for level, filters in ((2, 12), (1, 8)):
        if transposed:
            x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"up{level}")(x)
        else:
            x = layers.UpSampling2D(name=f"up{level}")(x)
        x = layers.Concatenate(name=f"join{level}")([x, kept[level - 1]])
        x = twice(x, filters, f"dec{level}")
    head = layers.Conv2D(3, 1, activation="softmax", name="head")(x)
    return keras.Model(image, head, name="unet")


def with_random_weights(model: Any, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        arrays = []
        for weight in layer.weights:
            positive = "variance" in weight.name or "gamma" in weight.name
            scale = 1.4 / max(1.0, float(np.prod(weight.shape[:-1]))) ** 0.5
            values = rng.normal(0, scale, weight.shape)
            arrays.append(0.5 + rng.random(weight.shape) if positive else values)
        layer.set_weights(arrays)
    return model


def live_of(model: Any, budget: int | None = None) -> LiveModel:
    anatomy = anatomy_of(model)
    network = network_of(model, anatomy, Path("model.keras"), "sha256:0")
    return LiveModel(model, anatomy, network, Memory(budget))


KINDS: dict[str, Callable[[], Any]] = {
    "norms and upsampling": unet,
    "upsampling": lambda: unet(norm=False),
    "transposed": lambda: unet(transposed=True, norm=False),
    "norms and transposed": lambda: unet(transposed=True),
}


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> Any:
    return with_random_weights(KINDS[request.param]())


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(7).random((32, 32), dtype=np.float32)


def walk(model: Any, image: Image, live: LiveModel) -> dict[str, Image]:
    """A whole pass of plain Keras, layer by layer, with the weights and interventions in force."""
    weights = [edit for edit in live.edits if not isinstance(edit, Intervention | SkipEdit)]
    before = {layer.name: layer.get_weights() for layer in model.layers}
    try:
        for name in {edit.layer for edit in weights}:
            model.get_layer(name).set_weights(live.weights(name))
        return _walk(model, image, live)
    finally:
        for name, arrays in before.items():
            model.get_layer(name).set_weights(arrays)


def _walk(model: Any, image: Image, live: LiveModel) -> dict[str, Image]:
    found: dict[str, Any] = {}
    for layer in live.layers:
        given = []
        for source in layer.inputs:
            value = found[source]
            for edit in live.edits:
                if isinstance(edit, SkipEdit) and (edit.layer, edit.source) == (layer.name, source):
                    if isinstance(edit, CutSkip):
                        value = edit.change(np.asarray(value))
                    elif isinstance(edit, PatchSkip):
                        plain = keras.Model(model.input, model.get_layer(source).output)
                        value = plain(np.asarray(edit.image)[None, ..., None], training=False)
            given.append(tf.convert_to_tensor(value))
        if not layer.inputs:
            value = image[None, ..., None]
        else:
            call = model.get_layer(layer.name)
            value = call(given if len(given) > 1 else given[0], training=False)
        for edit in live.edits:
            if isinstance(edit, Intervention) and edit.layer == layer.name:
                array = np.array(value)
                which = slice(None)
                if edit.feature_map is not None:
                    which = slice(edit.feature_map, edit.feature_map + 1)
                array[..., which] = edit.change(array[..., which])
                value = array
        found[layer.name] = value
    return {name: np.asarray(value)[0] for name, value in found.items()}


def assert_equal(live: LiveModel, model: Any, image: Image) -> None:
    expected = walk(model, image, live)
    for name in [live.graph.outputs[0], "dec1_conv1", "mid_conv2", "join1"]:
        scale = max(1.0, float(np.abs(expected[name]).max()))
        found = live.activation(name)
        np.testing.assert_allclose(found, expected[name], rtol=1e-4, atol=2e-5 * scale)
    assert_mask(live, expected[live.graph.outputs[0]])


def assert_mask(live: LiveModel, probabilities: Image) -> None:
    """Identical except where the two top classes tie."""
    top = np.sort(probabilities, -1)
    sure = top[..., -1] - top[..., -2] > 1e-4
    np.testing.assert_array_equal(live.mask()[sure], probabilities.argmax(-1)[sure])


def edits_of(live: LiveModel, rng: np.random.Generator, image: Image) -> Iterator[Edit]:
    """One of every kind, at random places."""
    early, late = ("enc1_conv1", "enc1_conv2", "enc2_conv2"), ("dec2_conv1", "dec1_conv2", "head")
    for name in (*early, "mid_conv1", "mid_conv2", *late):
        kernel = live.layer(name).weights[0].shape
        f, c = int(rng.integers(kernel[3])), int(rng.integers(kernel[2]))
        yield SetKernel(name, c, f, rng.normal(size=kernel[:2]))
        yield SetFilter(name, f, rng.normal(0, 0.3, size=kernel[:3]))
        yield ScaleFilter(name, (f + 1) % kernel[3], 1.7)
        yield SetInputChannel(name, c, rng.normal(0, 0.3, size=(*kernel[:2], kernel[3])))
        if len(live.layer(name).weights) > 1:
            yield SetBias(name, f, 0.8)
        arrays = [rng.normal(0, 0.1, size=spec.shape) for spec in live.layer(name).weights]
        yield SetLayerWeights(name, arrays)
        yield SilenceMap(name, f)
        yield SilenceMap(name, c % kernel[3], "mean")
        yield ScaleMap(name, f, -0.5)
        yield ForceMap(name, f, 2.0)
        yield ForceMap(name, f, 2.0, (3, 4))
    yield SilenceMap("pool1", 2)
    yield SilenceMap("up2", 3)
    yield SilenceMap("join1", 9)
    yield SilenceMap("enc2_conv1", None)
    yield SilenceMap("image", 0, "mean")
    for reader, source in skips(live.graph):
        yield CutSkip(reader, source)
        yield CutSkip(reader, source, "mean")
        yield PatchSkip(reader, source, rng.random((32, 32)), "another")


def test_every_kind_of_edit_alone(model: Any, image: Image) -> None:
    live = live_of(model).run(image)
    rng = np.random.default_rng(1)
    trained = live.probabilities().tobytes()

    for edit in edits_of(live, rng, image):
        live.apply(edit)
        assert live.is_reached(live.graph.outputs[0]), edit.label
        assert_equal(live, model, image)
        live.revert()
        assert live.probabilities().tobytes() == trained


@pytest.mark.parametrize("seed", range(4))
def test_edits_on_edits_in_any_order(model: Any, image: Image, seed: int) -> None:
    rng = np.random.default_rng(seed)
    live = live_of(model).run(image)
    choices = list(edits_of(live, rng, image))

    for _ in range(12):
        if rng.random() < 0.25 and live.edits:
            live.undo()
        else:
            gesture = bool(live.edits) and rng.random() < 0.3
            live.apply(choices[int(rng.integers(len(choices)))], same_gesture=gesture)
        if rng.random() < 0.5:
            live.mask()
        if rng.random() < 0.3:
            live.activation("enc2_conv2")
    assert_equal(live, model, image)


def always_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    by_cost = Rates.in_tiles

    def nothing(rates: Rates, *work: Any, **spread: bool) -> float:
        return 0.0 if np.isfinite(by_cost(rates, *work, **spread)) else np.inf

    monkeypatch.setattr(Rates, "in_tiles", nothing)


def test_in_tiles_wherever_they_fit(
    model: Any, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_in_tiles(monkeypatch)
    made: list[tuple[int, ...]] = []
    tiled = Tiled.convolved

    def noted(self: Tiled, x: Any, *rest: Any, **how: bool) -> Any:
        made.append(tuple(x.shape))
        return tiled(self, x, *rest, **how)

    monkeypatch.setattr(Tiled, "convolved", noted)
    test_every_kind_of_edit_alone(model, image)
    assert {(1, n, n) for n in (32, 16, 8)} <= {shape[:3] for shape in made}


def test_without_compiled_kernels(
    model: Any, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rates, "in_tiles", lambda *_, **__: np.inf)
    monkeypatch.setattr(Tiled, "__init__", None)
    test_every_kind_of_edit_alone(model, image)


def test_kernels_for_tiles_stay_within_half_the_budget(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_in_tiles(monkeypatch)
    model = with_random_weights(unet())
    live = live_of(model, 200 << 10).run(image)
    assert_equal(live, model, image)
    assert 0 < live._context.memory.reserved <= 100 << 10
    assert live.memory_used <= 200 << 10


def test_with_hardly_any_memory_the_answers_are_the_same(model: Any, image: Image) -> None:
    rng = np.random.default_rng(3)
    live = live_of(model, budget=40_000).run(image)
    choices = list(edits_of(live, rng, image))

    for n in rng.integers(len(choices), size=8):
        live.apply(choices[int(n)])
        live.mask()
    assert_equal(live, model, image)
    assert live.memory_used <= 40_000


def test_all_activations_at_once_are_those_one_by_one(model: Any, image: Image) -> None:
    live = live_of(model).run(image)
    live.apply(SetKernel("enc2_conv1", 0, 0, np.ones((3, 3))))
    expected = walk(model, image, live)

    for name, found in live.activations().items():
        scale = max(1.0, float(np.abs(expected[name]).max()))
        np.testing.assert_allclose(found, expected[name], rtol=1e-4, atol=1e-5 * scale)


def test_a_thousand_random_edits_and_back_are_exact_to_the_bit() -> None:
    model = with_random_weights(unet(size=16))
    live = live_of(model).run(np.random.default_rng(2).random((16, 16), dtype=np.float32))
    rng = np.random.default_rng(4)
    before = {name: [a.tobytes() for a in arrays] for name, arrays in live.network.trained.items()}
    trained = live.probabilities().tobytes()

    for n in range(1000):
        live.apply(random_edit(rng, live))
        if n % 97 == 0:
            live.mask()
    for _ in range(1000):
        live.undo()

    assert not live.edits
    assert live.probabilities().tobytes() == trained
    for name, arrays in before.items():
        assert [a.tobytes() for a in live.weights(name)] == arrays
        assert [np.asarray(w).tobytes() for w in model.get_layer(name).weights] == arrays


def test_a_long_chain_of_committed_edits_does_not_drift(image: Image) -> None:
    model = with_random_weights(unet(norm=False))
    live = live_of(model).run(image)
    rng = np.random.default_rng(5)
    names = ["enc1_conv1", "enc2_conv1", "mid_conv1", "dec2_conv2", "dec1_conv1", "head"]

    for n in range(60):
        name = names[n % len(names)]
        window = live.layer(name).weights[0].shape[:2]
        live.apply(SetKernel(name, 0, n % 3, rng.normal(size=window)))
        live.mask()
    assert_equal(live, model, image)


@pytest.mark.parametrize("seed", range(10, 40))
def test_random_graphs(seed: int) -> None:
    model = random_network(seed)
    live = live_of(model)
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(16, 16)).astype(np.float32)
    live.run(image)

    for _ in range(6):
        if rng.random() < 0.3:
            names = [layer.name for layer in live.layers if layer.channels and layer.inputs]
            live.apply(SilenceMap(names[int(rng.integers(len(names)))], 0))
        else:
            live.apply(random_edit(rng, live))
        live.mask()
    if rng.random() < 0.5:
        live.undo()

    expected = walk(model, image, live) if _walkable(live) else {}
    for name, found in live.activations(expected).items():
        scale = max(1.0, float(np.abs(expected[name]).max()))
        np.testing.assert_allclose(found, expected[name], rtol=1e-4, atol=2e-5 * scale)


def _walkable(live: LiveModel) -> bool:
    return not any(":" in layer.name for layer in live.layers)


@pytest.mark.parametrize(
    "edit",
    [
        SilenceMap("mid_conv1", 24),
        SilenceMap("mid_conv1", True),
        SilenceMap("nowhere", 0),
        SilenceMap("mid_conv1", 0, "median"),
        ScaleMap("mid_conv1", 0, np.inf),
        ForceMap("mid_conv1", 0, 1.0, (8, 0)),
        CutSkip("join1", "mid_conv1"),
        CutSkip("nowhere", "mid_conv1"),
        PatchSkip("join1", "enc1_relu2", np.zeros(3)),
    ],
    ids=lambda edit: edit.label,
)
def test_an_intervention_that_does_not_fit_changes_nothing(edit: Edit, image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    live.apply(SilenceMap("mid_conv1", 1))
    before = live.probabilities()

    with pytest.raises(EditError):
        live.apply(edit)

    assert len(live.edits) == 1
    np.testing.assert_array_equal(live.probabilities(), before)


def test_a_patch_from_an_image_of_another_size_is_refused_and_nothing_lost(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    before = live.probabilities()

    with pytest.raises(EditError, match="like the one shown"):
        live.apply(PatchSkip("join1", "enc1_relu2", np.zeros((16, 16))))

    assert not live.edits
    np.testing.assert_array_equal(live.probabilities(), before)
