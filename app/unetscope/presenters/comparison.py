"""What the edits change, class by class and slice by slice, in numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.comparing import (
    Comparing,
    Counts,
    Unit,
    changed,
    class_changes,
    counts,
    overlap,
    total,
)
from unetscope.domain.overlay import class_name
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.display import Display
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.series_changes import SeriesChanges
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.store import Store

COLUMNS = ("class", "trained", "edited", "gained", "lost", "Dice")
SLICE, SERIES = "this slice", "whole series"
NOTHING: NDArray[np.float64] = np.zeros(0)

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ComparisonView:
    """The table of changes and the curve over the series.

    Attributes
    ----------
    rows : tuple of Row
        A class each, in the order of `COLUMNS`, without a background.
    unit : str
        What the numbers are in.
    colours : tuple of str or None
        Of the classes; None where the card gives none.
    summary : str
        How much changed in all.
    note : str
        What must be known about the numbers.
    curve : (slices,) ndarray of float64
        Voxels that have another label, by slice; NaN where it is not known.
    missing : int
        Slices that one of the two networks has not segmented.
    empty : str
        What to say where there is no table.
    """

    rows: tuple[Row, ...] = ()
    unit: str = Unit.VOXELS.value
    colours: tuple[str | None, ...] = ()
    summary: str = ""
    note: str = ""
    curve: NDArray[np.float64] = field(default_factory=lambda: NOTHING)
    index: int = 0
    missing: int = 0
    running: str = ""
    whole: bool = False
    chosen_unit: Unit = Unit.MM
    units_known: bool = False
    empty: str = ""


class ComparisonPresenter:
    """Turns the masks of both networks into a `ComparisonView`."""

    view_changed = Signal(ComparisonView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        live: Live,
        display: Display,
        segmentation: SeriesSegmentation,
        changes: SeriesChanges,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._display = display
        self._segmentation = segmentation
        self._changes = changes
        self._pace = pace or Pace()
        self._running = ""
        self._watched = True
        self._gone_to: int | None = None  # the slice that was asked for by how much it changed
        self.view = self._view()
        store.changed.connect(self._on_session)
        live.slice_changed.connect(self._follow)
        live.answered.connect(self._follow)
        changes.changed.connect(self._follow)
        desk.studies_changed.connect(self._follow)
        segmentation.progress_changed.connect(self._on_progress)

    # ---------------------------------------------------------------- intents

    def watch(self, watched: bool) -> None:
        """The panel came into view, or went out of it; nothing is counted for nobody."""
        self._watched = watched
        self._follow()

    def show_table(self, *, whole: bool | None = None, unit: Unit | None = None) -> None:
        """The user wants the table of the slice or the series, or another unit."""
        self._compare(lambda comparing: comparing.show_table(whole=whole, unit=unit))

    def start(self) -> None:
        """The user asked for the masks of all slices, from both networks."""
        if self._store.session.network and self._desk.shown:
            self._compare(lambda comparing: comparing.show_table(whole=True))
        self._segmentation.start(compare=True)

    def cancel(self) -> None:
        """The user has enough of that."""
        self._segmentation.cancel()

    def go_to(self, index: int) -> None:
        """The user clicked a slice of the curve."""
        self._store.update(lambda s: s.select_slice(index))

    def go_to_worst(self) -> None:
        """The user asked for the slice that changed most; once more, for the next in that order."""
        curve = self._curve(self._desk.shown)
        order = [int(i) for i in np.argsort(-np.nan_to_num(curve), kind="stable") if curve[i] > 0]
        if order:
            here = self._store.session.slice_index
            goes_on = here == self._gone_to and here in order
            self._gone_to = order[(order.index(here) + 1) % len(order)] if goes_on else order[0]
            self.go_to(self._gone_to)

    def as_text(self) -> str:
        """The table as rows of tab-separated values, for a spreadsheet."""
        view = self._view()
        head = (f"{view.unit}, {SERIES if view.whole else SLICE}", *COLUMNS[1:])
        return "\n".join("\t".join(row) for row in (head, *view.rows))

    def as_csv(self) -> str:
        """All that is known: what was compared, the table of slice and series, every slice."""
        session, series = self._store.session, self._desk.shown
        out = io.StringIO()
        write = csv.writer(out, lineterminator="\n").writerow
        network = session.network
        write(("Unetscope", "trained and edited network compared", "research use only"))
        write(
            ("model", network.path.name if network else "", network.fingerprint if network else "")
        )
        for edit in session.edits:
            write(("edit", edit.label))
        for whole, what in ((False, SLICE), (True, SERIES)):
            table = self._table(session, series, whole=whole)
            if table is None:
                continue
            about = f"slice {session.slice_index + 1}" if not whole else self._whole_said(series)
            for unit in (Unit.VOXELS, Unit.MM) if _size(series, whole=whole) else (Unit.VOXELS,):
                write(())
                write((what, about, _unit(unit, whole=whole)))
                write(COLUMNS)
                size = None if unit is Unit.VOXELS else _size(series, whole=whole)
                for row in _rows(session, table, size, plain=True):
                    write(row.texts)
        curve = self._curve(series)
        if np.isfinite(curve).any():
            write(())
            write(("slice", "voxels that have another label"))
            for index in np.flatnonzero(np.isfinite(curve)):
                write((int(index) + 1, int(curve[index])))
        return out.getvalue()

    def save(self, path: Path) -> None:
        """The user chose where the CSV goes."""
        self._desk.save_file(path, self.as_csv().encode)

    def _compare(self, change: Callable[[Comparing], Comparing]) -> None:
        self._store.update(lambda s: s.compare(change(s.comparing)))

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if _shown(old) != _shown(new):
            self._follow()

    def _on_progress(self, _: float, sentence: str) -> None:
        self._running = sentence
        self._follow()

    def _follow(self) -> None:
        if self._watched:
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> ComparisonView:
        session, series = self._store.session, self._desk.shown
        whole, chosen = session.comparing.whole, session.comparing.unit
        if session.network is None or series is None:
            return ComparisonView(
                whole=whole, chosen_unit=chosen, empty="Open a study and a model to compare masks."
            )
        curve = self._curve(series)
        view = ComparisonView(
            curve=curve,
            index=session.slice_index,
            missing=int(np.isnan(curve).sum()),
            running=self._running,
            whole=whole,
            chosen_unit=chosen,
            units_known=_size(series, whole=whole) is not None,
        )
        table = self._table(session, series, whole=whole)
        if table is None:
            return replace(view, empty=self._why_empty(whole))
        size = _size(series, whole=whole)
        unit = chosen if size is not None else Unit.VOXELS
        if size is not None:
            size = None if unit is Unit.VOXELS else size / _per(unit, whole=whole)
        rows = _rows(session, table, size)
        shown = [row for row in rows if row.colour] or rows  # the background says nothing more
        said = _quantity(changed(table), size)
        name = _unit(unit, whole=whole)
        where = self._whole_said(series) if whole else f"slice {session.slice_index + 1}"
        return replace(
            view,
            rows=tuple(row.texts for row in shown),
            unit=name,
            colours=tuple(row.colour for row in shown),
            summary=f"{said} {name} have another label in {where}",
            note=self._note(session, series, whole=whole),
        )

    def _table(
        self, session: Session, series: SeriesSource | None, *, whole: bool
    ) -> Counts | None:
        """Voxels by trained and edited label; None where one of the masks is missing."""
        if series is None:
            return None
        if whole:
            tables = self._changes.tables(series.uid)
            return total(list(tables.values())) if tables else None
        trained, edited = self._display.masks()
        if trained is None or edited is None:
            return None
        return counts(trained, edited, len(session.card.classes) if session.card else 0)

    def _curve(self, series: SeriesSource | None) -> NDArray[np.float64]:
        if series is None:
            return NOTHING
        curve = np.full(series.shape[0], np.nan)
        for index, table in self._changes.tables(series.uid).items():
            curve[index] = changed(table)
        return curve

    def _whole_said(self, series: SeriesSource | None) -> str:
        curve = self._curve(series)
        known = int(np.isfinite(curve).sum())
        return f"{known} of {len(curve)} slices" if known < len(curve) else f"all {known} slices"

    def _why_empty(self, whole: bool) -> str:
        if whole:
            return "Compare the series to see what the edits change in all slices."
        if self._live.problem is not None:
            return self._live.problem.what
        answer = self._display.answer()
        if answer is not None and answer.look.mask is None:
            return "The network's output is no segmentation, so there are no masks to compare."
        return "Waiting for the masks of this slice …"

    def _note(self, session: Session, series: SeriesSource, *, whole: bool) -> str:
        """What must be known about the numbers."""
        notes = []
        if not session.edits:
            notes.append("Nothing is edited, so both masks are the same.")
        answer = self._display.answer()
        if not whole and answer is not None and answer.look.exact_in is not None:
            notes.append("Exact in view; the rest follows on release.")
        if _size(series, whole=whole) is None:
            notes.append("Distances are not sure in this series, so voxels are counted.")
        elif whole:
            notes.append("Volumes use the series' own spacing.")
        return " ".join(notes)


class _Row(NamedTuple):
    texts: Row
    colour: str | None


def _shown(session: Session) -> tuple[object, ...]:
    s, c = session, session.comparing
    return s.network, s.card, s.series, s.slice_index, s.edits, c.whole, c.unit


def _size(series: SeriesSource | None, *, whole: bool) -> float | None:
    """Area of a pixel in mm², or volume of a voxel in mm³; None where it is not sure."""
    if series is None:
        return None
    size = float(np.prod(series.spacing if whole else series.spacing[1:]))
    sure = series.geometry_sure if whole else series.calibrated
    return size if sure and size > 0 else None


def _per(unit: Unit, *, whole: bool) -> float:
    """Square or cubic millimetres in one of the unit."""
    if unit is Unit.ML:
        return 1000.0 if whole else 100.0
    return 1.0


def _unit(unit: Unit, *, whole: bool) -> str:
    names = {Unit.VOXELS: ("pixels", "voxels"), Unit.MM: ("mm²", "mm³"), Unit.ML: ("cm²", "mL")}
    return names[unit][whole]


def _quantity(voxels: int, size: float | None, *, plain: bool = False) -> str:
    if size is None:
        return str(voxels) if plain else f"{voxels:,}"
    value = voxels * size
    if plain:
        return f"{value:.6g}"
    return f"{value:,.0f}" if value >= 1000 or value == 0 else f"{value:.3g}"


def _rows(
    session: Session, table: Counts, size: float | None, *, plain: bool = False
) -> list[_Row]:
    """A row for each class; `plain` numbers are for other programs."""
    classes = session.card.classes if session.card else ()
    rows = []
    for change in class_changes(table):
        numbers = (change.before, change.after, change.gained, change.lost)
        said = [_quantity(number, size, plain=plain) for number in numbers]
        dice = overlap(change)
        said.append("–" if np.isnan(dice) else f"{dice:.3f}")
        colour = classes[change.label].colour if change.label < len(classes) else None
        rows.append(_Row((class_name(session, change.label), *said), colour))
    return rows
