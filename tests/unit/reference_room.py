"""Small references on the grid of the fake series, and a bench that evaluates against them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.unit.fakes import Bench, FakeSeries

from unetscope.bootstrap import SciPyEvaluator
from unetscope.domain.reference import BitMask, Matching, Reference, Segment
from unetscope.presenters.evaluation import EvaluationPresenter
from unetscope.presenters.evaluation.view import EvaluationView
from unetscope.state.pace import Pace
from unetscope.state.references import References
from unetscope.state.series_evaluation import SeriesEvaluation

PATH = Path("/study/reference.nii.gz")
NAMES = {1: "CSF", 2: "Brain"}


def reference_of(
    labels: NDArray[np.uint8], names: dict[int, str] | None = None, **about: object
) -> Reference:
    """A reference of a label volume ``(slices, rows, columns)``."""
    names = NAMES if names is None else names
    slices, rows, columns = labels.shape
    return Reference(
        name=str(about.get("name", PATH.name)),
        kind="NIfTI",
        segments=tuple(Segment(number, name) for number, name in names.items()),
        shape=(slices, rows, columns),
        notes=("Silver standard.",),
        masks={number: BitMask.of(labels == number) for number in names},
    )


def masks_of(series: FakeSeries) -> NDArray[np.uint8]:
    """What the fake engine makes of the slices of a series."""
    return (np.floor(series.volume) % 3).astype(np.uint8)


class Memory:
    """The `Matchings` port in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, tuple[Segment, ...]], Matching] = {}

    def recall(self, model: str, segments: Sequence[Segment]) -> Matching | None:
        return self.kept.get((model, tuple(segments)))

    def remember(self, model: str, segments: Sequence[Segment], matching: Matching) -> None:
        self.kept[model, tuple(segments)] = matching


class EvaluationRoom:
    """A bench with reference, scores and their presenter; the engine answers at once."""

    def __init__(self) -> None:
        self.bench = bench = Bench(at_once=True)
        self.memory, self.pace = Memory(), Pace()
        self.references = References(bench.store, bench.jobs, bench.desk, bench.files, self.memory)
        of = (bench.store, bench.jobs, bench.desk, bench.live, bench.display, bench.segmentation)
        self.scores = SeriesEvaluation(*of, self.references, SciPyEvaluator(), self.pace)
        self.presenter = EvaluationPresenter(
            bench.store,
            bench.desk,
            bench.live,
            bench.display,
            bench.segmentation,
            self.references,
            self.scores,
            self.pace,
        )
        self.asked = 0
        self.references.matching_wanted.connect(self._on_wanted)
        self.series = FakeSeries()
        bench.open_model()
        bench.open_study(self.series)

    def _on_wanted(self) -> None:
        self.asked += 1

    @property
    def view(self) -> EvaluationView:
        """What the panel shows."""
        return self.presenter.view

    def lay(self, reference: Reference, path: Path = PATH) -> Path:
        """Have a reference lie somewhere."""
        self.bench.files.references[path] = reference
        return path

    def open(self, reference: Reference | None = None) -> None:
        """Open a reference; left out, what the engine makes of the slices itself."""
        reference = reference or reference_of(masks_of(self.series))
        self.references.open(self.lay(reference))
        self.bench.jobs.run()

    def segment(self) -> None:
        """Have all slices segmented and measured."""
        self.presenter.start()
        self.bench.jobs.run()
