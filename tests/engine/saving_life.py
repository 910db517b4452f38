"""What goes on in a process that is killed: two edited networks saved by turns to one file."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np

from unetscope.engine.introspect import anatomy_of, read_weights
from unetscope.engine.saving import save_copy

VALUES = (1.0, 2.0)


def save_keras(seed: int, folder: Path) -> None:
    """Save all weights as ones and as twos by turns, endlessly; say so in ``folder/said``."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((16, 16, 1))
    x = keras.layers.Conv2D(32, 3, name="first")(image)
    model = keras.Model(image, keras.layers.Conv2D(32, 3, name="second")(x))
    layers = anatomy_of(model, "model").layers
    said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        for value in VALUES:
            weights = {
                name: tuple(np.full_like(array, value) for array in read_weights(layer))
                for name, layer in layers.items()
            }
            save_copy(model, weights, None, folder / "file.keras")
            os.write(said, b"saved\n")
