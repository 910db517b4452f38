"""Values of a slice: equal to scikit-image, which nothing but this test needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.exposure import equalize_adapthist, match_histograms

from unetscope.domain.errors import PreprocessingError
from unetscope.domain.intensity import (
    MOST_VALUES,
    Clahe,
    ReferenceHistogram,
    equalise,
    match_histogram,
)
from unetscope.domain.preprocess import Preprocessing

CLOSE = 1e-5
SHAPES = st.tuples(st.integers(1, 70), st.integers(1, 70))
TILES = st.none() | st.tuples(st.integers(1, 40), st.integers(1, 40))


def image(seed: int, shape: tuple[int, int], most: int, skew: float) -> Any:
    """Whole numbers from 0 to `most`, the more of them dark the greater the skew."""
    noise = np.random.default_rng(seed).random(shape) ** skew
    return (noise * most).astype(np.uint8 if most < 256 else np.uint16)


@given(
    st.integers(0, 2**32 - 1),
    SHAPES,
    st.sampled_from([3, 255, 4095, 65535]),
    st.sampled_from([1.0, 4.0, 12.0]),
    TILES,
    st.sampled_from([0.0, 0.003, 0.01, 0.1, 1.0]),
    st.sampled_from([16, 256, 1000]),
)
def test_clahe_is_scikit_images(
    seed: int,
    shape: tuple[int, int],
    most: int,
    skew: float,
    tile: tuple[int, int] | None,
    limit: float,
    bins: int,
) -> None:
    values = image(seed, shape, most, skew)
    if tile is not None:  # at most 32 beside each other
        tile = (max(tile[0], -(-shape[0] // 32)), max(tile[1], -(-shape[1] // 32)))
    made = equalise(values.astype(np.float32), Clahe(limit, tile, bins))
    assert made.dtype == np.float32
    theirs = equalize_adapthist(values, kernel_size=tile, clip_limit=limit, nbins=bins)
    if theirs.min() == theirs.max():  # one value is 0 with us, as after any normalisation
        assert not made.any()
        return
    assert np.abs(made - theirs).max() <= CLOSE


@pytest.mark.parametrize("size", [(256, 256), (217, 181), (512, 384)])
def test_clahe_of_a_slice_of_the_usual_size_is_scikit_images(size: tuple[int, int]) -> None:
    """Also of values that are not whole, in the 16 bits that scikit-image makes of them."""
    values = np.random.default_rng(1).normal(0.4, 0.15, size).clip(0, 1)
    sixteen = np.rint(values * 65535).astype(np.uint16)
    theirs = equalize_adapthist(sixteen)
    made = equalise(sixteen.astype(np.float32), Clahe())
    assert np.abs(made - theirs).max() <= CLOSE
    plain = equalise(values.astype(np.float32), Clahe())
    assert np.mean(np.abs(plain - theirs)) < 1e-3


def test_a_step_of_clahe_does_not_depend_on_scale_and_offset() -> None:
    values = image(2, (40, 50), 255, 2.0).astype(np.float32)
    steps = Preprocessing(normalise="none", clahe=Clahe())
    once, moved = steps.apply(values), steps.apply(values * 8 - 1000)
    assert np.array_equal(once, moved)
    assert (once.min(), once.max()) == (0, 1)


@given(st.integers(0, 2**32 - 1), SHAPES, SHAPES, st.sampled_from([1, 7, 255, 4000]), st.booleans())
def test_matching_a_histogram_is_scikit_images(
    seed: int, shape: tuple[int, int], other: tuple[int, int], most: int, whole: bool
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(300, 90, shape).astype(np.float32)
    values = np.rint(values) if whole else values
    reference = rng.integers(0, most + 1, other).astype(np.float32)
    made = match_histogram(values, ReferenceHistogram.of(reference))
    assert np.abs(made - match_histograms(values, reference)).max() <= CLOSE * most


def test_a_reference_of_many_values_keeps_its_quantiles() -> None:
    rng = np.random.default_rng(4)
    reference = rng.normal(size=(300, 300)).astype(np.float32)
    kept = ReferenceHistogram.of(reference)
    assert len(kept.values) <= MOST_VALUES
    assert sum(kept.counts) == reference.size
    values = rng.random((64, 64)).astype(np.float32)
    theirs = match_histograms(values, reference)
    apart = np.abs(match_histogram(values, kept) - theirs)
    middle = (theirs > -2) & (theirs < 2)
    assert apart[middle].max() < 0.01


def test_a_reference_leaves_out_what_is_not_finite() -> None:
    kept = ReferenceHistogram.of([[1.0, np.nan], [np.inf, 1.0]])
    assert (kept.values, kept.counts) == ((1.0,), (2,))


def test_different_references_have_different_names() -> None:
    """A network's input is named by its steps, and equal names must mean equal images."""
    some = ReferenceHistogram((1.0, 2.0), (3, 4))
    assert repr(some) == repr(ReferenceHistogram((1.0, 2.0), (3, 4)))
    assert repr(some) != repr(ReferenceHistogram((1.0, 2.5), (3, 4)))
    assert repr(some) != repr(ReferenceHistogram((1.0, 2.0), (3, 5)))
    assert len(repr(Preprocessing(match=ReferenceHistogram.of(np.arange(4000))))) < 500


@pytest.mark.parametrize(
    ("values", "counts"),
    [((), ()), ((1.0,), ()), ((2.0, 1.0), (1, 1)), ((1.0, 2.0), (1, 0)), ((np.nan,), (1,))],
)
def test_a_reference_that_makes_no_sense_is_refused(
    values: tuple[float, ...], counts: tuple[int, ...]
) -> None:
    with pytest.raises(PreprocessingError, match="reference histogram") as refusal:
        ReferenceHistogram(values, counts)
    assert refusal.value.hint


@pytest.mark.parametrize("wrong", [(-0.1,), (1.5,), (0.01, (0, 8)), (0.01, None, 1)])
def test_clahe_that_makes_no_sense_is_refused(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(PreprocessingError) as refusal:
        Clahe(*wrong)
    assert refusal.value.hint


@pytest.mark.parametrize("tile", [(1, 1), (2, 1), (10**6, 8)])
def test_tiles_that_would_take_for_ever_are_refused(tile: tuple[int, int]) -> None:
    with pytest.raises(PreprocessingError, match=r"tiles of .* in a slice of 64 × 64"):
        equalise(np.eye(64, dtype=np.float32), Clahe(tile=tile))
