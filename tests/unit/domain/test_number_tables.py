from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.number_tables import from_text, to_text

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=FLOATS))
def test_a_table_comes_back_bit_for_bit(values: np.ndarray) -> None:
    assert from_text(to_text(values)).tobytes() == values.tobytes()


def test_planes_are_written_below_each_other() -> None:
    values = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    text = to_text(values)
    assert text.count("\n\n") == 1
    assert np.array_equal(from_text(text), values.reshape(6, 2))


@pytest.mark.parametrize(
    "text",
    [
        "1\t2\n3.5\t-4",
        "1;2\n3,5;-4",
        "1\t2\r\n3,5\t\u22124",
        "1,2\n3.5,-4",
        "[[1, 2], [3.5, -4]]",
        "[[1, 2],\n [3.5, -4]]",
        "((1, 2), (3.5, -4))",
        "[[ 1.   2. ]\n [ 3.5 -4. ]]",
        "array([[ 1. ,  2. ],\n       [ 3.5, -4. ]], dtype=float32)",
        "np.array([[1, 2], [3.5, -4]])",
        "[1, 2]\n[3.5, -4]",
    ],
)
def test_tables_of_spreadsheets_and_scripts_are_read(text: str) -> None:
    assert from_text(text).tolist() == [[1, 2], [3.5, -4]]


@pytest.mark.parametrize("text", ["", " ", "one", "1\t2\n3", "[[1, 2], [3]]", "[[a]]", "[]", "()"])
def test_what_is_no_table_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UnetscopeError, match="no table of numbers"):
        from_text(text)


def test_numbers_that_are_too_large_become_infinite_and_are_left_to_the_edit() -> None:
    assert np.isinf(from_text("1e60")[0, 0])
