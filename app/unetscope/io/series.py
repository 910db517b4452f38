"""A series: an ordered set of slices on a grid, read when they are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import Cancelled, StudyError
from unetscope.domain.geometry import Grid, Vector
from unetscope.domain.real_world import RealWorldMap
from unetscope.domain.study import PatientInfo, SeriesInfo, StudyInfo
from unetscope.domain.tags import TagRow
from unetscope.domain.window import Window
from unetscope.io.slices import Image, Slices

Array = TypeVar("Array", bound=NDArray[Any])

_KEPT_SLICES = 64 * 2**20  # bytes of single slices kept for a second look
_KEPT_VOLUME = 2**30  # bytes up to which a volume, once read, is kept


class _Kept(Generic[Array]):
    """The arrays used last, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._arrays: OrderedDict[int, Array] = OrderedDict()

    def get(self, index: int) -> Array | None:
        if index in self._arrays:
            self._arrays.move_to_end(index)
        return self._arrays.get(index)

    def put(self, index: int, array: Array) -> None:
        if index not in self._arrays:
            self._arrays[index] = array
            self._bytes += array.nbytes
        while self._bytes > self._limit and len(self._arrays) > 1:
            _, dropped = self._arrays.popitem(last=False)
            self._bytes -= dropped.nbytes


