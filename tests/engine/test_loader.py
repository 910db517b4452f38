"""Files that are no model, or no safe one: the same clear error with and without Keras."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import pytest
from keras import layers

from unetscope.domain.errors import ModelError
from unetscope.engine.live_model import open_model
from unetscope.io.network_file import read_network

pytestmark = pytest.mark.engine

Saved = Callable[..., Path]


def both_refuse(path: Path) -> list[str]:
    """What the two ways to open a file say; each in at most two sentences and by its name."""
    said = []
    for attempt in (read_network, open_model):
        with pytest.raises(ModelError) as caught:
            attempt(path)
        assert path.name in caught.value.what
        assert caught.value.hint
        assert len(str(caught.value)) < 300
        said.append(str(caught.value))
    return said


def test_a_missing_file(tmp_path: Path) -> None:
    assert all("does not exist" in text for text in both_refuse(tmp_path / "gone.keras"))


def test_a_folder(tmp_path: Path) -> None:
    both_refuse(tmp_path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_damaged(
    saved: Saved, tmp_path: Path, suffix: str, share: float
) -> None:
    content = saved("small_unet", suffix).read_bytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(content[: int(len(content) * share)])

    assert all("damaged" in text for text in both_refuse(path))


def test_a_flipped_bit_in_an_archive_is_damage(saved: Saved, tmp_path: Path) -> None:
    content = bytearray(saved("small_unet").read_bytes())
    content[len(content) // 2] ^= 4
    path = tmp_path / "flipped.keras"
    path.write_bytes(content)

    assert all("damaged" in text for text in both_refuse(path))


def test_weights_alone_are_not_a_network(saved: Saved, tmp_path: Path) -> None:
    model = keras.models.load_model(saved("small_unet"), compile=False)
    model.save_weights(tmp_path / "only.weights.h5")

    assert all("only weights" in text for text in both_refuse(tmp_path / "only.weights.h5"))


@pytest.mark.parametrize(
    "content", [b"", b"DICM" * 40, b"PK\x03\x04nonsense", b"\x89HDF\r\n\x1a\n"]
)
def test_something_else_altogether(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "thing.h5").write_bytes(content)

    both_refuse(tmp_path / "thing.h5")


def test_a_lambda_layer_is_named_and_never_run(tmp_path: Path) -> None:
    path = tmp_path / "lambda.keras"
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(1, 1), layers.Lambda(lambda x: x * 2, name="trick")]
    )
    model.save(path)

    assert all("trick (Lambda)" in text for text in both_refuse(path))


@keras.saving.register_keras_serializable(package="lab")
class Sharpen(layers.Layer):  # type: ignore[misc]
    def call(self, x: Any) -> Any:
        return x


def test_a_custom_layer_is_named_even_inside_a_nested_model(tmp_path: Path) -> None:
    path = tmp_path / "custom.keras"
    inner = keras.Sequential([keras.Input((8, 8, 1)), Sharpen(name="my_sharpen")], name="inner")
    keras.Sequential([keras.Input((8, 8, 1)), inner]).save(path)

    assert all("my_sharpen (Sharpen)" in text for text in both_refuse(path))


def test_a_layer_of_a_foreign_module_under_a_keras_name_is_refused(
    saved: Saved, tmp_path: Path
) -> None:
    path = tmp_path / "foreign.keras"

    def change(config: Any) -> None:
        config["config"]["layers"][1]["module"] = "os"

    rewrite(saved("small_unet"), path, change)

    assert all("enc1_conv" in text for text in both_refuse(path))


def test_code_in_place_of_an_activation_is_refused(saved: Saved, tmp_path: Path) -> None:
    path = tmp_path / "code.keras"

    def change(config: Any) -> None:
        code = {"class_name": "__lambda__", "config": {"value": "4wEAAA=="}}
        config["config"]["layers"][1]["config"]["activation"] = code

    rewrite(saved("small_unet"), path, change)

    assert all("code" in text for text in both_refuse(path))


def rewrite(source: Path, path: Path, change: Callable[[Any], None]) -> None:
    """Copy an archive with another configuration."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)


def test_a_subclassed_model_says_that_its_layers_are_not_listed(tmp_path: Path) -> None:
    path = tmp_path / "own.keras"
    with zipfile.ZipFile(path, "w") as archive:
        config = {"class_name": "MyUNet", "module": "lab", "config": {"depth": 4}}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"")
    # The configuration is what decides, so the weights are not looked at.
    with pytest.raises(ModelError, match="MyUNet"):
        open_model(path)


def test_weights_in_another_file_are_not_followed(saved: Saved, tmp_path: Path) -> None:
    path = tmp_path / "linked.h5"
    path.write_bytes(saved("small_unet", ".h5").read_bytes())
    with h5py.File(path, "r+") as file:
        group = file["model_weights/mid_conv/mid_conv"]
        del group["kernel"]
        group["kernel"] = h5py.ExternalLink("/etc/hostname", "/kernel")

    both_refuse(path)
