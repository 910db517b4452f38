"""A model as its calls in order: what a checked and repaired configuration says, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Shape
from unetscope.domain.known_layers import NESTED, check, own_name, plain_name
from unetscope.domain.old_keras import repaired
from unetscope.domain.ordering import in_order
from unetscope.domain.stand_ins import Replacements

_SAVE_AGAIN = "Save the model again with model.save('name.keras')."


@dataclass(frozen=True, slots=True)
class Read:
    """A tensor among a call's arguments: which call gives it, and which of its outputs it is."""

    call: str
    output: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a layer: a node of the network.

    Attributes
    ----------
    name : str
        The layer's name; ``name:1`` and so on for the later calls of a shared layer.
    layer, kind : str
        The layer's own name and class.
    number : int
        Which call of the layer it is, from 0.
    args, kwargs : tuple, mapping
        What it is called with: `Read` for a tensor, everything else as the file states it.
    config : mapping
        The layer's attributes as the file states them.
    operation : str
        Module of a plain operation such as ``x * 2``; empty for a layer.
    saved_as : str
        The layer's name in the file, when it is other than ``layer``.
    stands_for : str
        The class of the layer in the file that it replaces; empty for none.
    trains : bool
        Whether training moves it, as the file states for it and the models it is in.
    inner : ModelConfig, optional
        What a nested model holds.
    weight_axes : tuple of int
        How weight arrays of as many axes are transposed after reading; empty for not at all.
    """

    name: str
    layer: str
    kind: str
    number: int = 0
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    operation: str = ""
    saved_as: str = ""
    stands_for: str = ""
    trains: bool = True
    inner: ModelConfig | None = None
    weight_axes: tuple[int, ...] = ()

    @property
    def reads(self) -> tuple[Read, ...]:
        """The tensors among its arguments, in order."""
        return tuple(reads_of([self.args, self.kwargs]))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the calls it reads, in argument order."""
        return tuple(read.call for read in self.reads)

    @property
    def is_first(self) -> bool:
        """Whether it is the layer's first call: the one its weights are shown at."""
        return self.number == 0


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A model's calls in topological order, and where it begins and ends.

    Attributes
    ----------
    name, kind : str
        Its name and class.
    calls : tuple of Call
        Each after the ones it reads.
    inputs : tuple of str
        Names of the input calls, in the model's order.
    outputs : tuple of Read
        The model's output tensors.
    listed : tuple of str
        The layers in the order of the file.
    declared : mapping of str to shape
        The output shapes that the file states.
    trains : bool
        Whether training moves the model as a whole.
    """

    name: str
    kind: str
    calls: tuple[Call, ...]
    inputs: tuple[str, ...]
    outputs: tuple[Read, ...]
    listed: tuple[str, ...]
    declared: Mapping[str, Shape] = field(default_factory=dict)
    trains: bool = True


def call_name(layer: str, call: int) -> str:
    """Name a node: the first call of a layer by the layer's name, later ones ``name:1``."""
    return f"{layer}:{call}" if call else layer


def reads_of(value: Any) -> Iterator[Read]:
    """Every tensor in nested arguments, in order."""
    if isinstance(value, Read):
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from reads_of(value[key])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from reads_of(item)


