"""How panes are laid out on the paper."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unetscope.domain.figure import Figure, Pane, lay_out

POSITIVE = st.floats(0.1, 4.0)


@given(
    st.lists(POSITIVE, min_size=1, max_size=12),
    st.integers(1, 8),
    st.floats(30, 500),
)
def test_nothing_overlaps_and_all_is_on_the_paper(
    shapes: list[float], columns: int, width: float
) -> None:
    figure = Figure(columns=columns, width=width)
    layout = lay_out(tuple(shapes), (12.0,) * len(shapes), (9.0,) * len(shapes), 20.0, figure)
    boxes = [*layout.above, *layout.pictures, *layout.below, layout.foot]
    for left, top, wide, high in boxes:
        assert left >= 0
        assert top >= 0
        assert left + wide <= layout.size[0] + 1e-6
        assert top + high <= layout.size[1] + 1e-6
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = (
                one[0] + one[2] <= other[0] + 1e-6
                or other[0] + other[2] <= one[0] + 1e-6
                or one[1] + one[3] <= other[1] + 1e-6
                or other[1] + other[3] <= one[1] + 1e-6
            )
            assert apart
    for shape, (_, _, wide, high) in zip(shapes, layout.pictures, strict=True):
        assert np.isclose(high, shape * wide)


def test_pictures_of_a_row_stand_on_one_line() -> None:
    layout = lay_out((1.0, 0.5, 2.0), (10.0, 20.0, 5.0), (0.0,) * 3, 0.0, Figure(columns=2))
    first, second, third = layout.pictures
    assert first[1] == second[1]
    assert third[1] > first[1] + first[3]
    assert layout.size[0] == Figure().points


def test_width_and_sharpness_make_the_pixels() -> None:
    assert Figure(width=25.4, dpi=300).pixels == 300
    assert np.isclose(Figure(width=25.4).points, 72.0)


def test_pixels_of_a_pane_are_as_high_as_in_the_patient() -> None:
    pane = Pane(key="a", caption="", values=np.zeros((4, 8), np.float32), aspect=2.0)
    assert pane.shape == 1.0
