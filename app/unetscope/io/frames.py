"""One frame of a DICOM image: its place, its rescale and window, and what it is a picture of.

A classic file holds one frame and says these things at its top level; an Enhanced multi-frame
file says them per frame or once for all, in functional groups (DICOM PS3.3 C.7.6.16). Both are
read through `_Frame`, which looks in the frame's groups, then the shared ones, then the top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.window import Window, WindowFunction
from unetscope.io.dicom_values import element, first_item, items, number, numbers, text, whole

_COMPONENTS = {
    "magnitude": {"M", "MAGNITUDE", "M_FFE", "M_SE", "M_IR"},
    "phase": {"P", "PHASE", "PHASE MAP"},
    "real": {"R", "REAL"},
    "imaginary": {"I", "IMAGINARY"},
}
_GE_B_VALUE = 1_000_000_000  # GE adds this to some b-values


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


@dataclass(frozen=True, slots=True)
class Traits:
    """What tells two pictures of the same place apart."""

    instance: int = 0
    image_type: str = ""
    component: str = ""
    localizer: bool = False
    stack: str = ""
    echo: int | None = None
    echo_time: float | None = None
    b_value: float | None = None
    gradient: tuple[float, ...] = ()
    temporal: int | None = None
    trigger: float | None = None
    acquisition: int | None = None
    time: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A slice of a DICOM file, without its pixels.

    Attributes
    ----------
    index : int
        Place in the file, from 0.
    position : tuple of float, or None
        ImagePositionPatient in LPS mm; finite.
    orientation : tuple of float, or None
        ImageOrientationPatient, six direction cosines; finite.
    spacing : tuple of float, or None
        PixelSpacing between rows and between columns in mm, as stored (0 and NaN included).
    calibrated : bool
        False when `spacing` is not a distance in the patient (ImagerPixelSpacing, aspect ratio).
    thickness, gap : float or None
        SliceThickness, SpacingBetweenSlices in mm.
    rescale : Rescale
        To the modality's units.
    window : Window or None
        First one in the file.
    padding : float or None
        PixelPaddingValue after rescale.
    traits : Traits
        What it is a picture of.
    """

    index: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    calibrated: bool
    thickness: float | None
    gap: float | None
    rescale: Rescale
    window: Window | None
    padding: float | None
    traits: Traits


class _Frame:
    """Where to look for what concerns one frame."""

    def __init__(self, dataset: Any, own: Any, shared: Any) -> None:
        self.dataset = dataset
        self.groups = [group for group in (own, shared) if group is not None]

    def find(self, group: str, keyword: str) -> Any:
        """Dataset in which `keyword` stands; the top level if it stands nowhere."""
        for groups in self.groups:
            inner = first_item(groups, group)
            if inner is not None and element(inner, keyword) is not None:
                return inner
        return self.dataset

    def numbers(self, group: str, keyword: str) -> tuple[float, ...]:
        return numbers(self.find(group, keyword), keyword)

    def number(self, group: str, keyword: str) -> float | None:
        return number(self.find(group, keyword), keyword)

    def whole(self, group: str, keyword: str) -> int | None:
        return whole(self.find(group, keyword), keyword)

    def text(self, group: str, keyword: str) -> str:
        return text(self.find(group, keyword), keyword)


def read_frames(dataset: Any, count: int) -> tuple[Frame, ...]:
    """Describe the `count` frames of a dataset read up to its pixels."""
    own = items(dataset, "PerFrameFunctionalGroupsSequence")
    shared = first_item(dataset, "SharedFunctionalGroupsSequence")
    offsets = numbers(dataset, "GridFrameOffsetVector")
    frames = []
    for index in range(count):
        where = _Frame(dataset, own[index] if index < len(own) else None, shared)
        position = _finite(where.numbers("PlanePositionSequence", "ImagePositionPatient"), 3)
        orientation = _finite(
            where.numbers("PlaneOrientationSequence", "ImageOrientationPatient"), 6
        )
        if count > 1 and index >= len(own):  # one position at the top cannot be that of every frame
            position = _dose_position(position, orientation, offsets, index)
        frames.append(_describe(where, index, position, orientation))
    return tuple(frames)


def _describe(
    where: _Frame,
    index: int,
    position: tuple[float, ...] | None,
    orientation: tuple[float, ...] | None,
) -> Frame:
    rescale = _rescale(where)
    padding = number(where.dataset, "PixelPaddingValue")
    spacing, calibrated = _spacing(where)
    return Frame(
        index=index,
        position=position,
        orientation=orientation,
        spacing=spacing,
        calibrated=calibrated,
        thickness=where.number("PixelMeasuresSequence", "SliceThickness"),
        gap=where.number("PixelMeasuresSequence", "SpacingBetweenSlices"),
        rescale=rescale,
        window=_window(where),
        padding=None if padding is None else float(rescale.apply(np.array([padding]))[0]),
        traits=_traits(where, index),
    )


def _finite(values: tuple[float, ...], count: int) -> tuple[float, ...] | None:
    return values if len(values) == count and all(map(math.isfinite, values)) else None


def _dose_position(
    position: tuple[float, ...] | None,
    orientation: tuple[float, ...] | None,
    offsets: tuple[float, ...],
    index: int,
) -> tuple[float, ...] | None:
    """Place of a frame of an RT Dose (DICOM PS3.3 C.8.8.3.2); None for other multi-frames."""
    if position is None or orientation is None or index >= len(offsets):
        return None
    start = 0.0 if offsets[0] == 0 else position[2]  # relative, or patient z for axial frames
    normal = np.cross(orientation[:3], orientation[3:])
    return tuple(float(v) for v in np.asarray(position) + (offsets[index] - start) * normal)


