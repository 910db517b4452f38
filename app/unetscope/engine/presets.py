"""Architectures to start from."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

# (filters, window) of each convolution, level by level.
_ENCODER = (
    ((64, 5), (64, 5)),
    ((96, 3), (96, 3)),
    ((128, 3), (128, 3)),
    ((256, 3), (256, 4)),
    ((512, 3), (512, 3)),
)


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
    image = keras.Input(image_shape, name="input_1")
    x = image
    for level, convolutions in enumerate(_ENCODER, start=1):
        for number, (filters, window) in enumerate(convolutions, start=1):
            x = layers.Conv2D(
                filters,
                (window, window),
                activation="relu",
                padding="same",
                kernel_initializer=kernel_initializer,
                bias_initializer=bias_initializer,
                name=f"conv{level}_{number}",
            )(x)
        if level < len(_ENCODER):
            x = layers.MaxPooling2D((2, 2), name=f"pool{level}")(x)
    return keras.Model(image, x, name="encoder")
