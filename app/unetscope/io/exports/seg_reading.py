"""The mask in a DICOM SEG, read without the library that wrote it: to compare the two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from unetscope.io.notices import noticing

_SAME_PLACE = 1e-3  # mm
_FULL = 255


def read_segments(
    file: IO[bytes], positions: NDArray[np.float64], labels: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Read the mask of a DICOM SEG that lies on slices.

    Parameters
    ----------
    positions : (slices, 3) ndarray of float64
        ImagePositionPatient of the slices, LPS mm.
    labels : tuple of int
        What the segments are in the mask, the first first.

    Returns
    -------
    (slices, rows, columns) ndarray of uint8
        The mask; of a fractional one ``(slices, rows, columns, segments)`` of 0 to 255.

    Raises
    ------
    ValueError
        A frame lies on none of the slices, or two segments on one voxel.
    """
    with noticing([]):
        dataset = dcmread(file)
        shared = dataset.SharedFunctionalGroupsSequence[0]
        kind = dataset.SegmentationType
        shape = (len(positions), int(dataset.Rows), int(dataset.Columns))
        fractions = np.zeros((*shape, len(labels)), np.uint8) if kind == "FRACTIONAL" else None
        mask = np.zeros(shape, np.uint8)
        table = np.array([0, *labels], np.uint8)
        for frame, item in zip(
            _frames(dataset), dataset.PerFrameFunctionalGroupsSequence, strict=True
        ):
            index = _slice_at(item.PlanePositionSequence[0].ImagePositionPatient, positions)
            if kind == "LABELMAP":
                mask[index] = table[frame]
                continue
            named = item if "SegmentIdentificationSequence" in item else shared
            number = named.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            if fractions is not None:
                fractions[index, ..., number - 1] = frame
                continue
            inside = frame > 0
            if mask[index][inside].any():
                raise ValueError("two segments overlap")
            mask[index][inside] = table[number]
    return mask if fractions is None else fractions


def _frames(dataset: Dataset) -> Iterator[NDArray[np.uint8]]:
    """The frames one by one; bits of one may begin in the last byte of the one before."""
    count, rows, columns = (int(dataset.NumberOfFrames), int(dataset.Rows), int(dataset.Columns))
    values, size = np.frombuffer(dataset.PixelData, np.uint8), rows * columns
    for start in range(0, count * size, size):
        if dataset.BitsAllocated == 1:
            held = values[start // 8 : (start + size + 7) // 8]
            frame = np.unpackbits(held, bitorder="little")[start % 8 :][:size]
        else:
            frame = values[start : start + size]
        yield frame.reshape(rows, columns)


def _slice_at(position: Any, positions: NDArray[np.float64]) -> int:
    away = np.linalg.norm(positions - np.array([float(value) for value in position]), axis=1)
    index = int(away.argmin())
    if away[index] > _SAME_PLACE:
        raise ValueError("a frame lies on no slice")
    return index


def as_fractions(probabilities: NDArray[Any]) -> NDArray[np.uint8]:
    """Probabilities as a fractional SEG holds them: 0 to 255."""
    fractions: NDArray[np.uint8] = np.around(
        np.clip(probabilities, 0, 1).astype(np.float32) * float(_FULL)
    ).astype(np.uint8)
    return fractions
