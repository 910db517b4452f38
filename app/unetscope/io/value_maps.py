"""What a header says about values: modality rescale, window, padding, real-world quantities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.real_world import RealWorldMap
from unetscope.domain.window import Window, WindowFunction, table_window
from unetscope.io.dicom_values import element, first_item, number, numbers, text, whole
from unetscope.io.frame_header import FrameHeader

_MOST_ENTRIES = 2**16


@dataclass(frozen=True, slots=True, eq=False)
class Rescale:
    """Stored values to the modality's units (DICOM PS3.3 C.11.1).

    Attributes
    ----------
    slope, intercept : float
        Used when there is no table.
    first : int
        Stored value that the first entry of `table` stands for.
    table : (n,) ndarray of float32, or None
        Modality LUT; stored values outside it take its first or last entry.
    fault : str
        What was wrong with the file's own values, which were then not used; else empty.
    """

    slope: float = 1.0
    intercept: float = 0.0
    first: int = 0
    table: NDArray[np.float32] | None = None
    fault: str = ""

    def apply(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """Rescale an array of any shape; the answer is a new native float32 array."""
        if self.table is not None:
            index = np.clip(stored.astype(np.int64) - self.first, 0, self.table.size - 1)
            return self.table[index]
        if self.slope == 1.0 and self.intercept == 0.0 and stored.dtype != np.float64:
            return stored.astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # beyond float32: infinite, as it is
            return (stored.astype(np.float64) * self.slope + self.intercept).astype(np.float32)

    def value(self, stored: float) -> float:
        """Rescale one number."""
        return float(self.apply(np.array([stored]))[0])


class _Table(NamedTuple):
    """A lookup table: the input of its first entry, its entries, and bits of an entry."""

    first: int
    entries: NDArray[np.uint16]
    bits: int


def read_rescale(where: FrameHeader) -> Rescale:
    """Read how stored values become the modality's units; a faulty answer is not used."""
    group = "PixelValueTransformationSequence"
    item = first_item(where.dataset, "ModalityLUTSequence")
    if item is not None:
        table = _read_table(where, item)
        if table is None:
            return Rescale(fault="a modality table that cannot be read")
        entries = table.entries.astype(np.float32)
        entries.setflags(write=False)
        return Rescale(first=table.first, table=entries)
    slope = where.number(group, "RescaleSlope")
    if slope is None:
        slope = number(where.dataset, "DoseGridScaling")
    intercept = where.number(group, "RescaleIntercept")
    if slope is None and intercept is None:
        return Rescale()
    slope = 1.0 if slope is None else slope
    intercept = 0.0 if intercept is None else intercept
    if slope == 0 or not math.isfinite(slope) or not math.isfinite(intercept):
        return Rescale(fault=f"rescale slope {slope:g}, intercept {intercept:g}")
    return Rescale(slope, intercept)


def read_window(where: FrameHeader) -> Window | None:
    """First window of a frame, else its first VOI table; None when neither has a meaning.

    References
    ----------
    DICOM PS3.3 C.11.2: where both are there, either may be shown.
    """
    group = "FrameVOILUTSequence"
    centre, width = where.number(group, "WindowCenter"), where.number(group, "WindowWidth")
    function = where.text(group, "VOILUTFunction").upper() or "LINEAR"
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        function = "LINEAR"
    if centre is None or width is None or (function == "LINEAR" and width < 1):
        return _window_of_table(where)
    try:
        return Window(centre, width, cast(WindowFunction, function))
    except ValueError:
        return _window_of_table(where)


def read_padding(where: FrameHeader, rescale: Rescale) -> tuple[float, float] | None:
    """Lowest and highest value, after rescale, of pixels that hold no picture.

    References
    ----------
    DICOM PS3.3 C.7.5.1.1.2: Pixel Padding Value and Range Limit, in stored values.
    """
    names = ("PixelPaddingValue", "PixelPaddingRangeLimit")
    stored = [value for name in names if (value := number(where.dataset, name)) is not None]
    if number(where.dataset, names[0]) is None:
        return None
    if whole(where.dataset, "PixelRepresentation") == 1:  # a negative one may stand as unsigned
        stored = [value - 2**16 if 2**15 <= value < 2**16 else value for value in stored]
    ends = [rescale.value(value) for value in stored]
    return (min(ends), max(ends))


def read_real_world(where: FrameHeader) -> RealWorldMap | None:
    """Read the first real-world map of a frame; None when there is none with a meaning."""
    item = where.first_item("RealWorldValueMappingSequence")
    if item is None:
        return None
    ends = [
        _first_number(
            item, f"RealWorldValue{end}ValueMapped", f"DoubleFloatRealWorldValue{end}ValueMapped"
        )
        for end in ("First", "Last")
    ]
    first, last = (math.nan if end is None else end for end in ends)
    unit = first_item(item, "MeasurementUnitsCodeSequence")
    words = (
        "" if unit is None else text(unit, "CodeValue"),
        text(item, "LUTLabel") or text(item, "LUTExplanation"),
    )
    entries = np.array(numbers(item, "RealWorldValueLUTData"), dtype=np.float64)
    slope, intercept = (number(item, f"RealWorldValue{k}") for k in ("Slope", "Intercept"))
    if entries.size and entries.size == last - first + 1:
        entries.setflags(write=False)
        return RealWorldMap(first, last, table=entries, unit=words[0], label=words[1])
    if (
        slope is None
        or intercept is None
        or not (math.isfinite(slope) and math.isfinite(intercept))
    ):
        return None
    first, last = (-math.inf, math.inf) if math.isnan(first + last) else (first, last)
    return RealWorldMap(first, last, slope, intercept, unit=words[0], label=words[1])


def _first_number(item: Any, *keywords: str) -> float | None:
    found = (number(item, keyword) for keyword in keywords)
    return next((value for value in found if value is not None), None)


def _window_of_table(where: FrameHeader) -> Window | None:
    item = first_item(where.dataset, "VOILUTSequence")
    table = None if item is None else _read_table(where, item)
    if table is None or table.entries.size < 2:
        return None
    highest = max(2**table.bits - 1, 1)
    grey = np.clip(np.rint(table.entries * (255.0 / highest)), 0, 255).astype(np.uint8)
    return table_window(table.first, grey)


def _read_table(where: FrameHeader, item: Any) -> _Table | None:
    """Read a lookup table (DICOM PS3.3 C.11.1.1.1); None when it cannot be.

    Its entries are unsigned whatever their VR, and bytes of them are in the order of the file.
    """
    descriptor = numbers(item, "LUTDescriptor")
    data = element(item, "LUTData")
    if len(descriptor) != 3 or data is None:
        return None
    count, first, bits = (int(v) for v in descriptor)
    count = count or _MOST_ENTRIES
    if isinstance(data, bytes):
        little = where.dataset.original_encoding[1] is not False
        wide = len(data) >= 2 * count
        kind = f"{'<' if little else '>'}u2" if wide else "u1"
        entries = np.frombuffer(data[: count * (2 if wide else 1)], kind).astype(np.uint16)
    else:
        entries = (np.array(numbers(item, "LUTData"))[:count].astype(np.int64) & 0xFFFF).astype(
            np.uint16
        )
    if entries.size == 0:
        return None
    signed = whole(where.dataset, "PixelRepresentation") == 1
    if signed and first >= 2**15:  # a negative number read as an unsigned one
        first -= 2**16
    return _Table(first, entries, bits if 1 <= bits <= 16 else 16)
