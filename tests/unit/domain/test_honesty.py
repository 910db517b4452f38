"""Whether two maps are alike, against SciPy and scikit-image, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity as theirs

from unetscope.domain.explaining import honesty
from unetscope.domain.explaining.honesty import (
    compared_on,
    judged,
    rank_correlation,
    structural_similarity,
)


@pytest.mark.parametrize("levels", [3, 1000])
def test_rank_correlation_is_spearmans_ties_included(levels: int) -> None:
    rng = np.random.default_rng(1)
    some = rng.integers(0, levels, (9, 14))
    others = some + rng.integers(0, levels, some.shape)

    assert rank_correlation(some, others) == pytest.approx(
        spearmanr(some.ravel(), others.ravel()).statistic, abs=1e-12
    )


def test_rank_correlation_with_a_flat_map_is_unknown() -> None:
    assert np.isnan(rank_correlation([1, 2, 3], [4, 4, 4]))


@pytest.mark.parametrize("shape", [(32, 40), (11, 12)])
def test_structural_similarity_is_that_of_wang_et_al(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    some = rng.normal(size=shape)
    others = some + rng.normal(size=shape)
    x, y = (np.abs(each) / np.abs(each).max() for each in (some, others))

    expected = theirs(
        x, y, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )

    assert structural_similarity(some, others) == pytest.approx(expected, abs=1e-9)
    assert structural_similarity(some, 5 * some) == pytest.approx(1)


def test_structural_similarity_of_a_small_grid_takes_a_smaller_window() -> None:
    some = np.random.default_rng(3).normal(size=(8, 6))

    assert structural_similarity(some, some) == pytest.approx(1)
    assert structural_similarity(some, some[::-1]) < 0.9
    assert np.isnan(structural_similarity(some, np.zeros((8, 6))))


def test_only_windows_at_the_target_count() -> None:
    some = np.random.default_rng(4).normal(size=(40, 40))
    others = some.copy()
    others[:20] = np.random.default_rng(5).normal(size=(20, 40))
    below = np.zeros((40, 40), bool)
    below[26:] = True

    assert structural_similarity(some, others, below) == pytest.approx(1, abs=0.05)
    assert structural_similarity(some, others, ~below) < 0.8


def test_maps_are_compared_where_the_target_is() -> None:
    region = np.zeros((64, 64), bool)
    region[10:30, 20:40] = True

    np.testing.assert_array_equal(compared_on(region, (64, 64)), region)
    assert compared_on(region, (128, 128)).sum() == 400  # one position of each pixel
    coarse = compared_on(region, (8, 8))
    assert coarse.all()  # fewer positions than are needed


def test_a_small_target_is_compared_with_what_is_around_it() -> None:
    region = np.zeros((64, 64), bool)
    region[30, 5] = True

    where = compared_on(region, (64, 64))

    assert honesty.LEAST <= where.sum() < 2 * honesty.LEAST
    assert where[30, 5]
    assert not where[30, 40]


@pytest.mark.parametrize(
    ("correlation", "depends", "told"),
    [
        (0.1, True, "another map"),
        (0.8, False, "does not depend on the weights"),
        (float("nan"), True, "leave nothing"),
    ],
)
def test_the_last_stage_decides(correlation: float, depends: bool, told: str) -> None:
    found = judged([("head", 0.9, 0.9), ("first", correlation, 0.2)])

    assert found.depends_on_weights is depends
    assert told in found.verdict
    assert [stage[0] for stage in found.cascade] == ["head", "first"]
