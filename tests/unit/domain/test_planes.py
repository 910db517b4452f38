"""Turned pictures and planes across a series: where points go, and which way letters point."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unetscope.domain.geometry import EdgeLetters, edge_letters
from unetscope.domain.planes import AS_ACQUIRED, Plane, Turn, across

TURNS = [Turn(*flags) for flags in product((False, True), repeat=3)]
SHAPE = (3, 5)
RIGHT, DOWN = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])

turns = st.sampled_from(TURNS)


@given(turn=turns, row=st.integers(0, SHAPE[0] - 1), column=st.integers(0, SHAPE[1] - 1))
def test_a_point_goes_where_its_pixel_goes_and_back(turn: Turn, row: int, column: int) -> None:
    slice_ = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    middle = (row + 0.5, column + 0.5)
    r, c = turn.to_picture(middle, SHAPE)
    assert turn.apply(slice_)[int(r), int(c)] == slice_[row, column]
    assert turn.to_slice((r, c), SHAPE) == middle


@given(turn=turns)
def test_turns_do_to_a_picture_what_they_say(turn: Turn) -> None:
    slice_ = np.arange(15).reshape(SHAPE)
    picture = turn.apply(slice_)
    for turned, expected in (
        (turn.flip_horizontally(), np.fliplr(picture)),
        (turn.flip_vertically(), np.flipud(picture)),
        (turn.rotate_right(), np.rot90(picture, -1)),
        (turn.rotate_left(), np.rot90(picture)),
    ):
        assert np.array_equal(turned.apply(slice_), expected)


def test_a_turn_keeps_what_lies_beyond_rows_and_columns() -> None:
    overlay = np.arange(60).reshape(3, 5, 4)
    assert np.array_equal(Turn(transposed=True).apply(overlay), overlay.transpose(1, 0, 2))


def test_letters_follow_flips_and_rotations() -> None:
    assert AS_ACQUIRED.letters(RIGHT, DOWN) == EdgeLetters(left="R", right="L", top="A", bottom="P")
    flipped = AS_ACQUIRED.flip_horizontally().letters(RIGHT, DOWN)
    assert flipped == EdgeLetters(left="L", right="R", top="A", bottom="P")
    rotated = AS_ACQUIRED.rotate_right().letters(RIGHT, DOWN)
    assert rotated == EdgeLetters(left="P", right="A", top="R", bottom="L")


# ------------------------------------------------------------------- planes


def affine_of(axes: tuple[int, ...], signs: tuple[int, ...], tilt: float = 0.0) -> np.ndarray:
    """A series whose voxel axes run along patient axes, 3, 2 and 1 mm apart, maybe tilted."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for voxel, (patient, sign, step) in enumerate(zip(axes, signs, (3.0, 2.0, 1.0), strict=True)):
        affine[patient, voxel] = sign * step
    cos, sin = np.cos(tilt), np.sin(tilt)
    affine[:3, :3] = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ affine[:3, :3]
    affine[:3, 3] = (-11.0, 7.0, 5.0)
    return affine


CUSTOM = {
    "axial": EdgeLetters(left="R", right="L", top="A", bottom="P"),
    "coronal": EdgeLetters(left="R", right="L", top="H", bottom="F"),
    "sagittal": EdgeLetters(left="A", right="P", top="H", bottom="F"),
}


@pytest.mark.parametrize("axes", list(permutations(range(3))))
@pytest.mark.parametrize("signs", list(product((-1, 1), repeat=3)))
def test_the_planes_across_a_series_lie_as_is_customary(
    axes: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    affine = affine_of(axes, signs)
    planes = across(affine)
    own = ("sagittal", "coronal", "axial")[axes[0]]
    assert {plane.name for plane in planes} | {own} == set(CUSTOM)
    for plane in planes:
        assert plane.letters(affine) == CUSTOM[plane.name]


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_a_step_in_a_picture_is_a_step_in_the_patient_of_the_pixels_size(
    axes: tuple[int, ...],
) -> None:
    affine, shape = affine_of(axes, (1, -1, 1), tilt=0.3), (7, 8, 9)
    for plane in across(affine):
        high, wide = plane.aspect((3.0, 2.0, 1.0))
        start = plane.voxel((2.5, 2.5), 4, shape)
        for point, length in (((3.5, 2.5), high), ((2.5, 3.5), wide)):
            step = np.array(plane.voxel(point, 4, shape)) - start
            assert np.linalg.norm(affine[:3, :3] @ step) == pytest.approx(length)


def test_an_oblique_series_has_the_names_of_the_nearest_planes_and_two_letters() -> None:
    affine = affine_of((2, 1, 0), (1, 1, 1), tilt=np.deg2rad(20))
    coronal, sagittal = across(affine)
    assert (coronal.name, sagittal.name) == ("coronal", "sagittal")
    letters = coronal.letters(affine)
    assert (letters.top, letters.left) == ("HA", "R")
    assert edge_letters(affine[:3, 2], affine[:3, 1]).top == "AF"


@given(
    axis=st.sampled_from([0, 1, 2]),
    turn=turns,
    voxel=st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 5)),
)
def test_a_voxel_is_found_again_at_its_point(
    axis: int, turn: Turn, voxel: tuple[int, int, int]
) -> None:
    plane, shape = Plane(axis, turn), (4, 5, 6)
    assert plane.voxel(plane.point(voxel, shape), voxel[axis], shape) == voxel


def test_a_point_beside_the_picture_is_the_nearest_voxel() -> None:
    assert Plane(1).voxel((-3.0, 99.0), 2, (4, 5, 6)) == (0, 2, 5)


def test_a_series_without_directions_has_no_planes() -> None:
    with pytest.raises(ValueError, match="no directions"):
        across(np.zeros((4, 4)))
