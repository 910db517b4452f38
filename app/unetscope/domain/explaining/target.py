"""What an explanation is about: never the whole picture, always some pixels and a class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError

Point = tuple[float, float]  # row and column of the slice as acquired, pixel centres whole


class TargetKind(Enum):
    """Which pixels; the value is what people call it."""

    PIXEL = "one pixel"
    REGION = "a drawn region"
    CLASS = "the class"
    CLASS_IN_REGION = "the class inside the region"
    FALSE_POSITIVES = "false positives"
    FALSE_NEGATIVES = "false negatives"


DRAWN = frozenset({TargetKind.REGION, TargetKind.CLASS_IN_REGION})
ERRORS = frozenset({TargetKind.FALSE_POSITIVES, TargetKind.FALSE_NEGATIVES})


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChoice:
    """What was chosen to be explained; part of the session, so without pixels.

    Attributes
    ----------
    label : int or None
        The class, as the mask shows it; None for the one that the mask shows there.
    pixel : (float, float) or None
        Of the slice.
    pixel_slice : int or None
        The slice that `pixel` lies on.
    outline : tuple of (float, float)
        Corners of the drawn region, on the slice.
    outline_slice : int or None
        The slice that it was drawn on.
    """

    kind: TargetKind = TargetKind.CLASS
    label: int | None = None
    pixel: Point | None = None
    pixel_slice: int | None = None
    outline: tuple[Point, ...] = ()
    outline_slice: int | None = None

    @property
    def slice_index(self) -> int | None:
        """The slice that it is about; None where it is about whichever is shown."""
        if self.kind is TargetKind.PIXEL:
            return self.pixel_slice
        return self.outline_slice if self.kind in DRAWN else None

    def at(self, pixel: Point, index: int) -> TargetChoice:
        """Explain one pixel of a slice."""
        return replace(self, kind=TargetKind.PIXEL, pixel=pixel, pixel_slice=index)

    def within(self, outline: tuple[Point, ...], index: int) -> TargetChoice:
        """Explain what is inside a region drawn on a slice."""
        kept = self.kind is TargetKind.CLASS_IN_REGION
        kind = TargetKind.CLASS_IN_REGION if kept else TargetKind.REGION
        return replace(self, kind=kind, outline=outline, outline_slice=index)

    def moved(self, place: Callable[[int], int | None]) -> TargetChoice:
        """The slices have other places now; where one is gone, so is what was chosen on it."""
        pixel, outline = (
            None if index is None else place(index)
            for index in (self.pixel_slice, self.outline_slice)
        )
        return replace(
            self,
            pixel=None if pixel is None else self.pixel,
            pixel_slice=pixel,
            outline=() if outline is None else self.outline,
            outline_slice=outline,
        )

    def of_kind(self, kind: TargetKind) -> TargetChoice:
        """Explain other pixels; what was drawn or pointed at stays."""
        return replace(self, kind=kind)

    def of_class(self, label: int | None) -> TargetChoice:
        """Explain another class."""
        return replace(self, label=label)


FIRST_TARGET = TargetChoice()


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A class and some pixels: what the engine is asked about.

    The score that is explained is what the network's last activation is applied to (the logit,
    where that is known), of this class, summed over these pixels. Of an error it is the margin: how
    far the class is ahead of the one that stands in its place.

    Attributes
    ----------
    channel : int
        Of the network's output. With several sigmoid channels that is the label of the mask less 1,
        with one channel 0, else the label itself.
    region : (H, W) ndarray of bool
        On the grid of the network's output.
    against : (H, W) ndarray of int, or None
        Channels whose score is taken off at these pixels; less than 0 for none.
    name : str
        What it is called, for the user.
    """

    channel: int
    region: NDArray[np.bool_]
    name: str = ""
    against: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        region = np.asarray(self.region, bool)
        if region.ndim != 2 or not region.any():
            raise ModelError(
                "There is nothing to explain: no pixel is chosen.",
                "Choose a class that the mask shows, point at a pixel, or draw a region.",
            )
        object.__setattr__(self, "region", region)
        if self.against is not None:
            against = np.where(region, np.asarray(self.against, np.intp), -1)
            object.__setattr__(self, "against", against)

    @property
    def pixels(self) -> int:
        """How many pixels it has."""
        return int(self.region.sum())
