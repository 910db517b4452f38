"""Stored values of single frames, decoded on demand from the place the header scan noted.

Decoders of compressed frames are C libraries that a damaged frame may crash, so compressed frames
are decoded by `unetscope.io.decoder` in a process of its own, which runs what is here.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import get_decoder
from pydicom.uid import UID

from unetscope.io.colour import COLOURS, YBR, from_ybr, luminance, to_bytes

_JPEG = "imagecodecs"  # which pydicom does not know: see `_jpeg`
_JPEG_LS = "pyjpegls"
_RLE = "pydicom"
_END_OF_IMAGE = b"\xff\xd9"  # of JPEG and its kin, JPEG 2000 included
_FRAME_HEADERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # JPEG, and JPEG-LS
_HEAD = 2**16  # bytes of a frame in which JPEG 2000 begins: a JP2 header may stand before it
_ADOBE = b"\xff\xee\x00\x0eAdobe"  # a segment of JPEG whose last byte names the colours
_FIRST_SEGMENTS = 1024  # bytes of a frame in which that is looked for
_LAST = 16  # bytes of a frame in which that may stand: padding follows

# One decoder for each transfer syntax, by name, so that the same file gives the same pixels on
# every machine. GDCM is never asked, although pydicom would try it first: it has ended the whole
# process on damaged frames.
_DECODERS = {
    "1.2.840.10008.1.2": "",  # implicit VR little endian
    "1.2.840.10008.1.2.1": "",  # explicit VR little endian
    "1.2.840.10008.1.2.1.99": "",  # deflated
    "1.2.840.10008.1.2.2": "",  # explicit VR big endian
    "1.2.840.10008.1.2.4.50": _JPEG,  # JPEG baseline
    "1.2.840.10008.1.2.4.51": _JPEG,  # JPEG extended, 8 and 12 bits
    "1.2.840.10008.1.2.4.57": _JPEG,  # JPEG lossless
    "1.2.840.10008.1.2.4.70": _JPEG,  # JPEG lossless, first-order prediction
    "1.2.840.10008.1.2.4.80": _JPEG_LS,  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.81": _JPEG_LS,  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.90": "pylibjpeg",  # JPEG 2000 lossless
    "1.2.840.10008.1.2.4.91": "pylibjpeg",  # JPEG 2000
    "1.2.840.10008.1.2.4.201": "pylibjpeg",  # HTJ2K lossless
    "1.2.840.10008.1.2.4.202": "pylibjpeg",  # HTJ2K lossless RPCL
    "1.2.840.10008.1.2.4.203": "pylibjpeg",  # HTJ2K
    "1.2.840.10008.1.2.5": _RLE,
}
_DEFLATED = "1.2.840.10008.1.2.1.99"
_INFLATED = "1.2.840.10008.1.2.1"

_COLOURS = {(3, photometric) for photometric in COLOURS}

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
    frames, rows, columns, samples, bits_allocated, bits_stored : int
        As in the header; 3 samples a pixel are its colour.
    planar : bool
        Uncompressed samples of a colour lie in planes of their own.
    shift : int
        Bits below the stored value in an uncompressed word; 0 unless HighBit says otherwise.
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
    samples: int
    planar: bool
    bits_allocated: int
    bits_stored: int
    shift: int
    signed: bool
    photometric: str
    extended_offsets: tuple[bytes, bytes] | None


def why_not_decodable(layout: PixelLayout) -> str:
    """Say why no decoder reads these pixels ("stored as ..."); empty when one does."""
    if layout.transfer_syntax not in _DECODERS:
        return f"stored as {UID(layout.transfer_syntax).name}, which this app cannot decode"
    if layout.samples > 1 and not 1 <= layout.bits_stored <= layout.bits_allocated <= 32:
        return f"damaged: its colours have {layout.bits_stored} of {layout.bits_allocated} bits"
    if layout.samples > 1 and (layout.samples, layout.photometric) not in _COLOURS:
        kind = f"{layout.photometric} with {layout.samples} values a pixel"
        return f"a colour image stored as {kind}, which this app cannot show"
    return ""


def frame_bytes(layout: PixelLayout) -> float:
    """Length of one uncompressed frame in bytes; bit-packed frames need not end on a byte."""
    samples: float = layout.samples
    if layout.photometric == "YBR_FULL_422" and samples == 3:  # two pixels share a CB and a CR
        samples = 2
    return layout.rows * layout.columns * samples * layout.bits_allocated / 8


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
        Stored values, or where they are colours their brightness; native endian, read-only.

    Raises
    ------
    Exception
        One of `unetscope.io.notices.LIBRARY_ERRORS`, when the pixels do not decode.
    """
    pixels = _decoded(stream, layout, index)
    if layout.samples == 3:
        pixels = luminance(pixels)
    stored: NDArray[Any] = np.array(pixels, dtype=pixels.dtype.newbyteorder("="), order="C")
    stored.setflags(write=False)
    return stored


def read_colours(stream: BinaryIO, layout: PixelLayout, index: int) -> NDArray[np.uint8]:
    """Decode one frame of 3 samples a pixel, as `read_stored` does; (rows, columns, 3)."""
    return to_bytes(_decoded(stream, layout, index), layout.bits_stored)


