"""Images into a network's inputs, and its tensors back into arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Layer, Shape
from unetscope.domain.ports import Floats

Images = ArrayLike | Mapping[str, ArrayLike]


def fitted(image: Images, inputs: Sequence[Layer]) -> list[Floats]:
    """Give an image for each input, as ``(1, H, W, C)`` float32.

    Raises
    ------
    ModelError
        One is missing or does not fit; the message names the shapes expected and found.
    """
    if isinstance(image, Mapping):
        images: Mapping[str, ArrayLike] = image
    elif len(inputs) == 1:
        images = {inputs[0].name: image}
    else:
        names = ", ".join(layer.name for layer in inputs)
        raise ModelError(
            f"The network has {len(inputs)} inputs, but found one image.",
            f"Give a mapping from {names} to images.",
        )
    for layer in inputs:
        if layer.name not in images:
            raise ModelError(f"There is no image for the input {layer.name}.", "Give one for each.")
    return [_fitted(images[layer.name], layer) for layer in inputs]


def without_batch(tensor: Any) -> Floats:
    """View a tensor of one image as a read-only float32 array without its batch axis."""
    array: Floats = np.asarray(tensor, np.float32)[0]
    if array.flags.writeable:
        array.flags.writeable = False
    return array


def _fitted(image: ArrayLike, layer: Layer) -> Floats:
    """Give the image as ``(1, H, W, C)`` float32, or say why it does not fit."""
    expected: Shape = layer.output_shape[1:]
    try:
        values = np.asarray(image, np.float32)
    except (TypeError, ValueError) as error:
        raise ModelError(
            "An image must be numbers in a regular array.", "Give one slice, preprocessed."
        ) from error
    if values.ndim == len(expected) - 1 and expected[-1] == 1:
        values = values[..., np.newaxis]
    fits = values.ndim == len(expected) and all(
        want is None or want == have for want, have in zip(expected, values.shape, strict=True)
    )
    if not fits:
        wanted = str(expected).replace("None", "any")
        raise ModelError(
            f"The network expects an image of shape {wanted}, but found {np.shape(image)}.",
            "Preprocess the slice for this network first.",
        )
    if not np.isfinite(values).all():
        raise ModelError(
            "The image holds values that are not finite numbers.",
            "Replace NaN and infinity first, as Preprocessing does.",
        )
    return np.array(values[np.newaxis])
