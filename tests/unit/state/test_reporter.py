"""A report of what is on screen: of one version of the weights, or none."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from tests.unit.fakes import Bench, FakeSeries

from unetscope.domain.edits import SetBias
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.evaluation import ClassScore, Evaluation
from unetscope.domain.planes import Turn
from unetscope.domain.report import Report
from unetscope.state.reporter import Reporter
from unetscope.state.series_changes import SeriesChanges
from unetscope.state.series_evaluation import SeriesEvaluation

DATE = "2026-11-22"


class Desk:
    """A bench with a reporter, and what it said."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.bench = Bench(at_once=at_once)
        bench = self.bench
        changes = SeriesChanges(bench.store, bench.desk, bench.segmentation)
        of = (bench.store, bench.jobs, bench.desk, bench.live, bench.display)
        self.reporter = Reporter(*of, changes)
        self.made: list[Report] = []
        self.failed: list[UnetscopeError] = []
        self.reporter.made.connect(self.on_made)
        self.reporter.failed.connect(self.on_failed)

    def on_made(self, report: Report) -> None:
        self.made.append(report)

    def on_failed(self, error: UnetscopeError) -> None:
        self.failed.append(error)

    def make(self) -> Report:
        self.reporter.make(DATE)
        self.bench.jobs.run()
        return self.made[-1]


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.bench.open_model()
    desk.bench.open_study(FakeSeries())
    return desk


def test_the_report_is_of_the_slice_shown(desk: Desk) -> None:
    desk.bench.update(lambda s: s.select_slice(3))
    report = desk.make()
    assert dict(report.study)["Slice in the pictures"] == "4 of 5"
    assert report.date == DATE
    assert report.edited == ""
    assert [table.title for table in report.measures] == ["Slice 4: area of each class"]


def test_edits_that_are_made_while_it_is_written_are_not_in_it(desk: Desk) -> None:
    make = desk.reporter.prepare(DATE)
    desk.bench.update(lambda s: s.edit(SetBias("enc", filter=0, value=1.0)))
    assert make().edits == ()
    assert desk.make().edits == (("bias on enc · filter 0", "value 1"),)


def test_a_segmented_series_is_told_in_millilitres(desk: Desk) -> None:
    desk.bench.segmentation.start()
    desk.bench.jobs.run()
    table = desk.make().measures[1]
    assert table.title == "Series: volume of each class in 5 of 5 slices"
    assert table.header == ("Class", "mL")
    masks = desk.bench.segmentation.masks("1.2.3")
    voxels = sum(int((mask == 1).sum()) for mask in masks.values())
    assert table.rows[0] == ("CSF", f"{voxels * 0.5 / 1000:.2f}")


class Scores:
    """An evaluation of each network."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def evaluation(self, *, trained: bool = False) -> Evaluation | None:
        self.asked.append(trained)
        score = ClassScore(index=1, name="CSF", voxels=4, reference_voxels=4, shared=3)
        return None if trained else Evaluation(classes=(score,), slices=(), total=5)


def test_what_was_measured_against_a_reference_is_told_of_each_network(desk: Desk) -> None:
    scores = Scores()
    desk.reporter._scores = cast(SeriesEvaluation, scores)
    assert desk.make().measures[-1].title == "Network against the reference: 0 of 5 slices"
    assert scores.asked == [False]
    desk.bench.update(lambda s: s.edit(SetBias("enc", filter=0, value=1.0)))
    table = desk.make().measures[-1]
    assert table.title == "Edited network against the reference: 0 of 5 slices"
    assert table.rows[0][:2] == ("CSF", "0.750")
    assert scores.asked == [False, False, True]


def test_pictures_are_turned_as_the_slice_is(desk: Desk) -> None:
    desk.bench.update(lambda s: s.look(s.viewer.turned(Turn(rows_flipped=True))))
    subject = desk.reporter.subject()
    assert subject.turn == Turn(rows_flipped=True)
    plain = desk.make().pictures[0].png
    desk.bench.update(lambda s: s.look(s.viewer.turned(Turn())))
    assert desk.make().pictures[0].png != plain


def test_without_a_slice_a_network_or_an_answer_it_is_said_why_there_is_none() -> None:
    desk = Desk(at_once=False)
    desk.reporter.make(DATE)
    assert desk.failed[-1].what == "A report is about a slice and a network."
    desk.bench.open_model()
    desk.bench.open_study(FakeSeries())
    desk.reporter.make(DATE)
    assert desk.failed[-1].what == "The network has not answered yet."
    desk.bench.engine.answer()
    assert desk.make().pictures
    assert len(desk.failed) == 2


def test_an_answer_that_is_exact_in_view_only_is_waited_for(desk: Desk) -> None:
    desk.bench.engine.at_once = False
    desk.bench.live.ask()
    desk.bench.engine.answer(exact_in=(0, 0, 4, 4))
    with pytest.raises(UnetscopeError, match="not answered"):
        desk.reporter.subject()


def test_masks_are_the_ones_on_screen(desk: Desk) -> None:
    subject = desk.reporter.subject()
    trained, edited = desk.bench.display.masks()
    assert subject.mask is edited
    assert subject.trained is trained
    assert subject.fed is not None
    assert np.array_equal(subject.values, FakeSeries().slice(2))
