"""Where the cells of a `KernelGrid` are, in device-independent pixels."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize

GAP = 2
PAD = 3  # room for the frame of the cursor
WIDEST, HIGHEST = 96, 72  # a cell at most


def cell_rect(shape: tuple[int, ...], size: QSize, row: int, column: int) -> QRect:
    """A cell of a kernel of `shape` (kh, kw), in the middle of a widget of `size`."""
    rows, columns = shape
    across = (size.width() - 2 * PAD + GAP) // max(columns, 1) - GAP
    down = (size.height() - 2 * PAD + GAP) // max(rows, 1) - GAP
    width = max(min(across, WIDEST, down * 8 // 5), 1)
    height = max(min(down, HIGHEST, width), 1)
    left = (size.width() - columns * (width + GAP) + GAP) // 2
    top = (size.height() - rows * (height + GAP) + GAP) // 2
    return QRect(left + column * (width + GAP), top + row * (height + GAP), width, height)


def cell_at(shape: tuple[int, ...], size: QSize, at: QPoint) -> tuple[int, int] | None:
    """Row and column of the cell at a point, or None."""
    rows, columns = shape
    first = cell_rect(shape, size, 0, 0)
    row = (at.y() - first.top()) // (first.height() + GAP)
    column = (at.x() - first.left()) // (first.width() + GAP)
    inside = 0 <= row < rows and 0 <= column < columns
    return (row, column) if inside else None
