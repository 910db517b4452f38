"""Networks with channels first, turned into the same network with channels last.

Nothing but this module knows that there are two orders. The weights of convolutions are laid out
alike in both; what stands along the turned axes is turned too, and what would mean something else
is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Shape
from unetscope.domain.known_layers import BROADCAST, ELEMENTWISE
from unetscope.domain.layer_shapes import shapes_of
from unetscope.domain.model_config import Call, ModelConfig
from unetscope.domain.nested import flattened

FIRST, LAST = "channels_first", "channels_last"

Turned = Call | None
_AS_THEY_ARE = frozenset(
    {"Identity", "ActivityRegularization", "ReLU", "LeakyReLU", "ELU", "Rescaling", "Dropout"}
    | {"AlphaDropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D"}
    | {"SpatialDropout2D", "SpatialDropout3D"}
).union(*ELEMENTWISE.values())
_MERGES = BROADCAST | {"Average"}
_ALONG_AN_AXIS = frozenset(
    {"BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization"}
    | {"Concatenate", "Softmax", "Normalization"}
)


def with_channels_last(model: ModelConfig, file: str) -> ModelConfig:
    """Turn a model whose channels come first; any other stays as it is.

    Parameters
    ----------
    model : ModelConfig
        With nested models or without.
    file : str
        The file's name, for errors.

    Returns
    -------
    turned : ModelConfig
        Takes and gives ``(N, H, W, C)`` where the model takes and gives ``(N, C, H, W)``.

    Raises
    ------
    ModelError
        Some of its layers would mean something else, or keep their channels last: named.
    """
    flat = flattened(model)
    if not any(call.config.get("data_format") == FIRST for call in flat.calls):
        return model
    shapes = shapes_of(flat)
    inside: dict[str, list[Shape]] = {}
    for call in flat.calls:
        inside.setdefault(call.layer, [shapes[name] for name in call.inputs])
    bad: list[str] = []

    def turned(part: ModelConfig, prefix: str) -> ModelConfig:
        calls = []
        for call in part.calls:
            name = prefix + call.layer
            if call.inner is not None:
                calls.append(replace(call, inner=turned(call.inner, f"{name}/")))
                continue
            new = _turned(call, inside.get(name, []))
            if new is None and call.is_first:
                bad.append(f"{name} ({call.kind})")
            calls.append(new or call)
        declared = {name: _moved(shape) for name, shape in part.declared.items()}
        return replace(part, calls=tuple(calls), declared=declared)

    result = turned(model, "")
    if bad:
        raise ModelError(
            f"{file} keeps its channels first, and these layers would mean something else with "
            f"channels last: {', '.join(bad)}.",
            "Rebuild it with data_format='channels_last' and set the same weights.",
        )
    return result


def _turned(call: Call, inputs: Sequence[Shape]) -> Turned:
    """The same call for channels last; None where there is none."""
    kind, config = call.kind, call.config
    if kind == "InputLayer":
        shape = config.get("batch_shape")
        return _with(call, batch_shape=list(_moved(shape))) if shape else call
    if not inputs or not all(inputs):
        return None
    rank = len(inputs[0])
    if rank < 3:
        return _flat(call, inputs)
    if config.get("data_format") == LAST:
        return None
    if config.get("data_format") == FIRST:
        call = _with(call, data_format=LAST)
    if kind in _MERGES:
        alike = all(len(shape) == rank for shape in inputs)
        return call if alike else None
    if "activation" in config and config["activation"] == "softmax":
        return None  # along the last axis, which are columns
    if kind in _AS_THEY_ARE or kind == "Activation":
        return call
    if kind in _ALONG_AN_AXIS and not call.operation:
        return _along(call, rank)
    if kind == "PReLU":
        shared = sorted(_place(axis, rank) for axis in config.get("shared_axes") or ())
        turned = _with(call, shared_axes=shared)
        return replace(turned, weight_axes=(*range(1, rank - 1), 0))
    return call if config.get("data_format") == FIRST else None


def _flat(call: Call, inputs: Sequence[Shape]) -> Turned:
    """What works on vectors, which have no channels to turn; back to a map only from ones."""
    if call.kind != "Reshape":
        makes_maps = call.kind in ("RepeatVector", "ExpandDims")
        return None if makes_maps or any(len(shape) != 2 for shape in inputs) else call
    target = call.config["target_shape"]
    if len(target) < 2:
        return call
    is_one_long = sum(length != 1 for length in target) <= 1
    return _with(call, target_shape=[*target[1:], target[0]]) if is_one_long else None


def _along(call: Call, rank: int) -> Turned:
    given = call.config.get("axis", -1)
    if not isinstance(given, (list, tuple)):
        return _with(call, axis=_place(given, rank))
    axes = [axis % rank for axis in given]
    places = [_place(axis, rank) for axis in axes]
    order = sorted(range(len(axes)), key=lambda i: places[i])
    turned = _with(call, axis=[places[i] for i in order])
    return replace(turned, weight_axes=tuple(order) if len(order) > 1 else ())


def _place(axis: int, rank: int) -> int:
    """Where an axis of ``(N, C, H, W)`` stands in ``(N, H, W, C)``."""
    axis %= rank
    return axis if axis == 0 else rank - 1 if axis == 1 else axis - 1


def _moved(shape: Sequence[int | None]) -> Shape:
    return (shape[0], *shape[2:], shape[1]) if len(shape) > 2 else tuple(shape)


def _with(call: Call, **changes: Any) -> Call:
    config: Mapping[str, Any] = {**call.config, **changes}
    return replace(call, config=config)