class Series:
    """Slices of one volume, sorted by position along their normal.

    Safe to use from several threads. Every array it gives is read-only.

    Parameters
    ----------
    info : SeriesInfo
        What it says about itself.
    grid : Grid
        Where its voxels lie.
    slices : Slices
        Its pixels.
    warnings : tuple of str
        What is doubtful, in sentences.
    """

    def __init__(
        self, info: SeriesInfo, grid: Grid, slices: Slices, warnings: tuple[str, ...] = ()
    ) -> None:
        self.info = info
        self.grid = grid
        self._slices = slices
        self._warnings = warnings
        self._unreadable: dict[int, str] = {}
        self._volume: Image | None = None
        self._images: _Kept[Image] = _Kept(_KEPT_SLICES)
        self._raws: _Kept[NDArray[Any]] = _Kept(_KEPT_SLICES)
        self._lock = threading.RLock()  # held for one slice at a time
        self._volume_lock = threading.Lock()  # so that two callers read a volume once

    def __len__(self) -> int:
        return self.grid.shape[0]

    def __repr__(self) -> str:
        return f"<Series {self.modality} {self.shape} {self.description!r}>"

    @property
    def uid(self) -> str:
        """Key, unique in what was opened."""
        return self.info.uid

    @property
    def description(self) -> str:
        """SeriesDescription, and what tells it apart from others split from it."""
        return self.info.description

    @property
    def modality(self) -> str:
        """``MR``, ``CT``, ...; empty when unknown."""
        return self.info.modality

    @property
    def patient(self) -> PatientInfo:
        """Who was examined."""
        return self.info.study.patient

    @property
    def study(self) -> StudyInfo:
        """The visit."""
        return self.info.study

    @property
    def study_uid(self) -> str:
        """StudyInstanceUID; empty when unknown."""
        return self.info.study.uid

    @property
    def frame_of_reference(self) -> str:
        """Key of the patient's space that positions are given in; empty when unknown."""
        return self.info.frame_of_reference

    @property
    def date(self) -> str:
        """``YYYYMMDD`` or empty."""
        return self.info.date

    @property
    def units(self) -> str:
        """Unit of the values: ``HU`` for CT, else empty (arbitrary)."""
        return "" if self._slices.in_colour else self.info.units

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(slices, rows, columns)``."""
        return self.grid.shape

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distances between slices, rows and columns in mm."""
        return self.grid.spacing

    @property
    def affine(self) -> NDArray[np.float64]:
        """(4, 4): voxel index ``(slice, row, column, 1)`` to patient LPS mm."""
        return self.grid.affine

    @property
    def row_direction(self) -> Vector:
        """(3,) unit vector, LPS: where the column index grows, to the right of the image."""
        return self.grid.row_direction

    @property
    def column_direction(self) -> Vector:
        """(3,) unit vector, LPS: where the row index grows, down the image."""
        return self.grid.column_direction

    @property
    def has_orientation(self) -> bool:
        """Whether the file says how the slices lie in the patient."""
        return self.grid.has_orientation

    @property
    def geometry_sure(self) -> bool:
        """False when distances or directions are guessed, uneven or skewed."""
        return self.grid.sure

    @property
    def calibrated(self) -> bool:
        """False when distances within a slice are not known in mm of the patient."""
        return self.grid.calibrated

    @property
    def monochrome1(self) -> bool:
        """Whether the smallest value is meant to be shown white; the values are as stored."""
        return self._slices.monochrome1

    @property
    def padding(self) -> float | None:
        """Value, after rescale, of pixels that hold no picture; of a range the lowest."""
        return None if self._slices.padding is None else self._slices.padding[0]

    @property
    def padding_range(self) -> tuple[float, float] | None:
        """Lowest and highest value, after rescale, of pixels that hold no picture."""
        return self._slices.padding

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful, in sentences; grows when slices turn out to be unreadable."""
        unreadable = list(self._unreadable.values())  # without the lock: a slice may take seconds
        found = list(self._warnings)
        if self._slices.notices:
            found.append(_NOTICED)
        if len(unreadable) == 1:
            found.append(f"1 slice cannot be decoded ({unreadable[0]}).")
        elif unreadable:
            found.append(f"{len(unreadable)} slices cannot be decoded.")
        return tuple(found)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the file library remarked, word for word; may quote values of the header."""
        return tuple(dict.fromkeys(self._slices.notices))

    def position(self, index: int) -> float:
        """Place of a slice along the normal, in mm."""
        return self.grid.positions[self._checked(index)]

    def window(self, index: int) -> Window | None:
        """Window the file gives for a slice."""
        return self._slices.window(self._checked(index))

    def real_world(self, index: int) -> RealWorldMap | None:
        """What stored values of a slice are as a physical quantity; None where not said."""
        return self._slices.real_world(self._checked(index))

    @property
    def source(self) -> Slices:
        """What gives the pixels: frames of DICOM files, or a volume of a NIfTI file."""
        return self._slices

    def path(self, index: int) -> Path:
        """File a slice is in."""
        return self._slices.path(self._checked(index))

    def slice_id(self, index: int) -> Hashable:
        """What tells a slice from all others, in whatever series of this study it is."""
        return self._slices.identity(self._checked(index))

    def find(self, slice_id: Hashable) -> int | None:
        """Index of the slice that has this `slice_id`; None if it is not here."""
        here = (index for index in range(len(self)) if self._slices.identity(index) == slice_id)
        return next(here, None)

    def in_part(self) -> Series:
        """Make a series of these slices that says that others may be missing.

        What is doubtful about their order is not told: it may be only what was not read yet.
        """
        return Series(self.info, replace(self.grid, sure=False), self._slices, (IN_PART,))

    def tags(self, index: int) -> tuple[TagRow, ...]:
        """Header of the file a slice is in, as rows of a table; StudyError if it is gone."""
        return self._slices.tags(self._checked(index))

    def raw(self, index: int) -> NDArray[Any]:
        """Stored values of a slice; of one in red, green and blue their brightness.

        Returns
        -------
        (rows, columns) ndarray
            Dtype as stored, native endian, read-only.

        Raises
        ------
        StudyError
            If it cannot be read or decoded.
        """
        index = self._checked(index)
        with self._lock:
            kept = self._raws.get(index)
            if kept is None:
                kept = self._decoded(index)
                self._raws.put(index, kept)
            return kept

    def colours(self, index: int) -> NDArray[np.uint8] | None:
        """Red, green and blue of a slice, decoded anew each time.

        Returns
        -------
        (rows, columns, 3) ndarray of uint8, or None
            Read-only; None where the slice is grey.

        Raises
        ------
        StudyError
            If it cannot be read or decoded.
        """
        return self._slices.colours(self._checked(index))

    def slice(self, index: int) -> Image:
        """Rescaled values of a slice; of one in colour the brightness, 0 is black.

        Returns
        -------
        (rows, columns) ndarray of float32
            In `units`, read-only.

        Raises
        ------
        StudyError
            If it cannot be read or decoded.
        """
        index = self._checked(index)
        with self._lock:
            if self._volume is not None and index not in self._unreadable:
                image: Image = self._volume[index]
                return image
            kept = self._images.get(index)
            if kept is None:
                kept = self._slices.rescaled(index, self.raw(index))
                kept.setflags(write=False)
                self._images.put(index, kept)
            return kept

    def volume(
        self,
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Image:
        """Rescaled values of all slices.

        Parameters
        ----------
        progress : callable, optional
            Called with slices read and slices in all.
        cancelled : callable, optional
            Asked before every slice; answers True to stop.

        Returns
        -------
        (slices, rows, columns) ndarray of float32
            In `units`, read-only. Where a slice cannot be decoded every value of it is NaN, and
            `warnings` says how many such slices there are:
            ``numpy.isnan(volume).all(axis=(1, 2))`` tells which, `numpy.nanmean` and its kin leave
            them out.

        Raises
        ------
        StudyError
            If no slice can be decoded, or there is not enough memory.
        Cancelled
            If told to stop.
        """
        with self._volume_lock:
            if self._volume is not None:
                return self._volume
            try:
                volume = np.empty(self.shape, dtype=np.float32)
            except (MemoryError, ValueError) as error:
                raise StudyError(
                    f"The series of {len(self)} slices does not fit into memory.",
                    "Close other programs or open fewer slices.",
                ) from error
            failure: StudyError | None = None
            for index in range(len(self)):
                if cancelled is not None and cancelled():
                    raise Cancelled
                try:
                    with self._lock:
                        image = self._images.get(index)
                        if image is None:
                            image = self._slices.rescaled(index, self._decoded(index))
                    volume[index] = image
                except StudyError as error:
                    failure = error
                    volume[index] = np.nan
                if progress is not None:
                    progress(index + 1, len(self))
            if failure is not None and len(self._unreadable) == len(self):
                raise failure
            volume.setflags(write=False)
            if volume.nbytes <= _KEPT_VOLUME:
                with self._lock:
                    self._volume = volume
                    self._images = _Kept(_KEPT_SLICES)
            return volume

    def _decoded(self, index: int) -> NDArray[Any]:
        try:
            stored = self._slices.stored(index)
        except StudyError:
            self._unreadable[index] = self._slices.path(index).name
            raise
        self._unreadable.pop(index, None)
        return stored

    def _checked(self, index: int) -> int:
        if not -len(self) <= index < len(self):
            raise IndexError(f"slice {index} of {len(self)}")
        return index % len(self)


IN_PART = "Not all files are read: slices may be missing."
_NOTICED = (
    "Some header values or pixels break the standard of their format; they are read as well as "
    "can be."
)
