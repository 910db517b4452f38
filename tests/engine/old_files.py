"""Writers of model files as older Kerases wrote them: plain JSON, zip and HDF5."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Config = dict[str, Any]
Arrays = Mapping[str, Sequence[Any]]  # by the layer's name
_PARTS = ("_query_dense", "_key_dense", "_value_dense", "_output_dense")


def described(model: Any) -> Config:
    """A Keras 3 model's configuration as plain data."""
    config: Config = json.loads(model.to_json())
    for key in ("compile_config", "build_config"):
        config.pop(key, None)
    return config


def in_words_of_keras_2(config: Config, *, archive: bool) -> Config:
    """Rewrite a configuration as Keras 2 wrote it, in ``.keras`` archives or in ``.h5``."""
    kind = config["class_name"]
    inside = config["config"]
    entries = []
    for entry in inside["layers"]:
        if entry["class_name"] in ("Functional", "Sequential"):
            new = in_words_of_keras_2(entry, archive=archive)
        else:
            own = {k: v for k, v in entry["config"].items() if k not in ("batch_shape", "optional")}
            if "batch_shape" in entry["config"]:
                own |= {"batch_input_shape": entry["config"]["batch_shape"], "ragged": False}
            own["dtype"] = _policy(own.get("dtype", "float32"))
            if entry["class_name"].endswith("Transpose"):
                own["groups"] = 1
            if entry["class_name"] == "LeakyReLU":
                own["alpha"] = own.pop("negative_slope")
            new = {"class_name": entry["class_name"], "config": own}
            if archive:
                new |= {"module": "keras.layers", "registered_name": None}
        if kind == "Functional":
            new["name"] = entry["name"]
            new["inbound_nodes"] = [
                _node(node, inside["layers"]) for node in entry["inbound_nodes"]
            ]
        entries.append(new)
    given = {**inside, "layers": entries}
    if kind == "Functional":
        for key in ("input_layers", "output_layers"):
            ends = given[key] if isinstance(given[key][0], list) else [given[key]]
            given[key] = [_counted(end, inside["layers"], at_end=True) for end in ends]
    new_config: Config = {"class_name": kind, "config": given}
    if archive:
        module = "keras.src.engine.functional" if kind == "Functional" else "keras"
        new_config |= {"module": module, "registered_name": kind}
    return new_config


def _policy(dtype: Any) -> Any:
    """Keras 2 wrote a plain name, or the class ``Policy`` for a mixed one."""
    name = dtype["config"]["name"] if isinstance(dtype, dict) else dtype
    if "mixed" in name:
        return {"class_name": "Policy", "config": {"name": name}}
    return name


def _counted(end: list[Any], layers: list[Config], *, at_end: bool = False) -> list[Any]:
    """Keras 2 counted the calls of nested models from 1: the first was its own making.

    Keras 3 still does so at the end of the whole model, for functional ones.
    """
    kinds = {entry["name"]: entry["class_name"] for entry in layers if "name" in entry}
    is_nested = kinds.get(end[0]) in (("Sequential",) if at_end else ("Functional", "Sequential"))
    return [end[0], end[1] + is_nested, end[2]]


def _node(node: Config, layers: list[Config]) -> list[Any]:
    def history(value: Config) -> list[Any]:
        return _counted(value["config"]["keras_history"], layers)

    first = node["args"][0]
    more = {k: v for k, v in node["kwargs"].items() if v is not None}
    if len(node["args"]) > 1:  # the value of an attention
        more["value"] = history(node["args"][1])
    tensors = first if isinstance(first, list) else [first]
    return [[*history(tensor), more] for tensor in tensors]


def weights_of(model: Any) -> dict[str, list[Any]]:
    """All weights by layer: what training moves first, as ``.h5`` files keep them."""
    return {
        layer.name: [
            np.asarray(w) for w in (*layer.trainable_weights, *layer.non_trainable_weights)
        ]
        for layer in model.layers
    }


