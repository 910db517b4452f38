"""How fast this machine does what the live recompute chooses between, measured once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from math import inf
from time import perf_counter

import numpy as np
import tensorflow as tf

from unetscope.engine.ops import Window, convolved, thin
from unetscope.engine.winograd import SIDES, Tiled, native, work_of

ROUNDS = 15
TILED = ((256, 16), (64, 96))  # rows and columns, channels and filters
LARGE = 4 << 20  # values: more than the processor's own memory holds
_PLAIN = Window((1, 1), (1, 1), True)
_SPREAD = Window((2, 2), (1, 1), True, transposed=True)


@dataclass(frozen=True, slots=True)
class Rates:
    """Speeds.

    Attributes
    ----------
    dense, product : float
        Multiply-adds per second of a convolution, and of the matrix product that stands in for it
        where there are few filters.
    passing : float
        Bytes per second of an operation that only reads and writes.
    call : float
        Seconds that any operation costs.
    spreading : float
        Multiply-adds per second of a transposed convolution.
    tiled, transforms : float
        Multiply-adds, and bytes transformed, per second of a convolution run in tiles; 0 where the
        compiled kernels are not there.
    """

    dense: float
    product: float
    passing: float
    call: float
    spreading: float
    tiled: float = 0.0
    transforms: float = 0.0

    def in_tiles(
        self, positions: float, side: int, channels: int, filters: int, *, spread: bool = False
    ) -> float:
        """Seconds of a convolution run in tiles, as `work_of` takes it; infinite if it can't be."""
        if not self.tiled or (side != 4 if spread else side not in SIDES):
            return inf
        multiply_adds, transformed = work_of(positions, side, channels, filters, spread=spread)
        return self.call + multiply_adds / self.tiled + transformed / self.transforms

    def convolution(self, multiply_adds: float, written: float) -> float:
        """Seconds of a convolution."""
        return self.call + max(multiply_adds / self.dense, written / self.passing)

    def thin(self, multiply_adds: float, products: float) -> float:
        """Seconds of a convolution for few filters; ``products`` in bytes."""
        return self.call + multiply_adds / self.product + 3 * products / self.passing


_known: list[Rates] = []


def measured() -> Rates:
    """Measure, for about a tenth of a second; later on the same."""
    if not _known:
        _known.append(_measured())
    return _known[0]


def told() -> tuple[float, ...]:
    """The speeds as numbers, if they were measured: another process can `adopt` them."""
    return astuple(_known[0]) if _known else ()


def adopt(speeds: tuple[float, ...]) -> None:
    """Take speeds that were measured before, so that the same ways are chosen as then."""
    if speeds:
        _known[:] = [Rates(*speeds)]


def _measured() -> Rates:
    rng = np.random.default_rng(0)
    size, channels = 64, 48
    x = rng.random((1, size, size, channels), dtype=np.float32)
    kernel = rng.random((3, 3, channels, channels), dtype=np.float32)
    wide = tf.constant(rng.random((4, 4, channels, channels), dtype=np.float32))
    tensor, weights, bias, small = (
        tf.constant(x),
        tf.constant(kernel),
        tf.zeros(channels),
        tf.zeros(4),
    )
    large, one, half = tf.zeros((1, LARGE)), kernel[..., :1], tensor[:, ::2, ::2]
    dense, product, passing, call, spreading, *tiled = _seconds(
        lambda: convolved(tensor, weights, _PLAIN, bias),
        lambda: thin(x, one, _PLAIN),
        lambda: tf.raw_ops.Relu(features=large),
        lambda: tf.raw_ops.Relu(features=small),
        lambda: convolved(half, wide, _SPREAD, bias),
        *(_in_tiles(size, channels) for size, channels in TILED if native()),
    )
    product = min(max(product, dense / channels), 8 * dense / channels)  # if it was disturbed
    work = size * size * kernel.size
    spread = size * size // 4 * 16 * channels**2
    rest = (2 * 4 * LARGE / passing, call, spread / spreading, *_tiled_rates(tiled, call))
    return Rates(work / dense, work / channels / product, *rest)


def _in_tiles(size: int, channels: int) -> Callable[[], object]:
    x, bias = tf.zeros((1, size, size, channels)), tf.zeros(channels)
    tiled = Tiled(np.ones((3, 3, channels, channels), np.float32))
    return lambda: convolved(x, tiled, _PLAIN, bias)


def _tiled_rates(seconds: list[float], call: float) -> tuple[float, float]:
    """Two convolutions share their time differently between products and transforms."""
    if not seconds:
        return 0.0, 0.0
    work = np.array([work_of(size * size, 3, channels, channels) for size, channels in TILED])
    each = np.linalg.solve(work, np.array(seconds) - call)
    least = 0.05 * seconds[1] / work[1]  # if one of them was disturbed
    tiled, transforms = 1 / np.maximum(each, least)
    return float(tiled), float(transforms)


def _seconds(*works: Callable[[], object]) -> list[float]:
    """The least time of each, taken in turns, so that what disturbs them disturbs all."""
    least = [inf] * len(works)
    for turn in range(ROUNDS + 1):
        for n, work in enumerate(works):
            began = perf_counter()
            work()
            if turn:  # the first warms up
                least[n] = min(least[n], max(perf_counter() - began, 1e-7))
    return least
