"""How the kernel editor is used: which weights it shows, with which hand, and its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum


class Hand(Enum):
    """What a drag over the numbers does; the value is what people call it."""

    CHANGE = "change"
    PAINT = "paint"
    SELECT = "select"


@dataclass(frozen=True, slots=True)
class Cells:
    """A rectangle of cells of the grid."""

    row: int = 0
    column: int = 0
    rows: int = 1
    columns: int = 1

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return self.rows * self.columns > 1

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    def holds(self, row: int, column: int) -> bool:
        """Whether a cell is one of them."""
        return 0 <= row - self.row < self.rows and 0 <= column - self.column < self.columns

    def within(self, rows: int, columns: int) -> Cells:
        """What of it lies in a grid of so many rows and columns; the first cell if nothing does."""
        if self.row >= rows or self.column >= columns:
            return Cells()
        rows, columns = min(self.rows, rows - self.row), min(self.columns, columns - self.column)
        return Cells(self.row, self.column, rows, columns)


ONE_CELL = Cells()


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """What was chosen for the kernel editor; part of the session.

    Attributes
    ----------
    part : int
        Which part of the layer's weights is shown, as `weight_tables.parts_of` lists them.
    plane : int
        Which plane of a kernel of three axes.
    row, column : int
        The place in a table of weights that must be in view.
    cells : Cells
        The selected cells of the grid.
    brush : float
        The value that painting puts.
    beside : bool
        The trained numbers are shown beside those in force.
    holes : bool
        A dilated kernel is shown with its holes.
    recipe : str
        Id of the recipe that was put last, whose settings are on show.
    settings : tuple of (str, float)
        What the user set of recipes, by ``id.name``.
    """

    part: int = 0
    plane: int = 0
    row: int = 0
    column: int = 0
    cells: Cells = ONE_CELL
    hand: Hand = Hand.CHANGE
    brush: float = 0.0
    beside: bool = False
    holes: bool = False
    recipe: str = ""
    settings: tuple[tuple[str, float], ...] = ()

    def show_part(self, part: int) -> Editor:
        """Show another part of the weights."""
        return replace(self, part=max(part, 0), row=0, column=0, cells=ONE_CELL)

    def set_recipe(self, recipe: str, name: str, value: float) -> Editor:
        """Set one number of a recipe."""
        key = f"{recipe}.{name}"
        others = tuple(pair for pair in self.settings if pair[0] != key)
        return replace(self, settings=(*others, (key, value)))

    def settings_of(self, recipe: str) -> Mapping[str, float]:
        """The numbers that the user set of a recipe, by name."""
        start = f"{recipe}."
        return {k.removeprefix(start): v for k, v in self.settings if k.startswith(start)}


FIRST_EDITOR = Editor()
