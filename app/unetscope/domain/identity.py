"""Which elements of a header may tell who the patient is."""

from __future__ import annotations

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
