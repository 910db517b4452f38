"""Palettes: the colours that stored numbers stand for (PALETTE COLOR)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.io.colour import luminance, to_bytes
from unetscope.io.dicom_values import element, numbers, whole
from unetscope.io.value_maps import Rescale

_NAMES = ("Red", "Green", "Blue")
_MOST_ENTRIES = 2**16
_PLACE_BYTES = 4  # in which an indirect segment says where the segments lie that it repeats
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2  # kinds of segments


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """Colours by stored value.

    Attributes
    ----------
    first : int
        Stored value that the first colour stands for; lower ones have that colour, and those
        beyond the last colour the last one.
    colours : (n, 3) ndarray of uint8 or uint16
        Red, green, blue; read-only.

    References
    ----------
    DICOM PS3.3 C.7.6.3.1.5 and C.7.6.3.1.6.
    """

    first: int
    colours: NDArray[Any]

    @property
    def bits(self) -> int:
        """Of a sample."""
        return self.colours.dtype.itemsize * 8

    def brightness(self) -> Rescale:
        """Make the map of stored values to the brightness of their colours."""
        table = luminance(self.colours).astype(np.float32)
        table.setflags(write=False)
        return Rescale(first=self.first, table=table)

    def shown(self, stored: NDArray[Any]) -> NDArray[np.uint8]:
        """Colours of stored values, (..., 3), read-only."""
        index = np.clip(stored.astype(np.int64) - self.first, 0, len(self.colours) - 1)
        return to_bytes(self.colours[index], self.bits)


def read_palette(dataset: Any) -> Palette | None:
    """Read the palette of an image; None when it has none that can be read."""
    try:
        parts = [_read_part(dataset, name) for name in _NAMES]
    except (LookupError, ValueError):
        return None
    found = [part for part in parts if part is not None]
    if len(found) < len(_NAMES) or len({first for first, _ in found}) > 1:
        return None
    length = min(entries.size for _, entries in found)
    colours = np.stack([entries[:length] for _, entries in found], axis=-1)
    colours = _narrowed(colours)
    colours.setflags(write=False)
    return Palette(found[0][0], colours)


def _narrowed(colours: NDArray[np.uint16]) -> NDArray[Any]:
    """Colours of 8 bits that are kept in words of 16, in either half of them or both."""
    low, high = (colours & 0xFF).astype(np.uint8), (colours >> 8).astype(np.uint8)
    if not high.any():
        return low
    return high if not low.any() or np.array_equal(low, high) else colours


def _read_part(dataset: Any, name: str) -> tuple[int, NDArray[np.uint16]] | None:
    """First stored value and the entries for one of the three colours."""
    descriptor = numbers(dataset, f"{name}PaletteColorLookupTableDescriptor")
    plain = element(dataset, f"{name}PaletteColorLookupTableData")
    segmented = element(dataset, f"Segmented{name}PaletteColorLookupTableData")
    if len(descriptor) != 3 or descriptor[2] not in (8, 16):
        return None
    count, first = int(descriptor[0]) % _MOST_ENTRIES or _MOST_ENTRIES, int(descriptor[1])
    if whole(dataset, "PixelRepresentation") == 1 and first >= 2**15:
        first -= 2**16
    order = "<" if dataset.original_encoding[1] is not False else ">"
    if isinstance(plain, bytes):
        wide = len(plain) >= 2 * count
        entries = np.frombuffer(plain, f"{order}u2")[:count] if wide else _bytes(plain, order)
    elif plain is not None:
        entries = np.array(numbers(dataset, f"{name}PaletteColorLookupTableData")).astype(np.uint16)
    elif isinstance(segmented, bytes):
        wide = descriptor[2] == 16
        units = np.frombuffer(segmented, f"{order}u2") if wide else _bytes(segmented, order)
        entries = _expanded(units.tolist(), count, wide=wide)
    else:
        return None
    if entries.size < count:
        return None
    return first, entries[:count].astype(np.uint16)


def _bytes(words: bytes, order: str) -> NDArray[np.uint8]:
    """Bytes that stand in words of 16 bits, the first in the lower half."""
    swapped = words if order == "<" else np.frombuffer(words, ">u2").astype("<u2").tobytes()
    return np.frombuffer(swapped, np.uint8)


def _expanded(units: list[int], count: int, *, wide: bool) -> NDArray[np.uint16]:
    """Entries that segments describe, up to `count` of them (DICOM PS3.3 C.7.9.2).

    Raises
    ------
    LookupError, ValueError
        If a segment is not whole, or of no kind that there is.
    """
    entries: list[int] = []

    def take(at: int) -> int:
        """Add the entries of a discrete or linear segment; where the next one begins."""
        kind, length = units[at : at + 2]
        if length and kind == _DISCRETE:
            entries.extend(units[at + 2 : at + 2 + length])
            return at + 2 + length
        if not length or kind != _LINEAR or not entries:
            raise ValueError(f"a segment of kind {kind} and length {length}")
        ends = (entries[-1], units[at + 2])
        entries.extend(np.rint(np.linspace(*ends, length + 1)[1:]).astype(int).tolist())
        return at + 3

    at = 0
    while at + 1 < len(units) and len(entries) < count:
        if units[at] != _INDIRECT:
            at = take(at)
            continue
        following = at + (4 if wide else 6)
        place = np.array(units[at + 2 : following], "<u2" if wide else "u1").tobytes()
        if len(place) < _PLACE_BYTES:
            raise ValueError("a place that is cut short")
        again = int.from_bytes(place, "little") // (2 if wide else 1)
        for _ in range(units[at + 1]):
            if len(entries) >= count:
                break
            again = take(again)
        at = following
    return np.array(entries[:count], np.uint16)
