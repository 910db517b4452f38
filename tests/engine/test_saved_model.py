"""SavedModel folders of Keras 2: rebuilt from what Keras says, weights by name, never run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import unetscope as us
from unetscope.domain.errors import ModelError
from unetscope.domain.fingerprint import fingerprint_of
from unetscope.engine.loader import load
from unetscope.io.network_file import read_network

pytestmark = pytest.mark.engine

SAMPLE = Path(__file__).parent / "data" / "keras2_savedmodel"
IMAGE = np.random.default_rng(5).random((8, 8), dtype=np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the true sample, which a test may spoil."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample"))


# --------------------------------------------------------------- a folder by hand


class Object(tf.Module):  # type: ignore[misc]
    """An object of a checkpoint, with children by any name."""

    def __init__(self, **children: Any) -> None:
        super().__init__()
        for name, child in children.items():
            setattr(self, name.replace("layer_", "layer-"), child)


def variable(*shape: int, seed: int = 0, dtype: Any = tf.float32) -> Any:
    return tf.Variable(tf.cast(np.random.default_rng(seed).normal(size=shape), dtype))


def conv(name: str, filters: int = 2, **more: object) -> dict[str, Any]:
    config = {"name": name, "filters": filters, "kernel_size": [3, 3], "padding": "same", **more}
    return {"class_name": "Conv2D", "config": config}


def write(folder: Path, layers: Mapping[str, dict[str, Any]], root: Any, **more: Any) -> Path:
    """A SavedModel folder of a Sequential; ``layers`` by the names that ``root`` has for them."""
    image = {"name": "image", "batch_input_shape": [None, 8, 8, 1]}
    listed = [{"class_name": "InputLayer", "config": image}, *layers.values()]
    model = {"class_name": "Sequential", "config": {"name": "made", "layers": listed}, **more}
    objects = {"root": {"name": "made", **model}}
    for place, entry in layers.items():
        objects[f"root.{place}"] = {"name": entry["config"]["name"], **entry}
    folder.mkdir(exist_ok=True)
    (folder / "saved_model.pb").touch()
    write_metadata(folder, {place: json.dumps(about) for place, about in objects.items()})
    tf.train.Checkpoint(root=root).write(str(folder / "variables" / "variables"))
    return folder


def write_metadata(folder: Path, objects: Mapping[str, str]) -> None:
    """``keras_metadata.pb`` in the wire format of protocol buffers."""
    content = b""
    for place, text in objects.items():
        inside = b"\x10\x07" + _field(3, place.encode()) + _field(5, text.encode())
        content += _field(1, inside)
    (folder / "keras_metadata.pb").write_bytes(content)


def _field(number: int, content: bytes) -> bytes:
    length, head = len(content), bytes([number << 3 | 2])
    while length > 127:
        head += bytes([length & 127 | 128])
        length >>= 7
    return head + bytes([length]) + content


# ------------------------------------------------------------------------ opens


def test_a_true_folder_of_keras_2_gives_what_keras_2_gives() -> None:
    model = us.open_model(SAMPLE)

    with_weights = [layer.name for layer in model.layers if layer.weights]
    assert with_weights == ["enc", "norm", "depth", "nested/point", "head"]
    found = model.run(IMAGE).probabilities()
    np.testing.assert_allclose(found, np.load(SAMPLE / "expected.npy"), atol=1e-6)


def test_without_keras_the_same_is_read() -> None:
    read, opened = read_network(SAMPLE), us.open_model(SAMPLE).network
    assert read.fingerprint == opened.fingerprint
    assert [layer.name for layer in read.graph.layers] == [
        each.name for each in opened.graph.layers
    ]
    for name, arrays in opened.trained.items():
        for found, expected in zip(read.trained[name], arrays, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_an_edited_folder_is_saved_as_a_file_that_gives_the_same(tmp_path: Path) -> None:
    model = us.open_model(SAMPLE).run(IMAGE)
    model.apply(us.ScaleFilter("enc", filter=0, gain=0.5))
    before = model.probabilities()
    model.save(tmp_path / "edited.keras")
    np.testing.assert_allclose(
        us.open_model(tmp_path / "edited.keras").run(IMAGE).probabilities(), before, atol=1e-6
    )


def test_weights_are_matched_by_name_where_the_order_would_mislead(tmp_path: Path) -> None:
    """Two layers of equal shapes, which the checkpoint numbers the other way round."""
    kernels = [variable(3, 3, 2, 2, seed=1), variable(3, 3, 2, 2, seed=2)]
    first = Object(kernel=variable(3, 3, 1, 2), bias=variable(2))
    a, b = (Object(kernel=kernel, bias=variable(2, seed=7)) for kernel in kernels)
    layers = {"layer-2": conv("first"), "layer-1": conv("a"), "layer-0": conv("b")}
    root = Object(layer_0=b, layer_1=a, layer_2=first)

    model = load(write(tmp_path / "made", layers, root))

    assert [layer.name for layer in model.layers] == ["first", "a", "b"]
    for name, kernel in zip("ab", kernels, strict=True):
        np.testing.assert_array_equal(model.get_layer(name).get_weights()[0], kernel.numpy())


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64])
def test_weights_of_other_precision_become_float32(tmp_path: Path, dtype: Any) -> None:
    kernel = variable(3, 3, 1, 2, dtype=dtype)
    root = Object(layer_0=Object(kernel=kernel, bias=variable(2)))
    model = load(write(tmp_path / "made", {"layer-0": conv("only")}, root))
    expected = tf.cast(kernel, tf.float32).numpy()
    np.testing.assert_array_equal(model.get_layer("only").get_weights()[0], expected)


def test_before_keras_2_5_the_description_was_in_the_graph(folder: Path) -> None:
    """The older form of the same folder: each description stands at its object."""
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    nodes = saved.meta_graphs[0].object_graph_def.nodes
    for number, text in _described(folder).items():
        nodes[number].user_object.metadata = text
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
    (folder / "keras_metadata.pb").unlink()

    found = us.open_model(folder).run(IMAGE).probabilities()
    np.testing.assert_allclose(found, np.load(SAMPLE / "expected.npy"), atol=1e-6)


def _described(folder: Path) -> dict[int, str]:
    """Number and description of each object, as ``tf_keras``'s own reader would give them."""
    content, found, at = (folder / "keras_metadata.pb").read_bytes(), {}, 0
    while at < len(content):
        message, at = _taken(content, at)
        number, inside = 0, 0
        while inside < len(message):
            key = message[inside]
            if key & 7 == 0:
                number, inside = _varint(message, inside + 1)
            else:
                value, inside = _taken(message, inside)
                if key >> 3 == 5:
                    text = value.decode()
        found[number] = text
    return found


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while content[at] > 127:
        value |= (content[at] & 127) << shift
        at, shift = at + 1, shift + 7
    return value | content[at] << shift, at + 1


