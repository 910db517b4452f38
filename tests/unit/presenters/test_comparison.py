"""The numbers of a comparison: of the slice, of the series, and nothing stale."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import Bench, FakeSeries, a_look

from unetscope.domain.comparing import Unit
from unetscope.domain.edits import SetBias
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import LookRequest, Notice
from unetscope.domain.session import Session
from unetscope.presenters.comparison import ComparisonPresenter, ComparisonView
from unetscope.state.pace import Pace
from unetscope.state.series_changes import SeriesChanges

EDIT = SetBias("enc", 0, 1.0)
SPACING = (2.0, 0.5, 0.5)


def masks_of(request: LookRequest) -> tuple[Labels, Labels]:
    """What the trained network makes of a slice, and what edits make of that."""
    trained = a_look(request).mask
    assert trained is not None
    edited = trained.copy()
    edited[0, : len(request.edits)] = 2
    edited[1:3, 0][: len(request.edits)] = 0
    return trained, edited


class Table:
    """A bench with the presenter; the engine's edits change a few voxels."""

    def __init__(self, *series: FakeSeries) -> None:
        self.bench = Bench()
        bench = self.bench
        changes = SeriesChanges(bench.store, bench.desk, bench.segmentation)
        of = (bench.store, bench.desk, bench.live, bench.display, bench.segmentation, changes)
        self.presenter = ComparisonPresenter(*of, Pace())
        bench.open_model()
        bench.open_study(*series)
        self.answer()

    @property
    def view(self) -> ComparisonView:
        return self.presenter.view

    def answer(self) -> None:
        trained, edited = masks_of(self.bench.engine.looks[-1].request)
        self.bench.engine.answer(mask=edited, trained_mask=trained)
        self.bench.jobs.run()

    def edit(self) -> None:
        self.bench.update(lambda s: s.edit(EDIT))
        self.answer()

    def compare_series(self) -> None:
        self.presenter.start()
        for _ in range(20):
            self.bench.jobs.run()
            waiting, self.bench.engine.segments = self.bench.engine.segments, []
            for one in waiting:
                if not one.cancelled:
                    one.done(masks_of(one.request)[bool(one.request.edits)])

    def series_masks(self) -> tuple[Labels, Labels]:
        kept = self.bench.segmentation
        slices = range(5)
        return (
            np.stack([kept.trained_masks("1.2.3")[i] for i in slices]),
            np.stack([kept.masks("1.2.3")[i] for i in slices]),
        )


@pytest.fixture
def table() -> Table:
    return Table()


def test_nothing_edited_is_nothing_changed(table: Table) -> None:
    assert [row[3:] for row in table.view.rows] == [("0", "0", "1.000")] * 2
    assert "Nothing is edited" in table.view.note
    assert table.view.summary == "0 mm² have another label in slice 3"


def test_the_table_of_the_slice_is_what_the_masks_say(table: Table) -> None:
    table.edit()
    table.presenter.show_table(unit=Unit.VOXELS)
    trained, edited = table.bench.display.masks()
    assert trained is not None
    assert edited is not None
    for label, row in enumerate(table.view.rows, start=1):  # the background has no row
        a, b = trained == label, edited == label
        assert row[1:5] == tuple(str(int(x.sum())) for x in (a, b, b & ~a, a & ~b))
        assert float(row[5]) == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()), abs=1e-3)
    assert [row[0] for row in table.view.rows] == ["CSF", "Brain"]
    assert table.view.colours == ("#e05a6d", "#3d8fd1")


def test_the_series_is_compared_slice_by_slice_in_mm3(table: Table) -> None:
    table.edit()
    table.presenter.show_table(whole=True)
    assert not table.view.rows
    assert table.view.empty.startswith("Compare the series")
    table.compare_series()
    trained, edited = table.series_masks()
    changed = (trained != edited).reshape(5, -1).sum(axis=1)
    assert changed.sum() > 0
    assert table.view.curve.tolist() == changed.tolist()
    volume = float(np.prod(SPACING))
    brain = table.view.rows[1]
    gained = int(((edited == 2) & (trained != 2)).sum()) * volume
    assert float(brain[3]) == pytest.approx(gained, rel=1e-2)
    assert table.view.unit == "mm³"
    assert "all 5 slices" in table.view.summary
    table.presenter.show_table(unit=Unit.ML)
    assert table.view.unit == "mL"


