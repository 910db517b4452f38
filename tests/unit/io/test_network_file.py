"""Model files read without Keras: what is in them, and what is refused."""

from __future__ import annotations

import contextlib
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from unetscope.domain.card import ModelCard
from unetscope.domain.errors import ModelError
from unetscope.domain.fingerprint import fingerprint_of
from unetscope.domain.graph import WeightSpec
from unetscope.domain.kernels import first_with_kernels
from unetscope.io.model_card import own_card_path, read_card, write_card
from unetscope.io.network_file import read_network

KERNEL = np.arange(18, dtype=np.float32).reshape(3, 3, 1, 2)
BIAS = np.array([1, -1], np.float32)


def layer(kind: str, name: str, reads: str | None = None, **config: Any) -> dict[str, Any]:
    """An entry as Keras 3 writes it; without the shapes it may leave out."""
    tensor: dict[str, Any] = {"shape": None, "dtype": "float32", "keras_history": [reads, 0, 0]}
    argument = {"class_name": "__keras_tensor__", "config": tensor}
    if reads:
        tensor["shape"] = SHAPES[reads]
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, "trainable": True, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [{"args": [argument], "kwargs": {}}] if reads else [],
    }


SHAPES = {"image": [None, 8, 6, 1], "conv": [None, 8, 6, 2]}
LAYERS = [
    layer("InputLayer", "image", batch_shape=[None, 8, 6, 1]),
    layer("Conv2D", "conv", "image", filters=2, kernel_size=[3, 3], padding="same", use_bias=True),
    layer("MaxPooling2D", "pool", "conv", pool_size=[2, 2], strides=[2, 2], padding="valid"),
]


def config(layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {
            "name": "tiny",
            "layers": layers,
            "input_layers": [["image", 0, 0]],
            "output_layers": [["pool", 0, 0]],
        },
    }


def weights(arrays: Mapping[str, Any]) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for path, array in arrays.items():
            file[path] = array
    return stream.getvalue()


CONV = {"layers/conv2d/vars/0": KERNEL, "layers/conv2d/vars/1": BIAS}


def write(path: Path, layers: Any = None, arrays: Mapping[str, Any] = CONV) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config(layers or LAYERS)))
        archive.writestr("model.weights.h5", weights(arrays))
    return path


def test_layers_shapes_and_weights(tmp_path: Path) -> None:
    network = read_network(write(tmp_path / "tiny.keras"))

    image, conv, pool = network.graph.layers
    assert network.name == "tiny"
    assert network.graph.outputs == ("pool",)
    assert (image.kind, image.output_shape, image.inputs) == ("InputLayer", (None, 8, 6, 1), ())
    assert (conv.output_shape, conv.inputs, conv.trainable) == ((None, 8, 6, 2), ("image",), 20)
    assert conv.weights == (WeightSpec("kernel", (3, 3, 1, 2)), WeightSpec("bias", (2,)))
    assert conv.config["padding"] == "same"
    assert (pool.output_shape, pool.parameters) == ((None, 4, 3, 2), 0)
    kernel, bias = network.trained["conv"]
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(bias, BIAS)
    with pytest.raises(ValueError, match="read-only"):
        kernel[0] = 0
    assert network.fingerprint == fingerprint_of(tmp_path / "tiny.keras")


def test_odd_grids(tmp_path: Path) -> None:
    """25 becomes 12 when it is pooled, but 13 with padding."""

    def last(kind: str, **config: Any) -> Any:
        pooled = layer(kind, "pool", "conv", pool_size=2, **config)
        odd = layer("InputLayer", "image", batch_shape=[None, 25, 7, 1])
        pooled["inbound_nodes"][0]["args"][0]["config"]["shape"] = [None, 25, 7, 2]
        network = read_network(write(tmp_path / "odd.keras", [odd, LAYERS[1], pooled]))
        return network.graph["pool"].output_shape

    assert last("MaxPooling2D", padding="valid", strides=None) == (None, 12, 3, 2)
    assert last("AveragePooling2D", padding="same", strides=[2, 2]) == (None, 13, 4, 2)


def test_the_name_need_not_tell_the_kind(tmp_path: Path) -> None:
    assert read_network(write(tmp_path / "tiny.h5")).name == "tiny"


