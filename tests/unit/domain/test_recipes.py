"""Kernels made by a rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from unetscope.domain.recipes import RECIPE_BY_ID, RECIPES, Recipe

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
TUTORIAL = np.array([[-1, -1, 1, 1]] * 4, np.float32)
EVERY = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
Floats = NDArray[np.float32]


def kernel(recipe: str, *size: int) -> list[list[float]]:
    made: list[list[float]] = RECIPE_BY_ID[recipe].kernel((size[0], size[-1])).tolist()
    return made


@st.composite
def kernels(draw: st.DrawFn) -> Floats:
    """Like trained ones: of any size, at any scale that a network has, and not all one value."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    scale, shift = draw(st.sampled_from([1e-3, 0.05, 1.0, 30.0])), draw(st.floats(-1, 1))
    return (scale * (rng.standard_normal(draw(SIZES)) + shift)).astype(np.float32)


@EVERY
@settings(max_examples=30)
@given(like=kernels())
def test_norm_and_mean_of_the_kernel_that_is_replaced_are_kept(
    recipe: Recipe, like: Floats
) -> None:
    size = (like.shape[0], like.shape[1])
    own = recipe.kernel(size)
    made = recipe.kernel(size, like)
    norm = float(np.linalg.norm(like))
    assert made.dtype == np.float32
    assert made.shape == like.shape
    if np.ptp(own) > 1e-6:  # a recipe of one value has no shape to bring to another mean
        assert np.linalg.norm(made) == pytest.approx(norm, rel=1e-6)
        assert float(made.mean(dtype=np.float64)) == pytest.approx(
            float(like.mean(dtype=np.float64)), abs=1e-6 * max(norm, 1)
        )
    elif own.any():
        assert np.linalg.norm(made) == pytest.approx(norm, rel=1e-6)


@EVERY
@settings(max_examples=30)
@given(size=SIZES)
def test_a_recipe_makes_a_finite_kernel_of_the_size_asked_for(
    recipe: Recipe, size: tuple[int, int]
) -> None:
    made = recipe.kernel(size)
    assert made.shape == size
    assert np.isfinite(made).all()
    if min(size) > 2:
        assert made.any()


@EVERY
@settings(max_examples=30)
@given(like=kernels())
def test_a_matched_recipe_keeps_its_own_pattern(recipe: Recipe, like: Floats) -> None:
    size = (like.shape[0], like.shape[1])
    own, made = recipe.kernel(size).ravel(), recipe.kernel(size, like).ravel()
    if np.ptp(own) > 1e-6 and np.ptp(like) > 1e-6:
        assert np.corrcoef(own, made)[0, 1] == pytest.approx(1, abs=1e-4)


@EVERY
def test_a_kernel_of_zeros_has_no_norm_to_keep(recipe: Recipe) -> None:
    assert np.array_equal(
        recipe.kernel((3, 3), np.zeros((3, 3), np.float32)), recipe.kernel((3, 3))
    )


@EVERY
def test_a_recipe_gives_the_same_kernel_every_time(recipe: Recipe) -> None:
    assert recipe.kernel((5, 4)).tobytes() == recipe.kernel((5, 4)).tobytes()


def test_the_four_filters_of_the_tutorial() -> None:
    assert np.array_equal(kernel("half_right", 4), TUTORIAL)
    assert np.array_equal(kernel("half_left", 4), -TUTORIAL)
    assert np.array_equal(kernel("half_down", 4), TUTORIAL.T)
    assert np.array_equal(kernel("half_up", 4), -TUTORIAL.T)


def test_the_textbook_kernels_of_three_by_three() -> None:
    assert kernel("sobel_x", 3) == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    assert kernel("sobel_y", 3) == [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]
    assert kernel("prewitt_x", 3) == [[-1, 0, 1]] * 3
    assert kernel("prewitt_y", 3) == [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]
    assert kernel("laplacian", 3) == [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    assert kernel("identity", 3) == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert np.allclose(kernel("box", 3), 1 / 9)
    assert np.allclose(kernel("scharr_x", 3), [[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]], atol=0.01)
    assert np.array_equal(kernel("sharpen", 3), [[0, -0.5, 0], [-0.5, 3, -0.5], [0, -0.5, 0]])


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 5), [[0, 1, -2, 1, 0]]),
        ((5, 1), [[0], [1], [-2], [1], [0]]),
        ((1, 3), [[1, -2, 1]]),
        ((2, 2), [[-1, 1], [1, -1]]),
    ],
)
def test_a_laplacian_of_a_narrow_window_still_answers_at_a_spot(
    size: tuple[int, int], expected: list[list[float]]
) -> None:
    assert kernel("laplacian", *size) == expected


@given(st.integers(2, 9), st.integers(2, 9))
def test_edge_and_spot_recipes_do_not_answer_to_an_even_picture(rows: int, columns: int) -> None:
    for recipe in RECIPES:
        if recipe.id not in ("gaussian", "box", "sharpen", "identity", "random"):
            total = float(recipe.kernel((rows, columns)).sum(dtype=np.float64))
            size = float(np.abs(recipe.kernel((rows, columns))).sum())
            assert abs(total) <= 1e-5 * size, recipe.id


@given(SIZES)
def test_blurs_and_sharpening_keep_the_mean_of_a_picture(size: tuple[int, int]) -> None:
    for name in ("gaussian", "box", "identity"):
        total = RECIPE_BY_ID[name].kernel(size).sum(dtype=np.float64)
        assert total == pytest.approx(1, abs=1e-5), name


@given(st.integers(1, 9), st.integers(1, 9))
def test_x_and_y_are_the_same_recipe_turned(rows: int, columns: int) -> None:
    for name in ("sobel", "prewitt", "scharr"):
        x = RECIPE_BY_ID[f"{name}_x"].kernel((rows, columns))
        assert np.array_equal(RECIPE_BY_ID[f"{name}_y"].kernel((columns, rows)), x.T)


def test_recipes_have_ids_names_and_hints_of_their_own() -> None:
    assert len(RECIPE_BY_ID) == len(RECIPES)
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES)
    assert all(recipe.hint.endswith(".") for recipe in RECIPES)


@given(arrays(np.float32, (3, 3), elements=st.just(0.5)))
def test_a_constant_kernel_keeps_at_least_its_norm(like: Floats) -> None:
    made = RECIPE_BY_ID["sobel_x"].kernel((3, 3), like)
    assert np.linalg.norm(made) == pytest.approx(1.5, rel=1e-6)
    assert made[1, 0] < 0 < made[1, 2]
