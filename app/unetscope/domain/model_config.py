"""A Keras model's configuration as plain data: checked, repaired, and as calls in order.

A model file is a stranger: nothing of it is run, and only layers known here are let through.
"""

from __future__ import annotations

import copy
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Shape

MAX_LAYERS = 5000
MAX_DEPTH = 64

NESTED = frozenset({"Functional", "Sequential"})
_RANKED = ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
_PER_RANK = (
    *("MaxPooling", "AveragePooling", "UpSampling", "ZeroPadding", "Cropping"),
    *("SpatialDropout", "GlobalMaxPooling", "GlobalAveragePooling"),
)
KNOWN = frozenset(
    (
        *_RANKED,
        *(f"{kind}{rank}D" for kind in _PER_RANK for rank in (1, 2, 3)),
        *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
        *("InputLayer", "Dense", "Identity", "Activation", "ActivityRegularization", "Masking"),
        *("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "BatchNormalization"),
        *("LayerNormalization", "GroupNormalization", "UnitNormalization", "Rescaling"),
        *("Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
        *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
        *("Reshape", "Flatten", "Permute", "RepeatVector", "Resizing", "CenterCrop"),
        *NESTED,
    )
)
# Plain Keras operations, such as the ``x * 2`` of a functional model.
_OPERATION_MODULES = frozenset(f"keras.src.ops.{name}" for name in ("numpy", "nn", "image"))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a layer: a node of the network.

    Attributes
    ----------
    name : str
        The layer's name; ``name:1`` and so on for the later calls of a shared layer.
    layer, kind : str
        The layer's own name and class.
    inputs : tuple of str
        Names of the calls it reads, in argument order.
    config : mapping
        The layer's attributes as the file states them.
    entry : mapping
        The layer's whole entry, of which a nested model is read.
    """

    name: str
    layer: str
    kind: str
    inputs: tuple[str, ...]
    config: Mapping[str, Any]
    entry: Mapping[str, Any]

    @property
    def is_first(self) -> bool:
        """Whether it is the layer's first call: the one its weights are shown at."""
        return self.name == self.layer


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A model's calls in topological order, the names of its outputs, and the shapes it states."""

    name: str
    kind: str
    calls: tuple[Call, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    declared: Mapping[str, Shape]


def call_name(layer: str, call: int) -> str:
    """Name a node: the first call of a layer by the layer's name, later ones ``name:1``."""
    return f"{layer}:{call}" if call else layer


def in_order(inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """Sort names so that each comes after its inputs; else they stay as they are listed.

    Raises
    ------
    ValueError
        The names go round in a circle.
    """
    rank = {name: i for i, name in enumerate(inputs)}
    waiting = {name: len(set(sources)) for name, sources in inputs.items()}
    readers: dict[str, list[str]] = {name: [] for name in inputs}
    for name, sources in inputs.items():
        for source in set(sources):
            readers[source].append(name)
    ready = [(rank[name], name) for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, name = heapq.heappop(ready)
        order.append(name)
        for reader in readers[name]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, (rank[reader], reader))
    if len(order) != len(inputs):
        raise ValueError("the layers feed each other in a circle")
    return order


def parse(config: object, file: str) -> ModelConfig:
    """Read a model's configuration.

    Parameters
    ----------
    config : object
        What ``config.json`` or the ``model_config`` attribute holds, already repaired.
    file : str
        The file's name, for errors.

    Raises
    ------
    ModelError
        It is no functional or sequential model, or a layer of it is not known or not safe.
    """
    check(config, file)
    assert isinstance(config, Mapping)
    try:
        return _sequential(config) if config["class_name"] == "Sequential" else _functional(config)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelError(
            f"{file} does not describe its network the way Keras does.",
            "Save the model again with model.save('name.keras').",
        ) from error


def check(config: object, file: str) -> None:
    """Refuse what is unknown, too big, or could run code; ModelError names the layers."""
    if not isinstance(config, Mapping) or not isinstance(config.get("config"), Mapping):
        raise ModelError(f"{file} does not hold a Keras model.", "Choose a .keras or .h5 file.")
    kind, inside = config.get("class_name"), config["config"]
    if kind not in NESTED or not isinstance(inside.get("layers"), Sequence):
        raise ModelError(
            f"{file} holds a model of the class {kind}, whose layers the file does not list.",
            "Rebuild it as a functional model and save that.",
        )
    bad: list[str] = []
    channels_first = False
    for count, entry in enumerate(_entries(config)):
        if count >= MAX_LAYERS:
            raise ModelError(f"{file} holds more than {MAX_LAYERS:,} layers.", "Is it a model?")
        own = entry.get("config")
        if isinstance(own, Mapping) and own.get("data_format") == "channels_first":
            channels_first = True
        if not _is_known(entry):
            bad.append(f"{entry.get('name') or _own_name(entry)} ({entry.get('class_name')})")
    if bad:
        shown = ", ".join(bad[:4]) + (f" and {len(bad) - 4} more" if len(bad) > 4 else "")
        raise ModelError(
            f"{file} holds layers that Unetscope does not open: {shown}.",
            "Code is never run from a file; put other layers in their place, and save again.",
        )
    if channels_first:
        raise ModelError(
            f"{file} keeps its channels first, which Unetscope cannot show yet.",
            "Rebuild it with data_format='channels_last' and set the same weights.",
        )
    if _holds_code(inside):
        raise ModelError(
            f"{file} holds Python code in place of a named function.",
            "Use functions built into Keras, and save again.",
        )


def repaired(config: object) -> Any:
    """Give a copy in the words of Keras 3: old class and module names, arguments it dropped."""
    fixed = copy.deepcopy(config)
    if not isinstance(fixed, dict):
        return fixed
    fixed.pop("compile_config", None)
    _repair(fixed, top=True)
    return fixed


def _repair(entry: dict[str, Any], *, top: bool = False) -> None:
    config = entry.get("config")
    kind = entry.get("class_name")
    if kind == "Model":
        entry["class_name"] = kind = "Functional"
    if str(entry.get("module", "")).startswith("keras.src.engine"):
        entry["module"] = "keras"
    if kind == "Sequential" and isinstance(config, list):  # the oldest files
        entry["config"] = config = {"name": "sequential", "layers": config}
    if not isinstance(config, dict):
        return
    if kind == "Conv2DTranspose":
        config.pop("groups", None)
    if kind in NESTED and isinstance(config.get("layers"), list):
        layers = config["layers"]
        for inner in layers:
            if isinstance(inner, dict):
                _repair(inner)
        if kind == "Sequential" and top:
            _add_input(config, layers)


def _add_input(config: dict[str, Any], layers: list[Any]) -> None:
    """Give a Sequential without an input layer the one its first layer or build states."""
    if not layers or not isinstance(layers[0], dict) or layers[0]["class_name"] == "InputLayer":
        return
    first = layers[0].get("config", {})
    shape = first.get("batch_shape") or first.get("batch_input_shape")
    shape = shape or config.get("build_input_shape")
    if shape:
        entry = {"batch_shape": list(shape), "dtype": "float32", "name": "input_layer"}
        layers.insert(0, {"module": "keras.layers", "class_name": "InputLayer", "config": entry})
        first.pop("batch_input_shape", None)


def _entries(model: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if depth > MAX_DEPTH:
        raise ModelError("The model's models are nested too deeply.", "Is it a model?")
    for entry in model["config"]["layers"]:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
            yield {"class_name": "?", "name": "?"}
            continue
        yield entry
        if entry.get("class_name") in NESTED and isinstance(entry["config"].get("layers"), list):
            yield from _entries(entry, depth + 1)


def _is_known(entry: Mapping[str, Any]) -> bool:
    if is_operation(entry):
        return True
    module = entry.get("module")
    is_keras = module is None or str(module).split(".")[0] in ("keras", "tf_keras")
    kind = entry.get("class_name")
    return kind in KNOWN and is_keras and entry.get("registered_name") in (None, kind)


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a plain operation such as ``x * 2``, which is no layer to Keras."""
    return entry.get("module") in _OPERATION_MODULES


def _holds_code(value: object, depth: int = 0) -> bool:
    if depth > MAX_DEPTH:
        return True
    if isinstance(value, Mapping):
        if value.get("class_name") in ("__lambda__", "Lambda"):
            return True
        module = value.get("module")
        stated = module.split(".")[0] if isinstance(module, str) else None
        if "class_name" in value and stated not in (None, "keras", "builtins"):
            return True
        return any(_holds_code(item, depth + 1) for item in value.values())
    if isinstance(value, list):
        return any(_holds_code(item, depth + 1) for item in value)
    return False


def _own_name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or entry["config"].get("name") or entry["class_name"].lower())


def _sequential(model: Mapping[str, Any]) -> ModelConfig:
    config = model["config"]
    calls: list[Call] = []
    for entry in config["layers"]:
        name = _own_name(entry)
        before = (calls[-1].name,) if calls else ()
        calls.append(Call(name, name, entry["class_name"], before, entry["config"], entry))
    name = str(config.get("name", "sequential"))
    return ModelConfig(name, "Sequential", tuple(calls), (calls[0].name,), (calls[-1].name,), {})


def _functional(model: Mapping[str, Any]) -> ModelConfig:
    config = model["config"]
    entries = {_own_name(entry): entry for entry in config["layers"]}
    offsets = _offsets(entries)
    declared: dict[str, Shape] = {}
    inputs: dict[str, list[str]] = {}
    owner: dict[str, str] = {}
    for layer, entry in entries.items():
        for call, node in enumerate(entry["inbound_nodes"] or [None]):
            name = call_name(layer, call)
            owner[name] = layer
            inputs[name] = []
            for source, index, tensor, shape in _tensors(node):
                read = call_name(source, index - offsets.get(source, 0))
                inputs[name].append(read)
                if shape is not None and tensor == 0:
                    declared[read] = shape
    calls = []
    for name in in_order(inputs):
        layer = owner[name]
        entry = entries[layer]
        kind, given = entry["class_name"], entry["config"]
        calls.append(Call(name, layer, kind, tuple(inputs[name]), given, entry))
    ends = [
        tuple(call_name(s, i - offsets.get(s, 0)) for s, i in _ends(config[key]))
        for key in ("input_layers", "output_layers")
    ]
    name = str(config.get("name", "model"))
    return ModelConfig(name, "Functional", tuple(calls), ends[0], ends[1], declared)


def _offsets(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """At which number the calls of nested models begin: Keras 2 began to count them at 1."""
    least: dict[str, int] = {}
    for entry in entries.values():
        for node in entry["inbound_nodes"]:
            for source, index, _, _ in _tensors(node):
                least[source] = min(index, least.get(source, index))
    return {name: least[name] for name in least if entries[name]["class_name"] in NESTED}


def _tensors(node: Any) -> Iterator[tuple[str, int, int, Shape | None]]:
    """Layer, call, output and shape of every tensor among a call's arguments, in order."""
    if isinstance(node, list):  # as Keras 2 wrote it: [[layer, call, output, arguments], ...]
        for item in node:
            if not isinstance(item, list):
                continue
            yield str(item[0]), int(item[1]), int(item[2]), None
    elif isinstance(node, Mapping):
        yield from _keras_tensors(node["args"])
        yield from _keras_tensors(node["kwargs"])


def _keras_tensors(value: Any) -> Iterator[tuple[str, int, int, Shape | None]]:
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            layer, call, output = value["config"]["keras_history"]
            shape = tuple(value["config"]["shape"])
            yield str(layer), int(call), int(output), shape
            return
        for key in sorted(value):
            yield from _keras_tensors(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from _keras_tensors(item)


def _ends(value: Any) -> Iterator[tuple[str, int]]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _ends(value[key])
    elif isinstance(value, list) and value and isinstance(value[0], str):
        yield value[0], int(value[1])
    elif isinstance(value, list):
        for item in value:
            yield from _ends(item)
