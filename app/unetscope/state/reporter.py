"""Gathers a report of what is on screen, and makes it beside the window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from psygnal import Signal

from unetscope.domain.comparing import total
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.metrics import Labels
from unetscope.domain.report import Report, Table
from unetscope.domain.report_measures import changes_table, evaluation_tables
from unetscope.domain.reporting import Subject, make_report
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.display import Display, grey_levels
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live
from unetscope.state.references import References
from unetscope.state.series_changes import SeriesChanges
from unetscope.state.series_evaluation import SeriesEvaluation
from unetscope.state.shown import ShownSlice
from unetscope.state.store import Store

WAIT = "Wait for the mask, then ask again."


class Reporter:
    """Makes reports; `made` tells of each, `failed` why there is none."""

    made = Signal(Report)
    failed = Signal(UnetscopeError)

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        desk: Desk,
        live: Live,
        display: Display,
        changes: SeriesChanges,
        scores: SeriesEvaluation | None = None,
        references: References | None = None,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._live = live
        self._display = display
        self._changes = changes
        self._scores = scores
        self._references = references

    def make(self, date: str) -> None:
        """Make a report of what is shown now; what changes meanwhile is not in it."""
        try:
            make = self.prepare(date)
        except UnetscopeError as error:
            self.failed.emit(error)
            return

        def work(_: JobContext) -> Report:
            return make()

        self._jobs.submit("report", work, done=self.made.emit, failed=self.failed.emit)

    def prepare(self, date: str) -> Callable[[], Report]:
        """Take what is shown now; what is given makes the report, in some tenths of a second.

        Raises
        ------
        UnetscopeError
            There is no slice or no network, or the network has not answered yet.
        """
        subject = self.subject()
        measures = (*self._series_table(subject.series), *self._evaluations())
        return partial(make_report, subject, date=date, measures=measures)

    def subject(self) -> Subject:
        """What a report would be about; UnetscopeError, see `prepare`."""
        session, shown, series = self._store.session, self._live.shown, self._desk.shown
        network, card, saved = session.network, session.card, session.saved_card
        if shown is None or series is None or network is None or card is None or saved is None:
            raise UnetscopeError(
                "A report is about a slice and a network.", "Open a study and a model first."
            )
        if self._live.problem is not None:
            raise UnetscopeError(
                "The network gave no answer for this slice.", "See the slice view."
            )
        answer = self._display.answer()
        if answer is None or self._live.busy or answer.look.exact_in is not None:
            raise UnetscopeError("The network has not answered yet.", WAIT)
        window = self._display.window(shown)
        inverted = series.monochrome1 != session.inverted
        fed = self._live.fed
        return Subject(
            series=series,
            index=shown.key.index,
            values=shown.values,
            grey=grey_levels(shown.values, window, series, inverted=inverted),
            network=network,
            card=card,
            saved=saved,
            edits=session.edits,
            trained=answer.trained_mask,
            mask=answer.mask,
            reference=self._reference(shown),
            fed=None if fed is None else fed.image,
            turn=session.viewer.turn,
            opacity=session.opacity,
        )

    def _reference(self, shown: ShownSlice) -> Labels | None:
        """What someone else made of the slice, on its own grid."""
        if self._references is None:
            return None
        labels = self._references.slice_labels(shown.key.index)
        return labels if labels is not None and labels.shape == shown.values.shape else None

    def save(self, path: Path, make: Callable[[], bytes]) -> None:
        """Write what `make` gives, in the background; a notice tells how it went."""
        self._desk.save_file(path, make, about="; the patient’s identity is not in it")

    def _series_table(self, series: SeriesSource) -> tuple[Table, ...]:
        """How much of each class the slices hold that were segmented, before and after edits."""
        session, tables = self._store.session, self._changes.tables(series.uid)
        if not tables:
            return ()
        voxel = float(series.spacing[0] * series.spacing[1] * series.spacing[2])
        known = series.geometry_sure and voxel > 0
        return (
            changes_table(
                f"Series: volume of each class in {len(tables)} of {series.shape[0]} slices",
                total(list(tables.values())),
                session.card.classes if session.card else (),
                edited=bool(session.edits),
                unit="mL" if known else "voxels",
                per=voxel / 1000 if known else 1.0,
                digits=2 if known else 0,
            ),
        )

    def _evaluations(self) -> tuple[Table, ...]:
        """What was measured against a reference."""
        if self._scores is None:
            return ()
        edited = bool(self._store.session.edits)
        versions = (
            {"Edited network": False, "Trained network": True} if edited else {"Network": False}
        )
        found = {
            name: self._scores.evaluation(trained=trained) for name, trained in versions.items()
        }
        return tuple(
            table
            for name, evaluation in found.items()
            if evaluation is not None
            for table in evaluation_tables(f"{name} against the reference", evaluation)
        )
