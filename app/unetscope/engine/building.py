"""Build a Keras model from its calls: Keras gives the layers, the file only names them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from unetscope.domain.known_values import TRAINING_ONLY, is_for_training
from unetscope.domain.model_config import Call, ModelConfig, Read, with_reads

_HARMLESS: tuple[object, ...] = (None, False, 0, 1, [], {})


def build(model: ModelConfig) -> Any:
    """Build a model, nested models as models, with whatever weights Keras begins with.

    Parameters
    ----------
    model : ModelConfig
        Checked: every layer is known, with channels last.

    Returns
    -------
    model : keras.Model
        Not compiled.

    Raises
    ------
    ValueError, TypeError
        Keras refuses a layer, or the layers do not fit together.
    """
    made = _sequential(model) if model.kind == "Sequential" else _functional(model)
    if not model.trains:
        made.trainable = False
    return made


def _sequential(model: ModelConfig) -> Any:
    layers = [_input(call) if call.kind == "InputLayer" else _layer(call) for call in model.calls]
    return keras.Sequential([layer for layer in layers if layer is not None], name=model.name)


def _functional(model: ModelConfig) -> Any:
    layers: dict[str, Any] = {}
    tensors: dict[Read, Any] = {}
    for call in model.calls:
        if call.kind == "InputLayer":
            given: Any = _input(call)
        else:
            layer = layers.get(call.layer)
            if layer is None:
                layer = layers[call.layer] = _layer(call)
            args = with_reads(call.args, tensors.__getitem__)
            kwargs = with_reads(call.kwargs, tensors.__getitem__)
            given = layer(*map(_argument, args), **{k: _argument(v) for k, v in kwargs.items()})
        outputs = given if isinstance(given, (list, tuple)) else [given]
        tensors |= {Read(call.name, i): tensor for i, tensor in enumerate(outputs)}
    inputs = [tensors[Read(name)] for name in model.inputs]
    outputs = [tensors[read] for read in model.outputs]
    return keras.Model(_alone(inputs), _alone(outputs), name=model.name)


def _alone(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def _input(call: Call) -> Any:
    shape = call.config.get("batch_shape")
    if shape is None:
        return None  # a Sequential that takes the shape of what it is called on
    return keras.Input(batch_shape=tuple(shape), name=call.layer, dtype="float32")


def _layer(call: Call) -> Any:
    if call.inner is not None:
        made = build(call.inner)
        made.name = call.layer
        return made
    if call.operation:
        entry = {
            "module": call.operation,
            "class_name": call.kind,
            "config": dict(call.config),
            "registered_name": call.kind,
        }
        return keras.saving.deserialize_keras_object(entry, safe_mode=True)
    kind = getattr(keras.layers, call.kind)
    layer = kind.from_config({**_accepted(kind, call.config), "name": call.layer})
    if not call.trains:
        layer.trainable = False
    return layer


def _accepted(kind: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what this Keras no longer takes, where that changes nothing at inference."""
    taken = {
        name
        for one in kind.__mro__
        if "__init__" in vars(one)
        for name in inspect.signature(vars(one)["__init__"]).parameters
    } | {"trainable", "dtype", "name", "activity_regularizer"}
    kept: dict[str, Any] = {}
    for key, value in config.items():
        if key.endswith(TRAINING_ONLY):
            if key in taken and is_for_training(value) and _is_known(key, value):
                kept[key] = value
        elif key in taken or value not in _HARMLESS:
            kept[key] = value
    return kept


def _is_known(key: str, value: Any) -> bool:
    """Whether this Keras still takes one of its own initialisers and the like."""
    package = {"initializer": keras.initializers, "regularizer": keras.regularizers}
    found = package.get(key.rsplit("_", 1)[1], keras.constraints)
    try:
        found.get(value)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return True


def _argument(value: Any) -> Any:
    """An argument as Python has it: slices and ellipses were written as data."""
    if isinstance(value, Mapping):
        kind, config = value.get("class_name"), value.get("config", {})
        if kind == "__slice__":
            return slice(config["start"], config["stop"], config["step"])
        if kind == "__ellipsis__":
            return ...
        if kind == "__tuple__":
            return tuple(_argument(item) for item in config["value"])
        return {key: _argument(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_argument(item) for item in value]
        is_index = any(isinstance(item, slice) or item is ... for item in items)
        return tuple(items) if is_index else items
    return value
