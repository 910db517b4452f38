"""From one edited kernel to the mask: the user's wait, beside the ways other programs do it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tests.benchmarks.conftest import Compare

from unetscope.domain.edits import SetKernel
from unetscope.engine.live_model import LiveModel, open_model
from unetscope.io.network_file import read_network

pytestmark = pytest.mark.engine

Networks = dict[str, tuple[Path, int]]
Pictures = dict[int, Any]

LAYERS = {
    "seed": (
        "conv1_1",
        "conv2_2",
        "conv3_2",
        "conv5_2",
        "conv7_2",
        "conv8_2",
        "conv9_1",
        "conv9_2",
    ),
    "sample": ("enc1_conv1", "enc2_conv2", "mid_conv1", "dec3_conv1", "dec2_conv2", "dec1_conv2"),
}


class Plain:
    """A network as a script has it: Keras, and a traced function of the whole."""

    def __init__(self, path: Path, rows: int, picture: Any) -> None:
        self.model = keras.models.load_model(path, compile=False)
        self.batch = picture[None, ..., None]
        self.tensor = tf.constant(self.batch)
        function = tf.function(lambda x: self.model(x, training=False), autograph=False)
        self.traced = function.get_concrete_function(tf.TensorSpec((1, rows, rows, 1)))

    def edits(self, layer: str) -> Callable[[], None]:
        """Put all weights of a layer back with one kernel changed."""
        target = self.model.get_layer(layer)
        turns = kernels(target.get_weights()[0].shape[:2])

        def edit() -> None:
            weights = target.get_weights()
            weights[0][:, :, 0, 0] = next(turns)
            target.set_weights(weights)

        return edit

    def predicted(self) -> Any:
        """What `predict` gives, as a mask."""
        return self.model.predict(self.batch, verbose=0)[0].argmax(-1)

    def called(self) -> Any:
        """What calling the model gives."""
        return np.asarray(self.model(self.tensor, training=False))[0].argmax(-1)

    def whole(self) -> Any:
        """What the traced function gives."""
        return np.asarray(self.traced(self.tensor))[0].argmax(-1)


def kernels(window: tuple[int, ...]) -> Iterator[Any]:
    """Values that are other at every turn."""
    rng = np.random.default_rng(1)
    return itertools.cycle([rng.normal(0, 0.1, window).astype(np.float32) for _ in range(7)])


@pytest.fixture(scope="module")
def plain(networks: Networks, pictures: Pictures) -> dict[str, Plain]:
    return {name: Plain(path, rows, pictures[rows]) for name, (path, rows) in networks.items()}


@pytest.fixture(scope="module")
def live(networks: Networks, pictures: Pictures) -> dict[str, LiveModel]:
    return {name: open_model(path).run(pictures[rows]) for name, (path, rows) in networks.items()}


@pytest.mark.parametrize(("name", "layer"), [(n, one) for n in LAYERS for one in LAYERS[n]])
def test_one_kernel_to_mask(
    compare: Compare, live: dict[str, LiveModel], plain: dict[str, Plain], name: str, layer: str
) -> None:
    one, other = live[name].revert(), plain[name]
    turns, edit = kernels(one.weights(layer)[0].shape[:2]), other.edits(layer)
    target = other.model.get_layer(layer)
    before = target.get_weights()

    def drag() -> Any:
        gesture = bool(one.edits)
        return one.apply(SetKernel(layer, 0, 0, next(turns)), same_gesture=gesture).mask()

    def then(forward: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: (edit(), forward())[1]

    compare(
        f"one kernel edited → exact mask, {name} network",
        layer,
        drag,
        {
            "predict": then(other.predicted),
            "call": then(other.called),
            "tf.function": then(other.whole),
        },
    )
    shown = next(turns)
    one.apply(SetKernel(layer, 0, 0, shown), same_gesture=True)
    target.set_weights(one.weights(layer))
    expected = np.asarray(other.traced(other.tensor))[0]
    np.testing.assert_allclose(one.probabilities(), expected, rtol=1e-4, atol=1e-5)
    target.set_weights(before)


@pytest.mark.parametrize("name", LAYERS)
def test_whole_pass(
    compare: Compare,
    live: dict[str, LiveModel],
    plain: dict[str, Plain],
    pictures: Pictures,
    name: str,
) -> None:
    one, other = live[name].revert(), plain[name]
    picture = other.batch[0, ..., 0]

    compare(
        "a new image → mask",
        name,
        lambda: one.run(picture).mask(),
        {
            "predict": other.predicted,
            "call": other.called,
            "tf.function": other.whole,
        },
    )


@pytest.mark.parametrize("name", LAYERS)
def test_all_activations(
    compare: Compare, live: dict[str, LiveModel], plain: dict[str, Plain], name: str
) -> None:
    one, other = live[name].revert(), plain[name]
    model, picture = other.model, other.batch[0, ..., 0]
    parts = [keras.Model(model.input, layer.output) for layer in model.layers[1:]]
    every = keras.Model(model.input, [layer.output for layer in model.layers])
    traced = tf.function(lambda x: every(x, training=False), autograph=False)

    def fresh() -> Any:
        outputs = [layer.output for layer in model.layers]
        return keras.Model(model.input, outputs).predict(other.batch, verbose=0)

    compare(
        "a new image → every layer's activation",
        name,
        lambda: one.run(picture).activations(),
        {
            "tf.function of the mask alone": other.whole,
            "tf.function of all": lambda: [np.asarray(y) for y in traced(other.tensor)],
            "a fresh model of all, predict": fresh,
            "predict per layer": lambda: [p.predict(other.batch, verbose=0) for p in parts],
        },
        rounds=3,
    )


@pytest.mark.parametrize("rows", [64, 128, 256, 384])
@pytest.mark.parametrize("filters", [8, 16, 32])
def test_growth(
    compare: Compare, tmp_path: Path, pictures: Pictures, rows: int, filters: int
) -> None:
    """How one kernel's way to the mask grows with the image and with the number of filters."""
    from unetscope.domain.presets import NewModel
    from unetscope.engine.creating import create

    path = tmp_path / "unet.keras"
    create(
        NewModel(
            preset="unet", image_shape=(rows, rows, 1), classes=4, filters=filters, depth=4, seed=0
        ),
        path,
    )
    one, other = open_model(path).run(pictures[rows]), Plain(path, rows, pictures[rows])
    layer = next(known.name for known in one.layers if known.name.startswith("mid_conv"))
    turns, edit = kernels((3, 3)), other.edits(layer)

    compare(
        "growth: one kernel of the bottleneck → mask",
        f"{rows}², {filters} filters",
        lambda: one.apply(SetKernel(layer, 0, 0, next(turns)), same_gesture=bool(one.edits)).mask(),
        {"predict": lambda: (edit(), other.predicted())[1]},
        rounds=5,
    )


def test_first_edit_of_a_layer(
    compare: Compare, live: dict[str, LiveModel], plain: dict[str, Plain]
) -> None:
    one, other = live["sample"], plain["sample"]
    turns = kernels((3, 3))

    def first() -> Any:
        return one.revert().apply(SetKernel("mid_conv1", 0, 0, next(turns))).mask()

    compare("the first edit of a layer → mask", "sample, bottleneck", first, {"call": other.called})


@pytest.mark.benchmark(group="open a model file")
def test_read_without_keras(benchmark: Any, sample_path: Path) -> None:
    assert benchmark(lambda: read_network(sample_path)).graph.outputs


@pytest.mark.benchmark(group="open a model file")
def test_open_with_keras(benchmark: Any, sample_path: Path) -> None:
    assert benchmark.pedantic(lambda: open_model(sample_path), rounds=3).layers
