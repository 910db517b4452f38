"""A small U-Net as a model file of each kind, to be spoiled: zip, HDF5 and JSON alone."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from unetscope.modelfile.checkpoint import table_of as entries_of
from unetscope.modelfile.crc32c import crc32c

Config = dict[str, Any]
Arrays = dict[str, list[NDArray[Any]]]

SAVED_MODEL = Path(__file__).parents[1] / "engine" / "data" / "keras2_savedmodel"


def entry(kind: str, name: str, *sources: str, **attributes: Any) -> Config:
    """One layer in the words of Keras 3, with the short form of what it reads."""
    return {
        "module": "keras.layers",
        "class_name": kind,
        "registered_name": None,
        "name": name,
        "config": {"name": name, **attributes},
        "inbound_nodes": [[[source, 0, 0, {}] for source in sources]] if sources else [],
    }


def conv(name: str, source: str, filters: int, window: int = 3, **more: Any) -> Config:
    """A convolution that keeps the size."""
    size = {"filters": filters, "kernel_size": [window, window], "padding": "same"}
    return entry("Conv2D", name, source, **size, **more)


def unet() -> Config:
    """Two levels, a skip connection, three classes."""
    layers = [
        entry("InputLayer", "image", batch_shape=[None, 32, 32, 1]),
        conv("down", "image", 4, activation="relu"),
        entry("MaxPooling2D", "pool", "down", pool_size=[2, 2]),
        conv("middle", "pool", 6, activation="relu"),
        entry("BatchNormalization", "norm", "middle", axis=-1),
        entry("UpSampling2D", "up", "norm", size=[2, 2]),
        entry("Concatenate", "join", "up", "down", axis=-1),
        conv("head", "join", 3, 1, activation="softmax"),
    ]
    return functional(layers, "image", "head")


def functional(layers: list[Config], first: str, last: str) -> Config:
    """A functional model of these layers."""
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "registered_name": None,
        "config": {
            "name": "spoiled",
            "trainable": True,
            "layers": layers,
            "input_layers": [[first, 0, 0]],
            "output_layers": [[last, 0, 0]],
        },
    }


def layer_of(config: Config, name: str) -> Config:
    """The entry of a layer."""
    found: Config = next(each for each in config["config"]["layers"] if each["name"] == name)
    return found


def weights() -> Arrays:
    """Weights for `unet`, by layer."""
    rng = np.random.default_rng(0)

    def some(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    return {
        "down": [some(3, 3, 1, 4), some(4)],
        "middle": [some(3, 3, 4, 6), some(6)],
        "norm": [some(6), some(6), some(6), np.abs(some(6)) + 0.5],
        "head": [some(1, 1, 10, 3), some(3)],
    }


PLACES = {"down": "conv2d", "middle": "conv2d_1", "norm": "batch_normalization", "head": "conv2d_2"}


# ------------------------------------------------------------------ .keras


def stored(
    arrays: Mapping[str, Any] | None = None, change: Callable[[Any], object] | None = None
) -> bytes:
    """The HDF5 member of an archive."""
    arrays = weights() if arrays is None else arrays
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for name, place in PLACES.items():
            for i, array in enumerate(arrays.get(name, ())):
                file[f"layers/{place}/vars/{i}"] = array
        if change is not None:
            change(file)
    return stream.getvalue()


def members(config: Config | bytes | None = None, hdf5: bytes | None = None) -> dict[str, bytes]:
    """What a ``.keras`` archive holds, by name."""
    config = unet() if config is None else config
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    about = json.dumps({"keras_version": "3.15.1", "date_saved": "2026-11-20@10:00:00"})
    return {
        "metadata.json": about.encode(),
        "config.json": text,
        "model.weights.h5": stored() if hdf5 is None else hdf5,
    }


def archive(
    path: Path, content: Mapping[str, bytes] | None = None, *, method: int = zipfile.ZIP_STORED
) -> Path:
    """A ``.keras`` file."""
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data in (members() if content is None else content).items():
            made.writestr(name, data)
    return path


# --------------------------------------------------------------------- .h5


def h5(
    path: Path,
    config: Config | str | None = None,
    change: Callable[[Any], object] | None = None,
    arrays: Arrays | None = None,
) -> Path:
    """An ``.h5`` file as ``model.save`` of Keras 2 writes it."""
    config = unet() if config is None else config
    with h5py.File(path, "w") as file:
        text = config if isinstance(config, str) else json.dumps(config)
        file.attrs["model_config"] = text
        file.attrs["backend"], file.attrs["keras_version"] = "tensorflow", "3.15.1"
        top = file.create_group("model_weights")
        arrays = weights() if arrays is None else arrays
        top.attrs["layer_names"] = [name.encode() for name in arrays]
        for name, held in arrays.items():
            names = [f"{name}/w_{i}:0" for i in range(len(held))]
            group = top.create_group(name)
            group.attrs["weight_names"] = [each.encode() for each in names]
            for each, array in zip(names, held, strict=True):
                group[each] = array
        if change is not None:
            change(file)
    return path


# -------------------------------------------------------------- SavedModel


def saved_model(folder: Path) -> Path:
    """A copy of a true SavedModel folder of Keras 2."""
    return Path(shutil.copytree(SAVED_MODEL, folder / "saved"))


def message(number: int, content: bytes | int) -> bytes:
    """One field of a protocol buffers message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """A number in as many bytes as it takes."""
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


def variables(folder: Path) -> dict[str, bytes]:
    """The entries of a folder's checkpoint by key."""
    return dict(entries_of((folder / "variables" / "variables.index").read_bytes()))


def write_variables(folder: Path, entries: Mapping[str, bytes]) -> Path:
    """Write the index of a checkpoint anew, with checksums that are right."""
    block = b"".join(
        varint(0) + varint(len(key)) + varint(len(value)) + key.encode() + value
        for key, value in sorted(entries.items())
    )
    content, first = _block(block, 0)
    handle = b"\0" + varint(1) + varint(len(first)) + b"z" + first
    index, second = _block(handle, len(content))
    footer = (varint(0) + varint(0) + second).ljust(40, b"\0")
    magic = (0xDB4775248B80FB57).to_bytes(8, "little")
    path = folder / "variables" / "variables.index"
    path.write_bytes(content + index + footer + magic)
    return folder


def masked(content: bytes) -> int:
    """The checksum of some bytes as TensorFlow writes it."""
    plain = crc32c(content)
    return ((plain >> 15 | plain << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _block(entries: bytes, offset: int) -> tuple[bytes, bytes]:
    """A block of a table, and the handle that says where it is."""
    block = entries + bytes(4) + (1).to_bytes(4, "little")
    tail = b"\0" + masked(block + b"\0").to_bytes(4, "little")
    return block + tail, varint(offset) + varint(len(block))
