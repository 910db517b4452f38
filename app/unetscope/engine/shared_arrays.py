"""Arrays from one process to another: big ones in one block of shared memory, small ones along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def pack(arrays: Mapping[str, NDArray[Any]], block: str) -> tuple[Packed, SharedMemory | None]:
    """Lay arrays out for another process.

    Returns
    -------
    packed : Packed
        What to send.
    memory : SharedMemory or None
        To be kept open until the other side has copied, and then closed.
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
        return Packed(None, {}, inline, same), None
    memory = SharedMemory(block, create=True, size=size)
    for name, place in places.items():
        _view(memory, place)[...] = arrays[name]
    return Packed(block, places, inline, same), memory


def unpack(packed: Packed) -> dict[str, NDArray[Any]]:
    """Copy the arrays out and free the shared memory."""
    arrays: dict[str, NDArray[Any]] = dict(packed.inline)
    if packed.block is not None:
        memory = SharedMemory(packed.block)
        try:
            for name, place in packed.places.items():
                arrays[name] = np.array(_view(memory, place))
        finally:
            memory.close()
            memory.unlink()
    for array in arrays.values():
        array.flags.writeable = False
    for name, other in packed.same.items():
        arrays[name] = arrays[other]
    return arrays


def discard(block: str) -> None:
    """Free a block that nobody will read any more, where it exists."""
    try:
        memory = SharedMemory(block)
    except (FileNotFoundError, ValueError, OSError):
        return
    memory.close()
    memory.unlink()


def _view(memory: SharedMemory, place: Place) -> NDArray[Any]:
    offset, shape, kind = place
    return np.ndarray(shape, np.dtype(kind), buffer=memory.buf, offset=offset)
