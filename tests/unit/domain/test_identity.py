"""Which elements of a header are blanked while identity is hidden."""

from __future__ import annotations

import pytest

from unetscope.domain.identity import may_identify
from unetscope.domain.tags import TagRow


def row(number: str, vr: str, value: str, keyword: str = "", name: str = "") -> TagRow:
    return TagRow(0, number, name or keyword, vr, value, keyword)


@pytest.mark.parametrize(
    "told",
    [
        row("(0010,0010)", "PN", "Doe^Jane", "PatientName"),
        row("(0010,0040)", "CS", "F", "PatientSex"),
        row("(0008,0090)", "PN", "Roe", "ReferringPhysicianName"),
        row("(0008,0020)", "DA", "20260102", "StudyDate"),
        row("(0008,0080)", "LO", "General Hospital", "InstitutionName"),
        row("(0008,0050)", "SH", "A-1", "AccessionNumber"),
        row("(0020,000D)", "UI", "1.3.12.2.1107.5", "StudyInstanceUID"),
        row("(0019,100C)", "IS", "1000", "", "[B_value]"),
        row("(0020,4000)", "LT", "asked for by Dr Roe", "ImageComments"),
        row("", "S80", "Jane Doe", "descrip", "descrip"),
    ],
    ids=lambda told: told.keyword or told.name,
)
def test_what_may_tell_the_patient_is_found(told: TagRow) -> None:
    assert may_identify(told)


@pytest.mark.parametrize(
    "told",
    [
        row("(0008,0060)", "CS", "MR", "Modality"),
        row("(0008,0016)", "UI", "1.2.840.10008.5.1.4.1.1.4 (MR Image Storage)", "SOPClassUID"),
        row("(0028,0010)", "US", "256", "Rows"),
        row("(0018,0080)", "DS", "2300", "RepetitionTime"),
        row("(0010,0010)", "PN", "", "PatientName"),
        row("(0008,1140)", "SQ", "2 items", "ReferencedImageSequence"),
        row("", "i2", "[3, 181, 217, 181, 1, 1, 1, 1]", "dim", "dim"),
    ],
    ids=lambda told: told.keyword or told.name,
)
def test_the_rest_stays_readable(told: TagRow) -> None:
    assert not may_identify(told)
