"""The few tensor operations that the live recompute is made of, each run at once.

No function is traced: TensorFlow's kernels are called one by one, so that a new edit waits for no
compiler and every intermediate result can be kept. What tracing would give, bias and activation
within the convolution, the fused kernel gives here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.eager import context, execute

from unetscope.engine.winograd import Tiled

Tensor = Any
Array = NDArray[np.float32]

_FLOAT = tf.float32.as_datatype_enum
_FUSED: dict[tuple[str, ...], bool] = {}  # which fusions this build of TensorFlow has


@dataclass(frozen=True, slots=True)
class Window:
    """How a convolution moves over its input.

    Attributes
    ----------
    strides, dilations : tuple of int
        One for each spatial axis.
    same : bool
        Whether the input is padded so that the output keeps its size (Keras's ``same``).
    transposed : bool
        Whether it is a transposed convolution: it spreads instead of gathering.
    before : tuple of int or None
        Zeros before the first row and column where they are not those of ``same``: of a transposed
        convolution that stands for an upsampling and a convolution.
    """

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    same: bool
    transposed: bool = False
    before: tuple[int, ...] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it moves by one position and skips none."""
        return not self.transposed and set(self.strides) | set(self.dilations) == {1}

    @property
    def is_centred(self) -> bool:
        """Whether zeros are added as ``same`` says, and no position is skipped."""
        return self.same and self.before is None and set(self.dilations) == {1}

    @property
    def padding(self) -> str:
        """As TensorFlow calls it."""
        return "SAME" if self.same else "VALID"


@lru_cache
def zeros(length: int) -> Tensor:
    """A bias of nothing."""
    return tf.zeros(length)


def convolved(
    x: Tensor,
    kernel: Tensor | Tiled,
    window: Window,
    bias: Tensor,
    add: Tensor = None,
    relu: bool = False,
) -> Tensor:
    """Convolve, add a bias and perhaps another tensor, and perhaps cut off what is below 0.

    Parameters
    ----------
    x : (N, H, W, C) tensor
        Or with one or three spatial axes.
    kernel : (kh, kw, C, filters) tensor
        ``(kh, kw, filters, C)`` for a transposed convolution; or a `Tiled`, made for this window.
    bias : (filters,) tensor
    add : (N, H', W', filters) tensor, optional
    relu : bool
    """
    if isinstance(kernel, Tiled):
        bias = zeros(kernel.filters) if bias is None else bias
        return kernel.convolved(x, bias, add, same=window.same, relu=relu)
    if window.transposed:
        return finished(_spread(x, kernel, window), bias, add, relu)
    if len(window.strides) == 2:
        names = ("BiasAdd", *(("Add",) if add is not None else ()), *(("Relu",) if relu else ()))
        if _FUSED.get(names) is not False:
            try:
                result = _fused(x, kernel, window, [bias, *([] if add is None else [add])], names)
            except (tf.errors.OpError, TypeError):
                if _FUSED.get(names):
                    raise
                _FUSED[names] = False
            else:
                _FUSED[names] = True
                return result
    y = tf.nn.convolution(x, kernel, window.strides, window.padding, dilations=window.dilations)
    return finished(y, bias, add, relu)


def finished(y: Tensor, bias: Tensor, add: Tensor = None, relu: bool = False) -> Tensor:
    """Add a bias and perhaps another tensor, and perhaps cut off what is below 0."""
    if bias is not None:
        y = tf.raw_ops.AddV2(x=y, y=bias)
    if add is not None:
        y = tf.raw_ops.AddV2(x=y, y=add)
    return tf.raw_ops.Relu(features=y) if relu else y


def _fused(
    x: Tensor, kernel: Tensor, window: Window, args: list[Tensor], names: Sequence[str]
) -> Tensor:
    """TensorFlow's own fused convolution, which its graph compiler uses and no public name has."""
    ctx = context.context()
    ctx.ensure_initialized()
    attributes: tuple[Any, ...] = (
        *("T", _FLOAT, "num_args", len(args), "num_host_args", 0, "TArgs", [_FLOAT] * len(args)),
        *("strides", [1, *window.strides, 1], "padding", window.padding, "explicit_paddings", []),
        *("data_format", "NHWC", "filter_format", "HWIO", "dilations", [1, *window.dilations, 1]),
        *("use_cudnn_on_gpu", True, "fused_ops", list(names)),
        *("epsilon", 0.0, "leakyrelu_alpha", 0.2),
    )
    return execute.execute(b"_FusedConv2D", 1, [x, kernel, *args], attributes, ctx)[0]


def _spread(x: Tensor, kernel: Tensor, window: Window) -> Tensor:
    rank = len(window.strides)
    sizes = [int(n) for n in x.shape[1:-1]]
    lengths = [int(n) for n in kernel.shape[:rank]]
    grid = [
        n * stride + (0 if window.same else max(length - stride, 0))
        for n, stride, length in zip(sizes, window.strides, lengths, strict=True)
    ]
    shape = [int(x.shape[0]), *grid, int(kernel.shape[rank])]
    if window.before is None:
        return tf.nn.conv_transpose(x, kernel, shape, window.strides, window.padding)
    paddings = [[0, 0]]
    for n, stride, length, first, total in zip(
        sizes, window.strides, lengths, window.before, grid, strict=True
    ):
        paddings.append([first, (n - 1) * stride + length - total - first])
    return tf.nn.conv2d_transpose(x, kernel, shape, window.strides, [*paddings, [0, 0]])


def scaled(x: Tensor, scale: Array, shift: Array) -> Tensor:
    """Multiply and shift each feature map, in one go where it has rows and columns."""
    if len(x.shape) != 4:
        return x * tf.constant(scale) + tf.constant(shift)
    plain = (zeros(scale.size), tf.ones(scale.size))
    return tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=tf.constant(scale),
        offset=tf.constant(shift),
        mean=plain[0],
        variance=plain[1],
        epsilon=0.0,
        is_training=False,
    )[0]


