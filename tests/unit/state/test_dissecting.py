"""The maps of a layer are compared with labels slice by slice, in two rounds, and kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.dissecting_room import SLICES, DissectingRoom
from tests.unit.fakes import CARD, FakeSeries

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.errors import EngineError
from unetscope.domain.explaining.label_counts import SHARES


@pytest.fixture
def room() -> DissectingRoom:
    return DissectingRoom()


def test_a_first_look_gives_thresholds_then_every_slice_is_counted(room: DissectingRoom) -> None:
    room.open_both()
    room.dissecting.start()
    asked = room.answer()

    first = [one for one in asked if one.thresholds is None]
    second = [one for one in asked if one.thresholds is not None]
    assert len(first) == 3, "of the five slices three may be learned from"
    assert len(second) == SLICES
    assert all(one.thresholds is not None and one.thresholds.shape == (3, len(SHARES))
               for one in second)  # fmt: skip
    assert len({one.image_key for one in second}) == SLICES
    known = room.dissections.of()
    assert known is not None
    assert known.found.slices == SLICES
    assert known.tally is None, "sums are not kept once they are not needed"
    best = known.found.best(0)
    assert best is not None
    assert (best.label, best.iou) == (2, 1.0)
    assert room.dissections.badge("mid", 0) == "Brain, IoU 1.00"
    assert room.dissections.badge("mid", 2) == ""
    assert room.dissections.badge("dec", 0) == ""
    assert not room.dissecting.running
    assert room.progress[-1] == (1.0, "")
    assert "over 5 slices" in room.notices[-1].what
    shares = [share for share, sentence in room.progress if sentence]
    assert shares == sorted(shares)


def test_the_labels_are_the_references_where_there_is_one(room: DissectingRoom) -> None:
    room.open_both()
    room.open_reference("Brain", "CSF")
    assert room.dissections.against == "the reference"
    room.dissecting.start()
    asked = [one for one in room.answer() if one.thresholds is not None]

    for one in asked:
        assert one.grid == "image"
        assert one.labels is not None
        expected = np.zeros((8, 8), np.uint8)
        expected[1:4, 1:6], expected[2:5, 1:6] = 2, 1  # where two overlap the later class counts
        brain = one.labels == 2
        assert brain.any()
        assert (one.labels > 0).sum() == (expected > 0).sum()
    known = room.dissections.of()
    assert known is not None
    assert known.key.against == "the reference"

    room.update(lambda s: s.explain(s.explaining.compare_with_own(True)))
    assert room.dissections.of() is None
    assert room.dissections.earlier() is known
    assert room.dissections.stale(known) == "measured against the reference"
    room.dissecting.start()
    assert all(one.labels is None for one in room.answer())
    assert room.dissections.against == "the network's own mask"


def test_what_is_found_is_kept_and_stale_after_an_edit(room: DissectingRoom) -> None:
    room.open_both()
    room.dissecting.start()
    room.answer()
    known = room.dissections.of()
    room.update(lambda s: s.edit(ScaleFilter("mid", 0, 2.0)))

    assert room.dissections.of() is None
    assert known is not None
    assert room.dissections.earlier() is known
    assert room.dissections.stale(known) == "measured before the latest edits"
    assert room.dissections.badge("mid", 0) == "", "a badge is of what is in force"
    room.update(lambda s: s.undo())
    assert room.dissections.of() is known
    room.dissecting.start()
    assert room.answer() == [], "it is not measured again"
    assert "already" in room.notices[-1].what


def test_a_stopped_comparison_goes_on_where_it_was(room: DissectingRoom) -> None:
    room.open_both()
    room.dissecting.start()
    room.answer(most=3 + 2)
    room.dissecting.cancel()
    known = room.dissections.of()
    assert known is not None
    assert known.found.slices == 2
    assert all(one.cancelled for one in room.engine.explained)
    assert "after 2 of 5 slices" in room.notices[-1].what
    room.engine.explained.clear()

    room.dissecting.start()
    again = room.answer()
    assert len(again) == 3
    assert all(one.thresholds is not None for one in again)
    known = room.dissections.of()
    assert known is not None
    assert known.found.slices == SLICES


@pytest.mark.parametrize("after", [0, 2, 3, 5])
def test_it_ends_when_what_it_describes_is_gone(room: DissectingRoom, after: int) -> None:
    room.open_both()
    room.dissecting.start()
    room.answer(most=after)
    assert room.dissecting.running
    room.update(lambda s: s.select_layer("dec").select_slice(1))
    assert room.dissecting.running, "looking at something else is no change"
    room.update(lambda s: s.edit(ScaleFilter("mid", 0, 2.0)))
    assert not room.dissecting.running
    assert "was stopped" in room.notices[-1].what
    assert all(one.cancelled for one in room.engine.explained)
    room.jobs.run()
    assert room.progress[-1] == (1.0, "")


def test_another_reference_ends_it_too(room: DissectingRoom) -> None:
    room.open_both()
    room.dissecting.start()
    room.answer(most=4)
    room.open_reference("Brain")
    assert not room.dissecting.running


def test_a_slice_that_cannot_be_read_is_left_out_and_told(room: DissectingRoom) -> None:
    room.open_both(broken=frozenset({2, 3}))
    room.dissecting.start()
    room.answer()
    known = room.dissections.of()
    assert known is not None
    assert known.found.slices == 3
    assert "3 of 5" in room.notices[-1].what
    assert "2 slices could not be read" in room.notices[-1].hint


def test_a_series_that_cannot_be_read_at_all_is_told(room: DissectingRoom) -> None:
    room.open_both()
    series = room.desk.shown
    assert isinstance(series, FakeSeries)
    series.broken = frozenset(range(SLICES))
    room.dissecting.start()
    room.answer()
    assert not room.dissecting.running
    assert room.dissections.of() is None
    assert "damaged" in room.notices[-1].what


def test_a_refusal_of_the_engine_ends_it_and_is_told(room: DissectingRoom) -> None:
    room.open_both()
    room.dissecting.start()
    room.answer(most=4)
    room.engine.explained[0].failed(EngineError("The output is no segmentation.", "Look at maps."))
    room.jobs.run()
    assert not room.dissecting.running
    assert room.notices[-1].what == "The output is no segmentation."
    known = room.dissections.of()
    assert known is not None
    assert known.found.slices == 1


def test_without_study_or_model_it_says_what_to_do(room: DissectingRoom) -> None:
    room.dissecting.start()
    assert room.notices[-1].hint == "Open a study and a model first."
    assert room.dissections.of() is None
    assert room.dissections.earlier() is None
    assert room.dissections.badge("mid", 0) == ""


def test_a_closed_study_takes_its_results_along(room: DissectingRoom) -> None:
    room.open_both()
    room.dissecting.start()
    room.answer()
    assert room.dissections.of() is not None
    room.open_study(FakeSeries(), path="/other")
    room.open_study(FakeSeries())
    assert room.dissections.of() is None


def test_another_card_is_another_measurement(room: DissectingRoom) -> None:
    room.open_both()
    room.dissecting.start()
    room.answer()
    known = room.dissections.of()
    steps = replace(CARD.preprocessing, normalise="minmax")
    room.update(lambda s: s.use_card(replace(CARD, preprocessing=steps)))
    assert known is not None
    assert room.dissections.earlier() is known
    assert room.dissections.stale(known) == "measured with another input card"


def test_all_layers_one_after_the_other(room: DissectingRoom) -> None:
    room.open_both()
    room.dissecting.start()
    room.answer()
    room.dissecting.start_all()
    asked = room.answer()
    order = list(dict.fromkeys(one.layer for one in asked))
    assert order[0] == "image", "what brightness alone follows comes first"
    assert {*order} == {"image", "enc", "dec"}, "what is known is not measured again"
    assert len(asked) == 3 * (3 + SLICES)
    known = room.dissections.all()
    assert [one.key.layer for one in known] == ["image", "enc", "mid", "dec"]
    assert {*room.dissections.summaries()} == {"image", "enc", "mid", "dec"}
    assert room.dissections.summaries()["mid"] == (
        "2 of 3 maps follow a label; map 0 best: Brain, IoU 1.00"
    )
    assert not room.dissecting.running
    room.dissecting.start_all()
    assert room.answer() == []
    assert "already" in room.notices[-1].what


def test_cancel_ends_all_layers(room: DissectingRoom) -> None:
    room.open_both()
    room.dissecting.start_all()
    room.answer(most=10)
    assert "then 2 more layers" in room.progress[-1][1]
    room.dissecting.cancel()
    room.answer()
    assert not room.dissecting.running
    assert [one.key.layer for one in room.dissections.all()] == ["image"], "and part of the next"
    room.dissecting.start()
    room.answer()
    assert len(room.dissections.all()) == 2
    assert room.dissecting.layer_at_work is None


def test_without_anything_open_all_layers_say_what_to_do(room: DissectingRoom) -> None:
    room.dissecting.start_all()
    assert room.notices[-1].hint == "Open a study and a model first."
