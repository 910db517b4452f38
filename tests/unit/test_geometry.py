"""Letters, planes, positions and affines."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unetscope.domain.geometry import (
    Vector,
    analyse_positions,
    direction_letters,
    edge_letters,
    is_orthogonal,
    make_affine,
    plane_name,
    position_along,
    slice_normal,
)

OPPOSITE = str.maketrans("APRLHF", "PALRFH")
ANGLES = st.floats(-math.pi, math.pi)
STEPS = st.floats(0.1, 20)


def turned(a: float, b: float, c: float) -> tuple[Vector, Vector]:
    """Row and column direction of an axial slice turned about x, y and z."""
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    rotation = about_z @ about_y @ about_x
    return rotation[:, 0], rotation[:, 1]


@pytest.mark.parametrize(
    ("rows", "columns", "letters", "plane"),
    [
        ((1, 0, 0), (0, 1, 0), "RLAP", "axial"),
        ((1, 0, 0), (0, 0, -1), "RLHF", "coronal"),
        ((0, 1, 0), (0, 0, -1), "APHF", "sagittal"),
    ],
)
def test_the_three_planes_have_the_letters_of_the_radiological_convention(
    rows: tuple[float, ...], columns: tuple[float, ...], letters: str, plane: str
) -> None:
    edges = edge_letters(rows, columns)
    assert edges.left + edges.right + edges.top + edges.bottom == letters
    assert plane_name(rows, columns) == plane


def test_a_flipped_picture_swaps_its_letters() -> None:
    edges = edge_letters((-1, 0, 0), (0, 1, 0))
    assert (edges.left, edges.right) == ("L", "R")


def test_an_oblique_direction_gets_a_second_smaller_letter() -> None:
    tilt = math.radians(20)
    assert direction_letters((0, math.cos(tilt), -math.sin(tilt))) == "PF"
    assert direction_letters((0, math.cos(0.02), math.sin(0.02))) == "P"


def test_a_direction_without_length_has_no_letters() -> None:
    assert direction_letters((0, 0, 0)) == ""
    assert direction_letters((math.nan, 0, 1)) == ""
    assert plane_name((1, 0, 0), (1, 0, 0)) == ""


def test_a_double_oblique_plane_is_called_oblique() -> None:
    assert plane_name(*turned(0.8, 0.0, 0.0)) == "oblique"
    assert plane_name(*turned(0.26, 0.0, 0.0)) == "axial"


@given(ANGLES, ANGLES, ANGLES)
def test_opposite_edges_have_opposite_letters(a: float, b: float, c: float) -> None:
    edges = edge_letters(*turned(a, b, c))
    assert edges.left.translate(OPPOSITE) == edges.right
    assert edges.top.translate(OPPOSITE) == edges.bottom


@given(ANGLES, ANGLES, ANGLES)
def test_the_normal_is_at_right_angles_to_the_slice(a: float, b: float, c: float) -> None:
    rows, columns = turned(a, b, c)
    normal = slice_normal(rows, columns)
    assert normal is not None
    assert abs(position_along(normal, rows)) < 1e-9
    assert is_orthogonal(rows, columns)


@given(st.floats(-500, 500), STEPS, st.integers(2, 50))
def test_even_positions_give_their_step(start: float, step: float, count: int) -> None:
    found = analyse_positions([start + n * step for n in range(count)])
    assert found.even
    assert found.step == pytest.approx(step)
    assert (found.missing, found.duplicates) == (0, 0)


@given(STEPS, st.integers(6, 30), st.data())
def test_a_missing_slice_is_counted(step: float, count: int, data: st.DataObject) -> None:
    gone = data.draw(st.integers(1, count - 2))
    found = analyse_positions([n * step for n in range(count) if n != gone])
    assert not found.even
    assert found.missing == 1
    assert found.step == pytest.approx(step)


def test_uneven_and_doubled_positions_are_told_apart() -> None:
    assert analyse_positions([0, 1, 2.4, 3, 4]).missing == 0
    assert not analyse_positions([0, 1, 2.4, 3, 4]).even
    doubled = analyse_positions([0, 1, 1, 2])
    assert (doubled.duplicates, doubled.step) == (1, 1.0)


def test_one_position_has_no_step() -> None:
    assert math.isnan(analyse_positions([3.0]).step)
    assert math.isnan(analyse_positions([]).step)


def test_the_affine_takes_slice_row_and_column() -> None:
    affine = make_affine((1, 2, 3), (0, 0, 5), (0, 0.5, 0), (0.75, 0, 0))
    assert affine @ (2, 4, 4, 1) == pytest.approx([4, 4, 13, 1])
    assert not affine.flags.writeable
