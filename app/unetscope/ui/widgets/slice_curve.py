"""A bar for every slice of a series; a click names the slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded

EDGE = 3.0  # around the bars
STEPS: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


@guarded
class SliceCurve(QWidget):
    """Shows one number a slice; slices without one are left out, the one shown is marked."""

    chosen = Signal(int)  # a slice

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._values: NDArray[np.float64] = np.zeros(0)
        self._index = 0
        self._unit = ""
        self._digits: int | None = None
        self._beside: NDArray[np.float64] = np.zeros(0)

    @property
    def values(self) -> NDArray[np.float64]:
        """What is on show, NaN where nothing is known."""
        return self._values

    def show_values(
        self,
        values: NDArray[np.float64],
        index: int,
        unit: str,
        *,
        digits: int | None = None,
        beside: NDArray[np.float64] | None = None,
    ) -> None:
        """Show a number for each slice, and which slice is on screen.

        Numbers are told whole, unless so many digits are asked for. Those `beside`, of the trained
        network, are marked by a line across each bar.
        """
        self._values, self._index, self._unit = values, index, unit
        self._digits = digits
        same_length = beside is not None and len(beside) == len(values)
        self._beside = beside if beside is not None and same_length else np.zeros(0)
        self.update()

    def slice_at(self, x: float) -> int | None:
        """The slice whose bar is at a place; None without any."""
        count = len(self._values)
        if not count:
            return None
        share = (x - EDGE) / max(self.width() - 2 * EDGE, 1.0)
        return min(max(int(share * count), 0), count - 1)

    def sizeHint(self) -> QSize:
        return QSize(200, 58)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), theme.colour("tile"))
            count = len(self._values)
            if count:
                self._paint(painter, (self.width() - 2 * EDGE) / count)
            if self.hasFocus():
                painter.setPen(QPen(theme.colour("accent"), 1.0))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint(self, painter: QPainter, wide: float) -> None:
        base = self.height() - EDGE
        here = QRectF(EDGE + self._index * wide, 0.0, max(wide, 1.5), float(self.height()))
        painter.fillRect(here, theme.colour("canvas_line", 140))
        known = np.isfinite(self._values)
        others = np.flatnonzero(np.isfinite(self._beside))
        most = float(self._values[known].max()) if known.any() else 0.0
        most = max([most, *self._beside[others].tolist()])
        feet, bars, marks = [], [], []
        for index in np.flatnonzero(known).tolist():
            x = EDGE + index * wide
            feet.append(QRectF(x, base, max(wide, 1.0), 1.0))
            if most > 0 and self._values[index] > 0:
                high = max(float(self._values[index]) / most * (base - EDGE), 1.0)
                bars.append(QRectF(x, base - high, max(wide - 0.5, 1.0), high))
        for index in others.tolist() if most > 0 else ():
            at = base - float(self._beside[index]) / most * (base - EDGE)
            marks.append(QRectF(EDGE + index * wide, at - 0.5, max(wide, 1.5), 1.5))
        painter.setPen(Qt.PenStyle.NoPen)
        # a call for all of them: each call lets other threads run first
        tokens = ("canvas_text_muted", "canvas_letter", "warning")
        for token, areas in zip(tokens, (feet, bars, marks), strict=True):
            if areas:
                painter.setBrush(theme.colour(token))
                painter.drawRects(areas)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._choose(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(event.key(), 0)
        if step and len(self._values):
            self.chosen.emit(min(max(self._index + step, 0), len(self._values) - 1))
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tell the number of a slice beside the mouse; keep the arrows from the window's keys."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() in STEPS:
            event.setAccepted(not event.modifiers())
            return event.isAccepted()
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.slice_at(event.pos().x())
            text = "" if index is None else self._said(index)
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def _said(self, index: int) -> str:
        value = self._values[index]
        form = ",.0f" if self._digits is None else f".{self._digits}g"
        told = "not known yet" if np.isnan(value) else f"{value:{form}} {self._unit}"
        if index < len(self._beside) and not np.isnan(self._beside[index]):
            told += f", trained {self._beside[index]:{form}}"
        return f"slice {index + 1}: {told}"

    def _choose(self, at: QPointF) -> None:
        index = self.slice_at(at.x())
        if index is not None and index != self._index:
            self.chosen.emit(index)
