"""Lengths at the edges of a slice: rulers left and below, and the scale bar."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from unetscope.ui import theme
from unetscope.ui.widgets.canvas_view import CanvasView

TICK = 14.0  # screen pixels between ticks, at most
EVERY = 5  # tick is a long one
ROOMY = 600.0  # a narrower view has no room for a text beside the scale bar
SHARE = 0.55  # of the edge that a ruler takes, at most


def nice_length(longest: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ that is not above `longest`; 0 if there is none."""
    if not (longest > 0.0 and math.isfinite(longest)):
        return 0.0
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (0.5, 1.0, 2.0, 5.0) if step * power <= longest * 1.000001)


def length_text(mm: float) -> str:
    """A length for people: 50 mm, 0.5 mm."""
    return f"{mm:g} mm"


def paint_rulers(painter: QPainter, view: CanvasView) -> None:
    """Ticks along the left and the lower edge, with the length that the lower ones cover."""
    tick = nice_length(TICK / view.scale)
    if not tick:
        return
    step = tick * view.scale
    metrics = QFontMetricsF(painter.font())
    strokes: list[QLineF] = []
    for extent, upright in ((view.height, True), (view.width, False)):
        count = int(extent * SHARE / step) // (2 * EVERY) * (2 * EVERY)
        if count < EVERY:
            continue
        first = (extent - count * step) / 2.0
        for number in range(count + 1):
            at, long = first + number * step, 7.0 if number % EVERY == 0 else 4.0
            strokes.append(
                QLineF(1.0, at, long, at)
                if upright
                else QLineF(at, view.height - 1.0, at, view.height - long)
            )
        if not upright and view.width > ROOMY:  # one text is enough: the ticks are the same
            area = QRectF(first + count * step + 5.0, view.height - metrics.height(), 80.0, 20.0)
            painter.setPen(theme.colour("canvas_text_muted"))
            painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft), length_text(count * tick))
    for width, colour in ((2.4, QColor(0, 0, 0, 170)), (1.0, theme.colour("canvas_text_muted"))):
        painter.setPen(QPen(colour, width))
        painter.drawLines(strokes)
