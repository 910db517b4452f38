"""How Keras lays out the weights of each kind of convolution, and what the numbers mean.

A *kernel* is one window (kh, kw), addressed by (layer, input channel, filter); a *filter* is all
that makes one output channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.graph import Graph, Layer

Array = NDArray[np.floating]
Weights = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class KernelLayout:
    """Which axis of a kernel array means what.

    Attributes
    ----------
    window : tuple of int
        Lengths of the kernel's window, for example ``(3, 3)``.
    in_channels, filters : int
        How many of each the array holds.
    in_axis, filter_axis : int
        Their axes in the Keras array.
    bias : int or None
        Position of the bias vector in the layer's weights.
    depthwise : bool
        Every input channel has filters of its own: feature map ``n`` is made by input channel
        ``n // filters`` with its filter ``n % filters``.
    separable : bool
        These kernels are followed by a pointwise step, which makes the feature maps.
    """

    window: tuple[int, ...]
    in_channels: int
    filters: int
    in_axis: int
    filter_axis: int
    bias: int | None
    depthwise: bool = False
    separable: bool = False

    def index(self, in_channel: int | None, filter: int | None) -> tuple[int | slice, ...]:  # noqa: A002
        """Index of one kernel, one filter (``in_channel=None``) or one input channel."""
        parts: list[int | slice] = [slice(None)] * (len(self.window) + 2)
        if in_channel is not None:
            parts[self.in_axis] = in_channel
        if filter is not None:
            parts[self.filter_axis] = filter
        return tuple(parts)

    def by_filter(self, kernels: NDArray[np.float32]) -> NDArray[np.float32]:
        """View a kernel array as ``(filters, in_channels, *window)``, without a copy."""
        return np.moveaxis(kernels, (self.filter_axis, self.in_axis), (0, 1))

    def bias_of(self, filter: int) -> slice | None:  # noqa: A002
        """Which biases belong to a filter; None where none does, as before a pointwise step."""
        if self.bias is None or self.separable:
            return None
        return slice(filter, None, self.filters) if self.depthwise else slice(filter, filter + 1)

    def by_map(self, kernels: NDArray[np.float32], in_channel: int) -> NDArray[np.float32]:
        """The kernel that each feature map is shown with, ``(maps, *window)``."""
        filters = self.by_filter(kernels)
        if not self.depthwise:
            return filters[:, in_channel]
        return filters.swapaxes(0, 1).reshape(-1, *self.window)

    def kernel_of_map(self, feature_map: int, in_channel: int) -> tuple[int, int]:
        """Input channel and filter of the kernel that a feature map is shown with."""
        if self.depthwise:
            return divmod(feature_map, self.filters)
        return in_channel, min(feature_map, self.filters - 1)


_TRANSPOSED = frozenset({"Conv2DTranspose", "Conv3DTranspose", "Conv1DTranspose"})
_CONVOLUTIONS = frozenset(
    {"Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv2D"}
)


def layout_of(layer: Layer) -> KernelLayout | None:
    """How the first weight array of a layer is laid out; None when it holds no kernels.

    References
    ----------
    Keras 3 API: ``Conv2D`` kernels are (kh, kw, in, out); ``Conv2DTranspose`` (kh, kw, out, in);
    ``DepthwiseConv2D`` (kh, kw, in, multiplier).
    """
    if layer.kind not in _CONVOLUTIONS | _TRANSPOSED or not layer.weights:
        return None
    shape = layer.weights[0].shape
    rank = len(shape)
    first, second = rank - 2, rank - 1
    in_axis, filter_axis = (second, first) if layer.kind in _TRANSPOSED else (first, second)
    last = len(layer.weights) - 1
    has_bias = last > 0 and len(layer.weights[last].shape) == 1
    return KernelLayout(
        window=shape[:-2],
        in_channels=shape[in_axis],
        filters=shape[filter_axis],
        in_axis=in_axis,
        filter_axis=filter_axis,
        bias=last if has_bias else None,
        depthwise=layer.kind.startswith("Depthwise"),
        separable=layer.kind.startswith("Separable"),
    )


def first_with_kernels(graph: Graph) -> str | None:
    """Name of the first layer that holds kernels: there an edit shows best."""
    return next((layer.name for layer in graph.layers if layout_of(layer)), None)


def times(lengths: Sequence[int | None]) -> str:
    """Write a shape the way people say it: ``3×3``."""
    return "×".join("?" if length is None else str(length) for length in lengths)


@dataclass(frozen=True, slots=True)
class ShapeCard:
    """A weight shape in words.

    Attributes
    ----------
    title : str
        The array's name and shape as Keras prints it: ``kernel (3, 3, 512, 512)``.
    lines : tuple of str
        What each number means, and how they multiply to the parameter count.
    """

    title: str
    kernel: tuple[int, ...]
    in_channels: int
    filters: int
    lines: tuple[str, ...]


def shape_card(layer: Layer, image_channels: int | None = None) -> ShapeCard | None:
    """Explain a layer's kernel shape; None when the layer holds no kernels.

    Parameters
    ----------
    layer : Layer
        Any layer.
    image_channels : int, optional
        Channels of the network's input: used to say why a one-channel image meets 512 here.
    """
    layout = layout_of(layer)
    if layout is None:
        return None
    spec = layer.weights[0]
    count = layout.in_channels
    reads = "1 input channel" if count == 1 else f"{count} input channels"
    makes = "1 filter" if layout.filters == 1 else f"{layout.filters} filters"
    lines = [f"kernel {times(layout.window)} · {reads} · {makes}"]
    product = "·".join(str(n) for n in spec.shape)
    others = [f"{other.size:,} {other.name}" for other in layer.weights[1:]]
    lines.append(f"{' + '.join([product, *others])} = {layer.parameters:,} parameters")
    if layout.depthwise:
        lines.append(f"Each input channel has its own kernels: {layer.channels} feature maps.")
    if image_channels is not None and count != image_channels and layer.inputs:
        has = "1 channel" if image_channels == 1 else f"{image_channels} channels"
        lines.append(
            f"The image has {has}, but this layer reads {layer.inputs[0]}, which gives {count}: "
            f"every filter holds one {times(layout.window)} kernel for each."
        )
    return ShapeCard(
        title=f"{spec.name} {spec.shape}",
        kernel=layout.window,
        in_channels=layout.in_channels,
        filters=layout.filters,
        lines=tuple(lines),
    )
