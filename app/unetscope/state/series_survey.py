"""How strong a layer's feature maps are in every slice of the series, measured when idle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import Cancel, Engine, LookRequest, Notice
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.domain.survey import MapPeaks, Survey
from unetscope.state.desk import Desk
from unetscope.state.jobs import Jobs
from unetscope.state.live import Live
from unetscope.state.network_input import NetworkInput
from unetscope.state.series_run import SeriesRun, read_input
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store

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
    slices_run: SeriesRun[int, MapPeaks] | None = None


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
        self._run = _Run(key, source, session.network)
        self._report(self._run)
        self._begin(self._run, left)
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

    def _begin(self, run: _Run, slices: list[int]) -> None:
        """Take these slices through the network, up to the layer."""
        source, network, steps = run.source, run.network, run.key.steps
        together = self._desk.together(source)

        def read(index: int) -> NetworkInput:
            key = self._live.input_key(SliceKey(source.uid, index), steps, network)
            return read_input(index, source, together, steps, network, key)

        run.slices_run = SeriesRun(
            self._jobs,
            "survey",
            slices,
            read=read,
            ask=partial(self._ask, run.key),
            take=partial(self._take, run),
            failed=self._failed,
            ended=partial(self._finish, run),
        )
        run.slices_run.start()

    def _ask(
        self,
        key: SurveyKey,
        _: int,
        fed: NetworkInput,
        done: Callable[[MapPeaks], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        request = LookRequest(
            model=key.model,
            image=fed.image,
            image_key=fed.key,
            edits=key.edits,
            layer=key.layer,
        )
        return self._engine.survey(request, done, failed)

    def _take(self, run: _Run, index: int, _: NetworkInput, peaks: MapPeaks) -> None:
        found = self._find(run.key)
        if found is None:
            return
        self._keep(run.key, found.source, found.survey.with_slice(index, peaks))
        self._report(run)
        self.changed.emit()

    def _failed(self, error: UnetscopeError) -> None:
        self._stop()
        self._desk.notice.emit(Notice(error.what, error.hint))
        self.changed.emit()

    def _finish(self, run: _Run) -> None:
        self._stop()
        unread = run.slices_run.unread if run.slices_run is not None else []
        found, slices = self._made(run), run.source.shape[0]
        count = f"{found} slices" if found == slices else f"{found} of {slices} slices"
        hint = f"The others could not be read: {unread[0].what}" if unread else ""
        self._tell(f"Surveyed {run.key.layer} over {count}.", hint, trouble=bool(unread))
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
        if run.slices_run is not None:
            run.slices_run.stop()
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
