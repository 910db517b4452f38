"""A segmentation in whatever form it is wanted."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from unetscope.domain.errors import StudyError
from unetscope.domain.export import AskCancelled, Format, Order, Progress, Written
from unetscope.domain.sources import SeriesSource
from unetscope.io.deidentification.cleaning import Deidentifier
from unetscope.io.deidentification.concerns import concerns
from unetscope.io.exports import images, sources
from unetscope.io.exports.pictures import write_pngs, write_tiff
from unetscope.io.exports.seg_process import make_apart
from unetscope.io.exports.segmentations import Make, write_seg
from unetscope.io.exports.tables import write_volumes
from unetscope.io.exports.volumes import write_nifti


def write_segmentation(
    order: Order,
    progress: Progress = lambda *_: None,
    cancelled: AskCancelled = lambda: False,
    make: Make = make_apart,
) -> Written:
    """Write a segmentation as its order says, and the images with it where that is wanted.

    Raises
    ------
    StudyError, UnetscopeError
        It cannot be; nothing is left behind.
    Cancelled
        It is not wanted any more.
    """
    form = order.format
    if sources.is_of(order.series, order.path):
        raise StudyError(
            f"{order.path.name} is a file of this series, which is never overwritten.",
            "Choose another name.",
        )
    if form is Format.NIFTI:
        return write_nifti(order, cancelled)
    if form is Format.PNG:
        return write_pngs(order, progress, cancelled)
    if form is Format.TIFF:
        return write_tiff(order, cancelled)
    if form is Format.CSV:
        return write_volumes(order)
    if not order.deidentified:
        return write_seg(order, None, cancelled, make)
    deidentifier = Deidentifier()
    if order.images is None:
        written = write_seg(order, deidentifier, cancelled, make)
        alone = "Its UIDs are new: no viewer lays it on the original images by itself."
        return replace(written, notes=(*written.notes, alone))
    copied = images.copy_images(order.series, order.images, deidentifier, progress, cancelled)
    try:
        written = write_seg(order, deidentifier, cancelled, make)
    except BaseException:
        shutil.rmtree(order.images, ignore_errors=True)
        raise
    beside = f"The {copied.files:,} images it belongs to are in {copied.path.name}."
    return replace(written, notes=(*written.notes, beside))


def copy_images(
    series: SeriesSource,
    folder: Path,
    progress: Progress = lambda *_: None,
    cancelled: AskCancelled = lambda: False,
) -> Written:
    """Write the images of a series without the patient; see `images.copy_images`."""
    return images.copy_images(series, folder, Deidentifier(), progress, cancelled)


def concerns_of(series: SeriesSource) -> tuple[str, ...]:
    """What in the pixels may tell who the patient is; reads the header of the first file."""
    found = sources.images_of(series)
    try:
        header = sources.read_dicom(found[0]) if found else {}
    except StudyError:
        header = {}
    return concerns(series, header)
