"""What no table takes out: text in the pixels, and faces."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from unetscope.domain.sources import SeriesSource

_WITH_TEXT = {
    "1.2.840.10008.5.1.4.1.1.7": "a screen capture",
    "1.2.840.10008.5.1.4.1.1.7.1": "a screen capture",
    "1.2.840.10008.5.1.4.1.1.7.2": "a screen capture",
    "1.2.840.10008.5.1.4.1.1.7.3": "a screen capture",
    "1.2.840.10008.5.1.4.1.1.7.4": "a screen capture",
    "1.2.840.10008.5.1.4.1.1.6.1": "ultrasound",
    "1.2.840.10008.5.1.4.1.1.3.1": "ultrasound",
    "1.2.840.10008.5.1.4.1.1.6.2": "ultrasound",
}
_HEAD = (  # how words begin
    *("HEAD", "BRAIN", "SKULL", "FACIAL", "NEURO", "CRANI", "CEREB"),
    *("KOPF", "SCHAEDEL", "GEHIRN", "TETE", "CERVEAU", "CABEZA", "TESTA"),
)
_FACE = "FACE"  # as a whole: a facet is another thing
_OF_A_HEAD = (120.0, 320.0)  # mm that a volume with all of a face is long, along each axis
_FINE = 5.0  # mm between slices up to which a face can be made out


def concerns(series: SeriesSource, header: Any) -> tuple[str, ...]:
    """What in the pixels may tell who the patient is, in sentences.

    Parameters
    ----------
    header : Dataset or mapping
        Of the first file, or empty.
    """
    found = []
    if str(header.get("BurnedInAnnotation", "")).upper() == "YES":
        found.append("The file says that text is burned into the pixels: it stays there.")
    elif kind := _WITH_TEXT.get(str(header.get("SOPClassUID", ""))):
        found.append(f"This is {kind}: names may be written in the pixels, and stay there.")
    if str(header.get("RecognizableVisualFeatures", "")).upper() == "YES":
        found.append("The file says that the person can be recognised in the picture.")
    elif _may_show_a_face(series, header):
        found.append("This may show the face: it can be made visible from the slices of a head.")
    return tuple(found)


def _may_show_a_face(series: SeriesSource, header: Any) -> bool:
    if series.modality not in ("MR", "CT", ""):
        return False
    part = str(header.get("BodyPartExamined", "")).upper()
    said = f"{part} {header.get('ProtocolName', '')} {header.get('StudyDescription', '')}"
    said = f"{said} {series.description}".upper()
    words = re.split("[^A-Z]+", said)
    if _FACE in words or any(word.startswith(_HEAD) for word in words):
        return series.spacing[0] <= _FINE
    lengths = np.multiply(series.shape, series.spacing)
    low, high = _OF_A_HEAD
    return bool(not part and np.all((lengths >= low) & (lengths <= high)))
