"""NIfTI files as masks: whole-numbered labels, probabilities, or a volume for each structure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from unetscope.io.nifti import MM, RAS_TO_LPS, remarks
from unetscope.io.notices import LIBRARY_ERRORS
from unetscope.io.references.label_planes import Stored, check_size, read_labels
from unetscope.io.references.placing import Labelled
from unetscope.io.references.planes import NoPlaceError, Planes
from unetscope.io.references.refusal import NotMasksError

NIFTI_ERRORS = (*LIBRARY_ERRORS, ImageFileError, HeaderDataError)


def read_nifti_labels(path: Path, cancelled: Callable[[], bool]) -> Labelled:
    """Read a NIfTI file as labels on its own grid.

    Raises
    ------
    NotMasksError
        It is no NIfTI file, damaged, or holds no labels.
    Cancelled
        If told to stop.
    """
    with remarks([]):
        image = nib.load(path)
        if not isinstance(image, nib.Nifti1Pair):
            raise NotMasksError("it is no NIfTI file", "Choose a .nii or .nii.gz file.")
        stored = _stored(image)
        check_size(stored)
        known = int(image.header["sform_code"]) > 0 or int(image.header["qform_code"]) > 0
        planes = _planes(image, stored.shape)
    with image.file_map["image"].get_prepare_fileobj("rb") as stream:
        stream.seek(image.dataobj.offset)
        segments, layers, notes = read_labels(stream, stored, cancelled)
    layers = tuple(planes.in_order(layer) for layer in layers)
    return Labelled("NIfTI", segments, layers, planes, notes, placed=known)


def _stored(image: Any) -> Stored:
    proxy = image.dataobj
    shape = [int(n) for n in proxy.shape]
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    if len(shape) == 5 and shape[3] == 1:  # volumes along the fifth axis, as ITK writes them
        del shape[3]
    if not 2 <= len(shape) <= 4:
        raise NotMasksError("it is not a volume", "Choose a 3-D file.")
    i, j, k, channels = (*shape, 1, 1)[:4]
    slope, intercept = float(proxy.slope), float(proxy.inter)
    if not np.isfinite((slope, intercept)).all():
        slope, intercept = 1.0, 0.0
    return Stored((i, j, k), channels, False, np.dtype(proxy.dtype), slope, intercept)


def _planes(image: Any, shape: tuple[int, int, int]) -> Planes:
    scale = np.diag([*[MM.get(image.header.get_xyzt_units()[0], 1.0)] * 3, 1.0])
    lps = RAS_TO_LPS @ scale @ np.asarray(image.affine, np.float64)
    try:
        return Planes.of_affine(lps[:, [2, 1, 0, 3]], shape[::-1])
    except NoPlaceError as error:
        raise NotMasksError(
            "the affine, which says where its voxels lie, has no meaning", "Save it again."
        ) from error