def with_reads(value: Any, change: Callable[[Read], Any]) -> Any:
    """Nested arguments with every tensor replaced by what ``change`` gives for it."""
    if isinstance(value, Read):
        return change(value)
    if isinstance(value, Mapping):
        return {key: with_reads(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(with_reads(item, change) for item in value)
    return value


def parse(config: object, file: str, replaced: Replacements = ()) -> ModelConfig:
    """Read a model's configuration of any age.

    Parameters
    ----------
    config : object
        What ``config.json`` or the ``model_config`` attribute holds.
    file : str
        The file's name, for errors.
    replaced : tuple of Replacement
        What stands in for layers that are not known.

    Raises
    ------
    ModelError
        It is no functional or sequential model, or a layer of it is not known or not safe.
    """
    try:
        fixed = repaired(config)
        check(fixed, file, replaced)
        return _model(fixed)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{file} does not describe its network the way Keras does.", _SAVE_AGAIN
        ) from error


def _model(entry: Mapping[str, Any], trains: bool = True) -> ModelConfig:
    trains = trains and entry["config"].get("trainable", True) is not False
    make = _sequential if entry["class_name"] == "Sequential" else _functional
    return make(entry["config"], trains)


def _first_call(entry: Mapping[str, Any], name: str, trains: bool) -> Call:
    kind, config = entry["class_name"], entry["config"]
    module = str(entry.get("module") or "")
    saved_as = own_name(entry)
    return Call(
        name=name,
        layer=name,
        kind=kind,
        config=config,
        operation=module if module.startswith("keras.src.ops.") else "",
        saved_as=saved_as if saved_as != name else "",
        stands_for=str(entry.get("stands_for") or ""),
        trains=trains and config.get("trainable", True) is not False,
        inner=_model(entry, trains) if kind in NESTED else None,
    )


def _names(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The names in the file, and the ones used here: without the ``/`` and ``:`` of nodes."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for entry in entries:
        name = wanted = plain_name(own_name(entry))
        count = 0
        while name in taken:
            count += 1
            name = f"{wanted}_{count}"
        taken.add(name)
        names[own_name(entry)] = name
    if len(names) != len(entries):
        raise ValueError("two layers have the same name")
    return names


def _sequential(config: Mapping[str, Any], trains: bool) -> ModelConfig:
    entries = list(config["layers"])
    names = _names(entries)
    calls: list[Call] = []
    if entries[0]["class_name"] != "InputLayer":  # what it is called on gives the shape
        calls.append(Call("input", "input", "InputLayer"))
    for entry in entries:
        args = (Read(calls[-1].name),) if calls else ()
        calls.append(replace(_first_call(entry, names[own_name(entry)], trains), args=args))
    name = str(config.get("name", "sequential"))
    ends = (calls[0].name,), (Read(calls[-1].name),)
    return ModelConfig(name, "Sequential", tuple(calls), *ends, tuple(names.values()), {}, trains)


def _functional(config: Mapping[str, Any], trains: bool) -> ModelConfig:
    entries = {own_name(entry): entry for entry in config["layers"]}
    names = _names(config["layers"])
    ends = [list(_ends(config[key])) for key in ("input_layers", "output_layers")]
    first_read = _first_calls(entries, _all_read(entries), at_ends=False)
    first_end = _first_calls(entries, ends[0] + ends[1], at_ends=True)

    def read(layer: str, index: int, output: int, firsts: Mapping[str, int] = first_read) -> Read:
        return Read(call_name(names[layer], index - firsts[layer]), output)

    declared: dict[str, Shape] = {}
    calls: dict[str, Call] = {}
    for layer, entry in entries.items():
        first = _first_call(entry, names[layer], trains)
        for number, node in enumerate(entry["inbound_nodes"] or [None]):
            args, kwargs = _arguments(node, entries)
            for (source, index, output), shape in _stated(node):
                if output == 0:
                    declared[read(source, index, 0).call] = shape
            name = call_name(names[layer], number)
            if not list(reads_of([args, kwargs])) and entry["class_name"] != "InputLayer":
                raise ValueError("a layer that reads nothing")
            calls[name] = replace(
                first,
                name=name,
                number=number,
                args=with_reads(args, lambda tensor: read(*_parts(tensor))),
                kwargs=with_reads(kwargs, lambda tensor: read(*_parts(tensor))),
            )
    order = in_order({name: call.inputs for name, call in calls.items()})
    begins, outputs = ([read(*end, first_end) for end in side] for side in ends)
    if not begins or not outputs or any(end.call not in calls for end in begins + outputs):
        raise ValueError("the model begins or ends where no layer is")
    return ModelConfig(
        name=str(config.get("name", "model")),
        kind="Functional",
        calls=tuple(calls[name] for name in order),
        inputs=tuple(end.call for end in begins),
        outputs=tuple(outputs),
        listed=tuple(names.values()),
        declared=declared,
        trains=trains,
    )


@dataclass(frozen=True, slots=True)
class _Stored(Read):
    """A tensor as the file names it: layer, call as it counts them, output."""

    index: int = 0


def _parts(tensor: Read) -> tuple[str, int, int]:
    assert isinstance(tensor, _Stored)
    return tensor.call, tensor.index, tensor.output


def _all_read(entries: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    return [
        _parts(tensor)
        for entry in entries.values()
        for node in entry["inbound_nodes"]
        for tensor in reads_of(list(_arguments(node, entries)))
    ]


def _first_calls(
    entries: Mapping[str, Mapping[str, Any]],
    tensors: Sequence[tuple[str, int, int]],
    *,
    at_ends: bool,
) -> dict[str, int]:
    """At which number the file begins to count each layer's calls: 1 for some nested models.

    Keras 2 began at 1, and Keras 3 does so where the whole model ends.
    """
    firsts: dict[str, int] = {}
    for layer in {layer for layer, _, _ in tensors}:
        entry, nodes = entries[layer], entries[layer]["inbound_nodes"]
        is_nested = entry["class_name"] in NESTED
        indices = [i for name, i, _ in tensors if name == layer] if is_nested else [0]
        if min(indices) == 0:
            firsts[layer] = 0
        elif max(indices) >= len(nodes):
            firsts[layer] = 1
        else:
            is_keras_3 = isinstance(nodes[0], Mapping)
            firsts[layer] = int(not is_keras_3 or (at_ends and entry["class_name"] == "Functional"))
    return firsts


def _arguments(node: Any, entries: Mapping[str, Any]) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """What a layer is called with, whichever way the file states it."""
    if node is None:
        return (), {}
    if isinstance(node, Mapping):  # Keras 3
        args, kwargs = _keras_3(node["args"]), _keras_3(node["kwargs"])
        return tuple(args), {key: value for key, value in kwargs.items() if value is not None}
    # Before: [[layer, call, output, arguments], ...], or without the outer list
    items = [node] if node and isinstance(node[0], str) else node
    kwargs = items[0][3] if items and len(items[0]) > 3 else {}
    tensors = [_keras_2(item[:3], entries) for item in items]
    said = {key: _keras_2(v, entries) for key, v in kwargs.items() if v is not None}
    return (tensors if len(tensors) > 1 else tensors[0],), said


def _keras_3(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            layer, call, output = value["config"]["keras_history"]
            return _Stored(str(layer), int(output), int(call))
        return {key: _keras_3(item) for key, item in value.items()}
    return [_keras_3(item) for item in value] if isinstance(value, list) else value


def _keras_2(value: Any, entries: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _keras_2(item, entries) for key, item in value.items()}
    if not isinstance(value, (list, tuple)):
        return value
    if len(value) == 3 and isinstance(value[0], str):
        if value[0] == "_CONSTANT_VALUE":
            return value[2]
        if value[0] in entries and isinstance(value[1], int) and isinstance(value[2], int):
            return _Stored(value[0], value[2], value[1])
    return [_keras_2(item, entries) for item in value]


def _stated(node: Any) -> Iterator[tuple[tuple[str, int, int], Shape]]:
    """Every tensor whose shape a node states, and that shape: only Keras 3 does."""
    if isinstance(node, Mapping):
        if node.get("class_name") == "__keras_tensor__":
            layer, call, output = node["config"]["keras_history"]
            if node["config"]["shape"] is not None:
                yield (str(layer), int(call), int(output)), tuple(node["config"]["shape"])
            return
        for item in node.values():
            yield from _stated(item)
    elif isinstance(node, list):
        for item in node:
            yield from _stated(item)


def _ends(value: Any) -> Iterator[tuple[str, int, int]]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _ends(value[key])
    elif isinstance(value, list) and value and isinstance(value[0], str):
        yield value[0], int(value[1]), int(value[2])
    elif isinstance(value, list):
        for item in value:
            yield from _ends(item)
