"""The ranking of the layer shown: measured, chosen, tested in groups, called stale, exported."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import Bench, FakeSeries, effects_of, stated_unet, unet
from tests.unit.reference_room import Memory, masks_of, reference_of

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.effects import SweepRequest
from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.grouping import GroupQuestion
from unetscope.domain.explaining.ranking import RankBy, RankKind, layers_to_rank
from unetscope.domain.ports import Effects, Notice
from unetscope.presenters.ranking import RankingPresenter, RankingView
from unetscope.state.effect_sweep import EffectSweep
from unetscope.state.group_effects import GroupEffects
from unetscope.state.output_reference import OutputReference
from unetscope.state.references import References

REFERENCE = Path("/masks/reference.nii.gz")


class Room:
    """A bench with the ranking, in view; the engine's background work is answered by hand."""

    def __init__(self) -> None:
        self.bench = bench = Bench()
        of = (bench.store, bench.jobs, bench.desk, bench.files)
        self.references = References(*of, Memory())
        self.given = OutputReference(bench.live, self.references)
        around = (bench.store, bench.desk, bench.engine, bench.live)
        self.sweep = EffectSweep(*around, self.given)
        self.groups = GroupEffects(*around, self.sweep, self.given)
        self.presenter = RankingPresenter(
            bench.store, bench.desk, bench.live, self.sweep, self.groups
        )
        self.presenter.watch(True)
        self.told: list[str] = []
        bench.desk.notice.connect(self._hear)

    def _hear(self, notice: Notice) -> None:
        self.told.append(notice.what)

    def open(self) -> Room:
        self.bench.open_model(stated_unet())
        self.series = FakeSeries()
        self.bench.open_study(self.series)
        self.bench.engine.answer()
        return self

    def open_reference(self) -> None:
        self.bench.files.references[REFERENCE] = reference_of(masks_of(self.series))
        self.references.open(REFERENCE)
        self.bench.jobs.run()

    @property
    def view(self) -> RankingView:
        return self.presenter.view

    def measure(self, **parts: int) -> SweepRequest:
        self.presenter.measure()
        asked = self.bench.engine.sweeps[-1]
        asked.done(measured(asked.request))
        return asked.request

    def answer_group(self, changes: list[float]) -> GroupQuestion:
        asked = self.bench.engine.explained[-1]
        question: GroupQuestion = asked.request
        rows = np.array(changes, np.float32)[: len(question.groups), None]
        asked.done(
            Effects(
                layer=question.layer,
                changed_pixels=np.zeros(len(rows), np.int64),
                mean_probability_change=np.zeros(len(rows), np.float32),
                dice_with_current=1 + np.repeat(rows, 3, axis=1),
            )
        )
        return question


def measured(request: SweepRequest) -> Effects:
    """Effects as the fake has them; with a reference, Dice now is 0.9."""
    found = effects_of(request)
    if request.reference is None:
        return found
    return Effects(
        layer=found.layer,
        changed_pixels=found.changed_pixels,
        mean_probability_change=found.mean_probability_change,
        dice_with_current=found.dice_with_current,
        dice_with_reference=found.dice_with_reference,
        dice_now=np.full(3, 0.9, np.float32),
    )


@pytest.fixture
def room() -> Room:
    return Room().open()


def test_what_to_do_is_said_where_there_is_nothing() -> None:
    room = Room()
    assert room.view.empty.startswith("Open a model and a study")
    room.bench.open_model(stated_unet())
    assert room.view.empty.startswith("Open a study")
    room.bench.open_study()
    room.bench.engine.answer()
    assert room.view.empty.startswith("Press Measure: each of the 4 maps")
    assert room.view.can_measure


def test_maps_are_ranked_as_measured(room: Room) -> None:
    request = room.measure()
    assert (request.layer, request.how, request.reference) == ("enc", "zero", None)
    view = room.view
    assert view.maps == (3, 2, 1, 0)
    assert view.change == pytest.approx([-0.3, -0.2, -0.1, 0.0])
    assert (view.lowest, view.highest) == ("−0.300", "0.000")
    assert "mean Dice with the mask as it is" in view.axis
    assert view.detail.startswith("Map 0, rank 4 of 4")
    room.presenter.rank_by(RankBy(RankKind.PIXELS))
    assert room.view.change.tolist() == [30, 20, 10, 0]
    assert (room.view.lowest, room.view.highest) == ("0", "30")


