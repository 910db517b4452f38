"""What the voxel panel says: classes, how undecided they are, and the maps that push."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.fakes import Bench
from tests.unit.inquiry_room import an_inquiry

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.viewer import Tool
from unetscope.presenters.inquiry import InquiryPresenter, InquiryView
from unetscope.state.inquiring import Inquiring
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.probe import Probe


class Room(Bench):
    def __init__(self) -> None:
        super().__init__()
        self.cursor = LinkedCursor()
        inquiring = Inquiring(self.store, self.live, self.engine, self.cursor)
        probe = Probe(self.store, self.jobs, self.desk, self.live, self.display)
        self.presenter = InquiryPresenter(self.store, self.live, inquiring, probe)
        self.open_model()
        self.open_study()
        self.engine.answer()

    @property
    def view(self) -> InquiryView:
        return self.presenter.view

    def point(self, row: float = 2.0, column: float = 3.0) -> None:
        self.cursor.over_slice((row, column))
        self.finish()

    def finish(self, **parts: object) -> None:
        asked = self.engine.asked[-1]
        asked.done(an_inquiry(asked.request, **parts))


@pytest.fixture
def room() -> Room:
    room = Room()
    room.presenter.watch(True)
    return room


def test_empty_it_says_what_to_do(room: Room) -> None:
    assert room.view.empty == "Point at a pixel of the slice; a click stays there."


def test_nothing_is_made_while_nobody_looks() -> None:
    room = Room()
    room.cursor.over_slice((2.0, 3.0))
    assert room.engine.asked == []
    assert room.view == InquiryView()


def test_place_classes_and_entropy_are_told(room: Room) -> None:
    room.point()
    view = room.view
    assert view.place.startswith("voxel (2, 2, 3) · ")
    assert view.place.endswith(" mm")
    assert [(c.name, c.logit, c.said) for c in view.classes] == [
        ("Background", "-1.00", "< 0.001"),
        ("CSF", "+2.30", "0.700"),
        ("Brain", "+0.50", "0.300"),
    ]
    assert [c.explained for c in view.classes] == [False, True, False]
    assert view.classes[1].colour == "#e05a6d"
    assert "The mask shows this class here." in view.classes[1].tip
    assert view.entropy == "Entropy 0.90 of 1.6 bits (56% undecided) · uncalibrated"
    assert view.score_name == "Logit"
    assert view.heading == "Which maps push CSF up and down"


def test_scales_go_from_the_mask_back_to_the_image(room: Room) -> None:
    room.point()
    dec, mid = room.view.scales
    assert (mid.layer, mid.size) == ("mid", "4×4")
    assert [(push.feature_map, push.share) for push in mid.up] == [(5, 1.0), (1, 0.25)]
    assert [(push.feature_map, push.share) for push in mid.down] == [(0, 0.5)]
    assert "Map 5 of mid pushes for CSF: +2" in mid.up[0].tip
    assert "pushes against CSF: -1" in mid.down[0].tip
    assert "Bottleneck, level 2: 6 maps of 4×4, together +1.5" in mid.tip
    assert dec.up == ()
    assert dec.down[0].share == 1.0


def test_a_click_stays_and_a_click_on_it_lets_go(room: Room) -> None:
    room.point()
    room.presenter.click(5.5, 6.5)  # pixel edges of the picture
    assert room.session.explaining.voxel == (5.0, 6.0)
    assert room.view.pinned
    assert room.view.mark == (5.5, 6.5)
    room.presenter.click(5.9, 6.2)
    assert room.session.explaining.voxel is None
    assert room.view.mark is None
    room.presenter.click(1.5, 1.5)
    room.presenter.click(4.5, 1.5)
    assert room.session.explaining.voxel == (4.0, 1.0), "a click elsewhere goes there"
    assert room.presenter.let_go()
    assert not room.presenter.let_go()


def test_the_mark_turns_with_the_picture(room: Room) -> None:
    room.update(lambda s: s.look(replace(s.viewer, turn=s.viewer.turn.flip_horizontally())))
    room.presenter.click(2.5, 1.5)
    assert room.session.explaining.voxel == (2.0, 6.0)
    assert room.view.mark == (2.5, 1.5)


def test_a_click_with_a_tool_in_hand_is_the_tools(room: Room) -> None:
    room.update(lambda s: s.look(s.viewer.choose_tool(Tool.DISTANCE)))
    room.presenter.click(2.5, 1.5)
    assert room.session.explaining.voxel is None


def test_the_button_stays_at_the_last_pixel(room: Room) -> None:
    room.point(3.0, 4.0)
    room.cursor.over_slice(None)
    room.presenter.stay()
    assert room.session.explaining.voxel == (3.0, 4.0)
    room.presenter.stay()
    assert room.session.explaining.voxel is None


def test_a_class_is_chosen_and_given_back(room: Room) -> None:
    room.point()
    room.presenter.choose_class(2)
    assert room.engine.asked[-1].request.label == 2
    room.finish()
    assert room.view.heading == "Which maps push Brain up and down"
    room.presenter.choose_class(2)
    assert room.engine.asked[-1].request.label is None
    room.presenter.choose_class(9)
    assert room.session.explaining.voxel_class is None


def test_a_bar_selects_its_map(room: Room) -> None:
    room.point()
    room.presenter.select("mid", 5)
    assert (room.session.layer, room.session.filter) == ("mid", 5)
    assert room.view.selected == ("mid", 5)


def test_after_an_edit_it_is_stale_until_the_next_answer(room: Room) -> None:
    room.point()
    place = room.view.place
    room.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    assert room.view.stale
    room.update(lambda s: s.select_slice(4))
    assert (room.view.stale, room.view.place) == (True, place)
    room.engine.answer()
    room.finish()
    assert not room.view.stale
    assert room.view.place.startswith("voxel (4, 2, 3)")


def test_without_logits_and_scales_only_scores_are_told(room: Room) -> None:
    room.cursor.over_slice((2.0, 3.0))
    room.finish(has_logits=False, scales=(), label=2)
    assert room.view.score_name == "Score"
    assert room.view.heading == ""
    assert room.view.scales == ()