def _decoded(stream: BinaryIO, layout: PixelLayout, index: int) -> NDArray[Any]:
    """Stored values, (rows, columns), or red, green and blue, (rows, columns, 3)."""
    stream.seek(layout.offset)
    decoder = _DECODERS[layout.transfer_syntax]
    if layout.compressed and decoder != _RLE:
        frame = get_frame(
            stream,
            index,
            number_of_frames=layout.frames,
            extended_offsets=layout.extended_offsets,
        )
        size = size_in_frame(frame)
        if size != (layout.rows, layout.columns, layout.samples):
            raise ValueError(f"rows, columns and samples in the frame are {size}")
        if _END_OF_IMAGE not in frame[-_LAST:]:
            warnings.warn(f"frame {index + 1} ends before its picture does", stacklevel=2)
            if decoder == _JPEG_LS:  # which looks for the end for seconds, beyond all bytes
                stream, index = io.BytesIO(encapsulate([frame + _END_OF_IMAGE])), 0
                layout = replace(layout, offset=0, frames=1, extended_offsets=None)
        stream.seek(layout.offset)
    if decoder == _JPEG:
        pixels = _jpeg(frame, layout)
    else:
        pixels = _by_pydicom(stream, layout, index, decoder)
    shape = (layout.rows, layout.columns, *([3] if layout.samples == 3 else []))
    if pixels.shape != shape:
        raise ValueError(f"decoded to {pixels.shape}, not {shape}")
    if layout.samples == 3 and _is_ybr(layout, frame if decoder == _JPEG else b""):
        return from_ybr(pixels, layout.bits_stored)
    return pixels


def _is_ybr(layout: PixelLayout, jpeg: bytes) -> bool:
    """Whether decoded samples are Y, CB and CR.

    What a JPEG frame says of itself counts before the header.
    """
    if jpeg[2:4] == b"\xff\xe0" and jpeg[6:10] == b"JFIF":
        return True
    adobe = jpeg.find(_ADOBE, 2, _FIRST_SEGMENTS)
    if adobe >= 0:
        return jpeg[adobe + 15] == 1
    return layout.photometric in YBR


def used_bits(words: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Take the stored values out of words that hold other bits beside them.

    Parameters
    ----------
    words : ndarray of int
        As wide as ``bits_allocated``, signed or not as the layout says; changed in place unless it
        is read-only.

    References
    ----------
    DICOM PS3.5 8.1.1: bits above and below the stored value may hold anything.
    """
    if words.dtype.kind not in "iu" or words.dtype.itemsize * 8 != layout.bits_allocated:
        return words
    above = layout.bits_allocated - layout.bits_stored - layout.shift
    if above <= 0 and layout.shift == 0:
        return words
    used: NDArray[Any] = words if words.flags.writeable else words.copy()
    if layout.shift:
        used >>= layout.shift
    used &= 2**layout.bits_stored - 1
    if layout.signed:  # the highest bit that is stored counts below zero
        sign = 2 ** (layout.bits_stored - 1)
        used ^= sign
        used -= sign
    return used


def size_in_frame(frame: bytes) -> tuple[int, int, int]:
    """Rows, columns and samples a pixel that a JPEG frame of any kind says it holds.

    A decoder believes them, whatever they are, and takes the time and memory they ask for.

    Raises
    ------
    ValueError, struct.error, IndexError
        If the frame does not say.

    References
    ----------
    ITU-T T.81 B.2.2 (JPEG), T.87 C.2.2 (JPEG-LS), T.800 A.5.1 (JPEG 2000).
    """
    at = frame.index(b"\xff\x4f\xff\x51") if b"\xff\x4f\xff\x51" in frame[:_HEAD] else -1
    if at >= 0:
        width, height, left, top = struct.unpack_from(">4L", frame, at + 8)
        return (height - top, width - left, struct.unpack_from(">H", frame, at + 40)[0])
    at = 2
    while frame[at] == 0xFF:
        marker, length = struct.unpack_from(">xBH", frame, at)
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _FRAME_HEADERS:
            rows, columns, samples = struct.unpack_from(">HHB", frame, at + 5)
            return (rows, columns, samples)
        else:
            at += 2 + length
    raise ValueError("no frame header")


def _by_pydicom(stream: BinaryIO, layout: PixelLayout, index: int, decoder: str) -> NDArray[Any]:
    syntax = _INFLATED if layout.transfer_syntax == _DEFLATED else layout.transfer_syntax
    shifted = layout.shift > 0 and not layout.compressed
    options = {
        "rows": layout.rows,
        "columns": layout.columns,
        "number_of_frames": layout.frames,
        "samples_per_pixel": layout.samples,
        "planar_configuration": int(layout.planar),
        "photometric_interpretation": layout.photometric,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_allocated if shifted else layout.bits_stored,
        "pixel_representation": int(layout.signed),
        "pixel_keyword": layout.keyword,
        "pixel_vr": layout.vr,
    }
    if layout.extended_offsets is not None:
        options["extended_offsets"] = layout.extended_offsets
    pixels: NDArray[Any]
    pixels, _ = get_decoder(syntax).as_array(
        stream,
        index=index,
        raw=True,  # no change of colours or palette
        decoding_plugin=decoder,
        **options,
    )
    return used_bits(pixels, layout) if shifted else pixels


def _jpeg(frame: bytes, layout: PixelLayout) -> NDArray[Any]:
    """Decode a JPEG frame of any process, 8 to 16 bits, by libjpeg-turbo."""
    import imagecodecs  # only where it is needed: it brings many decoders

    try:
        # as they are: `_is_ybr` knows better than libjpeg, which goes by the frame alone
        same = "YCBCR" if layout.samples == 3 else None
        pixels = np.asarray(imagecodecs.jpeg8_decode(frame, colorspace=same, outcolorspace=same))
    except imagecodecs.Jpeg8Error as error:
        raise ValueError(str(error)) from error
    kind = np.dtype(f"{'i' if layout.signed else 'u'}{layout.bits_allocated // 8}")
    return used_bits(pixels.astype(kind), layout)
