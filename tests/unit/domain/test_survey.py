"""How strong feature maps are over a series."""

from __future__ import annotations

import numpy as np
import pytest

from unetscope.domain.survey import Measure, Survey, peaks_of


@pytest.mark.parametrize("shape", [(5, 7, 3), (4, 3), (3, 4, 5, 6)])
def test_the_greatest_value_and_its_place_are_those_of_each_map(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    values[values < -1] = 0
    found = peaks_of(values)
    for k in range(shape[-1]):
        one = values[..., k]
        assert found.greatest[k] == one.max()
        assert tuple(found.at[k]) == np.unravel_index(one.argmax(), one.shape)
        assert found.mean[k] == pytest.approx(one.mean(), abs=1e-6)
        assert found.zeros[k] == pytest.approx((one == 0).mean())


def test_of_equal_values_the_first_one_is_the_place() -> None:
    assert peaks_of(np.ones((3, 4, 2), np.float32)).at.tolist() == [[0, 0], [0, 0]]


def test_what_is_not_finite_counts_as_nothing() -> None:
    values = np.full((2, 2, 1), np.nan, np.float32)
    values[1, 1] = np.inf
    values[0, 1] = 3
    found = peaks_of(values)
    assert (found.greatest[0], found.at[0].tolist()) == (3, [0, 1])


def test_a_vector_has_no_places() -> None:
    found = peaks_of(np.array([3.0, 0.0], np.float32))
    assert found.at.shape == (2, 0)
    assert found.greatest.tolist() == [3, 0]
    assert found.zeros.tolist() == [0, 1]


def test_the_strongest_slices_of_each_map() -> None:
    survey = Survey("conv", 5)
    for index, (one, other) in {0: (1, 9), 3: (7, 2), 4: (5, 2)}.items():
        survey = survey.with_slice(index, peaks_of(np.array([[[one, other]]], np.float32)))
    assert survey.strongest(0, 2) == (3, 4)
    assert survey.strongest(1, 3) == (0, 3, 4)  # of equals the first
    assert survey.peak(0, 3) == (0, 0)
    assert not survey.complete
    curve = survey.curve(0, Measure.MEAN)
    assert np.isnan(curve[[1, 2]]).all()
    assert curve[[0, 3, 4]].tolist() == [1, 7, 5]
