"""The maps of the filter lab as they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.lab import LabMaps

Floats = NDArray[np.float32]
SMALL = 110  # rows or columns of a small map, about
MOST_PIXELS = 4_000_000  # that are averaged for small maps; of more, some are left out


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabMap:
    """One activation map.

    Attributes
    ----------
    values, small : (H, W) ndarray of float32
        As the layer gave it, and reduced for the list; empty where the window did not fit.
    limits : (float, float)
        What is drawn black and white; 0 is black, or grey where there are negative values.
    range : (float, float)
        Least and greatest value.
    negative : float
        Share of values below 0.
    refusal : str
        What Keras says to the kernel without the reshape.
    """

    values: Floats
    small: Floats
    limits: tuple[float, float]
    range: tuple[float, float]
    negative: float
    refusal: str


class Made:
    """The maps of the last answer, made into pictures once."""

    def __init__(self) -> None:
        self._answer: LabMaps | None = None
        self._maps: tuple[LabMap, ...] = ()

    def of(self, answer: LabMaps | None, kernels: Sequence[Floats]) -> list[LabMap | None]:
        """The map of each kernel in the list.

        While a kernel changes its last map stays; when the list changes every map goes along with
        the kernel that it was made by.
        """
        if answer is not self._answer:
            self._answer = answer
            self._maps = () if answer is None else _maps(answer)
        if answer is None:
            return [None] * len(kernels)
        if len(kernels) == len(self._maps):
            return list(self._maps)
        by = {_key(k): made for k, made in zip(answer.request.kernels, self._maps, strict=True)}
        return [by.get(_key(kernel)) for kernel in kernels]


def _key(kernel: Floats) -> tuple[tuple[int, ...], bytes]:
    return kernel.shape, kernel.tobytes()


def _maps(answer: LabMaps) -> tuple[LabMap, ...]:
    is_much = sum(each.size for each in answer.maps) > MOST_PIXELS
    return tuple(
        LabMap(
            values=values,
            small=_reduced(values, averaged=not is_much),
            limits=_limits(span),
            range=span,
            negative=float(((values[::4, ::4] if is_much else values) < 0).mean())
            if values.size
            else 0.0,
            refusal=refusal,
        )
        for values, span, refusal in zip(answer.maps, answer.ranges, answer.refusals, strict=True)
    )


def _limits(span: tuple[float, float]) -> tuple[float, float]:
    low, high = span
    if low < 0:
        most = max(-low, high)
        return -most, most
    return 0.0, high if high > 0 else 1.0


def _reduced(values: Floats, *, averaged: bool) -> Floats:
    """A smaller picture of a map: the mean of each block, or its first value."""
    if not values.size:
        return values
    step = max(max(values.shape) // SMALL, 1)
    if step == 1:
        return values
    if not averaged:
        return np.ascontiguousarray(values[::step, ::step])
    rows, columns = (length // step for length in values.shape)
    blocks = values[: rows * step, : columns * step].reshape(rows, step, columns, step)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(blocks.mean(axis=(1, 3)), np.float32)
