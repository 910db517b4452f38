"""Voxels and volumes of the classes of a mask, slice by slice, as CSV."""

from __future__ import annotations

import csv
import io
from typing import IO

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.export import Order, Written
from unetscope.io.exports.checked import write_checked

_FORMULA = ("=", "+", "-", "@")  # a spreadsheet would take a name that begins so for one


def write_volumes(order: Order) -> Written:
    """Write a table: a row for each class of each slice, and one for each class of all of them.

    Volumes are left empty where the geometry of the series is unsure.

    Raises
    ------
    UnetscopeError
        It cannot be written; nothing is left behind.
    """
    content = volume_table(order).encode()

    def write(file: IO[bytes]) -> None:
        file.write(content)

    def read(file: IO[bytes]) -> NDArray[np.generic]:
        return np.frombuffer(file.read(), np.uint8)

    write_checked(order.path, write, read, np.frombuffer(content, np.uint8))
    kept = order.kept()[list(order.wanted)]
    notes = () if order.series.geometry_sure else ("No mL: the geometry is unsure.",)
    return Written(order.path, int(kept.size), notes=notes)


def volume_table(order: Order) -> str:
    """Voxels and mL of each class as CSV, slices counted from 1."""
    kept, series = order.kept(), order.series
    millilitres = float(np.prod(series.spacing)) / 1000 if series.geometry_sure else 0.0
    counts = {index: np.bincount(kept[index].ravel(), minlength=256) for index in order.wanted}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("slice", "position mm", "class", "name", "voxels", "mL"))
    for each in order.classes:
        name = f"'{each.name}" if each.name.startswith(_FORMULA) else each.name
        for index, found in counts.items():
            voxels = int(found[each.index])
            place = f"{series.position(index):.2f}"
            table.writerow(
                (index + 1, place, each.index, name, voxels, _volume(voxels, millilitres))
            )
        total = sum(int(found[each.index]) for found in counts.values())
        table.writerow(("all", "", each.index, name, total, _volume(total, millilitres)))
    table.writerow(("#", order.maker.sentence))
    return text.getvalue()


def _volume(voxels: int, millilitres: float) -> str:
    return f"{voxels * millilitres:.4f}" if millilitres else ""
