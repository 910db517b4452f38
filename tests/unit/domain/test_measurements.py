"""Distances, angles and areas, in mm where pixels have a size, and the values inside."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unetscope.domain.measurements import (
    Kind,
    Measurement,
    angle,
    area,
    describe,
    inside,
    length,
    statistics,
)

SQUARE = (1.0, 1.0)
RAMP = np.arange(100.0).reshape(10, 10)


def made(kind: Kind, *points: tuple[float, float]) -> Measurement:
    return Measurement(kind, "1.2", 3, points)


def test_a_distance_knows_that_pixels_need_not_be_square() -> None:
    assert length(((0, 0), (3, 4)), SQUARE) == 5
    assert length(((0, 0), (3, 4)), (4.0, 0.5)) == pytest.approx(math.hypot(12, 2))


@pytest.mark.parametrize(
    ("points", "spacing", "degrees"),
    [
        (((0, 5), (0, 0), (5, 0)), SQUARE, 90),
        (((0, 5), (0, 0), (0, -2)), SQUARE, 180),
        (((1, 1), (0, 0), (0, 1)), SQUARE, 45),
        (((1, 1), (0, 0), (0, 1)), (math.sqrt(3), 1.0), 60),
    ],
)
def test_an_angle_is_that_in_the_patient(
    points: tuple[tuple[float, float], ...], spacing: tuple[float, float], degrees: float
) -> None:
    assert angle(points, spacing) == pytest.approx(degrees)


def test_an_arm_without_length_makes_no_angle() -> None:
    corner = ((2.0, 2.0), (2.0, 2.0), (3.0, 3.0))
    assert math.isnan(angle(corner, SQUARE))
    assert describe(made(Kind.ANGLE, *corner), RAMP, SQUARE) == ("no angle",)


def test_areas_are_those_of_the_shapes() -> None:
    corners = ((1.0, 2.0), (5.0, 8.0))
    assert area(made(Kind.RECTANGLE, *corners), (0.5, 2.0)) == 24
    assert area(made(Kind.ELLIPSE, *corners), (0.5, 2.0)) == pytest.approx(24 * math.pi / 4)
    triangle = ((0.0, 0.0), (0.0, 4.0), (3.0, 0.0))
    assert area(made(Kind.POLYGON, *triangle), SQUARE) == 6
    assert area(made(Kind.POLYGON, *reversed(triangle)), SQUARE) == 6


def test_a_pixel_is_inside_when_its_middle_is() -> None:
    found = inside(made(Kind.RECTANGLE, (4.6, 3.4), (1.4, 1.0)), (10, 10))  # any two corners
    assert np.argwhere(found).tolist() == [[r, c] for r in (1, 2, 3, 4) for c in (1, 2)]


corner = st.tuples(st.floats(0, 10), st.floats(0, 10))


@given(one=corner, other=corner)
def test_a_polygon_of_four_corners_holds_what_their_rectangle_holds(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    (r0, c0), (r1, c1) = one, other
    polygon = made(Kind.POLYGON, (r0, c0), (r0, c1), (r1, c1), (r1, c0))
    box, held = inside(made(Kind.RECTANGLE, one, other), (10, 10)), inside(polygon, (10, 10))
    on_edge = np.zeros((10, 10), bool)
    middles = np.arange(10) + 0.5
    on_edge[np.isin(middles, (r0, r1)), :] = True
    on_edge[:, np.isin(middles, (c0, c1))] = True
    assert np.array_equal(box[~on_edge], held[~on_edge])


def test_a_polygon_that_crosses_itself_holds_what_is_met_an_odd_number_of_times() -> None:
    bow_tie = made(Kind.POLYGON, (0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0))
    held = inside(bow_tie, (10, 10))
    assert held[1, 5]
    assert held[8, 5]
    assert not held[5, 1]
    assert not held[5, 8]


def test_an_ellipse_holds_about_its_area_of_pixels() -> None:
    ellipse = made(Kind.ELLIPSE, (20.0, 10.0), (180.0, 150.0))
    assert inside(ellipse, (200, 200)).sum() == pytest.approx(area(ellipse, SQUARE), rel=0.01)


def test_the_values_are_those_of_the_pixels_inside() -> None:
    values = RAMP.copy()
    values[2, 2] = np.nan
    found = statistics(made(Kind.RECTANGLE, (2.0, 2.0), (4.0, 4.0)), values)
    of = np.array([23.0, 32.0, 33.0])
    assert (found.pixels, found.least, found.most) == (3, 23, 33)
    assert found.mean == pytest.approx(of.mean())
    assert found.sd == pytest.approx(of.std())


def test_without_a_pixel_there_are_no_values() -> None:
    thin = made(Kind.ELLIPSE, (2.1, 2.1), (2.1, 2.2))
    assert statistics(thin, RAMP).pixels == 0
    assert describe(thin, RAMP, SQUARE) == ("0.0 mm²   0 pixels",)


def test_what_is_measured_is_told_in_mm_or_said_to_be_pixels() -> None:
    line = made(Kind.DISTANCE, (0.0, 0.0), (0.0, 8.0))
    assert describe(line, RAMP, (1.0, 0.5)) == ("4.0 mm",)
    assert describe(line, RAMP, None) == ("8.0 px (not calibrated)",)
    right = made(Kind.ANGLE, (0.0, 5.0), (0.0, 0.0), (5.0, 0.0))
    assert describe(right, RAMP, SQUARE) == ("90.0°",)
    box = made(Kind.RECTANGLE, (0.0, 0.0), (2.0, 2.0))
    assert describe(box, RAMP, (2.0, 0.5), "HU") == (
        "4.0 mm²   4 pixels",
        "mean 5.5 HU   sd 5.025",
        "min 0   max 11",
    )
    assert describe(box, RAMP, None)[0] == "4.0 px² (not calibrated)   4 pixels"
