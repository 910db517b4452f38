"""What is drawn in and around the cells of a `KernelGrid`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QFontMetricsF, QPainter, QPen

from unetscope.ui import theme
from unetscope.ui.colours import DIVERGING, luminance, to_levels
from unetscope.ui.widgets.kernel_layout import GridLayout
from unetscope.ui.widgets.kernel_numbers import decimals_for, number_text, short_text

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


def paint_cells(
    painter: QPainter,
    area: QRect,
    values: NDArray[np.float32],
    limits: NDArray[np.float32],
    layout: GridLayout,
    decimals: int,
) -> None:
    """Cells in the colours of their values, with numbers where `decimals` is not negative.

    ``limits`` holds the end of the colour scale of each row, ``(rows, 1)``.
    """
    colours = DIVERGING[to_levels(values / limits, -1.0, 1.0)]
    dark_text = luminance(colours) > 0.19
    for row, column in np.ndindex(values.shape):
        rect = layout.rect(row, column)
        if not rect.intersects(area):
            continue
        painter.fillRect(rect, QColor(*colours[row, column].tolist()))
        if decimals >= 0:
            painter.setPen(QColor("#16191e" if dark_text[row, column] else "#ffffff"))
            text = number_text(float(values[row, column]), decimals)
            if limits[row, 0] < 10.0**-decimals:  # all of the row would read as 0
                text = short_text(float(values[row, column]))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)


def paint_holes(painter: QPainter, layout: GridLayout) -> None:
    """The places between the cells of a dilated kernel, which it does not look at."""
    painter.setPen(QPen(theme.colour("border"), 1.0, Qt.PenStyle.DotLine))
    for row, column in np.ndindex(layout.drawn):
        if row % layout.spread[0] or column % layout.spread[1]:
            painter.drawRect(QRectF(layout.drawn_rect(row, column)).adjusted(0.5, 0.5, -0.5, -0.5))


def names_room(
    metrics: QFontMetrics, rows: Sequence[str], columns: Sequence[str]
) -> tuple[int, int]:
    """Room to the left and above that names need."""
    wide = max((metrics.horizontalAdvance(name) for name in rows), default=-8)
    return wide + 8, metrics.height() + 2 if columns else 0


def paint_names(
    painter: QPainter, layout: GridLayout, rows: Sequence[str], columns: Sequence[str]
) -> None:
    """Names to the left of the rows and above the columns."""
    painter.setPen(theme.colour("text_muted"))
    for row, name in enumerate(rows):
        cell = layout.rect(row, 0)
        rect = QRect(0, cell.top(), cell.left() - 6, cell.height())
        painter.drawText(
            rect, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), name
        )
    for column, name in enumerate(columns):
        cell = layout.rect(0, column)
        rect = QRect(cell.left(), cell.top() - layout.top, cell.width(), layout.top)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), name)


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
