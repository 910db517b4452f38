"""A small histogram: bars, two numbers, and a line at the value under the mouse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded


@guarded
class Histogram(QWidget):
    """Shows counts between edges; it does not react to the mouse."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("histogram")
        self.setAccessibleName("Histogram")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._plot: Any = pg.PlotWidget(self)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setFrameShape(self._plot.Shape.NoFrame)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        item = self._plot.getPlotItem()
        menu = item.ctrlMenu  # pyqtgraph gives it no owner, so it would outlive the plot
        menu.setParent(self, menu.windowFlags())
        item.hideAxis("left")
        item.hideAxis("bottom")
        item.setContentsMargins(0, 0, 0, 0)
        self._bars: Any = pg.BarGraphItem(x=[0.0], height=[0.0], width=1.0)
        self._plot.addItem(self._bars)
        self._marker: Any = pg.InfiniteLine(angle=90, movable=False)
        self._marker.setVisible(False)
        self._plot.addItem(self._marker)
        self._ends: Any = [pg.InfiniteLine(angle=90, movable=False) for _ in range(2)]
        for end in self._ends:
            end.setVisible(False)
            self._plot.addItem(end)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self._plot, 1)
        ends = QHBoxLayout()
        self._low, self._high = QLabel(self), QLabel(self)
        for label in (self._low, self._high):
            label.setProperty("role", "muted")
        ends.addWidget(self._low)
        ends.addStretch(1)
        ends.addWidget(self._high)
        layout.addLayout(ends)
        self._style()

    def show_histogram(
        self, counts: NDArray[Any], edges: NDArray[Any], marker: float | None = None
    ) -> None:
        """Show bars.

        Parameters
        ----------
        counts : (n,) ndarray
            Heights; none draws an empty plot.
        edges : (n + 1,) ndarray
            Where the bars begin and end, ascending.
        marker : float or None
            A value to point out.
        """
        if len(counts) == 0 or len(edges) != len(counts) + 1:
            self.clear()
            return
        low, high = float(edges[0]), float(edges[-1])
        span = high - low if high > low else 1.0
        tallest = float(np.max(counts))
        self._bars.setOpts(x0=edges[:-1], x1=edges[1:], height=counts, x=None, width=None)
        self._bars.setVisible(True)
        self._plot.setXRange(low, low + span, padding=0.01)
        self._plot.setYRange(0.0, tallest if tallest > 0 else 1.0, padding=0.02)
        self._low.setText(_short(low, span))
        self._high.setText(_short(high, span))
        self.mark(marker)

    def mark(self, value: float | None) -> None:
        """Move the line to a value, or take it away."""
        self._marker.setVisible(value is not None)
        if value is not None:
            self._marker.setValue(value)

    def show_levels(self, levels: tuple[float, float] | None) -> None:
        """Move the lines at the first and the last colour, or take them away."""
        for end, at in zip(self._ends, levels or (0.0, 0.0), strict=True):
            end.setVisible(levels is not None)
            end.setValue(at)

    def clear(self) -> None:
        """Show nothing."""
        self._bars.setVisible(False)
        self._low.clear()
        self._high.clear()
        self.mark(None)
        self.show_levels(None)

    def sizeHint(self) -> QSize:
        return QSize(170, 100)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 50)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._style()
        super().changeEvent(event)

    def _style(self) -> None:
        self._plot.setBackground(theme.colour("panel"))
        self._bars.setOpts(brush=theme.colour("accent"), pen=pg.mkPen(theme.colour("panel")))
        for end in self._ends:
            end.setPen(pg.mkPen(theme.colour("text_muted"), width=1.0, style=Qt.PenStyle.DashLine))
        self._marker.setPen(pg.mkPen(theme.colour("warning"), width=1.5))
        font = QFont(self.font())
        font.setPointSizeF(max(font.pointSizeF() * 0.8, 6.5))
        for label in (self._low, self._high):
            label.setFont(font)


def _short(value: float, span: float) -> str:
    """Three digits; what is nothing beside the span is 0."""
    return f"{value:.3g}" if abs(value) > span * 1e-4 else "0"
