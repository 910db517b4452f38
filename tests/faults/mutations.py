"""Damage of all kinds, by chance: of bytes, of DICOM elements, of JSON in model files."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import h5py

Change = Callable[[random.Random, bytes], bytes]
ODD_BYTES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
ODD_WORDS = (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**9, 10**30, "", "x", "Lambda", "../../x", [], {}, [[]]),
    *([None, None], {"class_name": "Lambda", "config": {}}, "\ud800", "float64", [0, 0], 2**53),
)
LONG_VRS = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UN", b"UT", b"UC", b"UR")


def damaged(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """Bytes with one to three kinds of damage; `other` is what may be spliced in."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        content = rng.choice(_BYTES)(rng, content) if rng.random() < 0.9 else (
            content[: _place(rng, content)] + other[_place(rng, other) :]
        )  # fmt: skip
    return content


def _place(rng: random.Random, content: bytes) -> int:
    """Anywhere, but more often near the beginning, where the meaning is."""
    if not content:
        return 0
    most = len(content) if rng.random() < 0.4 else min(len(content), 3000)
    return rng.randrange(most)


def _flip(rng: random.Random, content: bytes) -> bytes:
    made = bytearray(content)
    for _ in range(rng.randint(1, 6) if made else 0):
        made[_place(rng, content)] ^= 1 << rng.randrange(8)
    return bytes(made)


def _odd_byte(rng: random.Random, content: bytes) -> bytes:
    at = _place(rng, content)
    return content[:at] + bytes([rng.choice(ODD_BYTES)]) + content[at + 1 :]


def _odd_word(rng: random.Random, content: bytes) -> bytes:
    at, kind = _place(rng, content), rng.choice(("<H", ">H", "<L", ">L"))
    value = rng.choice(ODD_WORDS) & (0xFFFF if kind[1] == "H" else 0xFFFFFFFF)
    word = struct.pack(kind, value)
    return content[:at] + word + content[at + len(word) :]


def _cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _insert(rng: random.Random, content: bytes) -> bytes:
    at = _place(rng, content)
    return content[:at] + rng.randbytes(rng.choice((1, 2, 8, 100, 4000))) + content[at:]


def _leave_out(rng: random.Random, content: bytes) -> bytes:
    at = _place(rng, content)
    return content[:at] + content[at + rng.choice((1, 2, 8, 100, 4000)) :]


def _repeat(rng: random.Random, content: bytes) -> bytes:
    at, size = _place(rng, content), rng.choice((2, 8, 100, 4000))
    return content[:at] + content[at : at + size] * rng.choice((2, 3, 50)) + content[at + size :]


def _blank(rng: random.Random, content: bytes) -> bytes:
    at, size = _place(rng, content), rng.choice((8, 100, 4000))
    piece = content[at : at + size]
    return content[:at] + rng.choice((b"\0", b"\xff")) * len(piece) + content[at + size :]


_BYTES: tuple[Change, ...] = (
    *(_flip, _flip, _odd_byte, _odd_word, _odd_word, _cut, _insert, _leave_out, _repeat, _blank),
)


# --------------------------------------------------------------------- DICOM


def elements(content: bytes) -> list[tuple[int, int, int]]:
    """Where the elements of an explicit little-endian file lie: begin, value, end."""
    found, at = [], 132 if content[128:132] == b"DICM" else 0
    while at + 12 <= len(content):
        is_long = content[at + 4 : at + 6] in LONG_VRS
        kind, value = ("<L", at + 12) if is_long else ("<H", at + 8)
        (length,) = struct.unpack_from(kind, content, value - struct.calcsize(kind))
        end = value + length
        if length == 0xFFFFFFFF or end > len(content):
            break
        found.append((at, value, end))
        at = end
    return found


def reordered(rng: random.Random, content: bytes) -> bytes:
    """A DICOM file with elements that lie, trade places, or stand there twice."""
    for _ in range(rng.randint(1, 3)):
        listed = elements(content)
        if not listed:
            return content
        begin, value, end = rng.choice(listed)
        other = rng.choice(listed)
        way = rng.randrange(7)
        if way == 0:  # the tag of another
            content = content[:begin] + content[other[0] : other[0] + 4] + content[begin + 4 :]
        elif way == 1:  # another VR
            vr = rng.choice((*LONG_VRS, b"CS", b"DS", b"IS", b"US", b"PN", b"AT", b"??"))
            content = content[: begin + 4] + vr + content[begin + 6 :]
        elif way == 2:  # another length
            size = struct.pack("<H", rng.choice(ODD_WORDS) & 0xFFFF)
            content = content[: value - 2] + size + content[value:]
        elif way == 3:  # twice
            content = content[:end] + content[begin:end] + content[end:]
        elif way == 4:  # not at all
            content = content[:begin] + content[end:]
        elif way == 5:  # the value of another
            length = end - value
            taken = content[other[1] : other[2]][:length].ljust(length, b"\0")
            content = content[:value] + taken + content[end:]
        else:  # numbers that are none
            text = rng.choice((b"nan", b"-1", b"1e999", b"0", b"65536", b"\\\\", b"\xff" * 4))
            length = end - value
            content = content[:value] + text[:length].ljust(length, b" ") + content[end:]
    return content


# -------------------------------------------------------------------- models


def odd_json(rng: random.Random, text: str) -> str:
    """A description with some of its parts changed, gone, doubled or in other places."""
    tree = json.loads(text)
    for _ in range(rng.choice((1, 1, 2, 4))):
        places: list[tuple[Any, Any]] = []
        _collect(tree, places)
        if not places:
            break
        held, key = rng.choice(places)
        way = rng.randrange(5)
        if way <= 1:
            held[key] = rng.choice(ODD_VALUES)
        elif way == 2:
            del held[key]
        elif way == 3:
            held_too, key_too = rng.choice(places)
            held[key] = json.loads(json.dumps(held_too[key_too]))
        elif isinstance(held, list):
            held.insert(key, held[key])
        elif isinstance(held[key], int | float):
            held[key] = held[key] * rng.choice((0, -1, 2, 1000, 10**6))
    return json.dumps(tree)


def _collect(tree: Any, places: list[tuple[Any, Any]]) -> None:
    keys = range(len(tree)) if isinstance(tree, list) else list(tree)
    for key in keys:
        places.append((tree, key))
        if isinstance(tree[key], list | dict):
            _collect(tree[key], places)


def odd_archive(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """A ``.keras`` file whose members are damaged and whose checksums are right."""
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        members = {name: pack.read(name) for name in pack.namelist()}
    made = io.BytesIO()
    if rng.random() < 0.7:
        members["config.json"] = odd_json(rng, members["config.json"].decode()).encode()
    else:
        name = rng.choice(list(members))
        members[name] = damaged(rng, members[name], other)
    with zipfile.ZipFile(made, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as pack:
        for name, data in members.items():
            pack.writestr(name, data)
    return made.getvalue()


def odd_h5(rng: random.Random, content: bytes) -> bytes:
    """An ``.h5`` file whose description is damaged, and its HDF5 whole."""
    made = io.BytesIO(content)
    with h5py.File(made, "r+") as file:
        text = file.attrs["model_config"]
        changed = odd_json(rng, text if isinstance(text, str) else text.decode())
        file.attrs["model_config"] = changed
    return made.getvalue()
