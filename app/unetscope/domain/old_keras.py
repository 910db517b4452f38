"""Configurations and kernels of Keras 1 and 2 in the words of Keras 3."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from unetscope.domain.kernels import Weights
from unetscope.domain.known_layers import NESTED, is_built_in, is_operation
from unetscope.domain.tf_operations import as_operation

_CLASSES = {
    **{f"Convolution{rank}D": f"Conv{rank}D" for rank in (1, 2, 3)},
    **{"SeparableConvolution2D": "SeparableConv2D", "AtrousConvolution2D": "Conv2D"},
    **{"Deconvolution2D": "Conv2DTranspose", "Deconvolution3D": "Conv3DTranspose"},
    **{"Convolution2DTranspose": "Conv2DTranspose", "Model": "Functional"},
    **{"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"},
}
_MERGES = {
    **{"concat": "Concatenate", "sum": "Add", "mul": "Multiply", "ave": "Average"},
    "max": "Maximum",
}
_RENAMED = {
    **{"nb_filter": "filters", "border_mode": "padding", "subsample": "strides", "p": "rate"},
    **{"bias": "use_bias", "output_dim": "units", "atrous_rate": "dilation_rate"},
    **{"filter_length": "kernel_size", "subsample_length": "strides", "pool_length": "pool_size"},
    **{"stride": "strides", "sigma": "stddev"},
}
# Named once, and without meaning for a trained network.
_DROPPED = frozenset(
    {"init", "weights", "input_dim", "input_dtype", "input_length", "gamma_init", "beta_init"}
    | {"W_regularizer", "b_regularizer", "W_constraint", "b_constraint", "query_shape"}
    | {"key_shape", "value_shape", "batch_input_shape"}
)


def repaired(config: object) -> Any:
    """Give a copy in the words of Keras 3: class and module names, arguments, operations."""
    fixed = copy.deepcopy(config)
    if not isinstance(fixed, dict):
        return fixed
    fixed.pop("compile_config", None)
    _repair(fixed, top=True)
    return fixed


def _repair(entry: dict[str, Any], *, top: bool = False) -> None:
    if not is_built_in(entry) and not is_operation(entry):
        return
    kind = entry.get("class_name")
    if kind in ("TFOpLambda", "SlicingOpLambda") and isinstance(entry.get("config"), dict):
        entry.update(as_operation(entry) or {})
        return
    entry["class_name"] = kind = _CLASSES.get(kind, kind) if isinstance(kind, str) else kind
    if not is_operation(entry):
        entry["module"] = "keras" if kind in NESTED else "keras.layers"
        entry["registered_name"] = None
    config = entry.get("config")
    if kind == "Sequential" and isinstance(config, list):  # the oldest files
        entry["config"] = config = {"name": "sequential", "layers": config}
    if not isinstance(config, dict):
        return
    if kind in NESTED and isinstance(config.get("layers"), list):
        if kind == "Sequential":
            _add_input(config, config["layers"], top=top)
        for inner in config["layers"]:
            if isinstance(inner, dict):
                _repair(inner)
        return
    if kind == "InputLayer" and "batch_shape" not in config:
        config["batch_shape"] = config.pop("batch_input_shape", None)
    entry["config"] = _attributes(entry, config)


def _add_input(config: dict[str, Any], layers: list[Any], *, top: bool) -> None:
    """Give a Sequential without an input layer the one its first layer or build states."""
    first = layers[0] if layers else None
    if not isinstance(first, dict) or first.get("class_name") == "InputLayer":
        return
    stated = first.get("config")
    stated = stated if isinstance(stated, dict) else {}
    shape = stated.get("batch_shape") or stated.get("batch_input_shape")
    shape = shape or (config.get("build_input_shape") if top else None)
    if shape:
        entry = {"batch_shape": list(shape), "dtype": "float32", "name": "input_layer"}
        layers.insert(0, {"module": "keras.layers", "class_name": "InputLayer", "config": entry})


def _attributes(entry: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    kind = str(entry.get("class_name"))
    fixed = {_RENAMED.get(key, key): value for key, value in config.items() if key not in _DROPPED}
    fixed = {key: _own_words(value) for key, value in fixed.items()}
    if "_from_" in str(fixed.get("dtype")):  # whole numbers and a scale for each
        entry["class_name"] = f"quantised {kind}"
    if "dtype" in fixed:
        fixed["dtype"] = "float32"  # whatever the policy: it is edited and compared in float32
    if "dim_ordering" in fixed:
        orders = {"th": "channels_first", "tf": "channels_last"}
        fixed["data_format"] = orders.get(fixed.pop("dim_ordering"), "channels_last")
    for sides in (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3")):
        if sides[0] in fixed:
            fixed["kernel_size"] = [fixed.pop(side) for side in sides]
    if kind == "Merge":
        entry["class_name"] = _merged(fixed)
        return {
            key: fixed[key]
            for key in ("name", "axis")
            if key in fixed and (key == "name" or entry["class_name"] == "Concatenate")
        }
    if kind == "BatchNormalization":
        if fixed.pop("mode", 0) != 0:  # statistics of the batch itself
            entry["class_name"] = "BatchNormalization of another mode"
        if isinstance(fixed.get("axis"), list) and len(fixed["axis"]) == 1:
            fixed["axis"] = fixed["axis"][0]
    if kind in ("LeakyReLU",) and "alpha" in fixed:
        fixed["negative_slope"] = fixed.pop("alpha")
    if kind == "Conv2DTranspose" and "output_shape" in fixed:
        fixed.pop("output_shape")
    if kind.startswith(("ZeroPadding2D", "ZeroPadding3D", "Cropping2D", "Cropping3D")):
        key = "padding" if kind.startswith("Zero") else "cropping"
        fixed[key] = _pairs(fixed[key], int(kind[-2]))
    if kind.endswith("Transpose") or kind.startswith(("Depthwise", "Separable")):
        fixed.pop("groups", None)
    return fixed


def _merged(fixed: dict[str, Any]) -> str:
    """What the Keras 1 layer that did all merging is called now."""
    kind = _MERGES.get(str(fixed.get("mode")), "Merge")
    if fixed.get("layers"):
        return "Merge"
    fixed["axis"] = fixed.get("concat_axis", -1)
    return kind


def _pairs(padding: Any, rank: int) -> Any:
    if isinstance(padding, int):
        return [[padding, padding]] * rank
    if len(padding) == 2 * rank:  # top, bottom, left, right
        return [[padding[2 * i], padding[2 * i + 1]] for i in range(rank)]
    return [[side, side] if isinstance(side, int) else side for side in padding]


def _own_words(value: Any) -> Any:
    """Modules of old Keras packages by their new name; numbers that were numpy's, plain."""
    if isinstance(value, dict):
        if value.get("class_name") == "__numpy__" or value.get("type") == "ndarray":
            return value.get("value", value.get("config", {}))
        module = value.get("module")
        fixed = {key: _own_words(item) for key, item in value.items()}
        if isinstance(module, str) and module.split(".")[0] == "tf_keras":
            fixed["module"] = module.removeprefix("tf_")
        return fixed
    return [_own_words(item) for item in value] if isinstance(value, list) else value


