"""Edits that no file holds: what becomes of them before the network they belong to goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from unetscope.state.desk import Desk
from unetscope.state.store import Store
from unetscope.ui import dialogs


class UnsavedEdits(QObject):
    """Asks before edits are lost, and saves them.

    What would lose them waits while they are written, and is given up where that fails.
    """

    def __init__(self, store: Store, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._store = store
        self._desk = desk
        self._window = window
        self._again: Callable[[], None] | None = None
        desk.saved.connect(self._on_saved)
        desk.failed.connect(self._on_failed)

    def may_be_lost(self, again: Callable[[], None]) -> bool:
        """Whether to go on and lose the edits, if there are any.

        Parameters
        ----------
        again : callable
            What asked: it is called once more when the edits were saved, where that is chosen.
        """
        self._again = None
        if not self._desk.has_unsaved_edits:
            return True
        choice = dialogs.ask_about_edits(self._window)
        if choice is dialogs.Choice.SAVE:
            self.ask_save(again)
        return choice is dialogs.Choice.DISCARD

    def ask_save(self, again: Callable[[], None] | None = None) -> None:
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
            QTimer.singleShot(0, self, again)

    def _on_failed(self, _error: object) -> None:
        self._again = None
