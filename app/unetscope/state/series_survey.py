"""How strong a layer's feature maps are in every slice of the series, measured when idle."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from psygnal import Signal

from unetscope.domain.card import ModelCard
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import Cancel, Engine, LookRequest, Notice
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.domain.survey import MapPeaks, Survey
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live
from unetscope.state.network_input import NetworkInput, network_input, read_slices
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store

LANES = 2  # one slice is read while the engine is at another
KEPT = 64  # surveys


@dataclass(frozen=True, slots=True)
class SurveyKey:
    """What a survey depends on, but for the pixels of the series."""

    layer: str
    series: str
    model: ModelRef
    steps: Preprocessing
    edits: Edits


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What is known of one series, read by this source."""

    key: SurveyKey
    source: SeriesSource
    survey: Survey


@dataclass(slots=True, eq=False)
class _Run:
    """One series on its way through the network, up to one layer."""

    key: SurveyKey
    source: SeriesSource
    network: Network
    card: ModelCard
    left: list[int]
    at_work: int = LANES
    unread: list[UnetscopeError] = field(default_factory=list)
    cancels: dict[int, Cancel] = field(default_factory=dict)


class SeriesSurvey:
    """Surveys the layer shown over the series shown, one layer at a time, and keeps what is found.

    A survey under way goes on while other layers or slices are looked at; it ends when network,
    edits, input card or series change, for then it would describe what is no longer there.
    """

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``: how much is done; no sentence when nothing is under way."""

    def __init__(self, store: Store, jobs: Jobs, desk: Desk, engine: Engine, live: Live) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._engine = engine
        self._live = live
        self._run: _Run | None = None
        self._kept: list[_Found] = []  # looked through: edits compare faster than they hash
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._on_studies)

    # ----------------------------------------------------------------- intents

    @property
    def running(self) -> bool:
        """Whether a series is being surveyed."""
        return self._run is not None

    @property
    def layer_at_work(self) -> str | None:
        """The layer that is being surveyed."""
        return self._run.key.layer if self._run else None

    def survey(self) -> Survey | None:
        """What is known of the layer shown over the series shown, with the edits in force."""
        key = _key(self._store.session)
        found = self._find(key) if key is not None else None
        return found.survey if found is not None and found.source is self._desk.shown else None

    def earlier(self) -> Survey | None:
        """What was found with other edits or another input card: stale, but better than nothing."""
        key = _key(self._store.session)
        if key is None:
            return None
        for found in reversed(self._kept):
            of = found.key
            same = (of.layer, of.series, of.model) == (key.layer, key.series, key.model)
            if same and found.source is self._desk.shown and of != key:
                return found.survey
        return None

    def start(self) -> None:
        """Survey the layer shown, from the slice shown outwards; what is kept is not redone."""
        session, source = self._store.session, self._desk.shown
        key = _key(session)
        if source is None or session.network is None or session.card is None or key is None:
            self._tell("There is nothing to survey.", "Open a study and a model first.")
            return
        if self._run is not None and self._run.key == key:
            return
        self._stop()
        found = self._find(key)
        survey = Survey(key.layer, source.shape[0])
        if found is not None and found.source is source:
            survey = found.survey
        self._keep(key, source, survey)
        left = [index for index in range(source.shape[0]) if index not in survey.peaks]
        left.sort(key=lambda index: abs(index - session.slice_index))
        self._run = _Run(key, source, session.network, session.card, left)
        self._report(self._run)
        for lane in range(LANES):
            self._next(self._run, lane)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; what is found is kept."""
        run = self._run
        if run is not None:
            self._stop()
            made = self._made(run)
            self._tell(f"Stopped after {made} of {run.source.shape[0]} slices; those are kept.")
            self.changed.emit()

    # ------------------------------------------------------------ slice by slice

    def _next(self, run: _Run, lane: int) -> None:
        if not run.left:
            run.at_work -= 1
            if not run.at_work:
                self._finish(run)
            return
        index = run.left.pop(0)
        steps = run.card.preprocessing
        name = self._live.input_key(SliceKey(run.source.uid, index), steps, run.network)

        together = self._desk.together(run.source)

        def work(_: JobContext) -> NetworkInput:
            slices = read_slices(index, run.source, together, steps, run.network)
            return network_input(slices, run.source, steps, run.network, name)

        self._jobs.submit(
            f"survey {lane}",
            work,
            done=partial(self._ask, run, lane, index),
            failed=partial(self._unread, run, lane),
        )

    def _ask(self, run: _Run, lane: int, index: int, fed: NetworkInput) -> None:
        request = LookRequest(
            model=run.network.ref,
            image=fed.image,
            image_key=fed.key,
            edits=run.key.edits,
            layer=run.key.layer,
        )
        taken = partial(self._take, run, lane, index)
        run.cancels[lane] = self._engine.survey(request, taken, partial(self._failed, run))

    def _take(self, run: _Run, lane: int, index: int, peaks: MapPeaks) -> None:
        if run is not self._run:
            return
        found = self._find(run.key)
        if found is None:
            return
        self._keep(run.key, found.source, found.survey.with_slice(index, peaks))
        self._report(run)
        self.changed.emit()
        self._next(run, lane)

    def _unread(self, run: _Run, lane: int, error: UnetscopeError) -> None:
        run.unread.append(error)
        self._next(run, lane)

    def _failed(self, run: _Run, error: UnetscopeError) -> None:
        if run is self._run:
            self._stop()
            self._desk.notice.emit(Notice(error.what, error.hint))
            self.changed.emit()

    def _finish(self, run: _Run) -> None:
        if run is not self._run:
            return
        self._stop()
        found, slices = self._made(run), run.source.shape[0]
        count = f"{found} slices" if found == slices else f"{found} of {slices} slices"
        hint = f"The others could not be read: {run.unread[0].what}" if run.unread else ""
        self._tell(f"Surveyed {run.key.layer} over {count}.", hint, trouble=bool(run.unread))
        self.changed.emit()

    # -------------------------------------------------------------- what changes

    def _on_session(self, _: Session, new: Session) -> None:
        run = self._run
        if run is None:
            return
        now, of = _key(new), run.key
        if now is None or replace(now, layer=of.layer) != of:
            self._stop()
            self._jobs.deliver(
                lambda: self._tell(
                    "Network, input or series changed, so the survey of the series was stopped.",
                    "Start it again when the edits are done.",
                )
            )
            self.changed.emit()

    def _on_studies(self) -> None:
        """Drop what was found in a series that was replaced."""
        self._kept = [f for f in self._kept if self._desk.find(f.key.series) is f.source]
        run = self._run
        if run is not None and self._desk.find(run.key.series) is not run.source:
            self._stop()
        self.changed.emit()

    # --------------------------------------------------------------------- small

    def _find(self, key: SurveyKey) -> _Found | None:
        return next((found for found in self._kept if found.key == key), None)

    def _keep(self, key: SurveyKey, source: SeriesSource, survey: Survey) -> None:
        others = [found for found in self._kept if found.key != key]
        self._kept = [*others, _Found(key, source, survey)][-KEPT:]

    def _made(self, run: _Run) -> int:
        found = self._find(run.key)
        return len(found.survey.peaks) if found is not None else 0

    def _stop(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        for lane in range(LANES):
            self._jobs.cancel(f"survey {lane}")
        for cancel in run.cancels.values():
            cancel()
        self.progress_changed.emit(1.0, "")

    def _report(self, run: _Run) -> None:
        made, slices = self._made(run), run.source.shape[0]
        sentence = f"Surveying {run.key.layer}: {made} of {slices} slices"
        self.progress_changed.emit(made / max(slices, 1), sentence)

    def _tell(self, what: str, hint: str = "", *, trouble: bool = False) -> None:
        self._desk.notice.emit(Notice(what, hint, trouble))


def _key(session: Session) -> SurveyKey | None:
    network, card, layer, series = session.network, session.card, session.layer, session.series
    if network is None or card is None or layer is None or series is None:
        return None
    return SurveyKey(layer, series.uid, network.ref, card.preprocessing, session.edits)
