"""Whether a heat map depends on what the network has learnt: two measures and a plain sentence.

A map that looks the same when all weights are random shows the image, not the network. After
Adebayo et al.: Sanity Checks for Saliency Maps. NeurIPS 2018.

Maps are compared where the target is. Elsewhere the map of any network is near 0, random ones
included, and two maps would be alike for that alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
Stage = tuple[str, float, float]
"""``(layer, rank correlation, SSIM)`` when it and all after it are randomised."""

ALIKE = 0.5
"""From this rank correlation on a map looks the same with random weights: it has half of its order
in common with one that knows nothing. The structural similarity does not decide, for that of two
smooth maps is high whatever they show."""
LEAST = 256
"""Positions that are compared at least: the target's own, and as many around it as that takes."""

_WINDOW, _SIGMA = 11, 1.5  # of Wang et al.
_C1, _C2 = 0.01**2, 0.03**2  # for values of a range of 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Honesty:
    """A heat map against its twin of random weights.

    Attributes
    ----------
    rank_correlation, ssim : float
        Of the magnitudes of the two where the target is, every weight random; 1 means alike, 0
        unrelated. NaN where one of the two is the same everywhere.
    cascade : tuple of (str, float, float)
        Layer, rank correlation and SSIM, from the output down: when this layer and all after it are
        random. The last one is the whole network.
    verdict : str
        What it means, in one sentence.
    depends_on_weights : bool
        The map is another one with random weights.
    """

    rank_correlation: float
    ssim: float
    cascade: tuple[Stage, ...]
    verdict: str
    depends_on_weights: bool


def judged(cascade: Sequence[Stage]) -> Honesty:
    """Say what a cascade of randomisations means; its last stage is the whole network."""
    _, correlation, similarity = cascade[-1]
    measures = f"rank correlation {_said(correlation)}, SSIM {_said(similarity)}"
    depends = not correlation > ALIKE
    if np.isnan(correlation):
        verdict = "Where the target is, random weights leave nothing of the map."
    elif depends:
        verdict = f"Where the target is, random weights give another map ({measures})."
    else:
        verdict = (
            "This map does not depend on the weights: where the target is, random ones give the "
            f"same ({measures}). It shows the image and where the target is, not what the network "
            "has learnt."
        )
    return Honesty(
        rank_correlation=correlation,
        ssim=similarity,
        cascade=tuple(cascade),
        verdict=verdict,
        depends_on_weights=depends,
    )


def rank_correlation(some: ArrayLike, others: ArrayLike) -> float:
    """Spearman's rank correlation of two arrays; equal values share their mean rank.

    Returns
    -------
    correlation : float
        -1 to 1; NaN where one of them is the same everywhere.
    """
    first, second = (_ranks(np.asarray(each, np.float64).ravel()) for each in (some, others))
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / size if size else float("nan")


def structural_similarity(
    some: ArrayLike, others: ArrayLike, where: NDArray[np.bool_] | None = None
) -> float:
    """Mean structural similarity of the magnitudes of two maps, each brought to a range of 0 to 1.

    Parameters
    ----------
    some, others : (H, W) array_like
        Grids smaller than 11 positions take the widest odd window that fits.
    where : (H, W) ndarray of bool, optional
        Centres of the windows that count; all when left out, or when no window lies within the map.

    Returns
    -------
    ssim : float
        -1 to 1; NaN where one of them is zero everywhere.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment: From Error Visibility to Structural
    Similarity. IEEE Transactions on Image Processing 13 (2004): a Gaussian window of 11 x 11 with a
    deviation of 1.5, over the positions where it lies within the map.
    """
    x, y = (np.abs(np.asarray(each, np.float64)) for each in (some, others))
    if not x.max() or not y.max():
        return float("nan")
    x, y = x / x.max(), y / y.max()
    mean_x, mean_y = _blurred(x), _blurred(y)
    of_x, of_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    both = _blurred(x * y) - mean_x * mean_y
    above = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    below = (mean_x**2 + mean_y**2 + _C1) * (of_x + of_y + _C2)
    alike = above / below
    if where is not None:
        top, left = ((n - m) // 2 for n, m in zip(where.shape, alike.shape, strict=True))
        inner = where[top : top + alike.shape[0], left : left + alike.shape[1]]
        alike = alike[inner] if inner.any() else alike
    return float(alike.mean())


def compared_on(region: NDArray[np.bool_], grid: tuple[int, int]) -> NDArray[np.bool_]:
    """Positions of a grid that show the target, and around it until there are `LEAST`.

    Parameters
    ----------
    region : (H, W) ndarray of bool
        The target, on the grid of the output.
    grid : (int, int)
        Rows and columns of another grid of the same picture.
    """
    result = placed_on(region, grid)
    while result.sum() < min(LEAST, result.size):
        around = sliding_window_view(np.pad(result, 1), (3, 3))
        result = np.asarray(around.any((-2, -1)))
    return result


def placed_on(region: NDArray[np.bool_], grid: tuple[int, int]) -> NDArray[np.bool_]:
    """Positions of a grid that show any pixel of the target; see `compared_on`."""
    result: NDArray[np.bool_] = np.zeros(grid, bool)
    rows, columns = np.nonzero(region)
    result[rows * grid[0] // region.shape[0], columns * grid[1] // region.shape[1]] = True
    return result


def _ranks(values: Doubles) -> Doubles:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Doubles = (last - (counts - 1) / 2)[which]
    return ranks


def _blurred(values: Doubles) -> Doubles:
    """Gaussian means over the windows that lie within a map, axis by axis."""
    for axis in (0, 1):
        length = min(_WINDOW, (values.shape[axis] - 1) // 2 * 2 + 1)
        weights = np.exp(-((np.arange(length) - length // 2) ** 2) / (2 * _SIGMA**2))
        values = sliding_window_view(values, length, axis) @ (weights / weights.sum())
    return values


def _said(measure: float) -> str:
    return "unknown" if np.isnan(measure) else f"{measure:.2f}"
