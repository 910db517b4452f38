"""Read a Keras model file into a `Network` without Keras or TensorFlow, in a tenth of a second."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Graph, Layer, WeightSpec
from unetscope.domain.kernels import Weights
from unetscope.domain.model_config import NESTED, Call, ModelConfig, is_operation, parse, repaired
from unetscope.domain.network import Network
from unetscope.io.keras_archive import StoredModel, fingerprint_of, opened, stored_weights
from unetscope.io.layer_shapes import shapes_of

Slot = tuple[str, bool]  # a weight's name, and whether training moves it
Inner = tuple[str, str, list[Any]]


def read_network(path: Path | str) -> Network:
    """Read a ``.keras`` or ``.h5`` file: its layers, shapes and trained weights.

    Parameters
    ----------
    path : Path
        The file. What counts is its content, not what its name ends in.

    Returns
    -------
    network : Network
        With read-only float32 weights in Keras order (``get_weights``).

    Raises
    ------
    ModelError
        The file is missing, damaged, no whole model, or holds layers that are not known.
    """
    path = Path(path)
    with opened(path) as stored:
        model = parse(repaired(stored.config), path.name)
        weights = _weights(stored, model, path.name)
    shapes = shapes_of(model)
    layers, trained = [], {}
    for call in model.calls:
        arrays = weights.get(call.layer, ()) if call.is_first else ()
        slots = _slots(call.entry) if arrays else []
        specs = tuple(
            WeightSpec(slot[0], array.shape) for slot, array in zip(slots, arrays, strict=True)
        )
        moved = sum(a.size for (_, moves), a in zip(slots, arrays, strict=True) if moves)
        layers.append(
            Layer(call.name, call.kind, shapes[call.name], call.inputs, specs, moved, call.config)
        )
        if arrays:
            trained[call.name] = arrays
    graph = Graph(layers, model.outputs)
    return Network(path, fingerprint_of(path), model.name, graph, trained)


def _weights(stored: StoredModel, model: ModelConfig, name: str) -> dict[str, Weights]:
    firsts = {call.layer: call for call in model.calls if call.is_first}
    entries = _saved_order(stored, firsts)
    found = stored_weights(stored, [_inner(entry) for entry in entries], name)
    for layer, call in firsts.items():
        arrays = found.get(layer, ())
        slots = _slots(call.entry)
        if len(arrays) != len(slots):
            raise ModelError(
                f"{name} holds {len(arrays)} weight arrays for layer {layer}, "
                f"but {len(slots)} were expected.",
                "Save the model again with model.save('name.keras').",
            )
        if stored.legacy and call.kind in NESTED:  # there, what training moves comes first
            order = sorted(range(len(slots)), key=lambda i, s=slots: not s[i][1])  # type: ignore[misc]
            found[layer] = tuple(arrays[order.index(i)] for i in range(len(slots)))
    return found


def _saved_order(stored: StoredModel, firsts: Mapping[str, Call]) -> list[Mapping[str, Any]]:
    """Entries as the file lists them: the groups of weights are counted in that order."""
    listed = repaired(stored.config)["config"]["layers"]
    names = [_name(entry) for entry in listed]
    return [firsts[name].entry for name in names if not is_operation(firsts[name].entry)]


def _inner(entry: Mapping[str, Any]) -> Inner:
    inner = entry["config"]["layers"] if entry["class_name"] in NESTED else []
    layers = [layer for layer in inner if not is_operation(layer)]
    return _name(entry), entry["class_name"], [_inner(layer) for layer in layers]


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or entry["config"].get("name") or entry["class_name"].lower())


def _slots(entry: Mapping[str, Any], trainable: bool = True) -> list[Slot]:
    """Names of a layer's weights in Keras order, and which of them training moves."""
    kind, config = entry["class_name"], entry["config"]
    trainable = trainable and bool(config.get("trainable", True))
    if kind in NESTED:
        return [slot for inner in config["layers"] for slot in _slots(inner, trainable)]
    if is_operation(entry):
        return []
    names: list[str] = []
    fixed: list[str] = []
    if kind == "PReLU":
        names = ["alpha"]
    elif kind.startswith("Separable"):
        names = ["depthwise_kernel", "pointwise_kernel"]
    elif kind == "Dense" or (kind.endswith(("Conv1D", "Conv2D", "Conv3D", "Transpose"))):
        names = ["kernel"]
    elif kind in ("BatchNormalization", "LayerNormalization", "GroupNormalization"):
        names = ["gamma"] * config.get("scale", True) + ["beta"] * config.get("center", True)
        fixed = ["moving_mean", "moving_variance"] * (kind == "BatchNormalization")
    if names and names[0] != "alpha" and "Norm" not in kind and config.get("use_bias", True):
        names = [*names, "bias"]
    return [(name, trainable) for name in names] + [(name, False) for name in fixed]
