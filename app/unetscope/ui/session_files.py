"""Sessions opened and saved by hand: from menu, keys, drop and command line."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from unetscope.domain.session_file import ENDING
from unetscope.state.sessions import Lost, Question, Sessions
from unetscope.state.store import Store
from unetscope.ui import dialogs, session_dialogs
from unetscope.ui.recent import RecentMenu
from unetscope.ui.session_dialogs import Missing
from unetscope.ui.unsaved_edits import UnsavedEdits


def is_session(path: Path) -> bool:
    """Whether a path is a session's file, as far as its name tells."""
    return path.suffix.lower() == ENDING


class SessionFiles(QObject):
    """Asks where sessions are and go, and what to do about what is missing of one."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        unsaved: UnsavedEdits,
        recent: RecentMenu,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._store = store
        self._sessions = sessions
        self._unsaved = unsaved
        self._recent = recent
        self._window = window
        sessions.asked.connect(self._on_asked)
        sessions.opened.connect(self._remember)

    def ask_open(self) -> None:
        """Ask for a session and open it."""
        if path := session_dialogs.ask_session(self._window, self._recent.folder("sessions")):
            self.open(path)

    def open(self, path: Path) -> None:
        """Open a session in the place of what is open."""
        if self._unsaved.may_be_lost(partial(self.open, path)):
            self._sessions.open(path)

    def save(self) -> None:
        """Save to the session's file; ask where to while it has none."""
        if self._sessions.path is None:
            self.ask_save_as()
        else:
            self._sessions.save(self._sessions.path)

    def ask_save_as(self) -> None:
        """Ask where to, and save the session there."""
        proposed = self._sessions.path
        if proposed is None:
            network = self._store.session.network
            stem = network.path.stem if network is not None else "session"
            proposed = self._recent.folder("sessions") / f"{stem}{ENDING}"
        if path := session_dialogs.ask_save_session(self._window, proposed):
            self._sessions.save(path)

    def _on_asked(self, question: Question) -> None:
        # soon: what asked is not kept waiting by a dialog
        QTimer.singleShot(0, self, partial(self._ask, question))

    def _ask(self, question: Question) -> None:
        hidden = self._store.session.identity_hidden
        choice = session_dialogs.ask_about_missing(self._window, question, hidden=hidden)
        if choice is Missing.WITHOUT:
            self._sessions.go_without()
        elif choice is Missing.CANCEL:
            self._sessions.give_up()
        else:
            ask = session_dialogs.ask_study if question.lost is Lost.STUDY else dialogs.ask_model
            path = ask(self._window)
            if path is None:
                self._ask(question)
            else:
                self._sessions.find(path)

    def _remember(self, path: Path) -> None:
        self._recent.remember("sessions", path)
