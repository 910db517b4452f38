"""NIfTI files as series: the same grid, in the directions a radiologist expects."""

from __future__ import annotations

import logging
import math
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel import imageglobals
from nibabel.arrayproxy import ArrayProxy
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from unetscope.domain.errors import StudyError
from unetscope.domain.geometry import Grid, is_orthogonal, make_affine, slice_normal, unit
from unetscope.domain.real_world import RealWorldMap
from unetscope.domain.study import SeriesInfo, StudyInfo
from unetscope.domain.tags import TagRow, short
from unetscope.domain.window import Window
from unetscope.io.notices import CHOOSE, LIBRARY_ERRORS, NotASlice, noticing
from unetscope.io.series import Series
from unetscope.io.slices import Image, as_written, check_as_written
from unetscope.io.value_maps import Rescale

_LARGEST = 2**32  # bytes of one volume
_MOST_VOLUMES = 10_000
_FARTHEST = 1e9  # mm
_SMALLEST = 1e-9  # mm3, of a voxel
_NIFTI_ERRORS = (*LIBRARY_ERRORS, ImageFileError, HeaderDataError)
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
MM = {"meter": 1000.0, "micron": 0.001}

# Row and column direction (LPS) of a picture in the radiological convention, by the patient axis
# its normal is closest to: sagittal, coronal, axial.
_CONVENTION = (
    ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
    ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
)


class NiftiSlices:
    """The pixels of one volume of a NIfTI file.

    Parameters
    ----------
    path : Path
        The file.
    written : tuple of int
        When it was written, and its size: it is read as long as it is the same.
    proxy : ArrayProxy
        Unscaled values, indexed ``(i, j, k)`` and, in a 4-D file, volume.
    volume : int or None
        Which volume of a 4-D file.
    axes : tuple of int
        Axis of the file that becomes slice, row and column.
    flips : tuple of bool
        Which of these run backwards.
    rescale : Rescale
        To the values the file means.
    window : Window or None
        From cal_min and cal_max.
    notices : list of str
        What nibabel remarked.
    keep : object
        Kept alive as long as the file is needed.
    tags : tuple of TagRow
        The header.
    """

    monochrome1 = False
    in_colour = False
    padding: tuple[float, float] | None = None

    def __init__(
        self,
        path: Path,
        written: tuple[int, int],
        proxy: ArrayProxy,
        volume: int | None,
        axes: tuple[int, ...],
        flips: tuple[bool, ...],
        rescale: Rescale,
        window: Window | None,
        notices: list[str],
        keep: object,
        tags: tuple[TagRow, ...] = (),
    ) -> None:
        self._path = path
        self._written = written
        self._proxy = proxy
        self._at = volume
        self._axes = axes
        self._flips = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
        self._rescale = rescale
        self._window = window
        self.notices = notices
        self._keep = keep
        self._tags = tags
        self._packed = path.name.lower().endswith(".gz")
        self._values: NDArray[Any] | None = None  # of a packed file

    def stored(self, index: int) -> NDArray[Any]:
        check_as_written(self._path, self._written)
        try:
            with remarks(self.notices):
                picture = self._picture(index)
                stored = np.array(picture, dtype=picture.dtype.newbyteorder("="), order="C")
        except _NIFTI_ERRORS as error:
            raise StudyError(
                f"{self._path.name} has pixels that cannot be read.",
                "The file may be damaged or cut short; copy it again.",
            ) from error
        stored.setflags(write=False)
        return stored

    def _picture(self, index: int) -> NDArray[Any]:
        """Take one slice, (rows, columns); of a packed file all of the volume is unpacked once."""
        picture: NDArray[Any]
        if self._packed:
            if self._values is None:
                self._values = self._turned(slice(None))
            picture = self._values[index]
        else:
            count = self._proxy.shape[2] if len(self._proxy.shape) > 2 else 1
            at = range(count)[self._flips[0]][index]
            picture = self._turned(slice(at, at + 1))[0]
        return picture

    def _turned(self, which: slice) -> NDArray[Any]:
        """Read some slices as (slices, rows, columns).

        They are read, not mapped: where a mapped file is cut short, the system ends the program.
        """
        key: tuple[Any, ...] = (slice(None), slice(None), which)[: len(self._proxy.shape)]
        if self._at is not None:
            key = (*key, *np.unravel_index(self._at, self._proxy.shape[3:], order="F"))
        values = np.asanyarray(self._proxy[key])
        if values.ndim == 2:
            values = values[:, :, np.newaxis]
        turned: NDArray[Any] = values.transpose(self._axes)[self._flips]
        return turned

    def colours(self, index: int) -> NDArray[np.uint8] | None:
        return None

    def rescaled(self, index: int, stored: NDArray[Any]) -> Image:
        return self._rescale.apply(stored)

    def window(self, index: int) -> Window | None:
        return self._window

    def real_world(self, index: int) -> RealWorldMap | None:
        return None

    def path(self, index: int) -> Path:
        return self._path

    def identity(self, index: int) -> Hashable:
        return (self, index)

    def tags(self, index: int) -> tuple[TagRow, ...]:
        return self._tags


