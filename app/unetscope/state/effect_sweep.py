"""What each feature map of a layer does to the mask, measured in the background and kept."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from psygnal import Signal

from unetscope.domain.effects import Effects, How, SweepRequest
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.ranking import end_of_maps, layers_to_rank
from unetscope.domain.history import Edits
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import Cancel, Engine, Floats, Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.output_reference import Given, OutputReference
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store

KEPT = 64  # sweeps
NOTHING = ("There is nothing to measure.", "Open a study and a model first.")


@dataclass(frozen=True, slots=True)
class SweepKey:
    """What a sweep depends on. Equal keys mean equal effects."""

    model: ModelRef
    edits: Edits
    image_key: str
    layer: str
    how: How = "zero"
    reference: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The effects of a layer's feature maps on the mask of one slice, as far as they are measured.

    Attributes
    ----------
    done, total : int
        How many maps are measured, of how many.
    slice : SliceKey
        The slice it was measured on.
    labels : tuple of int, or None
        The classes that the reference has something for; None where it was measured without.
    """

    key: SweepKey
    effects: Effects
    done: int
    total: int
    slice: SliceKey
    labels: tuple[int, ...] | None = None

    @property
    def complete(self) -> bool:
        """Whether all maps are measured."""
        return self.done >= self.total


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """A layer to be measured, and all that it takes."""

    key: SweepKey
    image: Floats
    slice: SliceKey
    labels: tuple[int, ...] | None
    reference: Labels | None

    def request(self) -> SweepRequest:
        """What the engine is asked."""
        key = self.key
        return SweepRequest(
            model=key.model,
            image=self.image,
            image_key=key.image_key,
            edits=key.edits,
            layer=key.layer,
            how=key.how,
            reference=self.reference,
        )


class OfSlice(Protocol):
    """Something measured on a slice."""

    @property
    def key(self) -> SweepKey:
        """What it depends on."""

    @property
    def slice(self) -> SliceKey:
        """The slice it was measured on."""


