"""Open model files with Keras: checked before, repaired where that is cheap."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras

from unetscope.domain.errors import ModelError
from unetscope.domain.model_config import check, repaired

MAX_CONFIG = 32 << 20
_CONFIG = "config.json"
_COPY_AGAIN = "Copy it again from where it came from."


def fingerprint_of(path: Path) -> str:
    """``sha256:`` and the hash of the file's bytes."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def load(path: Path | str) -> Any:
    """Open a model without compiling it and without running code from the file.

    Parameters
    ----------
    path : Path
        A ``.keras``, ``.h5`` or ``.hdf5`` file, told apart by its content.

    Returns
    -------
    model : keras.Model
        Ready for inference.

    Raises
    ------
    ModelError
        The file is missing, damaged or no whole model, or holds layers that are not known.
    """
    path = Path(path)
    name = path.name
    if path.is_dir():
        raise ModelError(
            f"{name} is a folder; SavedModel folders cannot be opened yet.",
            "Load it with Keras and save it as a .keras file.",
        )
    try:
        config = _config(path)
    except (zipfile.BadZipFile, EOFError, OSError, KeyError, ValueError, RuntimeError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise ModelError(
            f"{name} does not exist." if missing else f"{name} is damaged or cut short.",
            "Choose a .keras or .h5 file." if missing else _COPY_AGAIN,
        ) from error
    fixed = repaired(config)
    check(fixed, name)
    with _as_keras_wants_it(path, config, fixed) as readable:
        try:
            return keras.models.load_model(readable, compile=False, safe_mode=True)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OSError) as error:
            raise ModelError(
                f"Keras {keras.__version__} cannot open {name}: {_first_line(error)}",
                "Save it again with the Keras it was trained with, as a .keras file.",
            ) from error


def _config(path: Path) -> Any:
    """Read the model's configuration, within limits."""
    with path.open("rb") as file:
        start = file.read(8)
    if start[:2] == b"PK":
        with zipfile.ZipFile(path) as archive:
            if _CONFIG not in archive.namelist():
                raise ModelError(
                    f"{path.name} is an archive, but holds no model.", "Choose another."
                )
            if archive.getinfo(_CONFIG).file_size > MAX_CONFIG:
                raise ModelError(f"{path.name} has a description too long to be a model's.")
            bad = archive.testzip()
            if bad:
                raise ModelError(f"{path.name} is damaged in its {bad}.", _COPY_AGAIN)
            return json.loads(archive.read(_CONFIG))
    if start != b"\x89HDF\r\n\x1a\n":
        damaged = path.suffix.lower() == ".keras"
        raise ModelError(
            f"{path.name} is {'damaged: it is no .keras archive' if damaged else 'not a model'}.",
            _COPY_AGAIN if damaged else "Choose a .keras or .h5 file.",
        )
    with h5py.File(path, "r") as file:
        text = file.attrs.get("model_config")
        if text is None:
            raise ModelError(
                f"{path.name} holds only weights, not the network they belong to.",
                "Load them into the model in Keras and save the whole: model.save('name.keras').",
            )
        return json.loads(text[:MAX_CONFIG])


@contextmanager
def _as_keras_wants_it(path: Path, config: Any, fixed: Any) -> Iterator[Path]:
    """Give the file itself, or a copy with the suffix and the words that Keras expects."""
    is_archive = zipfile.is_zipfile(path)
    suffixes = (".keras",) if is_archive else (".h5", ".hdf5")
    before = {key: value for key, value in config.items() if key != "compile_config"}
    if path.suffix in suffixes and before == fixed:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="unetscope-", ignore_cleanup_errors=True) as folder:
        copied = Path(folder) / f"model{suffixes[0]}"
        if is_archive:
            _copy_archive(path, copied, fixed)
        else:
            shutil.copyfile(path, copied)
            with h5py.File(copied, "r+") as file:
                file.attrs["model_config"] = json.dumps(fixed).encode()
        yield copied


def _copy_archive(path: Path, copied: Path, config: Any) -> None:
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copied, "w") as target:
        for info in source.infolist():
            if info.filename == _CONFIG:
                target.writestr(_CONFIG, json.dumps(config))
            elif info.filename in ("metadata.json", "model.weights.h5"):
                with source.open(info) as old, target.open(info.filename, "w") as new:
                    shutil.copyfileobj(old, new)


def _first_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    line = text.split(". ")[0][:160].rstrip(".")
    return f"{line or type(error).__name__}."
