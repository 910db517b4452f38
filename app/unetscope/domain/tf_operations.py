"""TensorFlow functions inside Keras 2 models (``TFOpLambda``) as plain Keras operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Made = tuple[str, str, dict[str, Any], list[Any]]  # module, class, attributes, arguments

_PREFIXES = ("math.", "nn.", "__operators__.", "linalg.", "keras.activations.", "keras.backend.")
_BINARY = {
    **{"add": "Add", "subtract": "Subtract", "multiply": "Multiply", "divide": "Divide"},
    **{"truediv": "Divide", "pow": "Power", "maximum": "Maximum", "minimum": "Minimum"},
}
_NUMPY = {
    **{"tanh": "Tanh", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "square": "Square"},
    **{"abs": "Absolute", "negative": "Negative", "sin": "Sin", "cos": "Cos"},
}
_NN = {
    **{"relu": "Relu", "relu6": "Relu6", "sigmoid": "Sigmoid", "silu": "Silu", "swish": "Silu"},
    **{"elu": "Elu", "selu": "Selu", "softplus": "Softplus", "softsign": "Softsign"},
}
_REDUCED = {"mean": "Mean", "sum": "Sum", "max": "Max", "min": "Min", "prod": "Prod"}
_METHODS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


def as_operation(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the same as a Keras operation; None where there is none that does exactly that.

    Parameters
    ----------
    entry : mapping
        The entry of a ``TFOpLambda`` or ``SlicingOpLambda``.
    """
    function = str(entry["config"].get("function", ""))
    try:
        nodes, made = [], None
        for node in entry["inbound_nodes"]:
            first, given = _arguments(node)
            made = _made(entry["class_name"], function, first, given)
            if made is None or given:  # what is left over is not understood
                return None
            nodes.append({"args": made[3], "kwargs": {}})
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    if made is None:
        return None
    name = entry["config"]["name"]
    return {
        "module": f"keras.src.ops.{made[0]}",
        "class_name": made[1],
        "config": {"name": name, **made[2]},
        "registered_name": made[1],
        "name": name,
        "inbound_nodes": nodes,
    }


def _made(kind: str, function: str, first: Any, given: dict[str, Any]) -> Made | None:
    if kind == "SlicingOpLambda" or function == "__operators__.getitem":
        return "numpy", "GetItem", {}, [first, _slices(given.pop("slice_spec"))]
    name = function.removeprefix("compat.v1.")
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    if name in _BINARY:
        return "numpy", _BINARY[name], {}, [first, given.pop("y")]
    if name in _NUMPY:
        return "numpy", _NUMPY[name], {}, [first]
    if name in _NN:
        return "nn", _NN[name], {}, [first]
    if name.startswith("reduce_") and name.removeprefix("reduce_") in _REDUCED:
        axis, keep = _axes(given.pop("axis", None)), bool(given.pop("keepdims", False))
        return (
            "numpy",
            _REDUCED[name.removeprefix("reduce_")],
            {"axis": axis, "keepdims": keep},
            [first],
        )
    other = _OTHERS.get(name)
    return other(first, given) if other else None


def _concat(first: Any, given: dict[str, Any]) -> Made:
    return "numpy", "Concatenate", {"axis": int(given.pop("axis"))}, [first]


def _stack(first: Any, given: dict[str, Any]) -> Made:
    return "numpy", "Stack", {"axis": int(given.pop("axis", 0))}, [first]


def _reshape(first: Any, given: dict[str, Any]) -> Made:
    return "numpy", "Reshape", {"newshape": _numbers(given.pop("shape"))}, [first]


def _expand(first: Any, given: dict[str, Any]) -> Made:
    return "numpy", "ExpandDims", {"axis": int(given.pop("axis"))}, [first]


def _squeeze(first: Any, given: dict[str, Any]) -> Made:
    return "numpy", "Squeeze", {"axis": _axes(given.pop("axis", None))}, [first]


def _transpose(first: Any, given: dict[str, Any]) -> Made | None:
    if given.pop("conjugate", False):
        return None
    return "numpy", "Transpose", {"axes": _numbers(given.pop("perm"))}, [first]


def _pad(first: Any, given: dict[str, Any]) -> Made:
    widths = [_numbers(pair) for pair in given.pop("paddings")]
    mode = str(given.pop("mode", "CONSTANT")).lower()
    if given.pop("constant_values", 0):
        raise ValueError("only padding with zeros")
    return "numpy", "Pad", {"pad_width": widths, "mode": mode}, [first]


