"""Which words must not be written into logs and reports: those of the studies that are open."""

from __future__ import annotations

from pathlib import Path

from unetscope import reports
from unetscope.state.desk import Desk

_EVERYDAY = frozenset(
    {"data", "desktop", "dicom", "documents", "downloads", "home", "images", "media", "mnt", "mri"}
    | {"patients", "series", "studies", "study", "tmp", "users", "var", "volumes", "zip", "nii"}
)


class PrivateNames:
    """Tells `reports` of every patient and folder as it is opened."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.studies_changed.connect(self._hide_patients)
        desk.opened.connect(self._hide_folders)

    def _hide_patients(self) -> None:
        for study in self._desk.studies:
            for patient in {series.study.patient for series in study.series}:
                reports.hide(patient.name, patient.identity, patient.birth_date)

    def _hide_folders(self, path: Path) -> None:
        if path not in self._desk.open_paths:
            return  # a model
        known = {part.casefold() for part in (*Path.home().parts, *Path(__file__).parts)}
        for part in path.parts:
            words = (part, part.split(".")[0])
            reports.hide(*(word for word in words if word.casefold() not in known | _EVERYDAY))
