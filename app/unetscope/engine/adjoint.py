"""Back through one convolution: for the whole of a grid, or for the part where a gradient is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from unetscope.engine.ops import Window
from unetscope.engine.region import Rect
from unetscope.engine.values import Tensor


class Part(NamedTuple):
    """A gradient on the part of a grid outside which it is 0.

    Attributes
    ----------
    values : (N, rows, columns, C) tensor
    rect : Rect or None
        Where they lie; None: they are the whole, whatever its axes.
    """

    values: Tensor
    rect: Rect | None

    def spread(self, shape: Sequence[int]) -> Tensor:
        """The whole of it, for a value of this shape."""
        if self.rect is None:
            return self.values
        return fitted(self.values, self.rect, Rect(0, 0, int(shape[1]), int(shape[2])))

    def plus(self, other: Part, shape: Sequence[int]) -> Part:
        """The sum of two gradients of one value of this shape."""
        if self.rect == other.rect:
            return Part(self.values + other.values, self.rect)
        if self.rect is None or other.rect is None:
            return Part(self.spread(shape) + other.spread(shape), None)
        both = self.rect.union(other.rect)
        one = fitted(self.values, self.rect, both)
        return Part(one + fitted(other.values, other.rect, both), both)

    def of(self, value: Tensor) -> Tensor:
        """The part of a node's value that belongs to it."""
        if self.rect is None:
            return value
        array = np.asarray(value)[:, *_slices(self.rect, Rect(0, 0, 0, 0))]
        return tf.constant(np.ascontiguousarray(array))

    def within(self, shape: Sequence[int]) -> Part | None:
        """What of it lies on the grid of a value; None where nothing does."""
        if self.rect is None:
            return self
        grid = int(shape[1]), int(shape[2])
        inside = self.rect.within(grid)
        if not inside.area:
            return None
        return Part(
            fitted(self.values, self.rect, inside), None if inside == (0, 0, *grid) else inside
        )


