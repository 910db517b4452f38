"""The live loop: the slice shown and what the network makes of it, always of one version."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

import numpy as np
from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Engine, Floats, Look, LookRequest, SeriesSource
from unetscope.domain.preprocess import Placement, unplace
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.store import Store

NEIGHBOURS = 2  # slices read ahead on either side of the one shown
KEPT = 48  # slices whose pixels are kept


@dataclass(frozen=True, slots=True)
class SliceKey:
    """Which slice of which series."""

    series: str
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class ShownSlice:
    """The pixels of the slice shown: ``(rows, columns)`` float32 in the modality's units."""

    key: SliceKey
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the network made of one slice, and how its grid lies on the slice's.

    Attributes
    ----------
    look : Look
        The engine's answer.
    key : SliceKey
        The slice it belongs to.
    placement : Placement
        Where the slice lies in the network's input.
    mask, trained_mask : (rows, columns) ndarray of uint8, or None
        Labels on the slice's own grid.
    """

    look: Look
    key: SliceKey
    placement: Placement
    mask: Labels | None
    trained_mask: Labels | None


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
        self._kept: OrderedDict[SliceKey, tuple[SeriesSource, Floats]] = OrderedDict()
        self._source: SeriesSource | None = None  # what the slice shown was read from
        self._opened = 0  # studies so far: a series opened again has other pixels
        self._asked: LookRequest | None = None  # the latest question, until it is answered
        self.shown: ShownSlice | None = None
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
            self._show_slice(new)
        if _question(old) != _question(new) and self._asked is asked:
            self.ask()

    def _on_studies(self) -> None:
        """A study was opened: forget what was read of one that it replaced, and read it again."""
        self._opened += 1
        for key, (source, _) in list(self._kept.items()):
            if self._desk.find(key.series) is not source:
                del self._kept[key]
        if self.shown and self._desk.find(self.shown.key.series) is not self._source:
            self.shown = None
            self._forget_answer()
            self.slice_changed.emit()
            self._show_slice(self._store.session)

    def _show_slice(self, session: Session) -> None:
        key = _slice_key(session)
        source = self._desk.find(key.series) if key else None
        if key is None or source is None or key.index >= source.shape[0]:
            self.shown = None
            self.slice_changed.emit()
            return
        if key in self._kept:
            self._have(key, *self._kept[key])
        ahead = [key.index + step for n in range(1, NEIGHBOURS + 1) for step in (n, -n)]
        inside = [i for i in ahead if 0 <= i < source.shape[0]]
        missing = [i for i in (key.index, *inside) if SliceKey(key.series, i) not in self._kept]

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

        self._jobs.submit("slice", work, done=lambda _: None, failed=self._slice_failed)

    def _read(self, key: SliceKey, source: SeriesSource, values: Floats) -> None:
        if self._desk.find(key.series) is not source:
            return
        self._kept[key] = (source, values)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        if key == _slice_key(self._store.session) and (not self.shown or self.shown.key != key):
            self._have(key, source, values)

    def _have(self, key: SliceKey, source: SeriesSource, values: Floats) -> None:
        self.shown, self._source = ShownSlice(key, values), source
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
        session, source = self._store.session, self._source
        if session.network is None or session.card is None:
            return
        if self.shown is None or source is None or self.shown.key != _slice_key(session):
            return
        key, values = self.shown.key, self.shown.values
        spacing = source.spacing[1:]
        preprocessing = session.card.preprocessing
        try:
            image = preprocessing.apply(values, spacing)
        except UnetscopeError as error:
            self._asked = None
            self._failed(None, error)
            return
        rows, columns = values.shape
        placement = preprocessing.placement((rows, columns), spacing)
        request = LookRequest(
            model=session.network.ref,
            image=_with_channels(image, session),
            image_key=f"{self._opened}/{key.series}/{key.index}/{preprocessing!r}",
            edits=session.edits,
            layer=session.layer,
        )
        self._asked = request
        self._set_busy(True)
        answered = partial(self._answered, request, source, key, placement)
        self._engine.look(request, answered, partial(self._failed, request))

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
        mask, trained = (_on_slice(m, placement) for m in (look.mask, look.trained_mask))
        self.answer = Answer(look, key, placement, mask, trained)
        if latest:
            self._asked = None
            self._set_problem(None)
            self._set_busy(False)
        self.answered.emit()

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
    return _fingerprint(session), session.card, session.edits, session.layer


def _with_channels(image: Floats, session: Session) -> Floats:
    """Repeat a one-channel slice for a network that takes more."""
    channels = session.network.input_channels if session.network else 1
    return image if channels == 1 else np.repeat(image[..., None], channels, axis=-1)


def _on_slice(mask: Labels | None, placement: Placement) -> Labels | None:
    """Bring a mask to the slice's grid, from an output grid of any size."""
    if mask is None:
        return None
    if mask.shape != placement.size:
        grid = (mask.shape[0], mask.shape[1])
        mask = unplace(mask, Placement(placement.size, grid, grid)).astype(np.uint8)
    return unplace(mask, placement).astype(np.uint8)
