"""How sure the network is of every slice of the series, measured when it is idle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.error_finding import ErrorFinding
from unetscope.domain.explaining.uncertainty import (
    Spread,
    UncertaintyChoice,
    Zone,
)
from unetscope.domain.explaining.uncertainty_numbers import (
    SliceNumbers,
    SliceUncertaintyQuestion,
)
from unetscope.domain.network import Network
from unetscope.domain.ports import Cancel, Engine, Notice
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.jobs import Jobs
from unetscope.state.live import Live
from unetscope.state.network_input import NetworkInput
from unetscope.state.references import References
from unetscope.state.series_run import SeriesRun, read_input
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store
from unetscope.state.uncertainty_key import UncertaintyKey, judge_of

KEPT = 16  # series and ways to measure them

Numbers = Mapping[Spread, SliceNumbers]


@dataclass(frozen=True, slots=True)
class _Key:
    """What the numbers of a series depend on, but for its pixels; no image is named in `of`."""

    series: str
    steps: Preprocessing
    of: UncertaintyKey


@dataclass(frozen=True, slots=True, eq=False)
class SeriesNumbers:
    """What is known of the slices of a series.

    Attributes
    ----------
    slices : int
        How many the series has.
    found : mapping of int to mapping of Spread to SliceNumbers
        By slice.
    reference : object
        What their masks were judged by.
    """

    key: _Key
    source: SeriesSource
    reference: object
    found: Mapping[int, Numbers] = field(default_factory=dict)

    @property
    def slices(self) -> int:
        """How many slices the series has."""
        return self.source.shape[0]

    @property
    def complete(self) -> bool:
        """Whether all slices are measured."""
        return len(self.found) == self.slices

    def numbers(self, spread: Spread) -> dict[int, SliceNumbers]:
        """The numbers of each slice; of the entropy alone they are the same for all."""
        return {
            index: numbers.get(spread) or numbers[Spread.ENTROPY]
            for index, numbers in self.found.items()
        }

    def curve(self, spread: Spread, zone: Zone) -> NDArray[np.float64]:
        """A mean for each slice; NaN where there is none, or not yet."""
        curve = np.full(self.slices, np.nan)
        for index, numbers in self.numbers(spread).items():
            curve[index] = numbers.means.of(zone)
        return curve

    def finding(self, spread: Spread) -> ErrorFinding | None:
        """How uncertainty and errors go together over all slices measured; None without any."""
        each = [one.finding for one in self.numbers(spread).values() if one.finding is not None]
        return sum(each[1:], each[0]) if each else None


class SeriesUncertainty:
    """Measures the slices of the series shown one after the other, and keeps the numbers."""

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``: how much is done; no sentence when nothing is under way."""

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        desk: Desk,
        engine: Engine,
        live: Live,
        references: References,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._engine = engine
        self._live = live
        self._references = references
        self._kept: list[SeriesNumbers] = []
        self._at: _Key | None = None
        self._run: SeriesRun[int, Numbers] | None = None
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._on_studies)

    # ----------------------------------------------------------------- intents

    @property
    def running(self) -> bool:
        """Whether a series is being measured."""
        return self._at is not None

    def start(self) -> None:
        """Measure the series shown, from the slice shown outwards; what is kept is not redone."""
        session, source = self._store.session, self._desk.shown
        key = _key(session)
        if source is None or session.network is None or key is None:
            self._tell("There is nothing to measure.", "Open a study and a model first.")
            return
        if self._at == key:
            return
        self._stop()
        found = self.known()
        reference = self._judged_by()
        if found is None or found.key != key or found.reference != reference:
            found = SeriesNumbers(key, source, reference)
            self._keep(found)
        left = [index for index in range(found.slices) if index not in found.found]
        left.sort(key=lambda index: abs(index - session.slice_index))
        self._at = key
        self._report()
        self._run = self._made_run(key, source, session.network, left)
        self._run.start()
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; what is measured is kept."""
        if self._at is not None:
            made, slices = self._made()
            self._stop()
            self._tell(f"Stopped after {made} of {slices} slices; those are kept.")
            self.changed.emit()

    # ------------------------------------------------------------- what is known

    def known(self) -> SeriesNumbers | None:
        """What is known of the series shown: with the edits in force, else the latest."""
        key, source = _key(self._store.session), self._desk.shown
        if key is None or source is None:
            return None
        exact = [each for each in self._kept if each.source is source and each.key == key]
        of = [
            each
            for each in self._kept
            if each.source is source
            and (each.key.of.model, each.key.of.kind) == (key.of.model, key.of.kind)
            and each.found
        ]
        found = exact or of
        return found[-1] if found else None

    def stale(self, known: SeriesNumbers) -> str:
        """Why it is not of what is in force; empty where it is."""
        key = _key(self._store.session)
        if key is None or key == known.key:
            return ""
        if key.of.edits != known.key.of.edits:
            return "measured before the latest edits"
        if key.steps != known.key.steps:
            return "measured with other steps of the input"
        return "measured with other options"

    def is_judged(self, known: SeriesNumbers) -> bool:
        """Whether its errors are those against the reference that is open now, if any."""
        reference = self._judged_by()
        return reference is None or known.reference == reference

    def finding(self, known: SeriesNumbers, spread: Spread) -> ErrorFinding | None:
        """How uncertainty and errors go together; None without a reference, or another one."""
        reference = self._judged_by()
        return known.finding(spread) if reference and reference == known.reference else None

    # ------------------------------------------------------------ slice by slice

    def _made_run(
        self, key: _Key, source: SeriesSource, network: Network, left: list[int]
    ) -> SeriesRun[int, Numbers]:
        together = self._desk.together(source)

        def read(index: int) -> NetworkInput:
            name = self._live.input_key(SliceKey(source.uid, index), key.steps, network)
            return read_input(index, source, together, key.steps, network, name)

        return SeriesRun(
            self._jobs,
            "uncertainty of slice",
            left,
            read=read,
            ask=partial(self._ask, key),
            take=lambda index, _, numbers: self._take(key, index, numbers),
            failed=self._failed,
            ended=self._finish,
        )

    def _ask(
        self,
        key: _Key,
        index: int,
        fed: NetworkInput,
        done: Callable[[Numbers], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        of = key.of
        where = SliceKey(key.series, index)
        question = SliceUncertaintyQuestion(
            model=of.model,
            image=fed.image,
            image_key=fed.key,
            edits=of.edits,
            kind=of.kind,
            repeats=of.repeats,
            augmentations=of.augmentations,
            judge=judge_of(self._store.session, self._references, where, fed.placement),
        )
        return self._engine.explain(question, lambda *_: None, done, failed)

    def _take(self, key: _Key, index: int, numbers: Numbers) -> None:
        known = next((each for each in self._kept if each.key == key), None)
        if known is not None:
            self._keep(replace(known, found={**known.found, index: numbers}))
            self._report()
            self.changed.emit()

    def _failed(self, error: UnetscopeError) -> None:
        self._stop()
        self._desk.notice.emit(Notice(error.what, error.hint))
        self.changed.emit()

    def _finish(self) -> None:
        unread = self._run.unread if self._run is not None else []
        made, slices = self._made()
        self._stop()
        count = f"{made} slices" if made == slices else f"{made} of {slices} slices"
        hint = f"The others could not be read: {unread[0].what}" if unread else ""
        self._tell(f"Measured the uncertainty of {count}.", hint, trouble=bool(unread))
        self.changed.emit()

    # -------------------------------------------------------------- what changes

    def _on_session(self, _: Session, new: Session) -> None:
        if self._at is None or _key(new) == self._at:
            return
        self._stop()
        self._jobs.deliver(
            lambda: self._tell(
                "Network, input, series or options changed, so measuring the series was stopped.",
                "Start it again; slices that were measured like that are kept.",
            )
        )
        self.changed.emit()

    def _on_studies(self) -> None:
        """Drop what is known of a series that was replaced."""
        self._kept = [each for each in self._kept if self._is_here(each)]
        if self._at is not None and self._made() == (0, 0):
            self._stop()
        self.changed.emit()

    def _is_here(self, each: SeriesNumbers) -> bool:
        return self._desk.find(each.key.series) is each.source

    # --------------------------------------------------------------------- small

    def _judged_by(self) -> object:
        reference = self._references.reference
        return None if reference is None else (reference, self._references.matching)

    def _keep(self, known: SeriesNumbers) -> None:
        others = [each for each in self._kept if each.key != known.key]
        self._kept = [*others, known][-KEPT:]

    def _made(self) -> tuple[int, int]:
        """How many slices are measured, of how many."""
        at = next((each for each in self._kept if each.key == self._at), None)
        return (0, 0) if at is None else (len(at.found), at.slices)

    def _stop(self) -> None:
        run, self._run, self._at = self._run, None, None
        if run is not None:
            run.stop()
            self.progress_changed.emit(1.0, "")

    def _report(self) -> None:
        made, slices = self._made()
        sentence = f"Measuring uncertainty: {made} of {slices} slices"
        self.progress_changed.emit(made / max(slices, 1), sentence)

    def _tell(self, what: str, hint: str = "", *, trouble: bool = False) -> None:
        self._desk.notice.emit(Notice(what, hint, trouble))


def _key(session: Session) -> _Key | None:
    network, card, series = session.network, session.card, session.series
    if network is None or card is None or series is None:
        return None
    choice: UncertaintyChoice = session.explaining.uncertainty
    return _Key(
        series.uid,
        card.preprocessing,
        UncertaintyKey.of(network.ref, session.edits, "", choice),
    )
