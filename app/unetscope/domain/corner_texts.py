"""What stands in the corners of a slice: who, what and where."""

from __future__ import annotations

from dataclasses import dataclass

from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.domain.viewer import Annotations
from unetscope.domain.window import Window

Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corners:
    """The texts in the four corners of the picture."""

    top_left: Lines = ()
    top_right: Lines = ()
    bottom_left: Lines = ()
    bottom_right: Lines = ()


NO_CORNERS = Corners()
WARNING = "⚠"
FIT = 3  # lines for warnings, the last of which may count the rest


def warning_lines(warnings: Lines) -> Lines:
    """What fits of the warnings, and how many more there are."""
    told = warnings if len(warnings) <= FIT else warnings[: FIT - 1]
    more = len(warnings) - len(told)
    lines = (f"{WARNING} {sentence}" for sentence in told)
    return (*lines, f"{WARNING} {more} more …") if more else tuple(lines)


def corner_texts(session: Session, series: SeriesSource, index: int, window: Window) -> Corners:
    """Who, what and where; warnings are said whatever the user chose to see."""
    troubles = warning_lines(series.warnings)
    if session.viewer.annotations is Annotations.NONE:
        return Corners(bottom_left=troubles)
    where = (
        *troubles,
        f"slice {index + 1} / {series.shape[0]}   {series.position(index):.1f} mm",
        f"W {window.width:.4g}  C {window.centre:.4g}",
    )
    if session.viewer.annotations is Annotations.MINIMAL:
        return Corners(bottom_left=where)
    patient = series.patient
    name = patient.name.replace("^", " ").strip()
    who = name or patient.identity or "No name"
    about = " ".join(part for part in (patient.sex, patient.age) if part)
    date = series.date
    if len(date) == len("YYYYMMDD"):
        date = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    if session.identity_hidden:
        who, about, date = "Identity hidden", "", ""
    return Corners(
        top_left=tuple(line for line in (who, about) if line),
        top_right=tuple(line for line in (series.description, date) if line),
        bottom_left=where,
    )
