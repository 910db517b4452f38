"""The filter lab from start to start."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSettings

from unetscope.domain.lab_file import read_lab, write_lab
from unetscope.domain.session import Session
from unetscope.state.pace import Pace
from unetscope.state.store import Store

KEY = "filter_lab"


class KeptLab(QObject):
    """Puts the lab in force that was kept, and keeps every change of it."""

    def __init__(self, store: Store, settings: QSettings, pace: Pace, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._settings = settings
        self._pace = pace
        kept = settings.value(KEY)
        if isinstance(kept, str):
            store.update(lambda s: s.use_lab(read_lab(kept)))
        store.changed.connect(self._on_session)

    def _on_session(self, old: Session, new: Session) -> None:
        if old.lab is not new.lab:
            self._pace.in_turn(self._keep)

    def _keep(self) -> None:
        self._settings.setValue(KEY, write_lab(self._store.session.lab))
