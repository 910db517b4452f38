"""Colour maps and label colours: numbers in, colours out.

A colour map is a read-only ``(256, 3) ndarray of uint8``: entry 0 is the lower limit, 255 the
upper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Lut = NDArray[np.uint8]
RGB = tuple[int, int, int]


def _ramp(stops: Sequence[str], entries: int = 256) -> NDArray[np.float64]:
    """Colours evenly between `stops`, as (entries, 3) floats from 0 to 255."""
    known = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops], float)
    at = np.linspace(0.0, len(stops) - 1.0, entries)
    return np.stack([np.interp(at, np.arange(len(stops)), known[:, c]) for c in range(3)], axis=1)


def _frozen(colours: NDArray[np.float64]) -> Lut:
    lut = np.rint(colours).astype(np.uint8)
    lut.setflags(write=False)
    return lut


def _diverging() -> Lut:
    # Entries 127 and 128 are both neutral, and the arms have the same lightness step by step.
    negative = _ramp(("#f1f1f1", "#c3d3e8", "#7ba6d6", "#3d7fc0", "#1f63ac"), 128)
    positive = _ramp(("#f1f1f1", "#eccdd0", "#dd929b", "#c8525f", "#b2182b"), 128)
    return _frozen(np.concatenate([negative[::-1], positive]))


DIVERGING: Lut = _diverging()
"""Blue below zero, white at zero, red above: for weights and differences, with limits (-m, m)."""

GREY: Lut = _frozen(_ramp(("#000000", "#ffffff")))
"""Black to white: for slices and feature maps."""

VIRIDIS: Lut = _frozen(
    _ramp(
        (
            "#440154",
            "#481a6c",
            "#472f7d",
            "#414487",
            "#39568c",
            "#31688e",
            "#2a788e",
            "#23888e",
            "#1f988b",
            "#22a884",
            "#35b779",
            "#54c568",
            "#7ad151",
            "#a5db36",
            "#d2e21b",
            "#fde725",
        )
    )
)
"""Dark violet to yellow, of even lightness steps: for probabilities and heat maps."""

LUTS: dict[str, Lut] = {"grey": GREY, "viridis": VIRIDIS, "diverging": DIVERGING}

LABEL_COLOURS: tuple[RGB, ...] = (
    (208, 88, 107),  # red
    (63, 143, 210),  # blue
    (232, 192, 79),  # yellow
    (78, 201, 143),  # green
    (179, 136, 222),  # violet
    (240, 138, 75),  # orange
    (98, 205, 214),  # cyan
    (214, 118, 178),  # pink
)
"""Colours of the labels 1, 2, 3, …; told apart with the common kinds of colour blindness."""


def label_colour(label: int) -> RGB:
    """Colour of `label`, counted from 1; they repeat after the last one."""
    return LABEL_COLOURS[(label - 1) % len(LABEL_COLOURS)]


def symmetric_limits(values: NDArray[Any]) -> tuple[float, float]:
    """Limits (-m, m) for the diverging map; never empty, even if all values are 0 or NaN."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if finite.size else 0.0
    return (-largest, largest) if largest > 0 else (-1.0, 1.0)


def to_levels(
    values: NDArray[Any], low: float | NDArray[Any], high: float | NDArray[Any]
) -> NDArray[np.uint8]:
    """Map values to entries of a colour map.

    Parameters
    ----------
    values : (...) ndarray of float
        Dimensionless.
    low, high : float or ndarray that broadcasts against `values`
        The limits. Where `high` is not above `low`, everything up to `low` is entry 0.

    Returns
    -------
    levels : (...) ndarray of uint8
        0 at and below `low`, 255 at and above `high`; NaN becomes 0.
    """
    span = np.asarray(high, np.float32) - np.asarray(low, np.float32)
    scale = np.float32(255.0) / np.where(span > 0, span, np.float32(1.0))
    levels = values.astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        levels -= np.asarray(low, np.float32)
        levels *= scale
        np.maximum(levels, np.float32(0.0), out=levels)
        np.minimum(levels, np.float32(255.0), out=levels)
        levels += np.float32(0.5)
    if not np.isfinite(levels.sum(dtype=np.float64)):
        np.nan_to_num(levels, copy=False, nan=0.0)
    return levels.astype(np.uint8)


def to_rgb32(lut: Lut) -> NDArray[np.uint32]:
    """The map as (256,) words ``0xffRRGGBB``, as QImage's Format_RGB32 keeps pixels."""
    words: NDArray[np.uint32] = np.full(len(lut), 0xFF000000, np.uint32)
    for place, shift in enumerate((16, 8, 0)):
        words |= lut[:, place].astype(np.uint32) << np.uint32(shift)
    return words


def luminance(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of sRGB colours, 0 (black) to 1 (white).

    Parameters
    ----------
    rgb : (..., 3) ndarray of uint8

    References
    ----------
    W3C, Web Content Accessibility Guidelines 2.2, "relative luminance".
    """
    part = rgb.astype(np.float64) / 255.0
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    result: NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return result


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours ``#rrggbb``, 1 (the same) to 21 (black on white)."""
    both = np.rint(_ramp((first, second), 2)).astype(np.uint8)
    low, high = sorted(float(value) for value in luminance(both))
    return (high + 0.05) / (low + 0.05)
