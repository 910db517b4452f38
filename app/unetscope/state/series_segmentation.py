"""The mask of every slice of the series shown, made in the background and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from psygnal import Signal

from unetscope.domain.card import ModelCard
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.identity import told
from unetscope.domain.metrics import Labels
from unetscope.domain.network import Network
from unetscope.domain.ports import Cancel, Engine, LookRequest, Notice
from unetscope.domain.preprocess import Placement
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live, SliceKey
from unetscope.state.network_input import NetworkInput, network_input, on_slice, read_slices
from unetscope.state.store import Store

LANES = 2  # one slice is read while the engine is at another
TRAINED: Edits = ()

Todo = tuple[int, Edits]  # a slice, and the edits with which the network is to see it
Masks = dict[str, dict[int, Labels]]  # by series and slice


@dataclass(slots=True, eq=False)
class _Run:
    """One series on its way through the network.

    Attributes
    ----------
    versions : tuple of Edits
        With which edits each slice is segmented: those in force, and for a comparison none too.
    left : list of Todo
        What is neither done nor under way, in the order of its turn.
    unread : list of UnetscopeError
        Why slices could not be read.
    at_work : int
        Lanes that have not come to their end.
    """

    source: SeriesSource
    network: Network
    card: ModelCard
    versions: tuple[Edits, ...]
    left: list[Todo]
    at_work: int = LANES
    unread: list[UnetscopeError] = field(default_factory=list)
    cancels: dict[int, Cancel] = field(default_factory=dict)

    @property
    def slices(self) -> int:
        """How many slices the series has."""
        return self.source.shape[0]

    @property
    def compares(self) -> bool:
        """Whether the trained network is run beside the edited one."""
        return len(self.versions) > 1


class SeriesSegmentation:
    """Segments all slices of a series while the window goes on, and keeps their masks.

    The masks belong to one network, as trained and with the edits in force. Those of the trained
    network stay whatever is edited; the others are dropped when the edits change, and all of them
    with the network or the steps before it.
    """

    progress_changed = Signal(float, str)
    """``(share, sentence)``: how much is done; no sentence when nothing is under way."""
    mask_came = Signal(SliceKey)

    def __init__(self, store: Store, jobs: Jobs, desk: Desk, engine: Engine, live: Live) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._engine = engine
        self._live = live
        self._run: _Run | None = None
        self._of: tuple[object, ...] = _made_of(store.session)
        self._edits = store.session.edits
        self._trained: Masks = {}
        self._edited: Masks = {}
        self._seen: Masks = {}  # of slices that were shown
        self._sources: dict[str, SeriesSource] = {}
        live.answered.connect(self._on_answer)
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._on_studies)

    # ----------------------------------------------------------------- intents

    @property
    def running(self) -> bool:
        """Whether a series is being segmented."""
        return self._run is not None

    def mask(self, key: SliceKey) -> Labels | None:
        """The kept mask ``(rows, columns)`` uint8 of a slice, on its own grid; None without one."""
        return self.masks(key.series).get(key.index)

    def seen(self, key: SliceKey) -> Labels | None:
        """The mask of a slice as it was last shown, with these edits; None without one."""
        return self._seen.get(key.series, {}).get(key.index)

    def masks(self, series: str) -> Mapping[int, Labels]:
        """The kept masks of a series, with the edits in force, by the number of their slice."""
        return self._kept(self._edits).get(series, {})

    def trained_masks(self, series: str) -> Mapping[int, Labels]:
        """The kept masks of the trained network."""
        return self._trained.get(series, {})

    def start(self, *, compare: bool = False) -> None:
        """Segment the series shown, from the slice shown outwards; what is kept is not redone.

        With `compare` the trained network segments every slice too, unless nothing is edited.
        """
        session, source = self._store.session, self._desk.shown
        if source is None or session.network is None or session.card is None:
            self._tell("There is nothing to segment.", "Open a study and a model first.")
            return
        versions = (TRAINED, session.edits) if compare and session.edits else (session.edits,)
        run = self._run
        if run is not None and run.source is source and run.versions == versions:
            return
        self._stop()
        self._sources[source.uid] = source
        here = session.slice_index
        left = [
            (index, edits)
            for index in sorted(range(source.shape[0]), key=lambda index: abs(index - here))
            for edits in versions
            if index not in self._kept(edits).setdefault(source.uid, {})
        ]
        self._run = _Run(source, session.network, session.card, versions, left)
        self._report(self._run)
        for lane in range(LANES):
            self._next(self._run, lane)

    def _kept(self, edits: Edits) -> Masks:
        return self._edited if edits else self._trained

    def _made(self, run: _Run) -> int:
        """How many masks of a run are there."""
        return sum(len(self._kept(edits)[run.source.uid]) for edits in run.versions)

    def cancel(self) -> None:
        """Stop; the masks that are made are kept."""
        run = self._run
        if run is not None:
            self._stop()
            self._tell(f"Stopped after {self._so_far(run)}; those are kept.")

    # ------------------------------------------------------------ slice by slice

    def _next(self, run: _Run, lane: int) -> None:
        if not run.left:
            run.at_work -= 1
            if not run.at_work:
                self._finish(run)
            return
        index, edits = run.left.pop(0)
        key = SliceKey(run.source.uid, index)
        steps = run.card.preprocessing
        name = self._live.input_key(key, steps, run.network)

        together = self._desk.together(run.source)

        def work(_: JobContext) -> NetworkInput:
            slices = read_slices(index, run.source, together, steps, run.network)
            return network_input(slices, run.source, steps, run.network, name)

        self._jobs.submit(
            f"segment {lane}",
            work,
            done=partial(self._ask, run, lane, key, edits),
            failed=partial(self._unread, run, lane),
        )

    def _ask(self, run: _Run, lane: int, key: SliceKey, edits: Edits, fed: NetworkInput) -> None:
        request = LookRequest(
            model=run.network.ref, image=fed.image, image_key=fed.key, edits=edits
        )
        taken = partial(self._take, run, lane, key, edits, fed.placement)
        run.cancels[lane] = self._engine.segment(request, taken, partial(self._failed, run))

    def _take(
        self,
        run: _Run,
        lane: int,
        key: SliceKey,
        edits: Edits,
        placement: Placement,
        mask: Labels,
    ) -> None:
        if run is not self._run:
            return
        self._kept(edits)[key.series][key.index] = on_slice(mask, placement)
        self._report(run)
        self.mask_came.emit(key)
        self._next(run, lane)

    def _unread(self, run: _Run, lane: int, error: UnetscopeError) -> None:
        run.unread.append(error)
        self._next(run, lane)

    def _failed(self, run: _Run, error: UnetscopeError) -> None:
        if run is self._run:
            self._stop()
            self._tell(error.what, error.hint, trouble=True)

    def _finish(self, run: _Run) -> None:
        self._stop()
        edits = run.versions[-1]
        masks = self._kept(edits)[run.source.uid]
        count = f"{len(masks)} slice{'s' if len(masks) != 1 else ''}"
        hint = "Research use only."
        if run.unread:
            count = f"{len(masks)} of {run.slices} slices"
            error = told(run.unread[0], hidden=self._store.session.identity_hidden)
            hint = f"The others could not be read: {error.what}"
        edited = ""
        if edits:
            edited = " with the trained and" if run.compares else " with"
            edited += " the edited network"
        sizes = ", ".join(_sizes(masks, run)) or "no class was found"
        self._tell(f"Segmented {count}{edited}: {sizes}.", hint, trouble=bool(run.unread))

    # -------------------------------------------------------------- what changes

    def _on_session(self, _: Session, new: Session) -> None:
        of = _made_of(new)
        if of == self._of and new.edits == self._edits:
            return
        if of != self._of:
            self._trained.clear()
        self._of, self._edits = of, new.edits
        self._edited.clear()
        self._seen.clear()
        if self._run is not None:
            self._stop()
            # soon, for the line that says what changed is written at this moment
            self._jobs.deliver(
                lambda: self._tell(
                    "The network was changed, so segmenting the series was stopped.",
                    "Start it again when the edits are done.",
                )
            )

    def _on_answer(self) -> None:
        """Keep the mask of a slice that was shown, for when it is shown again."""
        answer = self._live.answer
        if answer is None or answer.mask is None or answer.look.exact_in is not None:
            return
        request, session = answer.look.request, self._store.session
        if session.network is None or session.network.ref != request.model:
            return
        source = self._desk.find(answer.key.series)
        if source is not None and request.edits == session.edits:
            self._sources[answer.key.series] = source
            self._seen.setdefault(answer.key.series, {})[answer.key.index] = answer.mask

    def _on_studies(self) -> None:
        """Drop what was made of a series that was replaced."""
        for uid, source in list(self._sources.items()):
            if self._desk.find(uid) is source:
                continue
            del self._sources[uid]
            for masks in (self._trained, self._edited, self._seen):
                masks.pop(uid, None)
            if self._run is not None and self._run.source is source:
                self._stop()

    # --------------------------------------------------------------------- small

    def _stop(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        for lane in range(LANES):
            self._jobs.cancel(f"segment {lane}")
        for cancel in run.cancels.values():
            cancel()
        self.progress_changed.emit(1.0, "")

    def _report(self, run: _Run) -> None:
        whole = max(run.slices * len(run.versions), 1)
        sentence = f"Segmenting the series: {self._so_far(run)}"
        self.progress_changed.emit(self._made(run) / whole, sentence)

    def _so_far(self, run: _Run) -> str:
        made = self._made(run)
        if run.compares:
            return f"{made} of {2 * run.slices} masks, trained and edited"
        return f"{made} of {run.slices} slices"

    def _tell(self, what: str, hint: str = "", *, trouble: bool = False) -> None:
        self._desk.notice.emit(Notice(what, hint, trouble))


def _made_of(session: Session) -> tuple[object, ...]:
    """All that the trained network's masks depend on, but for the slices."""
    ref = session.network.ref if session.network else None
    steps = session.card.preprocessing if session.card else None
    return ref, steps


def _sizes(masks: dict[int, Labels], run: _Run) -> list[str]:
    """What each class takes, in mL where the geometry is sure, else in voxels."""
    counts = np.zeros(256, np.int64)
    for mask in masks.values():
        counts += np.bincount(mask.ravel(), minlength=256)
    millilitres = float(np.prod(run.source.spacing)) / 1000
    found = []
    for label in run.card.classes:
        if label.colour is None or not counts[label.index]:
            continue
        voxels = int(counts[label.index])
        amount = f"{voxels:,} voxels"
        if run.source.geometry_sure and millilitres > 0:
            amount = f"{voxels * millilitres:,.1f} mL"
        found.append(f"{label.name} {amount}")
    return found
