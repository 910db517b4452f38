"""What each skip connection is worth on the slice shown, and the mask with all of them on."""

from __future__ import annotations

from psygnal import Signal

from unetscope.domain.explaining.counting import reference_of
from unetscope.domain.explaining.switches import (
    SkipEffects,
    SkipEffectsQuestion,
    without_switches,
)
from unetscope.domain.interventions import SkipEdit
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Engine, Notice
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.question_run import Answered, QuestionKey, QuestionRun
from unetscope.state.store import Store
from unetscope.state.targets import Targets


class SkipMeasuring:
    """Cuts each skip connection alone in idle moments; the switches stay as they are."""

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``; no sentence when nothing is under way."""

    def __init__(
        self, store: Store, desk: Desk, engine: Engine, live: Live, targets: Targets
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._targets = targets
        self._run: QuestionRun[SkipEffects] = QuestionRun(store, desk, engine, live)
        self._whole: QuestionRun[SkipEffects] = QuestionRun(store, desk, engine, live)
        self._wanted: QuestionKey | None = None  # asked about the whole last: once is enough
        for one in (self._run, self._whole):
            one.changed.connect(self.changed.emit)
        self._run.progress_changed.connect(self.progress_changed.emit)

    @property
    def running(self) -> bool:
        """Whether skip connections are being measured."""
        return self._run.running

    def start(self) -> None:
        """Measure all on the slice shown, whatever switches are in force."""
        segmented, key = self._targets.segmented(), self._key(measured=True)
        if isinstance(segmented, str) or key is None:
            waiting = segmented if isinstance(segmented, str) else "Waiting for the mask …"
            self._desk.notice.emit(Notice(waiting, trouble=False))
            return
        known = self._run.get(key)
        if self._run.is_asking(key) or (known is not None and known.complete):
            return
        question = self._question(key)
        if question is None or self._live.shown is None:
            return
        told = "Measured what cutting each skip connection alone does to the mask."
        self._run.ask(key, question, self._live.shown.key, "Cutting each skip connection", told)

    def cancel(self) -> None:
        """Stop; what is measured is kept."""
        if self._run.running:
            self._run.stop()
            self._desk.notice.emit(Notice("Stopped; what was measured stays.", trouble=False))

    def measured(self) -> Answered[SkipEffects] | None:
        """What is known of the slice shown with its edits, else the latest of this network."""
        key = self._key(measured=True)
        found = self._run.get(key) if key is not None else None
        return found or self._run.latest(lambda _: True)

    def stale(self, found: Answered[SkipEffects]) -> str:
        """Why effects are not those of what is shown; empty where they are."""
        return self._run.stale(found, self._key(measured=True))

    def all_on(self) -> Labels | None:
        """The mask with all skip connections on, on the output's grid; None until it is known."""
        answer, edits = self._targets.answer(), self._store.session.edits
        if answer is None:
            return None
        if not any(isinstance(each, SkipEdit) for each in edits):
            return answer.look.mask
        if not without_switches(edits):
            return answer.look.trained_mask
        key = self._key(measured=False)
        found = self._whole.get(key) if key is not None else None
        return found.answer.mask if found else None

    def want_all_on(self) -> None:
        """Have that mask made, if it is not known: other edits are in force beside the switches."""
        key = self._key(measured=False)
        if key is None or key == self._wanted or self.all_on() is not None:
            return
        question, shown = self._question(key, measured=False), self._live.shown
        if question is not None and shown is not None:
            self._wanted = key
            self._whole.ask(key, question, shown.key, "", "")

    # ------------------------------------------------------------------- within

    def _key(self, *, measured: bool) -> QuestionKey | None:
        session, fed, answer = self._store.session, self._live.fed, self._targets.answer()
        segmented = self._targets.segmented()
        if session.network is None or fed is None or answer is None or isinstance(segmented, str):
            return None
        if answer.look.request.image_key != fed.key:
            return None
        reference = segmented.reference if measured else None
        about = None if reference is None else reference.tobytes()
        edits = without_switches(session.edits)
        return QuestionKey(session.network.ref, edits, fed.key, about)

    def _question(self, key: QuestionKey, *, measured: bool = True) -> SkipEffectsQuestion | None:
        segmented, fed = self._targets.segmented(), self._live.fed
        if fed is None or isinstance(segmented, str):
            return None
        return SkipEffectsQuestion(
            model=key.model,
            image=fed.image,
            image_key=fed.key,
            edits=self._store.session.edits,
            skips=None if measured else (),
            reference=reference_of(segmented) if measured else None,
        )
