"""Windows: grey levels as DICOM defines them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from unetscope.domain.window import Window, WindowFunction, apply_window, auto_window

FUNCTIONS = st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"])
WINDOWS = st.builds(Window, st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), FUNCTIONS)
VALUES = arrays(np.float32, st.integers(1, 50), elements=st.floats(width=32))


def test_linear_is_the_formula_of_the_standard() -> None:
    # PS3.3 C.11.2.1.2.1, second example: c = 2048, w = 4096
    window = Window(2048, 4096)
    assert apply_window(np.array([0.0, 4095.0, -1.0, 5000.0]), window).tolist() == [0, 255, 0, 255]
    middle = ((2000 - 2047.5) / 4095 + 0.5) * 255
    assert apply_window(np.array([2000.0]), window)[0] == round(middle)


def test_linear_of_width_one_is_a_step() -> None:
    # PS3.3 C.11.2.1.2.1: c = 2048, w = 1: at and below 2047.5 black, above white
    grey = apply_window(np.array([2047.0, 2047.5, 2048.0, np.nan]), Window(2048, 1))
    assert grey.tolist() == [0, 0, 255, 0]


def test_linear_exact_and_sigmoid_are_centred_on_the_centre() -> None:
    assert apply_window(np.array([-1.0, 0.0, 1.0]), Window(0, 2, "LINEAR_EXACT")).tolist() == [
        0,
        128,
        255,
    ]
    sigmoid = apply_window(np.array([0.0, 0.5]), Window(0, 2, "SIGMOID"))
    assert sigmoid.tolist() == [128, round(255 / (1 + np.exp(-1)))]


def test_nan_is_black_and_infinities_are_the_ends() -> None:
    functions: tuple[WindowFunction, ...] = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
    for function in functions:
        grey = apply_window(np.array([np.nan, -np.inf, np.inf]), Window(0, 10, function))
        assert grey.tolist() == [0, 0, 255]


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.uint8, np.int32, np.float64])
def test_any_dtype_gives_bytes_and_is_left_alone(dtype: type[np.generic]) -> None:
    values = np.array([[0, 50, 100]], dtype=dtype)
    grey = apply_window(values, Window(50.5, 101))
    assert grey.dtype == np.uint8
    assert grey.tolist() == [[0, 128, 255]]
    assert values.tolist() == [[0, 50, 100]]


@given(VALUES, WINDOWS)
def test_grey_never_falls_where_values_rise(values: NDArray[np.float32], window: Window) -> None:
    ordered = np.sort(values[~np.isnan(values)])
    grey = apply_window(ordered, window).astype(int)
    assert (np.diff(grey) >= 0).all()


@given(VALUES)
def test_an_automatic_window_always_exists_and_shows_the_values(
    values: NDArray[np.float32],
) -> None:
    window = auto_window(values)
    assert window.width > 0
    apply_window(values, window)


def test_an_automatic_window_leaves_out_the_tails_only() -> None:
    values = np.concatenate([np.linspace(0, 1, 10_000), [1e6, -1e6]])
    window = auto_window(values)
    assert window.centre == pytest.approx(0.5, abs=0.01)
    assert window.width == pytest.approx(1, abs=0.01)
    assert auto_window(np.full(9, 3.0)) == Window(3.0, 1.0, "LINEAR_EXACT")
    assert auto_window(np.array([np.nan])).width == 1.0


@pytest.mark.parametrize(
    ("centre", "width", "function"),
    [
        (0, 0, "LINEAR"),
        (0, -1, "LINEAR"),
        (np.nan, 1, "LINEAR"),
        (0, np.inf, "SIGMOID"),
        (0, 1, "X"),
    ],
)
def test_a_window_without_meaning_is_refused(
    centre: float, width: float, function: WindowFunction
) -> None:
    with pytest.raises(ValueError, match="no window"):
        Window(centre, width, function)
