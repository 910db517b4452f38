"""Explanations are asked for what is shown, kept for it, and say so when it has changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.attribution_room import AttributionRoom, Counted, attribution_of
from tests.unit.fakes import FakeSeries, unet
from tests.unit.reference_room import masks_of, reference_of

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.choice import Method, Overlay
from unetscope.domain.explaining.target import Target, TargetChoice, TargetKind
from unetscope.domain.session import SeriesChoice, Session
from unetscope.state.following import followed


@pytest.fixture
def room() -> AttributionRoom:
    return AttributionRoom()


def edit(room: AttributionRoom) -> None:
    room.bench.update(lambda s: s.edit(ScaleFilter("enc", 0, 2.0)))


def scroll(room: AttributionRoom, index: int) -> None:
    room.bench.update(lambda s: s.select_slice(index))


def test_the_target_follows_slice_edits_and_reference(room: AttributionRoom) -> None:
    target = room.targets.now()
    assert isinstance(target, Target)
    mask = masks_of(room.series)[2]
    counts = np.bincount(mask.ravel(), minlength=3)
    assert target.channel == 1 + int(counts[1:].argmax())
    assert room.targets.now() is target
    assert room.targets.classes() == ((0, "Background"), (1, "CSF"), (2, "Brain"))

    room.panel.choose_kind(TargetKind.FALSE_NEGATIVES)
    assert "need a reference" in str(room.targets.now())
    told = Counted(room.targets.changed)
    labels = masks_of(room.series)
    labels[2][mask == 0] = 2
    room.open(reference_of(labels))
    assert told.told
    missed = room.targets.now()
    assert isinstance(missed, Target)
    assert missed.channel == 2
    assert np.array_equal(missed.region, mask == 0)
    scroll(room, 1)
    assert "no false negatives" in str(room.targets.now())


def test_what_is_missing_is_said(room: AttributionRoom) -> None:
    room.bench.desk.close_study()
    assert "Open a study" in str(room.targets.now())
    told = Counted(room.bench.desk.notice)
    room.attributions.start()
    assert not room.questions
    assert "Open a study" in told.told[-1][0].hint


def test_before_the_mask_is_there_only_what_is_slow_says_so(room: AttributionRoom) -> None:
    room.bench.engine.at_once = False
    scroll(room, 3)
    told = Counted(room.bench.desk.notice)
    room.panel.start()
    assert not told.told
    assert not room.questions
    room.by(Method.OCCLUSION)
    room.panel.start()
    assert told.told[-1][0].what == "The mask is not there yet."
    room.by(Method.SALIENCY)
    room.bench.engine.answer()
    assert room.latest.method is Method.SALIENCY


def test_quick_methods_follow_what_is_shown_while_they_are_seen(room: AttributionRoom) -> None:
    scroll(room, 3)
    assert not room.questions  # nobody looks
    room.panel.watch(True)
    assert len(room.questions) == 1
    question = room.latest
    request = room.bench.engine.looks[-1].request
    assert (question.image_key, question.edits) == (request.image_key, ())
    assert question.image is request.image
    assert (question.method, question.layer, question.randomised) == (
        Method.SEG_GRAD_CAM,
        None,
        False,
    )
    room.answer()
    scroll(room, 1)
    assert len(room.questions) == 2
    room.by(Method.SALIENCY)
    assert room.questions[1].cancelled
    room.answer()
    scroll(room, 3)
    room.by(Method.SEG_GRAD_CAM)
    assert len(room.questions) == 4  # saliency of slice 3; the other is known already
    assert room.questions[-1].cancelled  # nobody waits for it any more
    now = room.attributions.now()
    assert now is not None
    assert now.attribution.method is Method.SEG_GRAD_CAM
    room.panel.watch(False)
    scroll(room, 4)
    assert len(room.questions) == 4


def test_with_the_heat_over_the_slice_they_follow_though_the_panel_is_hidden(
    room: AttributionRoom,
) -> None:
    room.panel.choose(lambda e: e.lay_over(Overlay.ATTRIBUTION))
    assert len(room.questions) == 1
    made = room.answer()
    assert room.heats.shown is not None
    assert room.heats.shown.values is made.heat.values
    scroll(room, 1)
    assert room.heats.shown is None
    assert len(room.questions) == 2
    room.panel.choose(lambda e: e.lay_over(None))
    scroll(room, 0)
    assert len(room.questions) == 2


def test_slow_methods_wait_to_be_asked_and_can_be_stopped(room: AttributionRoom) -> None:
    room.panel.watch(True)
    room.answer()
    room.by(Method.OCCLUSION)
    assert len(room.questions) == 1
    progress = Counted(room.attributions.progress_changed)
    room.panel.start()
    assert room.explaining.overlay is Overlay.ATTRIBUTION
    assert room.attributions.running
    room.questions[-1].progress(3, 9, attribution_of(room.latest))
    assert progress.told[-1][0] == pytest.approx(1 / 3)
    assert "3 of 9" in progress.told[-1][1]
    assert room.shown.pictures
    room.panel.cancel()
    assert room.questions[-1].cancelled
    assert progress.told[-1] == (1.0, "")
    assert not room.attributions.running
    assert "Stopped before it was done" in room.shown.notes
    room.questions[-1].done(attribution_of(room.latest, score=99.0))  # too late
    now = room.attributions.now()
    assert now is not None
    assert now.attribution.score == 12.0


def test_after_an_edit_the_old_map_stays_and_says_so(room: AttributionRoom) -> None:
    room.by(Method.INTEGRATED_GRADIENTS)
    room.panel.watch(True)
    room.panel.start()
    room.answer(completeness=0.998)
    edit(room)
    now = room.attributions.now()
    assert now is not None
    assert room.attributions.stale(now) == "made before the latest edits"
    assert room.heats.shown is not None
    assert "before the latest edits" in room.heats.shown.title
    assert len(room.questions) == 1
    room.bench.update(Session.undo)
    assert room.attributions.stale(now) == ""
    assert room.heats.shown is not None
    assert "before" not in room.heats.shown.title
    room.panel.start()
    assert len(room.questions) == 1  # it is known


def test_when_mask_or_reference_give_other_pixels_it_says_so(room: AttributionRoom) -> None:
    labels = masks_of(room.series)
    labels[2][0] = 2
    room.open(reference_of(labels))
    room.panel.choose_kind(TargetKind.FALSE_NEGATIVES)
    room.by(Method.SMOOTH_GRAD)
    room.panel.watch(True)
    room.panel.start()
    room.answer()
    other = labels.copy()
    other[2][1] = 2
    room.open(reference_of(other, name="other"))
    now = room.attributions.now()
    assert now is not None
    assert "other pixels" in room.attributions.stale(now)


def test_in_a_gesture_nothing_is_asked_until_it_ends(room: AttributionRoom) -> None:
    room.panel.watch(True)
    room.answer()
    room.pace.hold()
    edit(room)
    room.pace.frame()
    room.pace.frame()
    assert len(room.questions) == 1
    room.pace.release()
    assert len(room.questions) == 2
    assert room.latest.edits == room.bench.session.edits


def test_honesty_asks_for_the_twin_of_what_is_known_and_keeps_the_map_meanwhile(
    room: AttributionRoom,
) -> None:
    room.panel.watch(True)
    first = room.answer()
    room.panel.choose(lambda e: e.be_honest(True))
    assert len(room.questions) == 2
    assert room.latest.randomised
    room.questions[-1].progress(1, 5, attribution_of(room.latest, twin=None, honesty=None))
    now = room.attributions.now()
    assert now is not None
    assert now.attribution is first  # what is complete is not replaced by less
    made = room.answer()
    room.panel.choose(lambda e: e.lay_over(Overlay.RANDOMISED))
    assert made.twin is not None
    assert room.heats.shown is not None
    assert room.heats.shown.values is made.twin.values
    room.panel.choose(lambda e: e.be_honest(False))
    assert room.explaining.overlay is Overlay.ATTRIBUTION
    assert len(room.questions) == 2


def test_what_cannot_be_answered_is_said_and_not_asked_again_by_itself(
    room: AttributionRoom,
) -> None:
    room.panel.watch(True)
    room.questions[-1].failed(ModelError("This layer has no rows and columns.", "Choose another."))
    assert "no rows and columns" in room.shown.empty
    room.panel.watch(True)
    assert len(room.questions) == 1
    room.panel.choose(lambda e: e.back_to_layer(True))
    assert room.latest.layer == "enc"
    room.bench.update(lambda s: s.select_layer("dec"))
    assert room.latest.layer == "dec"
    room.panel.choose(lambda e: e.back_to_layer(False))
    assert "no rows and columns" in room.shown.empty
    room.panel.start()
    assert room.latest.layer is None
    assert len(room.questions) == 4


def test_another_network_forgets_all_and_stops(room: AttributionRoom) -> None:
    room.by(Method.OCCLUSION)
    room.panel.watch(True)
    room.panel.start()
    room.bench.open_model(unet(1, "sha256:1"), path="/other.keras")
    assert room.questions[0].cancelled
    assert not room.attributions.running
    assert room.attributions.now() is None
    assert room.explaining.overlay is None


def test_only_one_heat_lies_over_the_slice(room: AttributionRoom) -> None:
    room.bench.update(lambda s: s.show_maps(s.maps.toggle_overlay()))
    room.panel.lay_over(True)
    assert not room.bench.session.maps.overlay
    room.bench.update(lambda s: s.show_maps(s.maps.toggle_overlay()))
    assert room.explaining.overlay is None
    assert room.bench.session.maps.overlay
    room.panel.choose(lambda e: e.set_opacity(0.3))
    assert room.bench.session.maps.overlay


def test_while_a_study_grows_what_was_drawn_stays_on_its_slice() -> None:
    few = FakeSeries(volume=np.zeros((2, 8, 8), np.float32), slice_ids=("b", "d"))
    more = FakeSeries(volume=np.zeros((4, 8, 8), np.float32), slice_ids=("a", "b", "c", "d"))
    choice = SeriesChoice(few.uid, 2, "MR")
    drawn = TargetChoice().at((1.0, 1.0), 1).within(((0.0, 0.0), (0.0, 3.0), (3.0, 0.0)), 0)
    session = Session().open_series(choice, slice_index=1)
    session = session.explain(session.explaining.about(drawn))
    grown = followed(session, (few,), (more,))
    target = grown.explaining.target
    assert (grown.slice_index, target.pixel_slice, target.outline_slice) == (3, 3, 1)
    assert (target.pixel, target.outline) == (drawn.pixel, drawn.outline)
    other = replace(few, uid="9", slice_ids=("d", "x"))
    target = followed(session, (few,), (other,)).explaining.target
    assert (target.pixel_slice, target.outline) == (0, ())


def test_while_an_answer_is_exact_in_part_only_the_last_map_stays(room: AttributionRoom) -> None:
    room.panel.lay_over(True)
    made = room.answer()
    room.bench.engine.at_once = False
    edit(room)
    room.bench.engine.answer(exact_in=(0, 0, 4, 4))
    assert "Waiting" in str(room.targets.now())
    assert len(room.questions) == 1
    assert room.heats.shown is not None
    assert room.heats.shown.values is made.heat.values
    assert "before the latest edits" in room.heats.shown.title
    room.bench.engine.answer()
    assert room.latest.edits == room.bench.session.edits