def shrunk(values: Any) -> Part:
    """A gradient ``(N, rows, columns, C)`` without the rows and columns around it that are 0."""
    array = np.asarray(values)
    if array.ndim != 4:
        return Part(tf.convert_to_tensor(values), None)
    rows, columns = (np.flatnonzero(array.any(axis=axes)) for axes in ((0, 2, 3), (0, 1, 3)))
    if not rows.size:
        return Part(tf.constant(array[:, :1, :1]), Rect(0, 0, 1, 1))
    rect = Rect(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    if rect.area == array.shape[1] * array.shape[2]:
        return Part(tf.convert_to_tensor(values), None)
    part = array[:, rect.top : rect.bottom, rect.left : rect.right]
    return Part(tf.constant(np.ascontiguousarray(part)), rect)


def adjoint(gradient: Part, kernel: Tensor, window: Window, shape: Any) -> Part | None:
    """The gradient with respect to a convolution's input of this shape; None: it is 0."""
    if gradient.rect is None:
        return Part(_of_whole(gradient.values, kernel, window, shape), None)
    if window.transposed:
        return _of_spread(gradient, kernel, window, shape)
    return _of_gathered(gradient, kernel, window, shape)


def _of_gathered(gradient: Part, kernel: Tensor, window: Window, shape: Any) -> Part | None:
    """Back through a convolution that gathers: every position is spread over its window."""
    rect = gradient.rect
    assert rect is not None
    sides = (
        (rect.top, rect.bottom, shape[1], kernel.shape[0]),
        (
            rect.left,
            rect.right,
            shape[2],
            kernel.shape[1],
        ),
    )
    starts, lengths = [], []
    for (first, last, size, window_size), stride, dilation in zip(
        sides, window.strides, window.dilations, strict=True
    ):
        reach = (int(window_size) - 1) * dilation + 1
        over = max((-(-int(size) // stride) - 1) * stride + reach - int(size), 0)
        starts.append(first * stride - (over // 2 if window.same else 0))
        lengths.append((last - first - 1) * stride + reach)
    values = tf.raw_ops.Conv2DBackpropInput(
        input_sizes=tf.constant([int(shape[0]), *lengths, int(shape[3])]),
        filter=kernel,
        out_backprop=gradient.values,
        strides=[1, *window.strides, 1],
        padding="VALID",
        dilations=[1, *window.dilations, 1],
    )
    top, left = starts
    return Part(values, Rect(top, left, top + lengths[0], left + lengths[1])).within(shape)


def _of_spread(gradient: Part, kernel: Tensor, window: Window, shape: Any) -> Part | None:
    """Back through a convolution that spreads: every position gathers what it was spread over."""
    rect = gradient.rect
    assert rect is not None
    needs, held = [], []
    for axis, stride in enumerate(window.strides):
        length, size = int(kernel.shape[axis]), int(shape[axis + 1])
        first, last = rect[axis], rect[axis + 2]
        cut = max(length - stride, 0) // 2 if window.same else 0
        if window.before is not None:
            cut = window.before[axis]
        low = max(-((length - 1 - cut - first) // stride), 0)
        high = min((last - 1 + cut) // stride, size - 1)
        if high < low:
            return None  # it fell into a gap between two windows
        held.append((low, high + 1))
        needs.append((low * stride - cut, high * stride - cut + length))
    (top, bottom), (left, right) = needs
    given = fitted(gradient.values, rect, Rect(top, left, bottom, right))
    values = tf.nn.conv2d(given, kernel, window.strides, "VALID")
    (top, bottom), (left, right) = held
    return Part(values, Rect(top, left, bottom, right)).within(shape)


def fitted(values: Tensor, held: Rect, wanted: Rect) -> Tensor:
    """Values on another part of the grid: cut off, and 0 where they do not reach."""
    if held == wanted:
        return values
    array = np.asarray(values)
    inside = Rect(*map(max, held[:2], wanted[:2]), *map(min, held[2:], wanted[2:]))
    array = array[:, *_slices(inside, held)]
    if inside != wanted:
        size = (wanted.bottom - wanted.top, wanted.right - wanted.left)
        placed = np.zeros((array.shape[0], *size, array.shape[-1]), np.float32)
        placed[:, *_slices(inside, wanted)] = array
        array = placed
    return tf.constant(np.ascontiguousarray(array))


def _slices(part: Rect, of: Rect) -> tuple[slice, slice]:
    """Where a part lies in a larger one."""
    return (
        slice(part.top - of.top, part.bottom - of.top),
        slice(part.left - of.left, part.right - of.left),
    )


def _of_whole(gradient: Tensor, kernel: Tensor, window: Window, shape: Any) -> Tensor:
    rank = len(window.strides)
    if not window.transposed:
        strides = [1, *window.strides, 1]
        if rank == 2:
            return tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.constant(shape.as_list()),
                filter=kernel,
                out_backprop=gradient,
                strides=strides,
                padding=window.padding,
                dilations=[1, *window.dilations, 1],
            )
        x = tf.zeros(shape)
        with tf.GradientTape() as tape:
            tape.watch(x)
            made = tf.nn.convolution(
                x, kernel, window.strides, window.padding, dilations=window.dilations
            )
        return tape.gradient(made, x, gradient)
    padding: Any = window.padding
    if window.before is not None:
        padding = [[0, 0], *_paddings(gradient, kernel, window, shape), [0, 0]]
    convolve = tf.nn.conv2d if rank == 2 else tf.nn.convolution
    return convolve(gradient, kernel, window.strides, padding)


def _paddings(gradient: Tensor, kernel: Tensor, window: Window, shape: Any) -> list[list[int]]:
    assert window.before is not None
    found = []
    for axis, (stride, first) in enumerate(zip(window.strides, window.before, strict=True)):
        length, total = int(kernel.shape[axis]), int(gradient.shape[axis + 1])
        found.append([first, (int(shape[axis + 1]) - 1) * stride + length - total - first])
    return found
