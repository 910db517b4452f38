"""The bytes of a Keras model file, read without Keras and within limits."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.kernels import Weights
from unetscope.domain.model_config import NESTED

MAX_CONFIG = 32 << 20
MAX_ARRAY = 2 << 30
MAX_FILE = 8 << 30
MAX_MEMBERS = 2000
_UNSTORED = 1 << 20

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
    weights : h5py.Group
        Where the layers' weights are.
    legacy : bool
        Whether it is an ``.h5`` file, with weights under the layers' names.
    """

    config: Any
    weights: Any
    legacy: bool


def fingerprint_of(path: Path) -> str:
    """``sha256:`` and the hash of the file's bytes."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


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
            f"{name} is a folder.", "Load it with Keras and save it as a .keras file."
        ) from None
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise ModelError(f"{name} {reason}.", "Choose a .keras or .h5 file.") from error
    if size > MAX_FILE:
        raise ModelError(f"{name} is bigger than {MAX_FILE >> 30} GB.", "Choose a smaller model.")
    if start[:2] == b"PK":
        with _opened_archive(path) as stored:
            yield stored
    elif start == b"\x89HDF\r\n\x1a\n":
        with _opened_hdf5(path, name) as file:
            yield StoredModel(_legacy_config(file, name), _group(file, "model_weights", name), True)
    elif path.suffix.lower() == ".keras" and size:
        raise ModelError(f"{name} is damaged: it is no .keras archive.", _COPY_AGAIN)
    else:
        raise ModelError(f"{name} is not a Keras model.", "Choose a .keras or .h5 file.")


@contextmanager
def _opened_archive(path: Path) -> Iterator[StoredModel]:
    name = path.name
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            if _CONFIG not in members or len(members) > MAX_MEMBERS:
                raise ModelError(f"{name} is an archive, but holds no model.", "Choose another.")
            if _WEIGHTS not in members:
                raise ModelError(f"{name} holds a model without its weights.", _SAVE_AGAIN)
            config = _json(_member(archive, members[_CONFIG], MAX_CONFIG, name), name)
            weights = _member(archive, members[_WEIGHTS], MAX_FILE, name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError) as error:
        raise ModelError(f"{name} is damaged or cut short.", _COPY_AGAIN) from error
    with _opened_hdf5(io.BytesIO(weights), name) as file:
        yield StoredModel(config, file, False)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int, name: str) -> bytes:
    inflated = info.file_size > (64 << 20) and info.file_size > 100 * max(info.compress_size, 1)
    if info.file_size > limit or inflated:
        raise ModelError(f"{name} claims an impossible size for its {info.filename}.", _COPY_AGAIN)
    with archive.open(info) as member:
        return member.read()


@contextmanager
def _opened_hdf5(source: Path | io.BytesIO, name: str) -> Iterator[Any]:
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


def _group(parent: Any, path: str, name: str) -> Any:
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


def _array(dataset: Any, name: str) -> NDArray[np.float32]:
    """Read one array as read-only float32."""
    if not isinstance(dataset, h5py.Dataset):
        raise ModelError(f"{name} holds a group where an array should be.", _SAVE_AGAIN)
    size = dataset.size * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if size > MAX_ARRAY or dataset.external or dataset.is_virtual:
        raise ModelError(f"{name} holds an array that is too big or in another file.", _SAVE_AGAIN)
    if size > _UNSTORED and size > 1000 * stored:
        raise ModelError(f"{name} claims weights that it does not hold.", _COPY_AGAIN)
    if dataset.dtype.kind not in "fiu":
        raise ModelError(f"{name} holds weights that are no real numbers.", _SAVE_AGAIN)
    array: NDArray[np.float32] = np.asarray(dataset[()], np.float32)
    if not np.isfinite(array).all():
        raise ModelError(f"{name} holds weights that are not finite numbers.", _SAVE_AGAIN)
    array.flags.writeable = False
    return array


def stored_weights(
    stored: StoredModel, layers: Sequence[tuple[str, str, Sequence[Any]]], name: str
) -> dict[str, Weights]:
    """Read the weights of each layer, in the order the file keeps them.

    Parameters
    ----------
    stored : StoredModel
        The open file.
    layers : sequence of (name, kind, inner layers)
        The layers in the model's order; the inner ones of nested models in the same form.
    name : str
        The file's name, for errors.
    """
    if stored.legacy:
        return {layer: _legacy_weights(stored.weights, layer, name) for layer, _, _ in layers}
    return _archived(stored.weights, layers, name)


def _legacy_weights(weights: Any, layer: str, name: str) -> Weights:
    if layer not in weights:
        return ()
    group = _group(weights, layer, name)
    names = [n.decode() if isinstance(n, bytes) else str(n) for n in _listed(group, "weight_names")]
    return tuple(_array(_group(group, n, name), name) for n in names)


def _listed(group: Any, key: str) -> list[Any]:
    """A list among the attributes, which Keras splits when it is long."""
    if key in group.attrs:
        return list(group.attrs[key])
    found: list[Any] = []
    while f"{key}{len(found)}" in group.attrs:
        found.append(group.attrs[f"{key}{len(found)}"])
    return [item for part in found for item in part]


def _archived(
    parent: Any, layers: Sequence[tuple[str, str, Sequence[Any]]], name: str
) -> dict[str, Weights]:
    """Keras 3 names the groups after the class and a count, not after the layer."""
    seen: dict[str, int] = {}
    found: dict[str, Weights] = {}
    for layer, kind, inner in layers:
        base = _snake_case(kind)
        count = seen.get(base, -1) + 1
        seen[base] = count
        path = f"layers/{base}" + (f"_{count}" if count else "")
        if path not in parent:
            found[layer] = ()
            continue
        group = _group(parent, path, name)
        if kind in NESTED:
            nested = _archived(group, inner, name)
            found[layer] = tuple(array for arrays in nested.values() for array in arrays)
        else:
            found[layer] = _numbered(group, name)
    return found


def _numbered(group: Any, name: str) -> Weights:
    if "vars" not in group:
        return ()
    variables = _group(group, "vars", name)
    return tuple(_array(_group(variables, str(i), name), name) for i in range(len(variables)))


def _snake_case(kind: str) -> str:
    """Spell a class name as Keras names its weight groups: ``conv2d_transpose``."""
    name = re.sub(r"\W+", "", kind)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
