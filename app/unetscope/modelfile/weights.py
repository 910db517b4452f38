"""A layer's weights in a model file, whichever Keras laid it out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from unetscope.domain.errors import ModelError
from unetscope.domain.kernels import Weights
from unetscope.domain.layer_weights import slots_of
from unetscope.domain.model_config import Call, ModelConfig
from unetscope.domain.old_keras import kernels_as_now
from unetscope.modelfile.hdf5 import array_of, group_at

_ZERO = np.zeros((), np.float32)
_ZERO.flags.writeable = False
_SAVE_AGAIN = "Save the model again with model.save('name.keras')."


def weights_under_names(
    group: Any, model: ModelConfig, file: str, version: str = "3", backend: str = "tensorflow"
) -> dict[str, Weights]:
    """Read weights kept as ``.h5`` files do: a group for each layer, by its name.

    Parameters
    ----------
    group : h5py.Group
        Where the layers' groups are.
    model : ModelConfig
        As the file states it, with its nested models.
    file : str
        The file's name, for errors.
    version, backend : str
        The Keras that wrote it, and what it ran on.

    Returns
    -------
    weights : dict of str to tuple of ndarray
        Read-only float32 arrays in Keras order by layer, ``outer/inner`` in nested models.

    Raises
    ------
    ModelError
        An array is missing, too big, not finite, or not in this file.
    """
    found: dict[str, Weights] = {}
    for call in _listed(model):
        arrays = [] if call.stands_for else list(_named(group, call, file))
        leaves = list(_leaves(call))
        slots = [(name, i, slot) for name, leaf in leaves for i, slot in enumerate(slots_of(leaf))]
        if call.inner is not None:  # there, what training moves comes first
            slots.sort(key=lambda entry: not entry[2].trains)
        if len(arrays) != len(slots):
            raise _count(file, call.layer, len(arrays), len(slots))
        placed = {(name, i): array for (name, i, _), array in zip(slots, arrays, strict=True)}
        for name, leaf in leaves:
            own = tuple(placed[name, i] for i in range(len(slots_of(leaf))))
            found[name] = kernels_as_now(leaf.kind, own, leaf.config, version, backend)
    return found


def weights_under_kinds(group: Any, model: ModelConfig, file: str) -> dict[str, Weights]:
    """Read weights kept as ``.keras`` archives do: groups named after class and count.

    See `weights_under_names` for what it takes, gives and raises.
    """
    return _archived(group, model, "", "", file)


def _archived(
    top: Any, model: ModelConfig, path: str, prefix: str, file: str
) -> dict[str, Weights]:
    seen: dict[str, int] = {}
    found: dict[str, Weights] = {}
    for call in _listed(model):
        base = _snake_case(call.stands_for or call.kind)
        count = seen[base] = seen.get(base, -1) + 1
        here = f"{path}layers/{base}" + (f"_{count}" if count else "")
        name = prefix + call.layer
        if call.inner is not None:
            found |= _archived(top, call.inner, f"{here}/", f"{name}/", file)
        else:
            found[name] = () if call.stands_for else _of_layer(top, call, here, name, file)
    return found


def _of_layer(top: Any, call: Call, path: str, name: str, file: str) -> Weights:
    slots = slots_of(call)
    parts = list(dict.fromkeys(slot.part for slot in slots)) or [""]
    arrays: list[Any] = []
    for part in parts:
        group = _first(top, [f"{path}/{part}", f"{path}/_{part}"] if part else [path], file)
        places = range(0 if group is None else len(group))
        arrays += [array_of(group_at(group, str(i), file), name, file) for i in places]
    if len(arrays) == len(slots) - 1 and slots[-1].name == "count":  # not every Keras keeps it
        arrays.append(_ZERO)
    if len(arrays) != len(slots):
        raise _count(file, name, len(arrays), len(slots))
    return tuple(arrays)


def _first(top: Any, paths: list[str], file: str) -> Any:
    """The variables at the first of the paths that is there, in the words of each Keras."""
    for path in paths:
        spelled = (path, path.replace("layers/", "_layer_checkpoint_dependencies/"))
        for place in (*spelled, *(p.replace("/", "\\") for p in spelled)):  # as on Windows
            if place in top and "vars" in group_at(top, place, file):
                return group_at(top, f"{place}/vars", file)
    return None


def _listed(model: ModelConfig) -> list[Call]:
    firsts = {call.layer: call for call in model.calls if call.is_first}
    return [firsts[layer] for layer in model.listed if not firsts[layer].operation]


def _leaves(call: Call, prefix: str = "") -> Iterator[tuple[str, Call]]:
    name = prefix + call.layer
    if call.inner is None:
        yield name, call
        return
    for inner in _listed(call.inner):
        yield from _leaves(inner, f"{name}/")


def _named(weights: Any, call: Call, file: str) -> Iterator[Any]:
    layer = call.saved_as or call.layer
    if layer not in weights:
        return
    group = group_at(weights, layer, file)
    names = _split(group, "weight_names")
    if len({*names}) < len(names):
        raise ModelError(f"{file} lists a weight of {call.layer} twice.", _SAVE_AGAIN)
    for listed in names:
        name = listed.decode() if isinstance(listed, bytes) else str(listed)
        yield array_of(group_at(group, name, file), call.layer, file)


def _split(group: h5py.Group, key: str) -> list[Any]:
    """A list among the attributes, which Keras splits when it is long."""
    if key in group.attrs:
        return list(group.attrs[key])
    found: list[Any] = []
    while f"{key}{len(found)}" in group.attrs:
        found.append(group.attrs[f"{key}{len(found)}"])
    return [item for part in found for item in part]


def _count(file: str, layer: str, stored: int, expected: int) -> ModelError:
    return ModelError(
        f"{file} holds {stored} weight arrays for layer {layer}, but {expected} were expected.",
        _SAVE_AGAIN,
    )


def _snake_case(kind: str) -> str:
    """Spell a class name as Keras names its weight groups: ``conv2d_transpose``."""
    name = re.sub(r"\W+", "", kind)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
