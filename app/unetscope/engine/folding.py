"""The kernels of a unit as they are run: normalisation folded in, split by term, composed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from math import inf, prod
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from unetscope.domain.kernels import Weights
from unetscope.engine.ops import Window, zeros
from unetscope.engine.program import Term, Unit
from unetscope.engine.rates import measured
from unetscope.engine.winograd import Tiled

Tensor = Any
Array = NDArray[np.float32]
Filters = tuple[int, ...]


class Folded:
    """One unit's weights.

    A batch normalisation at inference multiplies each channel and adds to it; both go into the
    kernel and the bias, so that it costs nothing.

    Parameters
    ----------
    unit : Unit
    shape : tuple of int
        Of the convolution's kernel, as Keras lays it out.
    weights_of : callable
        Gives the convolution's weights in Keras order, all of them for None, or some filters.
    norm : tuple of ndarray
        Scale and shift of the normalisation, each (filters,); empty where there is none.
    room : callable, optional
        Asked, in bytes, before a kernel is transformed to be run in tiles; without it none is:
        weights that change at every event of a drag are not worth it.
    """

    def __init__(
        self,
        unit: Unit,
        shape: tuple[int, ...],
        weights_of: Callable[[Filters | None], Weights],
        norm: tuple[Array, ...] = (),
        room: Callable[[int], bool] | None = None,
    ) -> None:
        self._unit = unit
        self._lengths = shape[:-2]
        self._weights_of = weights_of
        self._norm = norm
        self._few: tuple[Filters, Weights] = ((), ())
        self._tensors: dict[object, Tensor] = {}
        self._room = room
        self._tiled: dict[Term, Tiled | None] = {}
        self.filters: int = shape[-2 if unit.window.transposed else -1]

    @cached_property
    def _all(self) -> Weights:
        return self._weights_of(None)

    def _of(self, filters: Filters | None) -> Weights:
        if filters is None:
            return self._all
        if self._few[0] != filters:
            self._few = (filters, self._weights_of(filters))
        return self._few[1]

    def bias_of(self, filters: Filters | None) -> Array:
        """The bias of some filters, or of all, with the normalisation's shift."""
        kernel, *rest = self._of(filters)
        count = kernel.shape[-2 if self._unit.window.transposed else -1]
        bias = rest[0] if rest else np.zeros(count, np.float32)
        if not self._norm:
            return bias
        scale, shift = (one if filters is None else one[list(filters)] for one in self._norm)
        return bias * scale + shift

    @cached_property
    def bias(self) -> Array:
        """(filters,) ndarray."""
        return self.bias_of(None)

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
            self._tensors[term] = tf.constant(np.ascontiguousarray(self._run(term)))
        return self._tensors[term]

    def _run(self, term: Term) -> Array:
        part = self.part(term)
        return part if term.upsampled is None else composed(part, term.upsampled)

    def fastest(self, term: Term, positions: int) -> Tensor | Tiled:
        """The kernel of a term, in the form that is fastest for so many positions of input."""
        if not self._is_tiled(term, positions):
            return self.whole(term)
        if term not in self._tiled:
            spread = self.window(term).transposed
            size = Tiled.size_of(*self._ends(term), spread=spread)
            fits = self._room is not None and self._room(size)
            self._tiled[term] = Tiled(self._run(term), spread=spread) if fits else None
        return self._tiled[term] or self.whole(term)

    def seconds(self, term: Term, positions: int) -> float:
        """What a term costs for so many positions of input, by this machine's rates."""
        if self._is_tiled(term, positions):
            return self._in_tiles(term, positions)
        return self._direct(term, positions)

    def _is_tiled(self, term: Term, positions: int) -> bool:
        if self._room is None or self._tiled.get(term, self) is None:
            return False
        return self._in_tiles(term, positions) < self._direct(term, positions)

    def _in_tiles(self, term: Term, positions: int) -> float:
        window, (high, *rest) = self.window(term), self.shape(term)[:-2]
        spread = window.transposed
        plain = window.is_plain or (spread and window.strides == (2, 2) and window.is_centred)
        if not plain or rest != [high]:
            return inf
        return measured().in_tiles(positions, high, *self._ends(term), spread=spread)

    def _direct(self, term: Term, positions: int) -> float:
        window = self.window(term)
        strides = prod(window.strides)
        written = positions * strides if window.transposed else positions / strides
        rates, work = measured(), float(positions * prod(self.shape(term)))
        if window.transposed:
            work *= rates.dense / rates.spreading
        return rates.convolution(work, 4 * self.filters * written)

    def _ends(self, term: Term) -> tuple[int, int]:
        """Channels that a term reads, and filters."""
        return term.channels.stop - term.channels.start, self.filters

    def shape(self, term: Term) -> tuple[int, ...]:
        """Shape of a term's kernel as it is run, without making it."""
        lengths = self._lengths
        if term.upsampled is not None:
            pairs = zip(lengths, term.upsampled, strict=True)
            lengths = tuple(n + times - 1 for n, times in pairs)
        return (*lengths, term.channels.stop - term.channels.start, self.filters)

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
        filters: Filters | None = None,
    ) -> Array:
        """Slice the kernel by a term's maps and by filters; a copy in Keras's layout."""
        transposed = self._unit.window.transposed
        kernel = self._of(filters)[0]
        if channels is None:
            chosen: Any = term.channels
        else:
            chosen = [term.channels.start + channel for channel in channels]
        kernel = kernel[..., chosen] if transposed else kernel[..., chosen, :]
        if not self._norm:
            return kernel
        scale = self._norm[0] if filters is None else self._norm[0][list(filters)]
        return kernel * (scale[:, np.newaxis] if transposed else scale)

    def window(self, term: Term) -> Window:
        """How the kernel of a term moves."""
        if term.upsampled is None:
            return self._unit.window
        lengths = self._lengths
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
