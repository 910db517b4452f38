"""Arrays from one process to another: big ones in one block of shared memory, small ones along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.processes.mapped_file import MappedFile, SharedFile

SMALL = 1 << 16
_ALIGN = 64

Place = tuple[int, tuple[int, ...], str]  # offset in bytes, shape, type


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Arrays on their way.

    Attributes
    ----------
    block : str or None
        Name of the shared memory.
    places : mapping of str to (offset, shape, type)
        Where each big array lies in it.
    inline : mapping of str to ndarray
        The small arrays themselves.
    same : mapping of str to str
        Names that mean the same array as another.
    """

    block: str | None
    places: Mapping[str, Place]
    inline: Mapping[str, NDArray[Any]]
    same: Mapping[str, str]


class Outbox:
    """The sending side: one block, used again for every answer that fits into it.

    A new block costs more than the copy, for every page of it is new to both processes.
    """

    def __init__(self) -> None:
        self._memory: SharedMemory | MappedFile | None = None

    def pack(self, arrays: Mapping[str, NDArray[Any]], block: str) -> Packed:
        """Lay arrays out for the other process, which has copied those of the last time.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            What to send; the same array under two names is sent once.
        block : str
            Name of a new block, should one be needed.
        """
        first: dict[int, str] = {}
        same: dict[str, str] = {}
        inline: dict[str, NDArray[Any]] = {}
        places: dict[str, Place] = {}
        size = 0
        for name, array in arrays.items():
            if id(array) in first:
                same[name] = first[id(array)]
                continue
            first[id(array)] = name
            if array.nbytes <= SMALL:
                inline[name] = array
            else:
                places[name] = (size, array.shape, array.dtype.str)
                size += -(-array.nbytes // _ALIGN) * _ALIGN
        if not places:
            return Packed(None, {}, inline, same)
        if self._memory is None or self._memory.size < size:
            self.close()
            self._memory = _made(block, size + size // 4)
        for name, place in places.items():
            _view(self._memory, place)[...] = arrays[name]
        return Packed(self._memory.name, places, inline, same)

    def close(self) -> None:
        """Let go of the block; the receiving side removes it."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None


class Inbox:
    """The receiving side: copies arrays out, and removes the blocks.

    Parameters
    ----------
    folder : Path or None
        Where the blocks lie that are files; none outside of it is ever touched.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._memory: SharedMemory | SharedFile | None = None

    def unpack(self, packed: Packed) -> dict[str, NDArray[Any]]:
        """Copy the arrays out; they are read-only. ValueError or OSError where that cannot be."""
        arrays: dict[str, NDArray[Any]] = dict(packed.inline)
        if packed.block is not None:
            if self._memory is None or self._memory.name != packed.block:
                self.close()
                self._memory = _received(packed.block, self._folder)
            for name, place in packed.places.items():
                arrays[name] = _copied(self._memory, place)
        for array in arrays.values():
            array.flags.writeable = False
        for name, other in packed.same.items():
            arrays[name] = arrays[other]
        return arrays

    def close(self) -> None:
        """Remove the block."""
        if self._memory is not None:
            self._memory.close()
            self._memory.unlink()
            self._memory = None


def block_name(pid: int, request: int, folder: Path | None) -> str:
    """Name of the block that a worker process may make for a request, unlike all others.

    Where the process has a folder for it, it is a path in that.
    """
    return f"unetscope-{pid}-{request}" if folder is None else str(folder / str(request))


def discard(block: str) -> None:
    """Free a block that nobody will read any more, where it exists."""
    if Path(block).is_absolute():
        Path(block).unlink(missing_ok=True)
        return
    try:
        memory = SharedMemory(block)
    except (FileNotFoundError, ValueError, OSError):
        return
    memory.close()
    memory.unlink()


def _made(block: str, size: int) -> SharedMemory | MappedFile:
    if Path(block).is_absolute():
        return MappedFile(Path(block), size)
    return SharedMemory(block, create=True, size=size)


def _received(block: str, folder: Path | None) -> SharedMemory | SharedFile:
    path = Path(block)
    if not path.is_absolute() and folder is None:
        return SharedMemory(block)
    if path.parent != folder:
        raise ValueError("a block that is not where it should be")
    return SharedFile(path)


def _copied(memory: SharedMemory | SharedFile, place: Place) -> NDArray[Any]:
    if isinstance(memory, SharedMemory):
        return np.array(_view(memory, place))
    offset, shape, kind = place
    array = np.empty(shape, np.dtype(kind))
    memory.read_into(array.reshape(-1).view(np.uint8).data, offset)
    return array


def _view(memory: SharedMemory | MappedFile, place: Place) -> NDArray[Any]:
    offset, shape, kind = place
    return np.ndarray(shape, np.dtype(kind), buffer=memory.buf, offset=offset)
