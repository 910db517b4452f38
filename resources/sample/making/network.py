"""The architecture: a plain 2-D U-Net whose layers have names for people."""

import keras
from keras import layers

FILTERS = (16, 32, 64, 128)


def block(x, filters: int, name: str):
    """Convolve, normalise and rectify, twice."""
    for k in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv{k}")(x)
        x = layers.BatchNormalization(momentum=0.97, name=f"{name}_bn{k}")(x)
        x = layers.Activation("relu", name=f"{name}_relu{k}")(x)
    return x


def build(size: int | None = 256) -> keras.Model:
    """Return the untrained network for slices of `size` by `size` pixels."""
    image = layers.Input((size, size, 1), name="image")
    x, skips = image, []
    for level, filters in enumerate(FILTERS[:-1], start=1):
        x = block(x, filters, f"enc{level}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"enc{level}_pool")(x)
    x = block(x, FILTERS[-1], "mid")
    for level in range(len(skips), 0, -1):
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"dec{level}_up")(x)
        x = layers.Concatenate(name=f"dec{level}_concat")([x, skips[level - 1]])
        x = block(x, FILTERS[level - 1], f"dec{level}")
    x = layers.Conv2D(4, 1, activation="softmax", name="head")(x)
    return keras.Model(image, x, name="brain_tissue_unet")
