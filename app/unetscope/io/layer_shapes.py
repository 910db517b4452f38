"""What shape each kind of layer gives: a small rule per kind, as Keras computes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unetscope.domain.graph import Shape
from unetscope.domain.model_config import NESTED, Call, ModelConfig, parse

Length = int | None
_SAME = frozenset(
    {"Identity", "Activation", "ActivityRegularization", "Masking", "ReLU", "LeakyReLU", "PReLU"}
    | {"ELU", "Softmax", "BatchNormalization", "LayerNormalization", "GroupNormalization"}
    | {"UnitNormalization", "Rescaling", "Dropout", "AlphaDropout", "GaussianDropout"}
    | {"GaussianNoise", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}
)
_MERGES = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})


def shapes_of(model: ModelConfig, given: Mapping[str, Shape] | None = None) -> dict[str, Shape]:
    """Work out the output shape of every call, batch axis first; ``()`` where it is not known.

    Parameters
    ----------
    model : ModelConfig
        The model.
    given : mapping, optional
        Shapes of the inputs, where a nested model is called on others than its own.
    """
    shapes: dict[str, Shape] = {}
    for call in model.calls:
        if given and call.name in given:
            shapes[call.name] = given[call.name]
        elif call.name in model.declared:
            shapes[call.name] = model.declared[call.name]
        else:
            inputs = [shapes[name] for name in call.inputs]
            try:
                shapes[call.name] = _shape(call, inputs)
            except (KeyError, TypeError, ValueError, IndexError):
                shapes[call.name] = ()
    return shapes


def _shape(call: Call, inputs: Sequence[Shape]) -> Shape:
    kind, config = call.kind, call.config
    if kind == "InputLayer":
        return tuple(config.get("batch_shape") or config["batch_input_shape"])
    first = inputs[0]
    if not first:
        return ()
    if kind in NESTED:
        return _nested(call, inputs)
    if kind in _SAME:
        return first
    if kind in _MERGES and len(inputs) > 1:
        return _broadcast(inputs)
    if kind == "Concatenate":
        return _concatenated(config.get("axis", -1), inputs)
    if kind == "Dense":
        return (*first[:-1], config["units"])
    if kind in ("Flatten", "Reshape", "Permute", "Resizing"):
        return _rearranged(kind, config, first)
    return _spatial(kind, config, first)


def _nested(call: Call, inputs: Sequence[Shape]) -> Shape:
    inner = parse(call.entry, call.name)
    shapes = shapes_of(inner, dict(zip(inner.inputs, inputs, strict=True)))
    return shapes[inner.outputs[0]]


def _broadcast(inputs: Sequence[Shape]) -> Shape:
    rank = max(map(len, inputs))
    padded = [(*((1,) * (rank - len(s))), *s) for s in inputs]
    return tuple(_widest(lengths) for lengths in zip(*padded, strict=True))


def _widest(lengths: Sequence[Length]) -> Length:
    known = [n for n in lengths if n != 1]
    if not known:
        return 1
    return next((n for n in known if n is not None), None)


def _concatenated(axis: int, inputs: Sequence[Shape]) -> Shape:
    result = list(inputs[0])
    lengths = [shape[axis] for shape in inputs]
    result[axis] = None if None in lengths else sum(n for n in lengths if n is not None)
    for i in range(1, len(result)):
        if i != axis % len(result):
            result[i] = next((s[i] for s in inputs if s[i] is not None), None)
    return tuple(result)


def _rearranged(kind: str, config: Mapping[str, Any], first: Shape) -> Shape:
    if kind == "Permute":
        return (first[0], *(first[axis] for axis in config["dims"]))
    if kind == "Resizing":
        return (first[0], config["height"], config["width"], first[-1])
    size = _product(first[1:])
    if kind == "Flatten":
        return (first[0], size)
    target = list(config["target_shape"])
    if -1 in target:
        rest = _product([n for n in target if n != -1])
        known = size is not None and rest
        target[target.index(-1)] = size // rest if known and size is not None and rest else None
    return (first[0], *target)


def _product(lengths: Sequence[Length]) -> Length:
    total = 1
    for length in lengths:
        if length is None:
            return None
        total *= length
    return total


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
    strides = _each(config.get("strides") or windows, rank)
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
            result.append(_transposed(n, reach, stride, config["padding"], more))
        elif config["padding"] in ("same", "causal"):
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
