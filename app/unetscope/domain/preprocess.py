"""From a slice to the tensor a network is fed, and back to the slice's grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unetscope.domain.errors import UnetscopeError

Normalisation = Literal["percentile", "zscore", "minmax", "none"]
NORMALISATIONS: tuple[Normalisation, ...] = ("percentile", "zscore", "minmax", "none")
Size = tuple[int, int]
Spacing = tuple[float, float]


class PreprocessingError(UnetscopeError):
    """A slice or a setting that preprocessing cannot work with."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a slice lies in the network's input grid.

    Attributes
    ----------
    slice_shape : (int, int)
        The slice's own rows and columns.
    resampled : (int, int)
        Rows and columns after resampling to the model's pixel spacing.
    size : (int, int)
        Rows and columns of the input.
    """

    slice_shape: Size
    resampled: Size
    size: Size

    @property
    def offset(self) -> Size:
        """Rows and columns before the slice's first pixel; negative where it is cropped."""
        rows, columns = self.size
        return ((rows - self.resampled[0]) // 2, (columns - self.resampled[1]) // 2)

    def to_input(self, row: float, column: float) -> tuple[float, float]:
        """Map a slice position (pixel centres at whole numbers) to the input grid."""
        positions = zip((row, column), self.slice_shape, self.resampled, self.offset, strict=True)
        r, c = ((x + 0.5) * m / n - 0.5 + offset for x, n, m, offset in positions)
        return r, c

    def to_slice(self, row: float, column: float) -> tuple[float, float]:
        """Map an input position to the slice: the inverse of `to_input`."""
        positions = zip((row, column), self.slice_shape, self.resampled, self.offset, strict=True)
        r, c = ((x - offset + 0.5) * n / m - 0.5 for x, n, m, offset in positions)
        return r, c


@dataclass(frozen=True)
class Preprocessing:
    """The steps between a slice and the network: resample, normalise, crop or pad.

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
        ``"zscore"``: zero mean, unit standard deviation; ``"minmax"``: 0 to 1; ``"none"``.
    low, high : float
        Percentiles, in percent, of the whole slice.
    clip : (float, float), optional
        Limits applied after normalising.
    """

    size: Size | None = None
    spacing: Spacing | None = None
    normalise: Normalisation = "percentile"
    low: float = 1.0
    high: float = 99.0
    clip: tuple[float, float] | None = None
    multiple: int = 1
    _last: dict[str, Placement] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        if self.normalise not in NORMALISATIONS:
            raise PreprocessingError(
                f"There is no normalisation called {self.normalise!r}.",
                f"Choose one of {', '.join(NORMALISATIONS)}.",
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

    def placement(self, shape: Size, spacing: Spacing | None = None) -> Placement:
        """Work out where a slice of this shape, and spacing in mm, lies in the input."""
        if spacing is not None and np.shape(spacing) != (2,):
            raise PreprocessingError(
                f"The spacing of a slice is two numbers, but found {spacing!r}.",
                "Of a series it is series.spacing[1:].",
            )
        resampled = shape
        if self.spacing and spacing and all(s > 0 for s in spacing):
            rows, columns = (
                max(1, round(n * has / wants))
                for n, has, wants in zip(shape, spacing, self.spacing, strict=True)
            )
            resampled = (rows, columns)
        rows, columns = (-(-n // self.multiple) * self.multiple for n in resampled)
        return Placement(shape, resampled, self.size or (rows, columns))

    def apply(self, slice: ArrayLike, spacing: Spacing | None = None) -> NDArray[np.float32]:  # noqa: A002
        """Make the tensor the network is fed.

        Parameters
        ----------
        slice : (rows, columns) array_like
            Slice values after rescale, in the modality's units.
        spacing : (float, float), optional
            Row and column spacing of the slice in mm; without it nothing is resampled.

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
        placement = self.placement((rows, columns), spacing)
        self._last["placement"] = placement
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        resampled = resample_linear(values, placement.resampled)
        return _place(self._normalised(resampled), placement)

    def invert(
        self, mask: ArrayLike, shape: Size | None = None, spacing: Spacing | None = None
    ) -> NDArray[np.generic]:
        """Bring a mask from the network's grid back to the slice's.

        Parameters
        ----------
        mask : (H, W) array_like
            Labels on the input grid; the same type comes back.
        shape, spacing : optional
            The slice's rows and columns, and its spacing in mm; left out, those of the slice last
            given to `apply`.

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
        placement = self.placement(shape, spacing) if shape else self._last.get("placement")
        if placement is None:
            raise PreprocessingError("There is no slice to go back to.", "Call apply first.")
        if labels.shape != placement.size:
            raise PreprocessingError(
                f"The mask should have shape {placement.size}, but found {labels.shape}."
            )
        return unplace(labels, placement)

    def _normalised(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.normalise == "none":
            scaled = values
        else:
            zero, one = self._range(values)
            scaled = (values - zero) / (one - zero) if one > zero else np.zeros_like(values)
        if self.clip is not None:
            scaled = np.clip(scaled, *self.clip)
        return scaled.astype(np.float32, copy=False)

    def _range(self, values: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
        """The two values that become 0 and 1."""
        if self.normalise == "percentile":
            low, high = np.percentile(values, [self.low, self.high])
        elif self.normalise == "zscore":
            low = values.mean(dtype=np.float64)
            high = low + values.std(dtype=np.float64)
        else:
            low, high = values.min(), values.max()
        return np.float32(low), np.float32(high)

    @classmethod
    def from_json(cls, card: Mapping[str, Any]) -> Preprocessing:
        """Read the steps from a model card's ``input`` and ``preprocessing`` entries.

        Raises
        ------
        PreprocessingError
            An entry is not what it should be.
        """
        try:
            given, steps = card["input"], card["preprocessing"]
            normalise = steps["normalise"]
            size, spacing = given.get("size"), given.get("spacing_mm")
            clip = normalise.get("clip")
            return cls(
                size=(int(size[0]), int(size[1])) if size else None,
                spacing=(float(spacing[0]), float(spacing[1]))
                if spacing and steps.get("resample")
                else None,
                normalise=normalise["kind"],
                low=float(normalise.get("low", 1.0)),
                high=float(normalise.get("high", 99.0)),
                clip=(float(clip[0]), float(clip[1])) if clip else None,
                multiple=int(given.get("multiple", 1)),
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise PreprocessingError(
                "The model card's input or preprocessing entry is not as it should be.",
                "Compare it with the sample's card.",
            ) from error

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done, one sentence a step."""
        said = []
        if self.spacing:
            said.append(f"Resample to {self.spacing[0]:g} × {self.spacing[1]:g} mm (linear).")
        names = {
            "percentile": f"Percentiles {self.low:g} and {self.high:g} become 0 and 1.",
            "zscore": "Zero mean, unit standard deviation.",
            "minmax": "Smallest and largest value become 0 and 1.",
            "none": "Values as they are.",
        }
        said.append(names[self.normalise])
        if self.clip:
            said.append(f"Clip to {self.clip[0]:g} … {self.clip[1]:g}.")
        if self.size:
            said.append(f"Centre, crop or pad with 0 to {self.size[0]} × {self.size[1]}.")
        elif self.multiple > 1:
            said.append(f"Pad with 0 to multiples of {self.multiple}.")
        return tuple(said)


def resample_linear(values: NDArray[np.float32], shape: Size) -> NDArray[np.float32]:
    """Resample ``(rows, columns)`` linearly to another shape; edges repeat, centres align."""
    for axis, length in enumerate(shape):
        have = values.shape[axis]
        if have == length:
            continue
        at = np.clip((np.arange(length) + 0.5) * have / length - 0.5, 0, have - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, have - 1)
        part = (at - low).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        values = values.take(low, axis) * (1 - part) + values.take(high, axis) * part
    return values


def unplace(labels: NDArray[np.generic], placement: Placement) -> NDArray[np.generic]:
    """Bring labels ``(H, W, ...)`` on the input grid to the slice's grid, nearest neighbour."""
    result = labels
    for axis, length in enumerate(placement.slice_shape):
        resampled = placement.resampled[axis]
        source = (np.arange(length) + 0.5) * resampled / length - 0.5
        at = np.rint(source + placement.offset[axis]).astype(int)
        seen = (at >= 0) & (at < placement.size[axis])
        result = result.take(np.clip(at, 0, placement.size[axis] - 1), axis)
        if not seen.all():
            keep = seen.reshape((-1, *(1,) * (result.ndim - 1 - axis)))
            result = np.where(keep, result, np.zeros((), result.dtype))
    return result


def _place(values: NDArray[np.float32], placement: Placement) -> NDArray[np.float32]:
    """Crop or pad about the centre."""
    image = np.zeros(placement.size, np.float32)
    into: list[slice] = []
    taken: list[slice] = []
    for length, size, offset in zip(
        placement.resampled, placement.size, placement.offset, strict=True
    ):
        start, stop = max(0, offset), min(size, offset + length)
        into.append(slice(start, stop))
        taken.append(slice(start - offset, stop - offset))
    image[tuple(into)] = values[tuple(taken)]
    return image
