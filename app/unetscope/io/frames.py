"""One frame of a DICOM image: its place, its rescale and window, and what it is a picture of.

Classic and Enhanced multi-frame files are read alike, through `FrameHeader`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unetscope.domain.real_world import RealWorldMap
from unetscope.domain.window import Window
from unetscope.io.dicom_values import element, first_item, items, number, numbers, text, whole
from unetscope.io.frame_header import FrameHeader
from unetscope.io.value_maps import (
    Rescale,
    read_padding,
    read_real_world,
    read_rescale,
    read_window,
)

_COMPONENTS = {
    "magnitude": {"M", "MAGNITUDE", "M_FFE", "M_SE", "M_IR"},
    "phase": {"P", "PHASE", "PHASE MAP"},
    "real": {"R", "REAL"},
    "imaginary": {"I", "IMAGINARY"},
}
_GE_B_VALUE = 1_000_000_000  # GE adds this to some b-values


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
    padding : tuple of float, or None
        Lowest and highest value, after rescale, of pixels that hold no picture.
    real_world : RealWorldMap or None
        What stored values are as a physical quantity.
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
    padding: tuple[float, float] | None
    real_world: RealWorldMap | None
    traits: Traits


def read_frames(dataset: Any, count: int) -> tuple[Frame, ...]:
    """Describe the `count` frames of a dataset read up to its pixels."""
    own = items(dataset, "PerFrameFunctionalGroupsSequence")
    shared = first_item(dataset, "SharedFunctionalGroupsSequence")
    offsets = numbers(dataset, "GridFrameOffsetVector")
    frames = []
    for index in range(count):
        where = FrameHeader(dataset, own[index] if index < len(own) else None, shared)
        position = _finite(where.numbers("PlanePositionSequence", "ImagePositionPatient"), 3)
        orientation = _finite(
            where.numbers("PlaneOrientationSequence", "ImageOrientationPatient"), 6
        )
        if count > 1 and index >= len(own):  # one position at the top cannot be that of every frame
            position = _dose_position(position, orientation, offsets, index)
        frames.append(_describe(where, index, position, orientation))
    return tuple(frames)


def as_brightness(frames: tuple[Frame, ...], rescale: Rescale, bits: int) -> tuple[Frame, ...]:
    """Make frames of colours frames of their brightness, shown from black to white.

    Parameters
    ----------
    rescale : Rescale
        Stored values to brightness.
    bits : int
        Of a brightness.

    References
    ----------
    DICOM PS3.3 C.11.1, C.11.2: rescale, window and the rest are for grey values alone.
    """
    window = Window((2**bits - 1) / 2, 2**bits - 1, "LINEAR_EXACT")
    return tuple(
        replace(frame, rescale=rescale, window=window, padding=None, real_world=None)
        for frame in frames
    )


def _describe(
    where: FrameHeader,
    index: int,
    position: tuple[float, ...] | None,
    orientation: tuple[float, ...] | None,
) -> Frame:
    rescale = read_rescale(where)
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
        window=read_window(where),
        padding=read_padding(where, rescale),
        real_world=read_real_world(where),
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


def _spacing(where: FrameHeader) -> tuple[tuple[float, ...] | None, bool]:
    spacing = where.numbers("PixelMeasuresSequence", "PixelSpacing")
    if len(spacing) == 2:
        return spacing, True
    for keyword in ("ImagerPixelSpacing", "PixelAspectRatio"):
        spacing = numbers(where.dataset, keyword)
        if len(spacing) == 2:
            return spacing, False
    return None, False


def _traits(where: FrameHeader, index: int) -> Traits:
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


def _echo_time(where: FrameHeader) -> float | None:
    echo = where.number("MREchoSequence", "EffectiveEchoTime")
    return number(where.dataset, "EchoTime") if echo is None else echo


def _gradient(where: FrameHeader) -> tuple[float, ...]:
    direction = numbers(where.dataset, "DiffusionGradientOrientation")
    for groups in where.groups:
        diffusion = first_item(groups, "MRDiffusionSequence")
        inner = first_item(diffusion, "DiffusionGradientDirectionSequence") if diffusion else None
        if inner is not None:
            direction = numbers(inner, "DiffusionGradientOrientation")
            break
    return tuple(round(v, 4) for v in direction) if _finite(direction, 3) else ()


def _b_value(where: FrameHeader) -> float | None:
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
