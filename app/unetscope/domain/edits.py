"""Edits are data: each says where and what, over the trained network.

The weights in force are the trained ones with the edits applied in order, so undo, redo, replay and
"compare with trained" are exact to the bit and need neither Qt nor TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unetscope.domain.errors import EditError
from unetscope.domain.graph import Layer
from unetscope.domain.kernels import KernelLayout, Weights, layout_of


class Touched(NamedTuple):
    """The kernels that an edit can change; None stands for all of them.

    Attributes
    ----------
    in_channel, filter : int or None
        As in the edit.
    """

    in_channel: int | None
    filter: int | None


@dataclass(frozen=True, eq=False)
class Edit:
    """One change of one layer's weights. Subclasses say which part and to what."""

    layer: str
    noun: ClassVar[str] = "edit"
    changes_weights: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """A short name for menus and history: ``kernel on enc1_conv1 · filter 3``."""
        filter_index = getattr(self, "filter", None)
        where = "" if filter_index is None else f" · filter {filter_index}"
        return f"{self.noun} on {self.layer}{where}"

    @property
    def touched(self) -> Touched:
        """Which kernels of the layer it can change."""
        return Touched(getattr(self, "in_channel", None), getattr(self, "filter", None))

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """Give the layer's weights with this edit applied; the given arrays stay as they are.

        Raises
        ------
        EditError
            The edit does not fit the layer. Nothing has changed.
        """
        raise NotImplementedError

    def of_filter(self, index: int) -> Edit:
        """The same edit of another filter."""
        other: dict[str, Any] = {"filter": index}
        return replace(self, **other)

    def _parts(self) -> tuple[object, ...]:
        parts: list[object] = [type(self).__name__]
        for item in fields(self):
            value = getattr(self, item.name)
            for array in value if isinstance(value, tuple) else (value,):
                if isinstance(array, np.ndarray):
                    parts.append((array.shape, array.tobytes()))
                elif isinstance(array, float | np.floating):
                    parts.append(float(array).hex())  # 0 and -0 are two numbers
                else:
                    parts.append(array)
        return tuple(parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edit):
            return NotImplemented
        return self is other or self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())


@dataclass(frozen=True, eq=False)
class SetKernel(Edit):
    """Replace one kernel: ``values`` has the window's shape, ``(kh, kw)``, dimensionless."""

    in_channel: int
    filter: int
    values: ArrayLike
    noun: ClassVar[str] = "kernel"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _frozen(self.values))

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """See `Edit.apply_to`."""
        layout = _layout(layer)
        _check_index("in_channel", self.in_channel, layout.in_channels, layer)
        _check_index("filter", self.filter, layout.filters, layer)
        return _put(self, layer, weights, layout.index(self.in_channel, self.filter), layout.window)


@dataclass(frozen=True, eq=False)
class SetFilter(Edit):
    """Replace one filter over all input channels: ``(kh, kw, in_channels)``; the bias stays."""

    filter: int
    values: ArrayLike
    noun: ClassVar[str] = "filter"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _frozen(self.values))

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """See `Edit.apply_to`."""
        layout = _layout(layer)
        _check_index("filter", self.filter, layout.filters, layer)
        expected = (*layout.window, layout.in_channels)
        return _put(self, layer, weights, layout.index(None, self.filter), expected)


@dataclass(frozen=True, eq=False)
class SetInputChannel(Edit):
    """Replace what a layer does with one input channel: ``(kh, kw, filters)``."""

    in_channel: int
    values: ArrayLike
    noun: ClassVar[str] = "input channel"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _frozen(self.values))

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """See `Edit.apply_to`."""
        layout = _layout(layer)
        _check_index("in_channel", self.in_channel, layout.in_channels, layer)
        expected = (*layout.window, layout.filters)
        return _put(self, layer, weights, layout.index(self.in_channel, None), expected)


@dataclass(frozen=True, eq=False)
class SetBias(Edit):
    """Replace the bias of one output channel, dimensionless."""

    filter: int
    value: float
    noun: ClassVar[str] = "bias"

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """See `Edit.apply_to`."""
        layout = _layout(layer)
        if layout.bias is None:
            raise EditError(f"Layer {layer.name} has no bias.", "Edit its kernels instead.")
        _check_index("filter", self.filter, weights[layout.bias].size, layer)
        return _replaced(weights, layout.bias, (self.filter,), _number(self.value, layer))


@dataclass(frozen=True, eq=False)
class ScaleFilter(Edit):
    """Multiply one filter, its kernels and its bias, by a gain.

    Before any activation and normalisation its feature map is multiplied by the gain too; in a
    depthwise layer the maps of all input channels with this filter. In a separable layer only the
    depthwise kernels are multiplied: the pointwise step mixes them afterwards.
    """

    filter: int
    gain: float
    noun: ClassVar[str] = "gain"

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """See `Edit.apply_to`."""
        layout = _layout(layer)
        _check_index("filter", self.filter, layout.filters, layer)
        gain = _number(self.gain, layer)
        index = layout.index(None, self.filter)
        scaled = _replaced(weights, 0, index, _times(weights[0][index], gain, layer))
        its_own = layout.bias_of(self.filter)
        if layout.bias is not None and its_own is not None:
            bias = _times(weights[layout.bias][its_own], gain, layer)
            scaled = _replaced(scaled, layout.bias, (its_own,), bias)
        return scaled


