"""Kernels made by a rule: edges, blurs, ridges, at any window size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Kernel = NDArray[np.float32]
Values = NDArray[np.float64]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named rule that makes a kernel of any window size.

    Attributes
    ----------
    id : str
        Key for settings and saved edits.
    name : str
        What people call it.
    hint : str
        What it does to a picture, in one sentence.
    make : callable
        From ``(kh, kw)`` to the kernel, ``(kh, kw) ndarray of float``, dimensionless.
    """

    id: str
    name: str
    hint: str
    make: Callable[[Size], Values]

    def kernel(self, size: Size, like: Kernel | None = None) -> Kernel:
        """Make the kernel; with ``like``, keep that kernel's L2 norm and mean.

        Parameters
        ----------
        size : (int, int)
            Rows and columns of the window.
        like : (kh, kw) ndarray, optional
            The kernel it is to replace. One of all zeros has no norm to keep: the recipe's own
            values are then given.
        """
        made = np.asarray(self.make(size), np.float64)
        if like is not None and np.any(like):
            made = match_norm_and_mean(made, np.asarray(like, np.float64))
        return made.astype(np.float32)


def match_norm_and_mean(values: Values, like: Values) -> Values:
    """Shift and scale ``values`` so that mean and L2 norm become those of ``like``.

    A constant kernel cannot have both: then the norm is kept.
    """
    spread: Values = values - float(values.mean())
    wanted = like - float(like.mean())
    length = float(np.linalg.norm(spread))
    if length > 1e-12 and np.linalg.norm(wanted) > 1e-12:
        ratio = float(np.linalg.norm(wanted)) / length
        return np.asarray(spread * ratio + float(like.mean()), np.float64)
    norm = float(np.linalg.norm(values))
    return np.asarray(values * (float(np.linalg.norm(like)) / max(norm, 1e-300)), np.float64)


def _axis(length: int) -> Values:
    """Positions of a window's cells about its centre: -1, 0, 1 for three."""
    return np.asarray(np.arange(length) - (length - 1) / 2, np.float64)


def _binomial(length: int) -> Values:
    row: Values = np.ones(1)
    for _ in range(length - 1):
        row = np.asarray(np.convolve(row, [1, 1]), np.float64)
    return row


def _slope(length: int) -> Values:
    """Binomial smoothing times the position: -1, 0, 1 for three cells."""
    if length <= 2:
        return _axis(length)
    slope: Values = np.asarray(np.convolve(_binomial(length - 2), [-1, 0, 1]), np.float64)
    return slope


def _scharr_row(length: int) -> Values:
    smooth = _binomial(length) / _binomial(length).max()
    return np.asarray(smooth**1.737 * 10)  # 3, 10, 3 for three cells


def _gaussian(size: Size, sigma: float | None = None) -> Values:
    sigma = sigma or max(max(size) / 5, 0.5)
    rows, columns = (np.exp(-0.5 * (_axis(n) / sigma) ** 2) for n in size)
    made = np.outer(rows, columns)
    return np.asarray(made / made.sum())


