"""Scores follow masks, reference and edits; nothing stale is told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.fakes import FakeSeries
from tests.unit.reference_room import EvaluationRoom, masks_of, reference_of

from unetscope.domain.edits import SetBias
from unetscope.domain.evaluation import Measure
from unetscope.presenters.evaluation.view import COLUMNS

EDIT = SetBias("enc", 0, 1.0)


def truth(room: EvaluationRoom) -> NDArray[np.uint8]:
    """What the network finds, without what lies in two rows of each slice."""
    labels = masks_of(room.series)
    labels[:, :2] = 0
    return labels


@pytest.fixture
def room() -> EvaluationRoom:
    room = EvaluationRoom()
    room.open(reference_of(truth(room)))
    return room


def test_the_slice_shown_is_scored_at_once_and_the_series_when_it_is_segmented(
    room: EvaluationRoom,
) -> None:
    room.bench.jobs.run()
    here = room.scores.here()
    assert [score.name for score in here] == ["CSF", "Brain"]
    labels = masks_of(room.series)[2]
    assert here[0].voxels == int((labels == 1).sum())
    assert here[0].shared == here[0].reference_voxels == int((truth(room)[2] == 1).sum())
    assert here[0].hd95 >= 0  # measured in a job
    assert not room.scores.whole()
    room.segment()
    whole = room.scores.whole()
    assert room.scores.known() == 5
    assert whole[0].voxels == int((masks_of(room.series) == 1).sum())
    assert whole[0].volume == pytest.approx(whole[0].voxels * 0.5 / 1000)
    assert not whole[0].why_no_distance
    assert whole[0].lesions is not None


def test_numbers_come_as_masks_do_and_distances_at_the_end(room: EvaluationRoom) -> None:
    room.bench.engine.at_once = False
    room.presenter.start()
    room.bench.jobs.run()
    room.bench.engine.answer_segments()
    assert 0 < room.scores.known() < 5
    score = room.scores.whole()[0]
    assert math.isnan(score.hd95)
    assert f"{room.scores.known()} of 5 have a mask" in score.why_no_distance
    assert room.view.missing == 5 - room.scores.known()
    while room.bench.engine.segments or room.bench.jobs.waiting:
        room.bench.engine.answer_segments()
        room.bench.jobs.run()
    assert not math.isnan(room.scores.whole()[0].hd95)
    assert room.view.missing == 0


def test_an_edit_drops_the_edited_scores_and_leaves_the_trained_ones(room: EvaluationRoom) -> None:
    room.segment()
    trained = room.scores.whole()
    room.bench.update(lambda s: s.edit(EDIT))
    assert room.scores.whole() == ()
    assert room.scores.whole(trained=True) == trained
    assert room.view.missing == 5
    room.segment()
    assert room.scores.whole()[0].dice == trained[0].dice  # the fake network ignores edits
    rows = [row for row in room.view.rows if row.trained]
    assert [row.texts[0] for row in rows] == ["trained"] * 4
    room.bench.update(lambda s: s.undo())
    assert room.scores.whole() == trained


def test_another_matching_is_another_score(room: EvaluationRoom) -> None:
    room.segment()
    before = room.scores.whole()[0].dice
    room.references.match(((1, (2,)), (2, (1,))))
    room.bench.jobs.run()
    assert room.scores.whole()[0].dice != before
    assert room.scores.known() == 5
    room.references.match(((2, (2,)),))
    room.bench.jobs.run()
    assert [score.index for score in room.scores.whole()] == [2]


def test_without_a_reference_there_are_no_scores(room: EvaluationRoom) -> None:
    room.segment()
    room.references.close()
    assert room.scores.whole() == ()
    assert room.scores.here() == ()
    assert "DICOM SEG" in room.view.empty
    room.open()
    assert room.scores.known() == 5  # the masks are kept
    assert room.scores.whole()[0].dice == 1.0


def test_masks_of_many_slices_are_counted_in_the_background(room: EvaluationRoom) -> None:
    room.segment()
    room.references.close()
    room.references.open(room.lay(reference_of(masks_of(room.series))))
    room.bench.jobs.work()
    room.bench.jobs.post()  # the reference is there, the counts are not
    assert room.scores.known() == 0
    room.bench.jobs.run()
    assert room.scores.known() == 5


def test_measuring_can_be_stopped_and_taken_up_again(room: EvaluationRoom) -> None:
    told: list[str] = []

    def hear(_: float, sentence: str) -> None:
        told.append(sentence)

    room.scores.progress_changed.connect(hear)
    room.presenter.start()
    while not room.scores.running:
        room.bench.jobs.work()
        room.bench.jobs.post()
    assert "surfaces" in told[-1]
    room.presenter.cancel()
    room.bench.jobs.run()
    assert told[-1] == ""
    score = room.scores.whole()[0]
    assert score.why_no_distance == "Stopped before it was measured."
    room.scores.measure()
    room.bench.jobs.run()
    assert not room.scores.whole()[0].why_no_distance


def test_while_something_is_dragged_only_overlap_follows(room: EvaluationRoom) -> None:
    room.bench.jobs.run()
    room.pace.hold()
    room.bench.update(lambda s: s.edit(EDIT))
    (score, _) = room.scores.here()
    assert score.dice > 0
    assert math.isnan(score.hd95)
    room.pace.release()
    room.bench.jobs.run()
    assert not math.isnan(room.scores.here()[0].hd95)


def test_the_curve_shows_a_class_or_the_mean_and_the_worst_slices_are_first(
    room: EvaluationRoom,
) -> None:
    room.segment()
    assert room.view.labels == ((None, "Mean of classes"), (1, "CSF"), (2, "Brain"))
    assert np.isfinite(room.view.curve).all()
    worst = [index for index, _ in room.view.worst]
    assert worst == sorted(range(5), key=lambda i: (room.view.curve[i], i))
    room.presenter.of_class(2)
    room.presenter.look_at(Measure.HD95)
    assert room.view.unit == "hd95, mm"
    found = room.scores.evaluation()
    assert found is not None
    assert np.array_equal(room.view.curve, found.curve(Measure.HD95, 2))
    room.presenter.go_to(worst[0])
    assert room.bench.session.slice_index == worst[0]


def test_the_table_says_in_words_what_each_number_is(room: EvaluationRoom) -> None:
    room.segment()
    heading, row = room.view.rows[:2]
    assert heading.texts == ("Whole series · mm · mL",)
    assert len(row.texts) == len(row.tips) == len(COLUMNS)
    assert row.share == pytest.approx(room.scores.whole()[0].dice)
    assert "voxels of the reference" in row.tips[6]
    text = room.presenter.as_text().splitlines()
    assert text[0].split("\t")[1:] == list(COLUMNS[1:])
    assert "CSF" in room.presenter.as_csv()
    assert "trained network,5 of 5 slices" in room.presenter.as_csv()


def test_no_name_of_a_file_is_shown_while_identity_is_hidden(room: EvaluationRoom) -> None:
    assert "reference.nii.gz" in room.view.reference
    room.bench.update(lambda s: s.toggle_identity())
    assert room.view.reference == "Reference: NIfTI"


def test_uncalibrated_series_are_told_in_pixels() -> None:
    room = EvaluationRoom()
    series = FakeSeries(uid="5", geometry_sure=False, calibrated=False)
    room.bench.open_study(series)
    room.open(reference_of(masks_of(series)))
    room.segment()
    assert room.view.lengths == "px"
    assert "in pixels" in room.view.notes
    assert room.view.rows[1].texts[5] == "–"


def test_nothing_is_measured_for_nobody(room: EvaluationRoom) -> None:
    room.presenter.watch(False)
    room.bench.update(lambda s: s.select_slice(0))
    assert math.isnan(room.scores.here()[0].hd95)
    room.presenter.watch(True)
    room.bench.jobs.run()
    assert not math.isnan(room.scores.here()[0].hd95)
    assert room.view.rows[1].texts[0] == "Slice 1, as shown · mm · mL"
