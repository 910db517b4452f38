"""Small changes of an image that should leave the mask as it is, each with its way back.

Test-time augmentation runs the network over the image changed in several such ways. What is moved
is moved back in the answer, exactly: by whole pixels, by mirrors, by quarter turns.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError

Floats = NDArray[np.float32]
Known = NDArray[np.bool_]
Steps = tuple[Fraction, Fraction]

MOST_SHIFT = 4  # pixels of the input
MOST_GAMMA = 1.25  # and its inverse
MOST_GAIN = 0.1  # of the image's range
NOISE = 0.02  # standard deviation, of the image's range


class Augmentation(Enum):
    """A way to change an image; the value is what people call it."""

    SHIFT = "small shifts"
    CONTRAST = "contrast"
    BRIGHTNESS = "brightness"
    NOISE = "noise"
    MIRROR_COLUMNS = "left–right mirror"
    MIRROR_ROWS = "top–bottom mirror"
    TURN = "quarter turns"

    @classmethod
    def _missing_(cls, value: object) -> None:
        known = ", ".join(each.value for each in cls)
        raise ModelError(f"There is no augmentation called {value!r}.", f"There are {known}.")


HARMLESS = (
    Augmentation.SHIFT,
    Augmentation.CONTRAST,
    Augmentation.BRIGHTNESS,
    Augmentation.NOISE,
)
"""What another scan of the same patient might look like.

