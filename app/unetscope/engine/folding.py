"""The kernels of a unit as they are run: normalisation folded in, split by term, composed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from unetscope.domain.kernels import Weights
from unetscope.engine.ops import Window, zeros
from unetscope.engine.program import Term, Unit

Tensor = Any
Array = NDArray[np.float32]


class Folded:
    """One unit's weights.

    A batch normalisation at inference multiplies each channel and adds to it; both go into the
    kernel and the bias, so that it costs nothing.

    Parameters
    ----------
    unit : Unit
    weights : tuple of ndarray
        Of the convolution, in Keras order: kernel and perhaps bias.
    norm : tuple of ndarray
        Scale and shift of the normalisation, each (filters,); empty where there is none.
    """

    def __init__(self, unit: Unit, weights: Weights, norm: tuple[Array, ...] = ()) -> None:
        self._unit = unit
        self._raw = weights[0]
        self.filters: int = self._raw.shape[-2 if unit.window.transposed else -1]
        bias = weights[1] if len(weights) > 1 else np.zeros(self.filters, np.float32)
        self._scale = norm[0] if norm else None
        self.bias: Array = bias * norm[0] + norm[1] if norm else bias
        self._tensors: dict[object, Tensor] = {}

    @cached_property
    def bias_tensor(self) -> Tensor:
        """(filters,) tensor."""
        return tf.constant(self.bias)

    @property
    def no_bias(self) -> Tensor:
        """(filters,) zeros."""
        return zeros(self.filters)

    def whole(self, term: Term) -> Tensor:
        """The kernel of a term, as `convolved` takes it with `window`."""
        if term not in self._tensors:
            part = self.part(term)
            kernel = part if term.upsampled is None else composed(part, term.upsampled)
            self._tensors[term] = tf.constant(np.ascontiguousarray(kernel))
        return self._tensors[term]

    def reading(self, term: Term, channels: Sequence[int]) -> Tensor:
        """The kernel of a term for some of its maps only."""
        key = (term, tuple(channels))
        if key not in self._tensors:
            if len(self._tensors) > 64:
                self._tensors = {k: t for k, t in self._tensors.items() if isinstance(k, Term)}
            part = self.part(term, channels=channels)
            kernel = part if term.upsampled is None else composed(part, term.upsampled)
            self._tensors[key] = tf.constant(np.ascontiguousarray(kernel))
        return self._tensors[key]

    def part(
        self,
        term: Term,
        *,
        channels: Sequence[int] | None = None,
        filters: Sequence[int] | None = None,
    ) -> Array:
        """Slice the kernel by a term's maps and by filters; a copy in Keras's layout."""
        transposed = self._unit.window.transposed
        by_axis = [slice(None)] * (self._raw.ndim - 2)
        kernel = (
            self._raw[(*by_axis, slice(None), term.channels)]
            if transposed
            else (self._raw[(*by_axis, term.channels, slice(None))])
        )
        in_axis, out_axis = (-1, -2) if transposed else (-2, -1)
        if channels is not None:
            kernel = kernel.take(list(channels), in_axis)
        scale = self._scale
        if filters is not None:
            kernel = kernel.take(list(filters), out_axis)
            scale = None if scale is None else scale[list(filters)]
        if scale is None:
            return kernel
        return kernel * (scale[:, np.newaxis] if transposed else scale)

    def window(self, term: Term) -> Window:
        """How the kernel of a term moves."""
        if term.upsampled is None:
            return self._unit.window
        lengths = self._raw.shape[:-2]
        before = tuple(length - 1 - (length - 1) // 2 for length in lengths)
        even = any(length % 2 == 0 for length in lengths)
        return Window(term.upsampled, (1,) * len(lengths), True, True, before if even else None)

    @property
    def size(self) -> int:
        """Bytes of the tensors made so far."""
        return sum(int(np.prod(tensor.shape)) * 4 for tensor in self._tensors.values())


def composed(kernel: Array, times: tuple[int, ...]) -> Array:
    """The transposed kernel that repeats rows and columns and then convolves.

    Parameters
    ----------
    kernel : (kh, kw, C, filters) ndarray
        Of a plain convolution with ``same`` padding.
    times : (int, int)
        How often rows and columns are repeated before it.

    Returns
    -------
    kernel : (kh + times - 1, kw + times - 1, filters, C) ndarray
        Of a transposed convolution with ``times`` as its strides: where the convolution reads one
        value several times, its weights are added up once.
    """
    high, wide, channels, filters = kernel.shape
    down, right = times
    result = np.zeros((high + down - 1, wide + right - 1, filters, channels), np.float32)
    for i in range(high):
        for j in range(wide):
            turned = kernel[i, j].T
            for r in range(down):
                for c in range(right):
                    result[r + high - 1 - i, c + wide - 1 - j] += turned
    return result


def norm_of(layer: Any, weights: Weights) -> tuple[Array, Array]:
    """Scale and shift that a batch normalisation applies at inference.

    Parameters
    ----------
    layer : keras BatchNormalization
    weights : tuple of ndarray
        Its weights in Keras order: gamma and beta where it has them, mean, variance.
    """
    left = list(weights)
    gamma = left.pop(0) if layer.scale else np.float32(1)
    beta = left.pop(0) if layer.center else np.float32(0)
    mean, variance = (array.astype(np.float64) for array in left)
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return scale.astype(np.float32), (beta - mean * scale).astype(np.float32)
