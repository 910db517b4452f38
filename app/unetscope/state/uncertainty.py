"""How sure the network is of the slice shown: at once by its probabilities, else when asked for."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.choice import Overlay
from unetscope.domain.explaining.uncertainty import (
    Spread,
    Uncertainty,
    UncertaintyChoice,
    UncertaintyKind,
    UncertaintyQuestion,
    of_probabilities,
    output_of,
)
from unetscope.domain.explaining.uncertainty_numbers import SliceNumbers, numbers_of
from unetscope.domain.input_grid import Placement
from unetscope.domain.ports import Cancel, Engine, Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.heats import Heats
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.references import References
from unetscope.state.shown import Answer, SliceKey
from unetscope.state.store import Store
from unetscope.state.uncertainty_key import UncertaintyKey, judge_of

KEPT = 16  # slices of which repeated runs are kept
OVERLAYS = {
    UncertaintyKind.ENTROPY: Overlay.ENTROPY,
    UncertaintyKind.AUGMENTATIONS: Overlay.SPREAD,
    UncertaintyKind.DROPOUT: Overlay.DROPOUT,
}


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """An uncertainty, and what it was measured on."""

    key: UncertaintyKey
    found: Uncertainty
    slice: SliceKey
    placement: Placement


class SliceUncertainty:
    """Measures the uncertainty of the slice shown, and lays it ready to be seen over the slice.

    The entropy follows every exact answer while somebody watches; all else is asked for.
    """

    changed = Signal()
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
        heats: Heats,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._engine = engine
        self._live = live
        self._references = references
        self._heats = heats
        self._pace = pace or Pace()
        self._watched = False
        self._entropy: Known | None = None
        self._entropy_of: object = None  # the look that it is being made of, or was
        self._making = False
        self._kept: OrderedDict[UncertaintyKey, Known] = OrderedDict()
        self._at: tuple[UncertaintyKey, SliceKey, Placement] | None = None
        self._cancel: Cancel = lambda: None
        self._numbers: tuple[tuple[object, ...], SliceNumbers | None] = ((), None)
        self._laid: dict[Overlay, tuple[Known, Spread, str]] = {}
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.slice_changed.connect(self._follow)
        references.changed.connect(self._follow)

    # ----------------------------------------------------------------- intents

    def watch(self, watched: bool) -> None:
        """Somebody looks at the numbers, or nobody does any more."""
        self._watched = watched
        self._follow()

    @property
    def running(self) -> bool:
        """Whether the network is being run again and again."""
        return self._at is not None

    def start(self) -> None:
        """Measure what is chosen on the slice shown, with the edits in force."""
        session, fed, shown = self._store.session, self._live.fed, self._live.shown
        key = self._key(session)
        if key is None or fed is None or shown is None:
            self._tell("There is no mask to be sure of.", "Open a study and a model first.")
            return
        if key.kind is UncertaintyKind.ENTROPY:
            self._follow()
            return
        if key in self._kept or (self._at is not None and self._at[0] == key):
            return
        self._stop()
        at = self._at = (key, shown.key, fed.placement)
        question = UncertaintyQuestion(
            model=key.model,
            image=fed.image,
            image_key=key.image_key,
            edits=key.edits,
            kind=key.kind,
            repeats=key.repeats,
            augmentations=key.augmentations,
        )
        self._report(key, 0)
        cancel = self._engine.explain(
            question,
            lambda done, _, __: self._report(key, done) if self._at is at else None,
            partial(self._done, at),
            partial(self._failed, at),
        )
        if self._at is at:  # it may have been answered at once
            self._cancel = cancel
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; nothing is known of it then."""
        if self._at is not None:
            self._stop()
            self._tell("Stopped; the network is as it was.")
            self.changed.emit()

    # ------------------------------------------------------------- what is known

    def known(self) -> Known | None:
        """What is known of the kind chosen: of just this slice and edits, else the latest."""
        session = self._store.session
        kind = session.explaining.uncertainty.kind
        if kind is UncertaintyKind.ENTROPY:
            return self._entropy
        key = self._key(session)
        if key is not None and key in self._kept:
            return self._kept[key]
        of = [known for known in self._kept.values() if known.key.kind is kind]
        shown = self._live.shown
        here = [known for known in of if shown is not None and known.slice == shown.key]
        found = here or of
        return found[-1] if found else None

    def stale(self, known: Known) -> str:
        """Why it is not of what is shown; empty where it is."""
        session, shown = self._store.session, self._live.shown
        key = self._key(session)
        is_coming = self._live.busy or self._making
        if key == known.key or (is_coming and known is self._entropy):
            return ""
        if shown is None or known.slice != shown.key:
            where = f"slice {known.slice.index + 1}"
            other = shown is not None and shown.key.series != known.slice.series
            return f"measured on {where}{' of another series' if other else ''}"
        if key is not None and key.image_key != known.key.image_key:
            return "measured with other steps of the input"
        if key is not None and key.edits != known.key.edits:
            return "measured before the latest edits"
        return "measured with other options"

    def numbers(self) -> SliceNumbers | None:
        """Numbers of what is known; None until they are counted."""
        return self._numbers[1]

    # ------------------------------------------------------------------- following

    def _on_session(self, old: Session, new: Session) -> None:
        if old.network is not new.network:
            gone = old.network is None or new.network is None
            if gone or old.network.ref != new.network.ref:  # type: ignore[union-attr]
                self._forget()
        if _concerns(old) != _concerns(new):
            self._follow()

    def _follow(self) -> None:
        self._pace.in_turn(self._catch_up)

    def _catch_up(self) -> None:
        """Bring entropy, heats and numbers up to what is shown, as far as anybody sees them."""
        overlay = self._store.session.explaining.overlay
        answer = self._live.answer
        if answer is None or answer.look.probabilities is None:
            if answer is None or answer.look.mask is None:
                self._jobs.cancel("entropy")
                self._entropy, self._entropy_of, self._making = None, None, False
        elif (self._watched or overlay is Overlay.ENTROPY) and self._entropy_of is not answer.look:
            self._make_entropy(answer)
        self._lay()
        if self._watched:
            self._count()
        self.changed.emit()

    def _make_entropy(self, answer: Answer) -> None:
        self._entropy_of = look = answer.look
        graph = self._store.session.network.graph if self._store.session.network else None
        probabilities, mask = look.probabilities, look.mask
        if graph is None or probabilities is None or mask is None:
            return
        request = look.request
        key = UncertaintyKey.of(
            request.model, request.edits, request.image_key, UncertaintyChoice()
        )

        def work(_: JobContext) -> Uncertainty:
            return of_probabilities(probabilities, mask, output_of(graph))

        def done(found: Uncertainty) -> None:
            self._making = False
            self._entropy = Known(key, found, answer.key, answer.placement)
            self._follow()

        def failed(_: UnetscopeError) -> None:
            self._making = False

        self._making = True
        self._jobs.submit("entropy", work, done=done, failed=failed)

    def _lay(self) -> None:
        """Put what is known where it can be seen over the slice."""
        spread = self._store.session.explaining.uncertainty.spread
        ready = [(Overlay.ENTROPY, self._entropy)]
        known = self.known()
        if known is not None and known.key.kind is not UncertaintyKind.ENTROPY:
            ready.append((OVERLAYS[known.key.kind], known))
        for overlay, each in ready:
            if each is None:
                if (gone := self._laid.pop(overlay, None)) is not None:
                    self._heats.put(overlay, gone[0].slice, None)
                continue
            stale = self.stale(each) if overlay is not Overlay.ENTROPY else ""
            if self._laid.get(overlay) == (each, spread, stale):
                continue
            self._laid[overlay] = (each, spread, stale)
            heat = each.found.heat(spread)
            title = f"{heat.title}, {stale}" if stale else heat.title
            self._heats.put(overlay, each.slice, replace(heat, title=title))

    def _count(self) -> None:
        """Count the numbers of what is known, beside the window."""
        known, session = self.known(), self._store.session
        spread = session.explaining.uncertainty.spread
        if known is None:
            self._numbers = ((), None)
            return
        judge = judge_of(session, self._references, known.slice, known.placement)
        reference, matching = self._references.reference, self._references.matching
        of = (known, spread, judge.background, reference, matching)
        if self._numbers[0] == of:
            return
        self._numbers = (of, None)

        def done(found: SliceNumbers) -> None:
            if self._numbers[0] == of:
                self._numbers = (of, found)
                self.changed.emit()

        self._jobs.submit(
            "uncertainty",
            lambda _: numbers_of(known.found, spread, judge),
            done=done,
            failed=lambda _: None,
        )

    # --------------------------------------------------------------------- answers

    def _done(self, at: tuple[UncertaintyKey, SliceKey, Placement], found: Uncertainty) -> None:
        if self._at is not at:
            return
        key, where, placement = at
        self._finish()
        self._kept[key] = Known(key, found, where, placement)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._tell(f"Ran the network {key.repeats} times over {key.kind.value}.")
        self._follow()

    def _failed(
        self, at: tuple[UncertaintyKey, SliceKey, Placement], error: UnetscopeError
    ) -> None:
        if self._at is at:
            self._finish()
            self._desk.notice.emit(Notice(error.what, error.hint))
            self.changed.emit()

    # ----------------------------------------------------------------------- small

    def _key(self, session: Session) -> UncertaintyKey | None:
        network, fed, shown = session.network, self._live.fed, self._live.shown
        if network is None or session.card is None or fed is None or shown is None:
            return None
        name = self._live.input_key(shown.key, session.card.preprocessing, network)
        if name != fed.key:
            return None
        return UncertaintyKey.of(network.ref, session.edits, name, session.explaining.uncertainty)

    def _forget(self) -> None:
        self._stop()
        self._kept.clear()
        self._jobs.cancel("entropy")
        self._entropy, self._entropy_of, self._making = None, None, False
        self._numbers = ((), None)
        for overlay, (known, _, _) in self._laid.items():
            self._heats.put(overlay, known.slice, None)
        self._laid.clear()

    def _stop(self) -> None:
        if self._at is not None:
            self._cancel()
            self._finish()

    def _finish(self) -> None:
        self._at, self._cancel = None, lambda: None
        self.progress_changed.emit(1.0, "")

    def _report(self, key: UncertaintyKey, done: int) -> None:
        sentence = f"Running the network over {key.kind.value}: {done} of {key.repeats}"
        self.progress_changed.emit(done / key.repeats, sentence)

    def _tell(self, what: str, hint: str = "") -> None:
        self._desk.notice.emit(Notice(what, hint, trouble=False))


def _concerns(session: Session) -> tuple[object, ...]:
    explaining = session.explaining
    shown = (session.series, session.slice_index, session.edits, session.network, session.card)
    return (*shown, explaining.uncertainty, explaining.overlay)
