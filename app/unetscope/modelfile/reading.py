"""Read a model file of any age into one form: its calls and its weights, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unetscope.domain.channels_first import with_channels_last
from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Shape
from unetscope.domain.kernels import Weights
from unetscope.domain.layer_shapes import shapes_of
from unetscope.domain.layer_weights import check_weights
from unetscope.domain.model_config import ModelConfig, parse
from unetscope.domain.nested import flattened
from unetscope.domain.stand_ins import Replacements
from unetscope.modelfile.archive import opened
from unetscope.modelfile.content import Content, content_of
from unetscope.modelfile.saved_model import read_folder
from unetscope.modelfile.weights import weights_under_kinds, weights_under_names
from unetscope.modelfile.weights_only import is_weights_only, read_weights


@dataclass(frozen=True, slots=True, eq=False)
class ReadModel:
    """A model as a file holds it, in the words of today and with channels last.

    Attributes
    ----------
    model : ModelConfig
        With its nested models.
    flat : ModelConfig
        The same with the layers of nested models in their places, as ``outer/inner``.
    shapes : mapping of str to shape
        The output shape of every call of ``flat``.
    weights : mapping of str to tuple of ndarray
        Read-only float32 arrays in Keras order, by the layers of ``flat``; checked to be finite
        and of the shapes that the layers state.
    """

    model: ModelConfig
    flat: ModelConfig
    shapes: Mapping[str, Shape]
    weights: Mapping[str, Weights]


def read_model(path: Path, architecture: Path | str | None = None) -> ReadModel:
    """Read a model file or SavedModel folder; see `read_content`, and `content_of` for errors."""
    return read_content(content_of(path), architecture)


def read_content(
    content: Content, architecture: Path | str | None = None, replaced: Replacements = ()
) -> ReadModel:
    """Read a ``.keras``, ``.h5`` or ``.hdf5`` file, told apart by what it holds, or a folder.

    Parameters
    ----------
    content : Content
        Of the file, or of a SavedModel folder.
    architecture : str or Path, optional
        For a file of weights alone: id of a preset, or a JSON file made by ``model.to_json()``.
    replaced : tuple of Replacement
        What stands in for layers that are not known.

    Raises
    ------
    ModelError
        It is damaged, no whole model, or holds layers that are not known.
    """
    stated, named = _stated(content, architecture, replaced)
    return checked(stated, named, content.name)


def _stated(
    content: Content, architecture: Path | str | None, replaced: Replacements
) -> tuple[ModelConfig, Mapping[str, Weights]]:
    """A model as its file states it, and its weights as the file orders their axes."""
    name = content.name
    if content.is_folder and architecture is None:
        return read_folder(content, replaced)
    if architecture is not None or is_weights_only(content):
        return read_weights(content, architecture, replaced)
    with opened(content) as stored:
        model = parse(stored.config, name, replaced)
        weights = stored.weights()
        if stored.legacy:
            written = (stored.version, stored.backend)
            return model, weights_under_names(weights, model, name, *written)
        return model, weights_under_kinds(weights, model, name)


def checked(stated: ModelConfig, weights: Mapping[str, Weights], file: str) -> ReadModel:
    """Put a model and the weights stored for it together.

    Parameters
    ----------
    stated : ModelConfig
        As the file states it, with channels first or last.
    weights : mapping of str to tuple of ndarray
        By layer, ``outer/inner`` in nested models, as the file holds them.
    file : str
        The file's name, for errors.

    Raises
    ------
    ModelError
        They do not fit together, or a layer lacks what it needs.
    """
    try:
        model = with_channels_last(stated, file)
        flat = flattened(model)
        shapes = shapes_of(flat)
        axes = {call.layer: call.weight_axes for call in flat.calls}
        turned = {
            layer: tuple(_turned(array, axes[layer]) for array in arrays)
            for layer, arrays in weights.items()
            if arrays and layer in axes
        }
        check_weights(flat, turned, shapes, file)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ModelError(
            f"{file} does not describe its network the way Keras does.",
            "Save the model again with model.save('name.keras').",
        ) from error
    return ReadModel(model, flat, shapes, turned)


def _turned(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    if not axes or array.ndim != len(axes):
        return array
    turned = np.ascontiguousarray(array.transpose(axes))
    turned.flags.writeable = False
    return turned
