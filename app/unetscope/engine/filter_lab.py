"""The filter lab's layers: kernels put into real one-layer ``Conv2D`` networks and run."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.lab import LabKernel, LabLayer, LabMaps, LabRequest, Size, steps_of
from unetscope.engine.recent import Recent

Floats = NDArray[np.float32]
LAYERS = 32  # that are kept built

Built = tuple[Size, int, LabLayer]


class LabBench:
    """Runs kernels over pictures; those of one size together, as the filters of one layer."""

    def __init__(self) -> None:
        self._layers: Recent[tuple[Any, str]] = Recent(LAYERS)

    def convolve(self, request: LabRequest) -> LabMaps:
        """Run every kernel of a request over its image; see `LabMaps`.

        Raises
        ------
        ModelError
            The image is no picture of rows and columns.
        """
        if request.image.ndim != 2:
            raise ModelError(
                f"The lab runs over pictures of rows and columns, but found {request.image.shape}.",
                "Choose one channel of it.",
            )
        began = perf_counter()
        maps: dict[int, Floats] = {}
        refusals: dict[int, str] = {}
        for size, members in _by_size(request.kernels).items():
            layer, refusal = self._layer(size, len(members), request.layer)
            refusals |= dict.fromkeys(members, refusal)
            if 0 in (steps.out for steps in steps_of(request.image.shape, size, request.layer)):
                maps |= dict.fromkeys(members, np.zeros((0, 0), np.float32))
                continue
            kernels = np.stack([request.kernels[i] for i in members], axis=-1)[:, :, None]
            layer.set_weights([kernels, np.full(len(members), request.layer.bias)])
            made = np.asarray(layer(np.asarray(request.image, np.float32)[None, ..., None]))[0]
            maps |= {i: np.ascontiguousarray(made[..., n]) for n, i in enumerate(members)}
        order = range(len(request.kernels))
        return LabMaps(
            request=request,
            maps=tuple(maps[i] for i in order),
            ranges=tuple(_range(maps[i]) for i in order),
            refusals=tuple(refusals[i] for i in order),
            milliseconds=(perf_counter() - began) * 1000,
        )

    def _layer(self, size: Size, filters: int, chosen: LabLayer) -> tuple[Any, str]:
        """A built layer, and what it says to a kernel that was not reshaped."""
        key = (size, filters, LabLayer(chosen.stride, chosen.same, chosen.relu))
        kept = self._layers.get(key)
        if kept is None:
            layer = keras.layers.Conv2D(
                filters,
                size,
                strides=chosen.stride,
                padding=chosen.padding,
                activation="relu" if chosen.relu else None,
                data_format="channels_last",
                dtype="float32",
            )
            layer.build((None, None, None, 1))
            kept = (layer, _refusal(size))
            self._layers.put(key, kept)
        return kept


def filter_lab(
    image: ArrayLike,
    kernels: Sequence[ArrayLike],
    *,
    stride: int = 1,
    padding: str = "valid",
    relu: bool = False,
    bias: float = 0.0,
) -> list[Floats]:
    """Run kernels over a picture with a one-layer ``Conv2D`` network, as the filter lab does.

    Parameters
    ----------
    image : (H, W) array_like
        A picture of one channel, in any units.
    kernels : sequence of (kh, kw) array_like
        Of any sizes up to 31×31. They are put in by ``set_weights`` and not flipped.
    stride : int
        Pixels from one place of the window to the next.
    padding : str
        ``valid``, or ``same`` with zeros around the picture.
    relu : bool
        Whether what is negative becomes 0.
    bias : float
        Added to every value.

    Returns
    -------
    maps : list of (H', W') ndarray of float32
        The activation map of each kernel; empty where it is larger than the picture.

    Raises
    ------
    EditError
        A kernel is no table of finite numbers, or too large.
    ModelError
        The image is no picture, or the padding or the stride is unknown.
    """
    if padding not in ("valid", "same"):
        raise ModelError(f"There is no padding {padding!r}.", "Choose 'valid' or 'same'.")
    if stride < 1:
        raise ModelError(f"A window cannot move by {stride} pixels.", "Choose 1 or more.")
    request = LabRequest(
        image=np.asarray(image, np.float32),
        image_key="",
        kernels=tuple(LabKernel.of("", kernel).values for kernel in kernels),
        layer=LabLayer(stride, padding == "same", relu, bias),
    )
    return list(LabBench().convolve(request).maps)


def _by_size(kernels: Sequence[Floats]) -> dict[Size, list[int]]:
    """The places of the kernels in the list, by their size."""
    found: dict[Size, list[int]] = {}
    for i, kernel in enumerate(kernels):
        found.setdefault((kernel.shape[0], kernel.shape[1]), []).append(i)
    return found


def _refusal(size: Size) -> str:
    """What Keras says when a kernel is put into a layer of one filter without the reshape."""
    layer = keras.layers.Conv2D(
        1, size, data_format="channels_last", dtype="float32", name="conv2d"
    )
    layer.build((None, None, None, 1))
    try:
        layer.set_weights([np.zeros(size), np.zeros(1)])
    except ValueError as error:
        return str(error)
    return ""


def _range(values: Floats) -> tuple[float, float]:
    """Least and greatest finite value; zeros where there is none."""
    if not values.size:
        return 0.0, 0.0
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        finite = values[np.isfinite(values)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return low, high
