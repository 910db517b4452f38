"""The bytes of a Keras model file, read without Keras and within limits."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError

MAX_CONFIG = 32 << 20
MAX_ARRAY = 2 << 30
MAX_FILE = 8 << 30
MAX_MEMBERS = 2000
_UNSTORED = 1 << 20
HDF5 = b"\x89HDF\r\n\x1a\n"

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_SAVE_AGAIN = "Save the model again with model.save('name.keras')."
_COPY_AGAIN = "Copy it again from where it came from."


@dataclass(frozen=True, slots=True)
class StoredModel:
    """An open model file: what it says of its layers, and where their weights are.

    Attributes
    ----------
    config : object
        The model's configuration, as JSON gave it.
    weights : callable
        Opens the HDF5 group where the layers' weights are.
    legacy : bool
        Whether it is an ``.h5`` file, with weights under the layers' names.
    version, backend : str
        The Keras that wrote it and what it ran on; the oldest did not say.
    """

    config: Any
    weights: Callable[[], Any]
    legacy: bool
    version: str = "3"
    backend: str = "tensorflow"


@contextmanager
def opened(path: Path) -> Iterator[StoredModel]:
    """Open a model file by its content, whatever its name ends in.

    Raises
    ------
    ModelError
        It is missing, damaged, too big, or no model.
    """
    name = path.name
    try:
        with path.open("rb") as file:
            start = file.read(8)
        size = path.stat().st_size
    except IsADirectoryError:
        raise ModelError(
            f"{name} is a folder.", "Choose a .keras or .h5 file, or a SavedModel folder."
        ) from None
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise ModelError(f"{name} {reason}.", "Choose a .keras or .h5 file.") from error
    if size > MAX_FILE:
        raise ModelError(f"{name} is bigger than {MAX_FILE >> 30} GB.", "Choose a smaller model.")
    if start[:2] == b"PK":
        with _opened_archive(path) as stored:
            yield stored
    elif start == HDF5:
        with opened_hdf5(path, name) as file:
            version = _text(file, "keras_version") or "1"
            backend = _text(file, "backend") or "tensorflow"
            config = _legacy_config(file, name)
            yield StoredModel(
                config, lambda: group_at(file, "model_weights", name), True, version, backend
            )
    elif path.suffix.lower() == ".keras" and size:
        raise ModelError(f"{name} is damaged: it is no .keras archive.", _COPY_AGAIN)
    else:
        raise ModelError(f"{name} is not a Keras model.", "Choose a .keras or .h5 file.")


@contextmanager
def _opened_archive(path: Path) -> Iterator[StoredModel]:
    name = path.name
    try:
        with zipfile.ZipFile(path) as archive, ExitStack() as still_open:
            listed = archive.infolist()
            members = {info.filename: info for info in listed}
            if _CONFIG not in members or len(listed) > MAX_MEMBERS:
                raise ModelError(f"{name} is an archive, but holds no model.", "Choose another.")
            if len(members) < len(listed):
                raise ModelError(f"{name} holds two members of the same name.", _COPY_AGAIN)
            if _WEIGHTS not in members:
                raise ModelError(f"{name} holds a model without its weights.", _SAVE_AGAIN)
            config = _json(_member(archive, members[_CONFIG], MAX_CONFIG, name), name)

            def weights() -> Any:
                stream = io.BytesIO(_member(archive, members[_WEIGHTS], MAX_FILE, name))
                return still_open.enter_context(opened_hdf5(stream, name))

            yield StoredModel(config, weights, False)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError) as error:
        raise ModelError(f"{name} is damaged or cut short.", _COPY_AGAIN) from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int, name: str) -> bytes:
    inflated = info.file_size > (64 << 20) and info.file_size > 100 * max(info.compress_size, 1)
    if info.file_size > limit or inflated:
        raise ModelError(f"{name} claims an impossible size for its {info.filename}.", _COPY_AGAIN)
    with archive.open(info) as member:
        return member.read()


@contextmanager
def opened_hdf5(source: Path | io.BytesIO, name: str) -> Iterator[Any]:
    """Open an HDF5 file; whatever goes wrong while it is read is told as damage."""
    try:
        file = h5py.File(source, "r")
    except (OSError, RuntimeError) as error:
        raise ModelError(f"{name} is damaged or cut short.", _COPY_AGAIN) from error
    try:
        with file:
            yield file
    except ModelError:
        raise
    except (OSError, RuntimeError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise ModelError(f"{name} is damaged: its weights cannot be read.", _COPY_AGAIN) from error


def _legacy_config(file: Any, name: str) -> Any:
    text = file.attrs.get("model_config")
    if text is None:
        weights_only = (
            "layer_names" in file.attrs or "layers" in file or "_layer_checkpoint" in file
        )
        if weights_only:
            raise ModelError(
                f"{name} holds only weights, not the network they belong to.",
                "Load them into the model in Keras and save the whole: model.save('name.keras').",
            )
        raise ModelError(f"{name} is not a Keras model.", "Choose a .keras or .h5 file.")
    return _json(text if isinstance(text, (bytes, str)) else b"", name)


def _json(text: bytes | str, name: str) -> Any:
    if len(text) > MAX_CONFIG:
        raise ModelError(f"{name} has a description too long to be a model's.", _COPY_AGAIN)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{name} is damaged: its description is no JSON.", _COPY_AGAIN) from error


def group_at(parent: Any, path: str, name: str) -> Any:
    """Open a group or dataset without ever following a link out of the file."""
    node = parent
    for part in path.split("/"):
        link = node.get(part, getlink=True)
        if link is None:
            raise ModelError(f"{name} lacks the weights of {path}.", _SAVE_AGAIN)
        if not isinstance(link, h5py.HardLink):
            raise ModelError(f"{name} points to other files for its weights.", _SAVE_AGAIN)
        node = node[part]
    return node


def array_of(dataset: Any, layer: str, name: str) -> NDArray[np.float32]:
    """Read one array of a layer as read-only float32."""
    if not isinstance(dataset, h5py.Dataset):
        raise ModelError(f"{name} holds a group in place of a weight of {layer}.", _SAVE_AGAIN)
    size = dataset.size * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if size > MAX_ARRAY or dataset.external or dataset.is_virtual:
        raise ModelError(
            f"{name} holds a weight of {layer} that is too big or in another file.", _SAVE_AGAIN
        )
    if size > _UNSTORED and size > 1000 * stored:
        raise ModelError(f"{name} claims weights of {layer} that it does not hold.", _COPY_AGAIN)
    values = dataset[()]
    if dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2:  # bfloat16: half a float32
        values = (np.asarray(values).view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    elif dataset.dtype.kind not in "fiu":
        raise ModelError(f"{name} holds weights of {layer} that are no real numbers.", _SAVE_AGAIN)
    array: NDArray[np.float32] = np.asarray(values, np.float32)
    if not np.isfinite(array).all():
        raise ModelError(
            f"{name} holds weights of {layer} that are not finite numbers.",
            "The training went wrong: take an earlier state of it.",
        )
    array.flags.writeable = False
    return array


def _text(file: Any, key: str) -> str | None:
    """An attribute of the file or of its weights, which say who wrote it."""
    for place in (file, file.get("model_weights", None)):
        value = None if place is None else place.attrs.get(key)
        if value is not None:
            return value.decode() if isinstance(value, bytes) else str(value)
    return None
