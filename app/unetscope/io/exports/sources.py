"""The files that a series came from: what a segmentation refers to, and whether it may."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread

from unetscope.domain.errors import StudyError
from unetscope.domain.export import IN_DICOM, Format
from unetscope.domain.sources import SeriesSource
from unetscope.io.dicom import DicomImage, open_inflated
from unetscope.io.dicom_series import DicomSlices
from unetscope.io.grouping import SEVERAL_PATIENTS, Slice
from unetscope.io.notices import LIBRARY_ERRORS, noticing
from unetscope.io.series import Series
from unetscope.io.slices import check_as_written

_TOLD_APART = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """One slice as a segmentation refers to it.

    Attributes
    ----------
    sop_class, sop_uid : str
        Of the file it is in.
    number : int
        Of its frame there, from 1; 0 in a file of one slice.
    position : tuple of float
        ImagePositionPatient, LPS mm.
    """

    sop_class: str
    sop_uid: str
    number: int
    position: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DicomSource:
    """The slices of a series in DICOM files, and the header of the first of them.

    Attributes
    ----------
    frames : tuple of SourceFrame
        In the order of the slices.
    header : Dataset
        Without pixels.
    """

    frames: tuple[SourceFrame, ...]
    header: Dataset


def pieces_of(series: SeriesSource) -> tuple[Slice, ...]:
    """The frames that the slices of a series are; none if it is not of DICOM files."""
    source = series.source if isinstance(series, Series) else None
    return source.pieces if isinstance(source, DicomSlices) else ()


def images_of(series: SeriesSource) -> tuple[DicomImage, ...]:
    """The files of a series, in the order of its slices."""
    return tuple({id(piece.image): piece.image for piece in pieces_of(series)}.values())


def is_of(series: SeriesSource, path: Path) -> bool:
    """Whether a path is a file that the slices of a series are read from."""
    if not isinstance(series, Series):
        return False
    here = path.resolve()
    return any(series.path(index).resolve() == here for index in range(len(series)))


def obstacle(series: SeriesSource, form: Format) -> StudyError | None:
    """Why a series cannot be segmented as a format; None when it can. Reads no file."""
    return _obstacle_in_dicom(series) if form in IN_DICOM else None


def copy_obstacle(series: SeriesSource) -> StudyError | None:
    """Why the files of a series cannot be copied without identity; None when they can."""
    pieces = pieces_of(series)
    if not pieces:
        return StudyError(
            "This series does not come from DICOM files.", "A NIfTI file holds no such identity."
        )
    if not all(piece.image.sop_uid and piece.image.series_uid for piece in pieces):
        return StudyError("Files of this series have no UID of their own.", "Export them again.")
    return None


def _obstacle_in_dicom(series: SeriesSource) -> StudyError | None:
    pieces = pieces_of(series)
    instead = "Choose NIfTI or pictures instead."
    if not pieces:
        return StudyError(
            "DICOM SEG refers to DICOM images, and this series does not come from any.", instead
        )
    people = [piece.image.study.patient for piece in pieces]
    if len({(person.identity, person.name) for person in people}) > 1 or any(
        w.endswith(SEVERAL_PATIENTS) for w in series.warnings
    ):
        return StudyError(
            "The files of this series are of more than one patient.",
            "Have the study exported again, each patient on its own.",
        )
    if not series.geometry_sure or not series.has_orientation:
        return StudyError(
            "The geometry of this series is unsure, so nobody could say where its mask lies.",
            instead,
        )
    if not series.frame_of_reference:
        return StudyError(
            "The files of this series do not name the space that positions are in.", instead
        )
    uids = {(piece.image.sop_uid, piece.frame.index) for piece in pieces}
    if len(uids) < len(pieces) or not all(uid for uid, _ in uids):
        return StudyError("Files of this series have no UID of their own to refer to.", instead)
    if not pieces[0].image.series_uid or not pieces[0].image.study.uid:
        return StudyError("The files of this series do not name their study.", instead)
    return None


def read_dicom(
    image: DicomImage, *, pixels: bool = False, only: list[str] | None = None
) -> Dataset:
    """Read the data set of a file, as long as it is the file that was opened.

    Parameters
    ----------
    pixels : bool
        Whether with pixels.
    only : list of str, optional
        Keywords of what is wanted of it; left out, all.

    Raises
    ------
    StudyError
        It is gone, locked, another one by now, or damaged.
    """
    path = image.path
    check_as_written(path, image.written)
    try:
        with noticing([]), open_inflated(path, image.layout.deflated) as stream:
            return dcmread(stream, force=True, stop_before_pixels=not pixels, specific_tags=only)
    except LIBRARY_ERRORS as error:
        raise StudyError(f"{path.name} cannot be read again.", "Open the study again.") from error


def dicom_source(series: SeriesSource) -> DicomSource:
    """Look at the files of a series once more, and say what a segmentation of it refers to.

    Raises
    ------
    StudyError
        There is an `obstacle`, or a file has changed or is gone.
    """
    reason = _obstacle_in_dicom(series)
    if reason is not None:
        raise reason
    pieces = pieces_of(series)
    classes = {}
    for image in images_of(series):
        found = read_dicom(image, only=_TOLD_APART)
        if str(found.get("SOPInstanceUID", "")) != image.sop_uid:
            raise StudyError(
                f"{image.path.name} has changed since it was opened.", "Open the study again."
            )
        classes[image.sop_uid] = str(found.get("SOPClassUID", ""))
    frames = []
    for piece in pieces:
        uid, frame = piece.image.sop_uid, piece.frame
        assert frame.position is not None  # else the geometry were not sure
        number = frame.index + 1 if len(piece.image.frames) > 1 else 0
        frames.append(SourceFrame(classes[uid], uid, number, frame.position))
    return DicomSource(tuple(frames), read_dicom(pieces[0].image))
