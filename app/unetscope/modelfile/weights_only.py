"""Files that hold only weights: read with the architecture they belong to.

The architecture is named by the caller, lies beside the file as JSON, or is one of the presets,
told by the shapes of the kernels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from unetscope.domain.errors import ModelError
from unetscope.domain.kernels import Weights
from unetscope.domain.model_config import ModelConfig, parse
from unetscope.domain.preset_layers import description_of
from unetscope.domain.presets import PRESETS, NewModel
from unetscope.domain.stand_ins import Replacements
from unetscope.modelfile.content import HDF5, Content, bytes_of, descriptions_beside
from unetscope.modelfile.hdf5 import group_at, opened_hdf5
from unetscope.modelfile.strict_json import MAX_LENGTH, read_json
from unetscope.modelfile.weights import weights_under_kinds, weights_under_names

_LAYERS = ("layers", "_layer_checkpoint_dependencies")  # where Keras 3 and late Keras 2 keep them
_TO_JSON = "Write it with open(path, 'w').write(model.to_json())."

Kernel = tuple[str, tuple[int, ...]]  # its layer, where the file says it, and its shape


def is_weights_only(content: Content) -> bool:
    """Whether a file is HDF5 with a network's weights, but without the network."""
    if not content.whole.startswith(HDF5):
        return False
    try:
        with opened_hdf5(content.whole, content.name) as file:
            if "model_config" in file.attrs:
                return False
            return _is_legacy(file) or any(key in file for key in _LAYERS)
    except ModelError:
        return False


def read_weights(
    content: Content, architecture: str | Path | None = None, replaced: Replacements = ()
) -> tuple[ModelConfig, dict[str, Weights]]:
    """Read a file's weights together with the network they belong to.

    Parameters
    ----------
    content : Content
        ``.weights.h5`` of Keras 3, or ``.h5`` written by ``save_weights`` of Keras 2.
    architecture : str or Path, optional
        Id of a preset, or a JSON file made by ``model.to_json()``. Left out, the file
        ``<name>.json`` beside the weights is taken, else the preset whose kernels have the same
        shapes; its image gets the size that the preset proposes.
    replaced : tuple of Replacement
        What stands in for layers that are not known.

    Returns
    -------
    model : ModelConfig
        As the architecture states it.
    weights : dict of str to tuple of ndarray
        Read-only float32 arrays in Keras order by layer, ``outer/inner`` in nested models.

    Raises
    ------
    ModelError
        The file is damaged or no file of weights, its architecture is not known, or the two do
        not fit.
    """
    name = content.name
    if content.is_folder or not is_weights_only(content):
        raise ModelError(
            f"{name} is no file of weights alone.",
            "Leave the architecture out: it is in the file.",
        )
    with opened_hdf5(content.whole, name) as file:
        kernels = list(_kernels(file, name))
        model = _architecture(content, kernels, architecture, replaced)
        if _is_legacy(file):
            version = file.attrs.get("keras_version", b"2")
            version = version.decode() if isinstance(version, bytes) else str(version)
            weights = weights_under_names(file, model, name, version)
        else:
            weights = weights_under_kinds(file, model, name)
        stored = len(list(_arrays(file, name)))
    used = sum(len(arrays) for arrays in weights.values())
    if stored != used:
        raise ModelError(
            f"{name} holds {stored} weight arrays, but the network {model.name} has {used}.",
            "Give the architecture that the weights were trained with.",
        )
    return model, weights


def _architecture(
    content: Content, kernels: list[Kernel], given: str | Path | None, replaced: Replacements
) -> ModelConfig:
    """The network that was named, lies beside the file, or has the same kernels."""
    if given is not None and any(known.id == str(given) for known in PRESETS):
        new = _chosen(str(given), kernels) or NewModel.proposed(str(given))
        return parse(description_of(new), str(given))
    if given is not None:
        return _read_description(Path(given), replaced)
    for name in descriptions_beside(content.path):
        if name in content.beside:
            return _description(content.beside[name], name, replaced)
    for known in PRESETS:
        found = _chosen(known.id, kernels)
        if found is not None and _fits(found, kernels):
            return parse(description_of(found), content.name)
    beside = descriptions_beside(content.path)[0]
    raise ModelError(
        f"{content.name} holds only weights, not the network they belong to.",
        f"Put the network's description beside it as {beside}, made by model.to_json(), or open it "
        "by script with architecture=….",
    )


