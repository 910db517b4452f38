"""How alike a map and its twin are while more and more layers are random: two bars a stage."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from unetscope.domain.explaining.honesty import ALIKE, Stage
from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded

EDGE = 3.0  # around the bars
TOKENS = ("accent", "text_muted")  # rank correlation, SSIM


@guarded
class CascadeBars(QWidget):
    """From the output's layer alone to the whole network; above the line maps look alike."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._stages: tuple[Stage, ...] = ()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What is on show."""
        return self._stages

    def show_stages(self, stages: tuple[Stage, ...]) -> None:
        """Show a cascade, as `honesty.Honesty` has it."""
        self._stages = stages
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 30)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 26)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), theme.colour("field"))
            high = self.height() - 2 * EDGE
            wide = (self.width() - 2 * EDGE) / max(len(self._stages), 1)
            painter.setPen(Qt.PenStyle.NoPen)
            for number, (_, *measures) in enumerate(self._stages):
                for place, (measure, token) in enumerate(zip(measures, TOKENS, strict=True)):
                    if math.isnan(measure):
                        continue
                    up = max(min(measure, 1.0), 0.0) * high
                    left = EDGE + number * wide + place * wide * 0.4 + 0.1 * wide
                    bar = QRectF(left, self.height() - EDGE - up, wide * 0.36, max(up, 1.0))
                    painter.fillRect(bar, theme.colour(token))
            line = QPen(theme.colour("warning"), 1.0, Qt.PenStyle.DashLine)
            painter.setPen(line)
            at = self.height() - EDGE - ALIKE * high
            painter.drawLine(QPointF(EDGE, at), QPointF(self.width() - EDGE, at))

    def event(self, event: QEvent) -> bool:
        """Tell the numbers of the stage under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.said(event.pos().x()), self)
            return True
        return super().event(event)

    def said(self, x: float) -> str:
        """What is told of the stage at a place."""
        if not self._stages:
            return ""
        wide = (self.width() - 2 * EDGE) / len(self._stages)
        number = min(max(int((x - EDGE) / wide), 0), len(self._stages) - 1)
        layer, correlation, similarity = self._stages[number]
        return (
            f"{layer} and all after it random:\n"
            f"rank correlation {_said(correlation)} (blue), SSIM {_said(similarity)} (grey)\n"
            f"above the line, {ALIKE:g}, the two maps look alike"
        )


def _said(measure: float) -> str:
    return "unknown" if math.isnan(measure) else f"{measure:.2f}"
