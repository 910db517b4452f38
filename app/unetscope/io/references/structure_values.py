"""Codes and colours of structures, as DICOM files give them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from unetscope.domain.codes import SNOMED, Code
from unetscope.io.dicom_values import first_item, numbers, text

_OLD_SNOMED = ("SRT", "SNM3", "99SDM")
SIDES = {"7771000": "left", "24028007": "right"}
_WHITE = (0.95047, 1.0, 1.08883)  # D65
_TO_RGB = np.array(
    (
        (3.2404542, -1.5371385, -0.4985314),
        (-0.9692660, 1.8760108, 0.0415560),
        (0.0556434, -0.2040259, 1.0572252),
    )
)


def code_of(item: Any, sequence: str) -> Code | None:
    """Code in a sequence of one; an old SNOMED code as the SNOMED CT it became."""
    coded = first_item(item, sequence)
    if coded is None:
        return None
    value = text(coded, "CodeValue") or text(coded, "LongCodeValue")
    scheme, meaning = text(coded, "CodingSchemeDesignator"), text(coded, "CodeMeaning")
    if not value or not scheme:
        return None
    if scheme in _OLD_SNOMED:
        from pydicom.sr.coding import snomed_mapping  # a large table: only when it is needed

        value = snomed_mapping["SRT"].get(value, "")
        if not value:
            return None
        scheme = SNOMED
    return Code(value, scheme, meaning)


def colour_of_lab(item: Any, keyword: str = "RecommendedDisplayCIELabValue") -> str | None:
    """Colour as ``#rrggbb`` from CIELab scaled to 16 bits.

    References
    ----------
    DICOM PS3.3 C.10.7.1.1; CIE 1976 L*a*b* with the white of D65, and sRGB (IEC 61966-2-1).
    """
    stored = numbers(item, keyword)
    if len(stored) != 3 or not all(0 <= value <= 65535 for value in stored):
        return None
    light = stored[0] * 100 / 65535
    a, b = (value * 255 / 65535 - 128 for value in stored[1:])
    y = (light + 16) / 116
    xyz = [
        w * (f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29))
        for f, w in zip((y + a / 500, y, y - b / 200), _WHITE, strict=True)
    ]
    linear = _TO_RGB @ np.array(xyz)
    return hex_colour([_gamma(float(value)) for value in linear])


def colour_of_rgb(stored: Sequence[float]) -> str | None:
    """Colour as ``#rrggbb`` from three numbers up to 255; None where they are none."""
    if len(stored) != 3 or not all(math.isfinite(value) for value in stored):
        return None
    return hex_colour([value / 255 for value in stored])


def _gamma(value: float) -> float:
    value = min(max(value, 0.0), 1.0)
    return 12.92 * value if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)


def hex_colour(parts: Sequence[float]) -> str:
    """Colour as ``#rrggbb`` from red, green and blue up to 1."""
    return "#" + "".join(f"{round(255 * min(max(part, 0.0), 1.0)):02x}" for part in parts)


def side_of(item: Any) -> str:
    """``left``, ``right`` or empty: what modifies the code of a segment."""
    sequences = (
        ("SegmentedPropertyTypeCodeSequence", "SegmentedPropertyTypeModifierCodeSequence"),
        ("AnatomicRegionSequence", "AnatomicRegionModifierSequence"),
    )
    for outer, inner in sequences:
        for place in (first_item(item, outer), item):
            code = code_of(place, inner) if place is not None else None
            if code is not None and code.scheme == SNOMED and code.value in SIDES:
                return SIDES[code.value]
    return ""
