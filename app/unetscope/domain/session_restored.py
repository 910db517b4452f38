"""A kept session put in force again: whatever it says passes the checks that a hand would meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from unetscope.domain.comparing import Comparing
from unetscope.domain.errors import EditError
from unetscope.domain.evaluating import Evaluating
from unetscope.domain.feature_maps import MapsChoice
from unetscope.domain.history import History
from unetscope.domain.history_file import history_of, steps_of
from unetscope.domain.lab import FIRST_LAB, MOST, MOST_STRIDE, Lab, LabKernel
from unetscope.domain.measurements import Kind, Measurement
from unetscope.domain.network import Network, check_edits
from unetscope.domain.plain_values import WRONG
from unetscope.domain.session import SeriesChoice, Session
from unetscope.domain.session_file import KeptSession
from unetscope.domain.viewer import Viewer

_OF_STUDY = frozenset({"series", "slice_index", "window", "inverted", "viewer"})
_CHECKED = frozenset(
    {
        "layer",
        "filter",
        "in_channel",
        "maps",
        "comparing",
        "evaluating",
        "lab",
        "opacity",
        "identity_hidden",
        "hidden_labels",
    }
)
_MOST_CHANNELS = 4096
_MOST_CORNERS = 10_000
_NARROWEST = 1e-12  # grey scale of a feature map


def fitting(network: Network, history: History) -> tuple[History, str]:
    """The steps that fit the network, up to the first that does not, and why that does not.

    May take a second for thousands of steps of a large layer: call it in a job.
    """
    trial = replace(network)  # with a memory of its own: it may be in use elsewhere
    steps = steps_of(history)
    known: frozenset[int] = frozenset()
    for i, step in enumerate(steps):
        try:
            if not known.issuperset(map(id, step.edits)) or i + 1 == len(history.done):
                check_edits(trial, step.edits)
        except (AttributeError, IndexError, *WRONG) as error:
            why = error.what if isinstance(error, EditError) else "It is damaged."
            return history_of(steps[:i], min(len(history.done), i)), f"step {i + 1}: {why}"
        known |= frozenset(map(id, step.edits))
    return history, ""


def with_network(session: Session, kept: KeptSession, history: History) -> Session:
    """Put all that was kept about the network in force, which is open, and these steps."""
    if session.network is None:
        return session
    view = kept.view
    opened = replace(session, opened_card=kept.opened_card or session.opened_card, history=history)
    shown = opened.select_layer(view.get("layer") or "")
    shown = shown.select_filter(view.get("filter", 0)).select_in_channel(view.get("in_channel", 0))
    plain = {n: v for n, v in view.items() if n not in _OF_STUDY and n not in _CHECKED}
    shown = replace(
        shown,
        **plain,
        maps=_maps(view.get("maps", shown.maps), shown),
        comparing=_comparing(view.get("comparing", shown.comparing), shown),
        evaluating=_evaluating(view.get("evaluating", shown.evaluating), shown),
        lab=_lab(view.get("lab", shown.lab)),
        hidden_labels=frozenset(
            label for label in view.get("hidden_labels", ()) if _is_class(label, shown)
        ),
        identity_hidden=session.identity_hidden or view.get("identity_hidden", False),
    )
    viewer = view.get("viewer", shown.viewer)
    probability = viewer.probability if _is_class(viewer.probability, shown) else None
    shown = shown.look(replace(shown.viewer, probability=probability))
    return shown.set_opacity(view.get("opacity", shown.opacity))


def with_series(session: Session, kept: KeptSession, series: SeriesChoice) -> Session:
    """Show the slice that was shown of a series, which is open, as it was shown."""
    view: Mapping[str, Any] = kept.view
    opened = session.open_series(series, slice_index=view.get("slice_index"))
    viewer = _viewer(view.get("viewer", opened.viewer), opened)
    return replace(
        opened,
        window=view.get("window"),
        inverted=view.get("inverted", opened.inverted),
        viewer=viewer,
    )


def _is_class(label: int | None, session: Session) -> bool:
    return label is None or (session.card is not None and label < len(session.card.classes))


def _maps(maps: MapsChoice, session: Session) -> MapsChoice:
    layer, count = session.selected_layer, session.map_count
    grid = layer.spatial if layer is not None else ()
    cell = maps.cell
    if cell is not None and (
        len(grid) != 2
        or any(side is not None and at >= side for at, side in zip(cell, grid, strict=True))
    ):
        cell = None
    window = maps.window
    if window is not None and window[1] - window[0] < _NARROWEST:
        window = None
    also = frozenset(index for index in maps.also if index < count)
    kept = replace(maps, also=also, cell=cell, window=window)
    return kept.set_opacity(maps.opacity).set_threshold(maps.threshold)


def _comparing(comparing: Comparing, session: Session) -> Comparing:
    label = comparing.label if _is_class(comparing.label, session) else None
    still = comparing.play(False).of_class(label)
    return still.set_speed(comparing.speed).divide(comparing.split)


def _evaluating(evaluating: Evaluating, session: Session) -> Evaluating:
    label = evaluating.label if _is_class(evaluating.label, session) else None
    return evaluating.from_file().of_class(label)


def _viewer(viewer: Viewer, session: Session) -> Viewer:
    """The viewer as it was; what is not known of the network now stays as it is."""
    measurements = tuple(filter(_makes_sense, viewer.measurements))
    selected = viewer.selected
    if measurements != viewer.measurements or (selected or 0) >= len(measurements):
        selected = None
    known = session.network is not None and _is_class(viewer.probability, session)
    kept = replace(
        viewer,
        playing=False,
        measurements=measurements,
        selected=selected,
        probability=viewer.probability if known else None,
    )
    return kept.set_speed(viewer.speed).set_threshold(viewer.threshold)


def _makes_sense(made: Measurement) -> bool:
    count = len(made.points)
    return 0 < count <= _MOST_CORNERS if made.kind is Kind.POLYGON else count == made.kind.points


def _lab(lab: Lab) -> Lab:
    try:
        kernels = tuple(LabKernel.of(k.name[:80], k.rows, k.recipe) for k in lab.kernels[:MOST])
    except WRONG:
        return FIRST_LAB
    layer = replace(lab.layer, stride=min(max(lab.layer.stride, 1), MOST_STRIDE))
    channels, filters = (
        min(max(count, 1), _MOST_CHANNELS) for count in (lab.channels, lab.filters)
    )
    kept = replace(lab, kernels=kernels, layer=layer, channels=channels, filters=filters, past=())
    return kept.select(lab.selected)
