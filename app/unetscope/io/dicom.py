"""One DICOM file: is it an image, what does its header say, where do its frames lie.

The header is read up to the pixel data and no further. What is kept is small plain values, so a
study of ten thousand slices stays in memory; the place of the pixel data in the file is among
them, and `unetscope.io.pixels` reads single frames from there without parsing again.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydicom.filereader import read_partial

from unetscope.domain.study import PatientInfo, StudyInfo
from unetscope.io.colour import PALETTE
from unetscope.io.dicom_values import text, whole
from unetscope.io.foreign import refusal
from unetscope.io.frames import Frame, as_brightness, read_frames
from unetscope.io.header_tags import WANTED
from unetscope.io.image_pixels import PixelPlace, read_layout, refuse_what_is_no_image
from unetscope.io.notices import CHOOSE, COPY_AGAIN, LIBRARY_ERRORS, NotASlice, noticing
from unetscope.io.palette import Palette, read_palette
from unetscope.io.pixels import PixelLayout
from unetscope.io.plain_header import FIRST_PIXEL_TAG, read_plain
from unetscope.io.slices import as_written
from unetscope.io.value_maps import Rescale

_INFLATED = 256 * 2**20  # bytes a deflated file may grow to: 2 MB can hide 2 GB
_KEPT = 64 * 2**20  # bytes of an inflated file that are kept for its next frame
_inflated: dict[tuple[Path, int, int, int], bytes] = {}  # the last such file
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_PLAIN = b"1.2.840.10008.1.2.1\0\0\0"  # same length; UIDs are padded with NUL


@dataclass(frozen=True, slots=True, eq=False)
class DicomImage:
    """A DICOM file that holds one or more slices.

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
    palette : Palette or None
        Colours that its stored values stand for.
    frame_of_reference : str
        FrameOfReferenceUID; empty when absent.
    remarks : tuple of str
        What is doubtful about its pixels, in sentences.
    notices : tuple of str
        What pydicom remarked while reading the header.
    written : tuple of int
        When the file was written, and its size, as `slices.as_written` gives them.
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
    palette: Palette | None = None
    frame_of_reference: str = ""
    remarks: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    written: tuple[int, int] = (0, 0)

    @property
    def in_colour(self) -> bool:
        """Whether its pixels are colours."""
        return self.layout.samples == 3 or self.palette is not None


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

    What the last deflated file inflated to is kept, so that its frames do not each inflate it.

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
        found = os.fstat(stream.fileno())
        key = (path, found.st_mtime_ns, found.st_size, start)
        whole = _inflated.get(key)
        if whole is None:
            whole = _inflate(path, stream, found.st_size, start)
            _inflated.clear()
            if len(whole) <= _KEPT:
                _inflated[key] = whole
        yield io.BytesIO(whole)


def _inflate(path: Path, stream: BinaryIO, size: int, start: int) -> bytes:
    head = stream.read(start).replace(_DEFLATED, _PLAIN)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    body = inflate.decompress(stream.read(size - start), _INFLATED)
    if inflate.unconsumed_tail:
        raise NotASlice(path, "deflated to hide more than 256 MB", "It may be harmful.")
    return head + body


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
            plain = read_plain(stream, WANTED)
            if plain is not None:
                return _image(path, stream, plain, PixelPlace(*plain.pixels), None)
            stream.seek(0)
            head = stream.read(132)
        if not looks_like_dicom(head):
            raise refusal(path, head)
        with noticing(notices):
            try:
                image = _read(path, None)
            except _DeflatedError:
                image = _read(path, _deflated_start(path))
        return replace(image, notices=tuple(notices)) if notices else image
    except NotASlice:
        raise
    except PermissionError as error:
        raise NotASlice(path, "locked: you may not read it", "Ask its owner.") from error
    except RecursionError as error:
        raise NotASlice(path, "damaged: its sequences are nested too deep") from error
    except LIBRARY_ERRORS as error:
        raise NotASlice(path, "damaged, or not a DICOM file", CHOOSE) from error


def _deflated_start(path: Path) -> int:
    """Offset of the deflated bytes: where pydicom stopped before inflating."""
    with _Reader(io.FileIO(path)) as stream:
        try:
            read_partial(cast(BinaryIO, stream), force=True)
        except _DeflatedError:
            return stream.tell()
    raise refusal(path)


def _read(path: Path, deflated: int | None) -> DicomImage:
    with open_inflated(path, deflated) as stream:
        found: list[PixelPlace] = []

        def at_pixels(tag: int, vr: str | None, length: int) -> bool:
            if tag < FIRST_PIXEL_TAG:
                return False
            if not found:
                found.append(PixelPlace(int(tag), vr, stream.tell()))
            return True

        dataset = read_partial(stream, stop_when=at_pixels, force=True, specific_tags=list(WANTED))
        return _image(path, stream, dataset, found[0] if found else None, deflated)


def _image(
    path: Path, stream: BinaryIO, dataset: Any, place: PixelPlace | None, deflated: int | None
) -> DicomImage:
    """Describe an image by its header and where its pixels are."""
    refuse_what_is_no_image(path, dataset, place is not None)
    assert place is not None
    layout, remarks = read_layout(path, stream, dataset, place, deflated)
    frames = read_frames(dataset, layout.frames)
    palette = None
    if layout.photometric == PALETTE:
        palette = read_palette(dataset)
        if palette is None:
            raise NotASlice(path, "a colour image whose palette cannot be read", COPY_AGAIN)
        frames = as_brightness(frames, palette.brightness(), palette.bits)
    elif layout.samples == 3:
        frames = as_brightness(frames, Rescale(), layout.bits_stored)
    return DicomImage(
        path=path,
        sop_uid=text(dataset, "SOPInstanceUID"),
        series_uid=text(dataset, "SeriesInstanceUID"),
        frame_of_reference=text(dataset, "FrameOfReferenceUID"),
        modality=text(dataset, "Modality"),
        description=text(dataset, "SeriesDescription"),
        number=whole(dataset, "SeriesNumber") or 0,
        date=text(dataset, "SeriesDate") or text(dataset, "AcquisitionDate"),
        study=_study(dataset),
        monochrome1=text(dataset, "PhotometricInterpretation") == "MONOCHROME1",
        layout=layout,
        frames=frames,
        palette=palette,
        remarks=remarks,
        written=as_written(path),
    )


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
