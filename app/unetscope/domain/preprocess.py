"""From a slice to the tensor a network is fed, and back to the slice's grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unetscope.domain.channels import ChannelSource
from unetscope.domain.errors import PreprocessingError as PreprocessingError
from unetscope.domain.input_grid import (
    ORIENTATIONS,
    place,
    turn_to,
    unplace,
)
from unetscope.domain.input_grid import Placement as Placement
from unetscope.domain.input_grid import Size as Size
from unetscope.domain.input_grid import Spacing as Spacing
from unetscope.domain.input_grid import resample_linear as resample_linear
from unetscope.domain.intensity import (
    FOREGROUNDS,
    NORMALISATIONS,
    Clahe,
    Foreground,
    Normalisation,
    ReferenceHistogram,
    equalise,
    foreground_of,
    match_histogram,
    scale_of,
)
from unetscope.domain.planes import AS_ACQUIRED
from unetscope.domain.preprocess_words import sentence_of, steps_from_json, steps_to_json
from unetscope.domain.window import without_padding

Fit = Literal["centre", "stretch"]
FITS: tuple[Fit, ...] = ("centre", "stretch")
Channels = Literal["repeat", "neighbours", "chosen"]
CHANNELS: tuple[Channels, ...] = ("repeat", "neighbours", "chosen")
Step = Literal["orient", "resample", "match", "clahe", "normalise", "clip", "fit"]
STEPS: tuple[Step, ...] = ("orient", "resample", "match", "clahe", "normalise", "clip", "fit")
MOST = 8192  # rows or columns of an input
_ON_THE_GRID = ("orient", "resample", "fit")  # always in this order


@dataclass(frozen=True)
class Preprocessing:
    """The steps between a slice and the network, each of which may be left out.

    Attributes
    ----------
    size : (int, int), optional
        Rows and columns of the network's input; None keeps the slice's.
    multiple : int
        Without a size, rows and columns are padded to a multiple of this: a U-Net that halves its
        grid four times takes multiples of 16.
    spacing : (float, float), optional
        Row and column spacing the network was trained on, in mm; None does not resample.
    normalise : str
        ``"percentile"``: the ``low``-th and ``high``-th percentile become 0 and 1;
        ``"zscore"``: zero mean, unit standard deviation; ``"minmax"``: 0 to 1; ``"divide"``: by
        `divisor`; ``"none"``.
    low, high : float
        Percentiles, in percent, of the foreground.
    clip : (float, float), optional
        Limits, by default applied after normalising.
    divisor : float
        For ``"divide"``.
    foreground : str
        Which pixels the numbers of the normalisation are taken from: ``"all"``, ``"nonzero"``, or
        those ``"above mean"``.
    zero_background : bool
        Whether all other pixels become 0.
    fit : str
        How a slice gets to `size`: ``"centre"`` crops or pads about the centre, ``"stretch"``
        resamples to it, whatever `spacing` says.
    orient : str, optional
        How the slice is turned: letters at the right edge and the bottom, such as ``"LP"``.
    clahe : Clahe, optional
        Adaptive histogram equalisation.
    match : ReferenceHistogram, optional
        The histogram that the slice is given.
    channels : str
        What a network of several channels is fed: the slice in each (``"repeat"``), or the slices
        around it (``"neighbours"``), each prepared by itself; or what `sources` says
        (``"chosen"``).
    sources : tuple of ChannelSource
        For ``"chosen"``: what each channel is made of; those left out are the slice itself.
    order : tuple of str
        All of `STEPS` in the order they are taken.
    """

    size: Size | None = None
    spacing: Spacing | None = None
    normalise: Normalisation = "percentile"
    low: float = 1.0
    high: float = 99.0
    clip: tuple[float, float] | None = None
    multiple: int = 1
    divisor: float = 255.0
    foreground: Foreground = "all"
    zero_background: bool = False
    fit: Fit = "centre"
    orient: str | None = None
    clahe: Clahe | None = None
    match: ReferenceHistogram | None = None
    channels: Channels = "repeat"
    sources: tuple[ChannelSource, ...] = ()
    order: tuple[Step, ...] = STEPS
    _last: dict[str, Placement] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        for name, value, known in (
            ("normalisation", self.normalise, NORMALISATIONS),
            ("foreground", self.foreground, FOREGROUNDS),
            ("way to fit a slice", self.fit, FITS),
            ("orientation", self.orient, (None, *ORIENTATIONS)),
            ("source of channels", self.channels, CHANNELS),
        ):
            if value not in known:
                choices = ", ".join(str(each) for each in known if each)
                raise PreprocessingError(
                    f"There is no {name} called {value!r}.", f"Choose one of {choices}."
                )
        for name, pair in (("size", self.size), ("spacing", self.spacing), ("clip", self.clip)):
            if pair is not None and np.shape(pair) != (2,):
                raise PreprocessingError(
                    f"The {name} should be two numbers, but found {pair!r}.",
                    "Give one for rows and one for columns." if name != "clip" else "",
                )
        if not 0 <= self.low < self.high <= 100:
            raise PreprocessingError(
                f"Percentiles {self.low} and {self.high} are not in order.",
                "The low one must be below the high one, both from 0 to 100.",
            )
        lengths = (*(self.size or ()), *(self.spacing or ()))
        if not all(0 < length < np.inf for length in lengths):
            raise PreprocessingError(
                f"An input of size {self.size} and spacing {self.spacing} mm cannot be made.",
                "Rows, columns and spacings must be above 0.",
            )
        if self.multiple < 1:
            raise PreprocessingError(
                f"The input cannot be padded to a multiple of {self.multiple}.",
                "Give a whole number above 0.",
            )
        if self.clip is not None and not self.clip[0] <= self.clip[1]:
            raise PreprocessingError(
                f"Values cannot be clipped to {self.clip[0]} … {self.clip[1]}.",
                "Give the lower limit first.",
            )
        if not (np.isfinite(self.divisor) and self.divisor):
            raise PreprocessingError(
                f"Values cannot be divided by {self.divisor}.", "Give a number other than 0."
            )
        on_the_grid = tuple(step for step in self.order if step in _ON_THE_GRID)
        if sorted(self.order) != sorted(STEPS) or on_the_grid != _ON_THE_GRID:
            raise PreprocessingError(
                "The steps are not each there once, with orient, resample and fit in this order.",
                f"They are {', '.join(STEPS)}.",
            )

    def placement(
        self, shape: Size, spacing: Spacing | None = None, orientation: str | None = None
    ) -> Placement:
        """Work out where a slice lies in the input.

        Parameters
        ----------
        shape : (int, int)
            Its rows and columns.
        spacing : (float, float), optional
            Its row and column spacing in mm; without it nothing is resampled.
        orientation : str, optional
            Letters at its right edge and its bottom; without them nothing is turned.
        """
        if spacing is not None and np.shape(spacing) != (2,):
            raise PreprocessingError(
                f"The spacing of a slice is two numbers, but found {spacing!r}.",
                "Of a series it is series.spacing[1:].",
            )
        turn = turn_to(orientation, self.orient) or AS_ACQUIRED
        resampled = Placement(shape, shape, shape, turn).turned_shape
        if self.size and self.fit == "stretch":
            resampled = self.size
        elif self.spacing and spacing and all(s > 0 for s in spacing):
            turned = turn.pair(spacing)
            rows, columns = (
                max(1, round(n * has / wants))
                for n, has, wants in zip(resampled, turned, self.spacing, strict=True)
            )
            resampled = (rows, columns)
        rows, columns = (-(-n // self.multiple) * self.multiple for n in resampled)
        size = self.size or (rows, columns)
        if max(*resampled, *size) > MOST:
            raise PreprocessingError(
                f"A slice of {shape[0]} × {shape[1]} would become {max(*resampled, *size):,} "
                "pixels long, which is too much.",
                f"Choose a size and a spacing that give at most {MOST:,} rows and columns.",
            )
        return Placement(shape, resampled, size, turn)

    def apply(
        self,
        slice: ArrayLike,  # noqa: A002
        spacing: Spacing | None = None,
        orientation: str | None = None,
        padding: tuple[float, float] | None = None,
    ) -> NDArray[np.float32]:
        """Make the tensor the network is fed.

        Parameters
        ----------
        slice : (rows, columns) array_like
            Slice values after rescale, in the modality's units.
        spacing : (float, float), optional
            Row and column spacing of the slice in mm; without it nothing is resampled.
        orientation : str, optional
            Letters at the slice's right edge and its bottom; without them nothing is turned.
        padding : (float, float), optional
            Lowest and highest value of pixels that hold no picture, ``series.padding_range``. They
            are fed as the lowest value of the picture, or they would decide what a normalisation
            does.

        Returns
        -------
        image : (H, W) ndarray of float32
            Normalised, dimensionless; padding is 0.

        Raises
        ------
        PreprocessingError
            The slice is not two-dimensional or has no pixels.
        """
        values = np.asarray(slice, np.float32)
        if values.ndim != 2 or not values.size:
            raise PreprocessingError(
                f"A slice has shape (rows, columns), but found {values.shape}.",
                "Give one slice at a time.",
            )
        rows, columns = values.shape
        placement = self.placement((rows, columns), spacing, orientation)
        self._last["placement"] = placement
        values = without_padding(values, padding)
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        for step in self.order:
            values = self._after(step, values, placement)
        return np.ascontiguousarray(values, np.float32)

    def invert(
        self,
        mask: ArrayLike,
        shape: Size | None = None,
        spacing: Spacing | None = None,
        orientation: str | None = None,
    ) -> NDArray[np.generic]:
        """Bring a mask from the network's grid back to the slice's.

        Parameters
        ----------
        mask : (H, W) array_like
            Labels on the input grid; the same type comes back.
        shape, spacing, orientation : optional
            The slice's rows and columns, its spacing in mm, and how it lies; left out, those of
            the slice last given to `apply`.

        Returns
        -------
        mask : (rows, columns) ndarray
            Nearest neighbour; what the input did not show is 0.

        Raises
        ------
        PreprocessingError
            There was no slice yet, or the mask is not on the input grid.
        """
        labels = np.asarray(mask)
        placement = self._last.get("placement")
        if shape:
            placement = self.placement(shape, spacing, orientation)
        if placement is None:
            raise PreprocessingError("There is no slice to go back to.", "Call apply first.")
        if labels.shape != placement.size:
            raise PreprocessingError(
                f"The mask should have shape {placement.size}, but found {labels.shape}."
            )
        return unplace(labels, placement)

    def _after(
        self, step: Step, values: NDArray[np.float32], placement: Placement
    ) -> NDArray[np.float32]:
        """The values after one step."""
        if step == "orient":
            return placement.turn.apply(values).astype(np.float32, copy=False)
        if step == "resample":
            return resample_linear(values, placement.resampled)
        if step == "fit":
            return place(values, placement)
        if step == "match" and self.match is not None:
            return match_histogram(values, self.match)
        if step == "clahe" and self.clahe is not None:
            return equalise(values, self.clahe)
        if step == "normalise":
            return self._normalised(values)
        if step == "clip" and self.clip is not None:
            return np.clip(values, *self.clip).astype(np.float32, copy=False)
        return values

    def _normalised(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        mask = foreground_of(values, self.foreground)
        if self.normalise == "none":
            scaled = values
        elif self.normalise == "divide":
            scaled = values / np.float32(self.divisor)
        else:
            counted = values if mask is None else values[mask]
            zero, one = scale_of(counted, self.normalise, self.low, self.high)
            scaled = (values - zero) / (one - zero) if one > zero else np.zeros_like(values)
        if self.zero_background and mask is not None:
            scaled = np.where(mask, scaled, np.float32(0))
        return scaled.astype(np.float32, copy=False)

    @classmethod
    def from_json(cls, card: Mapping[str, Any]) -> Preprocessing:
        """Read the steps from a model card's ``input`` and ``preprocessing`` entries.

        Raises
        ------
        PreprocessingError
            An entry is not what it should be.
        """
        try:
            return cls(**steps_from_json(card))
        except (
            KeyError,
            TypeError,
            ValueError,
            IndexError,
            AttributeError,
            ArithmeticError,
        ) as error:
            raise PreprocessingError(
                "The model card's input or preprocessing entry is not as it should be.",
                "Compare it with the sample's card.",
            ) from error

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Give the entries of a model card that say the same: ``input`` and ``preprocessing``."""
        return steps_to_json(self)

    def does(self, step: Step) -> bool:
        """Whether a step is in force."""
        if step == "fit":
            return bool(self.size) or self.multiple > 1
        if step == "resample":
            return bool(self.spacing) and not (self.size and self.fit == "stretch")
        if step == "normalise":
            return self.normalise != "none"
        return {
            "orient": self.orient, "match": self.match, "clahe": self.clahe, "clip": self.clip
        }[step] is not None  # fmt: skip

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done, one sentence a step."""
        shown = (step for step in self.order if step == "normalise" or self.does(step))
        return tuple(sentence_of(step, self) for step in shown)
