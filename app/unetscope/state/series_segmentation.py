"""The mask of every slice of the series shown, made in the background and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.jobs import Jobs
from unetscope.state.kept_masks import KeptMasks, Version
from unetscope.state.live import Live, SliceKey
from unetscope.state.network_input import NetworkInput, on_slice
from unetscope.state.series_run import SeriesRun, read_input
from unetscope.state.store import Store

TRAINED: Edits = ()

Todo = tuple[int, Edits]  # a slice, and the edits with which the network is to see it


def ask_for_mask(
    engine: Engine,
    network: Network,
    task: Todo,
    fed: NetworkInput,
    done: Callable[[Labels], None],
    failed: Callable[[UnetscopeError], None],
) -> Cancel:
    """Have the engine segment one slice of many."""
    request = LookRequest(model=network.ref, image=fed.image, image_key=fed.key, edits=task[1])
    return engine.segment(request, done, failed)


@dataclass(slots=True, eq=False)
class _Run:
    """One series on its way through the network.

    Attributes
    ----------
    versions : tuple of Edits
        With which edits each slice is segmented: those in force, and for a comparison none too.
    """

    source: SeriesSource
    network: Network
    card: ModelCard
    versions: tuple[Edits, ...]
    slices_run: SeriesRun[Todo, Labels] | None = None

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

    Masks are kept by network, steps before it and edits: taking an edit back brings those back that
    were made without it, and a run that was stopped goes on where it was. See `KeptMasks`.
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
        self._made_masks = KeptMasks()
        self._seen: dict[str, dict[int, Labels]] = {}  # of slices that were shown, by series
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
        return self._kept(self._store.session.edits, series)

    def trained_masks(self, series: str) -> Mapping[int, Labels]:
        """The kept masks of the trained network."""
        return self._kept(TRAINED, series)

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
            if index not in self._kept(edits, source.uid)
        ]
        self._run = _Run(source, session.network, session.card, versions)
        self._report(self._run)
        self._begin(self._run, left)

    def _kept(self, edits: Edits, series: str) -> Mapping[int, Labels]:
        """The masks of a series by the network shown, with these edits."""
        version = _version(self._store.session, edits)
        return self._made_masks.of(version, series) if version else {}

    def _made(self, run: _Run) -> int:
        """How many masks of a run are there."""
        return sum(len(self._kept(edits, run.source.uid)) for edits in run.versions)

    def cancel(self) -> None:
        """Stop; the masks that are made are kept."""
        run = self._run
        if run is not None:
            self._stop()
            self._tell(f"Stopped after {self._so_far(run)}; those are kept.")

    # ------------------------------------------------------------ slice by slice

    def _begin(self, run: _Run, todo: list[Todo]) -> None:
        """Take what is to do through the network."""
        source, network, steps = run.source, run.network, run.card.preprocessing
        together = self._desk.together(source)

        def read(task: Todo) -> NetworkInput:
            key = self._live.input_key(SliceKey(source.uid, task[0]), steps, network)
            return read_input(task[0], source, together, steps, network, key)

        run.slices_run = SeriesRun(
            self._jobs,
            "segment",
            todo,
            read=read,
            ask=partial(ask_for_mask, self._engine, network),
            take=partial(self._take, run),
            failed=self._failed,
            ended=partial(self._finish, run),
        )
        run.slices_run.start()

    def _take(self, run: _Run, task: Todo, fed: NetworkInput, mask: Labels) -> None:
        index, edits = task
        version = Version(run.network.ref, run.card.preprocessing, edits)
        on_the_slice = on_slice(mask, fed.placement)
        self._made_masks.put(version, run.source.uid, index, on_the_slice)
        self._report(run)
        self.mask_came.emit(SliceKey(run.source.uid, index))

    def _failed(self, error: UnetscopeError) -> None:
        self._stop()
        self._tell(error.what, error.hint, trouble=True)

    def _finish(self, run: _Run) -> None:
        self._stop()
        edits = run.versions[-1]
        masks = self._kept(edits, run.source.uid)
        count = f"{len(masks)} slice{'s' if len(masks) != 1 else ''}"
        hint = "Research use only."
        unread = run.slices_run.unread if run.slices_run is not None else []
        if unread:
            count = f"{len(masks)} of {run.slices} slices"
            error = told(unread[0], hidden=self._store.session.identity_hidden)
            hint = f"The others could not be read: {error.what}"
        edited = ""
        if edits:
            edited = " with the trained and" if run.compares else " with"
            edited += " the edited network"
        sizes = ", ".join(_sizes(masks, run)) or "no class was found"
        self._tell(f"Segmented {count}{edited}: {sizes}.", hint, trouble=bool(unread))

    # -------------------------------------------------------------- what changes

    def _on_session(self, old: Session, new: Session) -> None:
        if _version(old, old.edits) == _version(new, new.edits):
            return
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
            self._seen.pop(uid, None)
            self._made_masks.drop(uid)
            if self._run is not None and self._run.source is source:
                self._stop()

    # --------------------------------------------------------------------- small

    def _stop(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        if run.slices_run is not None:
            run.slices_run.stop()
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


def _version(session: Session, edits: Edits) -> Version | None:
    """All that the masks depend on, but for the slices."""
    if session.network is None or session.card is None:
        return None
    return Version(session.network.ref, session.card.preprocessing, edits)


def _sizes(masks: Mapping[int, Labels], run: _Run) -> list[str]:
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
