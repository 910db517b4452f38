"""Sequences of thousands of items, walked over without an object for each of their elements.

A segmentation has a few dozen elements for each frame, a structure set as many for each contour.
As pydicom's objects they take seconds, and the collection of garbage among them stops every thread
for up to half a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812  (a class)
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from unetscope.io.references.refusal import DAMAGED, CutShortError, NotMasksError

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
_DEEPEST = 16
_SIZES = (2**22, 2**25, 2**29)  # bytes that are read at first, and where the sequence is longer
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR",
                   b"UT", b"UV"))  # fmt: skip

_implicit = Struct("<HHL").unpack_from
_explicit = Struct("<HH2sH").unpack_from
_length = Struct("<L").unpack_from

Part = tuple[int, int]
"""Where a value begins and ends."""


class Walk:
    """The bytes of a file from some sequence on.

    Parameters
    ----------
    data : bytes
        Little endian.
    implicit : bool
        Whether elements do not say of what kind they are.
    """

    def __init__(self, data: bytes, *, implicit: bool) -> None:
        self.data = data
        self._implicit = implicit

    def elements(self, part: Part, depth: int = 0) -> Iterator[tuple[int, Part]]:
        """Elements of an item: tag, and where the value lies; of a sequence, where its items lie.

        Raises
        ------
        NotMasksError
            They do not fit into each other.
        """
        at, end = part
        while at + 8 <= end:
            tag, _, at, length = self.head(at)
            if length == _UNDEFINED:
                stop, after = self._after_items(at, end, depth + 1)
            else:
                stop = after = at + length
            if after > end:
                raise _misfit()
            yield tag, (at, stop)
            at = after

    def items(self, part: Part, depth: int = 0) -> Iterator[Part]:
        """Items of a sequence."""
        at, end = part
        while at + 8 <= end:
            tag, length = self._mark(at)
            if tag != _ITEM:
                raise _misfit()
            at += 8
            if length == _UNDEFINED:
                stop, after = self._after_elements(at, end, depth + 1)
            else:
                stop = after = at + length
            if after > end:
                raise _misfit()
            yield at, stop
            at = after

    def whole_sequence(self) -> tuple[Part, int]:
        """The items of a sequence without a length that the bytes begin with, and its end."""
        stop, after = self._after_items(0, len(self.data), 0)
        return (0, stop), after

    def value(self, part: Part) -> bytes:
        """Bytes of a value."""
        return self.data[part[0] : part[1]]

    def text(self, part: Part) -> str:
        """Text of a value, without padding."""
        return self.value(part).decode("ascii", "replace").replace("\0", "").strip()

    def decimals(self, part: Part) -> NDArray[np.float64]:
        """All numbers of a decimal string; empty where it holds others."""
        try:
            return np.array(self.value(part).replace(b"\0", b"").strip().split(b"\\"), np.float64)
        except ValueError:
            return np.empty(0)

    def head(self, at: int) -> tuple[int, bytes, int, int]:
        """Tag, kind, where the value begins, and its length."""
        try:
            if self._implicit:
                group, element, length = _implicit(self.data, at)
                return group << 16 | element, b"", at + 8, length
            group, element, vr, length = _explicit(self.data, at)
            if group == 0xFFFE:
                raise _misfit()
            if vr in _LONG:
                return group << 16 | element, vr, at + 12, _length(self.data, at + 8)[0]
        except StructError as error:
            raise CutShortError from error
        return group << 16 | element, vr, at + 8, length

    def _mark(self, at: int) -> tuple[int, int]:
        try:
            group, element, length = _implicit(self.data, at)
        except StructError as error:
            raise CutShortError from error
        return group << 16 | element, length

    def _after_items(self, at: int, end: int, depth: int) -> tuple[int, int]:
        """Where the items of a sequence without a length end, and where it goes on."""
        if depth > _DEEPEST:
            raise NotMasksError("its sequences are nested too deep", DAMAGED)
        while True:
            tag, length = self._mark(at)
            if tag == _SEQUENCE_END:
                return at, at + 8
            if tag != _ITEM:
                raise _misfit()
            at += 8
            at = self._after_elements(at, end, depth)[1] if length == _UNDEFINED else at + length
            if at > end:
                raise CutShortError

    def _after_elements(self, at: int, end: int, depth: int) -> tuple[int, int]:
        """Where the elements of an item without a length end, and where it goes on."""
        while True:
            if self._mark(at)[0] == _ITEM_END:
                return at, at + 8
            _, _, at, length = self.head(at)
            at = self._after_items(at, end, depth + 1)[1] if length == _UNDEFINED else at + length
            if at > end:
                raise CutShortError


def _misfit() -> NotMasksError:
    return NotMasksError("its items do not fit into each other", DAMAGED)


@dataclass(frozen=True, slots=True)
class Place:
    """An element of a file at which reading stopped: where its value begins, and how long it is."""

    tag: int
    vr: str | None
    offset: int
    length: int


def walk_over(stream: BinaryIO, place: Place, *, implicit: bool) -> tuple[Walk, Part, int]:
    """Read a sequence of a file as bytes, to be walked over.

    Returns
    -------
    walk, part, after : Walk, Part, int
        Where its items lie, and where in the file it goes on.

    Raises
    ------
    NotMasksError
        It is longer than sequences are, or the file ends before.
    """
    size = stream.seek(0, os.SEEK_END) - place.offset
    if place.length != _UNDEFINED:
        if place.length > size:
            raise CutShortError
        if place.length > _SIZES[-1]:
            raise NotMasksError("its header is larger than 512 MB", DAMAGED)
        stream.seek(place.offset)
        data = stream.read(place.length)
        return Walk(data, implicit=implicit), (0, len(data)), place.offset + len(data)
    for most in _SIZES:
        stream.seek(place.offset)
        walk = Walk(stream.read(most), implicit=implicit)
        try:
            part, after = walk.whole_sequence()
        except CutShortError:
            if size <= most:
                raise
            continue
        return walk, part, place.offset + after
    raise NotMasksError("its header is larger than 512 MB", DAMAGED)


def next_element(stream: BinaryIO, offset: int, *, implicit: bool) -> Place:
    """The element that begins at a place in a file; CutShortError where there is none."""
    stream.seek(offset)
    tag, vr, at, length = Walk(stream.read(12), implicit=implicit).head(0)
    return Place(tag, vr.decode("ascii", "replace") or None, offset + at, length)
