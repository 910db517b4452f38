"""Layers with code of their own, which is never run: what stands in for them instead."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from unetscope.domain.errors import ModelError


class StandIn(Enum):
    """What can stand in for a layer that reads one tensor and gives one of the same shape."""

    IDENTITY = "identity"
    SCALE = "scale"
    STANDARDISE = "standardisation"
    SOFTMAX = "softmax"


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stands in for one layer.

    Attributes
    ----------
    layer, kind : str
        The layer's name, ``outer/inner`` in a nested model, and its class in the file.
    by : StandIn
        What is computed in its place.
    factor : float
        By which `StandIn.SCALE` multiplies.
    """

    layer: str
    kind: str
    by: StandIn
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.factor):
            raise ModelError("A factor is a finite number.", "Give one such as 0.00392157.")

    @property
    def words(self) -> str:
        """How it is told: ``to_one (Lambda) by a factor of 0.00392157``."""
        is_scale = self.by is StandIn.SCALE
        means = f"a factor of {self.factor:.6g}" if is_scale else self.by.value
        return f"{self.layer} ({self.kind}) by {means}"


Replacements = tuple[Replacement, ...]
_MOST_TOLD = 140  # characters of a list of them


@dataclass(frozen=True, slots=True)
class UnknownLayer:
    """A layer that is not known: its name, its class, and whether something can stand in for it."""

    name: str
    kind: str
    replaceable: bool


class UnknownLayersError(ModelError):
    """A model that is refused for layers that are not known.

    Attributes
    ----------
    layers : tuple of UnknownLayer
        All of them.
    path, fingerprint
        The file, set by who has read it; None and empty before.
    """

    def __init__(self, what: str, hint: str, layers: Sequence[UnknownLayer]) -> None:
        super().__init__(what, hint)
        self.layers = tuple(layers)
        self.path: Path | None = None
        self.fingerprint = ""

    @property
    def replaceable(self) -> bool:
        """Whether the model opens once something stands in for each of them."""
        return all(layer.replaceable for layer in self.layers)


def told(replaced: Replacements) -> str:
    """One sentence that nobody may forget; empty where nothing is replaced."""
    if not replaced:
        return ""
    shown = [replaced[0].words[:_MOST_TOLD]]
    for each in replaced[1:]:
        if len(", ".join((*shown, each.words))) > _MOST_TOLD:
            break
        shown.append(each.words)
    more = f" and {len(replaced) - len(shown)} more" if len(replaced) > len(shown) else ""
    return f"Not the network as it was trained: layers are replaced, {', '.join(shown)}{more}."


def fingerprint_with(fingerprint: str, replaced: Replacements) -> str:
    """What tells the network of a file, in which layers are replaced, from all other networks."""
    if not replaced:
        return fingerprint
    content = json.dumps([fingerprint, to_json(replaced)]).encode()
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def to_json(replaced: Replacements) -> list[dict[str, Any]]:
    """Replacements as JSON, sorted by layer."""
    return [
        {"layer": each.layer, "kind": each.kind, "by": each.by.value, "factor": each.factor}
        for each in sorted(replaced, key=lambda one: one.layer)
    ]


def from_json(value: object) -> Replacements:
    """The same back.

    Raises
    ------
    ValueError, TypeError, LookupError, AttributeError, ModelError
        It is no such JSON.
    """
    if not isinstance(value, list):
        raise ValueError("no list of replacements")
    return tuple(
        Replacement(str(e["layer"]), str(e["kind"]), StandIn(e["by"]), float(e["factor"]))
        for e in value
    )


# ------------------------------------------------------------------ in a description


def is_replaceable(entry: Mapping[str, Any]) -> bool:
    """Whether a layer's entry has a name, and each call of it reads one tensor."""
    kind, nodes = entry.get("class_name"), entry.get("inbound_nodes", [])
    if not isinstance(kind, str) or not kind.isidentifier() or not isinstance(nodes, list):
        return False
    return all(len(list(_tensors(node))) == 1 for node in nodes)


def replace_layer(entry: dict[str, Any], replacement: Replacement, rank: int) -> None:
    """Put a layer of Keras in the place of another, in its description.

    Parameters
    ----------
    entry : dict
        The layer in the words of Keras 3; its name and what it reads stay.
    replacement : Replacement
    rank : int
        Axes of the network's image, batch and channels included.
    """
    config = entry["config"] if isinstance(entry.get("config"), Mapping) else {}
    name = entry.get("name") or config.get("name")
    kind, own = _layer(replacement, rank)
    entry.update(
        module="keras.layers",
        class_name=kind,
        registered_name=None,
        config={"name": name, **own},
        stands_for=replacement.kind,
    )
    entry["inbound_nodes"] = [_bare(node) for node in entry.get("inbound_nodes", [])]


def _layer(replacement: Replacement, rank: int) -> tuple[str, dict[str, Any]]:
    if replacement.by is StandIn.SCALE:
        return "Rescaling", {"scale": replacement.factor, "offset": 0.0}
    if replacement.by is StandIn.STANDARDISE:
        axes = list(range(1, rank))
        return "LayerNormalization", {
            **{"axis": axes, "epsilon": 1e-7},
            **{"center": False, "scale": False},
        }
    linear = replacement.by is StandIn.IDENTITY
    return "Activation", {"activation": "linear" if linear else "softmax"}


def _tensors(value: object) -> Iterator[object]:
    """The tensors that a call reads, as the file names them."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            yield value
        else:
            for each in value.values():
                yield from _tensors(each)
    elif isinstance(value, list):
        if len(value) in (3, 4) and isinstance(value[0], str) and isinstance(value[1], int):
            yield value
            yield from _tensors(value[3:])
        else:
            for each in value:
                yield from _tensors(each)


def _bare(node: Any) -> Any:
    """A call without arguments that only the replaced layer understood."""
    if isinstance(node, Mapping):
        return {"args": list(_tensors(node)), "kwargs": {}}
    return [[*each[:3], {}] for each in _tensors(node) if isinstance(each, list)]


def named(layers: Iterable[UnknownLayer], room: int = 130) -> str:
    """Names and classes of layers, as many as fit into so many letters."""
    shown: list[str] = []
    every = [f"{layer.name[:50]} ({layer.kind[:50]})" for layer in layers]
    for text in every:
        if shown and len(", ".join([*shown, text])) > room:
            break
        shown.append(text)
    more = f" and {len(every) - len(shown)} more" if len(every) > len(shown) else ""
    return ", ".join(shown) + more