def test_neither_tensorflow_nor_keras_is_imported(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.keras")
    code = (
        "import sys; from unetscope.io.network_file import read_network;"
        "read_network(sys.argv[1]); print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True)

    assert said.stdout.split() == [b"False", b"False"]


def test_float16_weights_become_float32(tmp_path: Path) -> None:
    halves = {name: array.astype(np.float16) for name, array in CONV.items()}

    kernel = read_network(write(tmp_path / "half.keras", arrays=halves)).trained["conv"][0]

    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel, KERNEL)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({}, "0 weight arrays for layer conv"),
        ({**CONV, "layers/conv2d/vars/2": BIAS}, "3 weight arrays for layer conv"),
        ({**CONV, "layers/conv2d/vars/0": KERNEL * np.nan}, "not finite"),
        ({**CONV, "layers/conv2d/vars/0": KERNEL * 1j}, "no real numbers"),
    ],
)
def test_weights_that_cannot_be_right(tmp_path: Path, arrays: Any, said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        read_network(write(tmp_path / "odd.keras", arrays=arrays))
    assert "odd.keras" in caught.value.what


@pytest.mark.parametrize("kind", ["Lambda", "TFSMLayer", "MyAttention", "TextVectorization"])
def test_unknown_layers_are_named(tmp_path: Path, kind: str) -> None:
    layers = [LAYERS[0], LAYERS[1], layer(kind, "pool", "conv")]

    with pytest.raises(ModelError, match=rf"pool \({kind}\)"):
        read_network(write(tmp_path / "odd.keras", layers))


def test_layers_that_feed_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    layers = [LAYERS[0], layer("ReLU", "conv", "conv"), LAYERS[2]]

    with pytest.raises(ModelError, match="does not describe"):
        read_network(write(tmp_path / "circle.keras", layers))


def test_an_array_that_claims_more_than_it_holds_is_never_made(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_dataset("layers/conv2d/vars/0", (3, 3, 10_000, 10_000), "f4", chunks=True)
        file["layers/conv2d/vars/1"] = BIAS
    path = tmp_path / "claims.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config(LAYERS)))
        archive.writestr("model.weights.h5", stream.getvalue())

    with pytest.raises(ModelError, match=r"claims\.keras"):
        read_network(path)


def test_a_member_that_inflates_beyond_reason_is_never_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", " " * (33 << 20))
        archive.writestr("model.weights.h5", b"")

    with pytest.raises(ModelError, match="impossible size"):
        read_network(path)


@pytest.mark.parametrize("content", [b"[" * 200_000, b"\xff\xfe", b"[]", b'{"config": 3}', b"null"])
def test_a_description_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", content)
        archive.writestr("model.weights.h5", weights(CONV))

    with pytest.raises(ModelError, match=r"odd\.keras"):
        read_network(path)


STRANGE: tuple[Any, ...] = (
    *(None, 0, -1, 3.5, 10**12, float("nan"), True, "", "channels_first", "/etc/passwd"),
    *([], {}, [1], [[1, 2]], [["a", 0, 0]], {"class_name": "X"}, ["conv", 0, 0]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in nested data."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    if isinstance(value, (dict, list)):
        for key, item in items:
            found += (
                places(item, (*path, key)) if isinstance(item, (dict, list)) else [(*path, key)]
            )
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_description_changed_at_random_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    arrays = weights(CONV)
    for _ in range(40):
        changed = json.loads(json.dumps(config(LAYERS)))
        *way, last = rng.choice(places(changed))
        inside = changed
        for key in way:
            inside = inside[key]
        inside[last] = rng.choice(STRANGE)
        with zipfile.ZipFile(tmp_path / "odd.keras", "w") as archive:
            archive.writestr("config.json", json.dumps(changed))
            archive.writestr("model.weights.h5", arrays)
        with contextlib.suppress(ModelError):
            assert read_network(tmp_path / "odd.keras").graph.outputs


def test_the_sample(sample_folder: Path) -> None:
    network = read_network(sample_folder / "brain-tissue-unet.keras")
    card = read_card(sample_folder / "brain-tissue-unet.keras")

    assert first_with_kernels(network.graph) is not None
    assert network.graph.outputs
    assert card is not None
    assert card.confirmed
    channels = network.graph[network.graph.outputs[0]].channels
    assert [label.index for label in card.classes] == list(range(channels or 0))


CARD = {
    "format": 1,
    "name": "Tiny",
    "input": {"size": [8, 6], "channels": 1},
    "preprocessing": {"normalise": {"kind": "minmax"}},
    "classes": [{"index": 0, "name": "Background"}, {"index": 1, "name": "Brain"}],
}


def test_a_card_beside_the_model(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.keras")
    assert read_card(path) is None

    card = {**CARD, "fingerprint": fingerprint_of(path)}
    (tmp_path / "tiny.card.json").write_text(json.dumps(card))

    read = read_card(path)
    assert read is not None
    assert read.confirmed
    assert [label.name for label in read.classes] == ["Background", "Brain"]


@pytest.mark.parametrize("fingerprint", ["sha256:of another file", None])
def test_a_card_of_another_file_is_not_confirmed(tmp_path: Path, fingerprint: str | None) -> None:
    path = write(tmp_path / "tiny.keras")
    (tmp_path / "tiny.card.json").write_text(json.dumps({**CARD, "fingerprint": fingerprint}))

    read = read_card(path)

    assert read is not None
    assert not read.confirmed


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"format": 99}', "\x00"])
def test_a_card_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "tiny.keras")
    (tmp_path / "tiny.card.json").write_text(text)

    with pytest.raises(ModelError, match="card"):
        read_card(path)


def test_a_card_is_saved_beside_the_model_and_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.keras")
    card = ModelCard.from_json({**CARD, "fingerprint": "sha256:of another file", "extra": [1]})

    saved = write_card(path, card)

    assert saved == tmp_path / "tiny.card.json"
    content = json.loads(saved.read_text(encoding="utf-8"))
    assert (content["extra"], content["fingerprint"]) == ([1], fingerprint_of(path))
    read = read_card(path)
    assert read is not None
    assert (read.confirmed, read.note) == (True, "")
    assert read.preprocessing == card.preprocessing
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tiny.card.json", "tiny.keras"]


def test_a_card_goes_into_the_users_own_folder_where_the_models_is_closed(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.keras")
    (tmp_path / "tiny.card.json").mkdir()  # nothing can be written there
    card = ModelCard.from_json({**CARD, "name": "Mine"})

    saved = write_card(path, card)

    assert saved == own_card_path(fingerprint_of(path))
    read = read_card(path)
    assert read is not None
    assert (read.name, read.confirmed) == ("Mine", True)

    (tmp_path / "tiny.card.json").rmdir()
    beside = write_card(path, replace(card, name="Beside"))
    assert beside == tmp_path / "tiny.card.json"
    assert not saved.exists()
    again = read_card(path)
    assert again is not None
    assert again.name == "Beside"


def test_a_card_that_came_with_the_program_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shipped").mkdir()
    path = write(tmp_path / "shipped" / "tiny.keras")
    write_card(path, ModelCard.from_json({**CARD, "name": "Shipped"}))
    before = (path.parent / "tiny.card.json").read_bytes()

    saved = write_card(
        path, ModelCard.from_json({**CARD, "name": "Mine"}), shipped=tmp_path / "shipped"
    )

    assert saved == own_card_path(fingerprint_of(path))
    assert (path.parent / "tiny.card.json").read_bytes() == before
    read = read_card(path)
    assert read is not None
    assert read.name == "Mine"


def test_the_users_own_card_counts_before_the_one_beside_the_model(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.keras")
    print_ = fingerprint_of(path)
    (tmp_path / "tiny.card.json").write_text(json.dumps({**CARD, "fingerprint": print_}))
    own = own_card_path(print_)
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(json.dumps({**CARD, "name": "Mine", "fingerprint": print_}))
    read = read_card(path)
    own.unlink()
    assert read is not None
    assert read.name == "Mine"


def test_a_card_that_cannot_be_saved_says_where_it_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "tiny.keras")
    (tmp_path / "tiny.card.json").mkdir()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"tiny\.keras") as refusal:
        write_card(path, ModelCard.from_json(CARD))
    assert "still in the window" in refusal.value.hint
    with pytest.raises(ModelError, match=r"gone\.keras is not there any more"):
        write_card(tmp_path / "gone.keras", ModelCard.from_json(CARD))


def test_a_card_of_another_file_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.keras")
    (tmp_path / "tiny.card.json").write_text(json.dumps({**CARD, "fingerprint": "sha256:other"}))
    read = read_card(path)
    assert read is not None
    assert read.note == "tiny.card.json was made for another file than tiny.keras."
