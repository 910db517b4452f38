"""The field of a map's pixel is asked for while fields are shown, and belongs to what is shown."""

from __future__ import annotations

import pytest
from tests.unit.fakes import Bench, FakeSeries, stated_unet
from tests.unit.inquiry_room import a_field

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.errors import ModelError
from unetscope.presenters.map_overlay import MapOverlayPresenter
from unetscope.state.effective_fields import EffectiveFields
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.pace import Pace
from unetscope.state.shown_maps import ShownMaps


class Room(Bench):
    def __init__(self) -> None:
        super().__init__()
        self.cursor, self.pace = LinkedCursor(), Pace()
        self.shown = ShownMaps(self.store, self.live, self.desk)
        self.fields = EffectiveFields(
            self.store, self.live, self.engine, self.shown, self.cursor, self.pace
        )
        self.overlay = MapOverlayPresenter(
            self.store, self.live, self.desk, self.shown, self.cursor, self.pace, self.fields
        )

    def show(self, *, field: bool = True) -> None:
        self.update(lambda s: s.explain(s.explaining.show_field(field)))

    def finish(self) -> None:
        asked = self.engine.asked[-1]
        asked.done(a_field(asked.request))


@pytest.fixture
def room() -> Room:
    room = Room()
    room.open_model(stated_unet())
    room.open_study()
    room.update(lambda s: s.select_layer("enc"))
    room.engine.answer()
    return room


def test_nothing_is_asked_until_fields_are_shown(room: Room) -> None:
    room.cursor.over_map((3, 4))
    assert room.engine.asked == []
    assert room.overlay.view.box is not None, "the theoretical field needs no engine"
    room.show()
    asked = room.engine.asked[-1].request
    assert (asked.layer, asked.position, asked.channel) == ("enc", (3, 4), 0)
    assert asked.image_key == room.engine.looks[-1].request.image_key


def test_what_is_found_is_drawn_as_ellipses_with_their_size(room: Room) -> None:
    room.show()
    room.cursor.over_map((3, 4))
    room.finish()
    view = room.overlay.view
    assert len(view.ellipses) == 2
    inner, outer = ([row for row, _ in ring] for ring in view.ellipses)
    assert min(outer) <= min(inner) < 3.5 < max(inner) <= max(outer)  # pixel edges: 3 is 3.5
    assert view.box_text == "receptive field 3×3 px · 1.5 mm"
    assert view.field_text.startswith("effective 50 % ")
    assert view.field_text.endswith(", 95 % 3×5 px · 1.6×2.5 mm"), "pixels are 0.5 mm wide"


def test_where_nothing_in_the_image_counts_it_is_said(room: Room) -> None:
    room.show()
    room.cursor.over_map((3, 4))
    asked = room.engine.asked[-1]
    asked.done(a_field(asked.request, part=a_field(asked.request).part * 0))
    assert room.overlay.view.ellipses == ()
    assert "nothing in the image changes" in room.overlay.view.field_text


def test_the_voxel_that_is_stayed_at_has_a_field_too(room: Room) -> None:
    room.show()
    assert room.fields.cell() is None
    room.update(lambda s: s.explain(s.explaining.pin((5.0, 2.0))))
    assert room.fields.cell() == (5, 2)
    assert room.engine.asked[-1].request.position == (5, 2)
    room.cursor.over_map((1, 1))
    assert room.engine.asked[-1].request.position == (1, 1), "the mouse goes first"


def test_a_field_is_of_one_map_slice_and_weights(room: Room) -> None:
    room.show()
    room.cursor.over_map((3, 4))
    room.finish()
    assert room.fields.now() is not None
    room.update(lambda s: s.select_filter(2))
    assert room.fields.now() is None
    assert room.engine.asked[-1].request.channel == 2
    room.finish()
    room.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    room.engine.answer()
    assert room.fields.now() is None
    assert len(room.engine.asked[-1].request.edits) == 1


def test_in_a_gesture_and_after_a_failure_only_the_box_is_drawn(room: Room) -> None:
    room.show()
    room.cursor.over_map((3, 4))
    room.engine.asked[-1].failed(ModelError("It broke."))
    assert room.overlay.view.ellipses == ()
    assert room.overlay.view.box is not None
    room.pace.hold()
    room.cursor.over_map((3, 5))
    assert len(room.engine.asked) == 1
    room.pace.release()
    assert len(room.engine.asked) == 2


def test_taking_fields_off_takes_the_ellipses(room: Room) -> None:
    room.show()
    room.cursor.over_map((3, 4))
    room.finish()
    room.show(field=False)
    assert room.overlay.view.ellipses == ()
    assert room.overlay.view.box is not None


def test_pixels_that_are_not_square_are_measured_each_way(room: Room) -> None:
    room.open_study(FakeSeries(uid="9", spacing=(2.0, 0.5, 1.5)), path="/other")
    room.engine.answer()
    room.show()
    room.cursor.over_map((3, 4))
    room.finish()
    assert room.overlay.view.box_text == "receptive field 3×3 px · 1.5×4.5 mm"
    assert room.overlay.view.field_text.endswith(", 95 % 3×5 px · 1.6×7.6 mm")
