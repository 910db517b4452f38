"""The live loop: the slice shown and what the network makes of it, always of one version."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import count

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.input_grid import Placement
from unetscope.domain.network import Network
from unetscope.domain.ports import Engine, Floats, Look, LookRequest
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.feeding import Feeding
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.kept_slices import KeptSlices
from unetscope.state.network_input import NetworkInput, Part, on_slice
from unetscope.state.shown import Answer as Answer
from unetscope.state.shown import ShownSlice as ShownSlice
from unetscope.state.shown import SliceKey as SliceKey
from unetscope.state.store import Store

NEIGHBOURS = 2  # slices read, and looked at, ahead on either side of the one shown

_openings = count()  # of studies in this program, by all its windows: they may share an engine


class Live:
    """Follows the session: reads the slice it names and asks the engine about it.

    Presenters listen to `slice_changed` and `answered`; neither ever mixes versions: an answer
    carries the request it belongs to.
    """

    slice_changed = Signal()
    answered = Signal()
    busy_changed = Signal(bool)
    problem_changed = Signal(object)

    def __init__(self, store: Store, jobs: Jobs, desk: Desk, engine: Engine) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._engine = engine
        self._kept = KeptSlices()
        self._source: SeriesSource | None = None  # what the slice shown was read from
        self._opened = next(_openings)  # a series opened again has other pixels
        self._feeding = Feeding(jobs, desk, self._kept, self.ask, partial(self._failed, None))
        self._asked: LookRequest | None = None  # the latest question, until it is answered
        self._asked_ahead: tuple[object, ...] = ()
        self._forward = True  # which way the user goes through the slices
        self._dragging = False
        self._is_rough = False  # whether the latest question was asked while dragging
        self._visible: Part | None = None
        self.shown: ShownSlice | None = None
        self.fed: NetworkInput | None = None  # what the network was last asked about
        self.answer: Answer | None = None
        self.busy = False
        self.problem: UnetscopeError | None = None
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._on_studies)

    # ----------------------------------------------------------------- slices

    def _on_session(self, old: Session, new: Session) -> None:
        asked = self._asked
        if _fingerprint(new) != _fingerprint(old):
            self._forget_answer()
        if _slice_key(new) != _slice_key(old):
            self._forward = new.slice_index >= old.slice_index or new.series != old.series
            self._show_slice(new)
        if _question(old) != _question(new) and self._asked is asked:
            self.ask()

    def _on_studies(self) -> None:
        """A study was opened: forget what was read of one that it replaced, and read it again."""
        self._opened = next(_openings)
        self._kept.drop_replaced(self._desk.find)
        if self.shown and self._desk.find(self.shown.key.series) is not self._source:
            self._show_slice(self._store.session)

    def _show_slice(self, session: Session) -> None:
        self._feeding.give_up()
        if self._follow(session):
            return
        if self.shown and self._desk.find(self.shown.key.series) is not self._source:
            self.shown = None
            self._forget_answer()
            self.slice_changed.emit()
        key = _slice_key(session)
        source = self._desk.find(key.series) if key else None
        if key is None or source is None or key.index >= source.shape[0]:
            self.shown = None
            self.slice_changed.emit()
            return
        if (kept := self._kept.get(key)) is not None:
            self._have(key, *kept)
        self._fetch(key, source)

    def _follow(self, session: Session) -> bool:
        """Whether the slice to show is the one shown, of a series that has grown; if so, keep it.

        Its mask stays until the network was asked about it under its new name.
        """
        key, shown, before = _slice_key(session), self.shown, self._source
        source = self._desk.find(key.series) if key else None
        if key is None or shown is None or before is None or source in (None, before):
            return False
        if key.index >= source.shape[0] or (
            source.slice_id(key.index) != before.slice_id(shown.key.index)
        ):
            return False
        answer = self.answer
        if answer is not None and answer.key == shown.key:
            self.answer = replace(answer, key=key)
        self._kept.put(key, source, shown.values)
        self._have(key, source, shown.values)
        self._fetch(key, source)
        return True

    def _fetch(self, key: SliceKey, source: SeriesSource) -> None:
        """Read a slice and those around it that are not kept."""
        wanted = [key, *self._neighbours(key, source)]
        missing = [each.index for each in wanted if each not in self._kept]

        def work(job: JobContext) -> None:
            for index in missing:
                if job.cancelled:
                    return
                try:
                    values = source.slice(index)
                except Exception:
                    if index == key.index:
                        raise
                    continue  # a damaged neighbour is told of when it is wanted itself
                here = SliceKey(key.series, index)
                self._jobs.deliver(partial(self._read, here, source, values))

        self._jobs.submit(
            "slice", work, done=lambda _: self._look_ahead(), failed=self._slice_failed
        )

    def _neighbours(self, key: SliceKey, source: SeriesSource) -> list[SliceKey]:
        """The slices around one, the nearest first, those ahead before those behind."""
        way = 1 if self._forward else -1
        steps = [step for n in range(1, NEIGHBOURS + 1) for step in (n * way, -n * way)]
        around = [key.index + step for step in steps]
        return [SliceKey(key.series, i) for i in around if 0 <= i < source.shape[0]]

    def _read(self, key: SliceKey, source: SeriesSource, values: Floats) -> None:
        if self._desk.find(key.series) is not source:
            return
        self._kept.put(key, source, values)
        if key == _slice_key(self._store.session) and (not self.shown or self.shown.key != key):
            self._have(key, source, values)

    def _have(self, key: SliceKey, source: SeriesSource, values: Floats) -> None:
        self.shown, self._source = ShownSlice(key, values), source
        if key not in self._kept:
            self._kept.put(key, source, values)
        self._set_problem(None)
        self.slice_changed.emit()
        self.ask()

    def _slice_failed(self, error: UnetscopeError) -> None:
        self.shown = None
        self._set_problem(error)
        self.slice_changed.emit()

    # ----------------------------------------------------------------- engine

    def ask(self) -> None:
        """Send the session's question to the engine, unless slice or network is missing."""
        session, shown, source = self._store.session, self.shown, self._source
        if session.network is None or session.card is None:
            return
        if shown is None or source is None or shown.key != _slice_key(session):
            self._set_busy(self._asked is not None)
            return
        steps, network = session.card.preprocessing, session.network
        name = self.input_key(shown.key, steps, network)
        try:
            fed = self._feeding.input(name, shown.key, source, steps, network)
        except UnetscopeError as error:
            self._asked = None
            self._failed(None, error)
            return
        if fed is None:  # it is being made: this is called again when it is there
            self._asked = None
            self._set_busy(True)
            return
        request = LookRequest(
            model=network.ref,
            image=fed.image,
            image_key=fed.key,
            edits=session.edits,
            layer=session.layer,
            dragging=self._dragging,
            visible=fed.part(self._visible) if self._dragging else None,
        )
        self.fed, self._asked, self._is_rough = fed, request, self._dragging
        self._set_busy(True)
        answered = partial(self._answered, request, source, shown.key, fed.placement)
        self._engine.look(request, answered, partial(self._failed, request))

    def set_dragging(self, dragging: bool) -> None:
        """A gesture that edits goes on, or is over; then the exact answer is asked for.

        While it goes on, the engine may answer exactly only where it is seen.
        """
        was, self._dragging = self._dragging, dragging
        if was and not dragging:
            if self._is_rough:
                self.ask()
            else:
                self._look_ahead()

    def set_visible(self, part: Part | None) -> None:
        """Tell which part of the slice is on screen, in pixel edges; None: all of it."""
        self._visible = part

    def input_key(self, key: SliceKey, steps: Preprocessing, network: Network) -> str:
        """Name the image that a network is fed for a slice: equal names mean equal images."""
        fed = f"{network.input_channels}/{steps!r}"
        return f"{self._opened}/{key.series}/{key.index}/{fed}"

    # ------------------------------------------------------------------ ahead

    def _look_ahead(self) -> None:
        """Have the engine look at the neighbours of the slice shown, once it has nothing to do."""
        session, shown, source = self._store.session, self.shown, self._source
        network, card = session.network, session.card
        if shown is None or source is None or network is None or card is None:
            return
        if self._asked is not None or self._dragging or self.answer is None:
            return
        steps = card.preprocessing
        around = {
            name: make
            for key in self._neighbours(shown.key, source)
            if (name := self.input_key(key, steps, network))
            and (make := self._feeding.make(name, key, source, steps, network)) is not None
        }
        asked = (network.ref, session.edits, session.layer, *around)
        if asked == self._asked_ahead:
            return
        self._asked_ahead = asked

        def work(job: JobContext) -> list[NetworkInput]:
            made = []
            for make in around.values():
                job.step(0)
                try:
                    made.append(make())
                except UnetscopeError:
                    continue  # told of when the slice is wanted itself
            return made

        def done(inputs: list[NetworkInput]) -> None:
            if self._asked is not None or self._dragging:
                self._asked_ahead = ()  # the next answer asks again
                return
            for each in reversed(inputs):
                self._feeding.keep(each)
            self._engine.ahead(
                [
                    LookRequest(
                        model=network.ref,
                        image=each.image,
                        image_key=each.key,
                        edits=session.edits,
                        layer=session.layer,
                    )
                    for each in inputs
                ]
            )

        self._jobs.submit("ahead", work, done=done, failed=lambda _: None)

    def _answered(
        self,
        request: LookRequest,
        source: SeriesSource,
        key: SliceKey,
        placement: Placement,
        look: Look,
    ) -> None:
        """Take an answer; one that was superseded under way is shown until the latest comes."""
        latest = request is self._asked
        network = self._store.session.network
        is_gone = self._desk.find(key.series) is not source
        if is_gone or network is None or network.ref != request.model:
            if latest:
                self._asked = None
                self._set_busy(False)
            return
        mask, trained = (
            None if labels is None else on_slice(labels, placement)
            for labels in (look.mask, look.trained_mask)
        )
        self.answer = Answer(look, key, placement, mask, trained)
        if latest:
            self._asked = None
            self._set_problem(None)
            self._set_busy(False)
        self.answered.emit()
        if latest:
            self._look_ahead()

    def _failed(self, request: LookRequest | None, error: UnetscopeError) -> None:
        """Tell of a failure, unless a newer question is on its way."""
        if request is not self._asked:
            return
        self._asked = None
        self._forget_answer()
        self._set_problem(error)
        self._set_busy(False)

    def _forget_answer(self) -> None:
        self.answer = None
        self.answered.emit()

    def _set_busy(self, busy: bool) -> None:
        if busy != self.busy:
            self.busy = busy
            self.busy_changed.emit(busy)

    def _set_problem(self, problem: UnetscopeError | None) -> None:
        if problem is not self.problem:
            self.problem = problem
            self.problem_changed.emit(problem)


def _slice_key(session: Session) -> SliceKey | None:
    return SliceKey(session.series.uid, session.slice_index) if session.series else None


def _fingerprint(session: Session) -> str | None:
    return session.network.fingerprint if session.network else None


def _question(session: Session) -> tuple[object, ...]:
    """All that the engine's answer depends on, but for the slice, whose arrival asks by itself."""
    steps = session.card.preprocessing if session.card else None
    return _fingerprint(session), steps, session.edits, session.layer
