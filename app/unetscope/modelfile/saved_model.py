"""SavedModel folders of Keras 2, read without running or loading what they compute.

The computation in ``saved_model.pb`` can write files when it is loaded, so it is left alone. What
Keras says of its layers gives the network; the checkpoint under ``variables`` gives the weights.
Both name every object by its path from the model, as ``root.layer_with_weights-0``, and that is
how they are matched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unetscope.domain.errors import ModelError
from unetscope.domain.kernels import Weights
from unetscope.domain.layer_weights import Slot, slots_of
from unetscope.domain.model_config import Call, ModelConfig, parse
from unetscope.domain.stand_ins import Replacements
from unetscope.modelfile.checkpoint import Checkpoint
from unetscope.modelfile.content import Content
from unetscope.modelfile.protobuf import messages, text, whole_number
from unetscope.modelfile.strict_json import read_json
from unetscope.modelfile.tf_graph import check_operations

GRAPH = "saved_model.pb"
METADATA = "keras_metadata.pb"
MAX_METADATA, MAX_GRAPH = 64 << 20, 256 << 20
_SAVE_AGAIN = "Open it with the Keras it was saved with, and save it as a .keras file."
_COPY_AGAIN = "Copy the folder again from where it came from."

Described = dict[str, Mapping[str, Any]]  # what Keras says of each object, by its path


def read_folder(
    folder: Content, replaced: Replacements = ()
) -> tuple[ModelConfig, dict[str, Weights]]:
    """Read the network of a SavedModel folder and its trained weights.

    Parameters
    ----------
    folder : Content
        Written by ``model.save(folder)`` of Keras 2.
    replaced : tuple of Replacement
        What stands in for layers that are not known.

    Returns
    -------
    model : ModelConfig
        As the folder states it.
    weights : dict of str to tuple of ndarray
        Read-only float32 arrays in Keras order by layer, ``outer/inner`` in nested models.

    Raises
    ------
    ModelError
        The folder was not saved by Keras 2, is damaged, or holds layers or operations that are
        not known.
    """
    name = folder.name
    check_operations(folder.files[GRAPH], name)
    described = _described(folder)
    root = described.get("root", {})
    if "class_name" not in root or "config" not in root:
        raise ModelError(
            f"{name} is a SavedModel without Keras's description of its layers.",
            "Only its computation was exported: save the model itself as a .keras file.",
        )
    config = _plain({"class_name": root["class_name"], "config": root["config"]})
    if isinstance(config["config"], dict):
        config["config"].setdefault("build_input_shape", _plain(root.get("build_input_shape")))
    model = parse(config, name, replaced)
    prefix = "variables/"
    files = {path.removeprefix(prefix): data for path, data in folder.files.items()}
    checkpoint = Checkpoint(files, name)
    return model, _Weights(checkpoint, described, name).of(model)


# ------------------------------------------------------------ what Keras says


def _described(folder: Content) -> Described:
    """What Keras says, from its own file or, before Keras 2.5, from beside the computation."""
    file, read, limit = METADATA, _from_metadata, MAX_METADATA
    if file not in folder.files:
        file, read, limit = GRAPH, _from_graph, MAX_GRAPH
    content = folder.files[file]
    if len(content) > limit:
        raise ModelError(
            f"{folder.name} has a description too long to be a model's.", "Is it a model?"
        )
    try:
        found = {place: read_json(about) for place, about in read(content)}
    except (ValueError, IndexError) as error:
        raise ModelError(
            f"{folder.name} is damaged: {file} cannot be read.", _COPY_AGAIN
        ) from error
    return {place: about for place, about in found.items() if isinstance(about, dict)}


def _from_metadata(content: bytes) -> Iterator[tuple[str, str]]:
    """Path and description of each object, from Keras's ``SavedMetadata``."""
    for saved in messages(content, 1):
        yield text(saved, 3), text(saved, 5)


def _from_graph(content: bytes) -> Iterator[tuple[str, str]]:
    """The same from ``SavedModel``, whose objects say who their children are."""
    graphs = messages(content, 2)
    objects = messages(messages(graphs[0], 7)[0], 1) if graphs and messages(graphs[0], 7) else []
    for place, index in _paths(objects).items():
        for known in messages(objects[index], 4):
            if text(known, 1).startswith("_tf_keras_") and text(known, 3):
                yield place, text(known, 3)


def _paths(objects: list[bytes]) -> dict[str, int]:
    """The shortest path to every object, from the model on, with the object's number."""
    found = {"root": 0} if objects else {}
    seen, ring = {0}, list(found)
    while ring:
        following = []
        for place in ring:
            for child in messages(objects[found[place]], 1):
                index = whole_number(child, 1)
                if index not in seen and index < len(objects):
                    seen.add(index)
                    below = f"{place}.{text(child, 2)}"
                    found[below] = index
                    following.append(below)
        ring = following
    return found


def _plain(value: object) -> Any:
    """Tuples and shapes as Keras 2 wrote them become lists."""
    if isinstance(value, Mapping):
        if value.get("class_name") in ("__tuple__", "TensorShape") and "items" in value:
            return _plain(value["items"])
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


# ---------------------------------------------------------------- the weights


class _Weights:
    """Finds the arrays of each layer by the names that Keras gave its objects."""

    def __init__(self, checkpoint: Checkpoint, described: Described, file: str) -> None:
        self._checkpoint = checkpoint
        self._file = file
        self._names: dict[int, str] = {}
        for place, about in described.items():
            index: int | None = 0
            for name in place.split(".")[1:]:
                index = None if index is None else checkpoint.child(index, name)
            if index is not None:
                self._names[index] = str(about.get("name"))

    def of(self, model: ModelConfig, parent: int = 0, prefix: str = "") -> dict[str, Weights]:
        """The weights of each layer of a model, nested models included."""
        found: dict[str, Weights] = {}
        for call in model.calls:
            if not call.is_first:
                continue
            slots = slots_of(call) if call.inner is None else ()
            if call.inner is not None:
                index = self._layer(parent, call)
                found |= self.of(call.inner, index, f"{prefix}{call.layer}/")
            elif slots:
                index = self._layer(parent, call)
                name = prefix + call.layer
                found[name] = tuple(self._array(index, slot, name) for slot in slots)
        return found

    def _layer(self, parent: int, call: Call) -> int:
        wanted = call.saved_as or call.layer
        for name, index in self._checkpoint.children(parent).items():
            if name.startswith("layer") and self._names.get(index) == wanted:
                return index
        raise ModelError(
            f"{self._file} does not hold the weights of layer {call.layer}.", _SAVE_AGAIN
        )

    def _array(self, layer: int, slot: Slot, name: str) -> Any:
        """One array; some have another name in Keras 2."""
        part = self._checkpoint.child(layer, f"_{slot.part}") if slot.part else layer
        spelled = (slot.name, f"depthwise_{slot.name}")
        for word in spelled if part is not None else ():
            index = self._checkpoint.child(part, word) if part is not None else None
            array = None if index is None else self._checkpoint.read(index, name)
            if array is not None:
                return array
        raise ModelError(
            f"{self._file} does not hold the {slot.name} of layer {name}.", _SAVE_AGAIN
        )
