"""Kernels made by a rule: edges, blurs, ridges, at any window size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Kernel = NDArray[np.float32]
Values = NDArray[np.float64]
Size = tuple[int, int]


Settings = Mapping[str, float]
NO_SETTINGS: Settings = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Setting:
    """One number of a recipe that can be changed.

    Attributes
    ----------
    name : str
        What people call it.
    usual : callable
        From the window's size to the number that is taken unless another is given.
    least, most, step : float
        Its bounds, and what one step of a spin box is.
    unit : str
        ``px``, ``°`` or empty.
    """

    name: str
    usual: Callable[[Size], float]
    least: float
    most: float
    step: float
    unit: str = ""

    def of(self, size: Size, settings: Settings) -> float:
        """The number in force, within its bounds."""
        value = settings.get(self.name)
        value = self.usual(size) if value is None or not np.isfinite(value) else value
        return min(max(value, self.least), self.most)


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
        From ``(kh, kw)``, and a number for each of the settings in order, to the kernel,
        ``(kh, kw) ndarray of float``, dimensionless.
    settings : tuple of Setting
        The numbers that can be changed.
    own_size : (int, int)
        The window it was made for; of the user's own ones, that of the kernel they were made of.
    """

    id: str
    name: str
    hint: str
    make: Callable[..., Values]
    settings: tuple[Setting, ...] = ()
    own_size: Size = (3, 3)

    def kernel(
        self, size: Size, like: Kernel | None = None, settings: Settings = NO_SETTINGS
    ) -> Kernel:
        """Make the kernel; with ``like``, keep that kernel's L2 norm and mean.

        Parameters
        ----------
        size : (int, int)
            Rows and columns of the window.
        like : (kh, kw) or (kh, kw, n) ndarray, optional
            The kernel it is to replace, or many. One of all zeros has no norm to keep: the
            recipe's own values are then given.
        settings : mapping of str to float, optional
            Numbers by the name of their `Setting`; one out of bounds is taken as the bound.
        """
        numbers = [setting.of(size, settings) for setting in self.settings]
        made = np.asarray(self.make(size, *numbers), np.float64)
        return made.astype(np.float32) if like is None else match_norm_and_mean(made, like)


def match_norm_and_mean(values: Values, like: NDArray[np.floating]) -> Kernel:
    """Shift and scale ``values`` so that mean and L2 norm become those of ``like``.

    A constant kernel cannot have both: then the norm is kept. One of all zeros has neither to give.

    Parameters
    ----------
    values : (kh, kw) ndarray of float
    like : (kh, kw) or (kh, kw, n) ndarray of float
        One kernel, or many; the result has its shape.
    """
    many = like.reshape((*values.shape, -1))
    spread = values - float(values.mean())
    length, whole = float(np.linalg.norm(spread)), float(np.linalg.norm(values))
    mean = many.mean(axis=(0, 1), dtype=np.float64)
    square = np.einsum("ijn,ijn->n", many, many, dtype=np.float64)
    wanted = np.sqrt(np.maximum(square - values.size * mean**2, 0))
    both = (wanted > 1e-6 * np.sqrt(square)) & (length > 1e-12)
    ratio = (wanted / (length if length > 1e-12 else 1.0)).astype(np.float32)
    made = spread.astype(np.float32)[..., None] * ratio + mean.astype(np.float32)
    if not both.all():
        only_norm = np.where(square > 0, np.sqrt(square) / (whole if whole > 0 else 1.0), 1.0)
        made[..., ~both] = values[..., None] * only_norm[~both]
    return np.asarray(made.reshape(like.shape), np.float32)


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


def _gaussian(size: Size, sigma: float) -> Values:
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


def _laplacian_of_gaussian(size: Size, sigma: float) -> Values:
    y, x = np.meshgrid(_axis(size[0]), _axis(size[1]), indexing="ij")
    r = (y**2 + x**2) / (2 * sigma**2)
    made = np.asarray((r - 1) * np.exp(-r))
    return np.asarray(made - made.mean())


def _gabor(size: Size, angle: float, wavelength: float, sigma: float) -> Values:
    turn = np.deg2rad(angle)
    y, x = np.meshgrid(_axis(size[0]), _axis(size[1]), indexing="ij")
    along = x * np.cos(turn) + y * np.sin(turn)
    wave = np.cos(2 * np.pi * along / wavelength)
    made = np.asarray(wave * _gaussian(size, sigma))
    return np.asarray(made - made.mean())


def _gabor_at(angle: float) -> tuple[Setting, ...]:
    return (
        Setting("angle", lambda _: angle, 0.0, 180.0, 5.0, "°"),
        Setting("wavelength", lambda s: max(max(s) * 0.75, 2.0), 1.5, 64.0, 0.25, "px"),
        _sigma(lambda s: max(max(s) / 3.5, 0.5)),
    )


def _sigma(usual: Callable[[Size], float]) -> Setting:
    return Setting("sigma", usual, 0.2, 64.0, 0.1, "px")


def _random(size: Size, seed: float) -> Values:
    return np.random.default_rng(round(seed)).standard_normal(size)


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
        (_sigma(lambda s: max(max(s) / 6, 0.6)),),
    ),
    Recipe("gabor_0", "Gabor 0°", "Answers at upright stripes.", _gabor, _gabor_at(0.0)),
    Recipe("gabor_45", "Gabor 45°", "Answers at slanting stripes.", _gabor, _gabor_at(45.0)),
    Recipe("gabor_90", "Gabor 90°", "Answers at level stripes.", _gabor, _gabor_at(90.0)),
    Recipe(
        "gaussian",
        "Gaussian",
        "Blurs, the centre weighing most.",
        _gaussian,
        (_sigma(lambda s: max(max(s) / 5, 0.5)),),
    ),
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
        "Normal random numbers, the same ones for the same seed.",
        _random,
        (Setting("seed", lambda _: 0.0, 0.0, 9999.0, 1.0),),
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


def own_recipe(name: str, values: Kernel) -> Recipe:
    """A recipe out of a kernel ``(kh, kw)``; in a window of another size it is interpolated."""
    kept = np.array(values, np.float64)
    return Recipe(
        f"own.{name}",
        name,
        f"Your own kernel of {kept.shape[0]}×{kept.shape[1]}.",
        lambda size: _resized(kept, size),
        own_size=(kept.shape[0], kept.shape[1]),
    )


def _resized(values: Values, size: Size) -> Values:
    """Stretch a kernel over another window, linearly between its cells."""
    for axis, length in enumerate(size):
        have = values.shape[axis]
        if length == have:
            continue
        at = np.linspace(0, have - 1, length) if length > 1 else np.array([(have - 1) / 2])
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, have - 1)
        share = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        values = np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share
    return values.copy()
