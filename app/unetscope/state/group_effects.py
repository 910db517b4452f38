"""What the selected feature maps do to the mask together, beside as many others at random."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

from psygnal import Signal

from unetscope.domain.effects import Effects
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.grouping import Group, GroupEffect, GroupQuestion, random_groups
from unetscope.domain.map_selection import selected_maps
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import Cancel, Engine, Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.effect_sweep import NOTHING, EffectSweep, SweepKey
from unetscope.state.live import Live
from unetscope.state.output_reference import OutputReference
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store

KEPT = 64  # groups


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredGroup:
    """The effect of a group, and what it was measured on.

    Attributes
    ----------
    labels : tuple of int, or None
        The classes that the reference has something for; None where it was measured without.
    """

    key: SweepKey
    slice: SliceKey
    effect: GroupEffect
    labels: tuple[int, ...] | None


class GroupEffects:
    """Silences the selected maps together in idle moments; one group at a time."""

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``; no sentence when nothing is under way."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        engine: Engine,
        live: Live,
        sweep: EffectSweep,
        reference: OutputReference,
    ) -> None:
        self._store = store
        self._desk = desk
        self._engine = engine
        self._live = live
        self._sweep = sweep
        self._reference = reference
        self._kept: OrderedDict[tuple[SweepKey, Group], MeasuredGroup] = OrderedDict()
        self._at: tuple[SweepKey, Group] | None = None
        self._cancel: Cancel = lambda: None
        store.changed.connect(self._on_session)

    @property
    def running(self) -> bool:
        """Whether a group is being measured."""
        return self._at is not None

    def start(self) -> None:
        """Measure the selected maps of the layer shown, and as many others at random."""
        session = self._store.session
        key, maps = self._sweep.key(None), selected_maps(session)
        fed, shown = self._live.fed, self._live.shown
        if key is None or fed is None or shown is None or not maps:
            problem = self._live.problem
            told = (problem.what, problem.hint) if problem else NOTHING
            self._tell(*told)
            return
        if self._reference.waits:
            self._tell("The mask of this slice is not there yet.", "Try again in a moment.")
            return
        at = (key, maps)
        if at == self._at:
            return
        self._stop()
        if at in self._kept:
            self._kept.move_to_end(at)
            self.changed.emit()
            return
        self._at = at
        given = self._reference.now()
        drawn = random_groups(maps, session.map_count)
        question = GroupQuestion(
            model=key.model,
            image=fed.image,
            image_key=key.image_key,
            edits=key.edits,
            layer=key.layer,
            groups=(maps, *drawn),
            how=key.how,
            reference=given.labels if given else None,
        )
        labels = given.classes if given else None
        self.progress_changed.emit(0.0, _sentence(maps, 0, 0))
        done = partial(self._done, at, shown.key, drawn, labels)
        progress = partial(self._progress, at)
        cancel = self._engine.explain(question, progress, done, partial(self._failed, at))
        if self._at is at:  # it may have been answered at once
            self._cancel = cancel
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; nothing of it is kept."""
        if self._at is not None:
            self._stop()
            self._tell("Stopped measuring these maps together.")
            self.changed.emit()

    def measured(self) -> MeasuredGroup | None:
        """What is known of the selected maps; else what was measured last in this layer."""
        session = self._store.session
        network, key = session.network, self._sweep.key(None)
        if key is not None and (found := self._kept.get((key, selected_maps(session)))):
            return found
        for each in reversed(self._kept.values()):
            at = (each.key.model, each.key.layer)
            if network is not None and at == (network.ref, session.layer):
                return each
        return None

    def stale(self, measured: MeasuredGroup) -> str:
        """Why it is not about what is shown and selected; empty when it is."""
        why = self._sweep.stale(measured)
        if why:
            return why
        maps = measured.effect.maps
        if maps == selected_maps(self._store.session):
            return ""
        return f"of {named(maps)}, not of those selected now"

    # ------------------------------------------------------------------ answers

    def _progress(self, at: tuple[SweepKey, Group], done: int, total: int, _: Effects) -> None:
        if at is self._at:
            self.progress_changed.emit(done / max(total, 1), _sentence(at[1], done, total))

    def _done(
        self,
        at: tuple[SweepKey, Group],
        where: SliceKey,
        drawn: tuple[Group, ...],
        labels: tuple[int, ...] | None,
        effects: Effects,
    ) -> None:
        if at is self._at:
            self._finish()
            effect = GroupEffect(at[1], drawn, effects)
            self._kept[at] = MeasuredGroup(at[0], where, effect, labels)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            self.changed.emit()

    def _failed(self, at: tuple[SweepKey, Group], error: UnetscopeError) -> None:
        if at is self._at:
            self._finish()
            self._desk.notice.emit(Notice(error.what, error.hint))
            self.changed.emit()

    # -------------------------------------------------------------------- small

    def _on_session(self, old: Session, new: Session) -> None:
        if _ref(old) != _ref(new):
            self._kept.clear()
            self._stop()
            self.changed.emit()

    def _stop(self) -> None:
        if self._at is not None:
            self._cancel()
            self._finish()

    def _finish(self) -> None:
        self._at, self._cancel = None, lambda: None
        self.progress_changed.emit(1.0, "")

    def _tell(self, what: str, hint: str = "") -> None:
        self._desk.notice.emit(Notice(what, hint, trouble=False))


def named(maps: Group) -> str:
    """What a group is called: ``maps 3, 5, 9``."""
    if len(maps) == 1:
        return f"map {maps[0]}"
    listed = ", ".join(map(str, maps[:6])) + (" …" if len(maps) > 6 else "")
    return f"maps {listed}"


def _ref(session: Session) -> ModelRef | None:
    return session.network.ref if session.network else None


def _sentence(maps: Group, done: int, total: int) -> str:
    count = f" {done} of {total}" if total else ""
    return f"Silencing {named(maps)} together, and others at random:{count or ' …'}"
