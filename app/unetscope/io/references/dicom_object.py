"""DICOM objects that outline structures: which kind it is, whose it is, what its structures are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info, read_partial
from pydicom.uid import RTStructureSetStorage, SegmentationStorage

from unetscope.domain.reference import OtherPatientError, Reference
from unetscope.domain.sources import SeriesSource
from unetscope.io.dicom import open_inflated
from unetscope.io.dicom_values import items, text, whole
from unetscope.io.image_pixels import read_layout
from unetscope.io.notices import LIBRARY_ERRORS, noticing
from unetscope.io.references.half_read import HalfRead
from unetscope.io.references.item_walk import Place, walk_over
from unetscope.io.references.refusal import DAMAGED, NotMasksError
from unetscope.io.references.rtstruct import lay_contours
from unetscope.io.references.seg import lay_segmentation

SEGMENTATIONS = (SegmentationStorage, "1.2.840.10008.5.1.4.1.1.66.7")  # the latter as labels
_SOP_CLASS = 0x00080016
_FRAMES, _CONTOURS = 0x52009230, 0x30060039
_DEFLATED = "1.2.840.10008.1.2.1.99"
_FRAMES_OF_REFERENCE = "FrameOfReferenceUID"


def holds_structures(path: Path) -> bool:
    """Whether a DICOM file is a segmentation or a structure set."""
    try:
        with noticing([]):
            return _kind(path) != ""
    except LIBRARY_ERRORS:
        return False


def read_dicom_reference(
    path: Path,
    series: SeriesSource,
    cancelled: Callable[[], bool],
    *,
    other_patient: bool,
) -> Reference:
    """Read a DICOM SEG or RTSTRUCT onto a series; see `reading.read_reference`."""
    with noticing([]):
        kind = _kind(path)
        if not kind:
            raise NotMasksError(
                "it is DICOM, but neither a segmentation nor a structure set",
                "Choose a DICOM SEG or an RTSTRUCT.",
            )
        start = deflated_start(path)
        with open_inflated(path, start) as stream:
            opened = _opened(stream, _FRAMES if kind == "SEG" else _CONTOURS)
            notes = _whose(path, opened.dataset, series, other_patient)
            if kind == "RTSTRUCT":
                opened.read_rest(stream)
            else:
                layout, _ = read_layout(path, stream, opened.dataset, opened.pixels(stream), start)
    if kind == "SEG":
        return lay_segmentation(path, opened, layout, series, notes, cancelled)
    return lay_contours(path, opened, series, notes, cancelled)


def _opened(stream: BinaryIO, sequence: int) -> HalfRead:
    """Read a file up to its long sequence, and that as bytes."""
    found: list[Place] = []

    def at_sequence(tag: int, vr: str | None, length: int) -> bool:
        if tag >= sequence:
            found.append(Place(int(tag), vr, stream.tell(), length))
        return tag >= sequence

    dataset = read_partial(stream, stop_when=at_sequence, force=True)
    implicit, little = dataset.original_encoding
    if not little:
        raise NotMasksError("it has its bytes in reverse order, a retired way", "Convert it.")
    opened = HalfRead(dataset, bool(implicit), found[0] if found else None)
    if found and found[0].tag == sequence:
        opened.walk, opened.part, after = walk_over(stream, found[0], implicit=bool(implicit))
        opened.after = after
    return opened


def deflated_start(path: Path) -> int | None:
    """Where the deflated bytes of a file begin; None when it is not deflated."""
    meta = _file_meta(path)
    if text(meta, "TransferSyntaxUID") != _DEFLATED:
        return None
    length = whole(meta, "FileMetaInformationGroupLength")
    if length is None or length < 0:
        raise NotMasksError("its file header is incomplete", DAMAGED)
    return 128 + 4 + 12 + length


def _file_meta(path: Path) -> Any:
    """File meta information; empty for a file without."""
    try:
        return read_file_meta_info(path)
    except InvalidDicomError:
        return Dataset()


def _kind(path: Path) -> str:
    """``SEG``, ``RTSTRUCT``, or empty for anything else."""
    sop_class = text(_file_meta(path), "MediaStorageSOPClassUID")
    if not sop_class:
        with path.open("rb") as stream:
            header = read_partial(stream, lambda tag, vr, length: tag > _SOP_CLASS, force=True)
        sop_class = text(header, "SOPClassUID")
    if sop_class == RTStructureSetStorage:
        return "RTSTRUCT"
    return "SEG" if sop_class in SEGMENTATIONS else ""


def _whose(path: Path, dataset: Any, series: SeriesSource, other_patient: bool) -> list[str]:
    """Compare patient, visit, series and frame of reference; sentences about what differs."""
    patient, wanted = text(dataset, "PatientID"), series.patient.identity
    if patient and wanted and patient != wanted:
        if not other_patient:
            raise OtherPatientError(
                f"{path.name} names another patient than the series does.",
                "Choose the file of this patient.",
            )
        return ["It names another patient than the series does."]
    notes = []
    visit = text(dataset, "StudyInstanceUID")
    if visit and series.study.uid and visit != series.study.uid:
        notes.append("It belongs to another study of this patient.")
    elif (made_for := _referenced_series(dataset)) and _series_uid(series) not in made_for:
        notes.append("It was made for another series of this study.")
    frames = _frames_of_reference(dataset)
    if frames and series.frame_of_reference and series.frame_of_reference not in frames:
        notes.append(
            "It names another frame of reference than the series: the patient may have lain "
            "differently. Look whether the masks fit."
        )
    return notes


def _series_uid(series: SeriesSource) -> str:
    """SeriesInstanceUID of a series, which may be one of several parts of it."""
    return series.uid.split("/")[0].split("#")[0]


def _referenced_series(dataset: Any) -> set[str]:
    found = {text(item, "SeriesInstanceUID") for item in items(dataset, "ReferencedSeriesSequence")}
    for frame in items(dataset, "ReferencedFrameOfReferenceSequence"):
        for study in items(frame, "RTReferencedStudySequence"):
            for series in items(study, "RTReferencedSeriesSequence"):
                found.add(text(series, "SeriesInstanceUID"))
    return found - {""}


def _frames_of_reference(dataset: Any) -> set[str]:
    found = {text(dataset, _FRAMES_OF_REFERENCE)}
    for sequence, keyword in (
        ("ReferencedFrameOfReferenceSequence", _FRAMES_OF_REFERENCE),
        ("StructureSetROISequence", "ReferencedFrameOfReferenceUID"),
    ):
        found |= {text(item, keyword) for item in items(dataset, sequence)}
    return found - {""}
