"""Stored values of single frames, decoded on demand from the place the header scan noted."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import get_decoder
from pydicom.uid import UID

# One decoder for each transfer syntax, by name, so that the same file gives the same pixels on
# every machine. GDCM is never asked, although pydicom would try it first: it has ended the whole
# process on damaged frames.
_DECODERS = {
    "1.2.840.10008.1.2": "",  # implicit VR little endian
    "1.2.840.10008.1.2.1": "",  # explicit VR little endian
    "1.2.840.10008.1.2.1.99": "",  # deflated
    "1.2.840.10008.1.2.2": "",  # explicit VR big endian
    "1.2.840.10008.1.2.4.50": "pillow",  # JPEG baseline
    "1.2.840.10008.1.2.4.51": "pillow",  # JPEG extended
    "1.2.840.10008.1.2.4.80": "pyjpegls",  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.81": "pyjpegls",  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.90": "pylibjpeg",  # JPEG 2000 lossless
    "1.2.840.10008.1.2.4.91": "pylibjpeg",  # JPEG 2000
    "1.2.840.10008.1.2.4.201": "pylibjpeg",  # HTJ2K lossless
    "1.2.840.10008.1.2.4.202": "pylibjpeg",  # HTJ2K lossless RPCL
    "1.2.840.10008.1.2.4.203": "pylibjpeg",  # HTJ2K
    "1.2.840.10008.1.2.5": "pydicom",  # RLE
}
_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
_DEFLATED = "1.2.840.10008.1.2.1.99"
_INFLATED = "1.2.840.10008.1.2.1"

_ITEM = 0xE000FFFE  # as it stands in a little-endian file: group, element
_SEQUENCE_END = 0xE0DDFFFE


@dataclass(frozen=True, slots=True, eq=False)
class PixelLayout:
    """Where the pixels of a file are and how they are stored (DICOM PS3.3 C.7.6.3).

    Attributes
    ----------
    transfer_syntax : str
        UID.
    compressed : bool
        The pixel data is encapsulated (PS3.5 A.4).
    deflated : int or None
        Where the deflated bytes begin; None when the file is not deflated.
    offset : int
        Where the value of the pixel data begins, in the file once inflated.
    keyword : str
        PixelData, FloatPixelData or DoubleFloatPixelData.
    vr : str
        VR of that element.
    frames, rows, columns, bits_allocated, bits_stored : int
        As in the header.
    signed : bool
        PixelRepresentation is 1.
    photometric : str
        PhotometricInterpretation.
    extended_offsets : tuple of bytes, or None
        Extended Offset Table and its lengths.
    """

    transfer_syntax: str
    compressed: bool
    deflated: int | None
    offset: int
    keyword: str
    vr: str
    frames: int
    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str
    extended_offsets: tuple[bytes, bytes] | None


def why_not_decodable(layout: PixelLayout) -> str:
    """Say why no decoder reads these pixels ("stored as ..."); empty when one does."""
    name = UID(layout.transfer_syntax).name
    if layout.transfer_syntax not in _DECODERS:
        return f"stored as {name}, which this app cannot decode"
    if layout.transfer_syntax == _JPEG_EXTENDED and layout.bits_stored > 8:
        return f"stored as {name} with {layout.bits_stored} bits, which this app cannot decode"
    return ""


def frame_bytes(layout: PixelLayout) -> float:
    """Length of one uncompressed frame in bytes; bit-packed frames need not end on a byte."""
    return layout.rows * layout.columns * layout.bits_allocated / 8


def find_fragments(stream: BinaryIO, offset: int, size: int) -> bool:
    """Whether encapsulated pixel data is all there, by walking its items.

    Parameters
    ----------
    stream : binary file
        The file.
    offset, size : int
        Where the pixel data begins; length of the file.

    Returns
    -------
    bool
        False when an item runs beyond the end of the file or there is none but the offset table.
    """
    found = 0
    while offset + 8 <= size:
        stream.seek(offset)
        tag, length = struct.unpack("<LL", stream.read(8))
        if tag == _SEQUENCE_END:
            break
        if tag != _ITEM or offset + 8 + length > size:
            return False
        offset += 8 + length
        found += 1
    return found > 1


def read_stored(stream: BinaryIO, layout: PixelLayout, index: int) -> NDArray[Any]:
    """Decode one frame.

    Parameters
    ----------
    stream : binary file
        The file, inflated if need be.
    layout : PixelLayout
        From its header.
    index : int
        Frame in the file, from 0.

    Returns
    -------
    (rows, columns) ndarray
        Stored values, native endian, read-only.

    Raises
    ------
    Exception
        One of `unetscope.io.notices.LIBRARY_ERRORS`, when the pixels do not decode.
    """
    syntax = _INFLATED if layout.transfer_syntax == _DEFLATED else layout.transfer_syntax
    options = {
        "rows": layout.rows,
        "columns": layout.columns,
        "number_of_frames": layout.frames,
        "samples_per_pixel": 1,
        "photometric_interpretation": layout.photometric,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": int(layout.signed),
        "pixel_keyword": layout.keyword,
        "pixel_vr": layout.vr,
    }
    if layout.extended_offsets is not None:
        options["extended_offsets"] = layout.extended_offsets
    stream.seek(layout.offset)
    pixels, _ = get_decoder(syntax).as_array(
        stream,
        index=index,
        raw=True,  # no change of colours or palette
        decoding_plugin=_DECODERS[layout.transfer_syntax],
        **options,
    )
    if pixels.shape != (layout.rows, layout.columns):
        raise ValueError(f"decoded to {pixels.shape}, not {(layout.rows, layout.columns)}")
    stored: NDArray[Any] = np.array(pixels, dtype=pixels.dtype.newbyteorder("="), order="C")
    stored.setflags(write=False)
    return stored
