"""What is no picture is black, whichever way round the picture is drawn."""

from __future__ import annotations

import numpy as np
from tests.unit.fakes import FakeSeries

from unetscope.domain.window import Window
from unetscope.state.display import grey_levels

VALUES = np.array([[0, 10, 20, np.nan]], np.float32)
WINDOW = Window(10, 20, "LINEAR_EXACT")


def test_padding_of_an_inverted_series_and_what_cannot_be_read_are_black() -> None:
    series = FakeSeries(monochrome1=True, padding_range=(-5.0, 0.0))
    assert grey_levels(VALUES, WINDOW, series, inverted=True).tolist() == [[0, 127, 0, 0]]
    plain = FakeSeries(monochrome1=True)
    assert grey_levels(VALUES, WINDOW, plain, inverted=True).tolist() == [[255, 127, 0, 0]]


def test_padding_of_an_ordinary_series_follows_the_window() -> None:
    series = FakeSeries(padding_range=(20.0, 20.0))
    assert grey_levels(VALUES, WINDOW, series, inverted=False).tolist() == [[0, 128, 255, 0]]
    assert grey_levels(VALUES, WINDOW, series, inverted=True).tolist() == [[255, 127, 0, 0]]
