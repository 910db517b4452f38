"""Which structure each feature map of a layer follows over the series, measured when idle."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.dissection import DissectSlice, Tally
from unetscope.domain.explaining.label_counts import (
    Floats,
    SliceCounts,
    first_look,
    thresholds_of,
)
from unetscope.domain.explaining.on_grid import on_output
from unetscope.domain.explaining.ranking import layers_to_rank
from unetscope.domain.metrics import Labels
from unetscope.domain.network import Network
from unetscope.domain.ports import Cancel, Engine, Notice
from unetscope.domain.reference import Reference
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.dissections import Dissected, DissectionKey, Dissections
from unetscope.state.jobs import Jobs
from unetscope.state.live import Live
from unetscope.state.network_input import NetworkInput
from unetscope.state.references import References
from unetscope.state.series_run import SeriesRun, read_input
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store

TELL_EVERY = 1.0  # seconds between two tables of what is known so far


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Labelled(NetworkInput):
    """A slice as the network is fed it, with the reference on the same grid."""

    labels: Labels | None


@dataclass(slots=True, eq=False)
class _Run:
    """One layer on its way through the series: first a look at some slices, then all are counted.

    Attributes
    ----------
    steps_done, steps_wanted : int
        Slices asked for, in both rounds.
    """

    key: DissectionKey
    source: SeriesSource
    network: Network
    reference: Reference | None
    steps_wanted: int
    steps_done: int = 0
    values: list[Floats] | None = None
    slices_run: SeriesRun[int, Any] | None = None
    unread: int = 0


class Dissecting:
    """Compares the maps of the layer shown with labels over the series shown, and keeps the result.

    The labels are the reference's where the series has one, else the network's own. A comparison
    under way goes on while other layers or slices are looked at; it ends when network, edits, input
    card, series or reference change, for then it would describe what is no longer there.
    """

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
        dissections: Dissections,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._engine = engine
        self._live = live
        self._references = references
        self._run: _Run | None = None
        self._left: list[str] = []  # layers whose turn comes after that
        self._dissections = dissections
        self._told = 0.0
        store.changed.connect(self._check)
        references.changed.connect(self._check)
        desk.studies_changed.connect(self._on_studies)

    # ----------------------------------------------------------------- intents

    @property
    def running(self) -> bool:
        """Whether a layer is being compared."""
        return self._run is not None

    @property
    def layer_at_work(self) -> str | None:
        """The layer that is being compared."""
        return self._run.key.layer if self._run else None

    def start(self) -> None:
        """Compare the maps of the layer shown; what is kept is not redone."""
        key = self._dissections.key()
        if self._run is not None and self._run.key == key:
            return
        self._stop()
        if key is not None and self._is_done(key.layer):
            self._tell(f"The maps of {key.layer} are compared already.")
        else:
            self._start(key)
        self._dissections.changed.emit()

    def start_all(self) -> None:
        """Compare the maps of the input and of all layers, one layer after the other."""
        network = self._store.session.network
        graph = network.graph if network is not None else None
        self._stop()
        if graph is not None:
            inputs = [each.name for each in graph.layers if each.kind == "InputLayer"]
            self._left = [
                each
                for each in (*inputs[:1], *layers_to_rank(graph))
                if len(graph[each].spatial) == 2 and not self._is_done(each)
            ]
        if self._left:
            self._start(self._dissections.key(self._left.pop(0)))
        elif graph is not None and self._desk.shown is not None:
            self._tell("The maps of all layers are compared already.")
        else:
            self._start(None)
        self._dissections.changed.emit()

    def _is_done(self, layer: str) -> bool:
        """Whether every slice is counted, as things are now."""
        known = self._dissections.of(layer)
        return known is not None and known.tally is None

    def _start(self, key: DissectionKey | None) -> None:
        """Compare the maps of a layer; a run that was stopped goes on where it was."""
        session, source = self._store.session, self._desk.shown
        if source is None or session.network is None or key is None:
            self._tell("There is nothing to compare.", "Open a study and a model first.")
            return
        known, count = self._dissections.find(key), source.shape[0]
        if known is None or known.source is not source:
            known = None
        reference = self._references.reference if key.reference is not None else None
        self._run = run = _Run(key, source, session.network, reference, count)
        if known is None:
            looked_at = first_look(range(count))
            run.values, run.steps_wanted = [], count + len(looked_at)
            self._begin(run, looked_at, None)
        else:
            assert known.tally is not None
            run.steps_done = len(known.tally.slices)
            self._count(run, known.tally)
        self._report(run)

    def cancel(self) -> None:
        """Stop; what is counted is kept, and a later start goes on from there."""
        run = self._run
        if run is not None:
            known = self._dissections.find(run.key)
            made = known.counted if known is not None else 0
            self._stop()
            self._tell(f"Stopped after {made} of {run.source.shape[0]} slices; those are kept.")
            self._dissections.changed.emit()

    # ------------------------------------------------------------ slice by slice

    def _begin(self, run: _Run, slices: tuple[int, ...], thresholds: Floats | None) -> None:
        """Take these slices through the network, up to the layer."""
        source, network, steps = run.source, run.network, run.key.steps
        together = self._desk.together(source)
        matching = run.key.reference[1] if run.key.reference is not None else ()

        def read(index: int) -> NetworkInput:
            key = self._live.input_key(SliceKey(source.uid, index), steps, network)
            fed = read_input(index, source, together, steps, network, key)
            if run.reference is None or thresholds is None:
                return fed
            labels = run.reference.slice_labels(matching, index)
            return _Labelled(
                image=fed.image,
                key=fed.key,
                placement=fed.placement,
                labels=on_output(labels, fed.placement, fed.placement.size),
            )

        run.slices_run = SeriesRun(
            self._jobs,
            "dissect",
            slices,
            read=read,
            ask=partial(self._ask, run, thresholds),
            take=partial(self._take, run),
            failed=self._failed,
            ended=partial(self._ended, run),
        )
        run.slices_run.start()

    def _ask(
        self,
        run: _Run,
        thresholds: Floats | None,
        _: int,
        fed: NetworkInput,
        done: Callable[[Any], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        labels = fed.labels if isinstance(fed, _Labelled) else None
        inputs = (each.name for each in run.network.graph.layers if each.kind == "InputLayer")
        question = DissectSlice(
            model=run.key.model,
            image=fed.image,
            image_key=fed.key,
            edits=run.key.edits,
            layer=run.key.layer,
            labels=labels,
            grid=None if labels is None else next(inputs),
            thresholds=thresholds,
        )
        return self._engine.explain(question, lambda *_: None, done, failed)

    def _take(self, run: _Run, index: int, _: NetworkInput, answer: Floats | SliceCounts) -> None:
        run.steps_done += 1
        self._report(run)
        if not isinstance(answer, SliceCounts):
            assert run.values is not None
            run.values.append(answer)
            return
        known = self._dissections.find(run.key)
        if known is None or known.tally is None:
            return
        try:
            known.tally = known.tally.with_slice(index, answer)
        except UnetscopeError as error:
            self._failed(error)
            return
        if time.monotonic() - self._told > TELL_EVERY:
            self._told = time.monotonic()
            self._dissections.changed.emit()

    def _ended(self, run: _Run) -> None:
        """A round is over: the first gives the thresholds, the second the result."""
        values, run.values = run.values, None
        if run.slices_run is not None:
            run.unread += len(run.slices_run.unread)
        if values is None:
            self._finish(run)
        elif not values:
            self._failed(_why(run))
        else:
            self._jobs.submit(
                "dissect thresholds",
                lambda _: thresholds_of(values),
                done=lambda found: self._count(run, Tally.start(run.key.layer, found)),
                failed=self._failed,
            )

    def _count(self, run: _Run, tally: Tally) -> None:
        """The second round: all slices that are not counted yet, from the slice shown outwards."""
        if self._run is not run:
            return
        run.unread = 0
        here, count = self._store.session.slice_index, run.source.shape[0]
        self._dissections.keep(Dissected(run.key, run.source, count, tally))
        left = (index for index in range(count) if index not in tally.slices)
        order = sorted(left, key=lambda index: abs(index - here))
        self._begin(run, tuple(order), tally.thresholds)

    def _failed(self, error: UnetscopeError) -> None:
        self._stop()
        self._desk.notice.emit(Notice(error.what, error.hint, private=True))
        self._dissections.changed.emit()

    def _finish(self, run: _Run) -> None:
        known = self._dissections.find(run.key)
        if known is None or known.tally is None or not known.tally.slices:
            self._failed(_why(run))
            return
        left = self._left
        self._stop()
        counted = known.counted
        count = f"{counted} slices" if counted == known.slices else f"{counted} of {known.slices}"
        known.close()
        hint = f"{run.unread} slices could not be read." if run.unread else ""
        what = f"Compared the maps of {run.key.layer} with {known.key.against} over {count}."
        self._tell(what, hint, trouble=bool(run.unread))
        if left:
            self._left = left[1:]
            self._start(self._dissections.key(left[0]))
        self._dissections.changed.emit()

    # -------------------------------------------------------------- what changes

    def _check(self, *_: object) -> None:
        """Stop a comparison of what is no longer there."""
        run = self._run
        if run is not None and self._dissections.key(run.key.layer) != run.key:
            self._stop()
            self._jobs.deliver(
                lambda: self._tell(
                    "Network, labels or series changed, so the comparison of maps was stopped.",
                    "Start it again when the edits are done.",
                )
            )
            self._dissections.changed.emit()

    def _on_studies(self) -> None:
        """Stop where the series was replaced."""
        run = self._run
        if run is not None and self._desk.find(run.key.series) is not run.source:
            self._stop()
            self._dissections.changed.emit()

    # --------------------------------------------------------------------- small

    def _stop(self) -> None:
        run, self._run, self._left = self._run, None, []
        if run is None:
            return
        if run.slices_run is not None:
            run.slices_run.stop()
        self._jobs.cancel("dissect thresholds")
        self.progress_changed.emit(1.0, "")

    def _report(self, run: _Run) -> None:
        sentence = f"Comparing the maps of {run.key.layer} with {run.key.against}"
        if run.values is not None:
            sentence = f"Looking how strong the maps of {run.key.layer} are"
        if self._left:
            sentence += f", then {len(self._left)} more layers"
        self.progress_changed.emit(run.steps_done / max(run.steps_wanted, 1), sentence)

    def _tell(self, what: str, hint: str = "", *, trouble: bool = False) -> None:
        self._desk.notice.emit(Notice(what, hint, trouble))


def _why(run: _Run) -> UnetscopeError:
    """Why nothing could be compared at all."""
    if run.slices_run is not None and run.slices_run.unread:
        return run.slices_run.unread[0]
    return UnetscopeError("There is no slice to compare.", "Choose another series.")
