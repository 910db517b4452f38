"""What no file holds, edits and a changed input card: asked about before it is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from unetscope.state.card_keeper import is_changed
from unetscope.state.desk import Desk
from unetscope.state.sessions import Sessions
from unetscope.state.store import Store
from unetscope.ui import dialogs, session_dialogs

Again = Callable[[], None]


class UnsavedEdits(QObject):
    """Asks before edits, or changes of the input card, are lost, and saves them.

    What would lose them waits while they are written, and is given up where that fails. While the
    session has a file, it is that file that is asked about.

    Parameters
    ----------
    save_card : callable
        Saves the card in force, then calls what it is given.
    """

    def __init__(
        self,
        store: Store,
        desk: Desk,
        sessions: Sessions,
        save_card: Callable[[Again], None],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._store = store
        self._desk = desk
        self._sessions = sessions
        self._save_card = save_card
        self._window = window
        self._again: Again | None = None
        self._given_up: frozenset[str] = frozenset()  # while one question follows another
        desk.saved.connect(self._on_saved)
        desk.failed.connect(self._on_failed)

    def may_be_lost(self, again: Again) -> bool:
        """Whether to go on and lose what no file holds, if there is any.

        Parameters
        ----------
        again : callable
            What asked: it is called once more when all was saved that is to be saved.
        """
        self._again = None
        given_up, self._given_up = self._given_up, frozenset()
        if self._sessions.path is not None:
            return self._session_may_be_lost(self._sessions.path, again)
        edits, card = self._desk.has_unsaved_edits, is_changed(self._store.session)
        for what, is_there, ask, save in (
            ("edits", edits, dialogs.ask_about_edits, self.ask_save),
            ("card", card, dialogs.ask_about_card, self._save_card),
        ):
            if not is_there or what in given_up:
                continue
            choice = ask(self._window)
            if choice is dialogs.Choice.SAVE:
                save(partial(self._saved, again, given_up))
            if choice is not dialogs.Choice.DISCARD:
                return False
            given_up |= {what}
        return True

    def _session_may_be_lost(self, path: Path, again: Again) -> bool:
        if self._sessions.holds_all:
            return True
        choice = session_dialogs.ask_about_session(self._window, path.stem)
        if choice is dialogs.Choice.SAVE:
            self._sessions.save(path, partial(self._saved, again, frozenset()))
        return choice is dialogs.Choice.DISCARD

    def _saved(self, again: Again, given_up: frozenset[str]) -> None:
        """Soon, call again what asked; nobody is asked twice about what may be lost."""

        def ask_on() -> None:
            self._given_up = given_up
            again()
            self._given_up = frozenset()

        QTimer.singleShot(0, self, ask_on)

    def ask_save(self, again: Again | None = None) -> None:
        """Ask where to, and write the edited network there; then maybe call something again."""
        network = self._store.session.network
        if network is None:
            return
        proposed = network.path.with_name(f"{network.path.stem}-edited.keras")
        if path := dialogs.ask_save_model(self._window, proposed):
            self._again = again
            self._desk.save_model(path)

    def _on_saved(self, _path: Path) -> None:
        again, self._again = self._again, None
        if again is not None:
            again()

    def _on_failed(self, _error: object) -> None:
        self._again = None
