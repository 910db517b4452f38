"""The images of a series without the patient: the same pixels, as they were encoded."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from unetscope.domain.errors import Cancelled, StudyError
from unetscope.domain.export import AskCancelled, Progress, Written
from unetscope.domain.sources import SeriesSource
from unetscope.io.deidentification.cleaning import Deidentifier
from unetscope.io.dicom import DicomImage, read_image
from unetscope.io.dicom_series import read_slice
from unetscope.io.exports.checked import new_folder, write_within
from unetscope.io.exports.sources import copy_obstacle, images_of, read_dicom
from unetscope.io.grouping import Slice
from unetscope.io.notices import LIBRARY_ERRORS, noticing

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def copy_images(
    series: SeriesSource,
    folder: Path,
    deidentifier: Deidentifier,
    progress: Progress = lambda *_: None,
    cancelled: AskCancelled = lambda: False,
) -> Written:
    """Write the files of a series again, without what tells who the patient is.

    Their names are numbers in the order of the slices. Pixels are not touched: compressed ones
    stay as they are.

    Parameters
    ----------
    folder : Path
        Must not be there; it is made whole or not at all.

    Raises
    ------
    StudyError
        The series is not of DICOM files, or a file is gone, another one by now, or damaged.
    UnetscopeError
        They cannot be written.
    Cancelled
        They are not wanted any more.
    """
    reason = copy_obstacle(series)
    if reason is not None:
        raise reason
    images = images_of(series)
    with new_folder(folder) as place:
        for done, image in enumerate(images):
            if cancelled():
                raise Cancelled
            path = place / f"{done + 1:05d}.dcm"
            content, pixels = _copied(image, deidentifier)

            def write(file: IO[bytes], content: bytes = content) -> None:
                file.write(content)

            write_within(path, write, _pixels_in, _as_bytes(pixels))
            if image.layout.compressed and not _decodes_alike(image, path):
                raise StudyError(
                    f"The compressed pixels of {image.path.name} do not come through a copy.",
                    "They are packed in an unusual way; nothing was written.",
                )
            progress(done + 1, len(images))
    voxels = int(np.prod(series.shape))
    return Written(folder, voxels, len(images))


def _copied(image: DicomImage, deidentifier: Deidentifier) -> tuple[bytes, bytes]:
    """A file without the patient, and its pixels as they are encoded."""
    whole = read_dicom(image, pixels=True)
    if image.layout.compressed and deidentifier.names_in(_pixels(whole), whole):
        raise StudyError(
            "Comments among the compressed pixels hold the patient's name or number.",
            "Have the images exported without compression.",
        )
    try:
        with noticing([]):
            new = deidentifier.cleaned(whole)
            new.file_meta = deidentifier.file_meta(new, _syntax(whole, image))
            stream = io.BytesIO()
            new.save_as(stream, enforce_file_format=True)
            return stream.getvalue(), _pixels(whole)
    except LIBRARY_ERRORS as error:
        raise StudyError(
            f"A file of the series could not be written again ({type(error).__name__}).",
            "Its header is damaged; nothing was written.",
        ) from error


def _decodes_alike(image: DicomImage, path: Path) -> bool:
    """Whether a copy of compressed frames gives the same pixels."""
    copy = read_image(path)
    return len(copy.frames) == len(image.frames) and all(
        np.array_equal(read_slice(Slice(image, one), []), read_slice(Slice(copy, other), []))
        for one, other in zip(image.frames, copy.frames, strict=True)
    )


def _syntax(whole: Dataset, image: DicomImage) -> UID:
    """How a file is encoded, whether or not it says so."""
    if image.layout.deflated is not None:
        return DeflatedExplicitVRLittleEndian
    named = whole.file_meta.get("TransferSyntaxUID") if hasattr(whole, "file_meta") else None
    if named:
        return UID(named)
    implicit, little = whole.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _pixels(dataset: Dataset) -> bytes:
    found = [bytes(dataset[keyword].value) for keyword in _PIXELS if keyword in dataset]
    return found[0] if found else b""


def _pixels_in(file: IO[bytes]) -> NDArray[np.generic]:
    with noticing([]):
        return _as_bytes(_pixels(dcmread(file)))


def _as_bytes(pixels: bytes) -> NDArray[np.generic]:
    return np.frombuffer(pixels, np.uint8)
