"""Which weight arrays each kind of layer has, and whether stored ones are what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Shape
from unetscope.domain.kernels import Weights
from unetscope.domain.model_config import Call, ModelConfig

MAX_ACTIVATION = 1 << 31  # values of one layer's output for one image
_SAVE_AGAIN = "Save the model again with model.save('name.keras')."
_DENSE = ("query_dense", "key_dense", "value_dense", "output_dense")


class Slot(NamedTuple):
    """One weight array of a layer: its Keras name, whether training moves it, and where it is.

    Attributes
    ----------
    part : str
        The part of the layer that holds it, as ``.keras`` archives call it; empty for the layer
        itself.
    """

    name: str
    trains: bool
    part: str = ""


def slots_of(call: Call) -> tuple[Slot, ...]:
    """A layer's weights in Keras order."""
    kind, config = call.kind, call.config
    if call.operation:
        return ()
    if kind == "MultiHeadAttention":
        names = ("kernel", "bias") if config.get("use_bias", True) else ("kernel",)
        return tuple(Slot(name, call.trains, part) for part in _DENSE for name in names)
    moving, fixed = _names(kind, config)
    return (
        *(Slot(name, call.trains) for name in moving),
        *(Slot(name, False) for name in fixed),
    )


def _names(kind: str, config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Names of what training moves, and of what it does not."""
    if kind in ("BatchNormalization", "LayerNormalization", "GroupNormalization"):
        scale, centre = config.get("scale", True), config.get("center", True)
        fixed = ["moving_mean", "moving_variance"] if kind == "BatchNormalization" else []
        return ["gamma"] * bool(scale) + ["beta"] * bool(centre), fixed
    if kind == "Normalization":
        return [], ["mean", "variance", "count"] if config.get("mean") is None else []
    if kind in ("RMSNormalization", "AdditiveAttention"):
        return ["scale"] * bool(config.get("use_scale", True)), []
    if kind == "Attention":
        concat = config.get("score_mode") == "concat"
        scale = ["scale"] * bool(config.get("use_scale", False))
        return [*scale, *(["concat_score_weight"] * concat)], []
    if kind == "PReLU":
        return ["alpha"], []
    bias = ["bias"] * bool(config.get("use_bias", True))
    if kind.startswith("Separable"):
        return ["depthwise_kernel", "pointwise_kernel", *bias], []
    if kind == "Dense" or kind.endswith(("Conv1D", "Conv2D", "Conv3D", "Transpose")):
        return ["kernel", *bias], []
    return [], []


def check_weights(
    model: ModelConfig, weights: Mapping[str, Weights], shapes: Mapping[str, Shape], file: str
) -> None:
    """Refuse a model whose layers claim other sizes than their stored weights have.

    Parameters
    ----------
    model : ModelConfig
        Flattened.
    weights : mapping of str to tuple of ndarray
        The stored arrays by layer.
    shapes : mapping of str to shape
        The output shape of every call.
    file : str
        The file's name, for errors.

    Raises
    ------
    ModelError
        A layer has another number of arrays, or of another shape, or its output is too big.
    """
    for call in model.calls:
        size = prod(n for n in shapes[call.name] if n is not None)
        if size > MAX_ACTIVATION:
            raise ModelError(
                f"{file} asks for {size * 4 / 1e9:,.0f} GB for the output of layer {call.name}.",
                "Is it a model?",
            )
        if not call.is_first:
            continue
        arrays, slots = weights.get(call.layer, ()), slots_of(call)
        if len(arrays) != len(slots):
            raise ModelError(
                f"{file} holds {len(arrays)} weight arrays for layer {call.layer}, "
                f"but {len(slots)} were expected.",
                _SAVE_AGAIN,
            )
        inputs = shapes[call.inputs[0]] if call.inputs else ()
        for slot, array in zip(slots, arrays, strict=True):
            wanted = _shape(call, slot, inputs)
            if wanted is not None and not _agree(array.shape, wanted):
                told = str(wanted).replace("None", "any")
                raise ModelError(
                    f"The {slot.name} of layer {call.layer} in {file} should have shape {told}, "
                    f"but {array.shape} is stored.",
                    _SAVE_AGAIN,
                )


def _agree(found: tuple[int, ...], wanted: Shape) -> bool:
    """Whether a shape is the one wanted, which may leave lengths open."""
    return len(found) == len(wanted) and all(
        length in (None, n) for n, length in zip(found, wanted, strict=True)
    )


def _shape(call: Call, slot: Slot, inputs: Shape) -> Shape | None:
    """What shape an array must have, None for lengths that only Keras can tell.

    Whatever the layer states of its own size has to be a length of the array, so that Keras never
    makes a layer bigger than what is stored of it.
    """
    kind, config = call.kind, call.config
    channels = inputs[-1] if inputs else None
    if slot.name in ("count",) or kind == "Attention":
        return ()
    if kind == "Dense":
        return (channels, config["units"]) if slot.name == "kernel" else (config["units"],)
    if kind == "MultiHeadAttention":
        return _attention(config, slot, channels)
    if "Conv" in kind:
        return _convolution(kind, config, slot.name, channels)
    if not inputs:
        return None
    if kind == "PReLU":
        return _slopes(config.get("shared_axes") or (), inputs)
    return _along(config.get("axis", -1), inputs)


def _convolution(kind: str, config: Mapping[str, Any], name: str, channels: int | None) -> Shape:
    rank = int(kind.removesuffix("Transpose")[-2])
    size = config["kernel_size"]
    window = tuple(size) if isinstance(size, (list, tuple)) else (size,) * rank
    multiplier = config.get("depth_multiplier", 1)
    many = None if channels is None else channels * multiplier
    if name == "bias":
        return (many if kind.startswith("Depthwise") else config["filters"],)
    if name == "pointwise_kernel":
        return (*(1,) * rank, many, config["filters"])
    if kind.startswith(("Depthwise", "Separable")):
        return (*window, channels, multiplier)
    if kind.endswith("Transpose"):
        return (*window, config["filters"], channels)
    groups = int(config.get("groups") or 1)
    return (*window, None if channels is None else channels // groups, config["filters"])


def _attention(config: Mapping[str, Any], slot: Slot, channels: int | None) -> Shape:
    heads, keys = config["num_heads"], config["key_dim"]
    values = config.get("value_dim") or keys
    if slot.part == "output_dense":
        stated = config.get("output_shape") or [channels]
        given = tuple(stated) if isinstance(stated, (list, tuple)) else (stated,)
        return given if slot.name == "bias" else (heads, values, *given)
    depth = values if slot.part == "value_dense" else keys
    if slot.name == "bias":
        return (heads, depth)
    return (channels if slot.part == "query_dense" else None, heads, depth)


def _along(axis: Any, inputs: Shape) -> Shape:
    axes: Sequence[int] = axis if isinstance(axis, (list, tuple)) else [axis]
    return tuple(inputs[i] for i in sorted(a % len(inputs) for a in axes))


def _slopes(shared: Sequence[int], inputs: Shape) -> Shape:
    return tuple(1 if i in shared else n for i, n in enumerate(inputs) if i > 0)
