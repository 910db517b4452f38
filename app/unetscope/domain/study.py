"""What is known about a study, its patient and its series: plain values without pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PatientInfo:
    """Who was examined, as the file says it: texts, empty when absent.

    Attributes
    ----------
    name : str
        DICOM person name: components separated by ``^``, family name first.
    identity : str
        Patient ID.
    sex : str
        ``M``, ``F``, ``O`` or empty.
    age : str
        For example ``042Y``.
    birth_date : str
        ``YYYYMMDD``.

    References
    ----------
    DICOM PS3.3 C.7.1.1 (Patient) and C.7.2.2 (Patient Study).
    """

    name: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)
    sex: str = ""
    age: str = ""
    birth_date: str = field(default="", repr=False)


NOBODY = PatientInfo()


@dataclass(frozen=True, slots=True)
class StudyInfo:
    """One visit: who, when, what. `date` is ``YYYYMMDD`` or empty."""

    uid: str = ""
    description: str = ""
    date: str = ""
    patient: PatientInfo = NOBODY


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """What a series says about itself.

    Attributes
    ----------
    uid : str
        Key of the series, unique in what was opened: SeriesInstanceUID, with what tells it apart
        when one DICOM series was split.
    description : str
        SeriesDescription, with what tells it apart when one DICOM series was split.
    modality : str
        ``MR``, ``CT``, ...; empty when unknown.
    number : int
        SeriesNumber; 0 when absent.
    date : str
        ``YYYYMMDD`` or empty.
    study : StudyInfo
        The visit it belongs to.
    frame_of_reference : str
        FrameOfReferenceUID: series of one share the patient's space; empty when unknown.
    """

    uid: str
    description: str = ""
    modality: str = ""
    number: int = 0
    date: str = ""
    study: StudyInfo = StudyInfo()
    frame_of_reference: str = ""

    @property
    def units(self) -> str:
        """Unit of the rescaled values: ``HU`` for CT, else empty (arbitrary)."""
        return "HU" if self.modality == "CT" else ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why.

    Attributes
    ----------
    path : Path
        The file (or hidden folder).
    reason : str
        What it is, without its name: ``not a DICOM file``, ``cut short``.
    expected : bool
        Nobody would take it for a slice: a hidden file, a text, a picture of another kind. Such
        files are listed after the others and not counted with them.
    """

    path: Path
    reason: str
    expected: bool = False
