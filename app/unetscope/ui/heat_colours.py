"""How a heat is coloured over the slice, and the legend that says what its colours stand for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from unetscope.domain.ports import Floats
from unetscope.ui import theme
from unetscope.ui.colours import DIVERGING, VIRIDIS, to_levels

MARGIN = 10.0
BAR = 96.0  # width of the colour bar
WIDEST = 0.5  # share of the width that the words may take
ABOVE = 3  # lines of other texts below the legend
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def coloured(
    heat: Floats, limits: tuple[float, float], *, signed: bool, opacity: float, threshold: float
) -> NDArray[np.uint8]:
    """A heat in its colours; clear below the threshold, and where it is not known.

    Parameters
    ----------
    heat : (rows, columns) ndarray of float32
        NaN where it does not reach.
    limits : (float, float)
        Values of the first and the last colour.
    opacity, threshold : float
        0 to 1; values below that share of the scale are clear.

    Returns
    -------
    colours : (rows, columns, 4) ndarray of uint8
        Red, green, blue, alpha.
    """
    low, high = limits
    made = np.empty((*heat.shape, 4), np.uint8)
    made[..., :3] = (DIVERGING if signed else VIRIDIS)[to_levels(heat, low, high)]
    least = threshold * max(abs(low), abs(high)) if signed else low + threshold * (high - low)
    with np.errstate(invalid="ignore"):
        seen = np.abs(heat) >= least if signed else heat >= least
    made[..., 3] = np.where(seen, np.uint8(round(255 * opacity)), np.uint8(0))
    return made


def paint_legend(
    painter: QPainter,
    size: tuple[int, int],
    lines: tuple[str, ...],
    limits: tuple[float, float],
    *,
    signed: bool,
) -> QRectF:
    """Write what is seen over the slice, with its colours and what they stand for.

    Parameters
    ----------
    size : (int, int)
        Width and height of what is painted on; the legend stands at the right, near the bottom.
    lines : tuple of str
        Above the colours.

    Returns
    -------
    area : QRectF
        What it takes.
    """
    metrics = painter.fontMetrics()
    line = metrics.height() + 2.0
    low, high = (f"{at:.3g}" for at in limits)
    ends = metrics.horizontalAdvance(low) + metrics.horizontalAdvance(high) + 16.0
    room = max(size[0] * WIDEST, BAR + ends)
    lines = tuple(metrics.elidedText(one, Qt.TextElideMode.ElideRight, int(room)) for one in lines)
    wide = max(*(metrics.horizontalAdvance(one) for one in lines), BAR + ends)
    area = QRectF(0.0, 0.0, wide + 12.0, (len(lines) + 1) * line + 4.0)
    area.moveBottomRight(QPointF(size[0] - MARGIN, size[1] - MARGIN - ABOVE * line))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 170))
    painter.drawRoundedRect(area, 3.0, 3.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme.colour("canvas_text"))
    row = QRectF(area.left() + 6.0, area.top(), wide, line)
    for one in lines:
        painter.drawText(row, _LEFT, one)
        row.translate(0.0, line)
    row.translate(0.0, 2.0)
    painter.drawText(row, _LEFT, low)
    left = row.left() + metrics.horizontalAdvance(low) + 6
    bar = QRectF(left, row.top() + 3, BAR, line - 6)
    painter.drawImage(bar, bar_image(signed=signed))
    painter.drawText(QRectF(bar.right() + 6, row.top(), 80.0, line), _LEFT, high)
    return area


def bar_image(*, signed: bool) -> QImage:
    """All colours of a scale in one row."""
    words = np.ascontiguousarray((DIVERGING if signed else VIRIDIS)[None])
    return QImage(words.data, 256, 1, 3 * 256, QImage.Format.Format_RGB888).copy()
