"""What a header says about its pixels: how to read them, why not, and what is doubtful.

The sentences here are about one file; `remarks_of` makes those of a series of them.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pydicom.uid import (
    UID,
    MediaStorageDirectoryStorage,
    RTStructureSetStorage,
    UncompressedTransferSyntaxes,
)

from unetscope.io.colour import PALETTE
from unetscope.io.dicom_values import element, text, whole
from unetscope.io.foreign import refusal
from unetscope.io.header_tags import OVERLAY_ROWS
from unetscope.io.notices import CHOOSE, COPY_AGAIN, NotASlice
from unetscope.io.pixels import PixelLayout, find_fragments, frame_bytes, why_not_decodable
from unetscope.io.plain_header import PIXEL_ELEMENTS
from unetscope.io.tags import begins_as_dicom, ends_early

A_DICOMDIR = "a DICOMDIR, an index of other files"

_IMAGES_FIRST = "Open the images it was made from, then this file as a reference for them."
_MOST_FRAMES = 100_000  # a file that claims more is taken for damaged
_UNDEFINED = 0xFFFFFFFF
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_LOSSY = {
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
}

LOSSY = "The pixels were compressed with loss: they are not what the scanner measured."
OVERLAY = "The file has an overlay (drawings or text of its own), which is not shown."
BURNED_IN = "Text is burned into the picture; it may name the patient."
TOO_MANY = "The file holds more pixels than its header describes; size or number may be wrong."
COLOUR = "A colour picture, shown in grey: its values are brightness, not a measurement."
BITS = "The header contradicts itself about the bits of a pixel; values may be wrong."
WORD_ORDER = "Programs disagree about the byte order of 32-bit big-endian pixels; check the values."


class PixelPlace(NamedTuple):
    """Where the pixels of a file are: tag and VR of the element, where its value begins."""

    tag: int
    vr: str | None
    offset: int


def refuse_what_is_no_image(path: Path, dataset: Any, has_pixels: bool) -> None:
    """Raise NotASlice for a DICOM object that gives no picture."""
    prefix = bool(getattr(dataset, "preamble", None))
    sop_class = text(dataset, "SOPClassUID")
    media = text(getattr(dataset, "file_meta", {}), "MediaStorageSOPClassUID")
    if MediaStorageDirectoryStorage in (sop_class, media):
        hint = "Open the folder it lies in instead."
        raise NotASlice(path, A_DICOMDIR, hint, expected=True)
    if not prefix and not (sop_class and element(dataset, "Rows")):
        if not begins_as_dicom(path):
            raise refusal(path)
        if has_pixels and not sop_class:
            raise NotASlice(path, "a DICOM object that does not say of what kind it is")
    kind = text(dataset, "Modality") or UID(sop_class).name or "of unknown kind"
    if sop_class == RTStructureSetStorage:
        raise NotASlice(path, "a structure set, not an image", _IMAGES_FIRST)
    if not has_pixels:
        if element(dataset, "Rows") or ends_early(path):
            raise NotASlice(path, "cut short: it ends before its pixels", COPY_AGAIN)
        raise NotASlice(path, f"a DICOM object without an image ({kind})", CHOOSE)
    if kind == "SEG":
        raise NotASlice(path, "a segmentation, not an image", _IMAGES_FIRST)


def read_layout(
    path: Path, stream: BinaryIO, dataset: Any, place: PixelPlace, deflated: int | None
) -> tuple[PixelLayout, tuple[str, ...]]:
    """Read how the pixels of a file are stored.

    Parameters
    ----------
    path : Path
        The file, to name it.
    stream : binary file
        Its content, inflated if need be.
    dataset : pydicom Dataset, or what can be asked like one
        Its header.
    place : PixelPlace
        Where the pixels are.
    deflated : int or None
        Where the deflated bytes begin.

    Returns
    -------
    PixelLayout, tuple of str
        And sentences about what is doubtful.

    Raises
    ------
    NotASlice
        If there is no decoder for them, or they are not all there.
    """
    syntax = _transfer_syntax(dataset)
    layout = _layout(path, dataset, syntax, place, deflated)
    if reason := why_not_decodable(layout):
        raise NotASlice(path, reason, "Convert it to another transfer syntax.")
    size = stream.seek(0, io.SEEK_END)
    needed = frame_bytes(layout) * layout.frames
    remarks = list(_remarks(dataset, layout))
    if layout.compressed:
        if not find_fragments(stream, layout.offset, size):
            raise NotASlice(path, "cut short", COPY_AGAIN)
        return layout, tuple(remarks)
    length = _element_length(stream, place, big=syntax == _BIG_ENDIAN)
    if length == _UNDEFINED:
        raise NotASlice(path, "damaged: its pixels are compressed in a way it does not name")
    if needed > min(size - layout.offset, length):
        raise NotASlice(path, "cut short", COPY_AGAIN)
    if length > needed + 1:  # one byte makes an odd length even
        remarks.append(TOO_MANY)
    return layout, tuple(remarks)


def remarks_of(files: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Put the sentences about the files of a series together: each once, with its share."""
    every = list(files)
    counts = Counter(sentence for one in every for sentence in dict.fromkeys(one))
    return tuple(
        sentence if count == len(every) else f"{count} of {len(every)} files: {sentence}"
        for sentence, count in counts.items()
    )


