"""Labels of a slice come to the grid of the network's output where they lie in its input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unetscope.domain.explaining.on_grid import on_output, pixel_of_output
from unetscope.domain.input_grid import Placement, Size
from unetscope.domain.planes import Turn

SIDES = st.integers(1, 9)
SIZES = st.tuples(SIDES, SIDES)
TURNS = st.builds(Turn, st.booleans(), st.booleans(), st.booleans())


@given(slice_shape=SIZES, resampled=SIZES, fed=SIZES, size=SIZES, turn=TURNS)
def test_each_pixel_of_the_output_has_what_the_slice_has_under_its_centre(
    slice_shape: Size, resampled: Size, fed: Size, size: Size, turn: Turn
) -> None:
    labels = np.arange(1, 1 + np.prod(slice_shape), dtype=np.uint8).reshape(slice_shape)
    placement = Placement(slice_shape, resampled, fed, turn)

    brought = on_output(labels, placement, size)

    assert brought.dtype == labels.dtype
    assert brought.shape == size
    for row, column in np.ndindex(*size):
        centre = [
            (at + 0.5) * n / m - 0.5 for at, n, m in zip((row, column), fed, size, strict=True)
        ]
        at = placement.to_slice(*centre)
        if any(abs(x + 0.5 - round(x + 0.5)) < 1e-6 for x in at):
            continue  # between two pixels either will do
        r, c = (int(np.floor(x + 0.5)) for x in at)
        inside = 0 <= r < slice_shape[0] and 0 <= c < slice_shape[1]
        assert brought[row, column] == (labels[r, c] if inside else 0)
        if inside and size == fed:
            assert pixel_of_output(*at, placement, size) == (row, column)


def test_beside_the_slice_stands_what_is_asked_for() -> None:
    placement = Placement((2, 2), (2, 2), (4, 4))

    brought = on_output(np.ones((2, 2), np.uint8), placement, (4, 4), 255)

    assert brought.tolist() == [
        [255, 255, 255, 255],
        [255, 1, 1, 255],
        [255, 1, 1, 255],
        [255, 255, 255, 255],
    ]


def test_a_region_stays_one() -> None:
    region = np.zeros((4, 4), bool)
    region[1:3, 2:] = True
    placement = Placement((4, 4), (4, 4), (4, 4), Turn(transposed=True))

    assert np.array_equal(on_output(region, placement, (4, 4)), region.T)
    assert np.array_equal(on_output(region, placement, (2, 2)), region.T[1::2, 1::2])


def test_a_position_beside_the_input_has_no_pixel() -> None:
    placement = Placement((8, 8), (8, 8), (4, 4))

    assert pixel_of_output(0, 0, placement, (2, 2)) is None
    assert pixel_of_output(2, 5, placement, (2, 2)) == (0, 1)
    assert pixel_of_output(6, 3, placement, (2, 2)) is None


def test_labels_of_another_slice_are_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="for a slice of"):
        on_output(np.zeros((2, 3), np.uint8), Placement((3, 2), (3, 2), (3, 2)), (3, 2))
