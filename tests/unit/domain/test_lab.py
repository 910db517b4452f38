from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from unetscope.domain.errors import EditError
from unetscope.domain.kernel_sizes import centred, cut_or_padded, stretched
from unetscope.domain.lab import (
    FIRST_LAB,
    LARGEST,
    MOST,
    Lab,
    LabKernel,
    LabLayer,
    Steps,
    centred_kernel,
    tutorial_kernels,
)
from unetscope.domain.lab_file import read_kernels, read_lab, write_kernels, write_lab
from unetscope.domain.recipes import RECIPE_BY_ID

FLOATS = st.floats(-1e6, 1e6, width=32)
TABLES = hnp.arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=FLOATS)


def numbered(rows: int = 2, columns: int = 3) -> LabKernel:
    return LabKernel.of("mine", np.arange(rows * columns).reshape(rows, columns))


def test_the_lab_begins_with_the_four_filters_of_the_tutorial() -> None:
    first, second, third, fourth = (kernel.values for kernel in FIRST_LAB.kernels)
    assert np.array_equal(first, [[-1, -1, 1, 1]] * 4)
    assert np.array_equal(second, -first)
    assert np.array_equal(third, first.T)
    assert np.array_equal(fourth, -third)


@pytest.mark.parametrize(
    "table",
    [[1, 2, 3], [[]], np.zeros((LARGEST + 1, 2)), [[np.nan, 0]], [[1e300, 0]], np.zeros((2, 2, 2))],
)
def test_what_is_no_kernel_of_the_lab_is_refused_with_a_sentence(table: object) -> None:
    with pytest.raises(EditError) as refused:
        LabKernel.of("odd", table)  # type: ignore[arg-type]
    assert refused.value.what.endswith(".")


def test_a_value_of_a_recipe_changed_by_hand_makes_it_a_kernel_of_ones_own() -> None:
    changed = tutorial_kernels()[0].with_value(0.1, (1, 2))
    assert changed.recipe == ""
    assert changed.values[1, 2] == np.float32(0.1)
    assert changed.rows[1][2] == float(np.float32(0.1))


def test_a_recipe_is_made_anew_at_another_size_and_own_numbers_stay_where_they_are() -> None:
    sobel = LabKernel.by(RECIPE_BY_ID["sobel_x"], (3, 3)).resized((5, 7))
    assert np.array_equal(sobel.values, RECIPE_BY_ID["sobel_x"].kernel((5, 7)))
    mine = numbered().resized((3, 2))
    assert np.array_equal(mine.values, [[0, 1], [3, 4], [0, 0]])


@given(TABLES)
def test_growing_and_shrinking_by_padding_gives_the_same_kernel_back(table: np.ndarray) -> None:
    rows, columns = table.shape
    assert np.array_equal(cut_or_padded(cut_or_padded(table, (12, 12)), (rows, columns)), table)


def test_a_stretched_kernel_is_the_mean_of_what_each_cell_covers() -> None:
    edge = np.array([[-1, -1, 1, 1]], np.float32)
    assert np.allclose(stretched(edge, (1, 3)), [[-1, 0, 1]])
    assert np.allclose(stretched(edge, (2, 8)), [[-1] * 4 + [1] * 4] * 2)


@given(TABLES, st.integers(1, 12), st.integers(1, 12))
def test_stretching_keeps_the_mean(table: np.ndarray, rows: int, columns: int) -> None:
    made = stretched(table, (rows, columns))
    assert made.shape == (rows, columns)
    scale = float(np.abs(table).max()) + 1
    assert abs(made.mean(dtype=np.float64) - table.mean(dtype=np.float64)) < 1e-5 * scale


def test_a_centred_kernel_has_odd_sides_and_lies_between_its_two_places() -> None:
    made = centred_kernel(LabKernel.of("edge", [[-1, -1, 1, 1]]))
    assert made.size == (1, 5)
    assert np.array_equal(made.values, [[-0.5, -1, 0, 1, 0.5]])
    odd = np.arange(9, dtype=np.float32).reshape(3, 3)
    assert np.array_equal(centred(odd), odd)


@pytest.mark.parametrize(
    ("steps", "out", "before", "after", "shift"),
    [
        (Steps(10, 4), 7, 0, 0, 1.5),
        (Steps(10, 4, same=True), 10, 1, 2, 0.5),
        (Steps(10, 5, same=True), 10, 2, 2, 0.0),
        (Steps(10, 3, 2, same=True), 5, 0, 1, 1.0),
        (Steps(10, 4, 3), 3, 0, 0, 1.5),
        (Steps(3, 4), 0, 0, 0, 1.5),
        (Steps(1, 31, same=True), 1, 15, 15, 0.0),
    ],
)
def test_how_a_window_steps_along_a_picture(
    steps: Steps, out: int, before: int, after: int, shift: float
) -> None:
    assert (steps.out, steps.before, steps.after, steps.shift) == (out, before, after, shift)


def test_a_gesture_is_one_step_back_and_every_list_comes_back_as_it_was() -> None:
    lab = Lab().add(numbered(), *tutorial_kernels())
    begun = lab.select(2).put(lab.kernels[2].with_value(5.0, (0, 0)))
    dragged = begun.put(begun.kernels[2].with_value(6.0, (0, 0)), same_gesture=True)
    removed = dragged.remove()
    assert [len(removed.kernels), removed.selected] == [4, 2]
    assert removed.undo().kernels == dragged.kernels
    assert removed.undo().undo().kernels == lab.kernels
    assert Lab().undo() == Lab()


def test_the_list_has_an_end_and_the_selection_stays_inside() -> None:
    full = Lab().add(*[numbered()] * MOST)
    with pytest.raises(EditError, match=str(MOST)):
        full.add(numbered())
    assert full.select(999).selected == MOST - 1
    empty = Lab().add(numbered()).remove()
    assert (empty.kernel, empty.selected) == (None, 0)


def test_a_flipped_lab_puts_kernels_in_upside_down() -> None:
    lab = Lab(flip=True).add(numbered())
    assert np.array_equal(lab.put_in[0], [[5, 4, 3], [2, 1, 0]])


@given(TABLES)
def test_kernels_come_back_from_a_file_bit_for_bit(table: np.ndarray) -> None:
    kernels = (LabKernel.of("a “name”", table), *tutorial_kernels())
    assert read_kernels(write_kernels(kernels)) == kernels


def test_a_kept_lab_comes_back_and_a_recipe_that_was_tampered_with_is_no_recipe() -> None:
    lab = Lab(flip=True, layer=LabLayer(3, True, True, -2.5)).add(numbered(), *tutorial_kernels())
    again = read_lab(write_lab(lab.select(3)))
    assert (again.kernels, again.selected, again.layer, again.flip) == (
        lab.kernels,
        3,
        lab.layer,
        True,
    )
    text = write_kernels(tutorial_kernels()).replace("-1.0", "-2.0", 1)
    assert read_kernels(text)[0].recipe == ""


@pytest.mark.parametrize(
    "text", ["", "7", "[]", '{"format": 1}', '{"format": 1, "kernels": [{"name": 3}]}', "[" * 9999]
)
def test_text_that_is_no_list_is_refused_and_a_broken_lab_is_as_at_first(text: str) -> None:
    with pytest.raises(EditError):
        read_kernels(text)
    assert read_lab(text) == FIRST_LAB
