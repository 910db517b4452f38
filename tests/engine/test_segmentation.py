"""What an output means, from the last layer that changes its values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from unetscope.domain.errors import ModelError
from unetscope.engine.live_model import LiveModel, open_model

pytestmark = pytest.mark.engine


def opened(tmp_path: Path, *tail: Any) -> LiveModel:
    """A network that ends in the given layers, run on an image."""
    keras.utils.set_random_seed(4)
    first = layers.Conv2D(4, 3, padding="same", activation="tanh", name="first")
    keras.Sequential([keras.Input((12, 12, 1)), first, *tail]).save(tmp_path / "m.keras")
    image = np.random.default_rng(6).normal(size=(12, 12)).astype(np.float32)
    return open_model(tmp_path / "m.keras").run(image)


def softmax(values: Any) -> Any:
    raised = np.exp(values)
    return raised / raised.sum(-1, keepdims=True)


def test_a_linear_output_is_taken_for_logits(tmp_path: Path) -> None:
    live = opened(tmp_path, layers.Conv2D(3, 1, name="head"))
    logits = live.activation("head")

    np.testing.assert_allclose(live.probabilities(), softmax(logits), rtol=1e-5)
    np.testing.assert_array_equal(live.mask(), logits.argmax(-1))


def test_one_linear_channel_is_a_logit(tmp_path: Path) -> None:
    live = opened(tmp_path, layers.Conv2D(1, 1, name="head"))
    logits = live.activation("head")

    np.testing.assert_allclose(live.probabilities(), 1 / (1 + np.exp(-logits)), rtol=1e-5)
    np.testing.assert_array_equal(live.mask(), logits[..., 0] >= 0)


@pytest.mark.parametrize(
    "tail",
    [
        (layers.Conv2D(3, 1, activation="softmax"),),
        (layers.Conv2D(3, 1), layers.Softmax()),
        (layers.Conv2D(3, 1), layers.Activation("softmax"), layers.Dropout(0.1)),
        (layers.Conv2D(3, 1, activation="softmax"), layers.UpSampling2D()),
        (layers.Conv2D(1, 1, activation="sigmoid"),),
    ],
)
def test_probabilities_stay_as_they_are(tmp_path: Path, tail: tuple[Any, ...]) -> None:
    live = opened(tmp_path, *[layer.from_config(layer.get_config()) for layer in tail])

    probabilities = live.probabilities()

    np.testing.assert_array_equal(probabilities, live.activation(live.graph.outputs[0]))
    assert live.is_segmentation


def test_several_sigmoid_channels_need_half_to_be_a_label(tmp_path: Path) -> None:
    live = opened(tmp_path, layers.Conv2D(3, 1, activation="sigmoid", name="head"))
    p = live.activation("head")
    expected = np.where(p.max(-1) >= 0.5, p.argmax(-1) + 1, 0)

    assert set(np.unique(expected)) >= {0, 1}
    np.testing.assert_array_equal(live.mask(), expected)


@pytest.mark.parametrize(
    "tail",
    [
        (layers.Conv2D(2, 1, activation="relu"),),
        (layers.Conv2D(2, 1), layers.ReLU()),
        (layers.Conv2D(300, 1),),
        (layers.GlobalAveragePooling2D(), layers.Dense(2, activation="softmax")),
        (layers.Flatten(),),
    ],
)
def test_anything_else_is_no_segmentation_but_its_maps_can_be_seen(
    tmp_path: Path, tail: tuple[Any, ...]
) -> None:
    live = opened(tmp_path, *[layer.from_config(layer.get_config()) for layer in tail])

    for ask in (live.mask, live.probabilities, live.trained_mask):
        with pytest.raises(ModelError, match="no segmentation"):
            ask()
    assert not live.is_segmentation
    assert live.activation("first").shape == (12, 12, 4)


def test_the_mean_of_two_softmax_heads_is_a_segmentation(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 1))
    heads = [layers.Conv2D(3, 1, activation="softmax")(image) for _ in range(2)]
    keras.Model(image, layers.Average(name="mean")(heads)).save(tmp_path / "m.keras")
    live = open_model(tmp_path / "m.keras").run(np.eye(8, dtype=np.float32))

    np.testing.assert_array_equal(live.probabilities(), live.activation("mean"))