def kernels_as_now(
    kind: str, arrays: Weights, config: Mapping[str, Any], version: str, backend: str
) -> Weights:
    """Lay out a layer's kernels as Keras 3 does, whatever wrote them.

    Parameters
    ----------
    kind, config
        The layer's class and attributes in the words of Keras 3.
    arrays : tuple of ndarray
        Its weights as stored.
    version, backend : str
        The Keras that wrote them, and what it ran on; ``"1"`` when the file does not say.

    References
    ----------
    Keras 2, ``preprocess_weights_for_loading``: Keras 1 kept Theano's order of axes for channels
    first, and Theano's convolutions turn their kernels by 180°.
    """
    if not arrays or not kind.startswith("Conv") or arrays[0].ndim < 3:
        return arrays
    kernel = arrays[0]
    first = config.get("data_format") == "channels_first"
    transposed = kind.endswith("Transpose")
    spatial = tuple(range(2, kernel.ndim))
    if version.startswith("1"):
        if kind == "Conv1D" and kernel.ndim == 4:
            if kernel.shape[1] != 1:  # (filters, channels, length, 1)
                kernel = kernel.transpose(2, 3, 1, 0)
            kernel = kernel[:, 0]
        elif first:
            kernel = kernel.transpose(*spatial, *((0, 1) if transposed else (1, 0)))
        elif transposed:
            kernel = kernel.swapaxes(-1, -2)
    if backend == "theano":
        kernel = np.flip(kernel, tuple(range(kernel.ndim - 2)))
    if kernel is arrays[0]:
        return arrays
    kernel = np.ascontiguousarray(kernel)
    kernel.flags.writeable = False
    return (kernel, *arrays[1:])
