"""What each axis of each weight array of a layer counts, in words."""

from __future__ import annotations

from dataclasses import dataclass

from unetscope.domain.graph import Layer
from unetscope.domain.kernels import layout_of

_WINDOW = {
    1: ("kernel length",),
    2: ("kernel height", "kernel width"),
    3: ("kernel depth", "kernel height", "kernel width"),
}
_OF_EACH_CHANNEL = frozenset(
    {"gamma", "beta", "moving_mean", "moving_variance", "mean", "variance", "scale"}
)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of an array: how long it is, and what it counts.

    Attributes
    ----------
    role : str
        ``window``, ``in``, ``filters`` or empty: axes of a role look alike everywhere.
    """

    length: int
    name: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class ArrayWords:
    """One weight array: its name, and its axes in the order of its shape."""

    name: str
    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """Number of values."""
        size = 1
        for axis in self.axes:
            size *= axis.length
        return size

    @property
    def meaning(self) -> str:
        """The shape in words: ``kernel height 3 × kernel width 3 × 512 input channels × …``."""
        parts = []
        for axis in self.axes:
            alone = axis.role == "window"
            parts.append(
                f"{axis.name} {axis.length}" if alone else f"{axis.length:,} {_plural(axis)}"
            )
        return " × ".join(parts)

    @property
    def product(self) -> str:
        """The lengths and what they multiply to: ``3 × 3 × 512 × 512 = 2,359,296``."""
        lengths = " × ".join(str(axis.length) for axis in self.axes)
        return f"{lengths} = {self.size:,}" if len(self.axes) > 1 else f"{self.size:,}"


def arrays_in_words(layer: Layer) -> tuple[ArrayWords, ...]:
    """Every weight array of a layer, in Keras order."""
    return tuple(
        ArrayWords(spec.name, _axes(layer, number, spec.shape))
        for number, spec in enumerate(layer.weights)
    )


def _axes(layer: Layer, number: int, shape: tuple[int, ...]) -> tuple[Axis, ...]:
    name = layer.weights[number].name
    layout = layout_of(layer)
    if layout is not None and number == 0:
        axes = [Axis(n, name, "window") for n, name in zip(shape, _window(layer), strict=False)]
        by_place = {
            layout.in_axis: Axis(layout.in_channels, "input channel", "in"),
            layout.filter_axis: Axis(layout.filters, "filter", "filters"),
        }
        if layout.depthwise or layout.separable:
            of_each = Axis(layout.filters, "filter of each channel", "filters")
            by_place[layout.filter_axis] = of_each
        return (*axes, by_place[len(shape) - 2], by_place[len(shape) - 1])
    if layout is not None and name.startswith("pointwise"):
        windows = [Axis(n, word, "window") for n, word in zip(shape, _window(layer), strict=False)]
        return (*windows, Axis(shape[-2], "map to mix", "in"), Axis(shape[-1], "filter", "filters"))
    if len(shape) == 1 and name == "bias":
        counted = "unit" if layer.kind == "Dense" else "filter"
        if layout is not None and layout.depthwise:
            counted = "feature map"
        return (Axis(shape[0], counted, "filters"),)
    if layer.kind == "Dense" and len(shape) == 2:
        return (Axis(shape[0], "input", "in"), Axis(shape[1], "unit", "filters"))
    if len(shape) == 1 and name in _OF_EACH_CHANNEL:
        return (Axis(shape[0], "channel", "in"),)
    return tuple(Axis(length, "value") for length in shape)


def _window(layer: Layer) -> tuple[str, ...]:
    return _WINDOW.get(len(layer.weights[0].shape) - 2, ())


def _plural(axis: Axis) -> str:
    if axis.length == 1:
        return axis.name
    first, _, rest = axis.name.partition(" of ")
    if rest:
        return f"{first}s of {rest}"
    if axis.name == "map to mix":
        return "maps to mix"
    return f"{axis.name}s"
