"""Pages of weights that are no kernels: what is in view of a table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from unetscope.domain.editor import Cells
from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError
from unetscope.domain.graph import Layer
from unetscope.domain.kernels import Weights
from unetscope.domain.pages import Cell, Page, ScopeChoice, Values, mix, part_of
from unetscope.domain.scopes import Scope
from unetscope.domain.weight_tables import WeightTable

TABLE_ROWS, TABLE_COLUMNS = 8, 4  # of a table in view: as many as can be read


@dataclass(frozen=True, slots=True)
class TablePage(Page):
    """What is in view of a table of weights.

    Attributes
    ----------
    row, column : int
        The first ones in view.
    """

    of: Layer
    table: WeightTable
    reach: Scope
    row: int = 0
    column: int = 0

    @property
    def layer(self) -> Layer:
        """See `Page.layer`."""
        return self.of

    @property
    def scope(self) -> Scope:
        """See `Page.scope`; one that makes no sense in a table is narrowed to the value."""
        refused = {choice.scope for choice in self.scopes if choice.refused}
        return Scope.VALUE if self.reach in refused else self.reach

    @property
    def where(self) -> str:
        """See `Page.where`."""
        return f"{self.of.name} · {self.table.name}"

    @property
    def scopes(self) -> tuple[ScopeChoice, ...]:
        """See `Page.scopes`."""
        table = self.table
        one = self.cells.rows * self.cells.columns
        mixed = "Its rows mean different things: choose a row." if table.row_names[1:] else ""
        single = "There is one row only: choose the row." if table.rows == 1 else mixed
        return (
            ScopeChoice(Scope.VALUE, "value" if one == 1 else f"{one} values", one),
            ScopeChoice(Scope.KERNEL, "kernel", 0, f"{table.name.capitalize()} has no kernels."),
            ScopeChoice(Scope.FILTER, "column", table.rows, single),
            ScopeChoice(Scope.INPUT_CHANNEL, "row", table.columns),
            ScopeChoice(Scope.LAYER, "table", table.rows * table.columns, single),
        )

    def shown(self, weights: Weights) -> Values:
        """See `Page.shown`."""
        table = self.table.of(weights)
        return table[self.row : self.row + TABLE_ROWS, self.column : self.column + TABLE_COLUMNS]

    def set_value(self, weights: Weights, cell: Cell, value: float) -> Edit:
        """See `Page.set_value`."""
        change = np.float32(value - float(self.shown(weights)[cell]))
        together = self.scope is not Scope.VALUE or (self.cells.several and self.cells.holds(*cell))
        row, column = self.row + cell[0], self.column + cell[1]
        place = self._covered(cell) if together else Cells(row, column)
        block = np.array(part_of(self.table.of(weights), place))
        with np.errstate(over="ignore"):
            block += change
        block[row - place.row, column - place.column] = value
        return self._edit(weights, place, block)

    def fill(self, weights: Weights, cells: Iterable[Cell], value: float) -> Edit:
        """See `Page.fill`."""
        places = sorted(cells)
        page = np.array(self.shown(weights))
        page[tuple(np.array(places).T)] = value
        rows = [row for row, _ in places]
        first, last = min(rows), max(rows)
        place = Cells(self.row + first, self.column, last - first + 1, page.shape[1])
        return self._edit(weights, place, page[first : last + 1])

    def put(self, weights: Weights, values: Values) -> Edit:
        """See `Page.put`; a table as large as the whole one replaces that."""
        whole = (self.table.rows, self.table.columns)
        page = self.shown(weights).shape
        if values.shape == whole:
            return self._edit(weights, Cells(), values)
        if values.shape != page:
            raise EditError(
                f"The {self.table.name} of {self.of.name} has {whole[0]} rows and {whole[1]} "
                f"columns, of which {page} are in view, but found {values.shape}.",
                "Copy as many rows and columns. Nothing has changed.",
            )
        return self._edit(weights, Cells(self.row, self.column), values)

    def scaled(self, weights: Weights, gain: float) -> Edit:
        """See `Page.scaled`."""
        place = self._covered()
        with np.errstate(over="ignore"):
            block = part_of(self.table.of(weights), place) * np.float32(gain)
        return self._edit(weights, place, block)

    def blended(self, weights: Weights, trained: Weights, share: float) -> Edit:
        """See `Page.blended`."""
        place = self._covered()
        before, now = (part_of(self.table.of(each), place) for each in (trained, weights))
        return self._edit(weights, place, mix(before, now, share))

    def changed(self, weights: Weights, change: Callable[[Values], Values]) -> Edit:
        """See `Page.changed`: here each value is a kernel of its own."""
        place = self._covered()
        block = part_of(self.table.of(weights), place)
        return self._edit(weights, place, change(block.reshape(1, 1, -1)).reshape(block.shape))

    def _covered(self, cell: Cell | None = None) -> Cells:
        """What the scope covers of the table, around a cell or else the first selected one."""
        cells = self.cells
        row, column = cell or (cells.row, cells.column)
        row, column = self.row + row, self.column + column
        if self.scope is Scope.INPUT_CHANNEL:
            return Cells(row, 0, 1, self.table.columns)
        if self.scope is Scope.FILTER:
            return Cells(0, column, self.table.rows, 1)
        if self.scope is Scope.LAYER:
            return Cells(0, 0, self.table.rows, self.table.columns)
        return Cells(self.row + cells.row, self.column + cells.column, cells.rows, cells.columns)

    def _edit(self, weights: Weights, place: Cells, block: Values) -> Edit:
        return self.table.edit(self.of, weights, place.row, place.column, block)


def first_in_view(at: int, room: int) -> int:
    """The first row or column of the page that holds ``at``; the last page may be shorter."""
    return at // room * room
