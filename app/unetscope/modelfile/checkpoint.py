"""A TensorFlow checkpoint read without TensorFlow: arrays by key, and the graph of its objects.

``variables.index`` is a sorted table of keys in the form of LevelDB; each value says where in
``variables.data-…`` the array lies. Every array is compared with its checksum.

References
----------
LevelDB, doc/table_format.md; TensorFlow, core/protobuf/tensor_bundle.proto and
core/protobuf/trackable_object_graph.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.modelfile.crc32c import crc32c, unmasked
from unetscope.modelfile.hdf5 import MAX_ARRAY, check_values
from unetscope.modelfile.protobuf import fields, messages, text, varint, whole_number

_MAGIC = 0xDB4775248B80FB57
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_STRING, _BFLOAT16 = 7, 14
_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 19: "<f2"}
_COPY_AGAIN = "Copy the folder again from where it came from."


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where an array lies in the data file."""

    kind: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int


@dataclass(frozen=True, slots=True)
class _Object:
    """One object of the graph: its children by name, and the key of its value."""

    children: dict[str, int]
    key: str


class Checkpoint:
    """Variables by the objects that hold them; object 0 is the model.

    Parameters
    ----------
    files : mapping of str to bytes
        Its files by name, ``variables.index`` and the ones with the arrays.
    file : str
        What the whole is called, for errors.

    Raises
    ------
    ModelError
        It is damaged, or was not written by an object.
    """

    def __init__(self, files: Mapping[str, bytes], file: str) -> None:
        self._files = files
        self._file = file
        try:
            table = dict(table_of(files["variables.index"]))
            header = table.pop("", b"")
            self._shards = whole_number(header, 1)
            if whole_number(header, 2):
                raise ValueError("the bytes of its numbers are in the other order")
            self._entries = {key: _entry(value) for key, value in table.items()}
            if _GRAPH not in self._entries:
                raise ValueError("no graph of objects")
            graph = self._bytes(self._entries[_GRAPH])
            length, at = varint(graph, 0)
            if at + 4 + length != len(graph):
                raise ValueError("the graph of objects is cut short")
            self._objects = [_object(node) for node in messages(graph[at + 4 :], 1)]
        except (LookupError, ValueError, struct.error) as error:
            raise self._damaged() from error

    def child(self, parent: int, name: str) -> int | None:
        """The object that another calls by a name; None where it has none of that name."""
        index = self.children(parent).get(name)
        return index if index is not None and index < len(self._objects) else None

    def children(self, parent: int) -> dict[str, int]:
        """All objects that one knows by name."""
        return self._objects[parent].children if parent < len(self._objects) else {}

    def read(self, index: int, layer: str) -> NDArray[np.float32] | None:
        """The value of an object as read-only float32; None where it has none.

        Raises
        ------
        ModelError
            It is damaged, too big, or holds what cannot be a weight.
        """
        entry = self._entries.get(self._objects[index].key)
        if entry is None:
            return None
        try:
            content = self._bytes(entry)
        except (LookupError, ValueError) as error:
            raise self._damaged() from error
        if crc32c(content) != unmasked(entry.checksum):
            raise self._damaged()
        if entry.kind == _BFLOAT16:  # half a float32
            wide = np.frombuffer(content, "<u2").astype(np.uint32) << 16
            values = wide.view(np.float32)
        elif entry.kind in _TYPES:
            values = np.asarray(np.frombuffer(content, _TYPES[entry.kind]), np.float32)
        else:
            raise ModelError(
                f"{self._file} holds weights of {layer} that are no real numbers.",
                "Save the model again as a .keras file.",
            )
        if values.size != prod(entry.shape):
            raise self._damaged()
        check_values(values, layer, self._file)
        array = values.reshape(entry.shape)
        array.flags.writeable = False
        return array

    def _bytes(self, entry: _Entry) -> bytes:
        if entry.size > MAX_ARRAY or entry.shard >= self._shards:
            raise ValueError("an array that cannot be")
        held = self._files[f"variables.data-{entry.shard:05}-of-{self._shards:05}"]
        content = held[entry.offset : entry.offset + entry.size]
        if len(content) != entry.size:
            raise ValueError("cut short")
        return content

    def _damaged(self) -> ModelError:
        return ModelError(f"{self._file} is damaged: its variables cannot be read.", _COPY_AGAIN)


def table_of(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Keys and values of a LevelDB table without compression, in order.

    Raises
    ------
    ValueError, IndexError, struct.error
        It is damaged, or no table.
    """
    footer = content[-48:]
    if len(footer) < 48 or int.from_bytes(footer[-8:], "little") != _MAGIC:
        raise ValueError("no table")
    _, at = varint(footer, 0)  # of a block that is not needed
    _, at = varint(footer, at)
    for _, handle in _block(content, footer[at:40]):
        for key, value in _block(content, handle):
            yield key.decode(), value


def _block(content: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The entries of one block; each key is written as what differs from the one before."""
    offset, at = varint(handle, 0)
    size, _ = varint(handle, at)
    block, tail = content[offset : offset + size], content[offset + size : offset + size + 5]
    if len(tail) < 5 or tail[0] != 0:
        raise ValueError("a compressed block, or none")
    if crc32c(block + tail[:1]) != unmasked(int.from_bytes(tail[1:], "little")):
        raise ValueError("a damaged block")
    (restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 - 4 * restarts
    key, at = b"", 0
    while at < end:
        shared, at = varint(block, at)
        own, at = varint(block, at)
        length, at = varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own + length
        yield key, block[at - length : at]


def _entry(message: bytes) -> _Entry:
    if messages(message, 7):
        raise ValueError("a variable in slices")
    shape = messages(message, 2)
    sizes = [whole_number(size, 1) for size in messages(shape[0], 2)] if shape else []
    number = {key: value for key, value in fields(message) if isinstance(value, int)}
    return _Entry(
        kind=number.get(1, 0),
        shape=tuple(sizes),
        shard=number.get(3, 0),
        offset=number.get(4, 0),
        size=number.get(5, 0),
        checksum=number.get(6, 0),
    )


def _object(message: bytes) -> _Object:
    children = {text(child, 2): whole_number(child, 1) for child in messages(message, 1)}
    keys = {text(value, 1): text(value, 3) for value in messages(message, 2)}
    return _Object(children, keys.get("VARIABLE_VALUE", ""))