def write_h5(
    path: Path,
    config: Config,
    arrays: Arrays,
    *,
    version: str | None = "2.11.0",
    backend: str = "tensorflow",
    chunked: bool = False,
    training: Config | None = None,
) -> Path:
    """Write ``.h5`` the way ``model.save`` did: groups by layer, names among the attributes."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        file.attrs["backend"] = backend
        if version is not None:
            file.attrs["keras_version"] = version
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
            file["optimizer_weights/training/Adam/iter:0"] = np.int64(7)
        top = file.create_group("model_weights")
        top.attrs["layer_names"] = [name.encode() for name in arrays]
        for layer in arrays:
            group = top.create_group(layer) if layer not in top else top[layer]
            names = [f"{layer}/w_{i}:0".encode() for i in range(len(arrays[layer]))]
            if chunked and len(names) > 1:
                group.attrs["weight_names0"] = names[:1]
                group.attrs["weight_names1"] = names[1:]
            else:
                group.attrs["weight_names"] = names
            for name, array in zip(names, arrays[layer], strict=True):
                group[name.decode()] = array
    return path


def write_archive(path: Path, config: Config, arrays: Mapping[str, Any]) -> Path:
    """Write a ``.keras`` archive of a configuration and of arrays by their paths."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.13.1"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", stream.getvalue())
    return path


def archived_weights(model: Any, root: str = "layers", separator: str = "/") -> dict[str, Any]:
    """Arrays by the paths that Keras 2.12 to 2.15 gave them: class and count, not name.

    Parameters
    ----------
    root : str
        ``layers``, or ``_layer_checkpoint_dependencies`` before 2.14.
    separator : str
        A backslash on Windows before 2.14, which made the path one long name.
    """
    found: dict[str, Any] = {}

    def walk(part: Any, prefix: str) -> None:
        seen: dict[str, int] = {}
        for layer in part.layers:
            base = _snake_case(type(layer).__name__)
            count = seen[base] = seen.get(base, -1) + 1
            here = f"{prefix}{root}{separator}{base}" + (f"_{count}" if count else "")
            if hasattr(layer, "layers"):
                walk(layer, f"{here}{separator}")
            elif base == "multi_head_attention":
                for i, array in enumerate(layer.get_weights()):
                    found[f"{here}/{_PARTS[i // 2]}/vars/{i % 2}"] = array
            else:
                for i, array in enumerate(layer.get_weights()):
                    found[f"{here}/vars/{i}"] = array

    walk(model, "")
    return found


def _snake_case(kind: str) -> str:
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def channels_first(config: Config, model: Any) -> None:
    """Rewrite a functional channels-last configuration, in place, to put channels first."""
    for entry in config["config"]["layers"]:
        own = entry["config"]
        if entry["class_name"] in ("Functional", "Sequential"):
            channels_first(entry, model.get_layer(entry["config"]["name"]))
            continue
        if entry["class_name"] != "InputLayer":
            read = model.get_layer(own["name"]).input
            rank = len((read[0] if isinstance(read, list) else read).shape)
        if "batch_shape" in own and len(own["batch_shape"]) > 2:
            n, *space, c = own["batch_shape"]
            own["batch_shape"] = [n, c, *space]
        if "data_format" in own:
            own["data_format"] = "channels_first"
        if entry["class_name"] in ("BatchNormalization", "Concatenate", "Softmax"):
            own["axis"] = 1 if rank > 2 else -1
        if entry["class_name"] == "LayerNormalization":
            own["axis"] = [1]
        if entry["class_name"] == "PReLU" and own["shared_axes"]:
            own["shared_axes"] = [2, 3]
        if entry["class_name"] == "Reshape":
            own["target_shape"] = [own["target_shape"][-1], *own["target_shape"][:-1]]
        _turn_shapes(entry.get("inbound_nodes"))


def _turn_shapes(value: Any) -> None:
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            shape = value["config"]["shape"]
            if len(shape) > 2:
                value["config"]["shape"] = [shape[0], shape[-1], *shape[1:-1]]
            return
        for item in value.values():
            _turn_shapes(item)
    elif isinstance(value, list):
        for item in value:
            _turn_shapes(item)
