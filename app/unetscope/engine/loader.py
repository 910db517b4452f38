"""Open model files with Keras: read and checked without it, then built and given their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from unetscope.domain.errors import ModelError
from unetscope.domain.fingerprint import fingerprint_of
from unetscope.domain.network import ModelRef
from unetscope.domain.stand_ins import fingerprint_with
from unetscope.engine.building import build
from unetscope.engine.introspect import anatomy_of, set_weights
from unetscope.engine.need import check_to_open
from unetscope.modelfile.content import content_of
from unetscope.modelfile.reading import ReadModel, read_content, read_model

__all__ = ["fingerprint_of", "load", "load_known", "model_of"]


def load(path: Path | str, architecture: Path | str | None = None) -> Any:
    """Open a model without compiling it and without running code from the file.

    Parameters
    ----------
    path : Path
        A ``.keras``, ``.h5`` or ``.hdf5`` file, told apart by its content, or a SavedModel folder.
    architecture : str or Path, optional
        For a file of weights alone: id of a preset, or a JSON file made by ``model.to_json()``.

    Returns
    -------
    model : keras.Model
        Ready for inference, in float32 and with channels last whatever the file says.

    Raises
    ------
    ModelError
        The file is missing, damaged or no whole model, or holds layers that are not known.
    """
    path = Path(path)
    return model_of(read_model(path, architecture), path.name)


def load_known(
    path: Path, architecture: Path | str | None = None, known: ModelRef | None = None
) -> tuple[Any, str, str]:
    """Open a model, and tell its fingerprint; where it is known, only that very model.

    Parameters
    ----------
    path, architecture
        As for `load`.
    known : ModelRef, optional
        The model that was let through before, with what was replaced in it. Bytes other than its
        are not looked at.

    Returns
    -------
    model : keras.Model
    fingerprint, stored : str
        Of the network, and of exactly the bytes that were read.

    Raises
    ------
    ModelError
        As for `load`, or the file is another one than the one known.
    """
    content = content_of(path)
    replaced = known.replaced if known is not None else ()
    fingerprint = fingerprint_with(content.fingerprint, replaced)
    if known is not None and fingerprint != known.fingerprint:
        raise ModelError(f"{path.name} has changed since it was opened.", "Open it again.")
    model = model_of(read_content(content, architecture, replaced), path.name)
    return model, fingerprint, content.fingerprint


def model_of(read: ReadModel, file: str) -> Any:
    """Build a model that was read and give it its weights.

    Parameters
    ----------
    read : ReadModel
        What the file holds.
    file : str
        The file's name, for errors.

    Raises
    ------
    ModelError
        Keras cannot build it, its weights do not fit, or there is too little memory.
    """
    check_to_open(list(read.weights.values()), file)
    try:
        model = build(read.model)
    except Exception as error:  # whatever Keras makes of a stranger's description
        raise ModelError(
            f"Keras {keras.__version__} cannot open {file}: {_first_line(error)}",
            "Save it again with the Keras it was trained with, as a .keras file.",
        ) from error
    set_weights(anatomy_of(model, file), read.weights, file)
    return model


def _first_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    line = text.split(". ")[0][:160].rstrip(".")
    return f"{line or type(error).__name__}."
