"""A Keras model file of one piece, ``.keras`` or ``.h5``: what it says, where its weights are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from unetscope.domain.errors import ModelError
from unetscope.modelfile.content import HDF5, MAX_FILE, Content
from unetscope.modelfile.hdf5 import group_at, opened_hdf5
from unetscope.modelfile.strict_json import MAX_LENGTH, read_json

MAX_MEMBERS = 200
_RATIO, _SMALL = 100, 64 << 20  # times that a member may inflate, if it is not small anyway

_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"
_ASSETS = "assets"
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
def opened(content: Content) -> Iterator[StoredModel]:
    """Open a model file by what it holds, whatever its name ends in.

    Raises
    ------
    ModelError
        It is damaged, no model, or holds what no model does.
    """
    name, start = content.name, content.whole[:8]
    if start[:2] == b"PK":
        with _opened_archive(content) as stored:
            yield stored
    elif start == HDF5:
        with opened_hdf5(content.whole, name) as file:
            version = _text(file, "keras_version") or "1"
            backend = _text(file, "backend") or "tensorflow"
            config = _legacy_config(file, name)
            yield StoredModel(
                config, lambda: group_at(file, "model_weights", name), True, version, backend
            )
    elif content.path.suffix.lower() == ".keras" and content.whole:
        raise ModelError(f"{name} is damaged: it is no .keras archive.", _COPY_AGAIN)
    else:
        raise ModelError(f"{name} is not a Keras model.", "Choose a .keras or .h5 file.")


@contextmanager
def _opened_archive(content: Content) -> Iterator[StoredModel]:
    name = content.name
    try:
        with zipfile.ZipFile(io.BytesIO(content.whole)) as archive, ExitStack() as still_open:
            members = _checked(archive.infolist(), name)
            config = described(_member(archive, members[_CONFIG]), name)

            def weights() -> Any:
                stream = _member(archive, members[_WEIGHTS])
                return still_open.enter_context(opened_hdf5(stream, name))

            yield StoredModel(config, weights, False)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError) as error:
        raise ModelError(f"{name} is damaged or cut short.", _COPY_AGAIN) from error
    except ValueError as error:  # what zipfile says of a member that lies before the file begins
        raise ModelError(f"{name} is damaged or cut short.", _COPY_AGAIN) from error


def _checked(listed: list[zipfile.ZipInfo], name: str) -> dict[str, zipfile.ZipInfo]:
    """The members by name: only those that Keras writes, each once, none made of nothing."""
    members = {info.filename: info for info in listed}
    if _CONFIG not in members:
        raise ModelError(f"{name} is an archive, but holds no model.", "Choose another.")
    if _WEIGHTS not in members:
        raise ModelError(f"{name} holds a model without its weights.", _SAVE_AGAIN)
    if len(listed) > MAX_MEMBERS:
        raise ModelError(f"{name} holds {len(listed):,} members.", "Is it a model?")
    if len(members) < len(listed):
        raise ModelError(f"{name} holds two members of the same name.", _COPY_AGAIN)
    for info in listed:
        if not _belongs(info):
            raise ModelError(
                f"{name} holds a member that no model has: {info.filename[:60]!r}.", _SAVE_AGAIN
            )
        inflated = info.file_size > _SMALL and info.file_size > _RATIO * max(info.compress_size, 1)
        limit = MAX_FILE if info.filename == _WEIGHTS else MAX_LENGTH
        if inflated or info.file_size > limit:
            raise ModelError(
                f"{name} claims an impossible size for its {info.filename}.", _COPY_AGAIN
            )
    return members


def _belongs(info: zipfile.ZipInfo) -> bool:
    """Whether a member is one that Keras writes; assets are let through, and never unpacked."""
    if info.filename in (_CONFIG, _WEIGHTS, _METADATA):
        return True
    parts = PurePosixPath(info.filename).parts
    is_link = (info.external_attr >> 16 & 0o170000) == 0o120000
    strange = ".." in parts or "\\" in info.filename or is_link
    return parts[:1] == (_ASSETS,) and not strange


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as member:
        return member.read()


def described(text: bytes | str, name: str) -> Any:
    """Read what a model says of its layers; ModelError when that is no such thing."""
    try:
        return read_json(text)
    except ValueError as error:
        raise ModelError(f"{name} is damaged: its description {error}.", _COPY_AGAIN) from error


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
    return described(text if isinstance(text, (bytes, str)) else b"", name)


def _text(file: Any, key: str) -> str | None:
    """An attribute of the file or of its weights, which say who wrote it."""
    for place in (file, file.get("model_weights", None)):
        value = None if place is None else place.attrs.get(key)
        if value is not None:
            return value.decode() if isinstance(value, bytes) else str(value)
    return None