def _spacing(where: _Frame) -> tuple[tuple[float, ...] | None, bool]:
    spacing = where.numbers("PixelMeasuresSequence", "PixelSpacing")
    if len(spacing) == 2:
        return spacing, True
    for keyword in ("ImagerPixelSpacing", "PixelAspectRatio"):
        spacing = numbers(where.dataset, keyword)
        if len(spacing) == 2:
            return spacing, False
    return None, False


def _rescale(where: _Frame) -> Rescale:
    group = "PixelValueTransformationSequence"
    table = first_item(where.dataset, "ModalityLUTSequence")
    if table is not None:
        return _modality_lut(table)
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


def _modality_lut(item: Any) -> Rescale:
    """Read a Modality LUT (DICOM PS3.3 C.11.1.1.1)."""
    descriptor = numbers(item, "LUTDescriptor")
    data = element(item, "LUTData")
    if len(descriptor) != 3 or data is None:
        return Rescale(fault="a modality table that cannot be read")
    count, first, bits = (int(v) for v in descriptor)
    if isinstance(data, bytes):
        table = np.frombuffer(data[: len(data) // 2 * 2], dtype="<u2" if bits > 8 else "u1")
    else:
        table = np.asarray(data)
    table = table[: count or 65536].astype(np.float32)
    if table.size == 0:
        return Rescale(fault="an empty modality table")
    table.setflags(write=False)
    return Rescale(first=first, table=table)


def _window(where: _Frame) -> Window | None:
    """First window of a frame (DICOM PS3.3 C.11.2); None when absent or without a meaning."""
    group = "FrameVOILUTSequence"
    centre, width = where.number(group, "WindowCenter"), where.number(group, "WindowWidth")
    function = where.text(group, "VOILUTFunction").upper() or "LINEAR"
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        function = "LINEAR"
    if centre is None or width is None or (function == "LINEAR" and width < 1):
        return None
    try:
        return Window(centre, width, cast(WindowFunction, function))
    except ValueError:
        return None


def _traits(where: _Frame, index: int) -> Traits:
    content = "FrameContentSequence"
    image_type = where.text("MRImageFrameTypeSequence", "FrameType") or text(
        where.dataset, "ImageType"
    )
    words = set(image_type.upper().split("\\")[2:])
    named = where.text("MRImageFrameTypeSequence", "ComplexImageComponent").lower()
    component = named if named in _COMPONENTS else ""
    for name, tokens in _COMPONENTS.items():
        if not component and words & tokens:
            component = name
    instance = whole(where.dataset, "InstanceNumber") or 0
    acquisition = where.whole(content, "FrameAcquisitionNumber")
    return Traits(
        instance=instance if not where.groups else index,
        image_type=image_type,
        component=component,
        localizer="LOCALIZER" in words,
        stack=where.text(content, "StackID"),
        echo=whole(where.dataset, "EchoNumbers"),
        echo_time=_rounded(_echo_time(where)),
        b_value=_b_value(where),
        gradient=_gradient(where),
        temporal=_first(
            where.whole(content, "TemporalPositionIndex"),
            whole(where.dataset, "TemporalPositionIdentifier"),
        ),
        trigger=_first(
            where.number("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
            number(where.dataset, "TriggerTime"),
        ),
        acquisition=_first(acquisition, whole(where.dataset, "AcquisitionNumber")),
        time=where.text(content, "FrameAcquisitionDateTime")
        or text(where.dataset, "AcquisitionDateTime")
        or text(where.dataset, "AcquisitionTime")
        or text(where.dataset, "ContentTime"),
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _rounded(value: float | None) -> float | None:
    return round(value, 2) if value is not None and math.isfinite(value) else None


def _echo_time(where: _Frame) -> float | None:
    echo = where.number("MREchoSequence", "EffectiveEchoTime")
    return number(where.dataset, "EchoTime") if echo is None else echo


def _gradient(where: _Frame) -> tuple[float, ...]:
    direction = numbers(where.dataset, "DiffusionGradientOrientation")
    for groups in where.groups:
        diffusion = first_item(groups, "MRDiffusionSequence")
        inner = first_item(diffusion, "DiffusionGradientDirectionSequence") if diffusion else None
        if inner is not None:
            direction = numbers(inner, "DiffusionGradientOrientation")
            break
    return tuple(round(v, 4) for v in direction) if _finite(direction, 3) else ()


def _b_value(where: _Frame) -> float | None:
    """Read the b-value in s/mm2: the standard element, else the maker's private one."""
    value = where.number("MRDiffusionSequence", "DiffusionBValue")
    if value is not None:
        return _rounded(value)
    for creator, tag, name in (
        (0x0019_0010, 0x0019_100C, "SIEMENS MR HEADER"),
        (0x0043_0010, 0x0043_1039, "GEMS_PARM_01"),
        (0x2001_0010, 0x2001_1003, "Philips Imaging DD 001"),
    ):
        if str(element(where.dataset, creator)).strip() == name:
            found = _private_number(element(where.dataset, tag))
            if found is not None:
                return _rounded(found % _GE_B_VALUE if name == "GEMS_PARM_01" else found)
    return None


def _private_number(value: Any) -> float | None:
    """First number of a private element, which implicit VR leaves as bytes."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace").strip(" \0").split("\\")
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = next(iter(value), None)
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
