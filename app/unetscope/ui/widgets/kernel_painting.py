"""What is drawn in and around the cells of a `KernelGrid`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QPainter, QPen

from unetscope.ui import theme
from unetscope.ui.widgets.kernel_numbers import decimals_for, number_text

SMALLEST = 6.5  # points; smaller numbers cannot be read


def fitted_text(
    values: NDArray[np.float32], limit: float, cell: QRect, largest: float
) -> tuple[QFont, int]:
    """Font and decimals with which every number fits its cell; -1 decimals if none do.

    Parameters
    ----------
    values : (kh, kw) ndarray of float32
    limit : float
        The size of values that the decimals are meant for.
    largest : float
        Point size to begin with.
    """
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if values.size > 1024:
        return font, -1
    best = decimals_for(limit)
    for decimals in (best, best - 1) if best > 1 else (best,):
        texts = [number_text(float(value), decimals) for value in values.ravel()]
        longest = max(texts, key=len, default="")
        size = largest
        while size >= SMALLEST:
            font.setPointSizeF(size)
            metrics = QFontMetricsF(font)
            wide = metrics.horizontalAdvance(longest) <= cell.width() - 5.0
            if wide and metrics.height() <= cell.height() - 2.0:
                return font, decimals
            size -= 0.5
    return font, -1


def same_values(some: NDArray[np.float32] | None, others: NDArray[np.float32] | None) -> bool:
    """Whether two kernels hold the same values; two that are missing are the same."""
    if some is None or others is None:
        return some is others
    return np.array_equal(some, others)


def paint_dot(painter: QPainter, rect: QRect) -> None:
    """A dot in the corner of a cell whose value is not the trained one."""
    edge = 6.0 if rect.width() >= 18 else 3.0
    painter.setPen(QPen(QColor(0, 0, 0, 210), 1.0))
    painter.setBrush(QColor(theme.DARK.warning))
    painter.drawEllipse(QRectF(rect.right() - edge - 1.5, rect.top() + 2.5, edge, edge))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def paint_frame(painter: QPainter, rect: QRect, token: str, width: float) -> None:
    """A frame around a cell, with a dark line inside so that it shows on any colour."""
    painter.setPen(QPen(theme.colour(token), width))
    painter.drawRect(QRectF(rect).adjusted(-1.0, -1.0, 1.0, 1.0))
    if width > 1.0:
        painter.setPen(QPen(QColor(0, 0, 0, 150), 1.0))
        painter.drawRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5))
