"""Where the cells of a `KernelMatrix` stand, and what is drawn around and over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter

from unetscope.ui import theme
from unetscope.ui.widgets.matrix_set import Axis, MatrixSet
from unetscope.ui.widgets.tile_painting import mark_colour, paint_frame

STRIP = 26  # width of the bars beside the rows
FRAMED = 5  # cells below this size get no frame of an edit

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)


@dataclass(frozen=True, slots=True)
class MatrixLayout:
    """Cells below the numbers of the columns and right of those of the rows.

    Attributes
    ----------
    left, top : int
        Width and height of the numbers, in device-independent pixels.
    room : QSize
        What is left for the cells.
    scroll : QPoint
        What lies left of the view and above it.
    """

    down: Axis
    across: Axis
    left: int
    top: int
    room: QSize
    scroll: QPoint

    @property
    def area(self) -> QRect:
        """The cells' part of the viewport."""
        return QRect(QPoint(self.left, self.top), self.room)

    @property
    def rows(self) -> range:
        """Places of the rows in view."""
        return self.down.visible(self.scroll.y(), self.room.height())

    @property
    def columns(self) -> range:
        """The columns in view."""
        return self.across.visible(self.scroll.x(), self.room.width())

    def cell(self, place: int, column: int) -> QRect:
        """A cell in the viewport, whether in view or not."""
        x = self.left + column * self.across.pitch - self.scroll.x()
        y = self.top + place * self.down.pitch - self.scroll.y()
        return QRect(x, y, self.across.cell, self.down.cell)

    def place_at(self, at: QPoint) -> tuple[int, int]:
        """Place of the row, and column, at a point of the viewport; -1 for none."""
        place = column = -1
        if at.y() >= self.top:
            place = self.down.at(at.y() - self.top + self.scroll.y())
        if at.x() >= self.left:
            column = self.across.at(at.x() - self.left + self.scroll.x())
        return place, column


def paint_edits(painter: QPainter, tiles: MatrixSet, layout: MatrixLayout) -> None:
    """A frame around each kernel in view that was edited."""
    if tiles.before is None or max(layout.down.cell, layout.across.cell) < FRAMED:
        return
    for place, column in np.argwhere(tiles.edited(layout.rows, layout.columns)).tolist():
        rect = layout.cell(layout.rows.start + place, layout.columns.start + column)
        paint_frame(painter, rect, "warning", 1.5)


def paint_rows(painter: QPainter, tiles: MatrixSet, layout: MatrixLayout) -> None:
    """The numbers of the rows, with the marks and bars beside them."""
    bars = STRIP if tiles.strip is not None else 0
    width = layout.left - bars - 12
    every = max(-(-painter.fontMetrics().height() // layout.down.pitch), 1)
    painter.setClipRect(QRect(0, layout.top, layout.left, layout.room.height()))
    for place in layout.rows:
        row, cell = int(tiles.order[place]), layout.cell(place, 0)
        chosen = row == tiles.row
        if chosen or place % every == 0:
            line = QRect(0, cell.center().y() - 9, width, 20)
            _paint_number(painter, line, _RIGHT, row, chosen=chosen)
        if mark := tiles.marks.get(row):
            side = min(max(cell.height(), 2), 6)
            top = cell.top() + (cell.height() - side) / 2
            painter.fillRect(QRectF(width + 3.0, top, side, side), mark_colour(mark))
        if tiles.strip is not None and not np.isnan(tiles.strip[row]):
            share, height = min(float(tiles.strip[row]), 1.0), min(cell.height(), 10)
            bar = QRectF(layout.left - STRIP + 1.0, cell.top(), STRIP - 5.0, height)
            painter.fillRect(bar, theme.colour("border"))
            bar.setWidth(bar.width() * share)
            painter.fillRect(bar, theme.colour("text_muted" if tiles.strip_stale else "ok"))
    painter.setClipping(False)


def paint_columns(painter: QPainter, tiles: MatrixSet, layout: MatrixLayout) -> None:
    """The numbers of the columns, as many as there is room for."""
    digits = len(str(max(tiles.shape[1] - 1, 0)))
    wide = painter.fontMetrics().horizontalAdvance("0" * digits) + 8
    pitch, chosen_at = layout.across.pitch, tiles.column
    every = max(-(-wide // pitch), 1)
    painter.setClipRect(QRect(layout.left, 0, layout.room.width(), layout.top))
    for column in layout.columns:
        chosen = column == chosen_at
        hidden = chosen_at is not None and 0 < abs(column - chosen_at) * pitch < wide
        if not chosen and (column % every or hidden):
            continue
        middle = layout.cell(0, column).center().x()
        place = QRect(middle - wide // 2, 1, wide, layout.top - 3)
        _paint_number(painter, place, _CENTRE, column, chosen=chosen)
    painter.setClipping(False)


def _paint_number(
    painter: QPainter, where: QRect, flags: int, number: int, *, chosen: bool
) -> None:
    if chosen:
        painter.fillRect(where, theme.colour("selection"))
    painter.setPen(theme.colour("selection_text" if chosen else "text_muted"))
    painter.drawText(where, flags, str(number))
