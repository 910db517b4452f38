"""What must be known about the mask on screen, or about there being none."""

from __future__ import annotations

from psygnal import Signal

from unetscope.domain.identity import told
from unetscope.domain.input_check import input_note
from unetscope.domain.overlay import what_is_shown
from unetscope.domain.ports import EngineState, EngineStatus
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.store import Store

OLDER = "This mask is older than the latest edits; the engine is still at work on them."


class SliceNote:
    """A sentence over the slice; empty where nothing need be said."""

    changed = Signal()
    """It may be another one for the engine is late; whoever draws follows slice and answer."""

    def __init__(self, store: Store, desk: Desk, live: Live) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._late = False
        desk.engine_changed.connect(self._on_engine)
        store.changed.connect(self._on_session)

    def now(self) -> str:
        """The sentence."""
        session, answer, problem = self._store.session, self._live.answer, self._live.problem
        if problem is not None:
            return told(problem, hidden=session.identity_hidden).what
        if answer is not None and answer.look.mask is None:
            return "The network's output is no segmentation, so there is no mask."
        if self._late and answer is not None and answer.look.request.edits != session.edits:
            return OLDER
        if answer is not None and answer.look.exact_in is not None:
            return "exact in view; the rest of the mask follows on release"
        compared = what_is_shown(session)
        modality = self._desk.shown.modality if self._desk.shown else ""
        fed = input_note(session.card, session.saved_card, modality)
        return " · ".join(part for part in (compared, fed) if part)

    def _on_session(self, old: Session, new: Session) -> None:
        if self._late and old.history is not new.history:
            self.changed.emit()

    def _on_engine(self, status: EngineStatus) -> None:
        """An answer is late while the engine starts, or has been at one thing for long."""
        late = bool(status.doing) or status.state not in (EngineState.READY, EngineState.BUSY)
        if late is not self._late:
            self._late = late
            self.changed.emit()