def _remarks(dataset: Any, layout: PixelLayout) -> Iterable[str]:
    if text(dataset, "LossyImageCompression") == "01" or layout.transfer_syntax in _LOSSY:
        yield LOSSY
    if any(element(dataset, tag) is not None for tag in OVERLAY_ROWS):
        yield OVERLAY
    if text(dataset, "BurnedInAnnotation").upper() == "YES":
        yield BURNED_IN
    if layout.samples > 1 or layout.photometric == PALETTE:
        yield COLOUR
    high_bit = whole(dataset, "HighBit")
    if layout.bits_stored > layout.bits_allocated or (
        high_bit is not None and not layout.bits_stored - 1 <= high_bit < layout.bits_allocated
    ):
        yield BITS
    if layout.transfer_syntax == _BIG_ENDIAN and layout.bits_allocated > 16:
        yield WORD_ORDER


def _transfer_syntax(dataset: Any) -> str:
    """Transfer syntax named in the file, else the one pydicom found the header to be in."""
    named = text(getattr(dataset, "file_meta", {}), "TransferSyntaxUID")
    if named:
        return named
    implicit, little = dataset.original_encoding
    if implicit:
        return "1.2.840.10008.1.2"
    return "1.2.840.10008.1.2.1" if little else _BIG_ENDIAN


def _layout(
    path: Path, dataset: Any, syntax: str, place: PixelPlace, deflated: int | None
) -> PixelLayout:
    rows, columns = whole(dataset, "Rows"), whole(dataset, "Columns")
    allocated = whole(dataset, "BitsAllocated")
    if not rows or not columns or rows < 0 or columns < 0 or allocated is None:
        raise NotASlice(path, "without the size of its image", COPY_AGAIN)
    frames = whole(dataset, "NumberOfFrames") or 1
    if not 1 <= frames <= _MOST_FRAMES:
        raise NotASlice(path, f"damaged: it claims {frames} frames", COPY_AGAIN)
    stored = whole(dataset, "BitsStored") or allocated
    samples = whole(dataset, "SamplesPerPixel") or 1
    high_bit = whole(dataset, "HighBit") or 0
    compressed = syntax not in UncompressedTransferSyntaxes
    tables = [element(dataset, f"ExtendedOffsetTable{which}") for which in ("", "Lengths")]
    return PixelLayout(
        transfer_syntax=syntax,
        compressed=compressed,
        deflated=deflated,
        offset=place.offset,
        keyword=PIXEL_ELEMENTS[place.tag],
        vr=place.vr or "OW",
        frames=frames,
        rows=rows,
        columns=columns,
        samples=samples,
        planar=samples > 1 and whole(dataset, "PlanarConfiguration") == 1,
        bits_allocated=allocated,
        bits_stored=stored,
        shift=high_bit + 1 - stored if stored <= high_bit < allocated and not compressed else 0,
        signed=whole(dataset, "PixelRepresentation") == 1 and samples == 1,
        photometric=text(dataset, "PhotometricInterpretation") or "MONOCHROME2",
        extended_offsets=(tables[0], tables[1])
        if all(isinstance(table, bytes) for table in tables)
        else None,
    )


def _element_length(stream: BinaryIO, place: PixelPlace, *, big: bool) -> int:
    """Length of the value, which stands before it: in two bytes for a VR of short values."""
    width = 4 if place.vr is None or place.vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN") else 2
    stream.seek(place.offset - width)
    return int.from_bytes(stream.read(width), "big" if big else "little")
