"""How sure the network is, in numbers: of the slice shown, and of every slice of the series."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.explaining.augmenting import Augmentation
from unetscope.domain.explaining.choice import Explaining, Overlay
from unetscope.domain.explaining.uncertainty import (
    FIRST_UNCERTAINTY,
    UncertaintyChoice,
    UncertaintyKind,
    Zone,
    has_dropout,
    meaning,
    unit_of,
)
from unetscope.domain.explaining.uncertainty_numbers import ClassNumbers, Means, SliceNumbers
from unetscope.domain.explaining.uncertainty_table import uncertainty_csv
from unetscope.domain.overlay import class_name
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.series_uncertainty import SeriesNumbers, SeriesUncertainty
from unetscope.state.store import Store
from unetscope.state.uncertainty import OVERLAYS, Known, SliceUncertainty

LISTED = 5  # most uncertain slices
NOTHING: NDArray[np.float64] = np.zeros(0)
NO_DROPOUT = "This network has no dropout."


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class UncertaintyView:
    """What is known of the slice and of the series.

    Attributes
    ----------
    laid : bool
        It lies over the slice.
    rows : tuple of (str, str)
        Names and numbers, a class each, and the zones.
    meaning : str
        What the numbers say.
    note : str
        What else must be known about them.
    finding, series_finding : str
        Whether uncertainty is high where the mask is wrong.
    empty : str
        What to say where there are no numbers.
    running, measuring : bool
        The slice, or the series, is being measured.
    curve : (slices,) ndarray of float64
        A mean for each; NaN where there is none, or not yet.
    most : tuple of (int, str)
        The most uncertain slices, counted from 0, and what is said of them.
    """

    choice: UncertaintyChoice = FIRST_UNCERTAINTY
    laid: bool = False
    rows: tuple[tuple[str, str], ...] = ()
    meaning: str = ""
    note: str = ""
    finding: str = ""
    empty: str = ""
    can_run: bool = False
    running: bool = False
    measuring: bool = False
    curve: NDArray[np.float64] = field(default_factory=lambda: NOTHING)
    index: int = 0
    unit: str = ""
    complete: bool = False
    most: tuple[tuple[int, str], ...] = ()
    series_note: str = ""
    series_finding: str = ""


class UncertaintyPresenter:
    """Turns what is known of uncertainty into an `UncertaintyView`."""

    view_changed = Signal(UncertaintyView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        live: Live,
        here: SliceUncertainty,
        series: SeriesUncertainty,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._here = here
        self._series = series
        self._pace = pace or Pace()
        self._watched = False
        self._gone_to: int | None = None  # the slice that was asked for by its uncertainty
        self.view = self._view()
        store.changed.connect(self._on_session)
        here.changed.connect(self._follow)
        series.changed.connect(self._follow)
        desk.studies_changed.connect(self._follow)

    # ---------------------------------------------------------------- intents

    def watch(self, watched: bool) -> None:
        """The panel came into view, or went out of it; nothing is counted for nobody."""
        self._watched = watched
        self._here.watch(watched)

    def choose(self, choice: UncertaintyChoice) -> None:
        """The user chose what to measure, or what to see of it."""
        before = self._store.session.explaining
        overlay = before.overlay
        if overlay in OVERLAYS.values():
            overlay = OVERLAYS[choice.kind]
        self._explain(replace(before, uncertainty=choice, overlay=overlay))

    def augment(self, augmentation: Augmentation, used: bool) -> None:
        """The user wants an augmentation, or does not."""
        choice = self._store.session.explaining.uncertainty
        wanted = {*choice.augmentations, augmentation} - (set() if used else {augmentation})
        self.choose(
            replace(choice, augmentations=tuple(each for each in Augmentation if each in wanted))
        )

    def lay_over(self, laid: bool) -> None:
        """The user wants to see it over the slice, or does not."""
        explaining = self._store.session.explaining
        overlay = OVERLAYS[explaining.uncertainty.kind] if laid else None
        self._explain(explaining.lay_over(overlay))

    def toggle_entropy(self) -> None:
        """The user wants the entropy over the slice, or has seen it."""
        explaining = self._store.session.explaining
        if explaining.overlay is Overlay.ENTROPY:
            self._explain(explaining.lay_over(None))
        else:
            choice = replace(explaining.uncertainty, kind=UncertaintyKind.ENTROPY)
            explaining = replace(explaining, uncertainty=choice)
            self._explain(explaining.lay_over(Overlay.ENTROPY))

    def start(self) -> None:
        """The user wants the slice measured, and to see it."""
        self.lay_over(True)
        self._here.start()

    def cancel(self) -> None:
        """The user has enough of that."""
        self._here.cancel()

    def start_series(self) -> None:
        """The user wants all slices measured."""
        self._series.start()

    def cancel_series(self) -> None:
        """The user has enough of that."""
        self._series.cancel()

    def go_to(self, index: int) -> None:
        """The user clicked a slice."""
        self._store.update(lambda s: s.select_slice(index))

    def go_to_most(self) -> None:
        """The user asked for the most uncertain slice; once more, for the next in that order."""
        order = self._order(self._series.known())
        if not order:
            self._desk.notice.emit(
                Notice(
                    "No slice of this series is measured yet.",
                    "Choose “Measure all slices” in the panel Uncertainty first.",
                    trouble=False,
                )
            )
            return
        here = self._store.session.slice_index
        goes_on = here == self._gone_to and here in order
        self._gone_to = order[(order.index(here) + 1) % len(order)] if goes_on else order[0]
        self.go_to(self._gone_to)

    def as_csv(self) -> str:
        """The numbers of every slice that is measured."""
        known, session = self._series.known(), self._store.session
        if known is None:
            return ""
        key, spread = known.key.of, session.explaining.uncertainty.spread
        return uncertainty_csv(known.numbers(spread), key.kind, spread, session.network, key.edits)

    def save(self, path: Path) -> None:
        """The user chose where the CSV goes."""
        self._desk.save_file(path, self.as_csv().encode)

    def _explain(self, explaining: Explaining) -> None:
        self._store.update(lambda s: s.explain(explaining))

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if _shown(old) != _shown(new):
            self._follow()

    def _follow(self) -> None:
        if self._watched:
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> UncertaintyView:
        session = self._store.session
        choice, overlay = session.explaining.uncertainty, session.explaining.overlay
        view = UncertaintyView(
            choice=choice,
            laid=overlay is OVERLAYS[choice.kind],
            index=session.slice_index,
            unit=unit_of(choice.kind, choice.spread),
            running=self._here.running,
            measuring=self._series.running,
        )
        if why := self._why_nothing(session):
            return replace(view, empty=why)
        view = replace(view, can_run=choice.kind is not UncertaintyKind.ENTROPY)
        known, numbers = self._here.known(), self._here.numbers()
        if known is None or numbers is None:
            view = replace(view, empty=self._what_to_do(choice, known))
        else:
            view = self._with_numbers(view, session, known, numbers)
        return self._with_series(view, choice)

    def _why_nothing(self, session: Session) -> str:
        if session.network is None or self._desk.shown is None:
            return "Open a study and a model to see how sure the network is of its mask."
        if self._live.problem is not None:
            return self._live.problem.what
        answer = self._live.answer
        if answer is not None and answer.look.mask is None:
            return "The network's output is no segmentation, so there is no mask to be sure of."
        wants_dropout = session.explaining.uncertainty.kind is UncertaintyKind.DROPOUT
        if wants_dropout and not _has_dropout(session):
            return NO_DROPOUT + " Entropy and augmentations work with any network."
        return ""

    def _what_to_do(self, choice: UncertaintyChoice, known: Known | None) -> str:
        if known is not None or choice.kind is UncertaintyKind.ENTROPY:
            return "Waiting for the mask of this slice …"
        if self._here.running:
            return "Running …"
        over = "slightly changed copies of the slice"
        if choice.kind is UncertaintyKind.DROPOUT:
            over = "the slice with its dropout layers at work, as in training"
        return f"Run sends {over} through the network and tells where the masks differ."

    def _with_numbers(
        self, view: UncertaintyView, session: Session, known: Known, numbers: SliceNumbers
    ) -> UncertaintyView:
        unit = f" {view.unit}" if view.unit else ""
        background = {
            each.index for each in (session.card.classes if session.card else ()) if not each.colour
        }
        rows = [
            (class_name(session, each.label), _said(each, unit))
            for each in numbers.classes
            if each.label not in background and (each.pixels or each.mean_pixels > 0)
        ]
        zones = [
            (zone.value, f"{numbers.means.of(zone):.3f}{unit}")
            for zone in Zone
            if not np.isnan(numbers.means.of(zone))
        ]
        notes = [self._here.stale(known).capitalize()]
        if not numbers.means.pixels:
            notes.append("The mask is empty here")
        if not zones:
            notes.append("There is nothing to take a mean of")
        return replace(
            view,
            rows=(*rows, *zones),
            note=". ".join(note for note in notes if note),
            meaning=meaning(known.key.kind, view.choice.spread, known.found.most),
            finding=numbers.finding.sentence() if numbers.finding is not None else "",
        )

    def _with_series(self, view: UncertaintyView, choice: UncertaintyChoice) -> UncertaintyView:
        known = self._series.known()
        if known is None or not known.found:
            return view
        numbers, curve = known.numbers(choice.spread), known.curve(choice.spread, choice.zone)
        unit = f" {view.unit}" if view.unit else ""
        notes = [self._series.stale(known).capitalize()]
        if not known.complete:
            notes.append(f"{len(known.found)} of {known.slices} slices")
        if nothing := sum(np.isnan(curve[index]) for index in known.found):
            slices = "slice has" if nothing == 1 else "slices have"
            notes.append(f"{nothing} {slices} no mask, so no mean here")
        judged = self._series.is_judged(known)
        if not judged:
            notes.append("Measure again to compare with the reference")
        finding = self._series.finding(known, choice.spread)
        return replace(
            view,
            curve=curve,
            complete=known.complete and judged and not self._series.stale(known),
            most=tuple(
                (index, _listed(index, numbers[index].means, choice.zone, unit))
                for index in self._order(known)[:LISTED]
            ),
            series_note=". ".join(note for note in notes if note),
            series_finding=f"Over the series: {finding.sentence()}" if finding is not None else "",
        )

    def _order(self, known: SeriesNumbers | None) -> list[int]:
        """Slices with a number, the most uncertain first."""
        if known is None:
            return []
        choice = self._store.session.explaining.uncertainty
        curve = known.curve(choice.spread, choice.zone)
        order = np.argsort(-np.nan_to_num(curve, nan=-1.0), kind="stable")
        return [int(index) for index in order if np.isfinite(curve[index])]


def _said(numbers: ClassNumbers, unit: str) -> str:
    spread = "" if np.isnan(numbers.deviation) else f" ± {numbers.deviation:,.0f}"
    mean = "–" if np.isnan(numbers.mean) else f"{numbers.mean:.3f}{unit}"
    return f"{numbers.pixels:,}{spread} px · {mean}"


def _listed(index: int, found: Means, zone: Zone, unit: str) -> str:
    """A slice, its mean, and of how much mask: means over few pixels jump."""
    return f"{index + 1} ({found.of(zone):.2f}{unit}, {found.pixels:,} px)"


def _has_dropout(session: Session) -> bool:
    layers = session.network.graph.layers if session.network else ()
    return any(map(has_dropout, layers))


def _shown(session: Session) -> tuple[object, ...]:
    s, e = session, session.explaining
    return s.network, s.card, s.series, s.slice_index, s.edits, e.uncertainty, e.overlay
