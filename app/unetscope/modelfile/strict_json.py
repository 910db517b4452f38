"""JSON from a stranger: bounded in length, depth and numbers, and nothing said twice."""

from __future__ import annotations

import json
from typing import Any

MAX_LENGTH = 32 << 20
MAX_DEPTH = 80
MAX_DIGITS = 19  # of the numbers that tell objects apart; sizes have few


def read_json(text: bytes | str) -> Any:
    """Read what a model says of itself.

    Raises
    ------
    ValueError
        It is no JSON, too long, nested too deeply, holds a number that counts nothing, or a key
        twice: the message is a part of a sentence that begins with its name.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError("is too long to be a model's")
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_int=_whole_number)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except json.JSONDecodeError:
        raise ValueError("is no JSON") from None
    except UnicodeDecodeError:
        raise ValueError("is no text") from None
    _check_depth(found)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in found if names.count(key) > 1)
        raise ValueError(f"says {twice[:40]!r} twice of one thing")
    return found


def _whole_number(digits: str) -> int:
    count = len(digits.lstrip("-"))
    if count > MAX_DIGITS:
        raise ValueError(f"holds a number of {count:,} digits")
    return int(digits)


def _check_depth(found: Any) -> None:
    ring = [found] if isinstance(found, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for each in ring:
            inner += each.values() if isinstance(each, dict) else each
        ring = [each for each in inner if isinstance(each, (dict, list))]
        if not ring:
            return
    raise ValueError("is nested too deeply")
