"""Element values as plain numbers and texts, whatever the file holds.

pydicom converts a value when it is asked for, and raises where the bytes do not fit. Here an
absent, empty or broken value is None, an empty tuple or an empty text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydicom.tag import BaseTag, Tag

from unetscope.io.notices import LIBRARY_ERRORS
from unetscope.io.plain_header import PlainHeader


def element(dataset: Any, keyword: str | int) -> Any:
    """Value of an element, or None when it is absent, empty or cannot be read.

    Private elements are asked for by tag: ``0x0019100C``.
    """
    if type(dataset) is PlainHeader:
        value = dataset.values.get(_number(keyword))
    else:
        tag = _tag(keyword)
        try:
            value = dataset[tag].value if tag in dataset else None
        except LIBRARY_ERRORS:
            return None
    return None if value is None or value == "" else value


@cache
def _tag(keyword: str | int) -> BaseTag:
    """Tag of a keyword; asking a dataset by tag is several times faster than by keyword."""
    return Tag(keyword)


@cache
def _number(keyword: str | int) -> int:
    """Tag of a keyword as a plain number, which compares faster still."""
    return int(Tag(keyword))


def items(dataset: Any, keyword: str) -> list[Any]:
    """Items of a sequence; none when it is absent or not a sequence."""
    value = element(dataset, keyword)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    try:
        return [item for item in value if hasattr(item, "get")]
    except LIBRARY_ERRORS:
        return []


def first_item(dataset: Any, keyword: str) -> Any:
    """First item of a sequence, or None."""
    found = items(dataset, keyword)
    return found[0] if found else None


def numbers(dataset: Any, keyword: str) -> tuple[float, ...]:
    """All numbers of an element as floats, NaN and infinities included."""
    value = element(dataset, keyword)
    if value is None:
        return ()
    if type(value) in (float, int):
        return (float(value),)
    many = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    parts = value if many else [value]
    try:
        return tuple(float(part) for part in parts)
    except LIBRARY_ERRORS:
        return ()


def number(dataset: Any, keyword: str) -> float | None:
    """First number of an element, or None."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def whole(dataset: Any, keyword: str) -> int | None:
    """First number of an element as an integer, or None when it is not one."""
    found = number(dataset, keyword)
    return int(found) if found is not None and found == found // 1 else None


def text(dataset: Any, keyword: str) -> str:
    r"""Text of an element without padding; several values are joined by ``\``."""
    value = element(dataset, keyword)
    if value is None:
        return ""
    if type(value) is str:
        return value.replace("\0", "").strip()
    try:
        many = isinstance(value, Sequence) and not isinstance(value, str | bytes)
        whole_text = "\\".join(str(v) for v in value) if many else str(value)
    except LIBRARY_ERRORS:
        return ""
    return whole_text.replace("\0", "").strip()
