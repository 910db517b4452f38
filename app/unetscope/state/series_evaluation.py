"""How well the masks agree with the reference: counted as they come, then measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.comparing import Counts, counts
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.evaluation import (
    ClassScore,
    Evaluation,
    Grid,
    Measure,
    SliceScore,
    Tally,
)
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Evaluator, Notice
from unetscope.domain.reference import Matching, Reference
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.display import Display
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.references import References
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store

AT_ONCE = 2  # slices that are counted on the spot; more of them in a job
VERSIONS = ("trained", "edited")
NO_GRID = Grid((1.0, 1.0, 1.0))
NO_SLICE = "The network's mask of one slice has no neighbours to measure distances to."


@dataclass(slots=True, eq=False)
class _Version:
    """What is known of the masks of one network, as trained or as edited.

    Attributes
    ----------
    made_of : tuple
        All that it depends on, but for the masks.
    given_up : bool
        The user stopped measuring it.
    """

    made_of: tuple[object, ...] = ()
    tally: Tally = field(default_factory=lambda: Tally((), NO_GRID, 0))
    counting: bool = False
    measured: Evaluation | None = None
    measuring: bool = False
    given_up: bool = False
    here: tuple[Labels, tuple[ClassScore, ...]] | None = None  # a mask, with its distances


class SeriesEvaluation:
    """Follows masks and reference of the series shown."""

    changed = Signal()
    progress_changed = Signal(float, str)
    """``(share, sentence)``; no sentence when nothing is under way."""

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        desk: Desk,
        live: Live,
        display: Display,
        segmentation: SeriesSegmentation,
        references: References,
        evaluator: Evaluator,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._display = display
        self._segmentation = segmentation
        self._references = references
        self._evaluator = evaluator
        self._pace = pace or Pace()
        self.watched = True  # else the slice shown is not measured
        self._versions = {name: _Version() for name in VERSIONS}
        segmentation.mask_came.connect(self._on_mask)
        references.changed.connect(self._follow)
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._follow)
        live.answered.connect(self.look)
        self._pace.held_changed.connect(self._on_held)

    # ------------------------------------------------------------- what is known

    @property
    def grid(self) -> Grid | None:
        """What can be measured in the series shown."""
        series = self._desk.shown
        return Grid.of(series) if series is not None else None

    def known(self, *, trained: bool = False) -> int:
        """How many slices are counted."""
        return self._version(trained).tally.count

    def whole(self, *, trained: bool = False) -> tuple[ClassScore, ...]:
        """The classes over all slices that are known; none where there is no mask or reference."""
        version = self._version(trained)
        if version.measured is not None:
            return version.measured.classes
        if not version.tally.count:
            return ()
        why = self._why_not_measured(version)
        return tuple(replace(score, why_no_distance=why) for score in version.tally.whole())

    def curve(self, measure: Measure, label: int, *, trained: bool = False) -> NDArray[np.float64]:
        """One class in every slice; NaN where it is not known or not defined."""
        version = self._version(trained)
        known = version.measured if version.measured is not None else version.tally
        return known.curve(measure, label)

    def evaluation(self, *, trained: bool = False) -> Evaluation | None:
        """All slices that are known, with distances once they are measured."""
        version, grid, series = self._version(trained), self.grid, self._desk.shown
        tally = version.tally
        if version.measured is not None or grid is None or series is None or not tally.count:
            return version.measured
        slices = tuple(SliceScore(index, tally.slice(index)) for index in tally.known)
        return Evaluation(
            classes=self.whole(trained=trained),
            slices=slices,
            total=series.shape[0],
            unit=grid.unit,
        )

    def here(self, *, trained: bool = False) -> tuple[ClassScore, ...]:
        """The classes in the slice shown, as it is on screen; none without a mask."""
        masks, index = self._display.masks(), self._store.session.slice_index
        mask = masks[0] if trained else masks[1]
        reference, grid = self._references.slice_labels(index), self.grid
        if mask is None or reference is None or grid is None or mask.shape != reference.shape:
            return ()
        version, classes = self._version(trained), self._references.classes()
        if version.here is not None and version.here[0] is mask:
            return version.here[1]
        tally = Tally(classes, _one_slice(grid, index), 1)
        tally.put(0, counts(reference, mask, _size(classes)))
        scores = tally.whole()
        if version.measured is not None:
            return _with_distances(scores, index, version.measured)
        return scores

    @property
    def running(self) -> bool:
        """Whether surfaces are being measured."""
        return any(version.measuring for version in self._versions.values())

    # ----------------------------------------------------------------- intents

    def cancel(self) -> None:
        """Stop measuring; what is counted stays."""
        for name, version in self._versions.items():
            if version.measuring:
                self._jobs.cancel(f"measure {name}")
                version.measuring, version.given_up = False, True
        self._report(1.0, "")
        self.changed.emit()

    def measure(self) -> None:
        """Measure once more what was stopped."""
        for version in self._versions.values():
            version.given_up = False
        self._follow()

    # ---------------------------------------------------------------- following

    def _version(self, trained: bool) -> _Version:
        is_trained = trained or not self._store.session.edits
        return self._versions["trained" if is_trained else "edited"]

    def _masks(self, name: str, series: str) -> Mapping[int, Labels]:
        kept = self._segmentation
        return kept.trained_masks(series) if name == "trained" else kept.masks(series)

    def _on_mask(self, key: SliceKey) -> None:
        shown = self._desk.shown
        if shown is not None and key.series == shown.uid:
            self._follow()

    def _on_session(self, old: Session, new: Session) -> None:
        if (old.edits, old.network, old.series) != (new.edits, new.network, new.series) or (
            old.card != new.card
        ):
            self._follow()

    def look(self) -> None:
        """Measure the slice shown, if it is not yet and nothing is dragged."""
        if not self._pace.held and self.watched:
            self._measure_here()

    def _on_held(self, held: bool) -> None:
        if not held:
            self.look()

    def _follow(self) -> None:
        """Drop what is of another reference or network, and count what is new."""
        session, source = self._store.session, self._desk.shown
        reference, matching = self._references.reference, self._references.matching
        classes = self._references.classes()
        for name, version in self._versions.items():
            edits = session.edits if name == "edited" else ()
            steps = session.card.preprocessing if session.card else None
            ref = session.network.ref if session.network else None
            made_of = (source, reference, matching, classes, ref, steps, edits)
            if made_of != version.made_of:
                self._reset(name, made_of)
                if source is not None:
                    tally = Tally(classes, Grid.of(source), source.shape[0])
                    self._versions[name].tally = tally
            is_asked = name == "trained" or bool(session.edits)
            if source is not None and reference is not None and matching and is_asked:
                self._count(name, source, reference, matching)
        self.look()
        self.changed.emit()

    def _reset(self, name: str, made_of: tuple[object, ...]) -> None:
        was = self._versions[name]
        self._versions[name] = _Version(made_of)
        self._jobs.cancel(f"count {name}")
        self._jobs.cancel(f"measure {name}")
        if was.measuring:
            self._report(1.0, "")

    def _count(
        self, name: str, source: SeriesSource, reference: Reference, matching: Matching
    ) -> None:
        version = self._versions[name]
        masks = self._masks(name, source.uid)
        if not masks and version.tally.count:  # they were dropped: the series was opened again
            self._reset(name, ())
            return
        new = [index for index in masks if index not in version.tally]
        size = _size(self._references.classes())
        if len(new) <= AT_ONCE:
            for index in new:
                labels = reference.slice_labels(matching, index)
                version.tally.put(index, counts(labels, masks[index], size))
            self._measure(name, source, reference, matching)
        elif not version.counting:
            version.counting = True
            todo = {index: masks[index] for index in new}

            def work(job: JobContext) -> dict[int, Counts]:
                tables = {}
                for index, mask in todo.items():
                    job.step(0.0)
                    tables[index] = counts(reference.slice_labels(matching, index), mask, size)
                return tables

            self._jobs.submit(
                f"count {name}",
                work,
                done=partial(self._counted, name, version),
                failed=partial(self._failed, name, version),
            )

    def _counted(self, name: str, version: _Version, tables: dict[int, Counts]) -> None:
        if self._versions[name] is version:
            version.counting = False
            for index, table in tables.items():
                version.tally.put(index, table)
            self._follow()

    # ---------------------------------------------------------------- measuring

    def _measure(
        self, name: str, source: SeriesSource, reference: Reference, matching: Matching
    ) -> None:
        """Measure surfaces and lesions once all slices are there."""
        version = self._versions[name]
        is_known = version.measured is not None or version.measuring or version.given_up
        if is_known or version.tally.count < source.shape[0]:
            return
        masks = dict(self._masks(name, source.uid))
        if len(masks) < source.shape[0]:
            return
        grid, classes = Grid.of(source), self._references.classes()
        said = f"Measuring surfaces of the {name} network's masks"
        version.measuring = True

        def work(job: JobContext) -> Evaluation:
            mask = np.stack([masks[index] for index in range(source.shape[0])])
            labels = reference.labels(matching)
            step = partial(job.step, sentence=said)
            return self._evaluator.evaluate(mask, labels, grid, classes, step=step)

        self._report(0.0, said)
        self._jobs.submit(
            f"measure {name}",
            work,
            done=partial(self._measured, name, version),
            failed=partial(self._failed, name, version),
            progress=self._report,
        )

    def _measured(self, name: str, version: _Version, evaluation: Evaluation) -> None:
        if self._versions[name] is version:
            version.measuring, version.measured = False, evaluation
            self._report(1.0, "")
            self.changed.emit()

    def _measure_here(self) -> None:
        """Measure the surfaces within the slice shown, where they are not known yet."""
        index, source = self._store.session.slice_index, self._desk.shown
        reference = self._references.slice_labels(index)
        if source is None or reference is None or index >= source.shape[0]:
            return
        classes = self._references.classes()
        for is_trained, mask in zip((True, False), self._display.masks(), strict=True):
            version = self._version(is_trained)
            is_known = version.here is not None and version.here[0] is mask
            if mask is None or is_known or mask.shape != reference.shape:
                continue
            self._submit_here(version, mask, reference, _one_slice(Grid.of(source), index), classes)

    def _submit_here(
        self,
        version: _Version,
        mask: Labels,
        reference: Labels,
        grid: Grid,
        classes: tuple[ClassLabel, ...],
    ) -> None:
        def work(_: JobContext) -> Evaluation:
            return self._evaluator.evaluate(mask[None], reference[None], grid, classes)

        def done(found: Evaluation) -> None:
            version.here = (mask, found.slices[0].classes)
            self.changed.emit()

        name = next((name for name, one in self._versions.items() if one is version), "")
        self._jobs.submit(
            f"measure here {name}", work, done=done, failed=partial(self._failed, name, version)
        )

    def _failed(self, name: str, version: _Version, error: UnetscopeError) -> None:
        if self._versions.get(name) is version:
            version.counting = version.measuring = False
            version.given_up = True
            self._report(1.0, "")
            self._desk.notice.emit(Notice(error.what, error.hint))
            self.changed.emit()

    def _report(self, share: float, sentence: str) -> None:
        self.progress_changed.emit(share, sentence)

    def _why_not_measured(self, version: _Version) -> str:
        series = self._desk.shown
        total = series.shape[0] if series is not None else 0
        known = version.tally.count
        if known < total:
            return f"Distances need all slices; {known} of {total} have a mask."
        return "Stopped before it was measured." if version.given_up else "Being measured …"


def _one_slice(grid: Grid, index: int) -> Grid:
    """The grid of one slice alone."""
    thickness = grid.thickness[index : index + 1]
    return Grid(grid.spacing, thickness, grid.unit, no_depth=grid.no_depth or NO_SLICE)


def _with_distances(
    scores: tuple[ClassScore, ...], index: int, measured: Evaluation
) -> tuple[ClassScore, ...]:
    """Scores of a slice with its distances, where they were measured of the same mask."""
    found = next((each.classes for each in measured.slices if each.index == index), ())
    by_class = {score.index: score for score in found}
    told = []
    for score in scores:
        one = by_class.get(score.index)
        same = one is not None and (one.voxels, one.reference_voxels, one.shared) == (
            score.voxels,
            score.reference_voxels,
            score.shared,
        )
        told.append(one if one is not None and same else score)
    return tuple(told)


def _size(classes: tuple[ClassLabel, ...]) -> int:
    return max((label.index for label in classes), default=0) + 1
