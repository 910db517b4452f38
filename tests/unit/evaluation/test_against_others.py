"""Overlap and distances against DeepMind's surface-distance, SimpleITK, and MONAI's formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import SimpleITK
import surface_distance
from numpy.typing import NDArray
from scipy import ndimage

from unetscope.domain.card import ClassLabel
from unetscope.evaluation.evaluating import evaluate
from unetscope.evaluation.surfaces import distances, surface

Region = NDArray[np.bool_]
RANDOM = 200
OLD_NAMES = "ignore:Please import:DeprecationWarning"  # of SciPy, in surface-distance
CLASS = (ClassLabel(1, "One", "#ffffff"),)


def blobs(rng: np.random.Generator) -> Region:
    """A mask of a few round pieces, of noise, or both; it may touch the border of the image."""
    shape = tuple(int(n) for n in rng.integers(4, 12, 3))
    noise = rng.standard_normal(shape)
    smooth = ndimage.gaussian_filter(noise, float(rng.choice([0.0, 0.8, 1.5])), mode="nearest")
    mask: Region = smooth > np.quantile(smooth, float(rng.uniform(0.4, 0.95)))
    return mask


def pairs() -> list[tuple[Region, Region, tuple[float, ...]]]:
    """Random masks of the same shape, with the spacing of their voxels."""
    rng = np.random.default_rng(20)
    made = []
    for _ in range(RANDOM):
        mask = blobs(rng)
        moved = np.roll(mask, tuple(rng.integers(-2, 3, 3)), (0, 1, 2))
        reference = moved ^ (rng.random(mask.shape) < rng.choice([0.0, 0.02, 0.2]))
        if not reference.any():
            reference[0, 0, 0] = True
        spacing = (1.0, 1.0, 1.0) if rng.random() < 0.3 else tuple(rng.uniform(0.3, 5.0, 3))
        made.append((mask, reference, tuple(map(float, spacing))))
    return made


def one_voxel(shape: tuple[int, ...], at: tuple[int, ...]) -> Region:
    mask = np.zeros(shape, bool)
    mask[at] = True
    return mask


def edges() -> dict[str, tuple[Region, Region, tuple[float, ...]]]:
    whole, corner = np.ones((5, 6, 7), bool), one_voxel((5, 6, 7), (0, 0, 0))
    inside = np.zeros((9, 9, 9), bool)
    inside[4:5, 3:6, 3:6] = True
    box = np.zeros((9, 9, 9), bool)
    box[1:8, 1:8, 1:8] = True
    return {
        "the same": (whole, whole, (1.0, 1.0, 1.0)),
        "one voxel each": (corner, one_voxel((5, 6, 7), (4, 5, 6)), (2.0, 0.5, 1.0)),
        "a whole image and its corner": (whole, corner, (3.0, 0.4, 0.4)),
        "one inside the other": (inside, box, (1.0, 1.0, 1.0)),
        "thick slices": (inside, np.roll(box, 1, 0), (9.0, 0.2, 0.7)),
        "one slice": (whole[:1], corner[:1], (5.0, 1.0, 1.0)),
    }


CASES = {f"random {i}": case for i, case in enumerate(pairs())} | edges()


@pytest.fixture(params=range(0, len(CASES), 23), ids=lambda start: f"from {start}")
def cases(request: pytest.FixtureRequest) -> list[tuple[str, Region, Region, tuple[float, ...]]]:
    """A few of the cases at a time."""
    some = list(CASES.items())[request.param : request.param + 23]
    return [(name, *case) for name, case in some]


# --------------------------------------------------------------- MONAI, from its definition


def monai_surface(mask: Region) -> Region:
    """As in ``get_mask_edges``: the mask without what is left of it after an erosion."""
    eroded = ndimage.binary_erosion(mask)
    return mask ^ eroded


def monai_distances(mask: Region, reference: Region, spacing: Sequence[float]) -> tuple[float, ...]:
    """As in ``compute_hausdorff_distance`` and ``compute_average_surface_distance``, symmetric."""
    one, other = (
        np.argwhere(monai_surface(each)) * np.asarray(spacing) for each in (mask, reference)
    )
    apart = np.sqrt(((one[:, None, :] - other[None, :, :]) ** 2).sum(axis=2))
    there, back = apart.min(axis=1), apart.min(axis=0)
    hd95 = max(np.quantile(there, 0.95), np.quantile(back, 0.95))
    return float(hd95), float(np.concatenate([there, back]).mean())


def test_distances_are_those_of_monais_formulas(
    cases: list[tuple[str, Region, Region, tuple[float, ...]]],
) -> None:
    for name, mask, reference, spacing in cases:
        assert np.array_equal(surface(mask), monai_surface(mask)), name
        found = distances(mask, reference, spacing)
        wanted = monai_distances(mask, reference, spacing)
        assert found == pytest.approx(wanted, abs=1e-6), name


# -------------------------------------------------------------------------------- SimpleITK


def image_of(mask: Region, spacing: Sequence[float]) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing([float(each) for each in reversed(spacing)])
    return image


def itk_surface(mask: Region) -> Region:
    """The contour of a label that has room around it, so that the border counts as outside."""
    contour = SimpleITK.LabelContour(image_of(np.pad(mask, 1), (1, 1, 1)), fullyConnected=False)
    found: Region = SimpleITK.GetArrayFromImage(contour)[1:-1, 1:-1, 1:-1] > 0
    return found


def itk_distances(mask: Region, reference: Region, spacing: Sequence[float]) -> tuple[float, ...]:
    one, other = itk_surface(mask), itk_surface(reference)
    ways = []
    for here, there in ((one, other), (other, one)):
        distance_map = SimpleITK.SignedMaurerDistanceMap(
            image_of(there, spacing), squaredDistance=False, useImageSpacing=True
        )
        # within the other surface the map is negative, or 0: there is no way to go
        ways.append(np.maximum(SimpleITK.GetArrayFromImage(distance_map)[here].astype(float), 0.0))
    hd95 = max(float(np.percentile(way, 95)) for way in ways)
    return hd95, float(np.concatenate(ways).mean())


def test_distances_are_those_of_simpleitk(
    cases: list[tuple[str, Region, Region, tuple[float, ...]]],
) -> None:
    for name, mask, reference, spacing in cases:
        found = distances(mask, reference, spacing)
        wanted = itk_distances(mask, reference, spacing)
        assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6), name  # its maps are float32


def test_the_largest_distance_is_simpleitks_hausdorff_distance_of_the_surfaces(
    cases: list[tuple[str, Region, Region, tuple[float, ...]]],
) -> None:
    for name, mask, reference, spacing in cases:
        measured = SimpleITK.HausdorffDistanceImageFilter()
        measured.Execute(image_of(surface(mask), spacing), image_of(surface(reference), spacing))
        points = [np.argwhere(surface(each)) * np.asarray(spacing) for each in (mask, reference)]
        apart = np.sqrt(((points[0][:, None] - points[1][None]) ** 2).sum(axis=2))
        largest = max(apart.min(axis=0).max(), apart.min(axis=1).max())
        assert measured.GetHausdorffDistance() == pytest.approx(largest, rel=1e-6), name


def test_overlap_is_that_of_simpleitk_and_of_surface_distance(
    cases: list[tuple[str, Region, Region, tuple[float, ...]]],
) -> None:
    for name, mask, reference, spacing in cases:
        (score,) = evaluate(
            mask.astype(np.uint8), reference.astype(np.uint8), spacing, CLASS
        ).classes
        measured = SimpleITK.LabelOverlapMeasuresImageFilter()
        measured.Execute(image_of(reference, spacing), image_of(mask, spacing))
        assert score.dice == pytest.approx(measured.GetDiceCoefficient(1), abs=1e-6), name
        assert score.iou == pytest.approx(measured.GetJaccardCoefficient(1), abs=1e-6), name
        theirs = surface_distance.compute_dice_coefficient(reference, mask)
        assert score.dice == pytest.approx(theirs, abs=1e-6), name
        volume = mask.sum() * math.prod(spacing) / 1000
        assert score.volume == pytest.approx(volume, rel=1e-9), name


# ------------------------------------------------------------------------- surface-distance


@pytest.mark.filterwarnings(OLD_NAMES)
def test_surface_distance_puts_its_elements_between_voxels_at_most_half_a_diagonal_away(
    cases: list[tuple[str, Region, Region, tuple[float, ...]]],
) -> None:
    """Its Hausdorff distance is ours but for that, once at each end."""
    for name, mask, reference, spacing in cases:
        theirs = surface_distance.compute_robust_hausdorff(
            surface_distance.compute_surface_distances(reference, mask, spacing), 100
        )
        points = [np.argwhere(surface(each)) * np.asarray(spacing) for each in (mask, reference)]
        apart = np.sqrt(((points[0][:, None] - points[1][None]) ** 2).sum(axis=2))
        ours = max(apart.min(axis=0).max(), apart.min(axis=1).max())
        assert abs(ours - theirs) <= math.hypot(*spacing) + 1e-6, name


@pytest.mark.filterwarnings(OLD_NAMES)
def test_boxes_moved_along_an_axis_are_as_far_apart_by_both() -> None:
    """Where both surfaces are flat and whole the two definitions meet."""
    mask, reference = np.zeros((20, 20, 20), bool), np.zeros((20, 20, 20), bool)
    mask[5:15, 5:15, 2:12] = True
    reference[5:15, 5:15, 5:15] = True
    spacing = (1.0, 1.0, 2.0)
    theirs = surface_distance.compute_surface_distances(reference, mask, spacing)
    found = distances(mask, reference, spacing)
    assert found.hd95 == surface_distance.compute_robust_hausdorff(theirs, 95) == 6.0
