"""A node's value: a whole tensor, or a tensor known before of which a few maps are other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Tensor = Any
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A value that differs from another one in a few feature maps.

    Attributes
    ----------
    base : (1, H, W, C) tensor
        The other value.
    channels : tuple of int
        Which maps differ, in ascending order.
    maps : (1, H, W, len(channels)) ndarray
        What they are now.
    """

    base: Tensor
    channels: tuple[int, ...]
    maps: Array

    def change(self) -> Array:
        """How much the maps differ from what they were."""
        return self.maps - taken(self.base, self.channels)


Value = Any  # a Patch, a tensor, or a tuple of tensors where a layer gives several


def taken(tensor: Tensor, channels: tuple[int, ...]) -> Array:
    """Copy some maps of a tensor."""
    array: Array = np.asarray(tensor)
    if len(channels) == 1:
        return array[..., channels[0] : channels[0] + 1].copy()
    return array.take(channels, -1)


def patched(array: Array, channels: tuple[int, ...], maps: Array) -> Array:
    """Copy an array with some maps replaced."""
    result = array.copy()
    if len(channels) == 1:
        result[..., channels[0]] = maps[..., 0]
    elif channels:
        result[..., list(channels)] = maps
    return result


def some_maps(value: Value, channels: tuple[int, ...]) -> Array:
    """Some maps of a value."""
    if not isinstance(value, Patch):
        return taken(value, channels)
    maps = taken(value.base, channels)
    for at, channel in enumerate(value.channels):
        maps[..., channels.index(channel)] = value.maps[..., at]
    return maps


def whole_array(value: Value) -> Array:
    """A value as an array."""
    if isinstance(value, Patch):
        return patched(np.asarray(value.base), value.channels, value.maps)
    return np.asarray(value)


def whole_tensor(value: Value) -> Tensor:
    """A value as one tensor."""
    return tf.constant(whole_array(value)) if isinstance(value, Patch) else value


def bytes_of(value: Value) -> int:
    """Memory that keeping a value costs, without the base that is kept anyway."""
    if isinstance(value, Patch):
        return value.maps.nbytes
    parts = value if isinstance(value, tuple) else (value,)
    return sum(np.asarray(part).nbytes for part in parts)
