"""The clock that a `Pace` goes by while a gesture is under way."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer

from unetscope.state.pace import Pace

FRAME_MS = 16  # one picture on a screen of 60 Hz


class FrameClock(QTimer):
    """Tells a pace of every frame; stands still while nothing is held."""

    def __init__(self, pace: Pace, parent: QObject) -> None:
        super().__init__(parent)
        self._pace = pace
        self.setTimerType(Qt.TimerType.PreciseTimer)
        self.setInterval(FRAME_MS)
        self.timeout.connect(pace.frame)
        pace.held_changed.connect(self._follow)

    def _follow(self, held: bool) -> None:
        if held:
            self.start()
        else:
            self.stop()
