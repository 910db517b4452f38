"""Open model files with Keras: read and checked without it, then built and given their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from unetscope.domain.errors import ModelError
from unetscope.domain.fingerprint import fingerprint_of
from unetscope.engine.building import build
from unetscope.engine.introspect import anatomy_of, set_weights
from unetscope.modelfile.reading import ReadModel, read_model

__all__ = ["fingerprint_of", "load", "model_of"]


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
        Keras cannot build it, or its weights do not fit.
    """
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
