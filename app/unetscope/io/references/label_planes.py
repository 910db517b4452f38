"""Labels as they stream out of a NIfTI or NRRD file, plane by plane, made small at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import Cancelled
from unetscope.domain.reference import Segment
from unetscope.io.references.placing import MOST_SEGMENTS, MOST_VOXELS
from unetscope.io.references.planes import Layer
from unetscope.io.references.refusal import DAMAGED, NotMasksError

_DENSE = 2**16  # labels up to which a plane is counted, not sorted
_LARGEST_LABEL = 2**31
HALF = "It holds probabilities: from one half on counts."

AN_IMAGE = "it looks like an image, not like labels"
CHOOSE_LABELS = "Choose a file of whole-numbered labels, or of probabilities from 0 to 1."


Volume = tuple[tuple[int, ...], Layer]
"""The labels of a volume in ascending order, and the volume in which they are 1, 2 and so on."""


@dataclass(frozen=True, slots=True)
class Stored:
    """How the voxels of a file are stored.

    Attributes
    ----------
    shape : tuple of int
        ``(i, j, k)``, the first runs fastest.
    channels : int
        Volumes in it.
    interleaved : bool
        The channels of a voxel stand together.
    dtype : numpy dtype
        With its byte order.
    slope, intercept : float
        To the values that are meant.
    """

    shape: tuple[int, int, int]
    channels: int
    interleaved: bool
    dtype: np.dtype[Any]
    slope: float = 1.0
    intercept: float = 0.0


def check_size(stored: Stored) -> None:
    """Raise NotMasksError where a file claims more than is read, before any memory is taken."""
    shape = (*stored.shape, stored.channels)
    if min(shape) < 1 or stored.channels > MOST_SEGMENTS:
        size = " × ".join(map(str, shape))
        raise NotMasksError(f"its size, {size}, makes no sense", DAMAGED)
    if math.prod(shape) > MOST_VOXELS:
        millions = math.prod(shape) / 1e6
        raise NotMasksError(f"it claims {millions:.0f} million voxels", DAMAGED)
    if stored.dtype.kind not in "iufb":
        raise NotMasksError("it holds colours or complex numbers", CHOOSE_LABELS)


def planes_of(
    stream: BinaryIO, stored: Stored, cancelled: Callable[[], bool]
) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """Read one plane after the other.

    Yields
    ------
    channel, plane, values : int, int, (rows, columns) ndarray
        Rows run along ``j``, columns along ``i``.

    Raises
    ------
    EOFError
        The file ends before its voxels do.
    Cancelled
        If told to stop.
    """
    columns, rows, count = stored.shape
    together = stored.channels if stored.interleaved else 1
    for volume in range(1 if stored.interleaved else stored.channels):
        for plane in range(count):
            if cancelled():
                raise Cancelled
            values = read_exactly(stream, stored, rows * columns * together)
            values = values.reshape(rows, columns, together)
            if (stored.slope, stored.intercept) != (1.0, 0.0):
                with np.errstate(all="ignore"):  # infinite is nothing
                    values = values * stored.slope + stored.intercept
            for channel in range(together):
                yield volume + channel, plane, values[:, :, channel]


def read_exactly(stream: BinaryIO, stored: Stored, count: int) -> NDArray[Any]:
    """Read so many numbers; EOFError where the file ends before."""
    wanted = count * stored.dtype.itemsize
    pieces = []
    while wanted > 0:
        piece = stream.read(wanted)
        if not piece:
            raise EOFError("cut short")
        pieces.append(piece)
        wanted -= len(piece)
    return np.frombuffer(b"".join(pieces), stored.dtype)


class LabelVolume:
    """One volume of labels, filled plane by plane; each label is numbered as it appears.

    Parameters
    ----------
    shape : tuple of int
        ``(planes, rows, columns)``.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._small: Layer = np.zeros(shape, np.uint8)
        self._half: NDArray[np.bool_] | None = None  # where values are one half and more
        self._numbers: dict[int, int] = {}  # label in the file to label here
        self._whole = True
        self._lowest, self._highest = 0.0, 0.0

    def put(self, plane: int, values: NDArray[Any]) -> None:
        """Take the values of a plane; NotMasksError when they are no labels."""
        if values.dtype.kind == "b":
            values = values.view(np.uint8)
        if values.dtype.kind == "f":
            values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
            self._lowest = min(self._lowest, float(values.min()))
            self._highest = max(self._highest, float(values.max()))
            rounded = np.rint(values)
            if self._whole and not np.array_equal(rounded, values):
                self._whole = False
            if not self._whole and (self._lowest < 0 or self._highest > 1 + 1e-6):
                raise NotMasksError(AN_IMAGE, CHOOSE_LABELS)
            if self._highest <= 1 + 1e-6:
                if self._half is None:
                    self._half = np.zeros(self._small.shape, np.bool_)
                self._half[plane] = values >= 0.5
            else:
                self._half = None
            if not self._whole:
                return
            if self._highest >= _LARGEST_LABEL:
                raise NotMasksError(AN_IMAGE, CHOOSE_LABELS)
            values = np.maximum(rounded, -1).astype(np.int64)  # far below 0 is too far for whole
        self._put_whole(plane, values)

    def _put_whole(self, plane: int, values: NDArray[Any]) -> None:
        lowest, highest = int(values.min()), int(values.max())
        if highest >= _LARGEST_LABEL:
            raise NotMasksError(AN_IMAGE, CHOOSE_LABELS)
        if lowest < 0:
            self._lowest = min(self._lowest, lowest)
            values = np.maximum(values, 0)
        if highest <= 0:
            return
        if highest < _DENSE:
            table = np.zeros(highest + 1, np.uint16)
            present = np.flatnonzero(np.bincount(values.ravel().astype(np.intp))).tolist()
            for label in present:
                table[label] = self._number(label)
            self._small[plane] = table[values]
            return
        labels, places = np.unique(values, return_inverse=True)
        table = np.array([self._number(int(label)) for label in labels], np.uint16)
        self._small[plane] = table[places].reshape(values.shape)

    def _number(self, label: int) -> int:
        if label <= 0:
            return 0
        number = self._numbers.setdefault(label, len(self._numbers) + 1)
        if number > MOST_SEGMENTS:
            raise NotMasksError(AN_IMAGE, CHOOSE_LABELS)
        if number > np.iinfo(self._small.dtype).max:
            self._small = self._small.astype(np.uint16)
        return number

    @property
    def probabilities(self) -> bool:
        """Whether its values are between 0 and 1 and not all whole."""
        return not self._whole

    @property
    def negative(self) -> bool:
        """Whether some labels were below 0, which stand for none."""
        return self._lowest < 0

    def labels(self) -> Volume:
        """What was filled in."""
        if not self._whole:
            assert self._half is not None
            return (1,), self._half.view(np.uint8)
        found = sorted(self._numbers)
        if found == list(self._numbers):  # they appeared in order
            return tuple(found), self._small
        table = np.zeros(len(found) + 1, self._small.dtype)
        for place, label in enumerate(found, start=1):
            table[self._numbers[label]] = place
        ordered: Layer = table[self._small]
        return tuple(found), ordered


