"""What one position of a layer's output reads of its input, along one axis, layer by layer.

Positions are pixel numbers: the centre of pixel 0 is at 0. All of it is arithmetic on shapes and
settings; nothing is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.graph import Layer
from unetscope.domain.known_layers import AUGMENTING, BROADCAST, ELEMENTWISE

Pixels = NDArray[np.int64]
Length = int | None

_SAME = (
    {"InputLayer", "Identity", "Activation", "ActivityRegularization", "ReLU", "LeakyReLU", "PReLU"}
    | {"ELU", "BatchNormalization", "Normalization", "Rescaling", "Dropout", "AlphaDropout"}
    | {"GaussianDropout", "GaussianNoise", "SpatialDropout1D", "SpatialDropout2D", "Dense"}
    | {"SpatialDropout3D", "Subtract", "Multiply", "Average", "Add", "Masking"}
    | ELEMENTWISE["numpy"]
    | ELEMENTWISE["nn"]
    | ELEMENTWISE["core"]
    | BROADCAST
    | AUGMENTING
)
_ALONG_AXES = frozenset(  # as they are where they work on the channels, else they mix positions
    {"Softmax", "LogSoftmax", "Concatenate", "LayerNormalization", "UnitNormalization"}
    | {"RMSNormalization"}
)
_MIXES = frozenset({"GroupNormalization", "Attention", "AdditiveAttention", "MultiHeadAttention"})
_WIDTHS = {"nearest": 1, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10}


class Step(Protocol):
    """One layer, along one axis."""

    def back(self, first: Pixels, last: Pixels) -> tuple[Pixels, Pixels]:
        """First and last input position read for outputs from `first` to `last`, borders aside."""
        ...

    def length(self, length: int) -> int:
        """How long the output is for an input of this length."""
        ...

    @property
    def place(self) -> tuple[float, float]:
        """``(a, b)``: output position i lies at input position ``a * i + b``."""
        ...

    @property
    def reach(self) -> int:
        """How many input positions one output position reads at most."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """A window that slides: convolution, pooling; also padding and cropping, which shift."""

    reach: int = 1
    stride: int = 1
    before: int = 0
    same: bool = False
    shortened: int = 0

    def back(self, first: Pixels, last: Pixels) -> tuple[Pixels, Pixels]:
        """See `Step.back`."""
        start = -self.before
        return first * self.stride + start, last * self.stride + (start + self.reach - 1)

    def length(self, length: int) -> int:
        """See `Step.length`."""
        if self.same:
            return -(-length // self.stride)
        return (length - self.shortened - self.reach) // self.stride + 1

    @property
    def place(self) -> tuple[float, float]:
        """See `Step.place`."""
        return float(self.stride), (self.reach - 1) / 2 - self.before


@dataclass(frozen=True, slots=True)
class Spread:
    """A transposed convolution: every input position is spread over a window of the output."""

    window: int
    stride: int
    cut: int  # outputs before the first one that is kept
    given: int = 0  # length of the output, where it is known

    def back(self, first: Pixels, last: Pixels) -> tuple[Pixels, Pixels]:
        """See `Step.back`."""
        low = -((self.window - 1 - self.cut - first) // self.stride)
        high = (last + self.cut) // self.stride
        return np.minimum(low, high), high  # a window narrower than the stride leaves gaps

    def length(self, length: int) -> int:
        """See `Step.length`."""
        return self.given or length * self.stride

    @property
    def place(self) -> tuple[float, float]:
        """See `Step.place`."""
        return 1 / self.stride, (self.cut - (self.window - 1) / 2) / self.stride

    @property
    def reach(self) -> int:
        """See `Step.reach`."""
        return -(-self.window // self.stride)


@dataclass(frozen=True, slots=True)
class Resampled:
    """Upsampling and resizing: each output position reads those that are nearest."""

    ratio: float  # input positions per output position
    width: int  # how many are read between
    given: int = 0

    def back(self, first: Pixels, last: Pixels) -> tuple[Pixels, Pixels]:
        """See `Step.back`."""
        if self.width == 1:
            low, high = ((at + 0.5) * self.ratio for at in (first, last))
            return np.floor(low).astype(np.int64), np.floor(high).astype(np.int64)
        low, high = ((at + 0.5) * self.ratio - 0.5 for at in (first, last))
        half = self.width // 2
        return (
            np.floor(low).astype(np.int64) - (half - 1),
            np.ceil(high).astype(np.int64) + (half - 1),
        )

    def length(self, length: int) -> int:
        """See `Step.length`."""
        return self.given or round(length / self.ratio)

    @property
    def place(self) -> tuple[float, float]:
        """See `Step.place`."""
        return self.ratio, (self.ratio - 1) / 2

    @property
    def reach(self) -> int:
        """See `Step.reach`."""
        return self.width


SAME = Window()


def reads_all(layer: Layer) -> bool:
    """Whether every position of the output reads every position of the input."""
    if layer.kind.startswith("Global") or layer.kind in _MIXES or layer.kind == "Flatten":
        return True
    if layer.kind == "Reshape":
        return all(length == 1 for length in layer.spatial)
    return layer.kind in _ALONG_AXES and layer.kind != "Concatenate" and not _on_channels(layer)


def step_of(layer: Layer, axis: int, length: Length, out: Length) -> Step | None:
    """How a layer goes along one axis of its grid; None where that is not known.

    Parameters
    ----------
    layer : Layer
    axis : int
        0 for rows, 1 for columns, and so on.
    length, out : int or None
        How long its input and its output are; None where nobody knows. A stride is then taken to
        go into the length without rest.
    """
    kind, config, rank = layer.kind, layer.config, len(layer.spatial)
    if kind in _SAME or (kind in _ALONG_AXES and _on_channels(layer)):
        return SAME
    if kind.startswith(("ZeroPadding", "Cropping")):
        sign = 1 if kind.startswith("Zero") else -1
        pads = config.get("padding" if sign == 1 else "cropping")
        before, after = _pair(pads, axis, rank)
        return Window(before=sign * before, shortened=-sign * (before + after))
    if kind == "CenterCrop":
        if length is None or out is None:
            return None
        return Window(before=-((length - out) // 2), shortened=length - out)
    if kind.startswith("UpSampling"):
        size = _each(config.get("size", 2), rank)[axis]
        return Resampled(1 / size, _WIDTHS.get(str(config.get("interpolation", "nearest")), 1))
    if kind == "Resizing":
        if length is None or out is None or config.get("crop_to_aspect_ratio"):
            return None
        width = _WIDTHS.get(str(config.get("interpolation", "bilinear")), 2)
        return Resampled(length / out, width, out)
    if kind.rstrip("123D").endswith(("Pooling", "Conv", "Transpose")) or "Conv" in kind:
        return _sliding(layer, axis, length, out)
    return None


def _sliding(layer: Layer, axis: int, length: Length, out: Length) -> Step | None:
    """Convolutions, transposed ones and pooling."""
    config, rank, pooling = layer.config, len(layer.spatial), "Pooling" in layer.kind
    windows = config.get("pool_size" if pooling else "kernel_size")
    if windows is None:
        return None
    window = _each(windows, rank)[axis]
    stride = _each(config.get("strides") or (windows if pooling else 1), rank)[axis]
    dilation = _each(config.get("dilation_rate", 1), rank)[axis]
    reach, padding = (window - 1) * dilation + 1, config.get("padding", "valid")
    if "Transpose" in layer.kind:
        whole = length * stride if length is not None and out is None else out
        over = max(reach - stride, 0)
        if whole is not None and length is not None:
            over = max((length - 1) * stride + reach - whole, 0)
        return Spread(reach, stride, over // 2 if padding == "same" else 0, whole or 0)
    if padding == "causal":
        return Window(reach, stride, reach - 1, same=True)
    if padding != "same":
        return Window(reach, stride)
    over = max(reach - stride, 0)
    if length is not None:
        over = max((-(-length // stride) - 1) * stride + reach - length, 0)
    return Window(reach, stride, over // 2, same=True)


def _on_channels(layer: Layer) -> bool:
    """Whether a layer that works along an axis works along the channels only."""
    given = layer.config.get("axis", -1)
    axes = list(given) if isinstance(given, Sequence) else [given]
    last = len(layer.output_shape) - 1
    return all(axis in (-1, last) for axis in axes)


def _each(value: Any, rank: int) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] * rank


def _pair(value: Any, axis: int, rank: int) -> tuple[int, int]:
    """How much is added or cut before and after along an axis."""
    is_one_pair = rank == 1 and isinstance(value, list | tuple) and isinstance(value[0], int)
    one = value if is_one_pair else _each(value, rank)[axis]
    before, after = one if isinstance(one, list | tuple) else (one, one)
    return int(before), int(after)
