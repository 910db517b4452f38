"""Weights that are no kernels, as tables of numbers: biases, normalisations, dense matrices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.edits import Edit, SetLayerWeights, SetValues
from unetscope.domain.graph import Layer
from unetscope.domain.kernels import Weights, layout_of

Values = NDArray[np.float32]
KERNELS = "kernels"


@dataclass(frozen=True, slots=True)
class WeightTable:
    """One weight array laid out as rows of its last axis, or several vectors below each other.

    Attributes
    ----------
    name : str
        What people call it.
    arrays : tuple of int
        Which arrays of the layer, in Keras order; several are one row each.
    rows, columns : int
        Size of the table.
    row_names : tuple of str
        Names of the rows; empty where they are numbered.
    """

    name: str
    arrays: tuple[int, ...]
    rows: int
    columns: int
    row_names: tuple[str, ...] = ()

    def of(self, weights: Weights) -> Values:
        """Give the table's values ``(rows, columns)``; a view where it is one array."""
        rows = [weights[i].reshape(-1, self.columns) for i in self.arrays]
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def edit(self, layer: Layer, weights: Weights, row: int, column: int, values: Values) -> Edit:
        """The edit that puts a block of values at a place of the table."""
        if len(self.arrays) == 1:
            return SetValues(layer.name, self.arrays[0], row, column, values)
        if values.shape[0] == 1:
            return SetValues(layer.name, self.arrays[row], 0, column, values)
        for below, line in enumerate(values):  # each array takes its row, or refuses it
            array = self.arrays[row + below]
            edit = SetValues(layer.name, array, 0, column, line[None])
            weights = edit.apply_to(layer, weights)
        return SetLayerWeights(layer.name, weights)


@lru_cache(maxsize=64)  # asked at every event of a drag
def tables_of(layer: Layer) -> tuple[WeightTable, ...]:
    """All weights of a layer that are no kernels, in Keras order; vectors of a length together."""
    first = 0 if layout_of(layer) is None else 1
    found: list[WeightTable] = []
    vectors: dict[int, list[int]] = {}
    for i, spec in enumerate(layer.weights):
        if i < first or not spec.size:
            continue
        columns = spec.shape[-1] if spec.shape else 1
        if prod(spec.shape[:-1]) == 1:
            vectors.setdefault(columns, []).append(i)
        else:
            rows = spec.size // columns
            found.append(WeightTable(_plain(spec.name), (i,), rows, columns))
    for columns, arrays in vectors.items():
        names = tuple(_plain(layer.weights[i].name) for i in arrays)
        found.append(WeightTable(", ".join(names), tuple(arrays), len(names), columns, names))
    return tuple(found)


def parts_of(layer: Layer) -> tuple[str, ...]:
    """What the weights of a layer are made of: its kernels, if it has any, and its tables."""
    kernels = () if layout_of(layer) is None else (KERNELS,)
    return (*kernels, *(table.name for table in tables_of(layer)))


def table_of(layer: Layer, part: int) -> WeightTable | None:
    """The table that is a part of a layer; None where that part is its kernels, or nothing."""
    tables = tables_of(layer)
    count = len(parts_of(layer))
    at = min(part, count - 1) - (count - len(tables))
    return tables[at] if 0 <= at < len(tables) else None


def _plain(name: str) -> str:
    return name.removeprefix("moving_").replace("_", " ")
