"""Which structure each feature map of the layer shown follows, as a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.explaining.dissection import LEAST, Follows
from unetscope.domain.explaining.dissection_table import (
    best_of_each,
    dissection_csv,
    name_of,
    structures,
    summary,
)
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.dissecting import Dissecting
from unetscope.state.dissections import OWN, REFERENCE, Dissected, Dissections
from unetscope.state.pace import Pace
from unetscope.state.references import References
from unetscope.state.store import Store

HEADINGS = ("Map", "Label", "IoU", "Where chosen", "Top 0.5 %", "Threshold", "Slices")
TIPS = (
    "Number of the feature map; click to select it, double-click to lay it over the slice",
    "The label that the map, above its threshold, overlaps best",
    "Shared pixels over those of either (0 to 1), on slices that had no say in the threshold",
    "The same on the slices that the threshold was chosen on: the best of many, so it flatters",
    "The same above the one threshold that leaves 0.5 % of the map, as in the original method",
    "The map counts as active above this value, which is chosen for this map and label",
    "Of the slices that hold the label, how many the map overlaps by an IoU of 0.1 or more",
)


@dataclass(frozen=True, slots=True)
class DissectionRow:
    """One map and the label that it follows.

    Attributes
    ----------
    map : int
    colour : str or None
        Of the label.
    texts : tuple of str
        By `HEADINGS`.
    share : float
        The overlap, for a bar.
    strong : bool
        It is high enough to call it following.
    """

    map: int
    colour: str | None
    texts: tuple[str, ...]
    share: float
    strong: bool
    tip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DissectionView:
    """What the panel draws.

    Attributes
    ----------
    rows : tuple of DissectionRow
        The highest overlap first.
    selected : int or None
        The map shown elsewhere.
    labels : tuple of (int or None, str)
        What may be listed, and how it is called; None stands for all.
    own : bool
        The network's own mask gives the labels by choice.
    has_reference : bool
        There is a reference to choose instead.
    summary, note : str
        The layer in a sentence, and what must be known about the numbers.
    """

    title: str = "Dissection"
    rows: tuple[DissectionRow, ...] = ()
    selected: int | None = None
    labels: tuple[tuple[int | None, str], ...] = ((None, "All labels"),)
    label: int | None = None
    own: bool = False
    has_reference: bool = False
    running: bool = False
    can_start: bool = False
    stale: bool = False
    summary: str = ""
    note: str = ""
    empty: str = ""


class DissectionPresenter:
    """Turns what is known of the layer shown into a `DissectionView`."""

    view_changed = Signal(DissectionView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        dissecting: Dissecting,
        dissections: Dissections,
        references: References,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._dissecting = dissecting
        self._dissections = dissections
        self._references = references
        self._pace = pace or Pace()
        self._watched = True
        self._rows: tuple[object, tuple[DissectionRow, ...]] = (None, ())
        self.view = self._view()
        store.changed.connect(self._on_session)
        dissections.changed.connect(self._follow)
        references.changed.connect(self._follow)

    # ---------------------------------------------------------------- intents

    def watch(self, watched: bool) -> None:
        """The panel came into view, or went out of it."""
        self._watched = watched
        self._follow()

    def start(self) -> None:
        """The user asked for the comparison; while it runs, for an end of it."""
        if self._dissecting.running:
            self._dissecting.cancel()
        else:
            self._dissecting.start()

    def start_all(self) -> None:
        """The user asked for the comparison of all layers."""
        self._dissecting.start_all()

    def select(self, feature_map: int) -> None:
        """The user picked a map."""
        self._store.update(lambda s: s.select_filter(feature_map).show_maps(s.maps.of_map()))

    def lay_over(self, feature_map: int) -> None:
        """The user wants a map over the slice."""

        def change(session: Session) -> Session:
            maps = replace(session.maps.of_map(), overlay=True)
            return session.select_filter(feature_map).show_maps(maps)

        self._store.update(change)

    def list_label(self, label: int | None) -> None:
        """The user wants the overlap with one label, or with all."""
        self._store.update(lambda s: s.explain(s.explaining.list_label(label)))

    def compare_with_own(self, own: bool) -> None:
        """The user chose whose labels maps are compared with."""
        self._store.update(lambda s: s.explain(s.explaining.compare_with_own(own)))

    def as_text(self) -> str:
        """The table as rows of tab-separated values, for a spreadsheet."""
        rows = self._view().rows
        return "\n".join("\t".join(row) for row in (HEADINGS, *(row.texts for row in rows)))

    def as_csv(self) -> str:
        """All numbers of all layers, as things are now; else of the layer shown, as they were."""
        session, known = self._store.session, self._known()
        if known is None:
            return ""
        return dissection_csv(
            [each.found for each in self._dissections.all() or (known,)],
            session.card.classes if session.card else (),
            known.key.against,
            session.network,
            known.key.edits,
            self._dissections.stale(known),
        )

    def save(self, path: Path) -> None:
        """The user chose where the CSV goes."""
        text = self.as_csv()
        self._desk.save_file(path, lambda: text.encode())

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if _shown(old) != _shown(new) or old.history is not new.history:
            self._follow()

    def _follow(self, *_: object) -> None:
        if self._watched:
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        view = self._view()
        if view != self.view:
            self.view = view
            self.view_changed.emit(view)

    def _known(self) -> Dissected | None:
        return self._dissections.of() or self._dissections.earlier()

    def _view(self) -> DissectionView:
        session, layer = self._store.session, self._store.session.selected_layer
        chosen = session.explaining
        card, series = session.card, self._desk.shown
        if session.network is None or card is None or series is None or layer is None:
            return DissectionView(empty="Open a study and a model first.")
        named = structures(card.classes)
        labels: list[tuple[int | None, str]] = [(None, "All labels")]
        labels += [(label, name_of(label, card.classes)) for label in named]
        label = chosen.dissected_label if chosen.dissected_label in named else None
        view = DissectionView(
            title=f"Dissection · {layer.name}",
            selected=session.filter,
            labels=tuple(labels),
            label=label,
            own=chosen.dissect_own,
            has_reference=self._references.reference is not None
            and bool(self._references.matching),
            running=self._dissecting.running,
            can_start=len(layer.spatial) == 2,
        )
        if not view.can_start:
            return replace(
                view, empty=f"The maps of {layer.name} are no pictures. Choose a layer with a grid."
            )
        known = self._known()
        if known is None:
            return replace(view, empty=self._asking(layer.name))
        stale = self._dissections.stale(known)
        among = named if label is None else (label,)
        against = known.key.against
        said = summary(known.found, among, against, known.slices)
        return replace(
            view,
            rows=self._rows_of(known, among, card.classes),
            stale=bool(stale),
            summary=said + (f" · {stale}" if stale else ""),
            note=f"{self._beside(layer.name, among, card.classes)} {_note(against)}".strip(),
        )

    def _beside(self, layer: str, among: tuple[int, ...], classes: tuple[ClassLabel, ...]) -> str:
        """What brightness alone follows, where the input was compared too: a map should do more."""
        session = self._store.session
        graph = session.network.graph if session.network else None
        inputs = [each.name for each in graph.layers if each.kind == "InputLayer"] if graph else []
        if not inputs or layer in inputs:
            return ""
        known = self._dissections.of(inputs[0])
        if known is None:
            return f"Compare {inputs[0]} too: what brightness alone follows is no merit of a map."
        found = best_of_each(known.found, classes, among)
        return f"Beside it, brightness alone ({inputs[0]}): {found or 'nothing'}."

    def _asking(self, layer: str) -> str:
        at_work = self._dissecting.layer_at_work
        if at_work is not None:
            return f"Comparing the maps of {at_work} …"
        against = self._dissections.against
        return (
            f"Press Compare: where each feature map of {layer} is high is compared with {against}, "
            "in every slice of the series. Nothing is changed."
        )

    def _rows_of(
        self, known: Dissected, among: tuple[int, ...], classes: tuple[ClassLabel, ...]
    ) -> tuple[DissectionRow, ...]:
        found = known.found
        if self._rows[0] != (of := (found, among, classes)):
            rows = tuple(_row(known, one, classes) for one in found.ranked(among))
            self._rows = (of, rows)
        return self._rows[1]


def _row(known: Dissected, one: Follows, classes: tuple[ClassLabel, ...]) -> DissectionRow:
    found, at = known.found, (one.map, one.label)
    name = name_of(one.label, classes)
    honest = bool(found.held_out[one.label])
    share = found.shares[at]
    slices = "" if np.isnan(share) else f"{share:.0%}"
    texts = (
        str(one.map),
        name,
        f"{one.iou:.2f}",
        f"{found.chosen_iou[at]:.2f}",
        f"{found.top_iou[at]:.2f}",
        f"{found.thresholds[at]:.4g}",
        slices,
    )
    tip = f"feature map {one.map} of {found.layer}: {name}, IoU {one.iou:.2f}"
    if not honest:
        tip += "\nno other slice holds this label, so the threshold was chosen on the same slices"
    colour = next((each.colour for each in classes if each.index == one.label), None)
    return DissectionRow(one.map, colour, texts, one.iou, one.iou >= LEAST, tip)


def _note(against: str) -> str:
    """What must be known about the numbers."""
    own = {
        OWN: "The labels are the network's own mask: overlap says what the map is for, not whether "
        "it is right.",
        REFERENCE: "The labels are the reference's.",
    }
    return (
        f"{own[against]} Overlap is no cause: a map may follow a structure that the mask does not "
        "need it for."
    )


def _shown(s: Session) -> tuple[object, ...]:
    chosen = s.explaining
    listed = (chosen.dissect_own, chosen.dissected_label)
    return (s.network, s.card, s.layer, s.filter, s.series, s.evaluating.reference, *listed)
