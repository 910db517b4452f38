"""A mask as DICOM SEG, on the images that it was made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

import numpy as np
from pydicom import Dataset

from unetscope.domain.errors import Cancelled
from unetscope.domain.export import AskCancelled, Format, Labels, Order, Written
from unetscope.io.deidentification.cleaning import Deidentifier
from unetscope.io.exports.checked import write_checked
from unetscope.io.exports.seg_making import SegTask
from unetscope.io.exports.seg_process import make_apart
from unetscope.io.exports.seg_reading import as_fractions, read_segments
from unetscope.io.exports.sources import DicomSource, SourceFrame, dicom_source, pieces_of

Make = Callable[[SegTask, AskCancelled], bytes]


def write_seg(
    order: Order,
    deidentifier: Deidentifier | None = None,
    cancelled: AskCancelled = lambda: False,
    make: Make = make_apart,
) -> Written:
    """Write a mask as DICOM SEG, and compare what was written with it.

    Parameters
    ----------
    order : Order
        What is wanted.
    deidentifier : Deidentifier, optional
        Takes the patient out; given, so that images written with it have the same new UIDs.
    cancelled : callable
        Answers True to stop.
    make : callable
        What makes the bytes: in another process, unless told otherwise.

    Raises
    ------
    StudyError
        The series has no place for one, or its files have changed.
    UnetscopeError
        It cannot be made or written; nothing is left behind.
    Cancelled
        It is not wanted any more.
    """
    source = dicom_source(order.series)
    kept = order.kept()
    task = _task(order, source, kept, deidentifier)
    content = make(task, cancelled)
    if cancelled():
        raise Cancelled
    positions = np.array([frame.position for frame in source.frames])
    indices = tuple(each.index for each in order.classes)
    expected = kept if task.probabilities is None else as_fractions(task.probabilities)

    def write(file: IO[bytes]) -> None:
        file.write(content)

    voxels = write_checked(
        order.path, write, lambda file: read_segments(file, positions, indices), expected
    )
    notes = () if expected.any() else ("No voxel is of any class.",)
    return Written(order.path, voxels, notes=notes)


def _task(
    order: Order, source: DicomSource, kept: Labels, deidentifier: Deidentifier | None
) -> SegTask:
    series = order.series
    header, frames, space = source.header, source.frames, series.frame_of_reference
    if deidentifier is not None:
        header, space = deidentifier.cleaned(header), deidentifier.uid(space)
        frames = tuple(_renamed(frame, deidentifier) for frame in frames)
    probabilities = order.probabilities
    if probabilities is not None:
        is_wanted = np.isin(np.arange(len(kept)), order.wanted)
        probabilities = np.where(is_wanted[:, None, None, None], probabilities, 0)
    return SegTask(
        labels=kept,
        probabilities=None if probabilities is None else probabilities.astype(np.float32),
        labelmap=order.format is Format.SEG_LABELMAP,
        classes=order.classes,
        maker=order.maker,
        frames=frames,
        header=_people(header),
        frame_of_reference=space,
        directions=(*map(float, series.row_direction), *map(float, series.column_direction)),
        spacing=series.spacing,
        thickness=pieces_of(series)[0].frame.thickness or series.spacing[0],
        deidentified=deidentifier is not None,
    )


def _renamed(frame: SourceFrame, deidentifier: Deidentifier) -> SourceFrame:
    uid = deidentifier.uid(frame.sop_uid)
    return SourceFrame(frame.sop_class, uid, frame.number, frame.position)


def _people(header: Dataset) -> Dataset:
    """The part of a header that a segmentation repeats: small enough to be sent on."""
    part = Dataset()
    for element in header.group_dataset(0x0008), header.group_dataset(0x0010):
        part.update({each.tag: each for each in element if each.VR != "SQ"})
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "StudyID", "SeriesNumber"):
        if keyword in header:
            part[keyword] = header[keyword]
    return part
