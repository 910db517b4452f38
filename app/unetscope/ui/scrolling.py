"""Scrolling through slices as a gesture: the picture follows at once, the panels by turns."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from unetscope.domain.session import Session
from unetscope.state.pace import Pace
from unetscope.state.store import Store

PAUSE_MS = 150  # slices that follow each other sooner are scrolled through


class Scrolling(QTimer):
    """Holds the pace from the second slice of a quick succession until it pauses."""

    def __init__(self, store: Store, pace: Pace, parent: QObject) -> None:
        super().__init__(parent)
        self._pace = pace
        self.setSingleShot(True)
        self.setInterval(PAUSE_MS)
        self.timeout.connect(self._pause)
        store.changed.connect(self._on_session)

    def _on_session(self, old: Session, new: Session) -> None:
        if old.slice_index != new.slice_index and old.series == new.series:
            if self.isActive():
                self._pace.hold("scroll")
            self.start()

    def _pause(self) -> None:
        self._pace.release("scroll")