def _taken(content: bytes, at: int) -> tuple[bytes, int]:
    length, at = _varint(content, at + 1)
    return content[at : at + length], at + length


def test_the_graph_is_never_run_where_keras_describes_the_layers(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes(b"")
    found = us.open_model(folder).run(IMAGE).probabilities()
    np.testing.assert_allclose(found, np.load(SAMPLE / "expected.npy"), atol=1e-6)


# ---------------------------------------------------------------------- refusals


def refused(path: Path) -> str:
    """What is said of a folder, the same with and without Keras: two sentences at most."""
    with pytest.raises(ModelError) as caught:
        read_network(path)
    with pytest.raises(ModelError) as by_keras:
        load(path)
    assert str(by_keras.value) == str(caught.value)
    assert path.name in caught.value.what
    assert caught.value.hint
    assert len(str(caught.value)) < 300
    return str(caught.value)


def test_an_exported_graph_is_refused_with_what_to_do(tmp_path: Path) -> None:
    module = tf.Module()
    module.kernel = tf.Variable(1.0)
    module.run = tf.function(
        lambda x: x * module.kernel, input_signature=[tf.TensorSpec([None, 8, 8, 1])]
    )
    tf.saved_model.save(module, str(tmp_path / "exported"))
    said = refused(tmp_path / "exported")
    assert "without Keras's description" in said
    assert ".keras" in said


def test_a_folder_that_is_no_saved_model(tmp_path: Path) -> None:
    assert "no SavedModel" in refused(tmp_path)


def test_a_folder_without_its_variables(folder: Path) -> None:
    shutil.rmtree(folder / "variables")
    assert "without its variables" in refused(folder)


def test_a_layer_with_code_is_named_and_refused(tmp_path: Path) -> None:
    layers = {"layer-0": {"class_name": "Lambda", "config": {"name": "trick"}}}
    assert "trick (Lambda)" in refused(write(tmp_path / "made", layers, Object()))


def test_a_subclassed_model_is_refused_by_its_class(tmp_path: Path) -> None:
    folder = write(tmp_path / "made", {}, Object())
    write_metadata(folder, {"root": json.dumps({"class_name": "MyUNet", "config": {}})})
    assert "MyUNet" in refused(folder)


@pytest.mark.parametrize("linked", ["keras_metadata.pb", "variables/variables.index", "variables"])
def test_a_link_out_of_the_folder_is_not_followed(folder: Path, linked: str) -> None:
    outside = folder.parent / "outside"
    (folder / linked).rename(outside)
    (folder / linked).symlink_to(outside)
    assert "points to a file outside" in refused(folder)


@pytest.mark.parametrize(
    "name",
    [
        "keras_metadata.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_truncated_file_is_damage(folder: Path, name: str, share: float) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * share)])
    said = refused(folder)
    assert "damaged" in said or (name == "keras_metadata.pb" and "description" in said)


def test_a_description_without_end_is_not_read(folder: Path) -> None:
    with (folder / "keras_metadata.pb").open("r+b") as file:
        file.truncate(1 << 30)  # takes no room on the disk
    assert "too long" in refused(folder)


def test_a_flipped_bit_in_a_weight_is_damage(folder: Path) -> None:
    path = folder / "variables" / "variables.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    assert "damaged" in refused(folder)


Make = Callable[[], Any]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Object(kernel=variable(3, 3, 1, 2)), "does not hold the bias of layer only"),
        (
            lambda: Object(kernel=variable(5, 5, 1, 2), bias=variable(2)),
            "should have shape (3, 3, 1, 2), but (5, 5, 1, 2) is stored",
        ),
        (
            lambda: Object(kernel=variable(3, 3, 1, 2), bias=tf.Variable([np.nan, 0.0])),
            "not finite",
        ),
        (
            lambda: Object(kernel=variable(3, 3, 1, 2), bias=tf.Variable([1j, 2j])),
            "no real numbers",
        ),
    ],
    ids=["missing", "shape", "nan", "complex"],
)
def test_weights_that_do_not_fit_are_named(tmp_path: Path, make: Make, said: str) -> None:
    folder = write(tmp_path / "made", {"layer-0": conv("only")}, Object(layer_0=make()))
    assert said in refused(folder)


def test_a_layer_without_an_object_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "made", {"layer-0": conv("only")}, Object())
    assert "weights of layer only" in refused(folder)


# ------------------------------------------------------------------- fingerprint


def test_the_fingerprint_follows_every_file_that_matters(folder: Path) -> None:
    before = fingerprint_of(folder)
    assert before == fingerprint_of(SAMPLE)
    (folder / "notes.txt").write_text("mine")
    assert fingerprint_of(folder) == before
    seen = {before}
    for name in ("keras_metadata.pb", "variables/variables.data-00000-of-00001"):
        with (folder / name).open("ab") as file:
            file.write(b"x")
        seen.add(fingerprint_of(folder))
    assert len(seen) == 3
