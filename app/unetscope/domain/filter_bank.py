"""A layer's kernels as one array, filter by filter, whatever kind of layer it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.filter_gallery import Reduction
from unetscope.domain.graph import Layer
from unetscope.domain.kernels import Weights, layout_of

Floats = NDArray[np.float32]


def filter_bank(layer: Layer, weights: Weights) -> Floats | None:
    """A layer's kernels as ``(filters, input channels, *window)``, without a copy.

    In a depthwise layer a filter is what makes one feature map, and reads one input channel. The
    matrix of a Dense layer has kernels of one value: ``(units, inputs, 1, 1)``.

    Returns
    -------
    kernels : ndarray of float32, or None
        Dimensionless; None where the layer holds no kernels.
    """
    if layer.kind == "Dense" and weights and weights[0].ndim == 2:
        return weights[0].T[:, :, None, None]
    layout = layout_of(layer)
    if layout is None or not weights:
        return None
    filters = layout.by_filter(weights[0])
    if layout.depthwise:
        return filters.swapaxes(0, 1).reshape(-1, 1, *layout.window)
    return filters


def makes_maps(layer: Layer, filters: int) -> bool:
    """Whether filter ``n`` makes feature map ``n``; not so before a pointwise step."""
    return layer.channels in (None, filters) and not layer.kind.startswith("Separable")


def pictured(kernels: Floats, depth: int = 0) -> Floats:
    """Kernels ``(filters, input channels, *window)`` with windows of two axes, without a copy.

    A window of one axis becomes one row; of one with three axes the slice `depth` is taken, or the
    last one where there are fewer.
    """
    window = kernels.ndim - 2
    if window == 1:
        return kernels[:, :, None, :]
    if window == 3:
        return kernels[:, :, min(max(depth, 0), kernels.shape[2] - 1)]
    return kernels


def over_inputs(kernels: Floats, how: Reduction) -> Floats:
    """One tile for each filter, ``(filters, *window)``: the norm or mean over input channels."""
    mean: Floats = kernels.mean(axis=1, dtype=np.float32)
    if how is Reduction.MEAN:
        return mean
    norm: Floats = np.sqrt(np.einsum("fi...,fi...->f...", kernels, kernels))
    return norm


def over_windows(kernels: Floats, how: Reduction) -> Floats:
    """One value for each kernel, ``(filters, input channels)``: the norm or mean of its values."""
    axes = tuple(range(2, kernels.ndim))
    mean: Floats = kernels.mean(axis=axes, dtype=np.float32)
    if how is Reduction.MEAN:
        return mean
    norm: Floats = np.sqrt(np.square(kernels).sum(axis=axes, dtype=np.float32))
    return norm


def peaks(kernels: Floats) -> Floats:
    """The largest absolute value of each filter, ``(filters,)``; 0 counts what is not finite."""
    axes = tuple(range(1, kernels.ndim))
    result: Floats = np.maximum(kernels.max(axis=axes), -kernels.min(axis=axes))
    return np.nan_to_num(result, nan=0.0, posinf=0.0, neginf=0.0)
