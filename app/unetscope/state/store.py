"""The one mutable variable: which session is the present one."""

from __future__ import annotations

import threading
from collections.abc import Callable

from psygnal import Signal

from unetscope.domain.session import Session


class Store:
    """Holds the session and tells when it changes.

    Only the thread that made the store may commit.
    """

    changed = Signal(Session, Session, reemission="queued")
    """``(old, new)``, always in the order of the commits; psygnal holds its listeners weakly."""

    def __init__(self, session: Session | None = None) -> None:
        self._session = session or Session()
        self._owner = threading.get_ident()

    @property
    def session(self) -> Session:
        """The present session."""
        return self._session

    def commit(self, new: Session) -> None:
        """Replace the session; an equal one is dropped, which ends echo loops."""
        if threading.get_ident() != self._owner:
            raise RuntimeError("commit() from a worker thread")
        old, self._session = self._session, new
        if new != old:
            self.changed.emit(old, new)

    def update(self, change: Callable[[Session], Session]) -> None:
        """Commit a function of the present session."""
        self.commit(change(self._session))
