"""JSON that anybody may have written, read within bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

MOST = 4_000_000
"""Values that a text may hold. Arrays are one value, so that no file of ours comes near it."""


def read_json(text: str, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """Read JSON; it holds up all threads for a second at most, and takes 300 MB at most.

    Raises
    ------
    ValueError
        It is none, or holds more than `MOST` values. A `json.JSONDecodeError` tells where.
    RecursionError
        It is nested too deeply.
    """
    if sum(map(text.count, ",[{")) > MOST:
        raise ValueError("more values than any file of the program holds")
    return json.loads(text, parse_constant=parse_constant)
