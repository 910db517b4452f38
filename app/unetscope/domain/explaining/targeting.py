"""From what was chosen on the slice to what the engine is asked about: pixels of its output."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ClassLabel
from unetscope.domain.explaining.on_grid import on_output, pixel_of_output
from unetscope.domain.explaining.target import DRAWN, ERRORS, Target, TargetChoice, TargetKind
from unetscope.domain.input_grid import Placement, Size
from unetscope.domain.measurements import Kind, Measurement, inside
from unetscope.domain.metrics import Labels

Bools = NDArray[np.bool_]


class NoTargetError(Exception):
    """There is nothing of what was chosen; its text says why, and what to do."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Segmented:
    """A slice, as the network segmented it and as someone else did.

    Attributes
    ----------
    mask : (H, W) ndarray of uint8
        Labels on the grid of the network's output.
    placement : Placement
        Where the slice lies in the network's input.
    index : int
        Of the slice.
    channels : int
        Of the output.
    has_background : bool
        Label 0 is none of several channels, as `output_meaning.has_background` says.
    classes : tuple of ClassLabel
        What the labels are called.
    reference : (rows, columns) ndarray of uint8, or None
        On the slice's own grid, in the labels of the mask.
    in_reference : collection of int
        The labels that the reference has something for.
    """

    mask: Labels
    placement: Placement
    index: int
    channels: int
    has_background: bool = False
    classes: tuple[ClassLabel, ...] = ()
    reference: Labels | None = None
    in_reference: Collection[int] = ()

    @property
    def size(self) -> Size:
        """Rows and columns of the output."""
        return self.mask.shape[0], self.mask.shape[1]

    @property
    def on_slice(self) -> Bools:
        """The pixels of the output that lie on the slice, not on what it was padded with."""
        return on_output(np.ones(self.placement.slice_shape, bool), self.placement, self.size)

    @property
    def nothing(self) -> int | None:
        """The label of what is no class; None where the network has none."""
        if self.has_background or self.channels == 1:
            return 0
        return next((each.index for each in self.classes if each.colour is None), None)

    def name(self, label: int) -> str:
        """What a label is called."""
        named = (each.name for each in self.classes if each.index == label)
        return next(named, f"Class {label}")

    def channel(self, label: int) -> int:
        """The channel of the output that a label stands for.

        Raises
        ------
        NoTargetError
            There is none.
        """
        channel = label - 1 if self.has_background else 0 if self.channels == 1 else label
        missing = label == 0 and (self.has_background or self.channels == 1)
        if missing or not 0 <= channel < self.channels:
            raise NoTargetError(
                f"The network has no output of its own for {self.name(label)}: choose another "
                "class."
            )
        return channel

    def channels_of(self, labels: Labels) -> NDArray[np.intp]:
        """The channels that labels stand for; -1 where there is none."""
        first = int(self.has_background or self.channels == 1)
        channels = labels.astype(np.intp) - first
        return np.where(channels < self.channels, channels, -1)

    def largest(self, region: Bools) -> int | None:
        """The class that has most pixels of a region, besides what is none; None without any."""
        counts = np.bincount(self.mask[region].ravel(), minlength=1)
        if self.nothing is not None and self.nothing < len(counts):
            counts[self.nothing] = 0
        return int(counts.argmax()) if counts.any() else None


