"""One question at a time, answered in the background, and what is known from earlier ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.question import Question
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import Cancel, Engine, Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store

A = TypeVar("A")
KEPT = 32  # answers


@dataclass(frozen=True, slots=True)
class QuestionKey:
    """What an answer depends on; equal keys mean equal answers.

    Attributes
    ----------
    asked : hashable
        What was chosen beside network, edits and slice.
    """

    model: ModelRef
    edits: Edits
    image_key: str
    asked: Hashable = ()


@dataclass(frozen=True, slots=True, eq=False)
class Answered(Generic[A]):
    """An answer as far as it has come.

    Attributes
    ----------
    slice : SliceKey
        The slice shown when it was asked.
    done, total : int
        How much of it is there.
    """

    key: QuestionKey
    slice: SliceKey
    answer: A
    done: int
    total: int

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return self.done >= self.total


class QuestionRun(Generic[A]):
    """Asks the engine and keeps answers of the network that is open."""

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``; no sentence when nothing is under way."""

    def __init__(self, store: Store, desk: Desk, engine: Engine, live: Live) -> None:
        self._store = store
        self._desk = desk
        self._engine = engine
        self._live = live
        self._kept: OrderedDict[QuestionKey, Answered[A]] = OrderedDict()
        self._at: QuestionKey | None = None
        self._sentence = ""
        self._cancel: Cancel = lambda: None
        store.changed.connect(self._on_session)

    @property
    def running(self) -> bool:
        """Whether a question is under way."""
        return self._at is not None

    def is_asking(self, key: QuestionKey) -> bool:
        """Whether it is this one."""
        return self._at == key

    def ask(
        self, key: QuestionKey, question: Question, where: SliceKey, sentence: str, told: str
    ) -> None:
        """Ask; whatever is under way is stopped.

        Parameters
        ----------
        where : SliceKey
            The slice shown.
        sentence, told : str
            What is being done, and what to say once it is; nothing is said of an empty one.
        """
        self.stop()
        self._at, self._sentence = key, sentence
        if sentence:
            self.progress_changed.emit(0.0, sentence)
        cancel = self._engine.explain(
            question,
            partial(self._progress, key, where),
            partial(self._done, key, where, told),
            partial(self._failed, key),
        )
        if self._at is key:  # it may have been answered at once
            self._cancel = cancel
        self.changed.emit()

    def stop(self) -> None:
        """Stop; what is known is kept."""
        if self._at is not None:
            self._cancel()
            self._finish()
            self.changed.emit()

    def get(self, key: QuestionKey) -> Answered[A] | None:
        """What is known for just this key."""
        return self._kept.get(key)

    def latest(self, fits: Callable[[QuestionKey], bool]) -> Answered[A] | None:
        """The latest answer that fits."""
        return next((each for each in reversed(self._kept.values()) if fits(each.key)), None)

    def stale(self, found: Answered[Any], now: QuestionKey | None) -> str:
        """Why an answer is not one about what is shown; empty where it is."""
        if now == found.key:
            return ""
        shown = self._live.shown
        if now is None or now.image_key != found.key.image_key:
            if shown is not None and shown.key == found.slice:
                return "measured with other steps of the input"
            where = f"slice {found.slice.index + 1}"
            if shown is not None and shown.key.series != found.slice.series:
                where += " of another series"
            return f"measured on {where}"
        if now.edits != found.key.edits:
            return "measured before the latest edits"
        return "measured with other choices"

    # ------------------------------------------------------------------ answers

    def _progress(
        self, key: QuestionKey, where: SliceKey, done: int, total: int, answer: A | None
    ) -> None:
        if key is not self._at:
            return
        if answer is not None:
            self._keep(Answered(key, where, answer, min(done, total - 1), total))
        if self._sentence:
            sentence = f"{self._sentence}: {done} of {total}"
            self.progress_changed.emit(done / max(total, 1), sentence)

    def _done(self, key: QuestionKey, where: SliceKey, told: str, answer: A) -> None:
        if key is self._at:
            self._finish()
            self._keep(Answered(key, where, answer, 1, 1))
            if told:
                self._desk.notice.emit(Notice(told, trouble=False))

    def _failed(self, key: QuestionKey, error: UnetscopeError) -> None:
        if key is self._at:
            self._finish()
            self._desk.notice.emit(Notice(error.what, error.hint))
            self.changed.emit()

    def _keep(self, answered: Answered[A]) -> None:
        self._kept[answered.key] = answered
        self._kept.move_to_end(answered.key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.changed.emit()

    def _finish(self) -> None:
        said, self._sentence = self._sentence, ""
        self._at, self._cancel = None, lambda: None
        if said:
            self.progress_changed.emit(1.0, "")

    def _on_session(self, old: Session, new: Session) -> None:
        before, network = old.network, new.network
        if network is before or (before and network and network.ref == before.ref):
            return
        self._kept.clear()
        self.stop()
        self.changed.emit()
