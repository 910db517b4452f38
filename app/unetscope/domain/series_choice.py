"""The series that is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeriesChoice:
    """A series by its key, how many slices it has and, where it is known, its modality."""

    uid: str
    slices: int
    modality: str = ""
