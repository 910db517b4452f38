"""Where a feature map lies on the slice, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.fakes import layer

from unetscope.domain.graph import Graph
from unetscope.domain.input_grid import Placement
from unetscope.domain.map_grid import MapGrid
from unetscope.domain.planes import Turn


def graph(*steps: tuple[str, str, int, dict[str, object]], size: int = 16) -> Graph:
    """A chain of layers: name, kind, length of its square grid, settings."""
    layers = [layer("image", "InputLayer", output=(None, size, size, 1))]
    for name, kind, length, config in steps:
        shape = (None, length, length, 3)
        layers.append(layer(name, kind, [layers[-1].name], output=shape, config=config))
    return Graph(layers, (layers[-1].name,))


SAME: dict[str, object] = {"kernel_size": [3, 3], "padding": "same"}
CHAIN = graph(
    ("conv", "Conv2D", 16, SAME),
    ("pool", "MaxPooling2D", 8, {"pool_size": [2, 2], "padding": "valid"}),
    ("deep", "Conv2D", 8, SAME),
)


def grid_of(name: str, placement: Placement, chain: Graph = CHAIN) -> MapGrid:
    high, wide = chain[name].spatial
    assert high is not None
    assert wide is not None
    return MapGrid.of(chain, name, (high, wide), placement)


def plain(size: int = 16) -> Placement:
    return Placement((size, size), (size, size), (size, size))


def test_a_map_of_the_input_s_size_lies_pixel_on_pixel() -> None:
    values = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
    assert np.array_equal(grid_of("conv", plain()).on_slice(values), values)


def test_a_pooled_pixel_covers_the_pixels_it_was_made_of() -> None:
    grid = grid_of("pool", plain())
    assert grid.to_slice(0, 0) == (0.5, 0.5)
    assert grid.footprint(1, 2) == (2.0, 4.0, 2.0, 2.0)
    assert grid.seen_by(1, 2) == (1.0, 3.0, 4.0, 4.0)  # a 3×3 convolution reaches one further
    values = np.arange(64, dtype=np.float32).reshape(8, 8)
    assert np.array_equal(grid.on_slice(values), values.repeat(2, 0).repeat(2, 1))


def test_what_is_seen_ends_at_the_border() -> None:
    assert grid_of("deep", plain()).seen_by(0, 7) == (0.0, 11.0, 5.0, 5.0)
    assert grid_of("deep", plain()).size_seen() == ((8, 8), (8.0, 8.0))


def test_an_even_kernel_shifts_the_map_by_half_a_pixel() -> None:
    even = graph(("even", "Conv2D", 16, {"kernel_size": [4, 4], "padding": "same"}))
    grid = grid_of("even", plain(), even)
    assert grid.to_slice(3, 3) == (3.5, 3.5)
    assert grid.seen_by(3, 3) == (2.0, 2.0, 4.0, 4.0)


def test_a_cropped_and_resampled_slice_gets_the_map_back_where_it_was() -> None:
    placement = Placement((20, 40), (20, 20), (16, 16))  # columns halved, then cropped by 2
    grid = grid_of("conv", placement)
    placed = grid.on_slice(np.ones((16, 16), np.float32))
    seen = np.isfinite(placed)
    assert seen.sum() == 16 * 32
    assert seen[2:18, 4:36].all()
    assert grid.pixel_size((1.0, 0.5)) == (1.0, 1.0)
    assert grid.pixel_at(2.0, 4.0) == (0, 0)
    assert grid.pixel_at(1.0, 4.0) is None


def test_where_the_way_is_not_known_the_map_is_spread_evenly() -> None:
    strange = graph(("strange", "Reshape", 4, {}))
    grid = grid_of("strange", plain(), strange)
    assert grid.field is None
    assert grid.seen_by(0, 0) is None
    assert grid.footprint(0, 0) == (0.0, 0.0, 4.0, 4.0)
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert np.array_equal(grid.on_slice(values), values.repeat(4, 0).repeat(4, 1))


TURNS = st.builds(Turn, st.booleans(), st.booleans(), st.booleans())


@settings(max_examples=60, deadline=None)
@given(
    turn=TURNS,
    shape=st.tuples(st.integers(8, 30), st.integers(8, 30)),
    resampled=st.tuples(st.integers(8, 30), st.integers(8, 30)),
    name=st.sampled_from(["conv", "pool", "deep"]),
)
def test_a_pixel_is_drawn_where_positions_say_it_lies(
    turn: Turn, shape: tuple[int, int], resampled: tuple[int, int], name: str
) -> None:
    grid = grid_of(name, Placement(shape, resampled, (16, 16), turn))
    rows, columns = grid.shape
    numbers = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    placed = grid.on_slice(numbers)
    for row in range(shape[0]):
        for column in range(shape[1]):
            at = grid.pixel_at(row, column)
            value = placed[row, column]
            if np.isfinite(value):
                assert at == divmod(int(value), columns)
    r, c = grid.to_map(*grid.to_slice(2.25, 5.5))
    assert (r, c) == pytest.approx((2.25, 5.5))
