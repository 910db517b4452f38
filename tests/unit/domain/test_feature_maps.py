"""Numbers, scales and sorting of feature maps."""

from __future__ import annotations

import numpy as np
import pytest

from unetscope.domain.feature_maps import (
    FIRST_MAPS,
    MapOrder,
    Scaling,
    bounds_of,
    limits_of,
    numbers_of,
)

DRAWN = np.random.default_rng(3).normal(size=(9, 7, 4)) * [1, 2, 3, 4]
MAPS = np.where(DRAWN < -1, 0, DRAWN).astype(np.float32)


def test_the_numbers_are_those_of_each_map() -> None:
    found = numbers_of(MAPS)
    for k in range(4):
        one = MAPS[..., k].astype(np.float64)
        assert found.least[k] == one.min()
        assert found.greatest[k] == one.max()
        assert found.mean[k] == pytest.approx(one.mean(), rel=1e-5)
        assert found.deviation[k] == pytest.approx(one.std(), rel=1e-5)
        assert found.zeros[k] == pytest.approx((one == 0).mean())
    assert np.isnan(found.saturated).all()


def test_saturated_is_what_is_at_an_end_of_the_activation() -> None:
    values = np.array([0.0, 0.005, 0.5, 1.0], np.float32).reshape(2, 2, 1)
    assert numbers_of(values, bounds_of("sigmoid")).saturated[0] == 0.75
    assert bounds_of("relu") is None
    assert bounds_of(None) is None


def test_maps_are_sorted_from_the_highest() -> None:
    numbers = numbers_of(MAPS)
    for by, key in (
        (MapOrder.MEAN, numbers.mean),
        (MapOrder.CONTRAST, numbers.deviation),
        (MapOrder.ZEROS, numbers.zeros),
    ):
        order = numbers.order(by)
        assert order is not None
        assert sorted(order) == [0, 1, 2, 3]
        assert (np.diff(key[list(order)]) <= 0).all()
    assert numbers.order(MapOrder.INDEX) is None
    assert numbers.order(MapOrder.EFFECT) is None
    effect = np.array([0.1, np.nan, 0.3, 0.2], np.float32)
    assert numbers.order(MapOrder.EFFECT, effect) == (2, 3, 0, 1)


def test_the_scale_begins_at_0_or_is_symmetric_about_it() -> None:
    limits, signed = limits_of(np.abs(MAPS), Scaling.EACH)
    assert not signed
    assert (limits[:, 0] == 0).all()
    assert np.allclose(limits[:, 1], np.abs(MAPS).max(axis=(0, 1)))
    limits, signed = limits_of(MAPS, Scaling.LAYER)
    assert signed
    assert np.allclose(limits[:, 1], np.abs(MAPS).max())
    assert np.array_equal(limits[:, 0], -limits[:, 1])


@pytest.mark.parametrize("shape", [(5,), (6, 5), (3, 4, 6, 5)])
def test_activations_of_any_form_have_scales(shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    limits, signed = limits_of(values, Scaling.EACH)
    assert not signed
    assert np.array_equal(limits[:, 1], values.reshape(-1, 5).max(axis=0).clip(1e-12))
    assert np.array_equal(numbers_of(values).greatest, values.reshape(-1, 5).max(axis=0))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_counts_as_0(bad: float) -> None:
    values = np.abs(MAPS).copy()
    values[0, 0, 1] = bad
    limits, signed = limits_of(values, Scaling.EACH)
    assert not signed
    assert np.isfinite(limits).all()
    assert np.isfinite(numbers_of(values).deviation).all()


def test_opacity_and_threshold_stay_between_0_and_1() -> None:
    choice = FIRST_MAPS.set_opacity(3.0).set_threshold(-1.0)
    assert (choice.opacity, choice.threshold) == (1.0, 0.0)
