"""Other series as channels: named, refused where that is unsure, laid on the slice by geometry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.fakes import CARD, FakeSeries

from unetscope.domain.card import ModelCard
from unetscope.domain.channels import ChannelSource, laid_on, names_of, why_not_laid
from unetscope.domain.errors import PreprocessingError
from unetscope.domain.preprocess import Preprocessing

Array = NDArray[np.float32]


def places(series: FakeSeries) -> Array:
    """Patient LPS mm of every voxel, ``(slices, rows, columns, 3)``."""
    index = np.stack(np.meshgrid(*map(np.arange, series.shape), indexing="ij"), axis=-1)
    found: Array = (index @ series.affine[:3, :3].T + series.affine[:3, 3]).astype(np.float32)
    return found


def linear(series: FakeSeries) -> FakeSeries:
    """The series with a value that is linear in the patient, so that it can be told anywhere."""
    series.volume = (places(series) @ np.array([1.0, 10.0, 100.0], np.float32)).astype(np.float32)
    return series


def volume(*shape: int) -> Array:
    return np.zeros(shape, np.float32)


def laid(shown: FakeSeries, index: int, other: FakeSeries) -> Array:
    return laid_on(shown, index, other, "Other", other.slice)


@given(
    st.tuples(*[st.sampled_from([0.5, 1.0, 1.7])] * 3),
    st.tuples(*[st.floats(-1.5, 1.5)] * 3),
    st.integers(3, 6),
)
def test_a_series_is_laid_on_a_slice_where_it_lies_in_the_patient(
    spacing: tuple[float, float, float], shift: tuple[float, float, float], index: int
) -> None:
    shown = linear(FakeSeries(volume=volume(9, 8, 7), spacing=(1.0, 1.0, 1.0)))
    origin = tuple(a - 3.0 + b for a, b in zip(shown.origin, shift, strict=True))
    other = linear(
        FakeSeries(uid="2", volume=volume(30, 32, 31), spacing=spacing, origin=origin)  # type: ignore[arg-type]
    )
    where = (places(shown)[index] - np.array(origin)) / np.array(spacing[::-1])
    inside = ((where >= 0) & (where <= np.array([30, 31, 29]))).all(axis=-1)
    found = laid(shown, index, other)
    np.testing.assert_allclose(found[inside], shown.volume[index][inside], atol=0.02)


def test_the_same_grid_gives_the_very_values_and_reads_one_slice() -> None:
    rng = np.random.default_rng(0)
    shown = FakeSeries()
    other = FakeSeries(uid="2", volume=rng.random((5, 8, 8), np.float32))
    assert laid(shown, 3, other).tobytes() == other.volume[3].tobytes()
    assert other.reads == [3]


def test_a_series_across_is_read_as_far_as_it_is_needed() -> None:
    class Across(FakeSeries):
        """Slices along the columns of the others."""

        @property
        def affine(self) -> NDArray[np.float64]:
            affine = np.zeros((4, 4))
            affine[0, 0], affine[1, 1], affine[2, 2], affine[3, 3] = 0.5, 0.5, 2.0, 1.0
            affine[:3, 3] = self.origin
            return affine

    shown = linear(FakeSeries())
    other = linear(Across(uid="2", volume=volume(8, 8, 5)))
    np.testing.assert_allclose(laid(shown, 2, other), shown.volume[2], atol=1e-3)
    assert sorted(other.reads) == list(range(8))


def test_what_the_other_series_does_not_reach_has_its_lowest_value() -> None:
    shown = FakeSeries()
    other = FakeSeries(uid="2", volume=np.full((5, 4, 4), 7.0, np.float32))
    other.volume[2, 0, 0] = 5.0
    found = laid(shown, 2, other)
    assert found[0, 0] == 5.0
    assert found[3, 3] == 7.0
    assert (found[4:] == 5.0).all()


def test_a_slice_that_the_other_series_does_not_reach_is_refused() -> None:
    far = FakeSeries(uid="2", origin=(-10.0, -20.0, 200.0))
    with pytest.raises(PreprocessingError, match="“Other” does not reach this slice"):
        laid(FakeSeries(), 2, far)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({}, ""),
        ({"frame_of_reference": "1.8"}, "another frame of reference"),
        ({"frame_of_reference": ""}, ""),  # the very same grid
        ({"frame_of_reference": "", "spacing": (2.0, 0.5, 0.6)}, "do not say"),
        ({"geometry_sure": False}, "Nobody knows for sure where “Other” lies"),
        ({"has_orientation": False}, "Nobody knows for sure where “Other” lies"),
    ],
)
def test_a_series_is_laid_on_another_only_where_that_is_sure(
    other: dict[str, Any], why: str
) -> None:
    said = why_not_laid(FakeSeries(), FakeSeries(uid="2", **other), "Other")
    assert why in said
    assert bool(said) is bool(why)


def test_an_unsure_series_takes_no_other_on_it() -> None:
    assert "the series shown" in why_not_laid(FakeSeries(geometry_sure=False), FakeSeries(), "O")


def test_series_are_named_as_they_are_described_and_numbered_where_they_repeat() -> None:
    series = [
        FakeSeries(uid=str(n), description=d) for n, d in enumerate(["T1", "FLAIR", "T1", ""])
    ]
    assert dict(names_of(series)) == {"T1": 0, "FLAIR": 1, "T1 (2)": 2, "MR": 3}


def test_the_card_keeps_what_each_channel_is_made_of() -> None:
    sources = (ChannelSource(), ChannelSource("FLAIR"), ChannelSource(step=-1))
    steps = Preprocessing(channels="chosen", sources=sources)
    card = replace(CARD, preprocessing=steps)
    kept = ModelCard.from_json(card.to_json("m.keras", "sha256:0"))
    assert kept.preprocessing == steps
    said = card.to_json("m.keras", "sha256:0")["input"]["channel_source"]
    assert said[1] == {"series": "FLAIR", "step": 0}