def target_of(choice: TargetChoice, slice_: Segmented) -> Target:
    """Find the pixels of the output that were chosen, and the class that they are asked about.

    Parameters
    ----------
    choice : TargetChoice
        In coordinates of the slice.
    slice_ : Segmented

    Raises
    ------
    NoTargetError
        This slice has none.
    """
    kind = choice.kind
    if choice.slice_index is not None and choice.slice_index != slice_.index:
        what = "pixel was chosen" if kind is TargetKind.PIXEL else "region was drawn"
        raise NoTargetError(
            f"The {what} on slice {choice.slice_index + 1}: go back there, or choose one here."
        )
    if kind is TargetKind.PIXEL:
        return _pixel(choice, slice_)
    region = slice_.on_slice
    if kind in DRAWN:
        region = _drawn(choice, slice_)
    wrong = _wrong(kind, slice_) if kind in ERRORS else None
    label = choice.label
    if label is None:
        label = slice_.largest(region) if wrong is None else _most_wrong(wrong * region, slice_)
    if label is None:
        where = "in this region" if kind in DRAWN else "on this slice"
        shown = "The mask shows no class" if wrong is None else f"There are no {kind.value}"
        raise NoTargetError(f"{shown} {where}: choose the class to explain, or another slice.")
    channel, name = slice_.channel(label), slice_.name(label)
    if wrong is not None:
        if label not in slice_.in_reference:
            raise NoTargetError(f"The reference has nothing for {name}: choose another class.")
        region, name = region & (wrong == label + 1), f"{kind.value} of {name}"
    elif kind is not TargetKind.REGION:
        region = region & (slice_.mask == label)
    if not region.any():
        where = "in the region" if kind is TargetKind.CLASS_IN_REGION else "on this slice"
        raise NoTargetError(f"There are no {name} {where}: choose another class or slice.")
    count = int(region.sum())
    pixels = f"{count:,} pixel{'s' if count > 1 else ''}"
    if kind is TargetKind.REGION:
        return Target(channel, region, f"{name} in a region of {pixels}")
    where = " of the region" if kind in DRAWN else ""
    return Target(channel, region, f"{name}, {pixels}{where}", _instead(kind, slice_))


def _pixel(choice: TargetChoice, slice_: Segmented) -> Target:
    if choice.pixel is None:
        raise NoTargetError("No pixel is chosen: take “Point at a pixel” and click one.")
    row, column = choice.pixel
    at = pixel_of_output(row, column, slice_.placement, slice_.size)
    if at is None:
        raise NoTargetError("The network was not shown this pixel: choose one nearer the middle.")
    label = int(slice_.mask[at]) if choice.label is None else choice.label
    channel = slice_.channel(label)
    region = np.zeros(slice_.size, bool)
    region[at] = True
    return Target(
        channel, region, f"{slice_.name(label)} at row {round(row)}, column {round(column)}"
    )


def _drawn(choice: TargetChoice, slice_: Segmented) -> Bools:
    """The pixels of the output inside the drawn line; the one under its middle at least."""
    if len(choice.outline) < 3:
        raise NoTargetError("No region is drawn: take “Draw a region” and draw around one.")
    corners = tuple((row + 0.5, column + 0.5) for row, column in choice.outline)
    drawn = inside(Measurement(Kind.POLYGON, "", 0, corners), slice_.placement.slice_shape)
    region = on_output(drawn, slice_.placement, slice_.size)
    if not region.any():
        row, column = np.mean(choice.outline, axis=0)
        at = pixel_of_output(float(row), float(column), slice_.placement, slice_.size)
        if at is None:
            raise NoTargetError("The network was not shown this region: draw another one.")
        region[at] = True
    return region


def _wrong(kind: TargetKind, slice_: Segmented) -> NDArray[np.intp]:
    """The class that mask and reference disagree about, plus 1; 0 where they do not."""
    reference = slice_.reference
    if reference is None:
        raise NoTargetError("Errors need a reference: open one in the panel Evaluation.")
    if reference.shape != slice_.placement.slice_shape:
        raise NoTargetError("The reference has another size than the slice: open another one.")
    here, there = slice_.mask, on_output(reference, slice_.placement, slice_.size)
    told = here if kind is TargetKind.FALSE_POSITIVES else there
    return np.where(here == there, 0, told.astype(np.intp) + 1)


def _instead(kind: TargetKind, slice_: Segmented) -> NDArray[np.intp] | None:
    """The channels of what stands in the place of an error's class."""
    if kind is TargetKind.FALSE_NEGATIVES:
        return slice_.channels_of(slice_.mask)
    if kind is TargetKind.FALSE_POSITIVES and slice_.reference is not None:
        return slice_.channels_of(on_output(slice_.reference, slice_.placement, slice_.size))
    return None


def _most_wrong(wrong: NDArray[np.intp], slice_: Segmented) -> int | None:
    """The class with most errors, of those that the reference has something for."""
    counts = {label: int((wrong == label + 1).sum()) for label in slice_.in_reference}
    counts.pop(-1 if slice_.nothing is None else slice_.nothing, None)
    most = max(counts, key=lambda label: counts[label], default=None)
    return most if most is not None and counts[most] else None
