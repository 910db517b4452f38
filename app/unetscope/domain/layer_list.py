"""How the layers of the network are listed: what is folded, sorted and left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Column(Enum):
    """What a column of the list tells; the value is what people call it."""

    NAME = "Name"
    SHAPE = "Output"
    PARAMETERS = "Parameters"
    KIND = "Type"
    ACTIVATION = "Activation"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerList:
    """What was chosen for the list of layers; part of the session.

    Attributes
    ----------
    folded : frozenset of str
        Groups of which only the name is shown.
    sorted_by : Column or None
        None lists the layers as the U they are.
    descending : bool
        The largest first.
    left_out : frozenset of Column
        Columns that are not wanted.
    """

    folded: frozenset[str] = frozenset()
    sorted_by: Column | None = None
    descending: bool = False
    left_out: frozenset[Column] = frozenset()

    def fold(self, group: str, folded: bool) -> LayerList:
        """Fold or unfold a group."""
        groups = self.folded | {group} if folded else self.folded - {group}
        return replace(self, folded=groups)

    def sort(self, column: Column) -> LayerList:
        """Sort by a column; again, the other way round; a third time, as the U again."""
        if column is not self.sorted_by:
            return replace(self, sorted_by=column, descending=False)
        if not self.descending:
            return replace(self, descending=True)
        return replace(self, sorted_by=None, descending=False)

    def show_column(self, column: Column, shown: bool) -> LayerList:
        """Show a column or leave it out; the names stay."""
        if column is Column.NAME:
            return self
        left_out = self.left_out - {column} if shown else self.left_out | {column}
        return replace(self, left_out=left_out)


FIRST_LIST = LayerList()
