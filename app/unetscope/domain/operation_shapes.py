"""What shape a plain Keras operation gives, such as the ``x * 2`` of a functional model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unetscope.domain.graph import Shape
from unetscope.domain.known_layers import BROADCAST, ELEMENTWISE, REDUCTIONS
from unetscope.domain.model_config import Call, Read

Length = int | None
_UNCHANGED = frozenset().union(*ELEMENTWISE.values()) | {"Softmax", "LogSoftmax", "Flip"}


def operation_shape(call: Call, inputs: Sequence[Shape]) -> Shape:
    """Work out an operation's output shape; ``()`` where there is no rule."""
    kind, config, first = call.kind, call.config, inputs[0]
    if kind in _UNCHANGED:
        return first
    if kind in BROADCAST:
        return broadcast(inputs)
    if kind in REDUCTIONS:
        return _reduced(config.get("axis"), bool(config.get("keepdims")), first)
    if kind == "Concatenate":
        return concatenated(config.get("axis", 0), inputs)
    if kind == "Reshape":
        return tuple(reshaped(config["newshape"], first))
    if kind == "Transpose":
        axes = config.get("axes") or range(len(first))[::-1]
        return tuple(first[axis] for axis in axes)
    if kind == "ExpandDims":
        axis = config["axis"] % (len(first) + 1)
        return (*first[:axis], 1, *first[axis:])
    if kind == "Squeeze" and isinstance(config.get("axis"), int):
        axis = config["axis"] % len(first)
        return (*first[:axis], *first[axis + 1 :])
    if kind == "Pad":
        pads = config["pad_width"]
        return tuple(None if n is None else n + sum(p) for n, p in zip(first, pads, strict=True))
    if kind == "Resize" and config.get("data_format") in (None, "channels_last"):
        return (*first[:-3], *config["size"], first[-1])
    if kind in ("DepthToSpace", "SpaceToDepth"):
        return _blocks(kind == "DepthToSpace", int(config["block_size"]), first)
    if kind == "GetItem":
        return _taken(call.args[1] if len(call.args) > 1 else call.kwargs["key"], first)
    return ()


def _reduced(axis: Any, keep: bool, first: Shape) -> Shape:
    axes = range(len(first)) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = {a % len(first) for a in axes}
    lengths = [(1 if i in gone else n) for i, n in enumerate(first) if keep or i not in gone]
    return tuple(lengths)


def _blocks(spread: bool, size: int, first: Shape) -> Shape:
    batch, rows, columns, channels = first
    if channels is None:
        return ()
    if spread:
        grid = [None if n is None else n * size for n in (rows, columns)]
        return (batch, *grid, channels // size**2)
    return (batch, *(None if n is None else n // size for n in (rows, columns)), channels * size**2)


def _taken(key: Any, first: Shape) -> Shape:
    """Shape after indexing with slices, whole numbers, ``None`` and an ellipsis."""
    parts = list(key) if isinstance(key, (list, tuple)) else [key]
    if any(isinstance(part, Read) for part in parts):
        return ()
    named = [part for part in parts if part is not None and not _is(part, "__ellipsis__")]
    if not any(_is(part, "__ellipsis__") for part in parts):
        parts.append({"class_name": "__ellipsis__"})
    result: list[int | None] = []
    at = 0
    for part in parts:
        if part is None:
            result.append(1)
        elif _is(part, "__ellipsis__"):
            rest = len(first) - len(named)
            result.extend(first[at : at + rest])
            at += rest
        elif isinstance(part, int):
            at += 1
        else:
            result.append(_sliced(part["config"], first[at]))
            at += 1
    return tuple(result)


def _sliced(ends: Mapping[str, Any], length: int | None) -> int | None:
    start, stop, step = ends["start"], ends["stop"], ends["step"]
    if length is not None:
        return len(range(*slice(start, stop, step).indices(length)))
    return None


def _is(part: Any, name: str) -> bool:
    return isinstance(part, Mapping) and part.get("class_name") == name


def broadcast(inputs: Sequence[Shape]) -> Shape:
    """Shape of arrays broadcast against each other, as numpy does it."""
    rank = max(map(len, inputs))
    padded = [(*((1,) * (rank - len(s))), *s) for s in inputs]
    return tuple(_widest(lengths) for lengths in zip(*padded, strict=True))


def _widest(lengths: Sequence[Length]) -> Length:
    known = [n for n in lengths if n != 1]
    if not known:
        return 1
    return next((n for n in known if n is not None), None)


def concatenated(axis: int, inputs: Sequence[Shape]) -> Shape:
    """Shape of arrays joined along an axis."""
    result = list(inputs[0])
    lengths = [shape[axis] for shape in inputs]
    result[axis] = None if None in lengths else sum(n for n in lengths if n is not None)
    for i in range(1, len(result)):
        if i != axis % len(result):
            result[i] = next((s[i] for s in inputs if s[i] is not None), None)
    return tuple(result)


def reshaped(target: Sequence[Length], lengths: Sequence[Length]) -> list[Length]:
    """Lengths after a reshape, with the one that is -1 worked out where that is possible."""
    result = list(target)
    size = product(lengths)
    if -1 in result:
        rest = product([n for n in result if n != -1])
        result[result.index(-1)] = size // rest if size is not None and rest else None
    return result


def product(lengths: Sequence[Length]) -> Length:
    """All lengths multiplied; None where one is not known."""
    total = 1
    for length in lengths:
        if length is None:
            return None
        total *= length
    return total
