"""Window: which slice values become black, which white."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

WindowFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID", "TABLE"]

_SINGLE = 1e30  # beyond this, in either direction, single precision overflows
_TAIL = 0.1  # per cent of the values left outside an automatic window, at each end


@dataclass(frozen=True, slots=True)
class Window:
    """Centre and width of the values shown, in the units of the series.

    Attributes
    ----------
    centre : float
        Any finite value.
    width : float
        Finite and > 0. LINEAR needs at least 1; a smaller width is a step at the centre.
    function : str
        VOI LUT Function: LINEAR, LINEAR_EXACT or SIGMOID; TABLE when the file gives grey levels.
    table : bytes
        Only of a TABLE: a grey level for each of as many equal steps from the lower end of the
        window to the upper one.

    Raises
    ------
    ValueError
        If a number is not finite, the width is not positive, the function is unknown or a TABLE
        has no table.
    """

    centre: float
    width: float
    function: WindowFunction = "LINEAR"
    table: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.centre) and math.isfinite(self.width) and self.width > 0):
            raise ValueError(f"no window: centre {self.centre}, width {self.width}")
        if self.function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID", "TABLE"):
            raise ValueError(f"no window function: {self.function}")
        if self.function == "TABLE" and not self.table:
            raise ValueError("no table of grey levels")


def table_window(first: float, grey: NDArray[np.uint8]) -> Window:
    """Make the window of a VOI table.

    Parameters
    ----------
    first : float
        Value that the first entry stands for; each further entry stands for one more.
    grey : (n,) ndarray of uint8
        Grey levels.

    References
    ----------
    DICOM PS3.3 C.11.2.1.1, VOI LUT Sequence.
    """
    return Window(first + (grey.size - 1) / 2, float(grey.size), "TABLE", grey.tobytes())


def apply_window(values: NDArray[Any], window: Window) -> NDArray[np.uint8]:
    """Map slice values to 8-bit grey levels.

    Parameters
    ----------
    values : ndarray of any real dtype and shape
        Slice values after rescale, in the modality's units (arbitrary for MR).
    window : Window
        In the same units.

    Returns
    -------
    grey : ndarray of uint8
        Same shape; 0 at and below the window, 255 above it; NaN becomes 0.

    References
    ----------
    DICOM PS3.3 C.11.2.1.2.1 (LINEAR: centred on ``c - 0.5``, ``w - 1`` wide), C.11.2.1.3.1
    (SIGMOID) and C.11.2.1.3.2 (LINEAR_EXACT).
    """
    exact = np.asarray(values)
    kind = np.result_type(exact.dtype, np.float32).type  # double where single would lose digits
    if not max(abs(window.centre), window.width, 1 / window.width) < _SINGLE:
        kind = np.float64
    if window.function == "TABLE":
        return _looked_up(exact.astype(np.float64), window)
    grey = np.array(exact, dtype=kind)
    centre, width = window.centre, window.width
    if window.function == "LINEAR":
        centre, width = centre - 0.5, width - 1.0
    grey -= kind(centre)
    if window.function == "SIGMOID":
        with np.errstate(over="ignore"):  # far below the centre: exp gives inf, the grey 0
            grey = 255.0 / (1.0 + np.exp(grey * kind(-4.0 / width)))
    elif width > 0:
        with np.errstate(over="ignore"):  # a narrow window sends far values to infinity: clipped
            grey *= kind(255.0 / width)
        grey += kind(127.5)
    else:
        grey = np.where(np.isnan(grey), 0, np.where(grey > 0, kind(255), kind(0)))
    np.clip(grey, 0, 255, out=grey)
    np.rint(grey, out=grey)
    np.nan_to_num(grey, copy=False, nan=0.0)
    return grey.astype(np.uint8)


def _looked_up(values: NDArray[np.float64], window: Window) -> NDArray[np.uint8]:
    """Grey levels of a TABLE: those of its ends below and above it, 0 for NaN."""
    table = np.frombuffer(window.table, np.uint8)
    with np.errstate(over="ignore"):
        steps = (values - (window.centre - window.width / 2)) * (table.size / window.width)
    known = np.nan_to_num(np.floor(np.clip(steps, 0, table.size - 1)), nan=0.0)
    return np.where(np.isnan(values), np.uint8(0), table[known.astype(np.intp)])


def without_padding(
    values: NDArray[np.float32], padding: tuple[float, float] | None
) -> NDArray[np.float32]:
    """Give pixels that hold no picture the lowest value of the picture.

    Parameters
    ----------
    values : (rows, columns) ndarray of float32
    padding : (float, float), or None
        Lowest and highest value of such pixels.

    Returns
    -------
    values : (rows, columns) ndarray of float32
        The same array where there is nothing to do.
    """
    if padding is None:
        return values
    outside = (values >= padding[0]) & (values <= padding[1])
    picture = values[~outside & np.isfinite(values)]
    if not outside.any() or not picture.size:
        return values
    return np.where(outside, picture.min(), values)


def auto_window(values: NDArray[Any], padding: tuple[float, float] | None = None) -> Window:
    """Choose a window that shows all values but 0.1 % at each end.

    Parameters
    ----------
    values : ndarray of any real dtype and shape
        NaN and infinities are left out.
    padding : (float, float), optional
        Lowest and highest value of pixels that hold no picture; they are left out too.

    Returns
    -------
    Window
        LINEAR_EXACT, so that it also holds for values between 0 and 1. Without values, or with
        one value only, the width is 1.
    """
    finite = np.asarray(values)[np.isfinite(values)]
    if padding is not None:
        picture = finite[(finite < padding[0]) | (finite > padding[1])]
        finite = picture if picture.size else finite
    if finite.size == 0:
        return Window(0.5, 1.0, "LINEAR_EXACT")
    low, high = (float(v) for v in np.percentile(finite, [_TAIL, 100 - _TAIL]))
    width = high - low
    if not (math.isfinite(width) and width > 0):
        return Window(low, 1.0, "LINEAR_EXACT")
    return Window(low + width / 2, width, "LINEAR_EXACT")