def _identity(size: Size) -> Values:
    made = np.zeros(size)
    made[(size[0] - 1) // 2, (size[1] - 1) // 2] = 1
    return made


def _laplacian(size: Size) -> Values:
    made = -np.ones(size) if max(size) < 3 else np.zeros(size)
    row, column = (size[0] - 1) // 2, (size[1] - 1) // 2
    for r, c in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        if 0 <= row + r < size[0] and 0 <= column + c < size[1]:
            made[row + r, column + c] = 1
    made[row, column] = 0
    made[row, column] = -made.sum()
    return made


def _laplacian_of_gaussian(size: Size) -> Values:
    sigma = max(max(size) / 6, 0.6)
    y, x = np.meshgrid(_axis(size[0]), _axis(size[1]), indexing="ij")
    r = (y**2 + x**2) / (2 * sigma**2)
    made = np.asarray((r - 1) * np.exp(-r))
    return np.asarray(made - made.mean())


def _gabor(angle: float) -> Callable[[Size], Values]:
    def make(size: Size) -> Values:
        y, x = np.meshgrid(_axis(size[0]), _axis(size[1]), indexing="ij")
        along = x * np.cos(angle) + y * np.sin(angle)
        wave = np.cos(2 * np.pi * along / max(max(size) * 0.75, 2))
        made = np.asarray(wave * _gaussian(size, max(max(size) / 3.5, 0.5)))
        return np.asarray(made - made.mean())

    return make


def _half(size: Size) -> Values:
    """Dark left half, bright right half: ``[-1, -1, 1, 1]`` in every row for four cells."""
    return np.broadcast_to(np.sign(_axis(size[1])), size).copy()


def _half_down(size: Size) -> Values:
    return _half((size[1], size[0])).T


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "sobel_x",
        "Sobel x",
        "Answers where the picture gets brighter from left to right.",
        lambda s: np.outer(_binomial(s[0]), _slope(s[1])),
    ),
    Recipe(
        "sobel_y",
        "Sobel y",
        "Answers where the picture gets brighter from top to bottom.",
        lambda s: np.outer(_slope(s[0]), _binomial(s[1])),
    ),
    Recipe(
        "prewitt_x",
        "Prewitt x",
        "As Sobel x, with every row weighing the same.",
        lambda s: np.outer(np.ones(s[0]), _slope(s[1])),
    ),
    Recipe(
        "prewitt_y",
        "Prewitt y",
        "As Sobel y, with every column weighing the same.",
        lambda s: np.outer(_slope(s[0]), np.ones(s[1])),
    ),
    Recipe(
        "scharr_x",
        "Scharr x",
        "As Sobel x, nearer to the same answer at every angle.",
        lambda s: np.outer(_scharr_row(s[0]), _slope(s[1])),
    ),
    Recipe(
        "scharr_y",
        "Scharr y",
        "As Sobel y, nearer to the same answer at every angle.",
        lambda s: np.outer(_slope(s[0]), _scharr_row(s[1])),
    ),
    Recipe("laplacian", "Laplacian", "Answers at spots and thin lines.", _laplacian),
    Recipe(
        "log",
        "Laplacian of Gaussian",
        "Answers at spots of its own size.",
        _laplacian_of_gaussian,
    ),
    Recipe("gabor_0", "Gabor 0°", "Answers at upright stripes.", _gabor(0.0)),
    Recipe("gabor_45", "Gabor 45°", "Answers at slanting stripes.", _gabor(np.pi / 4)),
    Recipe("gabor_90", "Gabor 90°", "Answers at level stripes.", _gabor(np.pi / 2)),
    Recipe("gaussian", "Gaussian", "Blurs, the centre weighing most.", _gaussian),
    Recipe("box", "Box", "Blurs: the mean of the window.", lambda s: np.full(s, 1 / (s[0] * s[1]))),
    Recipe(
        "sharpen",
        "Sharpen",
        "Adds edges and spots to the picture.",
        lambda s: _identity(s) - _laplacian(s) / 2,
    ),
    Recipe("identity", "Identity", "Passes the picture on as it is.", _identity),
    Recipe(
        "random",
        "Random",
        "Normal random numbers, the same ones every time.",
        lambda s: np.random.default_rng(0).standard_normal(s),
    ),
    Recipe("half_right", "Edge, bright right", "The tutorial's first filter at 4×4.", _half),
    Recipe(
        "half_left",
        "Edge, bright left",
        "The tutorial's second filter at 4×4.",
        lambda s: -_half(s),
    ),
    Recipe("half_down", "Edge, bright below", "The tutorial's third filter at 4×4.", _half_down),
    Recipe(
        "half_up",
        "Edge, bright above",
        "The tutorial's fourth filter at 4×4.",
        lambda s: -_half_down(s),
    ),
)

RECIPE_BY_ID = {recipe.id: recipe for recipe in RECIPES}
