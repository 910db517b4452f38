"""Tables of numbers as text: out of a spreadsheet or a script, and for one."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import UnetscopeError

Values = NDArray[np.float32]

LONGEST = 4_000_000  # characters
_BRACKETS = str.maketrans("[](){}", "      ")


def to_text(values: Values) -> str:
    """Rows of numbers between tabs, exact; of three axes, planes with an empty line between."""
    if values.ndim > 2:
        return "\n\n".join(to_text(plane) for plane in values)
    rows = np.atleast_2d(values)
    return "\n".join("\t".join(str(np.float32(v)) for v in row) for row in rows)


def from_text(text: str) -> Values:
    """Read a table ``(rows, columns)``, of infinity where a number is too large.

    Between tabs and semicolons a comma is a decimal comma, else it stands between numbers. Lists of
    Python and numpy are read too: ``[[1, 2], [3, 4]]``, ``array([[1., 2.]], dtype=float32)``.

    Raises
    ------
    UnetscopeError
        There is no table of numbers in the text.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError("too long")
        rows = [_numbers(line) for line in _lines(text.strip())]
        if not rows or len({len(row) for row in rows}) != 1 or not rows[0]:
            raise ValueError("rows of different length")
    except ValueError as error:
        raise UnetscopeError(
            "This text is no table of numbers.", "Copy the cells of a spreadsheet first."
        ) from error
    with np.errstate(over="ignore"):  # to infinity, which an edit refuses
        return np.array(rows).astype(np.float32)


def _lines(text: str) -> list[str]:
    """One string a row; a row of a list ends at its bracket, wherever the lines end."""
    if "[" in text or "(" in text:
        text = re.sub(r"^\s*(np\.|numpy\.)?(array|asarray)\s*\(", "", text)
        text = re.sub(r",?\s*dtype\s*=\s*[\w.'\"]+\s*\)?\s*$", "", text)
        rows = re.split(r"[\])]\s*,?", text.replace("\n", " "))
        return [row for row in (part.translate(_BRACKETS).strip(" ,") for part in rows) if row]
    return [line for line in text.splitlines() if line.strip()]


def _numbers(line: str) -> list[float]:
    has_cells = "\t" in line or ";" in line
    line = line.replace("\u2212", "-").replace(",", "." if has_cells else " ").replace(";", " ")
    return [float(part) for part in line.split()]
