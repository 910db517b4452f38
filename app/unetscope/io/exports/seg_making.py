"""A DICOM SEG from a mask, in memory, by highdicom; which takes seconds to import and to run."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import format_number_as_ds

from unetscope.domain.codes import Code
from unetscope.domain.export import RESEARCH, ExportedClass, Labels, Maker
from unetscope.io.dicom_values import whole
from unetscope.io.exports.sources import SourceFrame
from unetscope.io.notices import noticing

MANUFACTURER = "Unetscope"
_STAND_IN_CLASS = "1.2.840.10008.5.1.4.1.1.4"  # highdicom asks it only where the patient is told
_LO, _ST = 64, 1024  # characters
_SERIES = 1000  # added to the number of the series that was segmented


@dataclass(frozen=True, slots=True, eq=False)
class SegTask:
    """All that a DICOM SEG is made of.

    Attributes
    ----------
    labels : (slices, rows, columns) ndarray of uint8
        Class indices.
    probabilities : (slices, rows, columns, classes) ndarray of float32, or None
        In their place, for a fractional one.
    labelmap : bool
        One number a voxel in place of one bit a class and voxel.
    classes : tuple of ExportedClass
        The segments, in their order.
    maker : Maker
        The network.
    frames : tuple of SourceFrame
        The slices.
    header : Dataset
        Patient and study, as they are to be told.
    frame_of_reference : str
        Its UID.
    directions : tuple of float
        ImageOrientationPatient.
    spacing : tuple of float
        Between slices, rows and columns, mm.
    thickness : float
        Of a slice, mm.
    deidentified : bool
        Whether nothing may be told of when it was made.
    """

    labels: Labels
    probabilities: NDArray[np.float32] | None
    labelmap: bool
    classes: tuple[ExportedClass, ...]
    maker: Maker
    frames: tuple[SourceFrame, ...]
    header: Dataset
    frame_of_reference: str
    directions: tuple[float, ...]
    spacing: tuple[float, float, float]
    thickness: float
    deidentified: bool


def make_seg(task: SegTask) -> bytes:
    """Make the bytes of a DICOM SEG; raises what the libraries raise.

    The sources that highdicom sees stand in for the real ones: slices of one file each at the
    places they have, whatever the files are and however odd their headers.
    """
    logging.getLogger("highdicom").setLevel(logging.CRITICAL)  # it quotes the patient's name
    with noticing([]):
        return _written(_made(task))


def _made(task: SegTask) -> Dataset:
    from highdicom.seg import Segmentation

    segment = np.zeros(256, np.uint8)
    for number, each in enumerate(task.classes, start=1):
        segment[each.index] = number
    kind, pixels = ("LABELMAP" if task.labelmap else "BINARY"), segment[task.labels]
    if task.probabilities is not None:
        kind, pixels = "FRACTIONAL", np.clip(task.probabilities, 0, 1).astype(np.float32)
    made: Dataset = Segmentation(
        source_images=list(_stand_ins(task)),
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[
            _described(number, each, task.maker)
            for number, each in enumerate(task.classes, start=1)
        ],
        series_instance_uid=generate_uid(None),
        series_number=_SERIES + (whole(task.header, "SeriesNumber") or 0),
        sop_instance_uid=generate_uid(None),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=(task.maker.version or "0")[:_LO],
        device_serial_number="none",
        content_description=_content(task.maker),
        content_label="SEGMENTATION",
        content_creator_name=None,
        content_qualification="RESEARCH",
        series_description=_plain(f"{RESEARCH.upper()}: {task.maker.algorithm}", _LO),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        specific_character_set="ISO_IR 192",
    )
    _refer_to_the_real(made, task.frames)
    if task.deidentified:
        from unetscope.io.deidentification.cleaning import mark

        mark(made)
        made.ContentDate = made.InstanceCreationDate = "19000101"
        made.ContentTime = made.InstanceCreationTime = "000000"
    return made


def _stand_ins(task: SegTask) -> Iterator[Dataset]:
    """One data set a slice, with its place; the UID of each is its number."""
    slices, row, column = task.spacing
    for index, frame in enumerate(task.frames):
        image = _people(task.header) if index == 0 else Dataset()
        image.SOPClassUID = _STAND_IN_CLASS
        image.SOPInstanceUID = _mark(index)
        image.StudyInstanceUID = task.header.StudyInstanceUID
        image.SeriesInstanceUID = task.header.SeriesInstanceUID
        image.FrameOfReferenceUID = task.frame_of_reference
        image.Modality = str(task.header.get("Modality", "")) or "OT"
        image.Rows, image.Columns = task.labels.shape[1:]
        image.ImagePositionPatient = _decimals(frame.position)
        image.ImageOrientationPatient = _decimals(task.directions)
        image.PixelSpacing = _decimals((row, column))
        image.SliceThickness = _decimals((task.thickness,))[0]
        if len(task.frames) > 1:
            image.SpacingBetweenSlices = _decimals((slices,))[0]
        yield image


_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber")
_STUDY = ("StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName")
_ALSO = ("StudyDescription", "PatientAge", "PatientSize", "PatientWeight", "PatientIdentityRemoved")


def _people(header: Dataset) -> Dataset:
    """Patient and study as a header tells them, where it tells them as the standard asks."""
    from pydicom.valuerep import DA, TM

    image = Dataset()
    for keyword in (*_PATIENT, *_STUDY):
        setattr(image, keyword, header.get(keyword) or None)
    for keyword in _ALSO:
        if header.get(keyword):
            image.add(header[keyword])
    for keyword, kind in (("PatientBirthDate", DA), ("StudyDate", DA), ("StudyTime", TM)):
        try:
            kind(getattr(image, keyword) or "")
        except (ValueError, TypeError):
            setattr(image, keyword, None)
    if image.PatientSex not in ("M", "F", "O"):
        image.PatientSex = None
    return image


def _described(number: int, each: ExportedClass, maker: Maker) -> Dataset:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription

    red, green, blue = (int(each.colour[at : at + 2], 16) for at in (1, 3, 5))
    parameters = {"fingerprint": maker.fingerprint, "edits": str(maker.edits)}
    if maker.edits:
        parameters["edits_hash"] = maker.edits_hash
    description: Dataset = SegmentDescription(
        segment_number=number,
        segment_label=_plain(each.name, _LO) or f"Class {each.index}",
        segmented_property_category=_concept(each.category),
        segmented_property_type=_concept(each.code),
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name=_plain(maker.algorithm, _LO) or "network",
            family=_concept(Code("123110", "DCM", "Artificial Intelligence")),
            version=_plain(maker.fingerprint.removeprefix("sha256:"), _LO) or "unknown",
            source=MANUFACTURER,
            parameters=parameters,
        ),
        display_color=CIELabColor.from_rgb(red, green, blue),
    )
    description.SegmentDescription = _plain(maker.sentence, _ST)
    return description


def _refer_to_the_real(made: Dataset, frames: tuple[SourceFrame, ...]) -> None:
    """Put the files that slices are in where the stand-ins were."""
    real = {_mark(index): frame for index, frame in enumerate(frames)}
    for item in made.PerFrameFunctionalGroupsSequence:
        for derivation in item.DerivationImageSequence:
            for reference in derivation.SourceImageSequence:
                frame = real.get(reference.ReferencedSOPInstanceUID)
                if frame is None:  # frames of one slice share the reference: it is done
                    continue
                _point(reference, frame)
                if frame.number:
                    reference.ReferencedFrameNumber = frame.number
    files = {frame.sop_uid: frame for frame in frames}.values()
    for sequence in (
        made.SourceImageSequence,
        made.ReferencedSeriesSequence[0].ReferencedInstanceSequence,
    ):
        sequence[:] = [_point(Dataset(), frame) for frame in files]


def _point(reference: Dataset, frame: SourceFrame) -> Dataset:
    reference.ReferencedSOPClassUID = frame.sop_class
    reference.ReferencedSOPInstanceUID = frame.sop_uid
    return reference


def _written(made: Dataset) -> bytes:
    stream = io.BytesIO()
    made.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _content(maker: Maker) -> str:
    edited = f", {maker.edits} edit{'s' if maker.edits > 1 else ''} in force" if maker.edits else ""
    return f"{RESEARCH.upper()}{edited}"


def _concept(code: Code) -> Any:
    from pydicom.sr.coding import Code as ConceptCode  # holds up all threads for half a second

    return ConceptCode(code.value, code.scheme, code.meaning)


def _decimals(values: Iterable[float]) -> list[str]:
    return [format_number_as_ds(float(value)) for value in values]


def _mark(index: int) -> str:
    return f"1.2.826.0.1.3680043.10.1.{index + 1}"


def _plain(text: str, most: int) -> str:
    """A text as an element may hold it: no backslash, no control character, not too long."""
    return "".join(c for c in text.replace("\\", "/") if c.isprintable())[:most].strip()
