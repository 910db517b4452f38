"""A mask as a NIfTI file, on the grid of its series."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Literal, cast

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import Cancelled, StudyError
from unetscope.domain.export import RESEARCH, AskCancelled, Order, Written
from unetscope.io.exports.checked import write_checked

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_SCANNER, _UNKNOWN = 1, 0  # codes of what the coordinates are in
_DESCRIPTION = 79  # characters
_HEADER, _VOXELS = 348, 352  # bytes of the header, and before the first voxel


def write_nifti(order: Order, cancelled: AskCancelled = lambda: False) -> Written:
    """Write a mask as ``.nii.gz`` and compare what was written with it.

    Voxels are indexed ``(column, row, slice)``, as most programs write them. What the classes are
    is in no header: the model card says so, and a table of volumes.

    Raises
    ------
    StudyError
        The series has no affine that means anything.
    UnetscopeError
        It cannot be written; nothing is left behind.
    Cancelled
        It is not wanted any more.

    References
    ----------
    ``nifti1.h``: qform and sform, ``NIFTI_INTENT_LABEL``.
    """
    lps = np.asarray(order.series.affine, float)[:, [2, 1, 0, 3]]
    if not np.isfinite(lps).all() or abs(np.linalg.det(lps)) < 1e-9:
        raise StudyError(
            "The slices of this series have no place that a NIfTI file could tell.",
            "Choose pictures instead.",
        )
    kept = order.kept()
    known = _SCANNER if order.series.has_orientation else _UNKNOWN
    affine = _LPS_TO_RAS @ lps
    header = nib.Nifti1Header()
    header.set_data_shape(kept.shape[::-1])
    header.set_data_dtype(np.uint8)
    header.set_qform(affine, code=known, strip_shears=True)
    header.set_sform(affine, code=known)
    header.set_xyzt_units("mm", "sec")
    header.set_intent("label", name="mask")
    header["descrip"] = _description(order).encode("ascii", "replace")[:_DESCRIPTION]
    header["magic"], header["vox_offset"] = b"n+1", _VOXELS
    packed = order.path.name.endswith(".gz")

    def write(file: IO[bytes]) -> None:
        with _stream(file, "wb", packed=packed) as stream:
            stream.write(header.binaryblock.ljust(_VOXELS, b"\0"))
            for picture in kept:  # the last index of the file is the first here: slices
                if cancelled():
                    raise Cancelled
                stream.write(picture.tobytes())

    def read(file: IO[bytes]) -> NDArray[np.generic]:
        with _stream(file, "rb", packed=packed) as stream:
            found = nib.Nifti1Header(stream.read(_VOXELS)[:_HEADER])
            if known and not np.allclose(found.get_best_affine(), affine, atol=1e-3):
                raise ValueError("the affine was lost")
            back = np.empty(found.get_data_shape()[::-1], np.uint8)
            for picture in back:
                picture[:] = np.frombuffer(stream.read(picture.size), np.uint8).reshape(
                    picture.shape
                )
        return back

    voxels = write_checked(order.path, write, read, kept)
    notes = () if order.series.geometry_sure else ("The geometry of the series is unsure.",)
    return Written(order.path, voxels, notes=notes)


def _description(order: Order) -> str:
    maker = order.maker
    edited = f", {maker.edits} edits" if maker.edits else ""
    return f"{RESEARCH}. Unetscope, model {maker.fingerprint.removeprefix('sha256:')[:12]}{edited}"


@contextmanager
def _stream(file: IO[bytes], mode: Literal["rb", "wb"], *, packed: bool) -> Iterator[IO[bytes]]:
    """A file, or what is packed in it; the name and the time of packing are not told."""
    if not packed:
        yield file
        return
    with gzip.GzipFile(filename="", mode=mode, fileobj=file, mtime=0) as inside:
        yield cast("IO[bytes]", inside)
