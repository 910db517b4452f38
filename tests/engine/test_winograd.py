"""Convolutions run in tiles equal TensorFlow's own."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from unetscope.engine import winograd
from unetscope.engine.ops import Window, convolved
from unetscope.engine.rates import Rates, measured
from unetscope.engine.winograd import FOLDER, LIBRARY, Native, Tiled, native, work_of

PLAIN = Window((1, 1), (1, 1), True)
VALID = Window((1, 1), (1, 1), False)
SPREAD = Window((2, 2), (1, 1), True, transposed=True)
SIZES = [(1, 13, 9, 3, 5), (2, 14, 9, 33, 70), (1, 6, 5, 1, 1), (3, 31, 17, 16, 32)]


def arrays(
    size: tuple[int, int, int, int, int], side: int, spread: bool
) -> tuple[tf.Tensor, np.ndarray, tf.Tensor]:
    images, rows, columns, channels, filters = size
    rng = np.random.default_rng(sum(size) + side)
    x = tf.constant(rng.normal(size=(images, rows, columns, channels)).astype(np.float32))
    ends = (filters, channels) if spread else (channels, filters)
    kernel = rng.normal(size=(side, side, *ends)) / side / np.sqrt(channels)
    return x, kernel.astype(np.float32), tf.constant(rng.normal(size=filters).astype(np.float32))


def check(x: tf.Tensor, kernel: np.ndarray, tiled: Tiled, window: Window, bias: tf.Tensor) -> None:
    plain = tf.constant(kernel)
    add = convolved(x, plain, window, bias)
    for added, relu in ((None, False), (None, True), (add, False), (add, True)):
        expected = convolved(x, plain, window, bias, added, relu)
        found = convolved(x, tiled, window, bias, added, relu)
        assert found.shape == expected.shape
        scale = float(np.abs(expected).max())
        np.testing.assert_allclose(found, expected, atol=5e-6 * scale, rtol=0)


def test_the_library_was_built() -> None:
    found = native()
    assert found is not None, "install the package again: its C sources were not compiled"
    assert found.lanes in (4, 8, 16)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", winograd.SIDES)
@pytest.mark.parametrize("window", [PLAIN, VALID], ids=["same", "valid"])
def test_plain(size: tuple[int, int, int, int, int], side: int, window: Window) -> None:
    x, kernel, bias = arrays(size, side, False)
    check(x, kernel, Tiled(kernel), window, bias)


@pytest.mark.parametrize("size", SIZES)
def test_transposed(size: tuple[int, int, int, int, int]) -> None:
    x, kernel, bias = arrays(size, 4, True)
    check(x, kernel, Tiled(kernel, spread=True), SPREAD, bias)


@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_every_width_of_vectors(lanes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    best = native()
    assert best is not None
    if lanes > best.lanes:
        pytest.skip("not on this processor")
    narrow = Native(str(FOLDER / LIBRARY), lanes)
    monkeypatch.setattr(winograd, "native", lambda: narrow)
    for size in SIZES:
        for side in winograd.SIDES:
            x, kernel, bias = arrays(size, side, False)
            check(x, kernel, Tiled(kernel), PLAIN, bias)
        x, kernel, bias = arrays(size, 4, True)
        check(x, kernel, Tiled(kernel, spread=True), SPREAD, bias)


def test_many_tiles_are_shared_by_all_threads() -> None:
    """Large enough for several strips, and the same bits each time whoever takes which."""
    x, kernel, bias = arrays((1, 96, 110, 24, 40), 3, False)
    tiled = Tiled(kernel)
    check(x, kernel, tiled, PLAIN, bias)
    first = np.asarray(convolved(x, tiled, PLAIN, bias))
    for _ in range(20):
        np.testing.assert_array_equal(convolved(x, tiled, PLAIN, bias), first)


def test_what_is_no_number_stays_so() -> None:
    x, kernel, bias = arrays((1, 12, 12, 4, 4), 3, False)
    broken = np.asarray(x).copy()
    broken[0, 5, 5, 0] = np.nan
    found = np.asarray(convolved(tf.constant(broken), Tiled(kernel), PLAIN, bias, None, True))
    assert np.isnan(found[0, 4:7, 4:7]).all()
    assert np.isfinite(found[0, :4, 8:]).all()


def test_costs_follow_the_work() -> None:
    products, transformed = work_of(64 * 64, 3, 16, 32)
    assert products == pytest.approx(64 * 64 * 9 * 16 * 32 / 4)
    assert transformed == pytest.approx(4 * 36 * (64 * 64 / 16) * (16 + 32))
    rates = Rates(1e11, 1e10, 1e10, 1e-5, 5e10, tiled=1e11, transforms=1e10)
    assert rates.in_tiles(100 * 100, 3, 64, 64) < rates.convolution(100 * 100 * 9 * 64 * 64, 0)
    assert rates.in_tiles(100 * 100, 3, 1, 64) > rates.convolution(100 * 100 * 9 * 64, 0)
    assert rates.in_tiles(100, 7, 8, 8) == rates.in_tiles(100, 3, 8, 8, spread=True) == np.inf
    assert Rates(1e11, 1e10, 1e10, 1e-5, 5e10).in_tiles(100 * 100, 3, 64, 64) == np.inf


def test_rates_are_measured() -> None:
    rates = measured()
    assert rates.tiled > 0
    assert rates.transforms > 0
