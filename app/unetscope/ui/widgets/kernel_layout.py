"""Where the cells of a `KernelGrid` are, in device-independent pixels."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize

GAP = 2
PAD = 3  # room for the frame of the cursor
WIDEST, HIGHEST = 96, 72  # a cell at most


@dataclass(frozen=True, slots=True)
class GridLayout:
    """A grid of cells in the middle of a widget.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    spread : (int, int)
        How far apart they lie, in cells: 1 is side by side, more leaves holes.
    left, top : int
        Room for the names of rows and columns.
    """

    shape: tuple[int, ...]
    size: QSize
    spread: tuple[int, int] = (1, 1)
    left: int = 0
    top: int = 0

    @property
    def drawn(self) -> tuple[int, int]:
        """Rows and columns with the holes between them."""
        down, across = (
            (count - 1) * step + 1 for count, step in zip(self.shape, self.spread, strict=True)
        )
        return down, across

    def rect(self, row: int, column: int) -> QRect:
        """Where a cell is."""
        return self.drawn_rect(row * self.spread[0], column * self.spread[1])

    def drawn_rect(self, row: int, column: int) -> QRect:
        """Where a cell or a hole is, counted with the holes."""
        rows, columns = self.drawn
        wide, high = self.size.width() - self.left, self.size.height() - self.top
        across = (wide - 2 * PAD + GAP) // max(columns, 1) - GAP
        down = (high - 2 * PAD + GAP) // max(rows, 1) - GAP
        width = max(min(across, WIDEST, down * 8 // 5), 1)
        height = max(min(down, HIGHEST, width), 1)
        left = self.left + (wide - columns * (width + GAP) + GAP) // 2
        top = self.top + (high - rows * (height + GAP) + GAP) // 2
        return QRect(left + column * (width + GAP), top + row * (height + GAP), width, height)

    def at(self, point: QPoint) -> tuple[int, int] | None:
        """Row and column of the cell at a point; None beside them and in a hole."""
        first = self.drawn_rect(0, 0)
        row, hole_down = divmod((point.y() - first.top()) // (first.height() + GAP), self.spread[0])
        column, hole_across = divmod(
            (point.x() - first.left()) // (first.width() + GAP), self.spread[1]
        )
        inside = 0 <= row < self.shape[0] and 0 <= column < self.shape[1]
        return (row, column) if inside and not hole_down and not hole_across else None
