"""Which cells of a grid are selected: a rectangle between two of them."""

from __future__ import annotations

from dataclasses import dataclass

from unetscope.domain.editor import Cells

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Selection:
    """The cell where it began and the one under the cursor, opposite corners."""

    anchor: Cell = (0, 0)
    cursor: Cell = (0, 0)

    @classmethod
    def of(cls, cells: Cells) -> Selection:
        """A rectangle of cells, with the cursor at its end."""
        end = (cells.row + cells.rows - 1, cells.column + cells.columns - 1)
        return cls((cells.row, cells.column), end)

    @property
    def cells(self) -> Cells:
        """The rectangle."""
        (top, bottom), (left, right) = (
            sorted(pair) for pair in zip(self.anchor, self.cursor, strict=True)
        )
        return Cells(top, left, bottom - top + 1, right - left + 1)

    def extended(self, cell: Cell) -> Selection:
        """The same with another end."""
        return Selection(self.anchor, cell)


def line_between(start: Cell, end: Cell) -> list[Cell]:
    """The cells on the straight way from one to another, the first one left out."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    return [
        (
            start[0] + round((end[0] - start[0]) * step / steps),
            start[1] + round((end[1] - start[1]) * step / steps),
        )
        for step in range(1, steps + 1)
    ]
