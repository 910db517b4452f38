"""What shape each kind of layer gives: a small rule per kind, as Keras computes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unetscope.domain.graph import Shape
from unetscope.domain.known_layers import AUGMENTING
from unetscope.domain.model_config import Call, ModelConfig
from unetscope.domain.operation_shapes import (
    broadcast,
    concatenated,
    operation_shape,
    product,
    reshaped,
)

Length = int | None
_SAME = frozenset(
    {"Identity", "Activation", "ActivityRegularization", "Masking", "ReLU", "LeakyReLU", "PReLU"}
    | {"ELU", "Softmax", "BatchNormalization", "LayerNormalization", "GroupNormalization"}
    | {"UnitNormalization", "Rescaling", "Dropout", "AlphaDropout", "GaussianDropout"}
    | {"GaussianNoise", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}
    | {"RMSNormalization", "Normalization", "MultiHeadAttention"}
    | AUGMENTING
)
_MERGES = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})


def shapes_of(model: ModelConfig) -> dict[str, Shape]:
    """Work out the output shape of every call of a flattened model.

    Parameters
    ----------
    model : ModelConfig
        Without nested models.

    Returns
    -------
    shapes : dict of str to tuple
        Batch axis first; what the file declares where there is no rule, else ``()``.
    """
    shapes: dict[str, Shape] = {}
    for call in model.calls:
        inputs = [shapes[read.call] if read.output == 0 else () for read in call.reads]
        try:
            found = _shape(call, inputs)
        except (LookupError, TypeError, ValueError, ArithmeticError):
            found = ()
        shapes[call.name] = found or model.declared.get(call.name, ())
    return shapes


def _shape(call: Call, inputs: Sequence[Shape]) -> Shape:
    kind, config = call.kind, call.config
    if kind == "InputLayer":
        return tuple(config["batch_shape"])
    if not all(inputs):
        return ()
    if call.operation:
        return operation_shape(call, inputs)
    first = inputs[0]
    if kind == "MultiHeadAttention" and config.get("output_shape"):
        return ()
    if kind in _SAME:
        return first
    if kind in ("Attention", "AdditiveAttention"):
        return (*first[:-1], inputs[1][-1])
    if kind in _MERGES and len(inputs) > 1:
        return merged(inputs)
    if kind == "Concatenate":
        return concatenated(config.get("axis", -1), inputs)
    if kind == "Dense":
        return (*first[:-1], config["units"])
    if kind == "RepeatVector":
        return (first[0], config["n"], first[1])
    if kind in ("Flatten", "Reshape", "Permute", "Resizing", "CenterCrop"):
        return _rearranged(kind, config, first)
    return _spatial(kind, config, first)


def merged(inputs: Sequence[Shape]) -> Shape:
    """Shape of layers broadcast against each other; a missing axis is added after the batch."""
    rank = max(map(len, inputs))
    return broadcast([(s[0], *((1,) * (rank - len(s))), *s[1:]) for s in inputs])


def _rearranged(kind: str, config: Mapping[str, Any], first: Shape) -> Shape:
    if kind == "Permute":
        return (first[0], *(first[axis] for axis in config["dims"]))
    if kind in ("Resizing", "CenterCrop"):
        size = (config["height"], config["width"])
        leading = config.get("data_format") == "channels_first"
        return _joined(first[0], size, first[1 if leading else -1], leading)
    if kind == "Flatten":
        return (first[0], product(first[1:]))
    return (first[0], *reshaped(config["target_shape"], first[1:]))


def _spatial(kind: str, config: Mapping[str, Any], first: Shape) -> Shape:
    """Convolutions, pooling, upsampling, padding and cropping, in either data format."""
    rank = int(kind.removesuffix("Transpose")[-2])
    leading = config.get("data_format") == "channels_first"
    grid = first[2:] if leading else first[1:-1]
    channels = first[1] if leading else first[-1]
    if len(grid) != rank:
        return ()
    if kind.startswith("Global"):
        ones = (1,) * rank if config.get("keepdims") else ()
        return _joined(first[0], ones, channels, leading)
    if kind.startswith(("ZeroPadding", "Cropping")):
        pads = config["padding" if kind.startswith("Zero") else "cropping"]
        sign = 1 if kind.startswith("Zero") else -1
        totals = [sum(pad) for pad in ([pads] if rank == 1 and isinstance(pads[0], int) else pads)]
        grid = tuple(None if n is None else n + sign * t for n, t in zip(grid, totals, strict=True))
    elif kind.startswith("UpSampling"):
        sizes = _each(config["size"], rank)
        grid = tuple(None if n is None else n * s for n, s in zip(grid, sizes, strict=True))
    else:
        grid = tuple(_moved(kind, config, grid, rank))
        if "Pooling" not in kind:
            depthwise = kind.startswith("Depthwise")
            multiplied = (channels or 0) * config.get("depth_multiplier", 1) or None
            channels = multiplied if depthwise else config["filters"]
    return _joined(first[0], grid, channels, leading)


def _joined(batch: Length, grid: Sequence[Length], channels: Length, leading: bool) -> Shape:
    return (batch, channels, *grid) if leading else (batch, *grid, channels)


def _moved(kind: str, config: Mapping[str, Any], grid: Shape, rank: int) -> list[Length]:
    """Grid of whatever slides a window: convolutions, their transposes, pooling."""
    pooling = "Pooling" in kind
    windows = _each(config["pool_size" if pooling else "kernel_size"], rank)
    strides = _each(config.get("strides") or (windows if pooling else 1), rank)
    dilations = _each(config.get("dilation_rate", 1), rank)
    extra = config.get("output_padding")
    extras = _each(extra, rank) if extra is not None else [None] * rank
    result: list[Length] = []
    for n, window, stride, dilation, more in zip(
        grid, windows, strides, dilations, extras, strict=True
    ):
        reach = (window - 1) * dilation + 1
        if n is None:
            result.append(None)
        elif kind.endswith("Transpose"):
            result.append(_transposed(n, reach, stride, config.get("padding", "valid"), more))
        elif config.get("padding", "valid") in ("same", "causal"):
            result.append(-(-n // stride))
        else:
            result.append((n - reach) // stride + 1)
    return result


def _transposed(n: int, reach: int, stride: int, padding: str, extra: int | None) -> int:
    if extra is None:
        return n * stride + (max(reach - stride, 0) if padding == "valid" else 0)
    return (n - 1) * stride + (reach % 2 if padding == "same" else reach) + extra


def _each(value: Any, rank: int) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value] * rank
