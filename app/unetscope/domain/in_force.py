"""What is in force beside the trained network, in a few words for banner, title and exports."""

from __future__ import annotations

from collections.abc import Iterable

from unetscope.domain.edits import Edit
from unetscope.domain.interventions import Intervention, SkipEdit
from unetscope.domain.network import Network


def what_is_in_force(network: Network | None, edits: Iterable[Edit]) -> str:
    """Name the edits that make a difference: ``3 edits, 2 maps silenced, 1 skip cut``.

    Several interventions of one kind on the same map or skip count once. Edits of weights that
    leave every weight as it was trained count as none; empty where nothing is in force.
    """
    edits = tuple(edits)
    parts = []
    if network is not None and network.edited_layers(edits):
        parts.append(_counted(sum(edit.changes_weights for edit in edits), "edit"))
    found: dict[tuple[str, str], set[object]] = {}
    for edit in edits:
        if isinstance(edit, Intervention):
            noun = "layer" if edit.feature_map is None else "map"
            found.setdefault((noun, edit.noun), set()).add((edit.layer, edit.feature_map))
        elif isinstance(edit, SkipEdit):
            found.setdefault(("skip", edit.noun), set()).add((edit.layer, edit.source))
    parts += [f"{_counted(len(where), noun)} {done}" for (noun, done), where in found.items()]
    return ", ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
