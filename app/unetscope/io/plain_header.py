"""The header of an ordinary DICOM file, several times faster than pydicom reads it.

Ordinary is a file as the standard wants it: preamble and file meta, little endian, tags in
ascending order, sequences that end where they say. Whatever is odd is left to pydicom: then there
is no answer here, never another one. Values are pydicom's own, converted once for all files in
which the same bytes stand; only the few that differ from slice to slice are converted here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from functools import lru_cache
from struct import Struct
from struct import error as StructError  # noqa: N812  (a class)
from typing import Any, BinaryIO

from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.tag import BaseTag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless
from pydicom.valuerep import AMBIGUOUS_VR, EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32
from pydicom.values import convert_string

from unetscope.io.notices import LIBRARY_ERRORS, noticing

PIXEL_ELEMENTS = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    0x7FE00010: "PixelData",
}
FIRST_PIXEL_TAG = min(PIXEL_ELEMENTS)
_HEADS = (2**15, 2**18, 2**21)  # bytes read at first, and where the header is longer
_LONGEST = 1024  # bytes of a value that is kept for other files
_DEEPEST = 8  # sequences within sequences
_ENCAPSULATED = "1.2.840.10008.1.2.4."  # JPEG and its kin: the header is explicit little endian

_CHARACTER_SET = 0x00080005
_PIXEL_REPRESENTATION = 0x00280103
_ITEM, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD
_ITEM_END = b"\xfe\xff\x0d\xe0"
_UNDEFINED = 0xFFFFFFFF

_explicit = Struct("<HH2sHL").unpack_from  # the last is the length of a VR of long values
_implicit = Struct("<HHL").unpack_from
_length = Struct("<L").unpack_from

_SHORT_VRS = {str(vr).encode(): str(vr) for vr in EXPLICIT_VR_LENGTH_16}
_LONG_VRS = {str(vr).encode(): str(vr) for vr in EXPLICIT_VR_LENGTH_32}
_NUMBER = re.compile(rb"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?").fullmatch
_WHOLE = re.compile(rb"[-+]?(0|[1-9]\d{0,8})").fullmatch
_UID = re.compile(rb"(0|[1-9]\d*)(\.(0|[1-9]\d*))*").fullmatch
_TEXTS = frozenset(("AS", "CS", "DA", "DT", "TM"))


class _OddError(Exception):
    """Something that is left to pydicom."""


_LEFT_TO_PYDICOM: tuple[type[Exception], ...] = (_OddError, *LIBRARY_ERRORS)


class _ShortError(Exception):
    """More of the file is needed."""


class PlainHeader:
    """The wanted elements of a header, in the place of a pydicom dataset.

    Attributes
    ----------
    values : dict of int to object
        What the elements hold, by tag; None for an empty one.
    preamble : bytes
        The first 128 bytes of the file.
    file_meta : PlainHeader
        Group 0002; of it only the transfer syntax and the SOP class.
    original_encoding : tuple of bool
        Implicit VR, little endian.
    pixels : (int, str or None, int)
        Tag of the pixel data, its VR (None in implicit VR), and where its value begins.
    """

    __slots__ = ("file_meta", "original_encoding", "pixels", "preamble", "values")

    def __init__(self, values: dict[int, Any]) -> None:
        self.values = values
        self.preamble = b""
        self.file_meta: PlainHeader | None = None
        self.original_encoding = (False, True)
        self.pixels: tuple[int, str | None, int] = (0, None, 0)


def read_plain(stream: BinaryIO, wanted: Set[int]) -> PlainHeader | None:
    """Read an ordinary header up to its pixels; None when it is not, or has none.

    Parameters
    ----------
    stream : binary file
        At its beginning.
    wanted : set of int
        Tags to keep.
    """
    data = b""
    for size in _HEADS:
        more = stream.read(size - len(data))
        data += more
        try:
            return _parse(data, wanted)
        except _ShortError:
            if len(data) < size:
                return None
        except _LEFT_TO_PYDICOM:
            return None
    return None


def _parse(data: bytes, wanted: Set[int]) -> PlainHeader:
    if data[128:132] != b"DICM":
        raise _OddError
    meta, at = _file_meta(data)
    syntax = meta.get(0x00020010, "")
    if syntax == ImplicitVRLittleEndian:
        raw, pixels = _scan(data, at, wanted, _implicit_element)
    elif syntax in (ExplicitVRLittleEndian, RLELossless) or syntax.startswith(_ENCAPSULATED):
        raw, pixels = _scan(data, at, wanted, _explicit_element)
    else:
        raise _OddError
    kind, character_set = raw.get(_CHARACTER_SET, (None, b""))
    if kind not in (None, "CS"):
        raise _OddError
    encodings = _encodings(character_set)
    signed = raw.get(_PIXEL_REPRESENTATION, (None, b""))[1]
    header = PlainHeader(
        {tag: _value(tag, vr, value, encodings, signed) for tag, (vr, value) in raw.items()}
    )
    header.preamble = data[:128]
    header.file_meta = PlainHeader(meta)
    header.original_encoding = (syntax == ImplicitVRLittleEndian, True)
    header.pixels = pixels
    return header


# ----------------------------------------------------------------------- elements

_One = tuple[int, str | None, int, int]  # tag, VR, where the value begins, its length
_Raw = dict[int, tuple[str | None, bytes]]


def _explicit_element(data: bytes, at: int) -> _One:
    try:
        group, element, code, length, longer = _explicit(data, at)
    except StructError:
        raise _ShortError from None
    vr = _SHORT_VRS.get(code)
    if vr is not None:
        return group << 16 | element, vr, at + 8, length
    vr = _LONG_VRS.get(code)
    if vr is None:
        raise _OddError
    return group << 16 | element, vr, at + 12, longer


def _implicit_element(data: bytes, at: int) -> _One:
    if at + 8 > len(data):
        raise _ShortError
    group, element, length = _implicit(data, at)
    if 0x40 < data[at + 4] < 0x5B and 0x40 < data[at + 5] < 0x5B:  # may be an explicit VR
        raise _OddError
    return group << 16 | element, None, at + 8, length


_Reads = Callable[[bytes, int], _One]


def _file_meta(data: bytes) -> tuple[dict[int, Any], int]:
    """Read group 0002, whose first element says where it ends."""
    tag, vr, at, length = _explicit_element(data, 132)
    if (tag, vr, length) != (0x00020000, "UL", 4) or at + 4 > len(data):
        raise _OddError
    end = at + 4 + _length(data, at)[0]
    at, last = at + 4, tag
    found: dict[int, Any] = {}
    while at < end:
        tag, vr, at, length = _explicit_element(data, at)
        if tag >> 16 != 2 or tag <= last or length == _UNDEFINED or at + length > end:
            raise _OddError
        if tag in (0x00020002, 0x00020010):
            value = data[at : at + length].rstrip(b" \0")
            if vr != "UI" or not _UID(value):
                raise _OddError
            found[tag] = value.decode()
        at, last = at + length, tag
    if end + 2 > len(data):
        raise _ShortError
    if data[end : end + 2] in (b"\0\0", b"\2\0"):
        raise _OddError
    return found, end


def _scan(
    data: bytes, at: int, wanted: Set[int], read: _Reads
) -> tuple[_Raw, tuple[int, str | None, int]]:
    """Walk over the elements up to the pixels; keep the bytes of those that are wanted."""
    found: _Raw = {}
    last, size = 0, len(data)
    while True:
        tag, vr, start, length = read(data, at)
        if tag <= last:
            raise _OddError
        if tag >= FIRST_PIXEL_TAG:
            if tag not in PIXEL_ELEMENTS:
                raise _OddError
            return found, (tag, vr, start)
        last = tag
        if length == _UNDEFINED:
            if tag in wanted or not _is_sequence(tag, vr):
                raise _OddError
            at = _after_items(data, start, read, 0)
            continue
        at = start + length
        if tag in wanted:
            if at > size:
                raise _ShortError
            found[tag] = (vr, data[start:at])


def _is_sequence(tag: int, vr: str | None) -> bool:
    if vr is not None:
        return vr == "SQ"
    try:
        return bool(dictionary_VR(tag) == "SQ")
    except KeyError:
        return False


def _after_items(data: bytes, at: int, read: _Reads, depth: int) -> int:
    """Place after a sequence of undefined length, all of which is as it should be."""
    if depth > _DEEPEST:
        raise _OddError
    while True:
        tag, length, at = _mark(data, at)
        if tag == _SEQUENCE_END:
            return at
        if tag != _ITEM:
            raise _OddError
        end = None if length == _UNDEFINED else at + length
        while end is None or at < end:
            if end is None and data[at : at + 4] == _ITEM_END:
                _, _, at = _mark(data, at)
                break
            tag, vr, at, length = read(data, at)
            if tag == _CHARACTER_SET or tag >> 16 == 0xFFFE:
                raise _OddError
            if length == _UNDEFINED:
                if not _is_sequence(tag, vr):
                    raise _OddError
                at = _after_items(data, at, read, depth + 1)
            else:
                at += length
        if end is not None and at != end:
            raise _OddError


def _mark(data: bytes, at: int) -> tuple[int, int, int]:
    """Read the beginning or end of an item or sequence: tag, length, where it goes on."""
    if at + 8 > len(data):
        raise _ShortError
    group, element, length = _implicit(data, at)
    tag = group << 16 | element
    if tag != _ITEM and length:
        raise _OddError
    return tag, length, at + 8


# ------------------------------------------------------------------------- values

_Encodings = tuple[str, ...]


@lru_cache(8192)  # most elements are the same in all files of a series
def _value(tag: int, vr: str | None, raw: bytes, encodings: _Encodings, signed: bytes) -> Any:
    if not raw:
        if vr == "SQ":
            raise _OddError
        return None
    if vr is None:
        vr = _named(tag, signed)
    if vr == "DS":
        parts = raw.strip(b" ").split(b"\\")
        if all(len(part) <= 16 and _NUMBER(part) for part in parts):
            return tuple(map(float, parts)) if len(parts) > 1 else float(parts[0])
    elif vr in _TEXTS and b"\\" not in raw:
        return raw.decode("latin-1").rstrip(" \0")
    elif vr == "UI":
        value = raw.rstrip(b" \0")
        if len(value) > 64 or not _UID(value):
            raise _OddError
        return value.decode()
    elif vr == "IS":
        value = raw.strip(b" ")
        if _WHOLE(value):
            return int(value)
    if vr == "SQ" or len(raw) > _LONGEST:
        raise _OddError
    return _converted(tag, vr, raw, encodings)


@lru_cache(1024)
def _named(tag: int, signed: bytes) -> str:
    """VR of a tag in implicit VR; private ones are left to pydicom, which knows their makers."""
    if tag >> 16 & 1:
        if tag & 0xFFFF < 0x100:
            return "LO"
        raise _OddError
    try:
        vr = str(dictionary_VR(tag))
    except KeyError:
        raise _OddError from None
    if vr == "US or SS" and signed in (b"\0\0", b"\1\0"):
        return "SS" if signed == b"\1\0" else "US"
    return vr


def _converted(tag: int, vr: str, raw: bytes, encodings: _Encodings) -> Any:
    """Have pydicom convert a value; one that it remarks on is odd."""
    if vr == "UN" and tag >> 16 & 1:
        raise _OddError
    notices: list[str] = []
    with noticing(notices):
        given = RawDataElement(BaseTag(tag), vr, len(raw), raw, 0, False, True)
        element = convert_raw_data_element(given, encoding=list(encodings))
    if notices or element.VR == "SQ" or element.VR in AMBIGUOUS_VR:
        raise _OddError
    return element.value


@lru_cache(64)
def _encodings(raw: bytes) -> _Encodings:
    notices: list[str] = []
    with noticing(notices):
        found = convert_encodings(convert_string(raw, True))
    if notices:
        raise _OddError
    return tuple(found)
