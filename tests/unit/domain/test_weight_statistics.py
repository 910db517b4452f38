"""A weight array in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from unetscope.domain.weight_statistics import weight_statistics


def test_an_array_is_described_by_its_numbers() -> None:
    found = weight_statistics(np.array([[-1, 0, 0, 3]], np.float32))
    assert (found.low, found.high, found.mean) == (-1, 3, 0.5)
    assert found.deviation == pytest.approx(1.5)
    assert (found.zeros, found.odd) == (0.5, 0)
    assert found.counts.sum() == 4
    assert (found.edges[0], found.edges[-1]) == (-1, 3)
    assert found.trained_counts is None


def test_edited_and_trained_values_share_their_bars() -> None:
    rng = np.random.default_rng(0)
    trained = rng.normal(size=(3, 3, 4, 4)).astype(np.float32)
    found = weight_statistics(trained * 5, trained)
    assert found.trained_counts is not None
    assert found.counts.sum() == found.trained_counts.sum() == trained.size
    assert (found.trained_counts > 0).sum() < (found.counts > 0).sum()
    assert found.edges[0] == pytest.approx((trained * 5).min())


def test_what_is_no_number_is_counted_and_left_out() -> None:
    found = weight_statistics(np.array([1, np.nan, np.inf, 0], np.float32))
    assert (found.odd, found.low, found.high, found.zeros) == (2, 0, 1, 0.25)
    nothing = weight_statistics(np.full(3, np.nan, np.float32))
    assert nothing.odd == 3
    assert np.isnan(nothing.mean)
    assert nothing.counts.sum() == 0


@pytest.mark.parametrize("values", [np.zeros(0), np.zeros(5), np.full((2, 2), 7.0)])
def test_arrays_without_any_spread_are_described(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> None:
    found = weight_statistics(values.astype(np.float32))
    assert found.counts.sum() == values.size
