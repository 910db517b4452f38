"""What each feature map of a layer does to the mask, measured in the background and kept."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

from psygnal import Signal

from unetscope.domain.effects import Effects, SweepRequest
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import Cancel, Engine, Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store

KEPT = 64  # sweeps


@dataclass(frozen=True, slots=True)
class SweepKey:
    """What a sweep depends on. Equal keys mean equal effects."""

    model: ModelRef
    edits: Edits
    image_key: str
    layer: str


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The effects of a layer's feature maps on the mask of one slice, as far as they are measured.

    Attributes
    ----------
    done, total : int
        How many maps are measured, of how many.
    slice : SliceKey
        The slice it was measured on.
    """

    key: SweepKey
    effects: Effects
    done: int
    total: int
    slice: SliceKey

    @property
    def complete(self) -> bool:
        """Whether all maps are measured."""
        return self.done >= self.total


class EffectSweep:
    """Silences the maps of a layer one by one in idle moments; one layer at a time."""

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``: how much is done; no sentence when nothing is under way."""

    def __init__(self, store: Store, desk: Desk, engine: Engine, live: Live) -> None:
        self._store = store
        self._desk = desk
        self._engine = engine
        self._live = live
        self._kept: OrderedDict[SweepKey, Measured] = OrderedDict()
        self._at: SweepKey | None = None
        self._cancel: Cancel = lambda: None
        store.changed.connect(self._on_session)

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
        key = self._key(self._store.session)
        fed, shown = self._live.fed, self._live.shown
        if key is None or fed is None or shown is None:
            self._tell("There is nothing to measure.", "Open a study and a model first.")
            return
        if key == self._at or (key in self._kept and self._kept[key].complete):
            return
        self._stop()
        self._at = key
        request = SweepRequest(
            model=key.model,
            image=fed.image,
            image_key=key.image_key,
            edits=key.edits,
            layer=key.layer,
        )
        self.progress_changed.emit(0.0, _sentence(key.layer, 0, 0))
        progress = partial(self._progress, key, shown.key)
        done, failed = partial(self._done, key, shown.key), partial(self._failed, key)
        cancel = self._engine.sweep(request, progress, done, failed)
        if self._at is key:  # it may have been answered at once
            self._cancel = cancel
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; what is measured is kept."""
        at = self._at
        if at is not None:
            self._stop()
            kept = self._kept.get(at)
            done, total = (kept.done, kept.total) if kept else (0, 0)
            self._tell(f"Stopped after {done} of {total} feature maps of {at.layer}; those stay.")
            self.changed.emit()

    def measured(self) -> Measured | None:
        """What is known of the layer shown: for just this slice and edits, else the latest."""
        session = self._store.session
        key = self._key(session)
        if key is not None and key in self._kept:
            return self._kept[key]
        network, layer = session.network, session.layer
        for each in reversed(self._kept.values()):
            if network is not None and (each.key.model, each.key.layer) == (network.ref, layer):
                return each
        return None

    def stale(self, measured: Measured) -> str:
        """Why effects are not those of what is shown; empty when they are."""
        key = self._key(self._store.session)
        if key == measured.key:
            return ""
        if key is None or key.image_key != measured.key.image_key:
            shown = self._live.shown
            same = shown is not None and shown.key == measured.slice
            where = f"slice {measured.slice.index + 1}"
            if shown is not None and shown.key.series != measured.slice.series:
                where += " of another series"
            return "measured with other steps of the input" if same else f"measured on {where}"
        return "measured before the latest edits"

    # ------------------------------------------------------------------ answers

    def _progress(
        self, key: SweepKey, where: SliceKey, done: int, total: int, effects: Effects
    ) -> None:
        if key is self._at:
            self._keep(Measured(key, effects, done, total, where))
            self.progress_changed.emit(done / max(total, 1), _sentence(key.layer, done, total))

    def _done(self, key: SweepKey, where: SliceKey, effects: Effects) -> None:
        if key is self._at:
            total = len(effects.changed_pixels)
            self._finish()
            self._keep(Measured(key, effects, total, total, where))
            self._tell(
                f"Measured what silencing each of {total} feature maps of {key.layer} does "
                "to the mask."
            )

    def _failed(self, key: SweepKey, error: UnetscopeError) -> None:
        if key is self._at:
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
            self._stop()
            self.changed.emit()

    def _key(self, session: Session) -> SweepKey | None:
        network, layer, fed, shown = (
            session.network,
            session.layer,
            self._live.fed,
            self._live.shown,
        )
        if network is None or layer is None or fed is None or shown is None:
            return None
        if session.card is None:
            return None
        name = self._live.input_key(shown.key, session.card.preprocessing, network)
        return SweepKey(network.ref, session.edits, name, layer) if name == fed.key else None

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
