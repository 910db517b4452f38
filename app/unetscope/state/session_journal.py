"""The journal of this window: whatever ends it, all but the last fraction of a second is kept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.journals import Journal, Journals
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.domain.session_file import KeptSession, SessionWriter
from unetscope.state.desk import Desk
from unetscope.state.jobs import Deliver
from unetscope.state.pace import Pace
from unetscope.state.store import Store

IN_A_GESTURE = 0.25  # seconds between writings while something is dragged
SHARE = 4  # times as long as the last writing took a gesture goes on without the next
VIEW = 0.5  # seconds until a change of what is merely seen is written
ROOM = 16 << 20  # bytes by which a journal may outgrow what it begins with, and as much again

_log = logging.getLogger(__name__)


class SessionJournal:
    """Follows the session and has a thread of its own write what changed in it.

    The window only says that there is something newer; whatever came meanwhile is written at once.
    A step of the history is begun to be written as soon as it is made; in a gesture, every
    `IN_A_GESTURE` seconds and at its end.

    Parameters
    ----------
    deliver : callable
        Runs a function on the window's thread.
    """

    def __init__(
        self, store: Store, desk: Desk, pace: Pace, journals: Journals, deliver: Deliver
    ) -> None:
        self._store = store
        self._desk = desk
        self._pace = pace
        self._journals = journals
        self._deliver = deliver
        self._changed = threading.Condition()
        self._latest: KeptSession | None = None
        self._due: float | None = None  # when it is to be written
        self._then: list[Callable[[], None]] = []
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._writer = SessionWriter()
        self._journal: Journal | None = None
        self._whole: KeptSession | None = None  # what the journal began with; None: begin anew
        self._begun_with = 0  # bytes of it
        self._told = False
        self._took = 0.0  # seconds, the last writing
        self.written: KeptSession | None = None
        """What is on the disk."""
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._on_studies)
        pace.held_changed.connect(self._on_pace)

    def keep(self, then: Callable[[], None] | None = None) -> None:
        """Write now; then, in the journal's thread, call something if all went well."""
        self._ask(0.0, then)

    def stop(self) -> None:
        """End the thread and give the journal up: the window was closed properly."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        if self._journal is not None:
            self._journal.remove()
            self._journal = None

    # ---------------------------------------------------------- window's thread

    def _on_session(self, old: Session, new: Session) -> None:
        if new.history is old.history:
            self._ask(VIEW)
        else:
            self._ask(max(IN_A_GESTURE, SHARE * self._took) if self._pace.held else 0.0)

    def _on_studies(self) -> None:
        self._ask(VIEW)

    def _on_pace(self, held: bool) -> None:
        if not held and self._due is not None:
            self._ask(0.0)

    def _ask(self, within: float, then: Callable[[], None] | None = None) -> None:
        session = self._store.session
        if self._latest is None and session.network is None and session.series is None:
            return  # nothing is open yet
        kept = KeptSession.of(session, self._desk.open_paths)
        with self._changed:
            self._latest = kept
            due = time.monotonic() + within
            self._due = due if self._due is None else min(self._due, due)
            if then is not None:
                self._then.append(then)
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _tell(self, error: UnetscopeError) -> None:
        self._desk.notice.emit(Notice(error.what, error.hint))

    # --------------------------------------------------------- journal's thread

    def _write(self) -> None:
        while (kept := self._next()) is not None:
            with self._changed:
                then, self._then = self._then, []
            began = time.monotonic()
            try:
                self._put(kept)
                self._took = time.monotonic() - began
            except UnetscopeError as error:
                self._whole = None
                self._tell_once(error)
            except Exception:
                self._whole = None
                _log.exception("the journal was not written")
            else:
                self._told = False
                self.written = kept
                for call in then:
                    call()

    def _next(self) -> KeptSession | None:
        """Wait until something is to be written; None when that is over."""
        with self._changed:
            while not self._stopping:
                left = None if self._due is None else self._due - time.monotonic()
                if left is not None and left <= 0:
                    self._due = None
                    return self._latest
                self._changed.wait(left)
            return None

    def _put(self, kept: KeptSession) -> None:
        if self._journal is None:
            self._journal = self._journals.own()
        grown = self._journal.size > 2 * self._begun_with + ROOM
        if self._whole is None or grown or not kept.is_based_on(self._whole):
            self._journal.start(self._writer.whole(kept))
            self._whole, self._begun_with = kept, self._journal.size
        elif (change := self._writer.change(kept)) is not None:
            self._journal.append(change)

    def _tell_once(self, error: UnetscopeError) -> None:
        if not self._told:
            self._told = True
            self._deliver(lambda: self._tell(error))
