"""Borders of regions as closed ways, so that dashes can follow them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from unetscope.ui.widgets.outline import closed_loops, region_segments

Edge = tuple[int, int, int, int]


def unit_edges(ends: list[Edge]) -> set[Edge]:
    """Straight ways cut into edges of single pixels."""
    found = set()
    for row, column, to_row, to_column in ends:
        (top, left), (bottom, right) = sorted([(row, column), (to_row, to_column)])
        for r in range(top, bottom):
            found.add((r, left, r + 1, left))
        for c in range(left, right):
            found.add((top, c, top, c + 1))
    return found


@given(arrays(np.bool_, st.tuples(st.integers(1, 7), st.integers(1, 7))))
def test_loops_go_along_the_whole_border_once(region: NDArray[np.bool_]) -> None:
    ways: list[Edge] = []
    for loop in closed_loops(region):
        assert len(loop) >= 4
        for (row, column), (to_row, to_column) in zip(loop, [*loop[1:], loop[0]], strict=True):
            assert (row == to_row) != (column == to_column)
            ways.append((row, column, to_row, to_column))
    whole = [tuple(segment) for segment in region_segments(region).tolist()]
    assert unit_edges(ways) == unit_edges(whole)
    assert len(ways) == len(whole)