def _resize(first: Any, given: dict[str, Any]) -> Made | None:
    method = str(given.pop("method", "bilinear"))
    if given.pop("preserve_aspect_ratio", False) or method not in _METHODS:
        return None
    smooth = bool(given.pop("antialias", False))
    size = _numbers(given.pop("size"))
    asked = {"size": size, "interpolation": method, "antialias": smooth}
    return "image", "Resize", {**asked, "data_format": "channels_last"}, [first]


def _cast(first: Any, given: dict[str, Any]) -> Made | None:
    if given.pop("dtype") not in ("float16", "bfloat16", "float32", "float64"):
        return None
    return "core", "Cast", {"dtype": "float32"}, [first]


def _clip(first: Any, given: dict[str, Any]) -> Made:
    low, high = float(given.pop("clip_value_min")), float(given.pop("clip_value_max"))
    return "numpy", "Clip", {"x_min": low, "x_max": high}, [first]


def _leaky(first: Any, given: dict[str, Any]) -> Made:
    return "nn", "LeakyRelu", {"negative_slope": float(given.pop("alpha", 0.2))}, [first]


def _gelu(first: Any, given: dict[str, Any]) -> Made:
    return "nn", "Gelu", {"approximate": bool(given.pop("approximate", False))}, [first]


def _softmax(first: Any, given: dict[str, Any]) -> Made:
    return "nn", "Softmax", {"axis": int(given.pop("axis", -1))}, [first]


def _depth_to_space(first: Any, given: dict[str, Any]) -> Made:
    return _blocks("DepthToSpace", first, given)


def _space_to_depth(first: Any, given: dict[str, Any]) -> Made:
    return _blocks("SpaceToDepth", first, given)


def _blocks(kind: str, first: Any, given: dict[str, Any]) -> Made:
    if given.pop("data_format", "NHWC") != "NHWC":
        raise ValueError("only channels last")
    return "nn", kind, {"block_size": int(given.pop("block_size"))}, [first]


def _same(first: Any, given: dict[str, Any]) -> Made:
    return "core", "StopGradient", {}, [first]


_OTHERS: dict[str, Callable[[Any, dict[str, Any]], Made | None]] = {
    **{"concat": _concat, "stack": _stack, "reshape": _reshape, "expand_dims": _expand},
    **{"squeeze": _squeeze, "transpose": _transpose, "pad": _pad, "image.resize": _resize},
    **{"cast": _cast, "clip_by_value": _clip, "leaky_relu": _leaky, "gelu": _gelu},
    **{"softmax": _softmax, "depth_to_space": _depth_to_space, "identity": _same},
    **{"space_to_depth": _space_to_depth, "stop_gradient": _same},
}


def _arguments(node: Any) -> tuple[Any, dict[str, Any]]:
    """The first argument and the named ones, tensors in the words of Keras 3."""
    alone = isinstance(node[0], str)
    items = [node] if alone else node
    given = items[0][3] if len(items[0]) > 3 else {}
    tensors = [_tensor(item[:3]) for item in items]
    named = {k: _tensor(v) for k, v in given.items() if v is not None and k != "name"}
    return (tensors[0] if alone else tensors), named


def _tensor(value: Any) -> Any:
    """A tensor, as ``[layer, call, output]``, or a plain value."""
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        if value[0] == "_CONSTANT_VALUE":
            return value[2]
        stated = {"shape": None, "dtype": "float32", "keras_history": value}
        return {"class_name": "__keras_tensor__", "config": stated}
    return value


def _axes(axis: Any) -> Any:
    return axis if axis is None else _numbers(axis) if isinstance(axis, list) else int(axis)


def _numbers(values: Any) -> list[int]:
    """Whole numbers known beforehand, which a shape computed by the network is not."""
    return [int(value) for value in values]


def _slices(spec: Any) -> list[Any]:
    parts: list[Any] = []
    for part in spec if isinstance(spec, list) else [spec]:
        if isinstance(part, Mapping) and "start" in part:
            ends = {key: part[key] for key in ("start", "stop", "step")}
            if not all(end is None or isinstance(end, int) for end in ends.values()):
                raise ValueError("a slice that the network computes")
            parts.append({"class_name": "__slice__", "config": ends})
        elif part == "..." or (isinstance(part, Mapping) and "llipsis" in str(part)):
            parts.append({"class_name": "__ellipsis__", "config": {}})
        elif part is None or isinstance(part, int):
            parts.append(part)
        else:
            raise ValueError("a slice that the network computes")
    return parts