def repeated(x: Tensor, times: tuple[int, ...]) -> Tensor:
    """Repeat rows and columns of (N, H, W, C)."""
    count, rows, columns, maps = x.shape
    down, right = times
    spread = tf.reshape(x, (count, rows, 1, columns, 1, maps))
    spread = tf.broadcast_to(spread, (count, rows, down, columns, right, maps))
    return tf.reshape(spread, (count, rows * down, columns * right, maps))


def thin(x: Array, kernel: Array, window: Window) -> Array:
    """Convolve for a few filters: a matrix product over channels, then shifted sums.

    Several times faster than TensorFlow's convolution, which has no good way for so few.

    Parameters
    ----------
    x : (1, H, W, C) ndarray
    kernel : (kh, kw, C, filters) ndarray
    window : Window
        Plain: one position at a time, none skipped.
    """
    rows, columns, channels = x.shape[1:]
    high, wide, _, filters = kernel.shape
    taps = np.ascontiguousarray(kernel.transpose(0, 1, 3, 2)).reshape(-1, channels)
    made = (taps @ x.reshape(-1, channels).T).reshape(high, wide, filters, rows, columns)
    if high == wide == 1:
        total = made[0, 0]
    else:
        total = np.zeros((filters, rows + high - 1, columns + wide - 1), np.float32)
        for i in range(high):
            for j in range(wide):
                down, right = high - 1 - i, wide - 1 - j
                total[:, down : down + rows, right : right + columns] += made[i, j]
        first, last = (high // 2, high // 2 + rows) if window.same else (high - 1, rows)
        begin, end = (wide // 2, wide // 2 + columns) if window.same else (wide - 1, columns)
        total = total[:, first:last, begin:end]
    return np.ascontiguousarray(total.transpose(1, 2, 0))[np.newaxis]
