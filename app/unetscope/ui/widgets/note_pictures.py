"""Small pictures that explain what a convolution does at the border, between pixels, by strides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from unetscope.domain.lab import Steps
from unetscope.ui import theme
from unetscope.ui.colours import DIVERGING, to_levels
from unetscope.ui.widgets.guard import guarded

WIDE, HIGH = 170, 74
SHOWN = 7  # pixels of a row


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NotePicture:
    """What to draw.

    Attributes
    ----------
    topic : str
        ``flip``, ``shift``, ``border``, ``stride`` or ``relu``.
    kernel : (kh, kw) ndarray of float32
        As it is written.
    steps : Steps
        Across the picture.
    """

    topic: str
    kernel: NDArray[np.float32]
    steps: Steps
    flip: bool = False
    relu: bool = False


@guarded
class NotePictureView(QWidget):
    """Draws a `NotePicture`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(WIDE, HIGH)
        self._picture: NotePicture | None = None

    def show_picture(self, picture: NotePicture) -> None:
        """Draw another picture."""
        self._picture = picture
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        picture = self._picture
        if picture is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            font = painter.font()
            font.setPointSizeF(max(font.pointSizeF() - 1.5, 6.5))
            painter.setFont(font)
            if picture.topic == "flip":
                _paint_flip(painter, picture)
            elif picture.topic == "stride":
                _paint_stride(painter, picture.steps)
            elif picture.topic == "relu":
                _paint_relu(painter, on=picture.relu)
            else:
                _paint_window(painter, picture.steps, middle=picture.topic == "shift")


def _paint_flip(painter: QPainter, picture: NotePicture) -> None:
    """The kernel as written and turned; the one in force has a frame."""
    limit = max(float(np.abs(picture.kernel).max()), 1e-6)
    for n, values in enumerate((picture.kernel, picture.kernel[::-1, ::-1])):
        rows, columns = values.shape
        cell = min(54 / rows, 70 / columns)
        left = 42 + n * 86 - columns * cell / 2
        top = 30 - rows * cell / 2
        colours = DIVERGING[to_levels(values, -limit, limit)]
        for r in range(rows):
            for c in range(columns):
                rect = QRectF(left + c * cell, top + r * cell, cell + 0.3, cell + 0.3)
                painter.fillRect(rect, QColor(*colours[r, c].tolist()))
        if picture.flip == bool(n):
            painter.setPen(QPen(theme.colour("accent"), 2.0))
            painter.drawRect(QRectF(left - 2, top - 2, columns * cell + 4, rows * cell + 4))
        _label(painter, QRectF(n * 86, 59, 84, 15), "turned" if n else "as written")


def _paint_window(painter: QPainter, steps: Steps, *, middle: bool) -> None:
    """The first pixels of a row, the zeros before them, and the first window."""
    before = min(steps.before, 6)
    drawn = before + max(SHOWN, min(steps.kernel - before, 11))
    cell = min((WIDE - 8) / drawn, 16.0)
    left, top = 4.0, 24.0
    for i in range(drawn):
        rect = QRectF(left + i * cell, top, cell, cell)
        is_zero = i < before
        painter.setPen(QPen(theme.colour("border_strong"), 1.0))
        painter.setBrush(theme.colour("field" if is_zero else "raised"))
        painter.drawRect(rect)
        if is_zero:
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), "0")
    window = QRectF(left, top - 4, min(steps.kernel, drawn) * cell, cell + 8)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour("accent"), 2.0))
    painter.drawRoundedRect(window, 2.0, 2.0)
    if not middle:
        _label(painter, QRectF(0, top + cell + 8, WIDE, 15), f"{steps.size} → {steps.out} columns")
        return
    pixel = left + (before + 0.5) * cell
    centre = left + (before + 0.5 + steps.shift) * cell
    painter.setPen(QPen(theme.colour("ok"), 2.0))
    painter.drawLine(QPointF(pixel, top - 14), QPointF(pixel, top + cell / 2))
    painter.setPen(QPen(theme.colour("warning"), 2.0))
    painter.drawLine(QPointF(centre, top + cell / 2), QPointF(centre, top + cell + 12))
    if steps.shift:
        _arrow(painter, QPointF(centre, top - 10), QPointF(pixel, top - 10))
    text = f"middle {steps.shift:+g} px from the pixel" if steps.shift else "middle on the pixel"
    _label(painter, QRectF(0, top + cell + 14, WIDE, 15), text)


def _paint_stride(painter: QPainter, steps: Steps) -> None:
    """The middles of the windows on the grid of pixels."""
    cell, columns, rows = 9.0, 18, 6
    painter.setPen(QPen(theme.colour("border"), 1.0))
    painter.setBrush(theme.colour("raised"))
    for r in range(rows):
        for c in range(columns):
            painter.drawRect(QRectF(4 + c * cell, 2 + r * cell, cell, cell))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("accent"))
    first = steps.shift % 1.0
    for r in range(0, rows, steps.stride):
        for c in range(0, columns, steps.stride):
            at = QPointF(4 + (c + first + 0.5) * cell, 2 + (r + first + 0.5) * cell)
            if at.x() < 4 + columns * cell and at.y() < 2 + rows * cell:
                painter.drawEllipse(at, 2.2, 2.2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    text = f"every {steps.stride} px" if steps.stride > 1 else "every pixel"
    _label(painter, QRectF(0, 59, WIDE, 15), f"the middles: {text}")


def _paint_relu(painter: QPainter, *, on: bool) -> None:
    """What comes out for what goes in."""
    middle, base, reach = WIDE / 2, 34.0, 28.0
    painter.setPen(QPen(theme.colour("border_strong"), 1.0))
    painter.drawLine(QPointF(middle - 60, base), QPointF(middle + 60, base))
    painter.drawLine(QPointF(middle, base + reach), QPointF(middle, base - reach))
    negative = QPen(theme.colour("text_disabled"), 1.5, Qt.PenStyle.DashLine)
    painter.setPen(negative if on else QPen(theme.colour("accent"), 2.0))
    painter.drawLine(QPointF(middle - 50, base + reach * 0.85), QPointF(middle, base))
    painter.setPen(QPen(theme.colour("accent"), 2.0))
    painter.drawLine(QPointF(middle, base), QPointF(middle + 50, base - reach * 0.85))
    if on:
        painter.drawLine(QPointF(middle - 60, base), QPointF(middle, base))
    _label(painter, QRectF(0, 61, WIDE, 13), "below 0 becomes 0" if on else "below 0 stays")


def _arrow(painter: QPainter, tail: QPointF, tip: QPointF) -> None:
    painter.setPen(QPen(theme.colour("text"), 1.4))
    painter.drawLine(tail, tip)
    way = 1.0 if tip.x() > tail.x() else -1.0
    painter.setBrush(theme.colour("text"))
    head = [tip, tip + QPointF(-4 * way, -3), tip + QPointF(-4 * way, 3)]
    painter.drawPolygon(QPolygonF(head))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _label(painter: QPainter, rect: QRectF, text: str) -> None:
    painter.setPen(theme.colour("text_muted"))
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)
