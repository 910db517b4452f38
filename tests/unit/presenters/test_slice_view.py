"""What the viewer in the centre shows, and what its mouse does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.fakes import CARD, CLASSES, Bench, FakeSeries, unet

from unetscope.domain.comparing import Way
from unetscope.domain.edits import SetBias
from unetscope.domain.geometry import EdgeLetters
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.session import Session
from unetscope.domain.study import PatientInfo
from unetscope.domain.window import Window
from unetscope.presenters.slice_view import SliceView

WINDOW = Window(100.0, 200.0, "LINEAR_EXACT")


class Seen:
    """A presenter on the bench, and every view it gave."""

    def __init__(self) -> None:
        self.bench = Bench()
        bench = self.bench
        self.presenter = bench.slice_presenter()
        self.views: list[SliceView] = []
        self.presenter.view_changed.connect(self.on_view)

    def on_view(self, view: SliceView) -> None:
        self.views.append(view)

    @property
    def view(self) -> SliceView:
        return self.presenter.view


@pytest.fixture
def seen() -> Seen:
    return Seen()


def grey_of(view: SliceView) -> list[list[int]]:
    assert view.grey is not None
    grey: list[list[int]] = view.grey.tolist()
    return grey


def window_of(seen: Seen) -> Window:
    window = seen.bench.session.window
    assert window is not None
    return window


def test_at_the_start_the_viewer_shows_the_welcome_page(seen: Seen) -> None:
    assert seen.view.grey is None
    assert seen.view.welcome
    seen.bench.open_study()
    assert not seen.view.welcome


def test_the_slice_is_shown_through_the_files_window_with_letters_and_corners(seen: Seen) -> None:
    volume = np.zeros((3, 2, 2), np.float32)
    volume[1] = [[0, 100], [200, 50]]
    seen.bench.open_study(
        FakeSeries(volume=volume, from_file=WINDOW, warnings=("Uneven.", "b", "c"))
    )
    view = seen.view
    assert grey_of(view) == [[0, 128], [255, 64]]
    assert view.letters == EdgeLetters(left="R", right="L", top="A", bottom="P")
    assert (view.slices, view.index, view.aspect, view.calibrated) == (3, 1, (0.5, 0.5), True)
    assert view.corners.top_left == ("Doe Jane", "F 042Y")
    assert view.corners.top_right == ("T1 axial", "2026-01-02")
    assert view.corners.bottom_left == (
        "⚠ Uneven.",
        "⚠ b",
        "⚠ c",
        "slice 2 / 3   32.0 mm",
        "W 200  C 100",
    )


def test_letters_are_hidden_when_the_orientation_is_not_known(seen: Seen) -> None:
    seen.bench.open_study(FakeSeries(has_orientation=False, calibrated=False))
    assert seen.view.letters == EdgeLetters("", "", "", "")
    assert not seen.view.calibrated


def test_pixels_without_a_spacing_are_shown_square(seen: Seen) -> None:
    seen.bench.open_study(FakeSeries(spacing=(1.0, 0.0, 0.5)))
    assert seen.view.aspect == (1.0, 1.0)


def test_the_users_window_goes_before_the_files(seen: Seen) -> None:
    seen.bench.open_study(FakeSeries(volume=np.full((1, 1, 1), 7, np.float32), from_file=WINDOW))
    seen.bench.update(lambda s: s.set_window(Window(7.0, 2.0, "LINEAR_EXACT")))
    assert grey_of(seen.view) == [[128]]
    seen.bench.update(Session.reset_view)
    assert grey_of(seen.view) == [[9]]


def test_without_a_window_in_the_file_it_stays_the_same_while_scrolling(seen: Seen) -> None:
    seen.bench.open_study()
    first = seen.view.corners.bottom_left[-1]
    seen.bench.update(lambda s: s.select_slice(4))
    assert seen.view.corners.bottom_left[-1] == first
    assert seen.view.corners.bottom_left[0].startswith("slice 5 / 5")


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("monochrome1", [False, True])
def test_monochrome1_and_inverting_each_swap_black_and_white(
    seen: Seen, monochrome1: bool, inverted: bool
) -> None:
    volume = np.array([[[0, 200]]], np.float32)
    seen.bench.open_study(FakeSeries(volume=volume, monochrome1=monochrome1, from_file=WINDOW))
    if inverted:
        seen.bench.update(Session.toggle_inverted)
    assert grey_of(seen.view) == ([[0, 255]] if monochrome1 == inverted else [[255, 0]])


# ---------------------------------------------------------------------- mouse


def test_dragging_right_widens_the_window_and_left_narrows_it(seen: Seen) -> None:
    seen.bench.open_study(FakeSeries(from_file=WINDOW))
    seen.presenter.drag_window(10, 0)
    wider = window_of(seen)
    assert wider.width > WINDOW.width
    assert wider.centre == WINDOW.centre
    seen.presenter.drag_window(-20, 0)
    assert window_of(seen).width < WINDOW.width


def test_dragging_up_brightens_the_picture_and_down_darkens_it(seen: Seen) -> None:
    volume = np.arange(0, 200, 2, dtype=np.float32).reshape(1, 10, 10)
    seen.bench.open_study(FakeSeries(volume=volume, from_file=WINDOW))

    def brightness() -> float:
        assert seen.view.grey is not None
        return float(seen.view.grey.mean())

    before = brightness()
    seen.presenter.drag_window(0, -30)
    assert brightness() > before
    assert window_of(seen).centre < WINDOW.centre
    assert window_of(seen).width == WINDOW.width
    seen.presenter.drag_window(0, 60)
    assert brightness() < before


def test_a_fast_drag_goes_five_times_as_far(seen: Seen) -> None:
    seen.bench.open_study(FakeSeries(from_file=WINDOW))
    seen.presenter.drag_window(10, 0)
    slow = window_of(seen).width - WINDOW.width
    seen.bench.update(lambda s: s.set_window(None))
    seen.presenter.drag_window(10, 0, fast=True)
    assert window_of(seen).width - WINDOW.width == pytest.approx(5 * slow)


def test_a_window_never_closes(seen: Seen) -> None:
    seen.bench.open_study(FakeSeries(from_file=WINDOW))
    seen.presenter.drag_window(-1e6, 0)
    assert window_of(seen).width > 0


def test_a_drag_without_a_picture_does_nothing(seen: Seen) -> None:
    seen.presenter.drag_window(10, 10)
    seen.presenter.automatic_window()
    assert seen.bench.session.window is None


def test_the_automatic_window_covers_the_values_whatever_the_file_says(seen: Seen) -> None:
    volume = np.arange(10_000, dtype=np.float32).reshape(1, 100, 100)
    seen.bench.open_study(FakeSeries(volume=volume, from_file=WINDOW))
    seen.presenter.automatic_window()
    assert window_of(seen).centre == pytest.approx(4999.5)
    assert window_of(seen).width == pytest.approx(9999 * 0.998)


def test_scrolling_stops_at_the_ends(seen: Seen) -> None:
    seen.bench.open_study()
    seen.presenter.step(-10)
    assert seen.bench.session.slice_index == 0
    seen.presenter.step(1)
    seen.presenter.step(1)
    assert seen.bench.session.slice_index == 2
    seen.presenter.go_to(99)
    assert seen.bench.session.slice_index == 4


# ----------------------------------------------------------------------- mask


@pytest.fixture
def segmented(seen: Seen) -> Seen:
    """A slice that numbers its pixels, and its mask: the number modulo 3."""
    seen.bench.open_model()
    seen.bench.open_study()
    seen.bench.engine.answer()
    return seen


def labels_of(view: SliceView) -> list[list[int]]:
    assert view.labels is not None
    labels: list[list[int]] = view.labels.tolist()
    return labels


ROW = [[2, 0, 1, 2, 0, 1, 2, 0]]  # 128 … 135 modulo 3


def test_the_mask_lies_over_the_slice_with_its_legend(segmented: Seen) -> None:
    assert labels_of(segmented.view)[:1] == ROW
    assert segmented.view.legend == CLASSES[1:]


def test_hidden_labels_are_taken_out_and_come_back(segmented: Seen) -> None:
    segmented.presenter.toggle_label(2)
    assert labels_of(segmented.view)[:1] == [[0, 0, 1, 0, 0, 1, 0, 0]]
    assert segmented.view.hidden == {2}
    segmented.presenter.toggle_label(2)
    assert labels_of(segmented.view)[:1] == ROW


def test_the_whole_mask_can_be_hidden(segmented: Seen) -> None:
    segmented.bench.update(Session.toggle_mask)
    assert segmented.view.labels is None
    assert segmented.view.legend


def test_opacity_and_outline_reach_the_view(segmented: Seen) -> None:
    segmented.bench.update(lambda s: s.set_opacity(0.2).toggle_outline())
    assert (segmented.view.opacity, segmented.view.outlined) == (0.2, True)


def test_the_trained_result_is_shown_in_place_of_the_edited_one_and_says_so(seen: Seen) -> None:
    seen.bench.open_model()
    seen.bench.open_study()
    seen.bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    edited, trained = np.ones((8, 8), np.uint8), np.full((8, 8), 2, np.uint8)
    seen.bench.engine.answer(mask=edited, trained_mask=trained)
    assert labels_of(seen.view)[0][0] == 1
    assert seen.view.note == ""
    seen.bench.update(lambda s: s.compare_trained(True))
    assert labels_of(seen.view)[0][0] == 2
    assert seen.view.note == "trained result"


def test_a_network_that_gives_no_segmentation_says_why_there_is_no_mask(seen: Seen) -> None:
    seen.bench.open_study()
    seen.bench.open_model()
    seen.bench.engine.answer(mask=None, trained_mask=None, probabilities=None)
    assert seen.view.labels is None
    assert seen.view.note == "The network's output is no segmentation, so there is no mask."


def test_the_mask_of_another_slice_is_not_shown(segmented: Seen) -> None:
    segmented.bench.update(lambda s: s.select_slice(3))
    assert segmented.view.grey is not None
    assert segmented.view.labels is None
    assert segmented.presenter.probe(0, 0)[-1].endswith("mm")
    segmented.bench.engine.answer()
    assert segmented.view.labels is not None


def test_an_answer_that_comes_after_another_network_was_opened_is_not_shown(seen: Seen) -> None:
    seen.bench.open_model()
    seen.bench.open_study()
    seen.bench.open_model(unet(1, "sha256:1"), path="/n.keras")
    seen.bench.engine.answer(0)
    assert seen.view.labels is None


# ---------------------------------------------------------------------- probe


def test_the_probe_tells_value_voxel_place_and_class(segmented: Seen) -> None:
    segmented.presenter.probe(1, 2)  # has the stored values fetched
    segmented.bench.jobs.run()
    assert segmented.presenter.probe(1, 2) == (
        "raw 138.0   value 138   shown 40   voxel (2, 1, 2)",
        "R 9.0  A 19.5  H 34.0 mm",
        "Background  p 0.80 (uncalibrated)",
    )


def test_the_probe_says_nothing_outside_the_picture(segmented: Seen) -> None:
    assert segmented.presenter.probe(-1, 0) == ()
    assert segmented.presenter.probe(0, 8) == ()
    assert Seen().presenter.probe(0, 0) == ()


def test_the_probe_gives_units_where_there_are_any_and_no_place_where_it_is_unknown(
    seen: Seen,
) -> None:
    seen.bench.open_study(FakeSeries(units="HU", has_orientation=False))
    assert seen.presenter.probe(0, 0) == ("value 128 HU   shown 0   voxel (2, 0, 0)",)


def test_the_probe_tells_what_the_network_was_not_shown(seen: Seen) -> None:
    steps = Preprocessing(size=(4, 4), normalise="none", clip=None)
    seen.bench.open_model(card=replace(CARD, preprocessing=steps))
    seen.bench.open_study()
    seen.bench.engine.answer()
    assert seen.presenter.probe(0, 0)[-1] == "Background (outside what the network was shown)"
    assert "p 0.80" in seen.presenter.probe(2, 2)[-1]


def test_the_probability_belongs_to_the_pixel_that_gave_the_label(seen: Seen) -> None:
    """The output may be coarser than the input: each of its pixels then covers several."""
    seen.bench.open_model()
    seen.bench.open_study()
    mask = (np.arange(16).reshape(4, 4) % 3).astype(np.uint8)
    share = (np.arange(16).reshape(4, 4) / 20 + 0.1).astype(np.float32)
    probabilities = np.repeat(share[..., None], 3, axis=-1)
    seen.bench.engine.answer(mask=mask, trained_mask=mask, probabilities=probabilities)
    for row in range(8):
        for column in range(8):
            said = seen.presenter.probe(row, column)[-1]
            name = CLASSES[mask[row // 2, column // 2]].name
            assert said == f"{name}  p {share[row // 2, column // 2]:.2f} (uncalibrated)"


def test_one_output_channel_tells_the_background_by_what_is_left(seen: Seen) -> None:
    seen.bench.open_model(card=replace(CARD, classes=CLASSES[:2]))
    seen.bench.open_study()
    mask = np.zeros((8, 8), np.uint8)
    mask[0, 1] = 1
    share = np.full((8, 8, 1), 0.25, np.float32)
    share[0, 1] = 0.9
    seen.bench.engine.answer(mask=mask, trained_mask=mask, probabilities=share)
    assert seen.presenter.probe(0, 0)[-1] == "Background  p 0.75 (uncalibrated)"
    assert seen.presenter.probe(0, 1)[-1] == "CSF  p 0.90 (uncalibrated)"


def test_the_trained_result_has_no_probability_to_tell(segmented: Seen) -> None:
    segmented.bench.update(lambda s: s.compare_trained(True))
    assert segmented.presenter.probe(0, 0)[-1] == "Brain"


# ------------------------------------------------------------------- identity


def test_a_hidden_identity_is_in_no_text_of_the_view(segmented: Seen) -> None:
    segmented.bench.update(Session.toggle_identity)
    assert segmented.view.corners.top_left[0] == "Identity hidden"
    text = repr(segmented.view.corners)
    assert not any(secret in text for secret in ("Doe", "Jane", "P-17", "1984"))


def test_a_patient_without_a_name_is_called_by_the_number(seen: Seen) -> None:
    seen.bench.open_study(FakeSeries(patient=PatientInfo(identity="P-9")))
    assert seen.view.corners.top_left == ("P-9",)
    seen.bench.update(Session.toggle_identity)
    assert seen.view.corners.top_left == ("Identity hidden",)


# -------------------------------------------------------------------- trouble


def test_a_slice_that_cannot_be_read_says_why_and_can_be_left_by_the_slider(seen: Seen) -> None:
    volume = np.zeros((40, 8, 8), np.float32)
    seen.bench.open_study(FakeSeries(volume=volume, broken=frozenset({30})))
    seen.bench.update(lambda s: s.select_slice(30))
    assert seen.view.grey is None
    assert seen.view.empty == "Slice 30 is damaged. Choose another slice."
    assert (seen.view.slices, seen.view.index) == (40, 30)


def test_a_change_of_the_layer_does_not_draw_the_slice_again(segmented: Seen) -> None:
    segmented.views.clear()
    segmented.bench.store.update(lambda s: s.select_filter(1))
    assert segmented.views == []


# ------------------------------------------------------------------ comparing


def differing(seen: Seen) -> None:
    """Study and model open, an edit in force, and masks that differ in one row."""
    seen.bench.open_model()
    seen.bench.open_study()
    seen.bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    trained, edited = np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
    trained[0, :4], edited[0, 2:] = 1, 2
    seen.bench.engine.answer(mask=edited, trained_mask=trained)


def test_delta_says_what_it_shows_and_measures_it(seen: Seen) -> None:
    differing(seen)
    seen.presenter.compare(lambda comparing: comparing.choose(Way.DELTA))
    assert seen.view.note == "changes of all classes"
    assert [each.name for each in seen.view.legend] == [
        "gained 4 px · 1 mm²",
        "lost 2 px · 0 mm²",
        "another class 2 px · 0 mm²",
    ]
    assert labels_of(seen.view)[0] == [2, 2, 3, 3, 1, 1, 1, 1]
    assert seen.presenter.probe(0, 2)[-1] == "CSF → Brain"
    assert seen.presenter.probe(5, 5)[-1] == "Background"


def test_the_eyes_of_a_delta_are_those_of_the_changes(seen: Seen) -> None:
    differing(seen)
    seen.presenter.compare(lambda comparing: comparing.choose(Way.DELTA))
    seen.presenter.toggle_label(2)
    assert seen.view.hidden == {2}
    assert not seen.bench.session.hidden_labels


def test_the_handle_of_swipe_goes_where_it_is_put_and_the_probe_knows_its_sides(
    seen: Seen,
) -> None:
    differing(seen)
    seen.presenter.compare(lambda comparing: comparing.choose(Way.SWIPE))
    seen.presenter.divide_at(3.0)
    assert seen.view.split == 3
    assert labels_of(seen.view)[0] == [1, 1, 1, 2, 2, 2, 2, 2]
    assert seen.presenter.probe(0, 2)[-1] == "CSF"
    assert seen.presenter.probe(0, 3)[-1].startswith("Brain")


def test_side_by_side_the_probe_tells_of_the_picture_it_is_over(seen: Seen) -> None:
    differing(seen)
    seen.presenter.compare(lambda comparing: comparing.choose(Way.SIDE_BY_SIDE))
    assert seen.view.beside is not None
    assert seen.view.beside[0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert seen.presenter.probe(0, 3, beside=True)[-1] == "CSF"
    assert seen.presenter.probe(0, 3)[-1].startswith("Brain")


def test_a_probability_gives_way_to_two_masks_and_comes_back(seen: Seen) -> None:
    differing(seen)
    seen.presenter.look(lambda viewer: viewer.show_probability(1))
    assert seen.view.chance is not None
    seen.presenter.compare(lambda comparing: comparing.choose(Way.DELTA))
    assert seen.view.chance is None
    assert seen.view.labels is not None
    seen.presenter.compare(lambda comparing: comparing.choose(Way.OFF))
    assert seen.view.chance is not None


def test_flicker_changes_between_both_and_says_which(seen: Seen) -> None:
    differing(seen)
    seen.presenter.compare(lambda comparing: comparing.choose(Way.FLICKER))
    assert (seen.view.note, labels_of(seen.view)[0][7]) == ("edited result", 2)
    seen.presenter.flicker()
    assert (seen.view.note, labels_of(seen.view)[0][7]) == ("trained result", 0)