def _read_description(path: Path, replaced: Replacements) -> ModelConfig:
    """Read a JSON file made by ``model.to_json()``."""
    if not path.exists():
        presets = ", ".join(known.id for known in PRESETS)
        raise ModelError(
            f"There is no description {path.name}.",
            f"Give a file made by model.to_json(), or one of {presets}.",
        )
    return _description(bytes_of(path, MAX_LENGTH, path.name), path.name, replaced)


def _description(content: bytes, name: str, replaced: Replacements) -> ModelConfig:
    try:
        config = read_json(content)
    except ValueError as error:
        raise ModelError(f"{name} is no model's description: it {error}.", _TO_JSON) from error
    return parse(config, name, replaced)


def _chosen(preset: str, kernels: list[Kernel]) -> NewModel | None:
    """What must have been chosen of a preset to get these kernels; None where nothing can."""
    if not kernels:
        return None
    proposed = NewModel.proposed(preset)
    first, last = kernels[0][1], kernels[-1][1]
    try:
        return NewModel.proposed(
            preset,
            image_shape=(*proposed.image_shape[:2], int(first[2])),
            classes=int(last[3]) if proposed.classes else 0,
            filters=int(first[3]) if proposed.filters else 0,
            depth=(len(kernels) + 1) // 4 if proposed.depth else 0,
        )
    except ModelError:
        return None


def _fits(new: NewModel, kernels: list[Kernel]) -> bool:
    """Whether the kernels are those of a preset, by their layers' names where the file has them."""
    wanted = new.kernels
    return len(wanted) == len(kernels) and all(
        layer in ("", name) and shape == expected
        for (layer, shape), (name, expected) in zip(kernels, wanted, strict=True)
    )


# ------------------------------------------------------------------ what is in the file


def _is_legacy(file: Any) -> bool:
    return "layer_names" in file.attrs or "layer_names0" in file.attrs


def _kernels(file: Any, name: str) -> Iterator[Kernel]:
    """Layer and shape of each 2-D kernel, in the order of the layers."""
    for path, array in _arrays(file, name):
        legacy = _is_legacy(file)
        if array.ndim == 4 and (legacy or re.fullmatch(r"conv2d(_\d+)?", path[0])):
            yield path[0] if legacy else "", tuple(array.shape)


def _arrays(file: Any, name: str) -> Iterator[tuple[list[str], Any]]:
    """Path below the layers and the array itself, of each weight of each layer."""
    if _is_legacy(file):
        for layer in _listed(file, "layer_names"):
            group = group_at(file, layer, name)
            for weight in _listed(group, "weight_names"):
                yield [layer, weight], group_at(group, weight, name)
        return
    place = next(key for key in _LAYERS if key in file)
    yield from _below(group_at(file, place, name), [], name)


def _below(group: Any, path: list[str], name: str) -> Iterator[tuple[list[str], Any]]:
    """All arrays under a group, but for the states of random numbers."""
    for key in sorted(group, key=_by_count):
        item = group_at(group, key, name)
        if isinstance(item, h5py.Dataset):
            yield [*path, key], item
        elif key != "seed_generator":
            yield from _below(item, [*path, key], name)


def _by_count(key: str) -> tuple[str, int]:
    """Sort ``conv2d``, ``conv2d_1``, ``conv2d_10`` as they were counted."""
    base, _, count = key.rpartition("_")
    return (base, int(count)) if base and count.isdigit() else (key, 0)


def _listed(group: Any, key: str) -> list[str]:
    """A list among the attributes, which Keras splits when it is long."""
    found = list(group.attrs.get(key, ()))
    part = 0
    while f"{key}{part}" in group.attrs:
        found += list(group.attrs[f"{key}{part}"])
        part += 1
    return [item.decode() if isinstance(item, bytes) else str(item) for item in found]