class EffectSweep:
    """Silences the maps of a layer one by one in idle moments; one layer at a time."""

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``: how much is done; no sentence when nothing is under way."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        engine: Engine,
        live: Live,
        reference: OutputReference | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._engine = engine
        self._live = live
        self._reference = reference
        self._waiting: list[_Wanted] = []
        self._kept: OrderedDict[SweepKey, Measured] = OrderedDict()
        self._at: SweepKey | None = None
        self._cancel: Cancel = lambda: None
        store.changed.connect(self._on_session)
        if reference is not None:
            reference.changed.connect(self.changed.emit)

    @property
    def running(self) -> bool:
        """Whether a layer is being measured."""
        return self._at is not None

    @property
    def layer_at_work(self) -> str | None:
        """The layer that is being measured."""
        return self._at.layer if self._at else None

    def start(self) -> None:
        """Measure the layer shown on the slice shown, with the edits in force."""
        session = self._store.session
        self._measure([session.layer] if session.layer else [])

    def start_all(self) -> None:
        """Measure every layer whose maps the mask is made of, the last one first."""
        network = self._store.session.network
        self._measure(list(layers_to_rank(network.graph)) if network else [])

    def _measure(self, layers: list[str]) -> None:
        """Measure layers one after the other, all on the slice that is shown now."""
        fed, shown, first = self._live.fed, self._live.shown, self.key(None)
        if first is None or fed is None or shown is None or not layers:
            problem = self._live.problem
            told = (problem.what, problem.hint) if problem else NOTHING
            self._tell(*told)
            return
        if self._reference is not None and self._reference.waits:
            self._tell("The mask of this slice is not there yet.", "Try again in a moment.")
            return
        keys = [replace(first, layer=layer) for layer in layers]
        if keys == [self._at]:
            return
        self._stop()
        given = self._given()
        labels = given.classes if given else None
        reference = given.labels if given else None
        missing = [key for key in keys if key not in self._kept or not self._kept[key].complete]
        self._waiting = [_Wanted(key, fed.image, shown.key, labels, reference) for key in missing]
        if not missing and len(layers) > 1:
            self._tell("The maps of all layers are measured on this slice.")
        self._next()

    def _next(self) -> None:
        """Measure the next layer that waits."""
        if not self._waiting:
            return
        wanted = self._waiting.pop(0)
        self._at = key = wanted.key
        self.progress_changed.emit(0.0, _sentence(key.layer, 0, 0))
        progress, done = partial(self._progress, wanted), partial(self._done, wanted)
        request, failed = wanted.request(), partial(self._failed, key)
        cancel = self._engine.sweep(request, progress, done, failed)
        if self._at is key:  # it may have been answered at once
            self._cancel = cancel
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; what is measured is kept."""
        at = self._at
        self._waiting.clear()
        if at is not None:
            self._stop()
            kept = self._kept.get(at)
            done, total = (kept.done, kept.total) if kept else (0, 0)
            self._tell(f"Stopped after {done} of {total} feature maps of {at.layer}; those stay.")
            self.changed.emit()

    def measured(self, layer: str | None = None) -> Measured | None:
        """What is known of a layer, of that shown: for this slice and edits, else the latest."""
        session = self._store.session
        network, layer = session.network, layer or session.layer
        key = self.key(layer)
        if key is not None and key in self._kept:
            return self._kept[key]
        for each in reversed(self._kept.values()):
            if network is not None and (each.key.model, each.key.layer) == (network.ref, layer):
                return each
        return None

    def of_filters(self) -> Measured | None:
        """What is known of the filters of the layer shown.

        Where their own maps were not silenced, those that normalisation and activation make of
        them: each is made of one filter too.
        """
        session, own = self._store.session, self.measured()
        if session.network is None or session.layer is None:
            return own
        end = self.measured(end_of_maps(session.network.graph, session.layer))
        if own is None or (end is not None and self.stale(own) and not self.stale(end)):
            return end
        return own

    def all_measured(self) -> tuple[Measured, ...]:
        """What is known of all layers for just this slice and edits, in the network's order."""
        network, first = self._store.session.network, self.key(None)
        if network is None or first is None:
            return ()
        keys = [replace(first, layer=layer.name) for layer in network.graph.layers]
        return tuple(self._kept[key] for key in keys if key in self._kept)

    def stale(self, measured: OfSlice) -> str:
        """Why effects are not those of what is shown; empty when they are."""
        was, key = measured.key, self.key(measured.key.layer)
        if key == was:
            return ""
        if key is None or key.image_key != was.image_key:
            shown = self._live.shown
            same = shown is not None and shown.key == measured.slice
            where = f"slice {measured.slice.index + 1}"
            if shown is not None and shown.key.series != measured.slice.series:
                where += " of another series"
            return "measured with other steps of the input" if same else f"measured on {where}"
        if key.edits != was.edits:
            return "measured before the latest edits"
        if key.how != was.how:
            return "measured with maps silenced to " + ("0" if was.how == "zero" else "their mean")
        if not was.reference:
            return "measured without the reference"
        return "measured with a reference" if not key.reference else "measured with another one"

    # ------------------------------------------------------------------ answers

    def _progress(self, wanted: _Wanted, done: int, total: int, effects: Effects) -> None:
        if wanted.key is self._at:
            self._keep(Measured(wanted.key, effects, done, total, wanted.slice, wanted.labels))
            self.progress_changed.emit(done / max(total, 1), _sentence(effects.layer, done, total))

    def _done(self, wanted: _Wanted, effects: Effects) -> None:
        if wanted.key is self._at:
            total = len(effects.changed_pixels)
            self._finish()
            self._keep(Measured(wanted.key, effects, total, total, wanted.slice, wanted.labels))
            self._tell(
                f"Measured what silencing each of {total} feature maps of {effects.layer} does "
                "to the mask."
            )
            self._next()

    def _failed(self, key: SweepKey, error: UnetscopeError) -> None:
        if key is self._at:
            self._waiting.clear()
            self._finish()
            self._desk.notice.emit(Notice(error.what, error.hint))
            self.changed.emit()

    def _keep(self, measured: Measured) -> None:
        self._kept[measured.key] = measured
        self._kept.move_to_end(measured.key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.changed.emit()

    # -------------------------------------------------------------------- small

    def _on_session(self, old: Session, new: Session) -> None:
        network, before = new.network, old.network
        if network is before:
            return
        if network is None or before is None or network.ref != before.ref:
            self._kept.clear()
            self._waiting.clear()
            self._stop()
            self.changed.emit()

    def key(self, layer: str | None) -> SweepKey | None:
        """What a measurement of a layer would depend on now; None where nothing can be measured."""
        session = self._store.session
        network, fed, shown = session.network, self._live.fed, self._live.shown
        layer = layer or session.layer
        if network is None or layer is None or fed is None or shown is None:
            return None
        if session.card is None:
            return None
        name = self._live.input_key(shown.key, session.card.preprocessing, network)
        if name != fed.key:
            return None
        given, how = self._given(), session.explaining.silence_to
        of = given.key if given else ""
        return SweepKey(network.ref, session.edits, name, layer, how, of)

    def _given(self) -> Given | None:
        return self._reference.now() if self._reference is not None else None

    def _stop(self) -> None:
        if self._at is not None:
            self._cancel()
            self._finish()

    def _finish(self) -> None:
        self._at, self._cancel = None, lambda: None
        self.progress_changed.emit(1.0, "")

    def _tell(self, what: str, hint: str = "") -> None:
        self._desk.notice.emit(Notice(what, hint, trouble=False))


def _sentence(layer: str, done: int, total: int) -> str:
    count = f" {done} of {total}" if total else ""
    return f"Measuring the effect of feature maps on the mask: {layer}{count}"
