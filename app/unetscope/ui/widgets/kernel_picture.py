"""A kernel as coloured cells with numbers, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.kernel_layout import GridLayout
from unetscope.ui.widgets.kernel_numbers import exact_text
from unetscope.ui.widgets.kernel_painting import (
    fitted_text,
    names_room,
    paint_cells,
    paint_dot,
    paint_holes,
    paint_names,
    same_values,
)


@guarded
class KernelPicture(QWidget):
    """Shows a kernel, or a page of a table with names at its rows and columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._values = np.zeros((0, 0), np.float32)
        self._trained: NDArray[np.float32] | None = None
        self._limit = 1.0
        self._row_limits: Sequence[float] = ()
        self._message = ""
        self._layout = GridLayout((0, 0), self.size())
        self._names: tuple[Sequence[str], Sequence[str]] = ((), ())
        self._text: tuple[QFont, int] | None = None

    def show_kernel(
        self,
        values: NDArray[np.float32],
        limit: float,
        trained: NDArray[np.float32] | None = None,
        *,
        names: tuple[Sequence[str], Sequence[str]] = ((), ()),
        spread: tuple[int, int] = (1, 1),
        row_limits: Sequence[float] = (),
    ) -> None:
        """Show a kernel.

        Parameters
        ----------
        values : (kh, kw) ndarray of float32
            Weights, dimensionless.
        limit : float
            The value of the strongest red; its negative is the strongest blue.
        trained : (kh, kw) ndarray of float32, or None
            Cells whose value differs from it get a dot.
        names : (sequence of str, sequence of str)
            Of the rows and of the columns, of a table.
        spread : (int, int)
            How far apart the cells are drawn, down and across: those of a dilated kernel.
        row_limits : sequence of float
            A limit for each row, of a table whose rows mean different things.
        """
        if values.shape != self._values.shape:
            self.let_go()
        old, before, text = self._values, (self._limit, self._trained), self._text
        self._values = values
        self._limit = limit if limit > 0.0 else 1.0
        self._trained = trained if trained is not None and trained.shape == values.shape else None
        self._text = None
        placed = (self._layout, self._row_limits)
        self._names, self._row_limits = names, row_limits
        self._place(spread)
        same = (
            placed == (self._layout, self._row_limits)
            and old.shape == values.shape
            and before[0] == self._limit
            and text is not None
        )
        if same and same_values(before[1], self._trained) and self._fitted_text() == text:
            for row, column in np.argwhere(values != old).tolist():
                self.update(self.cell_rect(row, column).adjusted(-2, -2, 2, 2))
        else:
            self.update()

    def show_message(self, text: str) -> None:
        """Show no kernel but this text."""
        self._message = text
        self.show_kernel(np.zeros((0, 0), np.float32), 1.0)

    def cell_rect(self, row: int, column: int) -> QRect:
        """Where a cell is in the widget."""
        return self._layout.rect(row, column)

    def cell_at(self, at: QPoint) -> tuple[int, int] | None:
        """The cell at a point of the widget, or None."""
        return self._layout.at(at) if self._values.size else None

    def _place(self, spread: tuple[int, int]) -> None:
        left, top = names_room(self.fontMetrics(), *self._names)
        self._layout = GridLayout(self._values.shape, self.size(), spread, left, top)

    def sizeHint(self) -> QSize:
        return QSize(250, 190)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, 80)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), theme.colour("panel"))
            if self._values.size:
                self._paint_cells(painter, event.rect())
            else:
                painter.setPen(theme.colour("text_muted"))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(
                    QRectF(self.rect()).adjusted(8, 4, -8, -4), int(flags), self._message
                )

    def _paint_cells(self, painter: QPainter, area: QRect) -> None:
        font, decimals = self._fitted_text()
        if self._layout.drawn != self._values.shape:
            paint_holes(painter, self._layout)
        if any(self._names):
            paint_names(painter, self._layout, *self._names)
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_cells(painter, area, self._values, self.limits(), self._layout, decimals)
        if self._trained is not None:
            for row, column in np.argwhere(self._values != self._trained).tolist():
                paint_dot(painter, self.cell_rect(row, column))
        self.paint_over(painter)

    def _fitted_text(self) -> tuple[QFont, int]:
        """Font and decimals with which every number fits its cell; -1 decimals if none do."""
        if self._text is None:
            largest = self.font().pointSizeF()
            self._text = fitted_text(self._values, self._limit, self.cell_rect(0, 0), largest)
        return self._text

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._text = None
        self._layout = replace(self._layout, size=self.size())

    def changeEvent(self, event: QEvent) -> None:
        self._text = None
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tooltip(self.cell_at(event.pos())), self)
            return True
        return super().event(event)

    def limits(self) -> NDArray[np.float32]:
        """The limit of each row ``(rows, 1)``."""
        rows = self._row_limits or [self._limit] * self._values.shape[0]
        return np.array(rows, np.float32)[:, None]

    # For those who build on it

    def let_go(self) -> None:
        """Forget all about the kernel shown before: one of another shape comes."""

    def paint_over(self, painter: QPainter) -> None:
        """Draw over the cells."""

    def _tooltip(self, cell: tuple[int, int] | None) -> str:
        if cell is None:
            return ""
        rows, columns = self._names
        row = rows[cell[0]] if rows else f"row {cell[0]}"
        column = columns[cell[1]] if columns else str(cell[1])
        text = f"{row}, column {column}: {exact_text(float(self._values[cell]))}"
        if self._trained is not None and self._values[cell] != self._trained[cell]:
            text += f" (trained {exact_text(float(self._trained[cell]))})"
        return text
