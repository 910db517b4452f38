"""Every element of a DICOM file as rows of a table, in bounded time, whatever the file holds.

pydicom reads sequences by calling itself, and a hostile file nests them by the thousand. Here the
levels are a list, and rows, depth and length of a value have limits.
"""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import (
    dictionary_description,
    dictionary_VR,
    keyword_for_tag,
    private_dictionary_description,
    private_dictionary_VR,
)
from pydicom.uid import UID
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, VR

from unetscope.domain.errors import StudyError
from unetscope.domain.tags import TagRow, short
from unetscope.io.notices import LIBRARY_ERRORS, noticing

_ENDS_EARLY = "The file ends here, too early"
_DAMAGED = "The file is damaged from here on"
_MOST_ROWS = 10_000
_MOST_STEPS = 100_000  # elements looked at, listed or not
_FEW = 3  # elements that tell a file of DICOM from one that begins like it by chance
_DEEPEST = 24  # depth of the last rows that are listed
_READ = 1024  # bytes of a value that are read
_INFLATED = 64 * 2**20  # bytes of a deflated file that are looked at
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_SYNTAX, _CHARSET, _SIGN, _PIXELS = 0x00020010, 0x00080005, 0x00280103, 0x7FE00010
_DEFLATED = "1.2.840.10008.1.2.1.99"
_IMPLICIT = "1.2.840.10008.1.2"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_KNOWN_VR = {vr.value.encode() for vr in VR if len(vr.value) == 2}
_LONG_VR = {vr.value.encode() for vr in EXPLICIT_VR_LENGTH_32}
_NUMBERS = {
    "FL": "f4",
    "FD": "f8",
    "SS": "i2",
    "SL": "i4",
    "SV": "i8",
    "US": "u2",
    "UL": "u4",
    "UV": "u8",
}
_TEXTS = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
_PLAIN_TEXTS = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}


class _EndError(Exception):
    """The rest of the file is not looked at; the text says why."""


@dataclass(slots=True)
class _Level:
    """A data set, or a sequence of them, that is being read.

    `end` is its last byte plus one, None where a delimiter ends it. `encodings` are those of its
    texts, `creators` the owners of its private blocks, by ``group << 16 | block``.
    """

    end: int | None
    sequence: bool
    implicit: bool
    encodings: list[str]
    creators: dict[int, str] = field(default_factory=dict)
    items: int = 0


@dataclass(slots=True)
class _Element:
    tag: int
    vr: str
    length: int


def read_tags(path: Path) -> tuple[TagRow, ...]:
    """List the elements of a DICOM file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    tuple of TagRow
        In the order of the file; a last row without a number says what is not listed, and why.

    Raises
    ------
    StudyError
        If the file is gone or may not be read.
    """
    try:
        with path.open("rb") as stream, noticing([]):
            return tuple(_Listing(stream).rows)
    except OSError as error:
        raise StudyError(f"{path.name} cannot be read.", "Open the study again.") from error


def ends_early(path: Path) -> bool:
    """Whether a DICOM file ends within an element."""
    rows = read_tags(path)
    return bool(rows) and rows[-1].name == _ENDS_EARLY


def begins_as_dicom(path: Path) -> bool:
    """Whether a file without the prefix of DICOM begins with elements that only DICOM has."""
    rows = read_tags(path)[:_FEW]
    return len(rows) == _FEW and all(
        row.depth == 0 and row.keyword and row.group_element.startswith(("(0008,", "(0002,"))
        for row in rows
    )