def test_another_edit_drops_the_numbers_of_the_series_and_a_revert_shows_zero(
    table: Table,
) -> None:
    table.edit()
    table.compare_series()
    table.bench.update(lambda s: s.edit(SetBias("enc", 1, 1.0)))
    assert not table.view.rows
    assert np.isnan(table.view.curve).all()
    table.bench.update(Session.revert_all)
    assert table.view.curve.tolist() == [0.0] * 5
    assert all(row[3:5] == ("0", "0") for row in table.view.rows)


def test_a_series_of_unsure_geometry_has_voxels_only() -> None:
    table = Table(FakeSeries(geometry_sure=False, calibrated=False))
    table.edit()
    assert table.view.unit == "pixels"
    assert not table.view.units_known
    assert "Distances are not sure" in table.view.note
    table.compare_series()
    assert table.view.unit == "voxels"


def test_the_most_changed_slices_come_first_and_then_the_next(table: Table) -> None:
    table.edit()
    table.compare_series()
    curve = table.view.curve
    order = [int(i) for i in np.argsort(-curve, kind="stable") if curve[i] > 0]
    assert len(order) > 1
    seen = []
    for _ in (*order, order[0]):
        table.presenter.go_to_worst()
        seen.append(table.bench.session.slice_index)
    assert seen == [*order, order[0]]
    table.presenter.go_to(order[-1])
    table.presenter.go_to_worst()
    assert table.bench.session.slice_index == order[0]


def test_nothing_is_counted_while_nobody_looks(table: Table) -> None:
    table.presenter.watch(False)
    before = table.view
    table.edit()
    assert table.view is before
    table.presenter.watch(True)
    assert table.view is not before


def test_the_copied_table_has_tabs_and_a_head(table: Table) -> None:
    table.edit()
    rows = [line.split("\t") for line in table.presenter.as_text().splitlines()]
    assert rows[0] == ["mm², this slice", "trained", "edited", "gained", "lost", "Dice"]
    assert tuple(tuple(row) for row in rows[1:]) == table.view.rows


def test_the_csv_says_what_was_compared_and_names_nobody(table: Table, tmp_path: Path) -> None:
    told: list[Notice] = []
    hear = told.append
    table.bench.desk.notice.connect(hear)
    table.edit()
    table.compare_series()
    table.presenter.save(tmp_path / "changes.csv")
    table.bench.jobs.run()
    text = (tmp_path / "changes.csv").read_text("utf-8")
    assert "saved" in told[-1].what.lower()
    rows = list(csv.reader(text.splitlines()))
    assert rows[0][-1] == "research use only"
    assert ["edit", EDIT.label] in rows
    assert ["whole series", "all 5 slices", "voxels"] in rows
    assert "Doe" not in text
    curve = rows[rows.index(["slice", "voxels that have another label"]) + 1 :]
    assert [int(count) for _, count in curve] == table.view.curve.astype(int).tolist()


def test_a_file_that_cannot_be_written_is_told(table: Table, tmp_path: Path) -> None:
    told: list[Notice] = []
    hear = told.append
    table.bench.desk.notice.connect(hear)
    table.presenter.save(tmp_path / "missing" / "changes.csv")
    table.bench.jobs.run()
    assert told[-1].trouble
    assert "changes.csv" in told[-1].what


def test_without_a_segmentation_the_page_says_why(table: Table) -> None:
    table.bench.update(lambda s: s.edit(EDIT))
    table.bench.engine.answer(mask=None, trained_mask=None, probabilities=None)
    assert "no segmentation" in table.view.empty
