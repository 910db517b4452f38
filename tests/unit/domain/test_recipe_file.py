from __future__ import annotations

import json

import numpy as np
import pytest

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.recipe_file import read_recipe, write_recipe
from unetscope.domain.recipes import RECIPE_BY_ID, own_recipe

KERNEL = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def test_an_own_recipe_comes_back_bit_for_bit() -> None:
    recipe = read_recipe(write_recipe("Ring", KERNEL), "ring.recipe.json")
    assert recipe.name == "Ring"
    assert recipe.own_size == (3, 4)
    assert recipe.kernel((3, 4)).tobytes() == KERNEL.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        {"format": 0, "name": "a", "values": [[1]]},
        {"format": 1, "name": "", "values": [[1]]},
        {"format": 1, "name": "a\nb", "values": [[1]]},
        {"format": 1, "name": 3, "values": [[1]]},
        {"format": 1, "name": "a", "values": [[1, 2], [3]]},
        {"format": 1, "name": "a", "values": [1, 2]},
        {"format": 1, "name": "a", "values": []},
        {"format": 1, "name": "a", "values": [[1e60]]},
        {"format": 1, "name": "a", "values": [["x"]]},
        {"format": 1, "name": "a", "values": [[0] * 65]},
        {"format": 1, "name": "a"},
        [],
    ],
)
def test_a_bad_file_is_refused_with_a_sentence_that_names_it(content: object) -> None:
    with pytest.raises(UnetscopeError, match=r"bad\.recipe\.json is no recipe"):
        read_recipe(json.dumps(content), "bad.recipe.json")


def test_a_recipe_of_a_later_version_says_so() -> None:
    content = json.dumps({"format": 2, "name": "a", "values": [[1]]})
    with pytest.raises(UnetscopeError, match="written by a later version"):
        read_recipe(content, "a.recipe.json")


def test_an_own_recipe_is_stretched_over_another_window() -> None:
    ramp = own_recipe("Ramp", np.array([[0, 1, 2]], np.float32))
    assert ramp.kernel((2, 5)).tolist() == [[0, 0.5, 1, 1.5, 2]] * 2
    assert ramp.kernel((1, 1)).tolist() == [[1]]


def test_the_numbers_of_a_recipe_change_it_within_their_bounds() -> None:
    gaussian = RECIPE_BY_ID["gaussian"]
    narrow, wide = (gaussian.kernel((5, 5), settings={"sigma": s}) for s in (0.5, 3.0))
    assert narrow[2, 2] > 3 * wide[2, 2]
    assert narrow.sum() == pytest.approx(1)
    least = gaussian.kernel((5, 5), settings={"sigma": -4.0})
    assert np.array_equal(least, gaussian.kernel((5, 5), settings={"sigma": 0.2}))
    usual = gaussian.kernel((5, 5))
    assert np.array_equal(usual, gaussian.kernel((5, 5), settings={"sigma": float("nan")}))


def test_another_seed_is_another_kernel_and_the_same_seed_the_same() -> None:
    random = RECIPE_BY_ID["random"]
    one, two = (random.kernel((3, 3), settings={"seed": s}) for s in (1.0, 2.0))
    assert not np.array_equal(one, two)
    assert np.array_equal(one, random.kernel((3, 3), settings={"seed": 1.0}))


def test_a_gabor_turned_by_90_degrees_is_the_other_gabor_of_the_list() -> None:
    turned = RECIPE_BY_ID["gabor_0"].kernel((5, 5), settings={"angle": 90.0})
    assert turned == pytest.approx(RECIPE_BY_ID["gabor_90"].kernel((5, 5)))


def test_many_kernels_keep_each_their_own_norm_and_mean() -> None:
    many = np.random.default_rng(1).normal(size=(3, 3, 7)).astype(np.float32)
    many[..., 3] = 0
    made = RECIPE_BY_ID["sobel_x"].kernel((3, 3), many)
    one_by_one = [RECIPE_BY_ID["sobel_x"].kernel((3, 3), many[..., i]) for i in range(7)]
    assert made == pytest.approx(np.stack(one_by_one, axis=-1), rel=1e-6)
    assert np.array_equal(made[..., 3], RECIPE_BY_ID["sobel_x"].kernel((3, 3)))
    assert np.linalg.norm(made[..., 0]) == pytest.approx(np.linalg.norm(many[..., 0]), rel=1e-5)
