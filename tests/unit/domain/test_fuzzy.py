"""Finding commands by a few letters."""

from __future__ import annotations

import pytest

from unetscope.domain.fuzzy import ranked, score

NAMES = ("Open study folder", "Open model", "Mask", "Revert layer", "Reset layout", "Outline")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("mask", "Mask"),
        ("MASK", "Mask"),
        ("op mo", "Open model"),
        ("osf", "Open study folder"),
        ("revla", "Revert layer"),
        ("layo", "Reset layout"),
        ("ol", "Outline"),
    ],
)
def test_the_best_fit_comes_first(typed: str, first: str) -> None:
    assert NAMES[ranked(typed, NAMES)[0]] == first


def test_letters_in_another_order_do_not_fit() -> None:
    assert score("ksam", "Mask") is None
    assert ranked("zzz", NAMES) == []


def test_without_letters_all_stand_as_they_are() -> None:
    assert ranked("  ", NAMES) == list(range(len(NAMES)))


def test_starts_of_words_count_for_more_than_letters_within() -> None:
    starts, within = score("rl", "Revert layer"), score("rl", "Overlay")
    assert starts is not None
    assert within is not None
    assert starts > within


def test_the_best_of_several_ways_to_fit_counts() -> None:
    assert score("la", "all layers") == score("la", "xxx layers")
