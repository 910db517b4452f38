"""Changes of an image that should leave the mask as it is, and their way back."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.augmenting import (
    HARMLESS,
    MOST_GAIN,
    MOST_GAMMA,
    MOST_SHIFT,
    Augmentation,
    Change,
    check,
    draw,
)

ONE = (Fraction(1), Fraction(1))
MOVES = (
    Augmentation.SHIFT,
    Augmentation.MIRROR_ROWS,
    Augmentation.MIRROR_COLUMNS,
    Augmentation.TURN,
)


@pytest.fixture
def image() -> NDArray[np.float32]:
    return np.random.default_rng(0).random((12, 12, 2), dtype=np.float32)


@pytest.mark.parametrize("seed", range(30))
def test_what_is_moved_is_moved_back_exactly(image: NDArray[np.float32], seed: int) -> None:
    change = draw(MOVES, np.random.default_rng(seed))
    assert change.keeps_values
    back, known = change.undo(change.apply(image))
    where = np.ones((12, 12), bool) if known is None else known
    assert np.array_equal(back[where], image[where])
    lost = 144 - int(where.sum())
    rows, columns = (abs(each) for each in change.shift)
    assert lost == 144 - (12 - rows) * (12 - columns)


def test_a_shift_repeats_the_edge_and_tells_what_it_lost(image: NDArray[np.float32]) -> None:
    change = Change(shift=(2, -3))
    moved = change.apply(image)
    assert np.array_equal(moved[2:, :-3], image[:-2, 3:])
    assert np.array_equal(moved[0, :-3], image[0, 3:])
    assert np.array_equal(moved[5, -1], image[3, -1])
    _, known = change.undo(moved)
    assert known is not None
    assert known[:-2, 3:].all()
    assert not known[-2:].any()
    assert not known[:, :3].any()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(mirror_columns=True), lambda x: x[:, ::-1]),
        (Change(mirror_rows=True), lambda x: x[::-1]),
        (Change(turns=1), lambda x: np.rot90(x, 1)),
    ],
)
def test_mirrors_and_turns_are_what_they_are_called(
    change: Change, expected: object, image: NDArray[np.float32]
) -> None:
    assert callable(expected)
    assert np.array_equal(change.apply(image), expected(image))


def test_values_stay_within_those_of_the_image(image: NDArray[np.float32]) -> None:
    image = 3 * image - 1
    for seed in range(20):
        change = draw(HARMLESS, np.random.default_rng(seed))
        changed = replace(change, shift=(0, 0)).apply(image)
        assert not np.array_equal(changed, image)
        assert changed.min() >= image.min() - 1e-6
        assert changed.max() <= image.max() + 1e-6
        assert 1 / MOST_GAMMA <= change.gamma <= MOST_GAMMA
        assert abs(change.gain - 1) <= MOST_GAIN
        assert max(map(abs, change.shift)) <= MOST_SHIFT


def test_an_image_of_one_value_stays(image: NDArray[np.float32]) -> None:
    flat = np.full_like(image, 0.3)
    assert np.array_equal(draw(HARMLESS, np.random.default_rng(1)).apply(flat), flat)


def test_the_same_seed_draws_the_same_and_what_is_not_chosen_does_not_happen() -> None:
    draws = [draw(tuple(Augmentation), np.random.default_rng(4)) for _ in range(2)]
    assert draws[0] == draws[1]
    nothing = draw((Augmentation.NOISE,), np.random.default_rng(4))
    assert replace(nothing, noise=None) == Change()
    assert nothing.noise == draws[0].noise


@pytest.mark.parametrize(
    ("step", "of_output", "of_image"), [(2.0, 1, 2), (0.5, 2, 1), (4.0, 1, 4), (8.0, 1, 8)]
)
def test_a_shift_is_by_whole_pixels_of_image_and_output(
    step: float, of_output: int, of_image: int
) -> None:
    exact = check((Augmentation.SHIFT,), (64, 64), (step, step))
    seen = {draw((Augmentation.SHIFT,), np.random.default_rng(n), exact).shift for n in range(60)}
    rows = {shift[0] for shift in seen}
    assert len(rows) > 2
    assert all(row % of_output == 0 for row in rows)
    assert all((row * Fraction(step)) % of_image == 0 for row in rows)
    low = np.arange(64 * 64, dtype=np.float32).reshape(64, 64, 1)
    change = Change(shift=(of_output, 0))
    assert np.array_equal(change.apply(low, exact)[of_image:], low[:-of_image])


@pytest.mark.parametrize(
    ("chosen", "size", "step", "told"),
    [
        ((), (8, 8), (1.0, 1.0), "No augmentation"),
        ((Augmentation.TURN,), (8, 6), (1.0, 1.0), "square"),
        ((Augmentation.SHIFT,), (8, 8), (1.5, 1.5), "cannot be taken back"),
        ((Augmentation.SHIFT,), (8, 8), (8 / 7, 8 / 7), "cannot be taken back"),
    ],
)
def test_what_does_not_fit_is_refused(
    chosen: tuple[Augmentation, ...], size: tuple[int, int], step: tuple[float, float], told: str
) -> None:
    with pytest.raises(ModelError, match=told) as refused:
        check(chosen, size, step)
    assert refused.value.hint


def test_without_a_shift_any_grid_will_do() -> None:
    assert check((Augmentation.NOISE,), (8, 6), (1.5, 1.0)) == ONE


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ModelError, match="quarter turns"):
        Augmentation("upside down")
