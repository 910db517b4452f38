"""Frames that are stored as they are, little endian: read from their place without a decoder."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.io.pixels import PixelLayout, used_bits

_LITTLE_ENDIAN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
_WIDTHS = (8, 16, 32)


def is_plain(layout: PixelLayout) -> bool:
    """Whether frames are whole numbers of whole bytes, neither packed nor compressed."""
    return (
        layout.transfer_syntax in _LITTLE_ENDIAN
        and layout.deflated is None
        and layout.keyword == "PixelData"
        and layout.samples == 1
        and layout.bits_allocated in _WIDTHS
        and 1 <= layout.bits_stored <= layout.bits_allocated
    )


def read_plain_frame(path: Path, layout: PixelLayout, index: int) -> NDArray[Any]:
    """Read one plain frame.

    Returns
    -------
    (rows, columns) ndarray
        Stored values, native endian, read-only; other bits of a word are ignored.

    Raises
    ------
    OSError
        If the file cannot be read.
    EOFError
        If it ends before the frame does.

    References
    ----------
    DICOM PS3.5 8.1.1, 8.2: unused high bits say nothing.
    """
    kind = "i" if layout.signed else "u"
    stored = np.empty((layout.rows, layout.columns), f"<{kind}{layout.bits_allocated // 8}")
    with io.FileIO(path) as file:
        file.seek(layout.offset + index * stored.nbytes)
        left = stored.reshape(-1).view(np.uint8).data
        while left:
            count = file.readinto(left)
            if not count:
                raise EOFError(f"{path.name} ends before frame {index} does")
            left = left[count:]
    stored = used_bits(stored, layout)
    stored = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    stored.setflags(write=False)
    return stored
