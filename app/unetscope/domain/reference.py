"""A reference: structures that somebody else outlined, on the grid of a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.codes import Code
from unetscope.domain.errors import StudyError

Bools = NDArray[np.bool_]
Matching = tuple[tuple[int, tuple[int, ...]], ...]
"""For each class of the model card that has any: its index, and the segments that make it."""


class OtherPatientError(StudyError):
    """A file of masks that names another patient than the series does."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One labelled structure of a reference.

    Attributes
    ----------
    number : int
        Its label in the file, > 0.
    name : str
        What the file calls it.
    colour : str or None
        ``#rrggbb`` that the file recommends.
    code : Code or None
        What it is.
    """

    number: int
    name: str
    colour: str | None = None
    code: Code | None = None


PackedSlice = tuple[int, int, NDArray[np.uint8]]
"""The part of a slice that has any: its first row, first byte of columns, and bits."""


def pack_slice(mask: Bools) -> PackedSlice:
    """Pack a ``(rows, columns)`` mask that has at least one pixel."""
    rows = np.flatnonzero(mask.any(axis=1))
    bits = np.packbits(mask[rows[0] : rows[-1] + 1], axis=1)
    used = np.flatnonzero(bits.any(axis=0))
    part = bits[:, used[0] : used[-1] + 1].copy()  # of its own: the rest need not be kept
    part.setflags(write=False)
    return int(rows[0]), int(used[0]), part


@dataclass(frozen=True, slots=True, eq=False)
class BitMask:
    """A yes or no for each voxel, one bit each, of each slice only the part that has any.

    Attributes
    ----------
    shape : tuple of int
        ``(slices, rows, columns)`` of the grid.
    slices : mapping of int to PackedSlice
        Those that have any.
    """

    shape: tuple[int, int, int]
    slices: Mapping[int, PackedSlice]

    @classmethod
    def of(cls, mask: Bools) -> BitMask:
        """Pack a ``(slices, rows, columns)`` mask."""
        slices, rows, columns = mask.shape
        here = np.flatnonzero(mask.any(axis=(1, 2))).tolist()
        return cls((slices, rows, columns), {index: pack_slice(mask[index]) for index in here})

    @property
    def count(self) -> int:
        """Voxels that are in it."""
        return sum(int(np.bitwise_count(bits).sum()) for _, _, bits in self.slices.values())

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        return sum(bits.nbytes for _, _, bits in self.slices.values())

    def slice(self, index: int) -> Bools:
        """One slice: ``(rows, columns)`` ndarray of bool."""
        whole = np.zeros(self.shape[1:], np.bool_)
        self.put_slice(index, whole, True)
        return whole

    def whole(self) -> Bools:
        """All of it: ``(slices, rows, columns)`` ndarray of bool."""
        whole = np.zeros(self.shape, np.bool_)
        for index in self.slices:
            self.put_slice(index, whole[index], True)
        return whole

    def put_slice(self, index: int, into: NDArray[np.generic], value: int) -> None:
        """Set the pixels of a slice that are in the mask to a value, in place."""
        if index not in self.slices:
            return
        row, byte, bits = self.slices[index]
        part = into[row : row + len(bits), 8 * byte : 8 * (byte + bits.shape[1])]
        part[np.unpackbits(bits, axis=1, count=part.shape[1]).view(np.bool_)] = value


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Structures outlined by somebody else, on the grid of the series they are for.

    Attributes
    ----------
    name : str
        Of the file.
    kind : str
        ``DICOM SEG``, ``RTSTRUCT``, ``NIfTI`` or ``NRRD``.
    segments : tuple of Segment
        What it holds, in the order of the file; each has its mask.
    shape : tuple of int
        ``(slices, rows, columns)`` of the series.
    notes : tuple of str
        What must be known about how it was read, a sentence each; none says who the patient is.
    """

    name: str
    kind: str
    segments: tuple[Segment, ...]
    shape: tuple[int, int, int]
    notes: tuple[str, ...] = ()
    masks: Mapping[int, BitMask] = field(default_factory=dict, repr=False)

    def mask(self, number: int) -> Bools:
        """Voxels of one segment.

        Returns
        -------
        (slices, rows, columns) ndarray of bool

        Raises
        ------
        KeyError
            There is no segment of this number.
        """
        return self.masks[number].whole()

    def slice_mask(self, number: int, index: int) -> Bools:
        """Pixels of one segment in one slice: ``(rows, columns)`` ndarray of bool."""
        return self.masks[number].slice(index)

    def voxels(self, number: int) -> int:
        """How many voxels of the series a segment has."""
        return self.masks[number].count

    def labels(self, matching: Matching) -> NDArray[np.uint8]:
        """The reference in the model's classes; 0 where no class has a segment.

        Parameters
        ----------
        matching : Matching
            Which segments make which class. Where two classes overlap the later one counts.

        Returns
        -------
        (slices, rows, columns) ndarray of uint8
            Class indices.
        """
        labels = np.zeros(self.shape, np.uint8)
        for index in range(self.shape[0]):
            self._put(matching, index, labels[index])
        return labels

    def slice_labels(self, matching: Matching, index: int) -> NDArray[np.uint8]:
        """One slice of `labels`: ``(rows, columns)`` ndarray of uint8."""
        labels = np.zeros(self.shape[1:], np.uint8)
        self._put(matching, index, labels)
        return labels

    def _put(self, matching: Matching, index: int, labels: NDArray[np.uint8]) -> None:
        for class_index, numbers in matching:
            for number in numbers:
                if number in self.masks:
                    self.masks[number].put_slice(index, labels, class_index)
