"""Silence the map of one filter, or bring it back."""

from __future__ import annotations

from unetscope.domain.edits import Edit
from unetscope.domain.history import Edits
from unetscope.domain.interventions import SilenceMap
from unetscope.domain.session import Session


def silenced_maps(edits: Edits, layer: str, count: int) -> frozenset[int]:
    """Which of a layer's `count` feature maps are silenced."""
    found: set[int] = set()
    for edit in _silences(edits, layer):
        found |= set(range(count)) if edit.feature_map is None else {edit.feature_map}
    return frozenset(found)


def toggle_silence(session: Session, feature_map: int) -> Session:
    """Put 0 in place of a feature map of the layer shown, or take that back.

    Raises
    ------
    EditError
        The layer has no such map.
    """
    layer = session.layer
    if session.network is None or layer is None:
        return session
    acting: list[Edit] = [
        edit
        for edit in _silences(session.edits, layer)
        if edit.feature_map is None or edit.feature_map == feature_map
    ]
    if acting:
        return session.without(f"brought back map {feature_map} of {layer}", acting)
    return session.edit(SilenceMap(layer, feature_map))


def _silences(edits: Edits, layer: str) -> list[SilenceMap]:
    return [edit for edit in edits if isinstance(edit, SilenceMap) and edit.layer == layer]
