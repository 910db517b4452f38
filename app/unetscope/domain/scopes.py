"""How far a change reaches: one value, a kernel, a filter, an input channel, a layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.edits import (
    Edit,
    ScaleFilter,
    SetBias,
    SetFilter,
    SetInputChannel,
    SetKernel,
    SetLayerWeights,
)
from unetscope.domain.errors import EditError
from unetscope.domain.graph import Layer
from unetscope.domain.kernels import KernelLayout, Weights, layout_of

Values = NDArray[np.float32]


class Scope(Enum):
    """What a change applies to; the value is what people call it."""

    VALUE = "value"
    KERNEL = "kernel"
    FILTER = "filter"
    INPUT_CHANNEL = "input channel"
    LAYER = "layer"


@dataclass(frozen=True, slots=True)
class Target:
    """One kernel of one layer, and how far around it a change reaches."""

    layer: Layer
    in_channel: int
    filter: int
    scope: Scope

    @property
    def layout(self) -> KernelLayout:
        """How the layer's kernels are laid out; EditError when it holds none."""
        layout = layout_of(self.layer)
        if layout is None:
            raise EditError(f"Layer {self.layer.name} holds no kernels.", "Choose a convolution.")
        return layout

    @property
    def where(self) -> str:
        """What people call it, for menus and history."""
        name = self.layer.name
        by_scope = {
            Scope.FILTER: f"{name} · filter {self.filter}",
            Scope.INPUT_CHANNEL: f"{name} · input channel {self.in_channel}",
            Scope.LAYER: name,
        }
        return by_scope.get(self.scope, f"{name} · filter {self.filter} · input {self.in_channel}")

    @property
    def index(self) -> tuple[int | slice, ...]:
        """Where in the layer's first weight array the scope lies."""
        by_scope = {
            Scope.FILTER: (None, self.filter),
            Scope.INPUT_CHANNEL: (self.in_channel, None),
            Scope.LAYER: (None, None),
        }
        return self.layout.index(*by_scope.get(self.scope, (self.in_channel, self.filter)))

    def whole_kernels(self) -> Target:
        """The same target, a single value widened to its kernel."""
        return replace(self, scope=Scope.KERNEL) if self.scope is Scope.VALUE else self

    def edit(self, weights: Weights, values: Values) -> Edit:
        """The edit that puts ``values`` where the scope lies; VALUE and KERNEL take a kernel."""
        name = self.layer.name
        if self.scope is Scope.FILTER:
            return SetFilter(name, self.filter, values)
        if self.scope is Scope.INPUT_CHANNEL:
            return SetInputChannel(name, self.in_channel, values)
        if self.scope is Scope.LAYER:
            return SetLayerWeights(name, (values, *weights[1:]))
        return SetKernel(name, self.in_channel, self.filter, values)


def set_value(target: Target, weights: Weights, cell: tuple[int, ...], value: float) -> Edit:
    """Set one value, and move all else in the scope by as much."""
    index = target.layout.index(target.in_channel, target.filter)
    with np.errstate(over="ignore"):  # to infinity, which the edit refuses
        if target.scope is Scope.VALUE:  # a drag of one value copies one kernel
            kernel = np.array(weights[0][index])
            kernel[cell] = value
            return target.edit(weights, kernel)
        kernels = np.array(weights[0])
        kernel = kernels[index]
        kernels[target.index] += np.float32(value - float(kernel[cell]))
        kernel[cell] = value
    return target.edit(weights, kernels[target.index])


def each_kernel(target: Target, weights: Weights, change: Callable[[Values], Values]) -> Edit:
    """Change every kernel of the scope by a function of a stack of kernels ``(kh, kw, n)``.

    Raises
    ------
    EditError
        The function gave kernels of another shape.
    """
    target = target.whole_kernels()
    old = weights[0][target.index]
    window = target.layout.window
    new = change(old.reshape((*window, -1)))
    if new.shape[:-1] != window:
        raise EditError(
            f"A kernel of {target.layer.name} has shape {window}, but found {new.shape[:-1]}.",
            "Only square kernels can be turned by 90 degrees.",
        )
    return target.edit(weights, new.reshape(old.shape).astype(np.float32))


def scale(target: Target, weights: Weights, gain: float) -> Edit:
    """Multiply every value in the scope by a gain; a filter and a layer with their biases."""
    target = target.whole_kernels()
    layout = target.layout
    if target.scope is Scope.FILTER:
        return ScaleFilter(target.layer.name, target.filter, gain)
    if target.scope is Scope.LAYER and layout.bias is not None and not layout.separable:
        with np.errstate(over="ignore"):
            bias = weights[layout.bias] * np.float32(gain)
        weights = (*weights[: layout.bias], bias, *weights[layout.bias + 1 :])
    with np.errstate(over="ignore"):  # to infinity, which the edit refuses
        return target.edit(weights, weights[0][target.index] * np.float32(gain))


def revert(target: Target, weights: Weights, trained: Weights) -> tuple[Edit, ...]:
    """The edits that bring the scope back to the trained values, a filter with its bias."""
    target = target.whole_kernels()
    if target.scope is Scope.LAYER:
        return (SetLayerWeights(target.layer.name, trained),)
    edits = [target.edit(weights, trained[0][target.index])]
    if (bias := _own_bias(target)) is not None:
        value = float(trained[bias][target.filter])
        edits.append(SetBias(target.layer.name, target.filter, value))
    return tuple(edits)


def is_trained(target: Target, weights: Weights, trained: Weights) -> bool:
    """Whether all that the scope covers has the trained values."""
    if target.scope is Scope.LAYER:
        return all(np.array_equal(a, b) for a, b in zip(weights, trained, strict=True))
    same = np.array_equal(weights[0][target.index], trained[0][target.index])
    if same and (bias := _own_bias(target)) is not None:
        same = bool(weights[bias][target.filter] == trained[bias][target.filter])
    return same


def covers(target: Target, edit: Edit) -> bool:
    """Whether an edit changes nothing outside the scope."""
    if edit.layer != target.layer.name:
        return False
    if target.scope is Scope.LAYER:
        return True
    same_input = getattr(edit, "in_channel", None) == target.in_channel
    same_filter = getattr(edit, "filter", None) == target.filter
    if isinstance(edit, SetBias):
        return same_filter and _own_bias(target) is not None
    if target.scope is Scope.FILTER:
        return same_filter
    if target.scope is Scope.INPUT_CHANNEL:
        return same_input
    return same_input and same_filter


def _own_bias(target: Target) -> int | None:
    """Position of the bias that belongs to the scope: a filter's, where each filter has one."""
    layout = target.layout
    shared = layout.depthwise or layout.separable
    return layout.bias if target.scope is Scope.FILTER and not shared else None
