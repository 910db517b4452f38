"""Frozen values as plain JSON and back, by the types of their fields; what does not fit stays out.

Whole numbers are 0 or more, floats finite, texts and lists not endless: what is read comes from a
file that anybody may have written.
"""

from __future__ import annotations

import base64
import binascii
import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from unetscope.domain.errors import UnetscopeError

LARGEST_WHOLE = 2**31 - 1
LARGEST = 1e30  # beyond it single precision overflows
LONGEST_TEXT = 4096
LONGEST_BYTES = 1 << 20
LONGEST_LIST = 100_000
WRONG = (ValueError, TypeError, KeyError, ArithmeticError, UnetscopeError)
"""What says that something is no value of its type."""


@cache
def hints_of(kind: Any) -> Mapping[str, Any]:
    """The types of the fields of a dataclass, by name."""
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind) if item.init}


def to_plain(value: object) -> Any:
    """A value of dataclasses, enums, tuples, sets, texts, bytes and numbers as JSON."""
    if isinstance(value, Enum):
        return int(value) if isinstance(value, int) else value.name
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in hints_of(type(value))}
    if isinstance(value, frozenset):
        plain = [to_plain(one) for one in value]
        return sorted(plain)
    if isinstance(value, tuple):
        return [to_plain(one) for one in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.item() if isinstance(value, np.generic) else value


@dataclass(slots=True)
class Reader:
    """Reads plain values by type, and keeps the rest where one part is damaged.

    Attributes
    ----------
    problems : list of str
        Where something was left out, such as ``viewer.measurements[3]``.
    """

    problems: list[str] = field(default_factory=list)

    def read(self, hint: Any, plain: object, where: str = "") -> Any:
        """The value of a type that `to_plain` wrote.

        A field that cannot be read is as it is at first, an entry of a list is left out.

        Parameters
        ----------
        hint : type
            As `hints_of` gives it.
        where : str
            What it is called among the problems.

        Raises
        ------
        ValueError, TypeError, KeyError, UnetscopeError
            It is no such value at all.
        """
        origin, inside = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            if plain is None:
                return _known(plain, types.NoneType in inside)
            (hint,) = (each for each in inside if each is not types.NoneType)
            return self.read(hint, plain, where)
        if origin is Literal:
            return _known(plain, plain in inside)
        if origin in (tuple, frozenset):
            return self._list(origin, inside, plain, where)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return hint[_simple(str, plain)]
        if is_dataclass(hint) and isinstance(hint, type):
            return self._dataclass(hint, plain, where)
        return _simple(hint, plain)

    def _list(self, origin: Any, inside: tuple[Any, ...], plain: object, where: str) -> Any:
        if not isinstance(plain, list) or len(plain) > LONGEST_LIST:
            raise TypeError("a list is expected")
        if origin is tuple and inside[-1] is not ...:
            pairs = zip(inside, plain, strict=True)
            return tuple(self.read(hint, one, where) for hint, one in pairs)
        found = []
        for i, one in enumerate(plain):
            try:
                found.append(self.read(inside[0], one, f"{where}[{i}]"))
            except WRONG:
                if not is_dataclass(inside[0]):  # of numbers all count, or none
                    raise
                self.problems.append(f"{where}[{i}]")
        return origin(found)

    def _dataclass(self, kind: type[Any], plain: object, where: str) -> Any:
        if not isinstance(plain, dict):
            raise TypeError("fields are expected")
        return kind(**self.fields(kind, plain, where))

    def fields(self, kind: Any, plain: Mapping[str, Any], where: str = "") -> dict[str, Any]:
        """Those fields of a dataclass that are there and can be read."""
        known = {item.name: item for item in fields(kind) if item.init}
        read = {}
        for name in known.keys() & plain.keys():
            inner = f"{where}.{name}" if where else name
            try:
                read[name] = self.read(hints_of(kind)[name], plain[name], inner)
            except WRONG:
                if known[name].default is MISSING and known[name].default_factory is MISSING:
                    raise
                self.problems.append(inner)
        return read


def _known(plain: object, good: bool) -> Any:
    if not good:
        raise ValueError(f"found {str(plain)[:40]!r}")
    return plain


def _simple(hint: Any, plain: object) -> Any:
    if hint is bytes:
        if not isinstance(plain, str) or len(plain) > LONGEST_BYTES:
            raise TypeError("bytes are expected")
        try:
            return base64.b64decode(plain, validate=True)
        except binascii.Error as error:
            raise ValueError("damaged bytes") from error
    if hint is float and isinstance(plain, int) and not isinstance(plain, bool):
        plain = float(plain)
    if type(plain) is not hint:
        raise TypeError(f"found {type(plain).__name__}")
    if isinstance(plain, str):
        return _known(plain, len(plain) <= LONGEST_TEXT)
    if isinstance(plain, float):
        return _known(plain, math.isfinite(plain) and abs(plain) <= LARGEST)
    if isinstance(plain, int) and not isinstance(plain, bool):
        return _known(plain, 0 <= plain <= LARGEST_WHOLE)
    return plain
