"""The selected feature map over the whole series: its curve, strongest slices and patches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.map_grid import MapGrid, turned
from unetscope.domain.planes import Turn
from unetscope.domain.ports import Floats
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.domain.survey import Measure, Survey
from unetscope.domain.window import Window
from unetscope.state.desk import Desk
from unetscope.state.display import Display, grey_levels
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.series_survey import SeriesSurvey
from unetscope.state.shown_maps import ShownMaps
from unetscope.state.store import Store

STRONGEST = 6
LEAST_PATCH = 9  # pixels of the slice that a patch shows at least, along each side
Grey = NDArray[np.uint8]
Cut = tuple[int, int, int, int]  # first row, first column, rows, columns


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Strong:
    """One of the strongest slices of a map.

    Attributes
    ----------
    index : int
        Of the slice, counted from 0.
    value : float
        What it was chosen by.
    picture, patch : ndarray of uint8, or None
        The slice, and what the strongest pixel can see of it; None until they are read.
    place : (row, column, rows, columns), or None
        The patch in the picture, in pixels; None where the map has no place on the slice.
    cell : (int, int), or None
        The strongest pixel of the map.
    """

    index: int
    value: float
    picture: Grey | None = None
    patch: Grey | None = None
    place: Cut | None = None
    cell: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MapSeriesView:
    """What is known of one map over the series.

    Attributes
    ----------
    curve : (slices,) ndarray of float32
        NaN where a slice is not known.
    aspect : float
        Height of a pixel of the slices divided by its width.
    stale : bool
        It was found with other edits or another input card.
    remark : str
        What must be known about it, to follow a title.
    """

    title: str = "Over the series"
    curve: Floats
    measure: Measure = Measure.GREATEST
    slice_index: int = 0
    strongest: tuple[Strong, ...] = ()
    aspect: float = 1.0
    running: bool = False
    stale: bool = False
    caption: str = ""
    remark: str = ""
    empty: str = ""


class MapSeriesPresenter:
    """Turns the survey of the series into a `MapSeriesView` of the map shown."""

    view_changed = Signal(MapSeriesView)

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        live: Live,
        desk: Desk,
        display: Display,
        shown: ShownMaps,
        survey: SeriesSurvey,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._live = live
        self._desk = desk
        self._display = display
        self._shown = shown
        self._survey = survey
        self._pace = pace or Pace()
        self._measure = Measure.GREATEST
        self._pictures: dict[int, Grey] = {}
        self._pictures_of: object = None
        self._reading: tuple[int, ...] = ()
        self.view = self._view()
        store.changed.connect(self._on_session)
        live.slice_changed.connect(self._follow)
        survey.changed.connect(self._follow)

    # ---------------------------------------------------------------- intents

    def start(self) -> None:
        """The user asked for the strongest slices; a second time: for an end of it."""
        if self._survey.running:
            self._survey.cancel()
        else:
            self._survey.start()

    def set_measure(self, measure: Measure) -> None:
        """The user chose what a map is judged by."""
        self._measure = measure
        self._publish()

    def go_to(self, index: int) -> None:
        """The user clicked the curve: show that slice, its strongest pixel marked."""
        cell = self._cell(self._known(), index)
        maps = self._store.session.maps
        marked = replace(maps, cell=cell) if cell is not None else maps
        self._store.update(lambda s: s.select_slice(index).show_maps(marked))

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        edited = old.history.edits is not new.history.edits and len(self.view.curve) > 0
        if edited or _concerns(old) != _concerns(new):
            self._follow()

    def _follow(self, *_: object) -> None:
        self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _known(self) -> Survey | None:
        return self._survey.survey() or self._survey.earlier()

    def _view(self) -> MapSeriesView:
        session, layer = self._store.session, self._store.session.selected_layer
        series, none = self._desk.shown, np.zeros(0, np.float32)
        if session.network is None or layer is None or series is None:
            return MapSeriesView(curve=none, empty="Open a study and a model first.")
        name = f"feature map {session.filter} · {layer.name}"
        survey, running = self._known(), self._survey.running
        busy = self._survey.layer_at_work
        if survey is None or not survey.peaks:
            waiting = running and busy == layer.name
            how = "Surveying …" if waiting else f"Find where {name} is strongest in this series."
            return MapSeriesView(curve=none, running=running, measure=self._measure, empty=how)
        index = min(session.filter, len(next(iter(survey.peaks.values())).greatest) - 1)
        fresh = self._survey.survey() is survey
        known = f"{len(survey.peaks)} of {survey.slices} slices"
        whole = "" if survey.complete else f" · {known}"
        rows, columns = series.spacing[1:]
        known_mm = (rows, columns) if rows > 0 and columns > 0 else (1.0, 1.0)
        high, wide = session.viewer.turn.pair(known_mm)
        return MapSeriesView(
            title=f"Over the series · {name}",
            curve=survey.curve(index, self._measure),
            measure=self._measure,
            slice_index=session.slice_index,
            strongest=self._strongest(survey, index, series),
            aspect=high / wide,
            running=running,
            stale=not fresh,
            caption=name,
            remark=whole + ("" if fresh else " · before the latest change"),
        )

    def _strongest(self, survey: Survey, index: int, series: SeriesSource) -> tuple[Strong, ...]:
        chosen = survey.strongest(index, STRONGEST, self._measure)
        pictures = self._read(series, chosen)
        maps = self._shown.now()
        grid = None if isinstance(maps, str) else maps.grid
        turn = self._store.session.viewer.turn
        return tuple(
            _strong(
                each,
                float(survey.peaks[each].of(self._measure)[index]),
                pictures.get(each),
                self._cell(survey, each),
                grid,
                turn,
            )
            for each in chosen
        )

    def _cell(self, survey: Survey | None, index: int) -> tuple[int, int] | None:
        """The strongest pixel of the map shown in a slice; None where maps are no pictures."""
        if survey is None or index not in survey.peaks:
            return None
        which = min(self._store.session.filter, len(survey.peaks[index].greatest) - 1)
        at = survey.peak(which, index)
        return (at[0], at[1]) if len(at) == 2 else None

    def _read(self, series: SeriesSource, wanted: tuple[int, ...]) -> dict[int, Grey]:
        """The pictures that are there; the others are read beside the window."""
        shown = self._live.shown
        if shown is None:
            return {}
        session = self._store.session
        window, inverted, turn = self._display.window(shown), session.inverted, session.viewer.turn
        of = (series, window, inverted, turn)
        if self._pictures_of != of:
            self._pictures_of, self._reading, self._pictures = of, (), {}
        missing = tuple(index for index in wanted if index not in self._pictures)
        if missing and missing != self._reading:
            self._reading = missing
            self._jobs.submit(
                "strongest slices",
                partial(_pictures, series, missing, window, series.monochrome1 != inverted, turn),
                done=partial(self._came, of),
                failed=lambda _: None,  # a damaged slice has no value either
            )
        return self._pictures

    def _came(self, of: object, pictures: dict[int, Grey]) -> None:
        if of == self._pictures_of:
            self._reading = ()
            self._pictures = {**self._pictures, **pictures}
            self._follow()


def _pictures(
    series: SeriesSource,
    wanted: tuple[int, ...],
    window: Window,
    inverted: bool,
    turn: Turn,
    job: JobContext,
) -> dict[int, Grey]:
    made = {}
    for done, index in enumerate(wanted):
        job.step(done / len(wanted))
        grey = grey_levels(series.slice(index), window, series, inverted=inverted)
        made[index] = turn.apply(grey)
    return made


def _strong(
    index: int,
    value: float,
    picture: Grey | None,
    cell: tuple[int, int] | None,
    grid: MapGrid | None,
    turn: Turn,
) -> Strong:
    if picture is None or cell is None or grid is None:
        return Strong(index=index, value=value, picture=picture, cell=cell)
    seen = grid.seen_by(*cell) or grid.footprint(*cell)
    rows, columns = picture.shape
    seen = turned(seen, turn, (columns, rows) if turn.transposed else (rows, columns))
    spans = []
    for first, length, whole in zip(seen[:2], seen[2:], picture.shape, strict=True):
        size = min(max(round(length), LEAST_PATCH), whole)
        start = min(max(round(first + length / 2 - size / 2), 0), whole - size)
        spans.append((start, size))
    (top, high), (left, wide) = spans
    patch = picture[top : top + high, left : left + wide]
    place = (top, left, high, wide)
    return Strong(index=index, value=value, picture=picture, patch=patch, place=place, cell=cell)


def _concerns(session: Session) -> tuple[object, ...]:
    s = session
    shown = (s.window, s.inverted, s.viewer.turn)
    return (s.network, s.card, s.layer, s.filter, s.series, s.slice_index, *shown)
