"""How well the masks agree with a reference: a table, a curve over the series, the worst slices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.evaluating import Evaluating
from unetscope.domain.evaluation import ClassScore, Measure, mean_curve, worst_first
from unetscope.domain.evaluation_table import evaluation_csv
from unetscope.domain.reference import Matching, Reference
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.presenters.evaluation.rows import curve_unit, number_text, score_row
from unetscope.presenters.evaluation.view import (
    COLUMNS,
    NOTHING,
    WORST,
    EvaluationView,
    MatchingView,
    ScoreRow,
)
from unetscope.state.desk import Desk
from unetscope.state.display import Display
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.references import References
from unetscope.state.series_evaluation import SeriesEvaluation
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.store import Store


class EvaluationPresenter:
    """Turns scores into an `EvaluationView`."""

    view_changed = Signal(EvaluationView)
    opened = Signal()
    matching_wanted = Signal()
    other_patient = Signal(Path, str)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        live: Live,
        display: Display,
        segmentation: SeriesSegmentation,
        references: References,
        evaluation: SeriesEvaluation,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._display = display
        self._segmentation = segmentation
        self._references = references
        self._evaluation = evaluation
        self._pace = pace or Pace()
        self._running: dict[str, str] = {}
        self._watched = True
        self.view = self._view()
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.slice_changed.connect(self._follow)
        evaluation.changed.connect(self._follow)
        references.opened.connect(self.opened.emit)
        references.matching_wanted.connect(self.matching_wanted.emit)
        references.other_patient.connect(self.other_patient.emit)
        segmentation.progress_changed.connect(self._on_segmenting)
        evaluation.progress_changed.connect(self._on_measuring)
        references.progress_changed.connect(self._on_reading)

    # ---------------------------------------------------------------- intents

    def watch(self, watched: bool) -> None:
        """The panel came into view, or went out of it."""
        self._watched = self._evaluation.watched = watched
        if watched:
            self._evaluation.look()
        self._follow()

    def is_reference(self, path: Path) -> bool:
        """Whether a file is taken for a reference; reads a little of it."""
        return self._references.is_reference(path)

    def open(self, path: Path, *, other_patient: bool = False) -> None:
        """The user chose a file with a reference for the series shown."""
        self._references.open(path, other_patient=other_patient)

    def open_beside(self) -> None:
        """The user wants the reference that lies beside the study."""
        if self._references.beside is not None:
            self._references.open(self._references.beside)

    def close(self) -> None:
        """The user puts the reference away."""
        self._references.close()

    def toggle_outline(self) -> None:
        """The user wants the reference on the slice, or not."""
        self._store.update(lambda s: s.evaluate(s.evaluating.toggle_outline()))

    def look_at(self, measure: Measure) -> None:
        """The user wants the curve of another measure."""
        self._evaluate(self._store.session.evaluating.look_at(measure))

    def of_class(self, label: int | None) -> None:
        """The user wants the curve of another class."""
        self._evaluate(self._store.session.evaluating.of_class(label))

    def go_to(self, index: int) -> None:
        """The user clicked a slice."""
        self._store.update(lambda s: s.select_slice(index))

    def start(self) -> None:
        """The user asked for the masks of all slices, of both networks where edits are in force."""
        self._segmentation.start(compare=bool(self._store.session.edits))
        self._evaluation.measure()

    def cancel(self) -> None:
        """The user has enough of that."""
        if self._references.reading:
            self._references.cancel()
        if self._segmentation.running:
            self._segmentation.cancel()
        if self._evaluation.running:
            self._evaluation.cancel()

    def matching(self) -> MatchingView | None:
        """What a dialog needs to ask which segments make which class; None without both."""
        reference, card = self._references.reference, self._store.session.card
        if reference is None or card is None:
            return None
        coloured = [each for each in card.classes if each.colour is not None]
        classes = tuple((c.index, c.name, c.colour) for c in coloured or card.classes)
        proposed = self._references.proposed(reference)
        return MatchingView(reference, classes, self._references.matching, proposed)

    def match(self, matching: Matching) -> None:
        """The user said so."""
        self._references.match(matching)

    def as_text(self) -> str:
        """The table as rows of tab-separated values, for a spreadsheet."""
        view = self._view()
        head = (f"distances in {view.lengths}", *COLUMNS[1:])
        return "\n".join("\t".join(row) for row in (head, *(row.texts for row in view.rows)))

    def as_csv(self) -> str:
        """All numbers of the series, of all classes, and of each slice; no patient is named."""
        session, measured = self._store.session, self._evaluation
        versions = {"edited": measured.evaluation()} if session.edits else {}
        versions["trained"] = measured.evaluation(trained=True)
        found = {name: each for name, each in versions.items() if each is not None}
        return evaluation_csv(found, session.network, session.edits)

    def save(self, path: Path) -> None:
        """The user chose where the CSV goes."""
        text = self.as_csv()
        self._desk.save_file(path, lambda: text.encode())

    def _evaluate(self, evaluating: Evaluating) -> None:
        self._store.update(lambda s: s.evaluate(evaluating))

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if _shown(old) != _shown(new):
            self._follow()

    def _on_segmenting(self, _: float, sentence: str) -> None:
        self._on_running("segmenting", sentence)

    def _on_measuring(self, _: float, sentence: str) -> None:
        self._on_running("measuring", sentence)

    def _on_reading(self, _: float, sentence: str) -> None:
        self._on_running("reading", sentence)

    def _on_running(self, what: str, sentence: str) -> None:
        """Work goes on: what it is called may change often, and the numbers need not."""
        self._running[what] = sentence
        running = self._sentence()
        if self._watched and running != self.view.running:
            if self.view.empty or not (running and self.view.running):
                self._follow()
                return
            self.view = replace(self.view, running=running)
            self.view_changed.emit(self.view)

    def _sentence(self) -> str:
        return next((each for each in self._running.values() if each), "")

    def _follow(self) -> None:
        if self._watched:
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> EvaluationView:
        session, series = self._store.session, self._desk.shown
        chosen, reference = session.evaluating, self._references.reference
        running = self._sentence()
        view = EvaluationView(
            index=session.slice_index,
            measure=chosen.measure,
            running=running,
            can_open=series is not None,
            beside=self._references.beside if reference is None else None,
        )
        if series is None:
            return replace(view, empty="Open a study and a model to evaluate masks.")
        if reference is None:
            return replace(view, empty=_no_reference(running, view.beside))
        view = replace(
            view,
            reference=_named(reference, hidden=session.identity_hidden),
            notes=" ".join(reference.notes),
            can_match=session.card is not None,
        )
        if session.network is None:
            return replace(view, empty="Open a model whose masks are measured.")
        classes = self._references.classes()
        if not classes:
            empty = "No structure of the reference is matched with a class of the model."
            return replace(view, empty=f"{empty} Say which belong together.")
        return self._with_numbers(view, session, series)

    def _with_numbers(
        self, view: EvaluationView, session: Session, series: SeriesSource
    ) -> EvaluationView:
        measured, classes = self._evaluation, self._references.classes()
        known, total = measured.known(), series.shape[0]
        grid = measured.grid
        unit = grid.unit if grid else "mm"
        rows = [
            *self._series(f"{_heading(known, total)} · {unit} · mL", session, unit),
            *self._here(session, unit),
        ]
        label = session.evaluating.label
        label = label if any(label == each.index for each in classes) else None
        labels: list[tuple[int | None, str]] = [(each.index, each.name) for each in classes]
        if len(classes) > 1:
            labels.insert(0, (None, "Mean of classes"))
        elif label is None:
            label = classes[0].index
        measure = session.evaluating.measure
        curve = self._curve(measure, label)
        trained_curve = self._curve(measure, label, trained=True) if session.edits else NOTHING
        said = curve_unit(measure, unit)
        worst = tuple(
            (index, f"{index + 1}: {number_text(curve[index], measure)}")
            for index in worst_first(curve, measure)[:WORST]
        )
        return replace(
            view,
            rows=tuple(rows),
            notes=_notes(view.notes, grid.no_depth if grid and known else ""),
            curve=curve,
            trained_curve=trained_curve,
            unit=said,
            lengths=unit,
            label=label,
            labels=tuple(labels),
            worst=worst,
            missing=self._missing(session, total),
        )

    def _missing(self, session: Session, total: int) -> int:
        known = self._evaluation.known()
        if session.edits:
            known = min(known, self._evaluation.known(trained=True))
        return total - known

    def _series(self, heading: str, session: Session, unit: str) -> list[ScoreRow]:
        """The rows of the series."""
        found = self._evaluation.whole()
        if not found:
            return [ScoreRow(texts=("Whole series: no masks yet",), heading=True)]
        before = {}
        if session.edits:
            before = {score.index: score for score in self._evaluation.whole(trained=True)}
        return [ScoreRow(texts=(heading,), heading=True), *self._rows(found, before, unit)]

    def _curve(
        self, measure: Measure, label: int | None, *, trained: bool = False
    ) -> NDArray[np.float64]:
        """One class or the mean of all; too much and too little are both wrong."""
        classes = self._references.classes()
        labels = [label] if label is not None else [each.index for each in classes]
        curves = [self._evaluation.curve(measure, each, trained=trained) for each in labels]
        return mean_curve([np.abs(each) for each in curves])

    def _here(self, session: Session, unit: str) -> list[ScoreRow]:
        """The rows of the slice shown, as it is on screen."""
        heading = f"Slice {session.slice_index + 1}, as shown"
        found = self._evaluation.here()
        if not found:
            return [ScoreRow(texts=(f"{heading}: waiting for its mask",), heading=True)]
        heading += f" · {unit} · mL"
        before = {}
        if session.edits:
            before = {score.index: score for score in self._evaluation.here(trained=True)}
        return [ScoreRow(texts=(heading,), heading=True), *self._rows(found, before, unit)]

    def _rows(
        self, scores: tuple[ClassScore, ...], before: dict[int, ClassScore], unit: str
    ) -> list[ScoreRow]:
        card = self._store.session.card
        colours = {each.index: each.colour for each in card.classes} if card else {}
        rows = []
        for score in scores:
            rows.append(score_row(score, unit, score.name, colours.get(score.index)))
            if score.index in before:
                rows.append(score_row(before[score.index], unit, "trained", None, trained=True))
        return rows


def _shown(session: Session) -> tuple[object, ...]:
    s = session
    return s.network, s.card, s.series, s.slice_index, s.edits, s.evaluating, s.identity_hidden


def _no_reference(running: str, beside: Path | None) -> str:
    if running:
        return f"{running} …"
    if beside is not None:
        return "A reference lies beside this study: open it to measure the masks against it."
    return (
        "Open a reference, a mask that somebody else made, to measure the network's masks against "
        "it: DICOM SEG, RTSTRUCT, NIfTI or NRRD."
    )


def _named(reference: Reference, *, hidden: bool) -> str:
    """A name of a file may tell who the patient is."""
    return f"Reference: {reference.kind}" if hidden else f"{reference.name} · {reference.kind}"


def _heading(known: int, total: int) -> str:
    return "Whole series" if known == total else f"{known} of {total} slices"


def _notes(notes: str, no_depth: str) -> str:
    return " ".join(each for each in (notes, no_depth, "Research use only.") if each)
