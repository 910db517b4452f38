"""The window's frame: its title, the banner and the status line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from psygnal import Signal, SignalInstance

from unetscope.domain.errors import StudyError, UnetscopeError
from unetscope.domain.identity import HIDDEN, without_file_name
from unetscope.domain.in_force import what_is_in_force
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import EngineState, EngineStatus, Notice
from unetscope.domain.session import Session
from unetscope.domain.study import Skipped
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.sessions import Sessions
from unetscope.state.store import Store

APP = "Unetscope"
LONG = 40  # characters of a sentence about the engine that has little room


@dataclass(frozen=True, slots=True)
class FrameView:
    """What the frame shows.

    Attributes
    ----------
    banner : str
        Said wherever a result is shown while edits are in force; empty without edits.
    short_banner : str
        The same where there is no room for it.
    details : tuple of Skipped
        Files that it is about, for a list; without names while identity is hidden.
    report : bool
        There is a report of trouble behind the status.
    engine, engine_does, guard : str
        The engine in a word or two, what it does in a sentence, and what keeps it from doing harm.
    busy, share : str, float
        What is being read or computed, and how much is done, 0 to 1; negative where nobody knows.
    """

    title: str = APP
    banner: str = ""
    short_banner: str = ""
    status: str = "Ready"
    hint: str = ""
    trouble: bool = False
    details: tuple[Skipped, ...] = ()
    busy: str = ""
    share: float = 0.0
    engine: str = ""
    engine_does: str = ""
    guard: str = ""
    report: bool = False


class Background(Protocol):
    """Work behind the window that tells how far it is and can be cancelled."""

    @property
    def progress_changed(self) -> SignalInstance:
        """``(share, sentence)``; no sentence when nothing is under way."""

    def cancel(self) -> None:
        """Stop."""


class FramePresenter:
    """Turns what happens anywhere into the window's title, banner and status line."""

    view_changed = Signal(FrameView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        live: Live,
        segmentation: SeriesSegmentation,
        pace: Pace | None = None,
        others: Sequence[Background] = (),
        sessions: Sessions | None = None,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._pace = pace or Pace()
        self._desk = desk
        self._live = live
        self._segmentation = segmentation
        self._works: dict[Background, tuple[float, str]] = {}  # what is under way behind the window
        self._notice = Notice("Ready", trouble=False)
        self._step = self._notice  # what the latest edit was called
        self._refused: UnetscopeError | None = None
        self._busy = (0.0, "")
        self._engine = EngineStatus(EngineState.STARTING, "")
        self._death: Notice | None = None  # of the engine
        self.view = self._view()
        store.changed.connect(self._on_session)
        desk.notice.connect(self._on_notice)
        desk.opened.connect(self._on_opened)
        desk.failed.connect(self._on_failed)
        desk.busy_changed.connect(self._on_busy)
        desk.engine_changed.connect(self._on_engine)
        live.answered.connect(self._follow)
        live.problem_changed.connect(self._on_problem)
        if sessions is not None:
            sessions.changed.connect(self._follow)
        for work in (*others, segmentation):
            work.progress_changed.connect(partial(self._on_background, work))

    def segment_series(self) -> None:
        """The user asked for the masks of all slices."""
        self._segmentation.start()

    def cancel(self) -> None:
        """The user pressed Cancel beside the progress bar, which shows what is read first."""
        if self._works and not self._busy[1]:
            next(iter(self._works)).cancel()
            self._desk.interrupt_engine(foreground=False)
            return
        if self._engine.doing and self._busy[1] in ("", self._engine.doing):
            self._desk.interrupt_engine()
            self._engine = replace(self._engine, doing="")
            self._publish()
        if not self._busy[1]:
            return  # the one who asked is told
        self._desk.cancel()
        self._on_notice(Notice("Cancelled; what was open stays open.", trouble=False))

    def _on_session(self, old: Session, new: Session) -> None:
        if new.history is not old.history and new.network is old.network:
            self._notice = self._step = Notice(_what_happened(old, new), trouble=False)
        elif _ref(new) != _ref(old) and self._notice is self._step:
            self._notice = self._step = Notice("Ready", trouble=False)
        self._follow()

    def _on_opened(self, path: Path) -> None:
        """What could not be opened before is no longer what matters, of its kind."""
        network = self._store.session.network
        is_model = network is not None and network.path == path
        if self._refused is not None and isinstance(self._refused, StudyError) is is_model:
            return  # they were opened together, and the other one was refused
        if self._notice.trouble:
            self._on_notice(Notice("Ready", trouble=False))

    def _on_failed(self, error: UnetscopeError) -> None:
        self._refused = error

    def _on_notice(self, notice: Notice) -> None:
        self._notice, self._refused = notice, None
        self._publish()

    def _on_problem(self, problem: UnetscopeError | None) -> None:
        if problem is not None:
            self._on_notice(Notice.of(problem))

    def _on_busy(self, share: float, sentence: str) -> None:
        self._busy = (share, sentence)
        self._publish()

    def _on_background(self, work: Background, share: float, sentence: str) -> None:
        if sentence:
            self._works[work] = (share, sentence)
        else:
            self._works.pop(work, None)
        self._publish()

    def _on_engine(self, status: EngineStatus) -> None:
        has_died = status.state in (EngineState.RESTARTING, EngineState.FAILED)
        if has_died and status != self._engine and status.sentence:
            self._notice = self._death = Notice(status.sentence, trouble=not status.on_demand)
        elif status.state is EngineState.READY and self._notice is self._death:
            self._notice = Notice("The engine works again; nothing is lost.", trouble=False)
        self._engine = status
        self._publish()

    def _follow(self) -> None:
        self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        view = self._view()
        if view != self.view:
            self.view = view
            self.view_changed.emit(view)

    def _view(self) -> FrameView:
        session = self._store.session
        said = what_is_in_force(session.network, session.edits)
        count = len(session.edits)
        title = APP
        if session.network is not None:
            mark = f" (edited ●{count})" if said else ""
            title = f"{session.network.path.name}{mark} — {APP}"
        if (series := self._desk.shown) is not None:
            title = f"{series.description or series.modality} — {title}"
        if self._sessions is not None and self._sessions.name:
            name = "Session" if session.identity_hidden else self._sessions.name
            title = f"{name}{'' if self._sessions.holds_all else ' ●'} — {title}"
        notice = _shown(self._notice, hidden=session.identity_hidden)
        working = next(iter(self._works.values()), (-1.0, self._engine.doing))
        share, busy = self._busy if self._busy[1] else working
        return FrameView(
            title=title,
            banner=f"Edited model · {said} · research use only" if said else "",
            short_banner=f"Edited ●{count}" if said else "",
            status=notice.what,
            hint=notice.hint,
            trouble=notice.trouble,
            details=tuple(Skipped(Path(path), said) for path, said in notice.details.items()),
            busy=busy,
            share=share,
            engine=self._engine_text(),
            engine_does=self._engine.sentence,
            guard=self._engine.guard,
            report=notice.report,
        )

    def _engine_text(self) -> str:
        status, answer = self._engine, self._live.answer
        if status.state is EngineState.RESTARTING and len(status.sentence) > LONG:
            return "Engine starts again …"  # the sentence is in the status line
        if status.state is not EngineState.READY:
            return status.sentence or f"Engine {status.state.value} …"
        texts = ["Engine ready"]
        if answer is not None:
            texts = [f"engine {answer.look.update.milliseconds:.0f} ms"]
        if status.memory:
            texts.append(f"{status.memory / 1e9:.1f} GB")
        return " · ".join(texts)


def _shown(notice: Notice, *, hidden: bool) -> Notice:
    """A notice as it may be read; names of files may tell who the patient is."""
    if not (hidden and notice.private):
        return notice
    named = (f"{HIDDEN} {number}" for number in range(1, len(notice.details) + 1))
    said = (without_file_name(f"It is {text}") for text in notice.details.values())
    what = notice.what if notice.details else without_file_name(notice.what)
    hint = "Show identity to see which file." if len(notice.details) < 2 else ""
    return replace(notice, what=what, hint=hint, details=dict(zip(named, said, strict=True)))


def _ref(session: Session) -> ModelRef | None:
    return session.network.ref if session.network is not None else None


def _what_happened(old: Session, new: Session) -> str:
    """What the latest step was: an edit, an undo or a redo."""
    before, after = old.history, new.history
    if len(after.undone) > len(before.undone):
        return f"Undid: {after.undone[-1].label}"
    if before.undone and after.done and after.done[-1] is before.undone[-1]:
        return f"Redid: {after.done[-1].label}"
    return after.done[-1].label if after.done else "No edits"
