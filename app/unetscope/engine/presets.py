"""Architectures to start from, built with Keras, and their first weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from unetscope.domain.model_config import parse
from unetscope.domain.preset_layers import description_of, encoder_description
from unetscope.domain.presets import NewModel
from unetscope.engine.building import build


def unet_encoder(
    image_shape: tuple[int, int, int] = (200, 200, 1),
    kernel_initializer: str = "glorot_uniform",
    bias_initializer: str = "zeros",
) -> Any:
    """Build a U-Net's encoder: five levels of two ReLU convolutions, each level half as fine.

    Parameters
    ----------
    image_shape : (int, int, int)
        Rows, columns and channels of the image.
    kernel_initializer, bias_initializer : str
        Keras's names of what the weights start with.

    Returns
    -------
    model : keras.Model
        With 5,384,832 parameters for one channel; an odd grid loses its last row and column when
        it is pooled (25 becomes 12).
    """
    described = encoder_description(
        image_shape, kernel_initializer=kernel_initializer, bias_initializer=bias_initializer
    )
    return build(parse(described, "the encoder"))


def built(new: NewModel) -> Any:
    """Build a preset as it was chosen, with first weights drawn by its seed."""
    model = build(parse(description_of(new), new.preset))
    _draw_weights(model, new.seed)
    return model


def _draw_weights(model: Any, seed: int) -> None:
    """Draw He-normal kernels, Glorot-uniform ones for the output of classes; biases stay 0.

    References
    ----------
    He et al. 2015, arXiv:1502.01852; Glorot and Bengio 2010, AISTATS 9:249.
    """
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if not isinstance(layer, layers.Conv2D):
            continue
        height, width, before, filters = shape = layer.kernel.shape
        fan_in, fan_out = height * width * before, height * width * filters
        if layer.activation in (keras.activations.sigmoid, keras.activations.softmax):
            limit = np.sqrt(6 / (fan_in + fan_out))
            values = rng.uniform(-limit, limit, shape)
        else:
            values = rng.normal(0, np.sqrt(2 / fan_in), shape)
        layer.kernel.assign(values.astype(np.float32))
