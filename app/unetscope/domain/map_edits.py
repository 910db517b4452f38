"""Interventions on several feature maps at once, as one step: silence, force, scale, bring back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from unetscope.domain.errors import EditError
from unetscope.domain.history import Edits
from unetscope.domain.interventions import ForceMap, Intervention, ScaleMap, SilenceMap
from unetscope.domain.session import Session

Make = Callable[[str, int], Intervention]


def silence(how: str) -> Make:
    """Put 0, or its own mean, in place of a map: ``"zero"`` or ``"mean"``."""
    return lambda layer, feature_map: SilenceMap(layer, feature_map, how)


def force(value: float) -> Make:
    """Put a value in place of every value of a map."""
    return lambda layer, feature_map: ForceMap(layer, feature_map, value)


def scale(gain: float) -> Make:
    """Multiply a map by a gain."""
    return lambda layer, feature_map: ScaleMap(layer, feature_map, gain)


def intervene(session: Session, maps: Collection[int], make: Make) -> Session:
    """Act on maps of the layer shown, in one step; what acted on just these maps before goes.

    Raises
    ------
    EditError
        An intervention does not fit the layer. Nothing has changed.
    """
    network, layer = session.network, session.selected_layer
    if network is None or layer is None:
        raise EditError("There is no feature map to change.", "Open a model first.")
    made = [make(layer.name, index) for index in sorted(maps)]
    for edit in made:
        edit.check(layer)
    if not made:
        return session
    kept = tuple(
        edit for edit in session.edits if edit not in acting(session.edits, layer.name, maps)
    )
    label = made[0].label if len(made) == 1 else f"{made[0].noun} {_named(maps)} of {layer.name}"
    return _step(session, label, (*kept, *made))


def bring_back(session: Session, maps: Collection[int]) -> Session:
    """Take out, in one step, what acts on some maps of the layer shown.

    What acts on all maps of the layer at once is taken out as a whole.
    """
    layer = session.layer
    if layer is None:
        return session
    found = acting(session.edits, layer, maps, whole_layer=True)
    if not found:
        return session
    whole = any(edit.feature_map is None for edit in found)
    label = f"brought back {'all maps' if whole else _named(maps)} of {layer}"
    return _step(session, label, tuple(edit for edit in session.edits if edit not in found))


def acting(
    edits: Edits, layer: str, maps: Collection[int], *, whole_layer: bool = False
) -> list[Intervention]:
    """What acts on some maps of a layer, with what acts on all of them if asked for."""
    return [
        edit
        for edit in edits
        if isinstance(edit, Intervention)
        and edit.layer == layer
        and (whole_layer if edit.feature_map is None else edit.feature_map in maps)
    ]


def toggle_silence(session: Session, feature_map: int) -> Session:
    """Put 0 in place of a map of the layer shown; of one that is silenced take that back.

    Raises
    ------
    EditError
        The layer has no such map. Nothing has changed.
    """
    if session.layer and feature_map in silenced_maps(
        session.edits, session.layer, feature_map + 1
    ):
        return bring_back(session, {feature_map})
    return intervene(session, {feature_map}, silence("zero"))


def silenced_maps(edits: Edits, layer: str, count: int) -> frozenset[int]:
    """Which of a layer's `count` feature maps are silenced, to 0 or to their mean."""
    found: set[int] = set()
    for edit in edits:
        if isinstance(edit, SilenceMap) and edit.layer == layer:
            found |= set(range(count)) if edit.feature_map is None else {edit.feature_map}
    return frozenset(found)


def marks_of(edits: Edits, layer: str, count: int) -> dict[int, str]:
    """What is said on the maps of a layer that something acts on, by their number."""
    marks: dict[int, str] = {}
    for edit in edits:
        if isinstance(edit, Intervention) and edit.layer == layer:
            which = range(count) if edit.feature_map is None else (edit.feature_map,)
            marks.update(dict.fromkeys(which, _mark(edit)))
    return marks


def _mark(edit: Intervention) -> str:
    if isinstance(edit, ScaleMap):
        return f"×{edit.gain:g}"
    if isinstance(edit, ForceMap):
        return f"= {edit.value:g}"
    return "mean" if isinstance(edit, SilenceMap) and edit.how == "mean" else "silenced"


def _named(maps: Collection[int]) -> str:
    return f"map {min(maps)}" if len(maps) == 1 else f"{len(maps)} maps"


def _step(session: Session, label: str, edits: Edits) -> Session:
    """Record a step, showing what the edited network makes of it."""
    history = session.history.record_all(label, edits)
    return replace(session, history=history, comparing=session.comparing.show_trained(False))
