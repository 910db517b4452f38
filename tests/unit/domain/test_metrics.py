"""Numbers about masks and maps, against ones worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from unetscope.domain.metrics import ClassChange, dice, mask_change, rms_change

MASKS = arrays(np.uint8, (4, 5), elements=st.integers(0, 3))
A = np.array([[0, 1, 1], [1, 2, 2]], np.uint8)
B = np.array([[0, 1, 0], [2, 2, 2]], np.uint8)


def test_dice_is_twice_the_overlap_over_both_sizes() -> None:
    assert dice(A, B, 1) == pytest.approx(2 * 1 / (3 + 1))
    assert dice(A, B, 2) == pytest.approx(2 * 2 / (2 + 3))
    assert math.isnan(dice(A, B, 7))


@given(MASKS, MASKS, st.integers(0, 3))
def test_dice_is_symmetric_and_1_for_the_same_mask(
    a: NDArray[np.uint8], b: NDArray[np.uint8], label: int
) -> None:
    assert dice(a, b, label) == pytest.approx(dice(b, a, label), nan_ok=True)
    if (a == label).any():
        assert dice(a, a, label) == 1


def test_a_mask_change_counts_gained_and_lost() -> None:
    assert mask_change(A, B, 3) == (
        ClassChange(0, before=1, after=2, gained=1, lost=0),
        ClassChange(1, before=3, after=1, gained=0, lost=2),
        ClassChange(2, before=2, after=3, gained=1, lost=0),
    )


@given(MASKS, MASKS)
def test_what_one_class_loses_another_gains(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> None:
    changes = mask_change(a, b, 4)
    assert sum(c.gained for c in changes) == sum(c.lost for c in changes) == int((a != b).sum())
    assert all(c.after - c.before == c.gained - c.lost for c in changes)


def test_the_rms_change_is_a_share_of_what_was_there() -> None:
    before = np.array([3.0, 4.0], np.float32)
    assert rms_change(before, before) == 0
    assert rms_change(before, np.zeros(2, np.float32)) == pytest.approx(1)
    assert rms_change(before, np.array([3.0, 9.0], np.float32)) == pytest.approx(1)
    assert rms_change(before, before * 1.5) == pytest.approx(0.5)


def test_a_change_of_nothing_has_no_scale() -> None:
    nothing, something = np.zeros(3, np.float32), np.ones(3, np.float32)
    assert rms_change(nothing, nothing) == 0
    assert rms_change(nothing, something) == math.inf


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_change_to_what_is_no_number_is_no_number(bad: float) -> None:
    before = np.ones(3, np.float32)
    after = np.array([1, 2, bad], np.float32)
    assert math.isnan(rms_change(before, after))
    assert math.isnan(rms_change(after, before))
