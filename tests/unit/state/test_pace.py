from __future__ import annotations

from collections import Counter

import pytest

from unetscope.state.pace import Pace


class Views:
    """Three views that count how often they are drawn, and in which order."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def mask(self) -> None:
        self.drawn.append("mask")

    def maps(self) -> None:
        self.drawn.append("maps")

    def tree(self) -> None:
        self.drawn.append("tree")


@pytest.fixture
def views() -> Views:
    return Views()


def test_without_a_gesture_every_change_is_drawn_at_once(views: Views) -> None:
    pace = Pace()
    for _ in range(2):
        pace.each_frame(views.mask)
        pace.in_turn(views.maps)
    assert views.drawn == ["mask", "maps", "mask", "maps"]


def test_in_a_gesture_a_view_is_drawn_at_once_and_then_once_a_frame(views: Views) -> None:
    pace = Pace()
    pace.hold()
    for _ in range(5):
        pace.each_frame(views.mask)
    assert views.drawn == ["mask"]
    pace.frame()
    assert views.drawn == ["mask", "mask"]
    pace.each_frame(views.mask)  # that was this frame's
    assert views.drawn == ["mask", "mask"]
    pace.frame()
    pace.frame()
    assert views.drawn == ["mask"] * 3  # and nothing more is due


def test_views_that_follow_take_turns_frame_by_frame(views: Views) -> None:
    pace = Pace()
    pace.hold()
    for _ in range(4):
        pace.in_turn(views.maps)
        pace.in_turn(views.tree)
    assert views.drawn == []
    pace.frame()
    pace.in_turn(views.maps)  # behind the other
    pace.frame()
    pace.frame()
    pace.frame()
    assert views.drawn == ["maps", "tree", "maps"]


def test_release_draws_all_that_waits_once(views: Views) -> None:
    pace = Pace()
    pace.hold()
    for _ in range(3):
        pace.each_frame(views.mask)
        pace.in_turn(views.maps)
        pace.in_turn(views.tree)
    views.drawn.clear()
    pace.release()
    assert Counter(views.drawn) == {"mask": 1, "maps": 1, "tree": 1}
    pace.release()
    pace.frame()
    assert len(views.drawn) == 3


def test_what_a_view_changes_while_it_is_drawn_is_drawn_too(views: Views) -> None:
    pace = Pace()

    def first() -> None:
        views.maps()
        pace.in_turn(views.tree)

    pace.hold()
    pace.in_turn(first)
    pace.release()
    assert views.drawn == ["maps", "tree"]


def test_it_tells_when_a_gesture_begins_and_ends() -> None:
    pace = Pace()
    told: list[bool] = []
    pace.held_changed.connect(told.append)
    for change in (pace.hold, pace.hold, pace.release, pace.release):
        change()
    assert told == [True, False]


def test_views_wait_until_the_last_of_two_gestures_is_over(views: Views) -> None:
    pace = Pace()
    told: list[bool] = []
    pace.held_changed.connect(told.append)
    pace.hold("drag")
    pace.hold("scroll")
    pace.in_turn(views.maps)
    pace.release("scroll")
    assert pace.held
    assert views.drawn == []
    pace.release("scroll")
    pace.release("drag")
    assert not pace.held
    assert views.drawn == ["maps"]
    assert told == [True, False]
