"""Whether uncertainty is high where a mask is wrong: to know whether to believe it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.explaining.uncertainty import Floats, Region
from unetscope.domain.metrics import Labels

TOP = 0.05  # share of the pixels that is looked at
_EDGES = np.geomspace(1e-7, 64.0, 2400)  # neighbours differ by 0.85 %; below the first is 0
BINS = len(_EDGES) + 1


def judged(
    mask: Labels, reference: Labels, classes: Collection[int], background: Collection[int] = (0,)
) -> Region:
    """Which pixels can be right or wrong in a way that says something.

    Those that mask or reference gives a class: in the air around a head it is easy to be right.
    Left out is where the mask shows a class that the reference has nothing for.

    Parameters
    ----------
    classes : collection of int
        Labels that the reference has something for.
    """
    nothing = tuple(background)
    either = ~np.isin(mask, nothing) | ~np.isin(reference, nothing)
    known: Region = np.isin(mask, (*classes, *nothing))
    return either & known


@dataclass(frozen=True, slots=True, eq=False)
class ErrorFinding:
    """How many pixels, by their uncertainty, are right and how many wrong; slices add up.

    Attributes
    ----------
    right, wrong : (BINS,) ndarray of int64
        From the lowest uncertainty to the highest.
    """

    right: NDArray[np.int64]
    wrong: NDArray[np.int64]

    @classmethod
    def of(cls, values: Floats, wrong: Region, where: Region) -> ErrorFinding:
        """Count the pixels of a slice: ``(H, W)`` each."""
        at = np.searchsorted(_EDGES, values[where], side="right")
        is_wrong = wrong[where]
        return cls(
            np.bincount(at[~is_wrong], minlength=BINS), np.bincount(at[is_wrong], minlength=BINS)
        )

    def __add__(self, other: ErrorFinding) -> ErrorFinding:
        """Both together."""
        return ErrorFinding(self.right + other.right, self.wrong + other.wrong)

    @property
    def pixels(self) -> int:
        """How many were counted."""
        return int(self.right.sum() + self.wrong.sum())

    @property
    def error(self) -> float:
        """Share of all that is wrong; NaN of nothing."""
        return int(self.wrong.sum()) / self.pixels if self.pixels else float("nan")

    @property
    def auroc(self) -> float:
        """Chance that a wrong pixel is less certain than a right one; NaN without both.

        Pixels of one bin count half. 0.5 is what chance gives.

        References
        ----------
        Hanley and McNeil, Radiology 143 (1982).
        """
        right, wrong = int(self.right.sum()), int(self.wrong.sum())
        if not right or not wrong:
            return float("nan")
        below = np.cumsum(self.right) - self.right / 2
        return float((below * self.wrong).sum() / right / wrong)

    def error_in_top(self, share: float = TOP) -> float:
        """Share that is wrong of the least certain pixels; NaN of nothing.

        Of the bin that the limit goes through the same share of right and wrong pixels counts.
        """
        both = (self.right + self.wrong)[::-1]
        wanted = share * self.pixels
        if not wanted:
            return float("nan")
        before = np.cumsum(both) - both
        part = np.clip((wanted - before) / np.maximum(both, 1), 0, 1)
        return float((part * self.wrong[::-1]).sum() / wanted)

    def sentence(self) -> str:
        """What it says, for the user; empty where nothing was counted."""
        if not self.pixels:
            return ""
        if not self.wrong.any():
            return "Mask and reference are the same here: no error to find."
        if not self.right.any():
            return "Every pixel differs from the reference here."
        top, overall = self.error_in_top(), self.error
        times = f"{top / overall:.1f} times ".replace(".0 ", " ").removeprefix("1 times ")
        return (
            "Where mask or reference shows a class, wrong pixels are "
            f"{times}as frequent among the 5 % most uncertain ({top:.0%}) as overall "
            f"({overall:.1%}). AUROC {self.auroc:.2f}; 0.5 is chance."
        )
