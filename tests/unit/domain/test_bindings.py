"""Keys and mouse gestures: presets, differences, and that no key does two things."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unetscope.domain.bindings import GESTURES, PRESETS, Bindings, Keys, restored

PROPOSED: dict[str, Keys] = {
    "view.mask": ("G",),
    "view.outline": ("O",),
    "view.invert": ("I",),
    "edit.undo": ("Ctrl+Z", "Alt+Backspace"),
    "help.about": (),
}
START = Bindings(proposed=PROPOSED)
COMMANDS, KEYS = sorted(PROPOSED), ("G", "O", "I", "X", "Ctrl+Z", "F9")


def test_at_first_every_command_has_the_keys_it_proposes() -> None:
    assert {command: START.keys(command) for command in PROPOSED} == PROPOSED
    assert START.differences() == {"preset": "weasis", "keys": {}, "mouse": {}}
    assert not START.conflicts


def test_a_key_given_to_another_command_is_taken_from_the_first() -> None:
    given_away = START.with_keys("view.outline", ("G",))
    assert given_away.keys("view.outline") == ("G",)
    assert given_away.keys("view.mask") == ()
    assert not given_away.is_changed("view.mask")
    assert given_away.reset_keys("view.outline").keys("view.mask") == ("G",)


def test_one_of_two_keys_may_be_lost() -> None:
    taken = START.with_keys("view.invert", ("Ctrl+Z",))
    assert taken.keys("edit.undo") == ("Alt+Backspace",)


def test_a_command_that_loses_the_key_it_was_given_has_its_own_again() -> None:
    swapped = START.with_keys("view.mask", ("X",)).with_keys("view.outline", ("X",))
    assert swapped.keys("view.mask") == ("G",)
    assert swapped.changed_keys == {"view.outline": ("X",)}


def test_a_command_may_have_no_key() -> None:
    without = START.with_keys("view.mask", ())
    assert without.keys("view.mask") == ()
    assert without.is_changed("view.mask")
    assert without.with_keys("view.outline", ("X",)).keys("view.mask") == ()


def test_only_what_differs_from_the_preset_is_kept() -> None:
    changed = START.with_keys("view.mask", ("X",)).with_action("right", "pan")
    saved = changed.differences()
    assert saved == {"preset": "weasis", "keys": {"view.mask": ["X"]}, "mouse": {"right": "pan"}}
    back = changed.with_keys("view.mask", ("G",)).with_action("right", "zoom")
    assert back.differences() == START.differences()


def test_who_has_a_key_can_be_asked() -> None:
    assert START.holders("G") == ("view.mask",)
    assert START.holders("G", besides="view.mask") == ()
    assert START.holders("F9") == ()


def test_another_preset_drops_what_was_different() -> None:
    other = (
        START.with_keys("view.mask", ("X",)).with_action("wheel", "zoom").choose_preset("slicer")
    )
    assert other == Bindings(proposed=PROPOSED, preset="slicer")
    assert (other.action("wheel"), other.action("ctrl_wheel")) == ("scroll", "zoom")


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_binds_every_gesture_to_what_it_can_do(name: str) -> None:
    mouse = PRESETS[name].mouse
    assert set(mouse) == set(GESTURES)
    assert all(action in GESTURES[gesture].choices for gesture, action in mouse.items())


@given(
    st.lists(
        st.tuples(st.sampled_from(COMMANDS), st.lists(st.sampled_from(KEYS), unique=True)),
        max_size=8,
    )
)
def test_no_key_ever_does_two_things_and_what_is_kept_comes_back(
    changes: list[tuple[str, list[str]]],
) -> None:
    bindings = START
    for command, keys in changes:
        bindings = bindings.with_keys(command, tuple(keys))
        assert bindings.keys(command) == tuple(keys)
        assert not bindings.conflicts
    saved = json.loads(json.dumps(bindings.differences()))
    again = restored(PROPOSED, saved)
    assert {c: again.keys(c) for c in PROPOSED} == {c: bindings.keys(c) for c in PROPOSED}


@pytest.mark.parametrize(
    "saved",
    [
        None,
        [],
        "weasis",
        {"preset": ["weasis"]},
        {"preset": "emacs", "keys": 3, "mouse": None},
        {"keys": {"view.gone": ["X"], "view.mask": "X"}},
        {"mouse": {"left": "dance", "wheel": "pan", "nose": "zoom", "right": ["zoom"]}},
    ],
)
def test_settings_that_make_no_sense_are_left_out(saved: object) -> None:
    assert restored(PROPOSED, saved) == START
