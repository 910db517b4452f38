"""The scale of a heat: symmetric where it has a sign, and not stretched by a few values."""

from __future__ import annotations

import numpy as np

from unetscope.domain.explaining.heat import Heat

GRAINY = np.linspace(0, 1, 10_000, dtype=np.float32).reshape(100, 100)


def heat_of(values: object, **parts: object) -> Heat:
    return Heat(values=np.asarray(values, np.float32), layer="image", **parts)  # type: ignore[arg-type]


def test_a_scale_begins_at_zero_or_is_symmetric() -> None:
    assert heat_of([[1.0, 4.0]]).scale == (0.0, 4.0)
    assert heat_of([[-2.0, 4.0]], signed=True).scale == (-4.0, 4.0)
    assert heat_of([[-2.0, np.nan]]).scale[0] == -2.0
    assert heat_of([[0.0, 0.0]]).scale == (0.0, 1.0)
    assert heat_of([[np.nan, np.inf]], signed=True).scale == (-1.0, 1.0)
    assert heat_of([[1.0]], limits=(0.0, 9.0)).scale == (0.0, 9.0)


def test_a_few_outstanding_values_do_not_stretch_a_capped_scale() -> None:
    outstanding = GRAINY.copy()
    outstanding[0, :3] = 500.0
    low, high = heat_of(outstanding).capped().scale
    assert (low, round(high, 2)) == (0.0, 1.0)
    low, high = heat_of(outstanding - GRAINY.mean(), signed=True).capped().scale
    assert low == -high
    assert 0.45 < high < 0.55


def test_zeros_around_a_small_target_do_not_count() -> None:
    small = np.zeros((100, 100), np.float32)
    small[3:6, 3:6] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert 8.5 < heat_of(small).capped().scale[1] <= 9.0


def test_a_scale_that_was_chosen_stays_and_so_does_one_of_nothing() -> None:
    chosen = heat_of(GRAINY, limits=(0.0, 3.0))
    assert chosen.capped() is chosen
    nothing = heat_of(np.zeros((2, 2)))
    assert nothing.capped() is nothing
