"""The pixels of DICOM segmentations: bits, fractions and labels.

References
----------
DICOM PS3.5 8.1.1 (bits of a pixel), PS3.3 C.8.20.2.3 (kinds of segmentations).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import Cancelled
from unetscope.domain.reference import Segment
from unetscope.io.decoder import decoder
from unetscope.io.dicom import open_inflated
from unetscope.io.notices import noticing
from unetscope.io.pixels import PixelLayout, read_stored
from unetscope.io.references.placing import MOST_VOXELS
from unetscope.io.references.planes import Layer
from unetscope.io.references.refusal import DAMAGED, NotMasksError

_LITTLE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its place in the file, the segment it is of (0 for a labelmap), where it lies."""

    index: int
    segment: int
    position: NDArray[np.float64]


class SegPixels:
    """The pixels of a segmentation, read frame by frame into as few layers as its overlaps allow.

    Parameters
    ----------
    path : Path
        The file.
    layout : PixelLayout
        How its pixels are stored.
    kind : str
        ``BINARY``, ``FRACTIONAL`` or ``LABELMAP``.
    segments : tuple of Segment
        In the order of their labels, from 1.
    most : int
        What stands for the whole of a voxel in fractions.
    """

    def __init__(
        self, path: Path, layout: PixelLayout, kind: str, segments: tuple[Segment, ...], most: int
    ) -> None:
        self._path = path
        self._layout = layout
        self._kind = kind
        self._most = most
        self._labels = {segment.number: place for place, segment in enumerate(segments, start=1)}
        self._dtype = np.dtype(np.uint8 if len(segments) < 256 else np.uint16)
        table = np.zeros(2**16, self._dtype)
        for own, label in self._labels.items():
            table[own] = label
        self._table = table

    def layers(
        self,
        frames: list[Frame],
        at: dict[int, int],
        shape: tuple[int, int, int],
        cancelled: Callable[[], bool],
    ) -> tuple[Layer, ...]:
        """Read all frames; see `Labelled`."""
        layers: list[Layer] = []
        with open_inflated(self._path, self._layout.deflated) as stream:
            for frame in frames:
                if cancelled():
                    raise Cancelled
                for row, values in self._rows(stream, frame):
                    _put(layers, shape, self._dtype, at[frame.index], row, values)
        if not layers:
            raise NotMasksError("all its segments are empty", "Choose another file.")
        return tuple(layers)

    def _rows(self, stream: BinaryIO, frame: Frame) -> Iterator[tuple[int, Layer]]:
        """Labels of the rows of a frame that have any, with the first of them."""
        layout, label = self._layout, self._labels.get(frame.segment, 0)
        if layout.bits_allocated == 1 and layout.transfer_syntax in _LITTLE:
            found = read_bits(stream, layout, frame.index)
            if found is not None:
                row, bits = found
                yield row, np.multiply(bits, label, dtype=self._dtype)
            return
        if layout.compressed:
            stored = decoder.decode(self._path, layout, frame.index, [])
        else:
            with noticing([]):
                stored = read_stored(stream, layout, frame.index)
        if self._kind == "LABELMAP":
            if stored.dtype.kind != "u" or stored.dtype.itemsize > 2:
                raise NotMasksError("its labels are not whole numbers up to 65535", DAMAGED)
            yield 0, self._table[stored]
        elif self._kind == "FRACTIONAL":
            inside = 2 * stored.astype(np.int64) >= self._most
            yield 0, np.multiply(inside, label, dtype=self._dtype)
        else:
            yield 0, np.multiply(stored != 0, label, dtype=self._dtype)


def read_bits(
    stream: BinaryIO, layout: PixelLayout, index: int
) -> tuple[int, NDArray[np.uint8]] | None:
    """Unpack a frame of one bit a pixel, of which the next begins in the middle of a byte.

    Returns
    -------
    row, bits : int, (rows, columns) ndarray of uint8
        The rows that have any, and the first of them; None when there are none.
    """
    count, columns = layout.rows * layout.columns, layout.columns
    begin, skip = divmod(index * count, 8)
    stream.seek(layout.offset + begin)
    raw = np.frombuffer(stream.read((skip + count + 7) // 8), np.uint8)
    if raw.size < (skip + count + 7) // 8:
        raise EOFError
    used = np.flatnonzero(raw)
    if not used.size:
        return None
    first = max(8 * int(used[0]) - skip, 0) // columns
    last = -(-min(8 * (int(used[-1]) + 1) - skip, count) // columns)
    if last <= first:  # only bits of the frames before and after
        return None
    lead, lost = divmod(skip + first * columns, 8)
    bits = np.unpackbits(raw[lead:], count=lost + (last - first) * columns, bitorder="little")[
        lost:
    ]
    return first, bits.reshape(last - first, columns)


def _put(
    layers: list[Layer],
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    plane: int,
    row: int,
    values: Layer,
) -> None:
    """Put labels into the first layer in which they hide nothing."""
    some = values > 0
    if not some.any():
        return
    for layer in layers:
        part = layer[plane, row : row + len(values)]
        if not np.any(part.astype(np.bool_) & some & (part != values)):
            np.copyto(part, values, where=some)
            return
    if (len(layers) + 1) * shape[0] * shape[1] * shape[2] > MOST_VOXELS:
        raise NotMasksError("its segments do not fit into memory", DAMAGED)
    layers.append(np.zeros(shape, dtype))
    np.copyto(layers[-1][plane, row : row + len(values)], values, where=some)
