"""The recovery curve of the slice shown: layer after layer taken from a better run."""

from __future__ import annotations

from collections.abc import Hashable

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.counting import counted, reference_of
from unetscope.domain.explaining.recovery import (
    Recovery,
    RecoveryChoice,
    RecoveryMeasure,
    RecoveryQuestion,
)
from unetscope.domain.explaining.target import Target
from unetscope.domain.explaining.targeting import Segmented
from unetscope.domain.ports import Engine, Floats, Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.donors import Donors
from unetscope.state.jobs import Jobs
from unetscope.state.live import Live
from unetscope.state.question_run import Answered, QuestionKey, QuestionRun
from unetscope.state.store import Store
from unetscope.state.targets import Targets

TRAINED = "the trained network"
_CHOICE = ("network", "series", "slice_index", "edits", "card")


class Recovering:
    """Asks for the curve that the session's choice describes, and keeps what was measured."""

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``; no sentence when nothing is under way."""

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        desk: Desk,
        engine: Engine,
        live: Live,
        targets: Targets,
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._targets = targets
        self._donors = Donors(store, jobs, desk, live, "recovery donor")
        self._run: QuestionRun[Recovery] = QuestionRun(store, desk, engine, live)
        self._waiting: QuestionKey | None = None  # for its donor to be read
        self._run.changed.connect(self.changed.emit)
        self._run.progress_changed.connect(self.progress_changed.emit)
        store.changed.connect(self._on_session)

    @property
    def running(self) -> bool:
        """Whether a curve is being measured."""
        return self._run.running or self._waiting is not None

    @property
    def choice(self) -> RecoveryChoice:
        """What the session says."""
        return self._store.session.explaining.recovery

    @property
    def donor(self) -> int | None:
        """The slice that activations are taken from; None for the trained network."""
        session, choice = self._store.session, self.choice
        count = session.series.slices if session.series else 1
        if choice.trained:
            return None
        if choice.donor is not None:
            return min(choice.donor, count - 1)
        here = session.slice_index
        return here + 1 if here + 1 < count else max(here - 1, 0)

    def trouble(self) -> str:
        """Why nothing can be measured as it is chosen; empty where it can."""
        segmented = self._targets.segmented()
        if isinstance(segmented, str):
            return segmented
        choice, session = self.choice, self._store.session
        if choice.trained and not session.edits:
            return "Nothing is edited, so the trained network gives the same mask. Choose a slice."
        if self.donor == session.slice_index:
            return "That is the slice shown. Choose another slice to take layers from."
        if choice.measure is RecoveryMeasure.REFERENCE and segmented.reference is None:
            return "There is no reference for this slice. Open one, or measure something else."
        if choice.measure is RecoveryMeasure.TARGET:
            target = self._targets.now()
            return target if isinstance(target, str) else ""
        return ""

    def start(self) -> None:
        """Measure what is chosen, on the slice shown, with the edits in force."""
        key, trouble = self.key(), self.trouble()
        if key is None or trouble:
            self._tell(trouble or "Waiting for the mask …")
            return
        known = self._run.get(key)
        if self._run.is_asking(key) or (known is not None and known.complete):
            return
        self.stop()
        if self.donor is None:
            self._ask(key, None)
            return
        self._waiting = key
        self.progress_changed.emit(0.0, "Reading the other slice")

        def came(image: Floats) -> None:
            if self._waiting is key:
                self._waiting = None
                self._ask(key, image)

        self._donors.take(self.donor, lambda made: came(made.image), self._failed)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; what is measured is kept."""
        if self.running:
            self.stop()
            self._tell("Stopped; what was measured stays.")

    def stop(self) -> None:
        """The same without a word."""
        if self._waiting is not None:
            self._waiting = None
            self._donors.give_up()
            self.progress_changed.emit(1.0, "")
            self.changed.emit()
        self._run.stop()

    def measured(self) -> Answered[Recovery] | None:
        """The curve that is chosen, else the latest of this network."""
        key = self.key()
        found = self._run.get(key) if key is not None else None
        return found or self._run.latest(lambda _: True)

    def stale(self, found: Answered[Recovery]) -> str:
        """Why a curve is not the one chosen of what is shown; empty where it is."""
        return self._run.stale(found, self.key())

    def key(self) -> QuestionKey | None:
        """What the curve depends on that is chosen; None while there is nothing to ask."""
        session, segmented, fed = self._store.session, self._targets.segmented(), self._live.fed
        answer = self._targets.answer()
        if session.network is None or isinstance(segmented, str) or fed is None or answer is None:
            return None
        if answer.look.request.image_key != fed.key:
            return None
        donor = self.donor
        from_ = None if donor is None else self._donors.key(donor)
        choice = self.choice
        asked = (from_, choice.measure, choice.with_skips, *self._about(segmented))
        return QuestionKey(session.network.ref, session.edits, fed.key, asked)

    # ------------------------------------------------------------------- within

    def _about(self, segmented: Segmented) -> tuple[Hashable, ...]:
        """What the measure is about."""
        if self.choice.measure is RecoveryMeasure.REFERENCE:
            reference = segmented.reference
            return (None if reference is None else reference.tobytes(),)
        if self.choice.measure is RecoveryMeasure.TARGET:
            target = self._targets.now()
            if isinstance(target, Target):
                return (target.channel, target.name, target.region.tobytes())
        return counted(segmented)

    def _ask(self, key: QuestionKey, image: Floats | None) -> None:
        segmented, target = self._targets.segmented(), self._targets.now()
        fed, shown, network = self._live.fed, self._live.shown, self._store.session.network
        gone = isinstance(segmented, str) or fed is None or shown is None or network is None
        if gone or key != self.key():
            self.progress_changed.emit(1.0, "")
            self.changed.emit()
            return
        assert not isinstance(segmented, str)
        assert fed is not None
        assert shown is not None
        assert network is not None
        choice = self.choice
        name = TRAINED if self.donor is None else f"slice {self.donor + 1}"
        is_target = choice.measure is RecoveryMeasure.TARGET and isinstance(target, Target)
        question = RecoveryQuestion(
            model=network.ref,
            image=fed.image,
            image_key=fed.key,
            edits=key.edits,
            donor=image,
            donor_name=name,
            measure=choice.measure,
            with_skips=choice.with_skips,
            labels=counted(segmented),
            reference=reference_of(segmented),
            target=target if is_target and isinstance(target, Target) else None,
        )
        told = f"Measured what each layer of {name} brings back."
        self._run.ask(key, question, shown.key, f"Taking each layer from {name}", told)

    def _on_session(self, old: Session, new: Session) -> None:
        """What a slice is being read for has changed: it is not wanted any more."""
        if self._waiting is not None and any(
            getattr(old, name) is not getattr(new, name) for name in _CHOICE
        ):
            self.stop()

    def _failed(self, error: UnetscopeError) -> None:
        self.stop()
        self._desk.notice.emit(Notice(error.what, error.hint))

    def _tell(self, what: str) -> None:
        self._desk.notice.emit(Notice(what, trouble=False))
