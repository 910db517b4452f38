"""What the standard's profile does with an attribute, and what is done with all others.

The standard names what is to go and is silent about all else: what a vendor writes into a text
that no table knows would stay. Here texts that are not known to be technical go too.

References
----------
DICOM PS3.15 annex E: table E.1-1, and E.3.1 for the options.
"""

from __future__ import annotations

from enum import Enum
from functools import cache

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.tag import BaseTag

from unetscope import resources

TABLE = "basic_profile.txt"


class Action(Enum):
    """What becomes of an attribute."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"  # another one; in a sequence, those of its items
    KEEP = "K"


# "X unless it must be there": what must be there in one kind of object may stand, empty or with a
# dummy, in all of them, and says nothing in any.
_ACTIONS = {
    "X": Action.REMOVE,
    "Z": Action.EMPTY,
    "D": Action.DUMMY,
    "U": Action.UID,
    "X/Z": Action.EMPTY,
    "X/D": Action.DUMMY,
    "Z/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "X/Z/U*": Action.UID,
}
_TEXTS = frozenset(("LO", "SH", "LT", "ST", "UT", "UC", "PN", "AE", "AS", "DA", "DT", "TM", "UR"))
_BYTES = frozenset(("OB", "OW", "OD", "OF", "OL", "OV", "UN"))
_TECHNICAL = frozenset(
    (
        *("Manufacturer", "ManufacturerModelName", "SoftwareVersions", "SequenceName"),
        *("PulseSequenceName", "ImagedNucleus", "ReceiveCoilName", "TransmitCoilName"),
        *("ConvolutionKernel", "StackID", "RescaleType", "LUTExplanation", "LUTLabel"),
        *("WindowCenterWidthExplanation", "ModalityLUTType", "ResonantNucleus"),
        *("DimensionDescriptionLabel", "CodeValue", "CodingSchemeDesignator", "CodeMeaning"),
        *("CodingSchemeVersion", "LongCodeValue", "CodingSchemeName", "DecayCorrection"),
    )
)
_PICTURES = frozenset(
    (
        *("PixelData", "FloatPixelData", "DoubleFloatPixelData", "LUTData"),
        *("RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData"),
        *("BluePaletteColorLookupTableData", "AlphaPaletteColorLookupTableData"),
        *("SegmentedRedPaletteColorLookupTableData", "SegmentedGreenPaletteColorLookupTableData"),
        *("SegmentedBluePaletteColorLookupTableData", "SegmentedAlphaPaletteColorLookupTableData"),
        *("ExtendedOffsetTable", "ExtendedOffsetTableLengths", "RealWorldValueLUTData"),
    )
)
_CURVES, _OVERLAYS, _LAST = 0x5000, 0x6000, 0x1F


def action(tag: BaseTag) -> Action:
    """What becomes of an attribute, by its tag."""
    listed = _table().get(int(tag))
    if listed is not None:
        return listed
    if tag.is_private or any(0 <= tag.group - first < _LAST for first in (_CURVES, _OVERLAYS)):
        return Action.REMOVE
    if not dictionary_has_tag(tag):
        return Action.REMOVE
    vr, keyword = dictionary_VR(tag), keyword_for_tag(tag)
    if vr == "UI":
        return Action.UID
    if keyword in _TECHNICAL or keyword in _PICTURES:
        return Action.KEEP
    if vr in _TEXTS:
        return Action.EMPTY  # which says as little, and objects that must have it have it
    return Action.REMOVE if vr in _BYTES else Action.KEEP


@cache
def _table() -> dict[int, Action]:
    lines = (resources.folder() / "deidentification" / TABLE).read_text("utf-8").splitlines()
    parts = (line.split() for line in lines if line and not line.startswith("#"))
    return {int(tag, 16): _ACTIONS[what] for tag, what, _ in parts}
