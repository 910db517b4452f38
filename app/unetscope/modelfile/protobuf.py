"""Protocol buffers messages as numbers and bytes, for files whose layout is known here."""

from __future__ import annotations

from collections.abc import Iterator

Field = int | bytes


def fields(message: bytes) -> Iterator[tuple[int, Field]]:
    """Number and content of each field of a message: whole numbers, or bytes.

    Raises
    ------
    ValueError, IndexError
        It is cut short, or no message.

    References
    ----------
    https://protobuf.dev/programming-guides/encoding/
    """
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(message, at)
            yield key >> 3, value
            continue
        if kind == 2:
            length, at = varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError("no such kind of field")
        if at + length > len(message):
            raise ValueError("cut short")
        content = message[at : at + length]
        at += length
        yield key >> 3, content if kind == 2 else int.from_bytes(content, "little")


def varint(message: bytes, at: int) -> tuple[int, int]:
    """A number written in as many bytes as it takes, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number without end")


def messages(content: bytes, number: int) -> list[bytes]:
    """All messages and texts under one number."""
    return [value for key, value in fields(content) if key == number and isinstance(value, bytes)]


def text(content: bytes, number: int) -> str:
    """The text under one number; empty where there is none."""
    found = messages(content, number)
    return found[-1].decode() if found else ""


def whole_number(content: bytes, number: int) -> int:
    """The whole number under one number; 0 where there is none."""
    found = [value for key, value in fields(content) if key == number and isinstance(value, int)]
    return found[-1] if found else 0
