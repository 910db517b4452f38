"""One DICOM file: is it an image, what does its header say, where do its frames lie.

The header is read up to the pixel data and no further. What is kept is small plain values, so a
study of ten thousand slices stays in memory; the place of the pixel data in the file is among
them, and `unetscope.io.pixels` reads single frames from there without parsing again.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydicom.datadict import tag_for_keyword
from pydicom.filereader import read_partial
from pydicom.uid import UID, MediaStorageDirectoryStorage, UncompressedTransferSyntaxes

from unetscope.domain.study import PatientInfo, StudyInfo
from unetscope.io.dicom_values import element, text, whole
from unetscope.io.frames import Frame, read_frames
from unetscope.io.notices import LIBRARY_ERRORS, NotASlice, noticing
from unetscope.io.pixels import (
    PixelLayout,
    find_fragments,
    frame_bytes,
    why_not_decodable,
)

A_DICOMDIR = "a DICOMDIR, an index of other files"
CHOOSE = "Choose a DICOM or NIfTI file, a folder of them, a DICOMDIR or a zip."

_INFLATED = 256 * 2**20  # bytes a deflated file may grow to: 2 MB can hide 2 GB
_MOST_FRAMES = 100_000  # a file that claims more is taken for damaged
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_PLAIN = b"1.2.840.10008.1.2.1\0\0\0"  # same length; UIDs are padded with NUL

_PIXEL_ELEMENTS = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    0x7FE00010: "PixelData",
}

_KEYWORDS = (
    "SpecificCharacterSet",
    "ImageType",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "AcquisitionTime",
    "ContentTime",
    "AcquisitionDateTime",
    "Modality",
    "StudyDescription",
    "SeriesDescription",
    "PatientName",
    "PatientID",
    "PatientSex",
    "PatientAge",
    "PatientBirthDate",
    "EchoTime",
    "EchoNumbers",
    "SliceThickness",
    "SpacingBetweenSlices",
    "TriggerTime",
    "ImagerPixelSpacing",
    "DiffusionBValue",
    "DiffusionGradientOrientation",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "TemporalPositionIdentifier",
    "NumberOfFrames",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "PixelSpacing",
    "PixelAspectRatio",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "RescaleIntercept",
    "RescaleSlope",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "ComplexImageComponent",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "GridFrameOffsetVector",
    "DoseGridScaling",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
)
_PRIVATE = [
    *(0x0019_0010, 0x0019_100C),  # Siemens: creator, b-value
    *(0x0043_0010, 0x0043_1039),  # GE: creator, b-value
    *(0x2001_0010, 0x2001_1003),  # Philips: creator, b-value
]
_TAGS: list[int] = [tag for word in _KEYWORDS if (tag := tag_for_keyword(word))] + _PRIVATE


@dataclass(frozen=True, slots=True, eq=False)
class DicomImage:
    """A DICOM file that holds one or more grey slices.

    Attributes
    ----------
    path : Path
        The file.
    sop_uid, series_uid : str
        SOPInstanceUID and SeriesInstanceUID; empty when absent.
    modality, description : str
        Of the series.
    number : int
        SeriesNumber; 0 when absent.
    date : str
        SeriesDate, else AcquisitionDate, else empty.
    study : StudyInfo
        Visit and patient.
    monochrome1 : bool
        The smallest value is meant to be shown white.
    layout : PixelLayout
        What is needed to decode a frame.
    frames : tuple of Frame
        In the order of the file.
    notices : tuple of str
        What pydicom remarked while reading the header.
    """

    path: Path
    sop_uid: str
    series_uid: str
    modality: str
    description: str
    number: int
    date: str
    study: StudyInfo
    monochrome1: bool
    layout: PixelLayout
    frames: tuple[Frame, ...] = field(repr=False)
    notices: tuple[str, ...] = ()


class _DeflatedError(Exception):
    """pydicom is about to inflate a whole file without a limit."""


class _Reader(io.BufferedReader):
    """A file that refuses to be read as a whole, which pydicom does only to inflate it."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            raise _DeflatedError
        return super().read(size)


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file that starts with these (at least 132) bytes may be DICOM.

    Either the prefix of PS3.10 7.1 is there, or the first element is of group 0002 or 0008 as in
    files written without it.
    """
    return head[128:132] == b"DICM" or head[:2] in (b"\2\0", b"\0\2", b"\x08\0", b"\0\x08")


@contextmanager
def open_inflated(path: Path, start: int | None = None) -> Iterator[BinaryIO]:
    """Open a DICOM file; a deflated one is inflated in memory, up to a limit.

    Parameters
    ----------
    path : Path
        The file.
    start : int, optional
        Where the deflated bytes begin; None for a file that is not deflated.

    Raises
    ------
    NotASlice
        If it grows too big.
    """
    with _Reader(io.FileIO(path)) as stream:
        if start is None:
            yield cast(BinaryIO, stream)
            return
        head = stream.read(start).replace(_DEFLATED, _PLAIN)
        size = path.stat().st_size - start
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        body = inflate.decompress(stream.read(size), _INFLATED)
        if inflate.unconsumed_tail:
            raise NotASlice(path, "deflated to hide more than 256 MB", "It may be harmful.")
        yield io.BytesIO(head + body)


def read_image(path: Path) -> DicomImage:
    """Read the header of a DICOM image.

    Parameters
    ----------
    path : Path
        Any file.

    Raises
    ------
    NotASlice
        If the file has no slices this app can show; `reason` says what it is.
    """
    notices: list[str] = []
    try:
        with path.open("rb") as stream:
            head = stream.read(132)
        if not looks_like_dicom(head):
            raise _foreign(path)
        with noticing(notices):
            try:
                image = _read(path, None)
            except _DeflatedError:
                image = _read(path, _deflated_start(path))
        return replace(image, notices=tuple(notices)) if notices else image
    except NotASlice:
        raise
    except PermissionError as error:
        raise NotASlice(path, "locked: you may not read it") from error
    except LIBRARY_ERRORS as error:
        raise NotASlice(path, "damaged, or not a DICOM file", CHOOSE) from error


def _foreign(path: Path) -> NotASlice:
    return NotASlice(path, "not a DICOM file", CHOOSE)


def _deflated_start(path: Path) -> int:
    """Offset of the deflated bytes: where pydicom stopped before inflating."""
    with _Reader(io.FileIO(path)) as stream:
        try:
            read_partial(cast(BinaryIO, stream), force=True)
        except _DeflatedError:
            return stream.tell()
    raise _foreign(path)


def _read(path: Path, deflated: int | None) -> DicomImage:
    with open_inflated(path, deflated) as stream:
        found: list[tuple[int, str | None, int]] = []

        def at_pixels(tag: int, vr: str | None, length: int) -> bool:
            if tag < 0x7FE00008:
                return False
            if not found:
                found.append((int(tag), vr, stream.tell()))
            return True

        dataset = read_partial(stream, stop_when=at_pixels, force=True, specific_tags=_TAGS)
        _refuse_what_is_no_image(path, dataset, bool(found))
        tag, vr, offset = found[0]
        syntax = _transfer_syntax(dataset)
        layout = _pixel_layout(path, dataset, syntax, _PIXEL_ELEMENTS[tag], vr, offset, deflated)
        size = stream.seek(0, io.SEEK_END)
        needed = frame_bytes(layout) * layout.frames
        if layout.compressed:
            if not find_fragments(stream, offset, size):
                raise NotASlice(path, "cut short", "Copy or export it again.")
        elif needed > size - offset:
            raise NotASlice(path, "cut short", "Copy or export it again.")
    frames = read_frames(dataset, layout.frames)
    return DicomImage(
        path=path,
        sop_uid=text(dataset, "SOPInstanceUID"),
        series_uid=text(dataset, "SeriesInstanceUID"),
        modality=text(dataset, "Modality"),
        description=text(dataset, "SeriesDescription"),
        number=whole(dataset, "SeriesNumber") or 0,
        date=text(dataset, "SeriesDate") or text(dataset, "AcquisitionDate"),
        study=_study(dataset),
        monochrome1=text(dataset, "PhotometricInterpretation") == "MONOCHROME1",
        layout=layout,
        frames=frames,
    )


def _refuse_what_is_no_image(path: Path, dataset: Any, has_pixels: bool) -> None:
    prefix = bool(getattr(dataset, "preamble", None))
    sop_class = text(dataset, "SOPClassUID")
    media = text(getattr(dataset, "file_meta", {}), "MediaStorageSOPClassUID")
    if MediaStorageDirectoryStorage in (sop_class, media):
        raise NotASlice(path, A_DICOMDIR)
    if not prefix and not (sop_class and element(dataset, "Rows")):
        raise _foreign(path)
    kind = text(dataset, "Modality") or UID(sop_class).name or "of unknown kind"
    if not has_pixels:
        if element(dataset, "Rows"):
            raise NotASlice(path, "cut short: it ends before its pixels", "Copy it again.")
        raise NotASlice(path, f"a DICOM object without an image ({kind})")
    if kind == "SEG":
        raise NotASlice(path, "a segmentation, not an image")
    samples = whole(dataset, "SamplesPerPixel")
    photometric = text(dataset, "PhotometricInterpretation")
    if samples not in (None, 1) or photometric == "PALETTE COLOR":
        raise NotASlice(path, "a colour image", "Choose a series of grey slices.")


def _transfer_syntax(dataset: Any) -> str:
    """Transfer syntax named in the file, else the one pydicom found the header to be in."""
    named = text(getattr(dataset, "file_meta", {}), "TransferSyntaxUID")
    if named:
        return named
    implicit, little = dataset.original_encoding
    if implicit:
        return "1.2.840.10008.1.2"
    return "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2"


def _pixel_layout(
    path: Path,
    dataset: Any,
    syntax: str,
    keyword: str,
    vr: str | None,
    offset: int,
    deflated: int | None,
) -> PixelLayout:
    rows, columns = whole(dataset, "Rows"), whole(dataset, "Columns")
    allocated = whole(dataset, "BitsAllocated")
    if not rows or not columns or rows < 0 or columns < 0 or allocated is None:
        raise NotASlice(path, "without the size of its image")
    frames = whole(dataset, "NumberOfFrames") or 1
    if not 1 <= frames <= _MOST_FRAMES:
        raise NotASlice(path, f"damaged: it claims {frames} frames")
    tables = [element(dataset, f"ExtendedOffsetTable{which}") for which in ("", "Lengths")]
    offsets = (tables[0], tables[1]) if all(isinstance(t, bytes) for t in tables) else None
    layout = PixelLayout(
        transfer_syntax=syntax,
        compressed=syntax not in UncompressedTransferSyntaxes,
        deflated=deflated,
        offset=offset,
        keyword=keyword,
        vr=vr or "OW",
        frames=frames,
        rows=rows,
        columns=columns,
        bits_allocated=allocated,
        bits_stored=whole(dataset, "BitsStored") or allocated,
        signed=whole(dataset, "PixelRepresentation") == 1,
        photometric=text(dataset, "PhotometricInterpretation") or "MONOCHROME2",
        extended_offsets=offsets,
    )
    if reason := why_not_decodable(layout):
        raise NotASlice(path, reason, "Convert it to another transfer syntax.")
    return layout


def _study(dataset: Any) -> StudyInfo:
    patient = PatientInfo(
        name=text(dataset, "PatientName"),
        identity=text(dataset, "PatientID"),
        sex=text(dataset, "PatientSex"),
        age=text(dataset, "PatientAge"),
        birth_date=text(dataset, "PatientBirthDate"),
    )
    return StudyInfo(
        uid=text(dataset, "StudyInstanceUID"),
        description=text(dataset, "StudyDescription"),
        date=text(dataset, "StudyDate"),
        patient=patient,
    )