Mirrors and turns are left to the user: organs do not change sides, and a network that was never
trained on mirrored or turned slices is not unsure about this one when it fails on those.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One drawn change of an image.

    Attributes
    ----------
    shift : (int, int)
        Rows and columns of the output that its content moves by.
    gamma, gain : float
        Of the values between the image's own extremes: ``(share ** gamma) * gain``, cut at both.
    noise : int or None
        Seed of normal noise; None for none.
    mirror_rows, mirror_columns : bool
    turns : int
        Quarter turns, counterclockwise.
    """

    shift: tuple[int, int] = (0, 0)
    gamma: float = 1.0
    gain: float = 1.0
    noise: int | None = None
    mirror_rows: bool = False
    mirror_columns: bool = False
    turns: int = 0

    @property
    def keeps_values(self) -> bool:
        """Whether pixels are moved only."""
        return (self.gamma, self.gain, self.noise) == (1.0, 1.0, None)

    def apply(self, image: Floats, step: Steps = (Fraction(1), Fraction(1))) -> Floats:
        """Change an image ``(H, W, C)``; where a shift leaves nothing its edge is repeated.

        Parameters
        ----------
        step : (Fraction, Fraction)
            Pixels of the image from one pixel of the output to the next.
        """
        changed = image if self.keeps_values else self._with_values(image)
        rows, columns = (int(n * each) for n, each in zip(self.shift, step, strict=True))
        changed = _moved(_moved(changed, rows, 0), columns, 1)
        changed = np.rot90(changed, self.turns)
        changed = changed[::-1] if self.mirror_rows else changed
        changed = changed[:, ::-1] if self.mirror_columns else changed
        return np.ascontiguousarray(changed, np.float32)

    def undo(self, output: Floats) -> tuple[Floats, Known | None]:
        """Bring what a network gave for the changed image back to the image.

        Parameters
        ----------
        output : (h, w, C) ndarray of float32

        Returns
        -------
        output : (h, w, C) ndarray of float32
        known : (h, w) ndarray of bool, or None
            Where it is of the image, and not of an edge repeated; None: everywhere.
        """
        back = output[:, ::-1] if self.mirror_columns else output
        back = back[::-1] if self.mirror_rows else back
        back = np.rot90(back, -self.turns)
        if self.shift == (0, 0):
            return np.ascontiguousarray(back), None
        known = np.ones(back.shape[:2], bool)
        for axis, by in enumerate(self.shift):
            back = _moved(back, -by, axis)
            gone = np.arange(back.shape[axis]) + by
            seen = (gone >= 0) & (gone < back.shape[axis])
            known &= seen[:, None] if axis == 0 else seen
        return np.ascontiguousarray(back), known

    def _with_values(self, image: Floats) -> Floats:
        low, high = float(image.min()), float(image.max())
        span = high - low
        if not span > 0:
            return image
        share = ((image - low) / span) ** np.float32(self.gamma) * np.float32(self.gain)
        if self.noise is not None:
            drawn = np.random.default_rng(self.noise).standard_normal(image.shape, np.float32)
            share = share + drawn * np.float32(NOISE)
        changed: Floats = np.clip(share, 0, 1) * np.float32(span) + np.float32(low)
        return changed


def draw(
    chosen: Collection[Augmentation],
    random: np.random.Generator,
    step: Steps = (Fraction(1), Fraction(1)),
) -> Change:
    """Draw a change of the chosen kinds; the same generator gives the same changes.

    Parameters
    ----------
    step : (Fraction, Fraction)
        Pixels of the image from one pixel of the output to the next; a shift is by whole pixels of
        both.
    """
    most = [max(MOST_SHIFT // _least(each), 1) for each in step]
    least = [_least(each) / each for each in step]  # pixels of the output that one shift takes
    shift = [int(int(random.integers(-m, m + 1)) * one) for m, one in zip(most, least, strict=True)]
    gamma, gain = random.uniform(-1, 1), random.uniform(-1, 1)
    noise, rows, columns = (int(random.integers(0, n)) for n in (2**31, 2, 2))
    turns = int(random.integers(0, 4))
    return Change(
        shift=(shift[0], shift[1]) if Augmentation.SHIFT in chosen else (0, 0),
        gamma=float(MOST_GAMMA**gamma) if Augmentation.CONTRAST in chosen else 1.0,
        gain=1 + MOST_GAIN * gain if Augmentation.BRIGHTNESS in chosen else 1.0,
        noise=noise if Augmentation.NOISE in chosen else None,
        mirror_rows=bool(rows) and Augmentation.MIRROR_ROWS in chosen,
        mirror_columns=bool(columns) and Augmentation.MIRROR_COLUMNS in chosen,
        turns=turns if Augmentation.TURN in chosen else 0,
    )


def check(
    chosen: Collection[Augmentation], size: tuple[int, ...], step: tuple[float, float]
) -> Steps:
    """Check that the chosen changes fit a grid.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of the image.
    step : (float, float)
        Pixels of the image from one pixel of the output to the next.

    Returns
    -------
    step : (Fraction, Fraction)
        The same, exactly.

    Raises
    ------
    ModelError
        None is chosen, a grid that is not square cannot be turned by a quarter, or whole pixels of
        image and output do not go together.
    """
    if not chosen:
        raise ModelError("No augmentation is chosen.", "Choose small shifts, say.")
    if Augmentation.TURN in chosen and size[0] != size[1]:
        raise ModelError(
            f"Quarter turns need a square grid, but the image has {size[0]}×{size[1]} pixels.",
            "Leave quarter turns out.",
        )
    exact = tuple(Fraction(each).limit_denominator(64) for each in step)
    whole = all(
        each > 0 and abs(float(each) - given) < 1e-9 and 1 in (each.numerator, each.denominator)
        for each, given in zip(exact, step, strict=True)
    )
    if Augmentation.SHIFT in chosen and not whole:
        raise ModelError(
            "Small shifts cannot be taken back: no whole pixels of image and mask go together.",
            "Leave small shifts out.",
        )
    return (exact[0], exact[1]) if whole else (Fraction(1), Fraction(1))


def _least(step: Fraction) -> int:
    """Pixels of the image in the smallest shift that is whole on both grids."""
    return step.numerator


def _moved(values: Floats, by: int, axis: int) -> Floats:
    """Values moved along an axis, the edge repeated."""
    if not by:
        return values
    at = np.clip(np.arange(values.shape[axis]) - by, 0, values.shape[axis] - 1)
    return values.take(at, axis)
