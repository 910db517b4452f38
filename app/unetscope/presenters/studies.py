"""The list of studies and series, with a picture of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource, StudySource
from unetscope.domain.study import Skipped, StudyInfo
from unetscope.domain.window import auto_window
from unetscope.state.desk import Desk
from unetscope.state.display import grey_levels
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.store import Store

THUMBNAIL = 64  # pixels along the longer side
HIDDEN_FILE = Path("hidden")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeriesRow:
    """One series in the list.

    Attributes
    ----------
    details, geometry : str
        What stands under its title, and what more is to be known of it.
    thumbnail : (h, w) ndarray of uint8, or None
        Its middle slice, small, as broad and high as it is in mm; None until it is read.
    """

    uid: str
    title: str
    details: str
    geometry: str
    thumbnail: NDArray[np.uint8] | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StudyRow:
    """One study in the list.

    Attributes
    ----------
    skipped : tuple of Skipped
        Files that were left out; without their names while identity is hidden.
    """

    title: str
    details: str
    series: tuple[SeriesRow, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StudiesView:
    """What the series panel draws."""

    studies: tuple[StudyRow, ...] = ()
    selected: str | None = None
    empty: str = "No study is open.\nDrop a DICOM folder, file or zip here."


class StudiesPresenter:
    """Turns the open studies into a `StudiesView`, with thumbnails read in the background."""

    view_changed = Signal(StudiesView)

    def __init__(self, store: Store, desk: Desk, jobs: Jobs) -> None:
        self._store = store
        self._desk = desk
        self._jobs = jobs
        self._thumbnails: dict[str, tuple[SeriesSource, NDArray[np.uint8]]] = {}
        self.view = StudiesView()
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._on_studies)

    def select(self, uid: str) -> None:
        """The user picked a series."""
        self._desk.show_series(uid)

    def step(self, steps: int) -> None:
        """Show the next series, or one before; at the ends, the last one."""
        uids = [row.uid for study in self.view.studies for row in study.series]
        shown = self._store.session.series
        if shown is not None and shown.uid in uids:
            index = min(max(uids.index(shown.uid) + steps, 0), len(uids) - 1)
            self.select(uids[index])

    def _on_session(self, old: Session, new: Session) -> None:
        if (old.series, old.identity_hidden) != (new.series, new.identity_hidden):
            self._publish()

    def _on_studies(self) -> None:
        """Make the thumbnails that are missing or belong to a series that was opened again."""
        wanted = [series for study in self._desk.studies for series in study.series]
        self._thumbnails = {
            series.uid: self._thumbnails[series.uid]
            for series in wanted
            if series.uid in self._thumbnails and self._thumbnails[series.uid][0] is series
        }
        missing = [series for series in wanted if series.uid not in self._thumbnails]

        def work(job: JobContext) -> None:
            for i, series in enumerate(missing):
                job.step(i / len(missing))
                try:
                    picture = _thumbnail(series)
                except UnetscopeError:
                    continue  # its slices say why when they are shown
                self._jobs.deliver(partial(self._have, series, picture))

        self._jobs.submit("thumbnails", work, done=lambda _: None, failed=lambda _: None)
        self._publish()

    def _have(self, series: SeriesSource, picture: NDArray[np.uint8]) -> None:
        self._thumbnails[series.uid] = (series, picture)
        self._publish()

    def _publish(self) -> None:
        session = self._store.session
        hidden = session.identity_hidden
        rows = tuple(row for study in self._desk.studies for row in self._rows(study, hidden))
        selected = session.series.uid if session.series else None
        self.view = StudiesView(rows, selected)
        self.view_changed.emit(self.view)

    def _rows(self, opened: StudySource, hidden: bool) -> list[StudyRow]:
        """One row for each visit in what was opened; the last one tells what was skipped."""
        visits: dict[StudyInfo, list[SeriesSource]] = {}
        for series in opened.series:
            visits.setdefault(series.study, []).append(series)
        rows = []
        for visit, held in visits.items():
            patient = visit.patient
            name = patient.name.replace("^", " ").strip() or patient.identity or "No name"
            title = " · ".join(part for part in (name, patient.sex, patient.age) if part)
            about = " · ".join(part for part in (_date(visit.date), visit.description) if part)
            rows.append(
                StudyRow(
                    title="Identity hidden" if hidden else title,
                    details="" if hidden else about,
                    series=tuple(self._row(series) for series in held),
                )
            )
        skipped = opened.skipped
        if hidden:
            skipped = tuple(replace(file, path=HIDDEN_FILE) for file in skipped)
        if rows:
            rows[-1] = replace(rows[-1], skipped=skipped)
        return rows

    def _row(self, series: SeriesSource) -> SeriesRow:
        slices, rows, columns = series.shape
        between, down, across = series.spacing
        many = "1 slice" if slices == 1 else f"{slices} slices"
        parts = (series.modality, many, f"{between:.1f} mm" if between > 0 else "")
        size = f" of {down:.3g} × {across:.3g} mm" if down > 0 and across > 0 else ""
        return SeriesRow(
            uid=series.uid,
            title=series.description or series.modality or "Series",
            details=" · ".join(part for part in parts if part),
            geometry=f"{rows} × {columns} pixels{size}",
            thumbnail=self._thumbnails.get(series.uid, (series, None))[1],
            warnings=series.warnings,
        )


def _thumbnail(series: SeriesSource) -> NDArray[np.uint8]:
    """The middle slice through its window, its longer side in mm `THUMBNAIL` pixels at most."""
    middle = series.shape[0] // 2
    values = series.slice(middle)
    rows, columns = values.shape
    down, across = (step if step > 0 else 1.0 for step in series.spacing[1:])
    pixel = max(rows * down / THUMBNAIL, columns * across / THUMBNAIL, min(down, across))
    at_rows = _sampled(rows, rows * down / pixel)
    at_columns = _sampled(columns, columns * across / pixel)
    small = values[np.ix_(at_rows, at_columns)]
    window = series.window(middle) or auto_window(small, series.padding_range)
    return grey_levels(small, window, series, inverted=series.monochrome1)


def _sampled(count: int, wanted: float) -> NDArray[np.intp]:
    """About `wanted` of `count` indices, evenly spread."""
    kept = max(1, round(wanted))
    return np.minimum((np.arange(kept) + 0.5) * count / kept, count - 1).astype(np.intp)


def _date(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == len("YYYYMMDD") else date
