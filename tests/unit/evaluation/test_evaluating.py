"""Scores of classes, slices and series: what they are, and why there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unetscope.domain.card import ClassLabel
from unetscope.domain.errors import Cancelled, StudyError
from unetscope.domain.evaluation import (
    NEITHER,
    NO_DEPTH,
    NO_VOLUME,
    ONLY_MASK,
    ONLY_REFERENCE,
    UNCALIBRATED,
    UNEVEN,
    Grid,
    Lesions,
    Measure,
    mean_curve,
    worst_first,
)
from unetscope.domain.evaluation_table import evaluation_csv
from unetscope.evaluation.evaluating import evaluate
from unetscope.evaluation.lesions import lesions

ONE = ClassLabel(1, "One", "#ff0000")
TWO = ClassLabel(2, "Two", "#00ff00")


class Geometry:
    """What a series knows about its grid."""

    def __init__(self, places: list[float], *, sure: bool = True, calibrated: bool = True) -> None:
        self.places = places
        self.shape = (len(places), 4, 4)
        self.spacing = (abs(places[1] - places[0]) if len(places) > 1 else 1.0, 0.5, 0.5)
        self.geometry_sure = sure
        self.calibrated = calibrated

    def position(self, index: int) -> float:
        return self.places[index]


def cube(at: int = 1, label: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    mask = np.zeros((6, 6, 6), np.uint8)
    mask[at : at + 2, 1:3, 1:3] = label
    return mask


def test_where_neither_holds_a_class_nothing_is_defined() -> None:
    found = evaluate(cube(), cube(), (1, 1, 1), (ONE, TWO))
    score = found.classes[1]
    assert math.isnan(score.dice)
    assert math.isnan(score.iou)
    assert math.isnan(score.hd95)
    assert score.why_no_overlap == score.why_no_distance == NEITHER
    assert (score.volume, score.reference_volume) == (0.0, 0.0)
    assert score.lesions == Lesions(0, 0, 0)


@pytest.mark.parametrize("swapped", [False, True])
def test_where_one_of_them_does_not_dice_is_0_and_there_is_no_distance(swapped: bool) -> None:
    pair = (np.zeros((6, 6, 6), np.uint8), cube())
    mask, reference = reversed(pair) if swapped else pair
    (score,) = evaluate(mask, reference, (1, 1, 1), (ONE,)).classes
    assert (score.dice, score.iou) == (0.0, 0.0)
    assert math.isnan(score.hd95)
    assert math.isnan(score.distance)
    assert score.why_no_distance == (ONLY_MASK if swapped else ONLY_REFERENCE)
    assert score.lesions == (Lesions(0, 0, 1) if swapped else Lesions(0, 1, 0))


def test_the_same_masks_agree_wholly() -> None:
    (score,) = evaluate(cube(), cube(), (2, 1, 1), (ONE,)).classes
    assert (score.dice, score.iou, score.hd95, score.distance) == (1, 1, 0, 0)
    assert score.volume == score.reference_volume == pytest.approx(8 * 2 / 1000)
    assert score.difference == 0
    assert not score.why_no_distance


def test_each_slice_is_measured_within_itself() -> None:
    found = evaluate(cube(1), cube(2), (7, 1, 2), (ONE,))
    assert [each.index for each in found.slices] == list(range(6))
    (shared,) = found.slices[2].classes
    assert (shared.dice, shared.hd95) == (1.0, 0.0)
    (only,) = found.slices[1].classes
    assert (only.dice, only.why_no_distance) == (0.0, ONLY_MASK)
    assert only.volume == pytest.approx(4 * 7 * 1 * 2 / 1000)
    assert found.classes[0].hd95 == 7.0
    curve = found.curve(Measure.DICE, 1)
    assert np.array_equal(curve, [np.nan, 0, 1, 0, np.nan, np.nan], equal_nan=True)
    assert worst_first(curve, Measure.DICE) == (1, 3, 2)


def test_slices_without_a_mask_are_left_out_and_distances_wait_for_them() -> None:
    found = evaluate(cube(1), cube(2), (1, 1, 1), (ONE,), known=[1, 2])
    (score,) = found.classes
    assert (score.voxels, score.reference_voxels, score.shared) == (8, 4, 4)
    assert math.isnan(score.hd95)
    assert score.lesions is None
    assert "2 of 6" in score.why_no_distance
    assert [each.index for each in found.slices] == [1, 2]


def test_uneven_slices_have_volumes_by_their_own_thickness_and_no_distance_across() -> None:
    grid = Grid.of(Geometry([0.0, 1.0, 2.0, 5.0, 6.0, 7.0], sure=False))
    assert grid.no_depth == UNEVEN
    assert grid.thickness == (1.0, 1.0, 2.0, 2.0, 1.0, 1.0)
    (score,) = evaluate(cube(2), cube(2), grid, (ONE,)).classes
    assert score.volume == pytest.approx(8 * 0.25 * 2 / 1000)
    assert math.isnan(score.hd95)
    assert score.why_no_distance == UNEVEN
    (within,) = evaluate(cube(2), cube(2), grid, (ONE,)).slices[2].classes
    assert within.hd95 == 0.0


def test_without_calibration_distances_are_in_pixels_and_there_is_no_volume() -> None:
    grid = Grid.of(Geometry([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], sure=False, calibrated=False))
    moved = np.roll(cube(2), 2, axis=2)
    found = evaluate(moved, cube(2), grid, (ONE,))
    assert found.unit == "px"
    (score,) = found.classes
    assert (score.why_no_distance, score.why_no_volume) == (UNCALIBRATED, NO_VOLUME)
    assert math.isnan(score.volume)
    assert found.slices[2].classes[0].hd95 == 2.0


@pytest.mark.parametrize("places", [[0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.0, np.nan]])
def test_an_unknown_depth_is_said(places: list[float]) -> None:
    grid = Grid.of(Geometry(places, sure=False))
    assert grid.no_depth == NO_DEPTH
    assert not grid.thickness


def test_an_even_grid_is_sure() -> None:
    grid = Grid.of(Geometry([0.0, -2.0, -4.0]))
    assert grid == Grid.even((2.0, 0.5, 0.5), 3)
    assert grid.volume(1) == pytest.approx(0.0005)


@pytest.mark.parametrize(("neighbours", "pieces"), [(6, 3), (18, 2), (26, 1)])
def test_lesions_hang_together_by_as_many_neighbours_as_asked(neighbours: int, pieces: int) -> None:
    reference = np.zeros((3, 3, 3), bool)
    reference[0, 0, 0] = reference[0, 1, 1] = reference[1, 2, 2] = True  # an edge, then a corner
    nothing = np.zeros_like(reference)
    assert lesions(nothing, reference, neighbours) == Lesions(0, pieces, 0)
    reference[0, 0, 0], edge = False, reference.copy()
    assert lesions(edge, reference, neighbours).missed == 0


def test_a_lesion_is_found_when_the_mask_shares_one_voxel_with_it() -> None:
    reference, mask = np.zeros((4, 8, 8), bool), np.zeros((4, 8, 8), bool)
    reference[0, 0:2, 0:2] = reference[2, 5:7, 5:7] = True
    mask[0, 1:4, 1:4] = mask[3, 0, 0] = mask[0, 7, 7] = True
    assert lesions(mask, reference) == Lesions(1, 1, 2)


def test_masks_of_different_shapes_are_refused() -> None:
    with pytest.raises(StudyError, match="6 × 6 × 6 and the reference 5 × 6 × 6"):
        evaluate(cube(), cube()[:5], (1, 1, 1), (ONE,))
    with pytest.raises(ValueError, match="neighbours"):
        evaluate(cube(), cube(), (1, 1, 1), (ONE,), neighbours=8)


def test_it_tells_how_far_it_is_and_can_be_stopped() -> None:
    told: list[float] = []
    evaluate(cube(), cube(), (1, 1, 1), (ONE, TWO), step=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)

    def stop(share: float) -> None:
        if share > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate(cube(), cube(), (1, 1, 1), (ONE, TWO), step=stop)


def test_the_mean_of_classes_leaves_out_what_is_not_defined() -> None:
    one, other = np.array([1.0, np.nan, np.nan]), np.array([0.5, 0.25, np.nan])
    assert np.array_equal(mean_curve([one, other]), [0.75, 0.25, np.nan], equal_nan=True)
    assert worst_first(np.array([3.0, np.nan, -9.0]), Measure.DIFFERENCE) == (2, 0)


def test_the_table_says_why_a_field_is_empty() -> None:
    text = evaluation_csv({"trained": evaluate(cube(), cube(), (1, 1, 1), (ONE, TWO))})
    lines = text.splitlines()
    assert "research use only" in lines[0]
    row = next(line for line in lines if line.startswith("Two"))
    assert row == f"Two,,,,,0,0,0,0,0,0,0,{NEITHER}"
    one = next(line for line in lines if line.startswith("One"))
    assert one.startswith("One,1,1,0,0,0.008,0.008,8,8,1,0,0")
    assert sum(line.startswith("3,One") for line in lines) == 1