def read_volumes(
    stream: BinaryIO, stored: Stored, cancelled: Callable[[], bool]
) -> tuple[list[Volume], list[str]]:
    """Read all volumes of a file; planes are those along ``k``, in the order of the file.

    Returns
    -------
    volumes, notes : list of Volume, list of str
    """
    columns, rows, count = stored.shape
    volumes = [LabelVolume((count, rows, columns)) for _ in range(stored.channels)]
    for channel, plane, values in planes_of(stream, stored, cancelled):
        volumes[channel].put(plane, values)
    notes = []
    if any(volume.negative for volume in volumes):
        notes.append("Labels below 0 are taken for none.")
    if any(volume.probabilities for volume in volumes):
        notes.append(HALF)
    return [volume.labels() for volume in volumes], notes


def read_labels(
    stream: BinaryIO, stored: Stored, cancelled: Callable[[], bool]
) -> tuple[tuple[Segment, ...], tuple[Layer, ...], tuple[str, ...]]:
    """Read a volume of labels, or several volumes of one structure each.

    Returns
    -------
    segments, layers, notes : tuples
        As `Labelled` has them, planes in the order of the file.
    """
    found, notes = read_volumes(stream, stored, cancelled)
    if not any(numbers for numbers, _ in found):
        raise NotMasksError("all its voxels are 0", "Choose another file.")
    if stored.channels == 1:
        numbers, layer = found[0]
        return _named(numbers), (layer,), tuple(notes)
    if any(label > 1 for numbers, _ in found for label in numbers):
        raise NotMasksError(
            "it has several volumes that are not one structure each",
            "Choose a file with one volume of labels, or of 0 and 1 for each structure.",
        )
    every = np.zeros(found[0][1].shape, np.uint16)
    for _, layer in found:
        every += layer
    background = bool((every == 1).all())  # each voxel is in one of them: the first is the rest
    if background:
        notes.append("Its first volume is what no other has, and is taken for the background.")
    kept = range(1 if background else 0, stored.channels)
    layers = tuple(
        found[channel][1] * np.uint16(place) if place > 255 else found[channel][1] * np.uint8(place)
        for place, channel in enumerate(kept, start=1)
    )
    numbers = tuple(channel if background else channel + 1 for channel in kept)
    return _named(numbers), layers, tuple(notes)


def _named(numbers: tuple[int, ...]) -> tuple[Segment, ...]:
    return tuple(Segment(number, f"Label {number}") for number in numbers)
