"""From a slice that was read to what the network is asked, and its mask back to the slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from unetscope.domain.channels import THIS_SLICE, ChannelSource, laid_on, names_of
from unetscope.domain.errors import PreprocessingError
from unetscope.domain.input_check import slice_orientation
from unetscope.domain.input_grid import Placement, unplace
from unetscope.domain.metrics import Labels
from unetscope.domain.network import Network
from unetscope.domain.ports import Floats, Rectangle
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.sources import SeriesSource
from unetscope.domain.window import without_padding

Part = tuple[float, float, float, float]  # first row, first column, rows, columns


@dataclass(frozen=True, slots=True, eq=False)
class NetworkInput:
    """One slice as a network is fed it.

    Attributes
    ----------
    image : (H, W) or (H, W, C) ndarray of float32
        Preprocessed, dimensionless.
    key : str
        Equal keys mean equal images.
    placement : Placement
        Where the slice lies in the image.
    """

    image: Floats
    key: str
    placement: Placement

    def part(self, seen: Part | None) -> Rectangle | None:
        """The part of the image that shows a part of the slice; None where that is all of it.

        Parameters
        ----------
        seen : (float, float, float, float), or None
            First row, first column, rows and columns of the slice, in pixel edges.
        """
        if seen is None:
            return None
        row, column, rows, columns = seen
        one = self.placement.to_input(row - 0.5, column - 0.5)
        other = self.placement.to_input(row + rows - 0.5, column + columns - 0.5)
        starts, lengths = [], []
        for ends, size in zip(zip(one, other, strict=True), self.placement.size, strict=True):
            start = min(max(int(np.floor(min(ends) + 0.5)), 0), size)
            starts.append(start)
            lengths.append(max(min(int(np.ceil(max(ends) + 0.5)), size) - start, 0))
        if 0 in lengths or tuple(lengths) == self.placement.size:
            return None
        return (starts[0], starts[1], lengths[0], lengths[1])


def slices_fed(
    index: int, source: SeriesSource, preprocessing: Preprocessing, network: Network
) -> tuple[int, ...]:
    """Which slices the network is fed to segment one: several where it wants the neighbours.

    Beyond the ends of the series its last slice counts again.
    """
    channels, last = network.input_channels, source.shape[0] - 1
    if channels == 1 or preprocessing.channels == "repeat":
        return (index,)
    steps = tuple(k - channels // 2 for k in range(channels))
    if preprocessing.channels == "chosen":
        steps = tuple(each.step for each in sources_of(preprocessing, network))
    return tuple(min(max(index + step, 0), last) for step in steps)


def sources_of(preprocessing: Preprocessing, network: Network) -> tuple[ChannelSource, ...]:
    """What each channel is made of where that is chosen; left out, the slice itself."""
    chosen = preprocessing.sources[: network.input_channels]
    return (*chosen, *[THIS_SLICE] * (network.input_channels - len(chosen)))


def has_other_series(preprocessing: Preprocessing, network: Network) -> bool:
    """Whether a channel is made of another series than the one shown."""
    if preprocessing.channels != "chosen" or network.input_channels == 1:
        return False
    return any(each.series for each in sources_of(preprocessing, network))


def read_slices(
    index: int,
    source: SeriesSource,
    together: Sequence[SeriesSource],
    preprocessing: Preprocessing,
    network: Network,
) -> list[Floats]:
    """Read what `network_input` is made of; takes its time where other series are laid on it.

    Parameters
    ----------
    together : sequence of SeriesSource
        The series of the same visit, among which the others are found by name.

    Raises
    ------
    PreprocessingError
        A series is not open, or cannot be laid on the slice.
    StudyError
        A slice cannot be read.
    """
    indices = slices_fed(index, source, preprocessing, network)
    if not has_other_series(preprocessing, network):
        return [source.slice(each) for each in indices]
    names, slices = names_of(together), []
    for each, here in zip(sources_of(preprocessing, network), indices, strict=True):
        if each.series not in names and each.series:
            raise PreprocessingError(
                f"A channel wants the series “{each.series}”, which this study does not hold.",
                "Open it with the study, or choose another one in the input card.",
            )
        other = together[names[each.series]] if each.series else source
        if other is source:
            slices.append(without_padding(source.slice(here), source.padding_range))
        else:
            slices.append(laid_on(source, here, other, each.series, _picture_of(other)))
    return slices


def _picture_of(series: SeriesSource) -> Callable[[int], Floats]:
    return lambda index: without_padding(series.slice(index), series.padding_range)


def network_input(
    slices: Sequence[Floats],
    source: SeriesSource,
    preprocessing: Preprocessing,
    network: Network,
    key: str,
) -> NetworkInput:
    """Make the input from the slices that `slices_fed` names, each ``(rows, columns)``.

    Pixels that the file calls padding hold no picture, as `Preprocessing.apply` says; with other
    series they are gone already.

    Raises
    ------
    PreprocessingError
        A slice cannot be prepared, or the slices differ in size.
    """
    spacing, orientation = source.spacing[1:], slice_orientation(source)
    padding = None if has_other_series(preprocessing, network) else source.padding_range
    images = [preprocessing.apply(values, spacing, orientation, padding) for values in slices]
    channels = network.input_channels
    image = images[0]
    if channels != 1:  # a slice has one
        image = np.stack(images * (channels if len(images) == 1 else 1), axis=-1)
    rows, columns = slices[0].shape
    return NetworkInput(image, key, preprocessing.placement((rows, columns), spacing, orientation))


def on_slice(mask: Labels, placement: Placement) -> Labels:
    """Bring a mask to the slice's grid, from an output grid of any size."""
    if mask.shape != placement.size:
        grid = (mask.shape[0], mask.shape[1])
        mask = unplace(mask, Placement(placement.size, grid, grid)).astype(np.uint8)
    return unplace(mask, placement).astype(np.uint8)
