"""Files of weights alone: opened with the architecture they belong to, or refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from tests.engine.conftest import BUILDERS, randomised

import unetscope as us
from unetscope.domain.errors import ModelError
from unetscope.domain.presets import NewModel
from unetscope.engine.presets import built
from unetscope.io.network_file import read_network

pytestmark = pytest.mark.engine

SMALL = NewModel.proposed("unet", filters=4, depth=3, classes=2, image_shape=(64, 64, 2), seed=3)
ENCODER = NewModel.proposed("unet_encoder")
MIRRORED = NewModel.proposed("mirrored_unet", classes=3, image_shape=(200, 200, 2))


@pytest.fixture(scope="module")
def model() -> Any:
    return randomised(BUILDERS["small_unet"]())


def legacy(model: Any, path: Path) -> Path:
    """Weights as ``save_weights`` of Keras 2 writes them."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.11.0"
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, layer.weights, strict=True):
                group[name] = np.asarray(weight)
    return path


def modern(model: Any, path: Path) -> Path:
    model.save_weights(path)
    return path


WRITERS = {"small.weights.h5": modern, "small.h5": legacy, "old.weights.h5": legacy}


@pytest.mark.parametrize("name", WRITERS)
def test_a_description_beside_the_weights_is_taken(model: Any, tmp_path: Path, name: str) -> None:
    path = WRITERS[name](model, tmp_path / name)
    (tmp_path / f"{name.split('.')[0]}.json").write_text(model.to_json())

    live = us.open_model(path)

    assert live.network.path == path
    for layer in model.layers:
        for found, weight in zip(live.weights(layer.name), layer.weights, strict=True):
            np.testing.assert_array_equal(found, np.asarray(weight))


def test_a_description_can_be_given(model: Any, tmp_path: Path) -> None:
    path = modern(model, tmp_path / "a.weights.h5")
    description = tmp_path / "elsewhere.json"
    description.write_text(model.to_json())
    live = us.open_model(path, architecture=description)
    np.testing.assert_array_equal(live.weights("head")[0], model.get_layer("head").get_weights()[0])


@pytest.mark.parametrize("write", [modern, legacy])
@pytest.mark.parametrize("new", [SMALL, ENCODER, MIRRORED], ids=lambda new: new.preset)
def test_a_preset_is_told_by_the_shapes_of_its_kernels(
    tmp_path: Path, new: NewModel, write: Callable[[Any, Path], Path]
) -> None:
    model = built(new)
    path = write(model, tmp_path / "x.weights.h5")
    live, read = us.open_model(path), read_network(path)
    assert read.graph.parameters == new.parameters == live.parameters
    for name, _ in new.kernels:
        np.testing.assert_array_equal(live.weights(name)[0], model.get_layer(name).get_weights()[0])
    assert live.layers[0].channels == new.image_shape[2]


def test_a_preset_can_be_named(tmp_path: Path) -> None:
    path = modern(built(SMALL), tmp_path / "x.weights.h5")
    assert us.open_model(path, architecture="unet").network.name == "unet"


# ---------------------------------------------------------------------- refusals


def refused(path: Path, architecture: Any = None) -> str:
    with pytest.raises(ModelError) as caught:
        us.open_model(path, architecture=architecture)
    assert caught.value.hint
    assert len(str(caught.value)) < 300
    return str(caught.value)


def test_weights_that_nobody_knows_say_how_to_give_the_architecture(
    model: Any, tmp_path: Path
) -> None:
    said = refused(modern(model, tmp_path / "small.weights.h5"))
    assert "small.weights.h5 holds only weights" in said
    assert "small.json" in said
    assert "architecture=" in said


def test_weights_of_another_architecture_do_not_fit(model: Any, tmp_path: Path) -> None:
    path = modern(model, tmp_path / "small.weights.h5")
    said = refused(path, "unet_encoder")
    assert "but 2 were expected" in said


def test_a_smaller_network_does_not_take_a_part_of_the_weights(tmp_path: Path) -> None:
    """Keras itself takes what it finds and leaves the rest without a word."""
    whole = built(SMALL)
    path = modern(whole, tmp_path / "part.weights.h5")
    upper = keras.Model(whole.inputs, whole.get_layer("enc1_relu2").output)
    (tmp_path / "part.json").write_text(upper.to_json())
    assert "weight arrays" in refused(path)


def test_shapes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = modern(built(SMALL), tmp_path / "x.weights.h5")
    wider = NewModel.proposed("unet", filters=5, depth=3, classes=2, image_shape=(64, 64, 2))
    (tmp_path / "x.json").write_text(built(wider).to_json())
    assert "should have shape (3, 3, 2, 5), but (3, 3, 2, 4) is stored" in refused(path)


def test_a_whole_model_needs_no_architecture(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "whole.keras")
    assert "no file of weights alone" in refused(tmp_path / "whole.keras", "unet")


@pytest.mark.parametrize("text", ["", "[]", '{"class_name": "Functional"}', "\x00"])
def test_a_description_that_is_none(model: Any, tmp_path: Path, text: str) -> None:
    path = modern(model, tmp_path / "small.weights.h5")
    (tmp_path / "small.json").write_text(text)
    assert "small.json" in refused(path)


def test_an_unknown_architecture_by_name(model: Any, tmp_path: Path) -> None:
    path = modern(model, tmp_path / "small.weights.h5")
    said = refused(path, "resnet")
    assert "resnet" in said


def test_a_description_with_code_is_refused(model: Any, tmp_path: Path) -> None:
    path = modern(model, tmp_path / "small.weights.h5")
    described = model.to_json().replace('"MaxPooling2D"', '"Lambda"')
    (tmp_path / "small.json").write_text(described)
    assert "pool (Lambda)" in refused(path)


@pytest.mark.parametrize("share", [0.1, 0.6, 0.99])
def test_truncated_weights_are_damage(model: Any, tmp_path: Path, share: float) -> None:
    content = modern(model, tmp_path / "x.weights.h5").read_bytes()
    (tmp_path / "x.json").write_text(model.to_json())
    (tmp_path / "x.weights.h5").write_bytes(content[: int(len(content) * share)])
    refused(tmp_path / "x.weights.h5")


def spoil_link(file: Any) -> None:
    del file["layers/conv2d/vars/0"]
    file["layers/conv2d/vars/0"] = h5py.ExternalLink("other.h5", "/kernel")


def spoil_value(file: Any) -> None:
    file["layers/conv2d/vars/0"][0, 0, 0, 0] = np.nan


def spoil_size(file: Any) -> None:
    del file["layers/conv2d/vars/0"]
    file.create_dataset("layers/conv2d/vars/0", (3, 3, 1, 1 << 28), "f4", chunks=True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(spoil_link, "other files"), (spoil_value, "not finite"), (spoil_size, "too big")],
)
def test_weights_that_cannot_be_true_are_refused(
    model: Any, tmp_path: Path, spoil: Callable[[Any], None], said: str
) -> None:
    path = modern(model, tmp_path / "x.weights.h5")
    (tmp_path / "x.json").write_text(model.to_json())
    with h5py.File(path, "r+") as file:
        spoil(file)
    assert said in refused(path)


def test_the_file_is_never_written_to(model: Any, tmp_path: Path) -> None:
    path = legacy(model, tmp_path / "old.weights.h5")
    shutil.copyfile(path, tmp_path / "before")
    (tmp_path / "old.json").write_text(model.to_json())
    us.open_model(path)
    assert path.read_bytes() == (tmp_path / "before").read_bytes()
