"""What is to be seen of a series: masks across its slices, probabilities, and the probe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries

from unetscope.domain.edits import SetBias
from unetscope.domain.planes import Plane
from unetscope.domain.preprocess import Preprocessing

SHAPE = (4, 8, 8)


@pytest.fixture
def bench() -> Bench:
    bench = Bench(at_once=True)
    bench.open_model()
    bench.open_study(FakeSeries(volume=np.random.default_rng(0).uniform(0, 9, SHAPE).astype("f4")))
    return bench


def test_of_a_series_that_was_not_segmented_a_plane_meets_the_mask_shown(bench: Bench) -> None:
    mask = bench.display.mask()
    assert mask is not None
    met = bench.display.plane_masks(Plane(1), (2, 5, 3), SHAPE)[1]
    assert met is not None
    assert np.array_equal(met[2], mask[5])
    assert not np.delete(met, 2, axis=0).any()


def test_of_a_segmented_series_a_plane_meets_all_masks(bench: Bench) -> None:
    bench.segmentation.start()
    bench.jobs.run()
    kept = bench.segmentation.masks("1.2.3")
    masks = np.stack([kept[index] for index in range(SHAPE[0])])
    for voxel in ((2, 5, 3), (2, 6, 1)):
        across_rows = bench.display.plane_masks(Plane(1), voxel, SHAPE)[1]
        across_columns = bench.display.plane_masks(Plane(2), voxel, SHAPE)[1]
        assert across_rows is not None
        assert across_columns is not None
        assert np.array_equal(across_rows, masks[:, voxel[1], :])
        assert np.array_equal(across_columns, masks[:, :, voxel[2]])


def test_an_edit_takes_the_kept_masks_out_of_the_planes(bench: Bench) -> None:
    bench.segmentation.start()
    bench.jobs.run()
    assert bench.display.plane_masks(Plane(1), (2, 5, 3), SHAPE)[1] is not None
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    met = bench.display.plane_masks(Plane(1), (2, 5, 3), SHAPE)[1]
    assert met is not None
    assert not np.delete(met, 2, axis=0).any()


def test_without_a_network_there_is_no_mask_to_meet() -> None:
    bench = Bench()
    bench.open_study()
    assert bench.display.plane_masks(Plane(1), (2, 5, 3), (5, 8, 8))[1] is None


def test_a_probability_lies_on_the_slices_own_grid() -> None:
    bench = Bench()
    steps = Preprocessing(size=(4, 4), normalise="none", clip=None)
    bench.open_model(card=replace(CARD, preprocessing=steps))
    bench.open_study()
    share = np.linspace(0, 1, 48).reshape(4, 4, 3).astype(np.float32)
    bench.engine.answer(probabilities=share)
    placed = bench.display.probability(1)
    assert placed is not None
    assert placed.shape == (8, 8)
    assert np.array_equal(placed[2:6, 2:6], share[..., 1])  # the middle is what it was shown
    assert not placed[:2].any()


def test_a_coarser_output_covers_several_pixels_each() -> None:
    bench = Bench()
    bench.open_model()
    bench.open_study()
    share = np.linspace(0, 1, 48).reshape(4, 4, 3).astype(np.float32)
    bench.engine.answer(probabilities=share)
    placed = bench.display.probability(2)
    assert placed is not None
    assert np.array_equal(placed, share[..., 2].repeat(2, 0).repeat(2, 1))


def test_one_output_channel_leaves_the_rest_to_the_background() -> None:
    bench = Bench()
    bench.open_model()
    bench.open_study()
    bench.engine.answer(probabilities=np.full((8, 8, 1), 0.25, np.float32))
    for label, share in ((0, 0.75), (1, 0.25)):
        placed = bench.display.probability(label)
        assert placed is not None
        assert np.allclose(placed, share)


def test_before_the_answer_there_is_no_probability() -> None:
    bench = Bench()
    bench.open_model()
    bench.open_study()
    assert bench.display.probability(1) is None
