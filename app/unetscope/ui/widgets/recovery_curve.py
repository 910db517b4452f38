"""A curve over the layers of a network: how much each brings back; a click names the layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written

LEFT, TOP, EDGE = 44.0, 18.0, 6.0  # pixels beside the curve
NAMES = 86.0  # pixels for the names of the layers
WIDE = 11.0  # pixels that a name needs across
ROOM = 185  # pixels of height from which names are drawn
STEPS: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}

Floats = NDArray[np.float32]
Coloured = tuple[str, str | None, Floats]


@guarded
class RecoveryCurve(QWidget):
    """Shows a number for each layer, in bands of neighbouring layers that belong together."""

    chosen = Signal(int)  # a layer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._names: tuple[str, ...] = ()
        self._bands: tuple[str, ...] = ()
        self._mean: Floats = np.zeros(0, np.float32)
        self._others: tuple[Coloured, ...] = ()
        self._told: tuple[str, ...] = ()
        self._selected: int | None = None
        self._joined = 0

    def show_curve(
        self,
        names: Sequence[str],
        bands: Sequence[str],
        mean: Floats,
        others: Sequence[Coloured],
        told: Sequence[str],
        selected: int | None,
        joined: int,
    ) -> None:
        """Show these numbers.

        Parameters
        ----------
        names, bands, told : sequence of str
            What each layer is called, what it belongs to, and what it says when pointed at.
        mean : (layers,) ndarray
            NaN where nothing is known; 0 and 1 are marked.
        others : sequence of (str, str or None, ndarray)
            More curves, thinner: name, colour and numbers.
        selected : int or None
            The layer that is marked.
        joined : int
            How many of the first points a line joins; the others stand alone.
        """
        self._names, self._bands, self._told = tuple(names), tuple(bands), tuple(told)
        self._mean, self._others, self._selected = mean, tuple(others), selected
        self._joined = joined
        self.update()

    @property
    def count(self) -> int:
        """How many layers there are."""
        return len(self._names)

    def sizeHint(self) -> QSize:
        return QSize(240, 120)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def layer_at(self, x: float) -> int | None:
        """The layer at a place; None without any."""
        if not self.count:
            return None
        area = self._area()
        share = (x - area.left()) / max(area.width(), 1.0)
        return min(max(int(share * self.count), 0), self.count - 1)

    def x_of(self, index: int) -> float:
        """The middle of a layer's place."""
        area = self._area()
        return area.left() + (index + 0.5) * area.width() / max(self.count, 1)

    # ----------------------------------------------------------------- drawing

    def _area(self) -> QRectF:
        names = NAMES if self._names_fit() else EDGE
        area = QRectF(self.rect())
        return area.adjusted(LEFT, TOP, -EDGE, -names)

    def _names_fit(self) -> bool:
        across = (self.width() - LEFT - EDGE) / max(self.count, 1)
        return across >= WIDE and self.height() >= ROOM

    def _limits(self) -> tuple[float, float]:
        """From 0 to 1 at least, and no further than one more on either side."""
        numbers = [self._mean, *(values for _, _, values in self._others)]
        known = np.concatenate([each[np.isfinite(each)] for each in numbers] or [np.zeros(0)])
        low = float(known.min()) if known.size else 0.0
        high = float(known.max()) if known.size else 1.0
        return max(min(low, 0.0), -1.0) - 0.04, min(max(high, 1.0), 2.0) + 0.04

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.rect(), theme.colour("tile"))
            if self.count:
                self._paint(painter, self._area(), self._limits())
            if self.hasFocus():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(theme.colour("accent"), 1.0))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint(self, painter: QPainter, area: QRectF, limits: tuple[float, float]) -> None:
        low, high = limits

        def y(value: float) -> float:
            share = (min(max(value, low), high) - low) / (high - low)
            return area.bottom() - share * area.height()

        self._paint_bands(painter, area)
        for value in (0.0, 0.5, 1.0):
            painter.setPen(QPen(theme.colour("canvas_text_muted", 60 if value == 0.5 else 140), 1))
            painter.drawLine(QPointF(area.left(), y(value)), QPointF(area.right(), y(value)))
            painter.setPen(theme.colour("canvas_text_muted"))
            label = QRectF(0, y(value) - 8, LEFT - 4, 16)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(label, right, f"{100 * value:.0f} %")
        if len(self._others) > 1:
            for _, colour, values in self._others:
                ink = QColor(colour) if colour else theme.colour("canvas_text_muted")
                self._paint_line(painter, values, y, ink, 1.2, 0.8)
        self._paint_line(painter, self._mean, y, theme.colour("canvas_text"), 2.0, 2.6)
        if self._names_fit():
            self._paint_names(painter, area)

    def _paint_bands(self, painter: QPainter, area: QRectF) -> None:
        """Layers that belong together stand on the same ground, under its name."""
        across = area.width() / self.count
        if self._selected is not None:
            here = QRectF(area.left() + self._selected * across, TOP, across, area.height())
            painter.fillRect(here, theme.colour("canvas_line", 130))
        start, shade = 0, False
        for index in range(1, self.count + 1):
            if index < self.count and self._bands[index] == self._bands[start]:
                continue
            band = QRectF(area.left() + start * across, 0, (index - start) * across, area.bottom())
            if shade:
                painter.fillRect(band, theme.colour("canvas_text", 18))
            metrics = painter.fontMetrics()
            text = metrics.elidedText(
                self._bands[start], Qt.TextElideMode.ElideRight, int(band.width() - 4)
            )
            painter.setPen(theme.colour("canvas_text_muted"))
            painter.drawText(
                QRectF(band.left() + 3, 1, band.width() - 3, TOP - 2),
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                text if len(text) > 2 else "",
            )
            start, shade = index, not shade

    def _paint_line(
        self,
        painter: QPainter,
        values: Floats,
        y: Callable[[float], float],
        ink: QColor,
        width: float,
        dot: float,
    ) -> None:
        painter.setPen(QPen(ink, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        known = [
            QPointF(self.x_of(i), y(float(value))) if np.isfinite(value) else None
            for i, value in enumerate(values)
        ]
        run: list[QPointF] = []
        for point in [*known[: self._joined], None]:
            if point is not None:
                run.append(point)
            else:
                if len(run) > 1:
                    painter.drawPolyline(QPolygonF(run))
                run = []
        painter.setBrush(ink)
        for index, point in enumerate(known):
            if point is not None:
                size = dot if index < self._joined else dot + 1.5
                painter.drawEllipse(point, size, size)

    def _paint_names(self, painter: QPainter, area: QRectF) -> None:
        metrics = painter.fontMetrics()
        for index, name in enumerate(self._names):
            painter.save()
            painter.translate(self.x_of(index), area.bottom() + 4)
            painter.rotate(90)
            marked = index == self._selected
            painter.setPen(theme.colour("canvas_text" if marked else "canvas_text_muted"))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(NAMES - 8))
            painter.drawText(
                QRectF(0, -8, NAMES - 6, 16),
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                text,
            )
            painter.restore()

    # ------------------------------------------------------------------ asking

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            index = self.layer_at(event.position().x())
            if index is not None and index != self._selected:
                self.chosen.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(event.key(), 0)
        if step and self.count:
            here = -1 if self._selected is None else self._selected
            self.chosen.emit(min(max(here + step, 0), self.count - 1))
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tell what is known of a layer under the mouse; keep the arrows from the window."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() in STEPS:
            event.setAccepted(not event.modifiers())
            return event.isAccepted()
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.layer_at(event.pos().x())
            told = "" if index is None or index >= len(self._told) else self._told[index]
            QToolTip.showText(event.globalPos(), as_written(told), self)
            return True
        return super().event(event)