class _ToNotices(logging.Handler):
    def __init__(self, notices: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._notices = notices

    def emit(self, record: logging.LogRecord) -> None:
        self._notices.append(record.getMessage())


@contextmanager
def remarks(notices: list[str]) -> Iterator[None]:
    """Turn what nibabel warns of, and what it would print about a header, into notices."""
    with noticing(notices):  # one thread at a time
        logger = imageglobals.logger
        before = list(logger.handlers)
        logger.handlers[:] = [_ToNotices(notices)]
        try:
            yield
        finally:
            logger.handlers[:] = before


def read_nifti(path: Path, keep: object = None) -> list[Series]:
    """Open a NIfTI file: one series for each 3-D volume.

    Slices lie along the third axis of the file. Rows and columns are turned so that an axial
    picture has the patient's right at its left edge and anterior on top, a coronal one right at
    the left and the head on top, a sagittal one anterior at the left and the head on top; the
    affine follows.

    Raises
    ------
    NotASlice
        If it is not a grey NIfTI image, or is damaged.

    References
    ----------
    NIfTI-1 header: ``nifti1.h``; its x, y, z are Right, Anterior, Superior.
    """
    notices: list[str] = []
    try:
        written = as_written(path)
        with remarks(notices):
            image = nib.load(path)
            if not isinstance(image, nib.Nifti1Pair):
                raise NotASlice(path, "not a NIfTI file", CHOOSE)
            return _series(path, written, image, notices, keep)
    except NotASlice:
        raise
    except _NIFTI_ERRORS as error:
        raise NotASlice(path, "damaged, or not a NIfTI file", "Copy it again.") from error


def _series(
    path: Path, written: tuple[int, int], image: Any, notices: list[str], keep: object
) -> list[Series]:
    proxy = image.dataobj
    shape = tuple(int(n) for n in proxy.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    dtype = np.dtype(proxy.dtype)
    if dtype.kind not in "iuf":
        raise NotASlice(path, "a colour or complex image", "Choose an image of grey values.")
    if not 2 <= len(shape) <= 4 or min(shape) < 1:
        raise NotASlice(path, f"an image with the odd shape {shape}", "Choose a 3-D image.")
    spatial = (*shape, 1)[:3]
    if math.prod(spatial) * dtype.itemsize > _LARGEST:
        raise NotASlice(path, "larger than 4 GB a volume, or damaged")
    count = shape[3] if len(shape) == 4 else 1
    if count > _MOST_VOLUMES:
        raise NotASlice(path, f"damaged: it claims {count} volumes")
    plain = path.name.lower().endswith(".nii")
    if plain and path.stat().st_size < proxy.offset + math.prod(shape) * dtype.itemsize:
        raise NotASlice(path, "cut short", "Copy it again.")
    unscaled = ArrayProxy(proxy.file_like, (proxy.shape, dtype, proxy.offset), mmap=False)
    slope, inter = float(proxy.slope), float(proxy.inter)
    grid, axes, flips, warnings = _placed(image, spatial)
    stem = path.name[: -len(".nii.gz")] if path.name.lower().endswith(".nii.gz") else path.stem
    tags = _tags(image.header)
    made = []
    for volume in range(count):
        label = f"{stem} (volume {volume + 1})" if count > 1 else stem
        uid = f"nifti:{path.name}" + (f"/volume {volume + 1}" if count > 1 else "")
        at = volume if len(proxy.shape) > 3 else None
        rescale = Rescale(slope, inter)
        pixels = NiftiSlices(
            path, written, unscaled, at, axes, flips, rescale, _window(image), notices, keep, tags
        )
        info = SeriesInfo(uid=uid, description=label, study=StudyInfo(description=stem))
        made.append(Series(info, grid, pixels, tuple(warnings)))
    return made


def _tags(header: Any) -> tuple[TagRow, ...]:
    rows = []
    for name, value in header.items():
        plain = value.item() if value.ndim == 0 else value.tolist()
        said = plain.decode("latin-1").rstrip("\0") if isinstance(plain, bytes) else str(plain)
        rows.append(TagRow(0, "", name, value.dtype.str[1:], short(said), name))
    return tuple(rows)


def _window(image: Any) -> Window | None:
    low, high = float(image.header["cal_min"]), float(image.header["cal_max"])
    try:
        return Window((low + high) / 2, high - low, "LINEAR_EXACT")
    except ValueError:  # absent (both 0), upside down or not finite
        return None


def _placed(
    image: Any, spatial: tuple[int, ...]
) -> tuple[Grid, tuple[int, ...], tuple[bool, ...], list[str]]:
    """Choose which axis becomes slice, row and column and which are flipped; build the grid."""
    warnings = []
    known = int(image.header["sform_code"]) > 0 or int(image.header["qform_code"]) > 0
    scale = np.diag([*[MM.get(image.header.get_xyzt_units()[0], 1.0)] * 3, 1.0])
    lps = RAS_TO_LPS @ scale @ np.asarray(image.affine, dtype=np.float64)
    usable = bool((np.abs(lps) < _FARTHEST).all())  # no NaN, nothing that overflows
    sure = True
    meaningful = usable and abs(float(np.linalg.det(lps[:3, :3]))) >= _SMALLEST
    if not meaningful:
        warnings.append("The affine in the file has no meaning; voxels of 1 mm are assumed.")
        lps, known, sure = RAS_TO_LPS.copy(), False, False
    if not known:
        warnings.append("The file does not say how the slices lie in the patient.")
        sure = False

    directions = lps[:3, :3] / np.linalg.norm(lps[:3, :3], axis=0)
    normal_axis = int(np.argmax(np.abs(np.cross(directions[:, 0], directions[:, 1]))))
    right, down = (np.array(v) for v in _CONVENTION[normal_axis])
    i, j = directions[:, 0], directions[:, 1]
    straight = abs(i @ right) + abs(j @ down)
    turned = abs(j @ right) + abs(i @ down)
    axes = (2, 0, 1) if turned > straight + 1e-6 else (2, 1, 0)
    flip_row = bool(directions[:, axes[1]] @ down < 0)
    flip_column = bool(directions[:, axes[2]] @ right < 0)
    rows = directions[:, axes[2]] * (-1 if flip_column else 1)
    columns = directions[:, axes[1]] * (-1 if flip_row else 1)
    normal = np.cross(rows, columns)
    flips = (bool(directions[:, 2] @ normal < 0), flip_row, flip_column)

    affine = _turned_affine(lps, spatial, axes, flips)
    grid_normal, row_unit = slice_normal(rows, columns), unit(rows)
    if grid_normal is None or row_unit is None:  # not with a determinant above 0
        raise ValueError("parallel axes")
    between = float(affine[:3, 0] @ grid_normal)
    sheared = float(np.linalg.norm(affine[:3, 0] - between * grid_normal)) > 1e-3 * between
    if sheared or not is_orthogonal(rows, columns):
        warnings.append("The axes of the volume are not at right angles; reformats are skewed.")
        sure, meaningful = False, meaningful and is_orthogonal(rows, columns)
    column_unit = np.cross(grid_normal, row_unit)
    for axis in (row_unit, column_unit):
        axis.setflags(write=False)
    start = float(affine[:3, 3] @ grid_normal)
    shape = (spatial[axes[0]], spatial[axes[1]], spatial[axes[2]])
    grid = Grid(
        shape=shape,
        spacing=(
            between,
            float(np.linalg.norm(affine[:3, 1])),
            float(np.linalg.norm(affine[:3, 2])),
        ),
        affine=affine,
        row_direction=row_unit,
        column_direction=column_unit,
        positions=tuple(start + index * between for index in range(shape[0])),
        has_orientation=known,
        sure=sure,
        calibrated=meaningful,
    )
    return grid, axes, flips, warnings


def _turned_affine(
    lps: NDArray[np.float64],
    spatial: tuple[int, ...],
    axes: tuple[int, ...],
    flips: tuple[bool, ...],
) -> NDArray[np.float64]:
    """Affine of ``(slice, row, column)`` from that of ``(i, j, k)``."""
    origin = np.zeros(3)
    steps = []
    for axis, flip in zip(axes, flips, strict=True):
        origin[axis] = spatial[axis] - 1 if flip else 0
        steps.append(-lps[:3, axis] if flip else lps[:3, axis])
    return make_affine(lps[:3, :3] @ origin + lps[:3, 3], *steps)
