"""Where the target's score comes from: asked of the engine, kept, and laid over the slice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.attribution import Attribution, AttributionQuestion
from unetscope.domain.explaining.choice import (
    AT_ANY_LAYER,
    ATTRIBUTIONS,
    GRAINY,
    QUICK,
    Explaining,
    Method,
    Overlay,
)
from unetscope.domain.explaining.heat import Heat
from unetscope.domain.explaining.target import Target, TargetChoice
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import Cancel, Engine, Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.heats import Heats
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store
from unetscope.state.targets import WAITING, Targets

KEPT = 48


@dataclass(frozen=True, slots=True)
class Asked:
    """What an explanation is of, whatever the edits.

    Attributes
    ----------
    layer : str or None
        What it goes back to; None for where the method usually does.
    """

    model: ModelRef
    image_key: str
    slice: SliceKey
    target: TargetChoice
    method: Method
    layer: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """What else it depends on: edits, and through mask and reference the very pixels."""

    edits: Edits
    channel: int
    region: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """An explanation, and what it is of.

    Attributes
    ----------
    target : str
        What the target is called.
    pixels : int
        Of the target.
    complete : bool
        The engine is done with it.
    """

    asked: Asked
    version: Version
    target: str
    pixels: int
    attribution: Attribution
    complete: bool


@dataclass(frozen=True, slots=True)
class _Run:
    asked: Asked
    version: Version
    target: str
    pixels: int
    honest: bool


class Attributions:
    """One explanation at a time; the quick methods follow whatever changes while they are seen."""

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``: how much is done; no sentence when nothing is under way."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        engine: Engine,
        live: Live,
        targets: Targets,
        heats: Heats,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._engine = engine
        self._live = live
        self._targets = targets
        self._heats = heats
        self._pace = pace or Pace()
        self._kept: list[Explained] = []  # looked through: edits compare faster than they hash
        self._packed: tuple[object, bytes] = (None, b"")
        self._run: _Run | None = None
        self._cancel: Cancel = lambda: None
        self._refused: tuple[object, UnetscopeError] | None = None
        self._laid: tuple[object, ...] = ()
        self._watched = False
        self._was_seen = False
        store.changed.connect(self._on_session)
        targets.changed.connect(self._follow_in_turn)
        self._pace.held_changed.connect(self._on_held)

    # ----------------------------------------------------------------- intents

    def watch(self, seen: bool) -> None:
        """The panel of the explanations is in view, or no longer."""
        self._watched = seen
        self._follow()

    def start(self) -> None:
        """Explain the target; what is known already is not asked again."""
        wanted = self._wanted()
        if isinstance(wanted, str):
            is_quick = self._store.session.explaining.method in QUICK
            if wanted != WAITING:
                self._tell("There is nothing to explain.", wanted)
            elif not is_quick:  # that comes by itself
                self._tell("The mask is not there yet.", "Explain it once it is.")
            return
        self._refused = None
        self._ask(wanted)

    def cancel(self) -> None:
        """Stop; what is there so far stays."""
        run = self._run
        if run is not None:
            self._stop()
            self._tell(f"Stopped explaining {run.target} by {run.asked.method.value}.")
            self.changed.emit()

    # ------------------------------------------------------------------- known

    @property
    def seen(self) -> bool:
        """Whether explanations are looked at: in their panel, or over the slice."""
        return self._watched or self._store.session.explaining.overlay in ATTRIBUTIONS

    @property
    def running(self) -> bool:
        """Whether an explanation is under way."""
        return self._run is not None

    @property
    def problem(self) -> UnetscopeError | None:
        """Why what is asked for cannot be answered; None where nothing is known against it."""
        wanted = self._wanted()
        if self._refused is None or isinstance(wanted, str):
            return None
        return self._refused[1] if self._refused[0] == (wanted.asked, wanted.version) else None

    def now(self) -> Explained | None:
        """The explanation that is asked for; else the latest one from before an edit."""
        wanted = self._wanted()
        asked = self._asked() if isinstance(wanted, str) else wanted.asked
        found = None if isinstance(wanted, str) else self._find(wanted)
        same = (each for each in reversed(self._kept) if each.asked == asked)
        return found or next(same, None)

    def stale(self, explained: Explained) -> str:
        """Why an explanation is not of what is shown; empty where it is."""
        wanted = self._wanted()
        if not isinstance(wanted, str) and wanted.version == explained.version:
            return ""
        if explained.version.edits != self._store.session.edits:
            return "made before the latest edits"
        return "made of other pixels: mask or reference changed"

    # ---------------------------------------------------------------- following

    def _on_session(self, old: Session, new: Session) -> None:
        ref, before = (s.network.ref if s.network else None for s in (new, old))
        if ref != before:
            self._stop()
            self._kept.clear()
            self._refused = None
        if ref != before or _choice(old) != _choice(new) or old.edits != new.edits:
            self._follow_in_turn()

    def _on_held(self, held: bool) -> None:
        if not held:
            self._follow()

    def _follow_in_turn(self) -> None:
        self._pace.in_turn(self._follow)

    def _follow(self) -> None:
        """Lay the heats of what is shown over it; ask for what is quick, but in no gesture."""
        was_seen, self._was_seen = self._was_seen, self.seen
        if not self.seen:
            if was_seen:
                self.changed.emit()
            return
        wanted, run = self._wanted(), self._run
        if run is not None and run.asked.method in QUICK and run != wanted:
            self._stop()  # nobody waits for it
        self._lay()
        self.changed.emit()
        if self._store.session.explaining.method not in QUICK or self._pace.held:
            return
        if not isinstance(wanted, str) and self.problem is None:
            self._ask(wanted)

    def _asked(self) -> Asked | None:
        """What is chosen to be explained, whether there is any of it or not."""
        session, answer = self._store.session, self._targets.answer()
        if answer is None or session.network is None:
            return None
        request, choice = answer.look.request, session.explaining
        layer = session.layer if choice.at_layer and choice.method in AT_ANY_LAYER else None
        return Asked(
            request.model, request.image_key, answer.key, choice.target, choice.method, layer
        )

    def _wanted(self) -> _Run | str:
        """What is to be asked; where nothing can be, why not."""
        target, asked, answer = self._targets.now(), self._asked(), self._targets.answer()
        if isinstance(target, str):
            return target
        if asked is None or answer is None:
            return WAITING
        if self._packed[0] is not target:
            against = b"" if target.against is None else target.against.tobytes()
            self._packed = (target, np.packbits(target.region).tobytes() + against)
        version = Version(answer.look.request.edits, target.channel, self._packed[1])
        honest = self._store.session.explaining.honest
        return _Run(asked, version, target.name, target.pixels, honest)

    # ------------------------------------------------------------------- asking

    def _ask(self, wanted: _Run) -> None:
        if self._run == wanted:
            return
        kept = self._find(wanted)
        if kept is not None and kept.complete and (kept.attribution.honesty or not wanted.honest):
            return
        answer, target = self._targets.answer(), self._targets.now()
        if answer is None or not isinstance(target, Target):
            return
        self._stop()
        self._run = wanted
        request = answer.look.request
        question = AttributionQuestion(
            model=request.model,
            image=request.image,
            image_key=request.image_key,
            edits=request.edits,
            target=target,
            method=wanted.asked.method,
            layer=wanted.asked.layer,
            randomised=wanted.honest,
        )
        self._report(wanted, 0, 0)
        cancel = self._engine.explain(
            question,
            partial(self._progress, wanted),
            partial(self._done, wanted),
            partial(self._failed, wanted),
        )
        if self._run is wanted:  # it may have been answered at once
            self._cancel = cancel
        self.changed.emit()

    def _progress(self, run: _Run, done: int, total: int, so_far: Attribution | None) -> None:
        if run is not self._run:
            return
        self._report(run, done, total)
        former = self._find(run)
        if so_far is not None and (former is None or not former.complete or so_far.honesty):
            self._keep(run, so_far, complete=False)

    def _done(self, run: _Run, attribution: Attribution) -> None:
        if run is self._run:
            self._finish()
            self._keep(run, attribution, complete=True)

    def _failed(self, run: _Run, error: UnetscopeError) -> None:
        if run is self._run:
            self._finish()
            self._refused = ((run.asked, run.version), error)
            self.changed.emit()

    def _keep(self, run: _Run, attribution: Attribution, *, complete: bool) -> None:
        if run.asked.method in GRAINY:
            twin = attribution.twin
            attribution = replace(
                attribution, heat=attribution.heat.capped(), twin=twin and twin.capped()
            )
        former = self._find(run)
        others = [each for each in self._kept if each is not former]
        made = Explained(run.asked, run.version, run.target, run.pixels, attribution, complete)
        self._kept = [*others, made][-KEPT:]
        self._lay()
        self.changed.emit()

    def _find(self, run: _Run) -> Explained | None:
        of = (run.asked, run.version)
        return next((each for each in self._kept if (each.asked, each.version) == of), None)

    def _lay(self) -> None:
        """Have the heats of the slice shown ready, or none."""
        shown, explained = self._live.shown, self.now()
        if shown is None:
            return
        stale = self.stale(explained) if explained is not None else ""
        laid = (shown.key, None if explained is None else explained.attribution, stale)
        if laid == self._laid:
            return
        self._laid = laid
        for overlay in ATTRIBUTIONS:
            heat = None if explained is None else _heat(explained, overlay, stale)
            self._heats.put(overlay, shown.key, heat)

    def _report(self, run: _Run, done: int, total: int) -> None:
        """Tell the status line of what takes its time."""
        if run.asked.method not in QUICK or run.honest:
            count = f": {done} of {total}" if total else ""
            sentence = f"{run.asked.method.value} of {run.target}{count}"
            self.progress_changed.emit(done / max(total, 1), sentence)

    def _tell(self, what: str, hint: str = "") -> None:
        self._desk.notice.emit(Notice(what, hint, trouble=False))

    def _stop(self) -> None:
        if self._run is not None:
            self._cancel()
            self._finish()

    def _finish(self) -> None:
        self._run, self._cancel = None, lambda: None
        self.progress_changed.emit(1.0, "")


def _heat(explained: Explained, overlay: Overlay, stale: str) -> Heat | None:
    """One of the two heats, with a title that says of what it is."""
    attribution = explained.attribution
    heat = attribution.heat if overlay is Overlay.ATTRIBUTION else attribution.twin
    if heat is None:
        return None
    title = " · ".join(filter(None, (heat.title, explained.target, stale)))
    return replace(heat, title=title)


def _choice(session: Session) -> tuple[object, ...]:
    chosen: Explaining = session.explaining
    layer = session.layer if chosen.at_layer else None
    seen = chosen.overlay in ATTRIBUTIONS
    return chosen.method, chosen.at_layer, chosen.honest, layer, seen
