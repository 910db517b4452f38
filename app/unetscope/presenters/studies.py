"""The list of studies and series, with a picture of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.ports import SeriesSource
from unetscope.domain.session import Session
from unetscope.domain.window import apply_window, auto_window
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.store import Store

THUMBNAIL = 64  # pixels along the longer side


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeriesRow:
    """One series in the list.

    Attributes
    ----------
    thumbnail : (h, w) ndarray of uint8, or None
        Its middle slice, small; None until it is read.
    """

    uid: str
    title: str
    details: str
    thumbnail: NDArray[np.uint8] | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StudyRow:
    """One study in the list."""

    title: str
    details: str
    series: tuple[SeriesRow, ...]


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
        studies = []
        for study in self._desk.studies:
            name = study.patient.name.replace("^", " ").strip() or study.patient.identity
            about = (study.description, _date(study.date))
            if session.identity_hidden:
                name, about = "Identity hidden", ("", "")
            studies.append(
                StudyRow(
                    title=name or "No name",
                    details=" · ".join(part for part in about if part),
                    series=tuple(self._row(series) for series in study.series),
                )
            )
        selected = session.series.uid if session.series else None
        self.view = StudiesView(tuple(studies), selected)
        self.view_changed.emit(self.view)

    def _row(self, series: SeriesSource) -> SeriesRow:
        slices, rows, columns = series.shape
        return SeriesRow(
            uid=series.uid,
            title=series.description or series.modality or "Series",
            details=f"{series.modality} · {slices} × {rows}×{columns} · {series.spacing[0]:.1f} mm",
            thumbnail=self._thumbnails.get(series.uid, (series, None))[1],
            warnings=series.warnings,
        )


def _thumbnail(series: SeriesSource) -> NDArray[np.uint8]:
    """The middle slice, at most `THUMBNAIL` pixels long, through its automatic window."""
    values = series.slice(series.shape[0] // 2)
    step = max(1, -(-max(values.shape) // THUMBNAIL))
    small = values[::step, ::step]
    return apply_window(small, auto_window(small))


def _date(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == len("YYYYMMDD") else date
