"""Distances between the surfaces of two masks.

There are many definitions of a Hausdorff distance, which give different numbers for the same masks
(Podobnik and Vrtovec, arXiv 2410.02630). This is the one of MONAI:

- The surface of a mask is its voxels that have a neighbour outside it across a face; beyond the
  border of the image is outside. A voxel stands for its centre.
- Each surface voxel of one mask has its distance to the nearest surface voxel of the other, in mm
  by the spacing of the voxels.
- HD95 is the larger of the two 95th percentiles, that from the mask to the reference and that
  back, interpolated between neighbours in order.
- The mean surface distance (ASSD) is the mean over the surface voxels of both.

DeepMind's ``surface-distance`` puts surface elements between the voxels and weighs each by its
area, so its numbers differ by up to a voxel. SimpleITK's ``HausdorffDistance`` starts from all
voxels of a mask, not only from its surface, so that from a mask inside the other it measures 0;
given the two surfaces it measures the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unetscope.domain.evaluation import NAN

Region = NDArray[np.bool_]


class Distances(NamedTuple):
    """Between two surfaces, in the unit of the spacing; NaN where a mask is empty."""

    hd95: float
    mean: float


def distances(mask: Region, reference: Region, spacing: Sequence[float]) -> Distances:
    """Measure how far the surfaces of two masks lie from each other.

    Parameters
    ----------
    mask, reference : (..., rows, columns) ndarray of bool
        Of two or three dimensions.
    spacing : sequence of float
        Distance between neighbours along each axis.
    """
    box = _box(mask | reference)
    if box is None or not mask.any() or not reference.any():
        return Distances(NAN, NAN)
    one, other = surface(mask[box]), surface(reference[box])
    there, back = _to_nearest(one, other, spacing), _to_nearest(other, one, spacing)
    hd95 = max(float(np.percentile(there, 95)), float(np.percentile(back, 95)))
    return Distances(hd95, float(np.concatenate([there, back]).mean()))


def surface(mask: Region) -> Region:
    """Voxels of a mask with a neighbour outside it across a face, or beyond the border."""
    padded = np.pad(mask, 1)
    middle = (slice(1, -1),) * mask.ndim
    inside = mask.copy()
    for axis in range(mask.ndim):
        for side in (slice(None, -2), slice(2, None)):
            inside &= padded[(*middle[:axis], side, *middle[axis + 1 :])]
    return mask & ~inside


def _to_nearest(one: Region, other: Region, spacing: Sequence[float]) -> NDArray[np.float64]:
    """From each voxel of `one` to the nearest of `other`, by an exact distance transform."""
    nearest = ndimage.distance_transform_edt(
        ~other, sampling=spacing, return_distances=False, return_indices=True
    )
    apart = nearest[:, one] - np.stack(np.nonzero(one))
    lengths: NDArray[np.float64] = apart * np.asarray(spacing, np.float64)[:, None]
    squares: NDArray[np.float64] = np.square(lengths).sum(axis=0)
    return np.sqrt(squares)


def _box(region: Region) -> tuple[slice, ...] | None:
    """The smallest box around what is True; None where nothing is."""
    box = []
    for axis in range(region.ndim):
        others = tuple(each for each in range(region.ndim) if each != axis)
        found = np.flatnonzero(region.any(axis=others))
        if not len(found):
            return None
        box.append(slice(int(found[0]), int(found[-1]) + 1))
    return tuple(box)