def test_with_a_reference_the_sweep_is_given_it_on_the_grid_of_the_output(room: Room) -> None:
    room.measure()
    room.open_reference()
    assert room.view.note == "measured without the reference"
    request = room.measure()
    answer = room.bench.live.answer
    assert answer is not None
    assert answer.mask is not None
    assert request.reference is not None
    expected = room.references.slice_labels(room.bench.session.slice_index)
    assert expected is not None
    assert np.array_equal(request.reference, expected)  # 8×8 both
    assert expected.any()
    assert room.view.note == ""
    assert "with the reference" in room.view.axis
    assert room.view.change == pytest.approx([-0.2, -0.1, 0.0, 0.1])
    assert room.view.highest == "+0.100"
    room.references.close()
    assert room.view.note == ""  # what was measured without one is there again
    assert room.view.change == pytest.approx([-0.3, -0.2, -0.1, 0.0])


def test_a_reference_without_a_mask_yet_is_waited_for(room: Room) -> None:
    room.open_reference()
    room.bench.update(lambda s: s.select_slice(s.slice_index + 1))
    room.presenter.measure()
    assert not room.bench.engine.sweeps
    assert room.told[-1] == "The mask of this slice is not there yet."
    room.bench.engine.answer()
    room.presenter.measure()
    assert room.bench.engine.sweeps[-1].request.reference is not None


def test_maps_can_be_silenced_to_their_mean(room: Room) -> None:
    room.measure()
    room.presenter.silence_to("mean")
    assert room.view.note == "measured with maps silenced to 0"
    assert room.measure().how == "mean"
    assert room.view.note == ""


def test_what_is_measured_is_called_stale_after_an_edit(room: Room) -> None:
    room.measure()
    room.bench.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    room.bench.engine.answer()
    assert room.view.note == "measured before the latest edits"
    room.bench.update(lambda s: s.undo())
    assert room.view.note == ""


def test_measuring_comes_part_by_part_and_can_be_stopped(room: Room) -> None:
    room.presenter.measure()
    asked = room.bench.engine.sweeps[-1]
    assert room.view.measuring
    assert room.view.empty == "Measuring …"
    asked.progress(2, 4, effects_of(asked.request, done=2))
    assert room.view.maps == (1, 0)
    assert "2 of 4 maps measured" in room.view.note
    room.presenter.measure()
    assert asked.cancelled
    assert not room.view.measuring
    assert room.view.maps == (1, 0)


def test_nothing_is_worked_out_while_nobody_looks(room: Room) -> None:
    room.presenter.watch(False)
    seen: list[RankingView] = []
    room.presenter.view_changed.connect(seen.append)
    room.measure()
    assert not seen
    room.presenter.watch(True)
    assert seen[-1].maps == (3, 2, 1, 0)


# -------------------------------------------------------------------- selecting


def test_bars_select_maps_as_tiles_do(room: Room) -> None:
    room.measure()
    room.presenter.select(2)
    assert (room.bench.session.filter, room.bench.session.maps.also) == (2, frozenset())
    room.presenter.toggle(0)
    assert (room.view.selected, room.view.also, room.view.chosen) == (2, frozenset({0}), 2)
    room.presenter.toggle(2)
    assert (room.view.selected, room.view.also) == (0, frozenset())
    room.presenter.select(3)
    room.presenter.extend(1)  # as they are ranked: 3, 2, 1
    assert (room.view.selected, room.view.also) == (3, frozenset({1, 2}))
    room.presenter.select_top(2)
    assert (room.view.selected, room.view.also) == (3, frozenset({2}))


