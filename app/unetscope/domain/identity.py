"""Which elements of a header may tell who the patient is."""

from __future__ import annotations

import re

from unetscope.domain.errors import StudyError, UnetscopeError
from unetscope.domain.tags import TagRow

HIDDEN = "hidden"

_KINDS = frozenset({"PN", "DA", "DT", "TM", "LT", "ST", "UT", "UC", "UR", "UN", "OB"})
_KEYWORDS = frozenset(
    {
        "AccessionNumber",
        "AdmissionID",
        "ContainerIdentifier",
        "DetectorID",
        "DeviceSerialNumber",
        "DeviceUID",
        "FillerOrderNumberImagingServiceRequest",
        "GantryID",
        "ImagePath",
        "InstitutionName",
        "InstitutionalDepartmentName",
        "IssuerOfPatientID",
        "PerformedLocation",
        "PerformedProcedureStepDescription",
        "PerformedProcedureStepID",
        "PerformedStationAETitle",
        "PerformedStationName",
        "PlacerOrderNumberImagingServiceRequest",
        "ReasonForStudy",
        "RequestedProcedureDescription",
        "RequestedProcedureID",
        "RequestingService",
        "ScheduledProcedureStepDescription",
        "ScheduledProcedureStepID",
        "ScheduledStationAETitle",
        "ScheduledStationName",
        "SourceApplicationEntityTitle",
        "SpecimenIdentifier",
        "StationName",
        "StudyDescription",
        "StudyID",
        "TimezoneOffsetFromUTC",
    }
)
_FREE_FIELDS = frozenset({"descrip", "aux_file", "db_name", "intent_name"})  # of NIfTI


_NAMED_FIRST = re.compile(
    r"^.*(?= (is|are|has|have|holds|cannot|could|does|ends)\b)", re.DOTALL
)  # greedy: a name may hold such a word itself
_PLAIN = re.compile(r"[a-z]+[,.;]?|(DICOM|DICOMDIR|NIfTI|JPEG|PDF|CT|MR|RGB)[,.;]?")
_BEFORE_NAMES = frozenset({"in", "of", "beside", "than"})


def without_file_name(sentence: str) -> str:
    """What is said of a file of a study, without its name.

    Cautious: what could hold the name is left out, and so is what is said where nobody can tell.
    """
    said = _NAMED_FIRST.sub("A file", sentence, count=1)
    words = said.split()
    plain = all(_PLAIN.fullmatch(word) for word in words[1:]) and not _BEFORE_NAMES & {*words}
    return said if said != sentence and plain else "A file of the study made trouble."


def told(error: UnetscopeError, *, hidden: bool) -> UnetscopeError:
    """An error as it may be read while identity is hidden: without names of files of a study."""
    if not (hidden and isinstance(error, StudyError)):
        return error
    return StudyError(without_file_name(error.what), "Show identity to see which file.")


def may_identify(row: TagRow) -> bool:
    """Whether the value of an element may tell who the patient is.

    Cautious: all names, dates, times, free texts, private elements, the whole patient group, and
    every UID that is not one of the standard's own.

    References
    ----------
    DICOM PS3.15 table E.1-1, Basic Application Level Confidentiality Profile, of which this covers
    what a header of an image holds; a picture for the screen, no de-identification of files.
    """
    if not row.value or row.vr == "SQ":
        return False
    if not row.group_element:
        return row.name in _FREE_FIELDS
    if row.private or row.group_element.startswith("(0010,"):
        return True
    if row.vr == "UI":
        return not row.value.startswith("1.2.840.10008.")
    return row.vr in _KINDS or row.keyword in _KEYWORDS
