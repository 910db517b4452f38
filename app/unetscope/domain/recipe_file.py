"""A recipe of one's own as text: a name and the numbers of its kernel."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import EditError, UnetscopeError
from unetscope.domain.plain_json import read_json
from unetscope.domain.recipes import Recipe, own_recipe

FORMAT = 1
ENDING = ".recipe.json"
LARGEST = 64  # rows or columns
LONGEST_NAME = 60


def write_recipe(name: str, values: NDArray[np.float32]) -> str:
    """Write a kernel ``(kh, kw)`` under a name as JSON, exact to the bit."""
    rows = [[float(str(value)) for value in row] for row in values]
    content = {"format": FORMAT, "name": name, "values": rows}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_recipe(text: str, file: str) -> Recipe:
    """Read a recipe.

    Raises
    ------
    UnetscopeError
        The text is no recipe: its name or its numbers are missing or wrong.
    """
    try:
        content = read_json(text)
        version = content["format"]
        if isinstance(version, int) and version > FORMAT:
            raise EditError(f"{file} was written by a later version.", "Update Unetscope.")
        if version != FORMAT:
            raise ValueError("format")
        name = check_name(content["name"])
        with np.errstate(over="ignore"):
            values = np.array(content["values"], np.float32)
        fits = values.ndim == 2 and values.size > 0 and max(values.shape) <= LARGEST
        if not fits or not np.isfinite(values).all():
            raise ValueError("values")
    except EditError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError, UnetscopeError) as error:
        raise UnetscopeError(
            f"{file} is no recipe: it needs a name, and rows of finite numbers of the same length, "
            f"at most {LARGEST}×{LARGEST}.",
            "Save a recipe and compare the two files.",
        ) from error
    return own_recipe(name, values)


def check_name(name: object) -> str:
    """Give the name without spaces around it; UnetscopeError when it cannot be one."""
    plain = name.strip() if isinstance(name, str) else ""
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        raise UnetscopeError(
            f"A recipe needs a name of 1 to {LONGEST_NAME} characters.", "Choose another name."
        )
    return plain