def test_a_group_is_measured_beside_groups_at_random(room: Room) -> None:
    room.measure()
    room.presenter.select(3)
    room.presenter.toggle(2)
    room.presenter.test_group()
    assert room.view.grouping
    question = room.answer_group([-0.5, -0.1])
    assert question.groups == ((2, 3), (0, 1))  # there is but one other pair
    assert not room.view.grouping
    assert room.view.group == (
        "These 2 maps together: mean Dice −0.500; "
        "2 other maps at random: −0.100 (−0.100 to −0.100, the only choice)."
    )
    assert room.view.group_note == ""
    room.presenter.select(0)
    assert room.view.group_note == "of maps 2, 3, not of those selected now"
    room.presenter.rank_by(RankBy(label=1))
    assert "Dice of CSF −0.500" in room.view.group
    room.presenter.select(2)
    room.presenter.toggle(3)
    room.presenter.test_group()
    assert len(room.bench.engine.explained) == 1  # it is known
    room.bench.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    room.bench.engine.answer()
    assert room.view.group_note == "measured before the latest edits"


def test_a_test_can_be_stopped_and_may_fail(room: Room) -> None:
    room.presenter.test_group()
    asked = room.bench.engine.explained[-1]
    room.presenter.test_group()
    assert asked.cancelled
    assert not room.view.grouping
    room.presenter.test_group()
    room.bench.engine.explained[-1].failed(ModelError("No mask.", "Another model."))
    assert room.told[-1] == "No mask."
    assert not room.view.grouping
    assert room.view.group == ""


def test_another_network_forgets_groups(room: Room) -> None:
    room.presenter.test_group()
    asked = room.bench.engine.explained[-1]
    room.bench.open_model(unet(1, "sha256:1"))
    assert asked.cancelled
    assert room.groups.measured() is None


# ------------------------------------------------------------------ all layers


def test_all_layers_are_measured_one_after_the_other(room: Room) -> None:
    network = room.bench.session.network
    assert network is not None
    wanted = layers_to_rank(network.graph)
    room.presenter.measure_all()
    for layer in wanted:
        asked = room.bench.engine.sweeps[-1]
        assert asked.request.layer == layer
        asked.done(effects_of(asked.request))
    assert len(room.bench.engine.sweeps) == len(wanted)
    assert not room.sweep.running
    lines = room.view.layers
    assert [line.layer for line in lines] == [
        layer.name for layer in network.graph.layers if layer.name in wanted
    ]
    assert (lines[0].strongest, lines[0].change) == ("3, 2, 1", "−0.300")
    assert "3 (−0.300), 2 (−0.200), 1 (−0.100)" in lines[0].told
    assert lines[0].share == 1
    room.presenter.go_to(wanted[0])
    assert room.bench.session.layer == wanted[0]
    assert [line.layer for line in room.view.layers if line.shown] == [wanted[0]]
    room.presenter.measure_all()
    assert len(room.bench.engine.sweeps) == len(wanted)
    assert room.told[-1] == "The maps of all layers are measured on this slice."


def test_all_layers_are_of_the_slice_that_was_shown_at_the_beginning(room: Room) -> None:
    room.presenter.measure_all()
    first = room.bench.engine.sweeps[-1]
    room.bench.update(lambda s: s.select_slice(s.slice_index + 1))
    room.bench.engine.answer()
    first.done(effects_of(first.request))
    second = room.bench.engine.sweeps[-1]
    assert second.request.layer != first.request.layer
    assert second.request.image_key == first.request.image_key
    assert second.request.image is first.request.image


def test_stopping_stops_all_layers(room: Room) -> None:
    room.presenter.measure_all()
    room.presenter.measure()
    assert not room.sweep.running
    assert len(room.bench.engine.sweeps) == 1


def test_tables_hold_what_is_measured(room: Room, tmp_path: Path) -> None:
    assert room.presenter.as_csv() == ""
    assert room.presenter.as_text() == ""
    room.measure()
    assert room.presenter.as_text().splitlines()[1].split("\t")[:2] == ["1", "3"]
    room.presenter.save(tmp_path / "effects.csv")
    room.bench.jobs.run()
    rows = list(csv.DictReader((tmp_path / "effects.csv").read_text().splitlines()))
    assert {row["layer"] for row in rows} == {"enc"}
    assert {row["state"] for row in rows} == {"measured on this slice"}
    assert {row["network"] for row in rows} == {"trained"}
    worst = [row for row in rows if row["rank"] == "1" and row["class"] == "mean"]
    assert [(row["feature map"], float(row["change"])) for row in worst] == [("3", -0.3)]