@dataclass(frozen=True, eq=False)
class SetValues(Edit):
    """Replace a block of one weight array of any layer, one without kernels too.

    The array is laid out as a table: its last axis runs along the rows, a vector is one row. A
    variance below 0 is refused.

    Attributes
    ----------
    array : int
        Which array, in Keras order.
    row, column : int
        Where the block begins in the table.
    values : (rows, columns) array_like of float32
        The block.
    """

    array: int
    row: int
    column: int
    values: ArrayLike
    noun: ClassVar[str] = "values"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _frozen(self.values))

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """See `Edit.apply_to`."""
        if not weights:
            raise EditError(f"Layer {layer.name} ({layer.kind}) holds no weights.")
        _check_index("array", self.array, len(weights), layer)
        array = np.array(weights[self.array])
        table = array.reshape(-1, array.shape[-1] if array.ndim else 1)
        values = np.asarray(self.values, np.float32)
        _check_index("row", self.row, table.shape[0], layer)
        _check_index("column", self.column, table.shape[1], layer)
        block = table[self.row :, self.column :][: values.shape[0], : values.shape[-1]]
        if values.ndim != 2 or not values.size or block.shape != values.shape:
            name = layer.weights[self.array].name
            raise EditError(
                f"The {name} of layer {layer.name} is a table of {table.shape[0]} rows and "
                f"{table.shape[1]} columns; a block of shape {values.shape} does not fit at "
                f"row {self.row}, column {self.column}."
            )
        _check_finite(values, layer)
        if "variance" in layer.weights[self.array].name and (values < 0).any():
            raise EditError(
                f"A variance cannot be below 0, as one for layer {layer.name} would be."
            )
        block[...] = values
        array.flags.writeable = False
        return (*weights[: self.array], array, *weights[self.array + 1 :])


@dataclass(frozen=True, eq=False)
class SetLayerWeights(Edit):
    """Replace all weights of a layer: a list of arrays in Keras order, as ``set_weights`` takes."""

    weights: Sequence[ArrayLike] = field(default_factory=tuple)
    noun: ClassVar[str] = "weights"

    def __post_init__(self) -> None:
        given: object = self.weights
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise EditError(
                f"The weights of a layer are a list of arrays, but found {type(given).__name__}.",
                "Give them in the order of get_weights.",
            )
        object.__setattr__(self, "weights", tuple(_frozen(w) for w in given))

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """See `Edit.apply_to`."""
        new = tuple(np.asarray(w, np.float32) for w in self.weights)
        expected, found = [w.shape for w in weights], [w.shape for w in new]
        if expected != found:
            raise EditError(
                f"Layer {layer.name} takes {len(expected)} arrays of shapes {_listed(expected)}, "
                f"but found {len(found)} of shapes {_listed(found)}."
            )
        for values in new:
            _check_finite(values, layer)
        return new


def apply_all(layer: Layer, trained: Weights, edits: Iterable[Edit]) -> Weights:
    """Give a layer's weights with every edit that concerns it applied in order.

    Raises
    ------
    EditError
        An edit does not fit.
    """
    weights = trained
    for edit in edits:
        if edit.layer == layer.name:
            weights = edit.apply_to(layer, weights)
    return weights


def _frozen(values: ArrayLike) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):  # to infinity, which is refused when it is applied
            array = np.array(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise EditError("The values of an edit must be numbers in a regular array.") from error
    array.flags.writeable = False
    return array


def _layout(layer: Layer) -> KernelLayout:
    layout = layout_of(layer)
    if layout is None:
        raise EditError(
            f"Layer {layer.name} ({layer.kind}) holds no kernels.", "Choose a convolution."
        )
    return layout


def _check_index(what: str, index: Any, count: int, layer: Layer) -> None:
    whole = isinstance(index, int | np.integer) and not isinstance(index, bool)
    if not whole or not 0 <= index < count:
        raise EditError(
            f"Layer {layer.name} expects {what} from 0 to {count - 1}, but found {index!r}."
        )


def _number(value: ArrayLike, layer: Layer) -> NDArray[np.float32]:
    number = _frozen(value)
    if number.ndim:
        raise EditError(f"Layer {layer.name} expects one number, but found shape {number.shape}.")
    _check_finite(number, layer)
    return number


def _check_finite(values: NDArray[np.floating], layer: Layer) -> None:
    if not np.isfinite(values).all():
        raise EditError(f"The values for layer {layer.name} must be finite numbers.")


def _times(
    values: NDArray[np.float32] | np.float32, gain: NDArray[np.float32], layer: Layer
) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        product = np.asarray(values * gain)
    _check_finite(product, layer)
    return product


def _put(
    edit: SetKernel | SetFilter | SetInputChannel,
    layer: Layer,
    weights: Weights,
    index: tuple[int | slice, ...],
    expected: tuple[int, ...],
) -> Weights:
    values = np.asarray(edit.values, np.float32)
    if values.shape != expected:
        raise EditError(
            f"A {edit.noun} of layer {layer.name} has shape {expected}, but found {values.shape}."
        )
    _check_finite(values, layer)
    return _replaced(weights, 0, index, values)


def _replaced(
    weights: Weights, which: int, index: tuple[int | slice, ...], values: ArrayLike
) -> Weights:
    array = np.array(weights[which])
    array[index] = values
    array.flags.writeable = False
    return (*weights[:which], array, *weights[which + 1 :])


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) if shapes else "none"
