"""Colours: decoded samples to red, green and blue, and these to the grey of their brightness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

GREY = ("MONOCHROME1", "MONOCHROME2")
PALETTE = "PALETTE COLOR"
YBR = ("YBR_FULL", "YBR_FULL_422")  # conversions that a file leaves to its reader
COLOURS = ("RGB", *YBR, "YBR_ICT", "YBR_RCT")

_WEIGHTS = (299, 587, 114)  # thousandths of red, green and blue
_RED_CR, _GREEN_CB, _GREEN_CR, _BLUE_CB = 1.402, -0.344136, -0.714136, 1.772


def luminance(colours: NDArray[Any]) -> NDArray[Any]:
    """Brightness of colours: 0.299 red + 0.587 green + 0.114 blue, rounded.

    Parameters
    ----------
    colours : (..., 3) ndarray of unsigned int
        Red, green, blue.

    Returns
    -------
    (...) ndarray
        Of the same type, so that black is 0 and white its highest value.

    References
    ----------
    ITU-R BT.601, whose weights DICOM PS3.3 C.7.6.3.1.2 gives for the Y of YBR_FULL. For colours
    that are stored as YBR it is taken after they have become red, green and blue: what lies beyond
    these has the brightness of the colour that is shown instead.
    """
    wide = np.dtype(np.uint32 if colours.dtype.itemsize <= 2 else np.uint64)
    grey = np.full(colours.shape[:-1], sum(_WEIGHTS) // 2, wide)
    for channel, weight in enumerate(_WEIGHTS):
        grey += colours[..., channel].astype(wide) * weight
    return (grey // sum(_WEIGHTS)).astype(colours.dtype)


def from_ybr(samples: NDArray[Any], bits: int) -> NDArray[Any]:
    """YBR_FULL to red, green and blue.

    Parameters
    ----------
    samples : (..., 3) ndarray of unsigned int
        Y, CB and CR at every pixel.
    bits : int
        Of a sample.

    Returns
    -------
    (..., 3) ndarray
        Of the same type, rounded; what lies beyond black and white is cut.

    References
    ----------
    DICOM PS3.3 C.7.6.3.1.2.
    """
    y, cb, cr = (samples[..., channel].astype(np.float64) for channel in range(3))
    middle = 2 ** (bits - 1)
    cb -= middle
    cr -= middle
    colours = np.empty(samples.shape, samples.dtype)
    shifts = (_RED_CR * cr, _GREEN_CB * cb + _GREEN_CR * cr, _BLUE_CB * cb)
    for channel, shift in enumerate(shifts):
        colours[..., channel] = np.clip(np.rint(y + shift), 0, 2**bits - 1)
    return colours


def to_bytes(colours: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Colours of any depth as 8 bits a sample, read-only."""
    shown = (colours >> (bits - 8) if bits > 8 else colours).astype(np.uint8)
    shown.setflags(write=False)
    return shown
