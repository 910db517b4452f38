"""From slice to tensor and back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from unetscope.domain.input_grid import ORIENTATIONS, place
from unetscope.domain.intensity import FOREGROUNDS, NORMALISATIONS, Clahe, ReferenceHistogram
from unetscope.domain.preprocess import (
    CHANNELS,
    FITS,
    STEPS,
    Placement,
    Preprocessing,
    PreprocessingError,
    Size,
    Step,
    resample_linear,
)

LENGTHS = st.integers(1, 24)
SHAPES = st.tuples(LENGTHS, LENGTHS)


def labels(shape: Size) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 5, shape).astype(np.uint8)


PLAIN = {"normalise": "none", "clip": None}


# ------------------------------------------------------------------ round trip


@given(SHAPES, SHAPES)
def test_a_mask_comes_back_onto_the_slice_exactly_where_the_network_saw_it(
    shape: Size, size: Size
) -> None:
    mask = labels(shape)
    steps = Preprocessing(size=size, normalise="none", clip=None)
    there = steps.apply(mask.astype(np.float32))
    assert there.shape == size
    back = steps.invert(there.astype(np.uint8), shape)
    seen = steps.invert(np.ones(size, np.uint8), shape).astype(bool)
    assert back.dtype == np.uint8
    assert np.array_equal(back[seen], mask[seen])
    assert not back[~seen].any()
    assert seen.sum() == min(shape[0], size[0]) * min(shape[1], size[1])


@given(SHAPES)
def test_a_slice_that_only_gets_padding_comes_back_whole(shape: Size) -> None:
    steps = Preprocessing(size=(25, 30), normalise="none", clip=None)
    mask = labels(shape)
    assert np.array_equal(steps.invert(steps.apply(mask).astype(np.uint8)), mask)


@given(SHAPES, st.integers(2, 4), st.integers(2, 4))
def test_a_slice_that_was_resampled_finer_comes_back_exactly(shape: Size, a: int, b: int) -> None:
    steps = Preprocessing(spacing=(1.0, 1.0), normalise="none", clip=None)
    spacing = (float(a), float(b))
    placement = steps.placement(shape, spacing)
    assert placement.resampled == (shape[0] * a, shape[1] * b)
    mask = labels(shape)
    fine = mask.repeat(a, 0).repeat(b, 1)
    assert np.array_equal(steps.invert(fine, shape, spacing), mask)


@given(SHAPES, SHAPES, SHAPES, st.floats(-30, 30), st.floats(-30, 30))
def test_positions_go_to_the_input_and_back(
    shape: Size, resampled: Size, size: Size, row: float, column: float
) -> None:
    placement = Placement(shape, resampled, size)
    assert placement.to_slice(*placement.to_input(row, column)) == pytest.approx((row, column))
    assert placement.to_input(*placement.to_slice(row, column)) == pytest.approx((row, column))


def test_padding_and_cropping_are_about_the_centre() -> None:
    assert Placement((4, 9), (4, 9), (8, 4)).offset == (2, -3)
    assert Placement((4, 9), (4, 9), (8, 4)).to_input(0, 3) == (2, 0)
    assert Placement((5, 8), (5, 8), (8, 5)).offset == (1, -2)  # an odd pixel is after, not before
    values = np.arange(36, dtype=np.float32).reshape(4, 9)
    fed = Preprocessing(size=(8, 4), normalise="none", clip=None).apply(values)
    assert np.array_equal(fed[2:6], values[:, 3:7])
    assert not fed[:2].any()
    assert not fed[6:].any()


def test_a_position_lies_at_the_same_place_of_the_body_after_resampling() -> None:
    """A ramp: its value is its place, so the value at the mapped position tells."""
    steps = Preprocessing(size=(30, 40), spacing=(1.0, 2.0), normalise="none", clip=None)
    ramp = np.add.outer(np.arange(20) * 100.0, np.arange(31))
    fed = steps.apply(ramp, (1.5, 1.0))
    placement = steps.placement((20, 31), (1.5, 1.0))
    assert placement.resampled == (30, 16)
    row, column = placement.to_slice(12, 20)
    assert fed[12, 20] == pytest.approx(row * 100 + column, abs=1e-3)


def test_without_a_spacing_on_both_sides_nothing_is_resampled() -> None:
    assert Preprocessing(spacing=(1.0, 1.0)).placement((4, 5)).resampled == (4, 5)
    assert Preprocessing().placement((4, 5), (3.0, 3.0)).resampled == (4, 5)
    assert Preprocessing(spacing=(1.0, 1.0)).placement((4, 5), (0.0, 2.0)).resampled == (4, 5)
    nan = float("nan")
    assert Preprocessing(spacing=(1.0, 1.0)).placement((4, 5), (nan, 2.0)).resampled == (4, 5)


def test_a_coarse_slice_never_shrinks_to_nothing() -> None:
    assert Preprocessing(spacing=(50.0, 50.0)).placement((4, 5), (1.0, 1.0)).resampled == (1, 1)


def test_resampling_to_the_same_shape_is_exact_and_a_ramp_stays_a_ramp() -> None:
    ramp = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert np.array_equal(resample_linear(ramp, (3, 4)), ramp)
    assert resample_linear(ramp, (3, 8))[0, 1:-1] == pytest.approx(np.arange(0.25, 3, 0.5))


# ------------------------------------------------------------------- normalise


@given(st.integers(0, 2**32 - 1), SHAPES)
def test_the_percentiles_are_numpys_own(seed: int, shape: Size) -> None:
    values = np.random.default_rng(seed).normal(300, 90, shape).astype(np.float32)
    low, high = np.percentile(values, [2.0, 97.5])
    steps = Preprocessing(low=2.0, high=97.5, clip=None)
    if high > low:
        assert steps.apply(values) == pytest.approx((values - low) / (high - low), abs=1e-4)


def test_the_percentiles_become_0_and_1() -> None:
    values = np.arange(101, dtype=np.float32).reshape(1, 101)
    made = Preprocessing(low=10, high=90, clip=None).apply(values)
    assert made[0, [10, 50, 90]].tolist() == pytest.approx([0, 0.5, 1])


def test_other_normalisations() -> None:
    values = np.array([[2.0, 4.0], [6.0, 8.0]])
    zscore = Preprocessing(normalise="zscore", clip=None).apply(values)
    assert zscore == pytest.approx((values - 5) / np.sqrt(5), abs=1e-6)
    minmax = Preprocessing(normalise="minmax", clip=None).apply(values)
    assert minmax == pytest.approx((values - 2) / 6, abs=1e-6)
    plain = Preprocessing(normalise="none", clip=None).apply(values)
    assert np.array_equal(plain, values)
    clipped = Preprocessing(normalise="none", clip=(3.0, 7.0)).apply(values)
    assert clipped.tolist() == [[3, 4], [6, 7]]


@pytest.mark.parametrize("normalise", ["percentile", "zscore", "minmax"])
def test_a_slice_of_one_value_becomes_0(normalise: Any) -> None:
    made = Preprocessing(normalise=normalise, clip=None).apply(np.full((4, 4), 7.0))
    assert made.tolist() == np.zeros((4, 4)).tolist()


@pytest.mark.parametrize("normalise", ["percentile", "zscore", "minmax", "none"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_pixel_without_a_value_counts_as_0(normalise: Any, bad: float) -> None:
    steps = Preprocessing(size=(6, 6), normalise=normalise, clip=None)
    values = np.arange(25, dtype=np.float32).reshape(5, 5)
    instead = values.copy()
    values[2, 2], instead[2, 2] = bad, 0
    assert np.array_equal(steps.apply(values), steps.apply(instead))


@given(SHAPES)
def test_the_slice_that_was_given_is_left_as_it_is(shape: Size) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    before = values.tobytes()
    Preprocessing(size=(5, 5), spacing=(1.0, 1.0)).apply(values, (2.0, 0.5))
    assert values.tobytes() == before


# --------------------------------------------------------------------- refusals


@pytest.mark.parametrize("shape", [(4,), (2, 4, 4), (0, 4), ()])
def test_what_is_no_slice_is_refused_with_its_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(PreprocessingError, match=re.escape(f"found {shape}")):
        Preprocessing().apply(np.zeros(shape))


def test_a_mask_that_is_not_on_the_input_grid_is_refused() -> None:
    with pytest.raises(PreprocessingError, match=r"shape \(8, 8\), but found \(7, 8\)"):
        Preprocessing(size=(8, 8)).invert(np.zeros((7, 8)), (4, 4))
    with pytest.raises(PreprocessingError, match="no slice to go back to"):
        Preprocessing(size=(8, 8)).invert(np.zeros((8, 8)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"normalise": "magic"},
        {"low": 99.0, "high": 1.0},
        {"low": -1.0},
        {"high": 101.0},
        {"low": float("nan")},
        {"size": (0, 8)},
        {"size": (8, -1)},
        {"spacing": (0.0, 1.0)},
        {"spacing": (1.0, -2.0)},
        {"spacing": (1.0, float("nan"))},
        {"spacing": (1.0, float("inf"))},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PreprocessingError):
        Preprocessing(**wrong)


def test_the_steps_are_said_in_sentences() -> None:
    steps = Preprocessing(clip=(0.0, 1.5), size=(256, 256), spacing=(1.0, 1.0))
    assert steps.steps == (
        "Resample to 1 × 1 mm (linear).",
        "Percentiles 1 and 99 become 0 and 1.",
        "Clip to 0 … 1.5.",
        "Centre, crop or pad with 0 to 256 × 256.",
    )
    assert Preprocessing(normalise="none", clip=None).steps == ("Values as they are.",)


# ------------------------------------------------------------------ every step

ORIENTED = st.sampled_from([o for o in ORIENTATIONS if set(o) <= set("LRAP")])
SPACINGS = st.tuples(st.floats(0.3, 3.0), st.floats(0.3, 3.0))
GRIDS = st.fixed_dictionaries(
    {
        "size": st.none() | SHAPES,
        "spacing": st.none() | SPACINGS,
        "fit": st.sampled_from(FITS),
        "orient": st.none() | ORIENTED,
        "multiple": st.integers(1, 4),
    }
)


@given(SHAPES, SPACINGS, ORIENTED, GRIDS)
def test_each_pixel_gets_the_label_of_the_input_pixel_that_shows_its_place(
    shape: Size, spacing: tuple[float, float], lies: str, grid: dict[str, Any]
) -> None:
    """Against `to_input`, one pixel at a time: any turn, spacing, size, odd or even."""
    steps = Preprocessing(**grid, normalise="none")
    placement = steps.placement(shape, spacing, lies)
    mask = np.arange(1, np.prod(placement.size) + 1).reshape(placement.size)
    back = steps.invert(mask, shape, spacing, lies)
    assert back.shape == shape
    for row, column in np.ndindex(shape):
        at = placement.to_input(row, column)
        nearest = [(int(np.floor(x)), int(np.ceil(x))) for x in at]  # either one at a half
        near = {
            int(mask[r, c]) if 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] else 0
            for r in (x for x in nearest[0] if abs(x - at[0]) <= 0.5 + 1e-9)
            for c in (x for x in nearest[1] if abs(x - at[1]) <= 0.5 + 1e-9)
        }
        assert back[row, column] in near
        assert placement.to_slice(*at) == pytest.approx((row, column))


@given(SHAPES, ORIENTED, st.none() | ORIENTED, st.integers(1, 3), st.integers(1, 3), SHAPES)
def test_a_mask_that_was_turned_made_finer_and_padded_comes_back_bit_for_bit(
    shape: Size, lies: str, orient: str | None, finer_rows: int, finer_columns: int, pad: Size
) -> None:
    spacing = (float(finer_rows), float(finer_columns))
    fine = Preprocessing(spacing=(1.0, 1.0), orient=orient, normalise="none")
    rows, columns = fine.placement(shape, spacing, lies).resampled
    steps = replace(fine, size=(rows + pad[0], columns + pad[1]))
    placement = steps.placement(shape, spacing, lies)
    mask = labels(shape)
    turned = placement.turn.apply(mask)
    sides = placement.resampled[0] // turned.shape[0], placement.resampled[1] // turned.shape[1]
    fed = place(
        turned.repeat(sides[0], 0).repeat(sides[1], 1).astype(np.float32), placement
    ).astype(np.uint8)
    assert np.array_equal(steps.invert(fed, shape, spacing, lies), mask)


@given(SHAPES, ORIENTED, ORIENTED)
def test_what_is_at_an_edge_of_the_patient_is_at_the_edge_that_is_asked_for(
    shape: Size, lies: str, orient: str
) -> None:
    """Pixels that know where they are in the patient, as L, P coordinates."""
    sign = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1)}
    where = np.zeros((*shape, 2))
    for letter, axis in zip(lies, (1, 0), strict=True):  # the right edge, then the bottom
        patient, way = sign[letter]
        along = np.arange(shape[axis]) * way
        where[..., patient] = along[None, :] if axis == 1 else along[:, None]
    steps = Preprocessing(orient=orient, normalise="none")
    fed = [steps.apply(where[..., patient], None, lies) for patient in range(2)]
    for letter, axis in zip(orient, (1, 0), strict=True):
        patient, way = sign[letter]
        growing = np.diff(fed[patient], axis=axis) * way
        assert (growing == 1).all()


def test_a_slice_of_another_plane_or_of_none_is_not_turned() -> None:
    values = np.arange(6.0).reshape(2, 3)
    for lies in (None, "LF"):
        fed = Preprocessing(orient="RA", normalise="none").apply(values, None, lies)
        assert np.array_equal(fed, values)


def test_stretching_resamples_to_the_size_whatever_the_spacing() -> None:
    steps = Preprocessing(size=(8, 6), spacing=(1.0, 1.0), fit="stretch", normalise="none")
    placement = steps.placement((4, 12), (5.0, 5.0))
    assert (placement.resampled, placement.offset, placement.share_seen) == ((8, 6), (0, 0), 1)
    assert not steps.does("resample")
    assert "Resample to 8 × 6 (linear)." in steps.steps


def test_the_order_of_the_steps_counts() -> None:
    values = np.array([[0.0, 50.0, 100.0, 1000.0]])
    usual = Preprocessing(normalise="minmax", clip=(0.0, 100.0))
    assert usual.apply(values)[0, 3] == 1
    clipped_first = replace(
        usual, order=("orient", "resample", "match", "clahe", "clip", "normalise", "fit")
    )
    assert clipped_first.apply(values)[0].tolist() == pytest.approx([0, 0.5, 1, 1])
    assert clipped_first.steps == (
        "Clip to 0 … 100.",
        "Smallest and largest value become 0 and 1.",
    )


def test_padding_first_changes_what_the_normalisation_sees() -> None:
    values = np.full((2, 2), 5.0) + np.eye(2)
    early: tuple[Step, ...]
    early = ("orient", "resample", "fit", "match", "clahe", "normalise", "clip")
    steps = Preprocessing(size=(4, 4), normalise="minmax", order=early)
    assert steps.apply(values)[1, 1] == 1
    assert steps.apply(values)[0, 0] == 0
    assert replace(steps, order=STEPS).apply(values)[1, 2] == 0  # the 5, as the smallest


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": STEPS[:-1]},
        {"order": (*STEPS[1:], STEPS[0])},
        {"order": (*STEPS[:-1], "fold")},
        {"orient": "LR"},
        {"orient": "up"},
        {"fit": "squeeze"},
        {"foreground": "brain"},
        {"channels": "colours"},
        {"divisor": 0.0},
        {"divisor": float("nan")},
        {"clip": (2.0, 1.0)},
        {"clip": (0.0, float("nan"))},
    ],
)
def test_steps_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PreprocessingError) as refusal:
        Preprocessing(**wrong)
    assert refusal.value.hint


# ------------------------------------------------------------------ foreground


def test_the_numbers_of_a_normalisation_may_come_from_the_foreground_only() -> None:
    values = np.array([[0, 0, 0, 10, 20, 30]], np.float32)
    inside = values[values != 0]
    steps = Preprocessing(normalise="zscore", foreground="nonzero")
    made = steps.apply(values)
    assert made[0, 3:] == pytest.approx((inside - inside.mean()) / inside.std(), abs=1e-6)
    assert (made[0, :3] < -1).all()
    zeroed = replace(steps, zero_background=True).apply(values)
    assert zeroed[0, :3].tolist() == [0, 0, 0]
    assert np.array_equal(zeroed[0, 3:], made[0, 3:])
    above = Preprocessing(normalise="minmax", foreground="above mean").apply(values)
    assert above[0, 4:].tolist() == [0, 1]


def test_an_empty_foreground_is_everything() -> None:
    zeros = np.zeros((3, 3), np.float32)
    for foreground in FOREGROUNDS:
        steps = Preprocessing(normalise="minmax", foreground=foreground, zero_background=True)
        assert steps.apply(zeros).tolist() == zeros.tolist()


def test_dividing_divides() -> None:
    values = np.array([[0.0, 51.0, 255.0]])
    made = Preprocessing(normalise="divide", divisor=255.0).apply(values)
    assert made[0].tolist() == pytest.approx([0, 0.2, 1])


# ------------------------------------------------------------------------ JSON

STEPS_OF_ALL_KINDS = st.builds(
    Preprocessing,
    size=st.none() | SHAPES,
    spacing=st.none() | SPACINGS,
    normalise=st.sampled_from(NORMALISATIONS),
    low=st.floats(0, 40),
    high=st.floats(60, 100),
    clip=st.none() | st.tuples(st.floats(-9, 0), st.floats(0, 9)),
    multiple=st.integers(1, 32),
    divisor=st.floats(0.5, 4095),
    foreground=st.sampled_from(FOREGROUNDS),
    zero_background=st.booleans(),
    fit=st.sampled_from(FITS),
    orient=st.none() | st.sampled_from(ORIENTATIONS),
    clahe=st.none() | st.builds(Clahe, st.floats(0, 1), st.none() | SHAPES, st.integers(2, 512)),
    match=st.none()
    | st.builds(ReferenceHistogram.of, st.lists(st.integers(0, 99), min_size=1).map(np.array)),
    channels=st.sampled_from(CHANNELS),
    order=st.permutations(STEPS)
    .map(tuple)
    .filter(lambda o: o.index("orient") < o.index("resample") < o.index("fit")),
)


@given(STEPS_OF_ALL_KINDS)
def test_all_steps_survive_json(steps: Preprocessing) -> None:
    again = Preprocessing.from_json(json.loads(json.dumps(steps.to_json())))
    assert again == steps
    assert repr(again) == repr(steps)


def test_a_card_of_the_first_format_gives_what_it_always_gave() -> None:
    """The steps as they were before there were others, written out."""
    card = {
        "input": {"size": [40, 30], "spacing_mm": [1.0, 1.0]},
        "preprocessing": {
            "resample": True,
            "fit": "centre",
            "normalise": {"kind": "percentile", "low": 1.0, "high": 99.0, "clip": [0.0, 1.5]},
        },
    }
    values = np.random.default_rng(0).normal(300, 90, (33, 17)).astype(np.float32)
    resampled = resample_linear(values, (40, 31))
    low, high = (np.float32(v) for v in np.percentile(resampled, [1.0, 99.0]))
    scaled = np.clip((resampled - low) / (high - low), 0.0, 1.5).astype(np.float32)
    expected = scaled[:, 1:]
    fed = Preprocessing.from_json(card).apply(values, (1.2, 1.8))
    assert fed.tobytes() == np.ascontiguousarray(expected).tobytes()


def test_an_input_without_measure_is_refused_before_it_is_made() -> None:
    for steps in (Preprocessing(size=(10**6, 8)), Preprocessing(spacing=(1e-6, 1.0))):
        with pytest.raises(PreprocessingError, match="too much"):
            steps.apply(np.eye(8), (1.0, 1.0))