class _Listing:
    """The rows of one file, made at once."""

    def __init__(self, stream: BinaryIO) -> None:
        self.rows: list[TagRow] = []
        self._stream = stream
        self._order = "<"
        self._signed = False
        self._too_deep = False
        self._syntax = ""
        self._size = stream.seek(0, io.SEEK_END)
        try:
            stream.seek(128)
            if stream.read(4) == b"DICM":
                self._read_level(implicit=False, only_group_2=True)
                self._start_data_set()
            else:
                stream.seek(0)
                self._order = ">" if stream.read(1) == b"\0" else "<"
                stream.seek(0)
            self._read_level(implicit=self._is_implicit())
        except _EndError as end:
            self._say(str(end))
        except LIBRARY_ERRORS:
            self._say(_DAMAGED)

    def _say(self, sentence: str) -> None:
        self.rows.append(TagRow(0, "", sentence, "", ""))

    def _start_data_set(self) -> None:
        """Go from the file meta information to the encoding of the data set."""
        if self._syntax == _BIG_ENDIAN:
            self._order = ">"
        elif self._syntax == _DEFLATED:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            body = bytearray()
            while len(body) < _INFLATED and (chunk := self._stream.read(2**16)):
                body += inflate.decompress(chunk, _INFLATED - len(body))
            self._stream, self._size = io.BytesIO(body), len(body)

    def _is_implicit(self) -> bool:
        """Whether the elements that follow have no VR; the first one shows it."""
        start = self._stream.tell()
        vr = self._stream.read(6)[4:]
        self._stream.seek(start)
        return self._syntax == _IMPLICIT if len(vr) < 2 else vr not in _KNOWN_VR

    def _read_level(self, *, implicit: bool, only_group_2: bool = False) -> None:
        """Read a data set and all that is nested in it."""
        stream = self._stream
        levels = [_Level(None, sequence=False, implicit=implicit, encodings=["iso8859"])]
        for _ in range(_MOST_STEPS):
            level = levels[-1]
            start = stream.tell()
            if level.end is not None and start >= level.end:
                stream.seek(level.end)
                levels.pop()
                continue
            head = stream.read(8)
            if len(head) < 8:
                if head.strip(b"\0"):
                    raise _EndError(_ENDS_EARLY)
                return
            group, element = struct.unpack(f"{self._order}HH", head[:4])
            tag = group << 16 | element
            if only_group_2 and group != 2:
                stream.seek(start)
                return
            if tag in (_ITEM_END, _SEQUENCE_END):
                _leave(levels, sequence=tag == _SEQUENCE_END)
            elif level.sequence:
                self._enter_item(levels, tag, head)
            else:
                self._read_element(levels, tag, head)
            if len(self.rows) >= _MOST_ROWS:
                break
        raise _EndError("Further elements are not listed")

    def _enter_item(self, levels: list[_Level], tag: int, head: bytes) -> None:
        if tag != _ITEM:
            raise _EndError(_DAMAGED)
        level = levels[-1]
        level.items += 1
        self._add(levels, TagRow(len(levels) - 1, "(FFFE,E000)", f"Item {level.items}", "", ""))
        length = struct.unpack(f"{self._order}L", head[4:])[0]
        levels.append(
            _Level(self._end(levels, length), False, level.implicit, list(level.encodings))
        )

    def _read_element(self, levels: list[_Level], tag: int, head: bytes) -> None:
        level = levels[-1]
        found = self._header(level, tag, head)
        start = self._stream.tell()
        nested = found.vr == "SQ" or (found.length == _UNDEFINED and found.vr == "UN")
        if nested:
            self._add(levels, self._row(levels, found, ""))
            # PS3.5 6.2.2: a sequence of unknown VR is in implicit little endian
            implicit = level.implicit or found.vr == "UN"
            end = self._end(levels, found.length)
            levels.append(_Level(end, True, implicit, level.encodings))
        elif found.length == _UNDEFINED:
            count = self._skip_fragments()
            self._add(levels, self._row(levels, found, f"{count:,} fragments"))
        else:
            value = self._stream.read(min(found.length, _READ))
            if self._stream.seek(start + found.length) > self._size:
                raise _EndError(_ENDS_EARLY)
            self._remember(level, tag, value)
            text = "cannot be read"
            with suppress(*LIBRARY_ERRORS):
                text = self._value(found, value, level)
            self._add(levels, self._row(levels, found, text))

    def _end(self, levels: list[_Level], length: int) -> int | None:
        """Where a level of this length ends, within the one around it."""
        if length == _UNDEFINED:
            return levels[-1].end
        end = self._stream.tell() + length
        return end if levels[-1].end is None else min(end, levels[-1].end)

    def _header(self, level: _Level, tag: int, head: bytes) -> _Element:
        vr = head[4:6]
        if level.implicit:
            length = struct.unpack(f"{self._order}L", head[4:])[0]
            return _Element(tag, _implied_vr(level, tag, self._signed), length)
        if vr not in _KNOWN_VR:
            raise _EndError(_DAMAGED)
        if vr in _LONG_VR:
            (length,) = struct.unpack(f"{self._order}L", self._stream.read(4))
        else:
            (length,) = struct.unpack(f"{self._order}H", head[6:])
        return _Element(tag, vr.decode(), length)

    def _remember(self, level: _Level, tag: int, value: bytes) -> None:
        """Keep what later elements are read by."""
        if tag == _SYNTAX:
            self._syntax = value.decode("ascii", "replace").strip(" \0")
        elif tag == _CHARSET:
            names = value.decode("ascii", "replace").strip(" \0").split("\\")
            level.encodings = list(convert_encodings(names))
        elif tag == _SIGN:
            self._signed = value[:1] == b"\1" or value[1:2] == b"\1"
        elif tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:
            block = (tag & 0xFFFF0000) | (tag & 0xFF)
            level.creators[block] = value.decode("ascii", "replace").strip(" \0")

    def _value(self, found: _Element, value: bytes, level: _Level) -> str:
        if found.vr in _TEXTS:
            return str(decode_bytes(value, level.encodings, set("\\^=\n\r\t\f")))
        if found.vr in _PLAIN_TEXTS or (found.tag >> 16 & 1 and found.tag & 0xFFFF <= 0xFF):
            text = value.decode("ascii", "replace").strip(" \0")
            name = UID(text).name if found.vr == "UI" else text
            return text if name == text else f"{text} ({name})"
        if found.vr in _NUMBERS:
            kind = np.dtype(self._order + _NUMBERS[found.vr])
            many = np.frombuffer(value[: len(value) // kind.itemsize * kind.itemsize], kind)
            return "\\".join(f"{number}" for number in many.tolist())
        if found.vr == "AT":
            pairs = np.frombuffer(value[: len(value) // 4 * 4], np.dtype(f"{self._order}u2"))
            return "\\".join(_number(int(g) << 16 | int(e)) for g, e in pairs.reshape(-1, 2))
        return f"{found.length:,} bytes"

    def _row(self, levels: list[_Level], found: _Element, value: str) -> TagRow:
        name, keyword = _named(levels[-1], found.tag)
        vr = found.vr
        return TagRow(len(levels) - 1, _number(found.tag), name, vr, short(value), keyword)

    def _add(self, levels: list[_Level], row: TagRow) -> None:
        if len(levels) <= _DEEPEST:
            self.rows.append(row)
        elif not self._too_deep:
            self._too_deep = True
            self.rows.append(TagRow(_DEEPEST, "", "Deeper levels are not listed", "", ""))

    def _skip_fragments(self) -> int:
        """Pass over encapsulated pixels (PS3.5 A.4); how many fragments they have."""
        for count in range(-1, _MOST_STEPS):
            head = self._stream.read(8)
            if len(head) < 8:
                raise _EndError(_ENDS_EARLY)
            group, element, length = struct.unpack(f"{self._order}HHL", head)
            if group << 16 | element != _ITEM:
                return max(count, 0)
            self._stream.seek(length, io.SEEK_CUR)
        raise _EndError("Further elements are not listed")


def _leave(levels: list[_Level], *, sequence: bool) -> None:
    """Close the innermost sequence or item, and what was left open in it; never the file."""
    inner = next((n for n in range(len(levels) - 1, 0, -1) if levels[n].sequence == sequence), 0)
    if inner:
        del levels[inner:]


def _number(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _owner(level: _Level, tag: int) -> str:
    """Creator of the private block that an element is in; empty where nobody claims it."""
    return level.creators.get((tag & 0xFFFF0000) | (tag >> 8 & 0xFF), "")


def _named(level: _Level, tag: int) -> tuple[str, str]:
    """Name and keyword of an element."""
    if tag >> 16 & 1:
        if 0x10 <= tag & 0xFFFF <= 0xFF:
            return "Private creator", ""
        owner = _owner(level, tag)
        try:
            name = private_dictionary_description(tag, owner)
        except LIBRARY_ERRORS:
            name = ""
        return " ".join(part for part in ("Private", name, owner and f"({owner})") if part), ""
    if tag & 0xFFFF == 0:
        return "Group length", ""
    try:
        return dictionary_description(tag), keyword_for_tag(tag)
    except LIBRARY_ERRORS:
        return "Unknown", ""


def _implied_vr(level: _Level, tag: int, signed: bool) -> str:
    """VR of an element of implicit syntax, from the dictionaries; ``UN`` when they lack it."""
    if tag & 0xFFFF == 0:
        return "UL"
    try:
        if tag >> 16 & 1:
            block = 0x10 <= tag & 0xFFFF <= 0xFF
            return "LO" if block else private_dictionary_VR(tag, _owner(level, tag))
        vr = dictionary_VR(tag)
    except LIBRARY_ERRORS:
        return "UN"
    if vr.startswith("US or SS"):
        return "SS" if signed else "US"
    return "OW" if " or " in vr else vr
