"""A picture as PNG: the same pixels give the same bytes, and nothing is said beside them."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAID = b"Description\x00Unetscope, research use only"
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # grey, red-green-blue, with alpha


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a picture.

    Parameters
    ----------
    pixels : (H, W), (H, W, 3) or (H, W, 4) ndarray of uint8
        Grey, or red, green, blue and maybe alpha.

    References
    ----------
    W3C, Portable Network Graphics (PNG) Specification, third edition.
    """
    rows, columns = pixels.shape[:2]
    depth = pixels.shape[2] if pixels.ndim == 3 else 1
    header = struct.pack(">2I5B", columns, rows, 8, _COLOUR_TYPES[depth], 0, 0, 0)
    lines = np.zeros((rows, 1 + columns * depth), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = pixels.reshape(rows, -1)
    parts = (
        (b"IHDR", header),
        (b"tEXt", SAID),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return SIGNATURE + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
