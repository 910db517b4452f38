"""A pixel is asked about as the cursor goes, of the weights that are shown, and nobody else."""

from __future__ import annotations

import pytest
from tests.unit.fakes import Bench, FakeSeries, a_look, unet
from tests.unit.inquiry_room import an_inquiry

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.errors import ModelError
from unetscope.state.inquiring import Inquiring
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.pace import Pace


class Room(Bench):
    """A bench with a cursor, and someone who watches."""

    def __init__(self) -> None:
        super().__init__()
        self.cursor, self.pace = LinkedCursor(), Pace()
        self.inquiring = Inquiring(self.store, self.live, self.engine, self.cursor, self.pace)
        self.inquiring.watch(True)

    def open(self) -> Room:
        self.open_model()
        self.open_study()
        self.engine.answer()
        return self

    def pin(self, voxel: tuple[float, float] | None) -> None:
        self.update(lambda s: s.explain(s.explaining.pin(voxel)))

    def finish(self, which: int = -1) -> None:
        asked = self.engine.asked[which]
        asked.done(an_inquiry(asked.request))


@pytest.fixture
def room() -> Room:
    return Room().open()


def test_the_pixel_under_the_cursor_is_asked_about(room: Room) -> None:
    room.cursor.over_slice((2.4, 5.6))
    asked, look = room.engine.asked[-1].request, room.engine.looks[-1].request
    assert (asked.position, asked.label) == ((2, 6), None)
    assert (asked.model, asked.edits, asked.image_key) == (look.model, look.edits, look.image_key)
    assert asked.image is look.image
    room.finish()
    found = room.inquiring.found
    assert found is not None
    assert (found.voxel, found.inquiry.position) == ((2, 6), (2, 6))
    assert not room.inquiring.is_stale
    assert room.inquiring.problem == ""


def test_the_same_pixel_is_asked_about_once(room: Room) -> None:
    for at in ((2.0, 3.0), (2.3, 3.3), (2.0, 3.0)):
        room.cursor.over_slice(at)
    assert len(room.engine.asked) == 1


def test_nobody_asks_where_nobody_watches(room: Room) -> None:
    room.inquiring.watch(False)
    room.cursor.over_slice((2.0, 3.0))
    room.pin((1.0, 1.0))
    assert room.engine.asked == []
    room.inquiring.watch(True)
    assert room.engine.asked[-1].request.position == (1, 1)


def test_answers_are_shown_while_newer_ones_are_on_their_way(room: Room) -> None:
    room.cursor.over_slice((2.0, 3.0))
    room.cursor.over_slice((4.0, 4.0))
    room.finish(0)
    assert room.inquiring.found is not None
    assert room.inquiring.found.voxel == (2, 3)
    room.finish(1)
    assert room.inquiring.found.voxel == (4, 4)


def test_the_last_pixel_stays_when_the_mouse_leaves(room: Room) -> None:
    room.cursor.over_slice((2.0, 3.0))
    room.finish()
    room.cursor.over_slice(None)
    room.cursor.over_map((1, 1))
    assert room.inquiring.voxel == (2, 3)
    assert len(room.engine.asked) == 1


def test_a_pinned_voxel_stays_over_slices_and_edits(room: Room) -> None:
    room.pin((5.0, 6.0))
    room.finish()
    room.cursor.over_slice((1.0, 1.0))
    assert [one.request.position for one in room.engine.asked] == [(5, 6)]
    assert not room.inquiring.is_stale

    room.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    assert room.inquiring.is_stale, "measured before the latest edit"
    room.engine.answer()
    assert len(room.engine.asked[-1].request.edits) == 1
    assert room.inquiring.is_stale
    room.finish()
    assert not room.inquiring.is_stale

    room.update(lambda s: s.select_slice(3))
    assert room.inquiring.is_stale
    assert room.inquiring.problem == "", "what was found stays until there is more"
    room.engine.answer()
    room.finish()
    assert not room.inquiring.is_stale
    asked = len(room.engine.asked)
    room.pin(None)
    assert len(room.engine.asked) == asked, "it stays until the mouse moves"
    room.cursor.over_slice((1.0, 2.0))
    assert room.engine.asked[-1].request.position == (1, 2)


def test_another_class_is_asked_about(room: Room) -> None:
    room.pin((5.0, 6.0))
    room.update(lambda s: s.explain(s.explaining.inquire_about(2)))
    assert room.engine.asked[-1].request.label == 2


def test_in_a_gesture_the_mask_goes_first(room: Room) -> None:
    room.pin((5.0, 6.0))
    room.finish()
    room.pace.hold()
    room.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    room.engine.answer()
    assert len(room.engine.asked) == 1
    room.pace.release()
    assert len(room.engine.asked) == 2


def test_what_cannot_be_told_is_said() -> None:
    room = Room()
    assert "Open a model" in room.inquiring.problem
    room.open_model()
    assert "Open a study" in room.inquiring.problem
    room.open_study(FakeSeries())
    assert "Waiting" in room.inquiring.problem
    room.engine.answer(mask=None, probabilities=None)
    assert "no segmentation" in room.inquiring.problem
    assert room.engine.asked == []


def test_before_and_beside_the_slice(room: Room) -> None:
    assert "Point at a pixel" in room.inquiring.problem
    room.cursor.over_slice((2.0, 9.0))
    assert "was not shown" in room.inquiring.problem
    assert room.engine.asked == []


def test_a_failure_is_told_until_the_next_question(room: Room) -> None:
    room.cursor.over_slice((2.0, 3.0))
    room.engine.asked[-1].failed(ModelError("It broke.", "Try again."))
    assert room.inquiring.problem == "It broke. Try again."
    assert room.inquiring.found is None
    room.cursor.over_slice((4.0, 3.0))
    assert room.inquiring.problem == ""


def test_an_old_answer_is_of_no_use_to_another_network(room: Room) -> None:
    room.cursor.over_slice((2.0, 3.0))
    room.open_model(unet(1, "sha256:1"), path="/other.keras")
    room.finish(0)
    assert room.inquiring.found is None


def test_the_failure_of_an_old_question_is_not_told(room: Room) -> None:
    room.cursor.over_slice((2.0, 3.0))
    room.cursor.over_slice((4.0, 3.0))
    room.engine.asked[0].failed(ModelError("It broke."))
    assert room.inquiring.problem == ""


def test_a_coarser_output_has_its_own_pixels(room: Room) -> None:
    coarse = a_look(room.engine.looks[-1].request).mask
    assert coarse is not None
    room.update(lambda s: s.select_slice(1))
    room.engine.answer(mask=coarse[::2, ::2])
    room.cursor.over_slice((7.0, 3.0))
    assert room.engine.asked[-1].request.position == (3, 1)
