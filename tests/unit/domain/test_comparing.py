"""Trained and edited mask compared: numbers from one table, and what lies over a picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.unit.fakes import CARD, opened, unet

from unetscope.domain.comparing import (
    Change,
    Comparing,
    Way,
    changed,
    class_changes,
    counts,
    delta,
    overlap,
    total,
)
from unetscope.domain.edits import SetBias
from unetscope.domain.in_force import what_is_in_force
from unetscope.domain.interventions import CutSkip, ForceMap, PatchSkip, ScaleMap, SilenceMap
from unetscope.domain.metrics import Labels, dice, mask_change
from unetscope.domain.overlay import overlay, what_is_shown
from unetscope.domain.planes import AS_ACQUIRED
from unetscope.domain.session import Session

NONE = frozenset({0})
MASKS = arrays(np.uint8, (5, 7), elements=st.integers(0, 4))
EDIT = SetBias("enc", 0, 1.0)


# -------------------------------------------------------------------- numbers


@given(trained=MASKS, edited=MASKS)
def test_the_table_says_what_comparing_class_by_class_says(trained: Labels, edited: Labels) -> None:
    table = counts(trained, edited, 5)
    changes = class_changes(table)
    assert changes == mask_change(trained, edited, 5)
    assert changed(table) == int((trained != edited).sum())
    for change in changes:
        expected = dice(edited, trained, change.label)
        assert overlap(change) == pytest.approx(expected, nan_ok=True)


@given(trained=MASKS, edited=MASKS, label=st.integers(1, 4))
def test_the_delta_of_a_class_has_as_many_voxels_as_the_table(
    trained: Labels, edited: Labels, label: int
) -> None:
    changes = delta(trained, edited, label, NONE)
    of_class = class_changes(counts(trained, edited, 5))[label]
    assert int((changes == Change.GAINED).sum()) == of_class.gained
    assert int((changes == Change.LOST).sum()) == of_class.lost
    assert not (changes == Change.OTHER).any()


@given(trained=MASKS, edited=MASKS)
def test_the_delta_of_all_classes_marks_every_changed_voxel_once(
    trained: Labels, edited: Labels
) -> None:
    changes = delta(trained, edited, None, NONE)
    assert np.array_equal(changes != Change.SAME, trained != edited)
    assert np.array_equal(changes == Change.GAINED, (trained == 0) & (edited != 0))
    assert np.array_equal(changes == Change.LOST, (trained != 0) & (edited == 0))


def test_a_label_that_the_card_does_not_know_is_counted_too() -> None:
    table = counts(np.array([[0, 9]], np.uint8), np.array([[9, 9]], np.uint8), 3)
    assert len(table) == 10
    assert changed(table) == 1


def test_tables_of_different_size_add_up() -> None:
    one = counts(np.array([[1]], np.uint8), np.array([[2]], np.uint8), 3)
    other = counts(np.array([[4]], np.uint8), np.array([[4]], np.uint8), 3)
    both = total([one, other])
    assert (both[1, 2], both[4, 4], int(both.sum())) == (1, 1, 2)
    assert total([]).size == 0


# --------------------------------------------------------------------- choice


def test_a_way_chosen_twice_ends_and_nothing_flickers_by_itself() -> None:
    flicker = Comparing().choose(Way.FLICKER)
    assert not flicker.playing
    assert flicker.play(True).playing
    assert not flicker.play(True).choose(Way.SWIPE).playing
    assert flicker.choose(Way.FLICKER).way is Way.OFF


def test_only_flicker_plays_and_never_faster_than_four_changes_a_second() -> None:
    assert not Comparing().choose(Way.DELTA).play(True).playing
    assert Comparing().set_speed(50).speed == 4
    assert Comparing().set_speed(0).speed == 1


def test_the_trained_mask_looked_at_alone_hides_swipe_and_delta() -> None:
    for way, seen in ((Way.SWIPE, Way.OFF), (Way.DELTA, Way.OFF), (Way.FLICKER, Way.FLICKER)):
        assert Comparing(way=way).show_trained(True).seen is seen


def test_another_network_keeps_the_way_and_shows_its_own_mask() -> None:
    before = Comparing(way=Way.DELTA, label=2, trained=True, split=0.3)
    session = replace(opened(), comparing=before).open_network(unet(), CARD)
    assert session.comparing == Comparing(way=Way.DELTA, split=0.3)


def test_an_edit_shows_the_edited_mask_again() -> None:
    assert not opened().compare_trained(True).edit(EDIT).show_trained


# -------------------------------------------------------------------- overlay

TRAINED = np.array([[0, 1, 1, 2]], np.uint8)
EDITED = np.array([[1, 1, 2, 0]], np.uint8)


def compared(way: Way, **changes: Any) -> Session:
    return replace(opened().edit(EDIT), comparing=replace(Comparing(way=way), **changes))


def labels_of(session: Session, **given: Any) -> list[int] | None:
    over = overlay(session, (TRAINED, EDITED), AS_ACQUIRED, **given)
    return None if over.labels is None else over.labels[0].tolist()


def test_swipe_shows_the_trained_mask_left_of_the_handle() -> None:
    assert labels_of(compared(Way.SWIPE, split=0.5)) == [0, 1, 2, 0]
    assert labels_of(compared(Way.SWIPE, split=0.0)) == EDITED[0].tolist()
    assert labels_of(compared(Way.SWIPE, split=1.0)) == TRAINED[0].tolist()


def test_swipe_divides_the_picture_as_it_is_turned() -> None:
    flipped = AS_ACQUIRED.flip_horizontally()
    over = overlay(compared(Way.SWIPE, split=0.25), (TRAINED, EDITED), flipped)
    assert over.labels is not None
    assert over.labels[0].tolist() == [2, 2, 1, 1]  # the first column is the slice's last
    assert over.split == 1


def test_side_by_side_has_a_mask_for_each_picture_and_alone_only_the_edited_one() -> None:
    over = overlay(compared(Way.SIDE_BY_SIDE), (TRAINED, EDITED), AS_ACQUIRED)
    assert over.beside is not None
    assert np.array_equal(over.beside, TRAINED)
    assert over.labels is not None
    assert np.array_equal(over.labels, EDITED)
    assert labels_of(compared(Way.SWIPE), alone=True) == EDITED[0].tolist()


def test_delta_shows_gained_lost_and_another_class_with_numbers() -> None:
    session = compared(Way.DELTA)
    over = overlay(session, (TRAINED, EDITED), AS_ACQUIRED, area=2.0)
    assert over.labels is not None
    assert over.labels[0].tolist() == [Change.GAINED, Change.SAME, Change.OTHER, Change.LOST]
    names = [each.name for each in over.legend]
    assert names == ["gained 1 px · 2 mm²", "lost 1 px · 2 mm²", "another class 1 px · 2 mm²"]
    one = overlay(compared(Way.DELTA, label=2), (TRAINED, EDITED), AS_ACQUIRED)
    assert [each.name for each in one.legend] == ["gained 1 px", "lost 1 px"]


def test_a_class_whose_eye_is_closed_changes_nothing() -> None:
    session = compared(Way.DELTA).toggle_label(2)
    assert labels_of(session) == [Change.GAINED, Change.SAME, Change.LOST, Change.SAME]


def test_without_one_of_the_masks_there_is_no_delta() -> None:
    over = overlay(compared(Way.DELTA), (None, EDITED), AS_ACQUIRED)
    assert over.labels is None
    assert over.legend == ()


@pytest.mark.parametrize(
    ("session", "said"),
    [
        (compared(Way.OFF), ""),
        (compared(Way.OFF).compare_trained(True), "trained result"),
        (compared(Way.FLICKER), "edited result"),
        (compared(Way.FLICKER).compare_trained(True), "trained result"),
        (compared(Way.SWIPE), ""),
        (compared(Way.DELTA), "changes of all classes"),
        (compared(Way.DELTA, label=2), "changes of Brain"),
        (
            replace(opened(), comparing=Comparing(way=Way.DELTA)),
            "Delta: nothing is edited",
        ),
    ],
)
def test_what_is_shown_is_said_where_it_is_not_plain(session: Session, said: str) -> None:
    assert what_is_shown(session) == said


# ------------------------------------------------------------------- in force


def test_interventions_are_told_with_the_edits() -> None:
    image = np.zeros((8, 8), np.float32)
    edits = (
        SilenceMap("enc", 1),
        SilenceMap("enc", 2),
        ScaleMap("enc", 3, 0.5),
        ScaleMap("enc", 3, 0.2),
        SilenceMap("mid"),
        ForceMap("mid", 0, value=2.0),
        CutSkip("skip", "enc"),
        PatchSkip("skip", "enc", image=image),
    )
    assert what_is_in_force(unet(), edits) == (
        "2 maps silenced, 1 map scaled, 1 layer silenced, 1 map forced, 1 skip cut, 1 skip patched"
    )
    assert what_is_in_force(unet(), (EDIT, *edits[:1])) == "1 edit, 1 map silenced"


def test_edits_that_change_nothing_are_not_in_force() -> None:
    bias = float(unet().trained["enc"][1][0])
    assert what_is_in_force(unet(), (SetBias("enc", 0, bias),)) == ""
    assert what_is_in_force(None, ()) == ""


@pytest.mark.parametrize("classes", [3, 16, 17, 256])
def test_pairs_of_many_classes_are_told_apart(classes: int) -> None:
    rng = np.random.default_rng(0)
    trained, edited = rng.integers(0, classes, (2, 40, 40)).astype(np.uint8)
    expected = np.zeros((classes, classes), np.int64)
    np.add.at(expected, (trained.ravel(), edited.ravel()), 1)
    assert np.array_equal(counts(trained, edited, classes), expected)
