"""How fast this machine does what the live recompute chooses between, measured once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter

import numpy as np
import tensorflow as tf

from unetscope.engine.ops import Window, convolved, thin

ROUNDS = 9
LARGE = 4 << 20  # values: more than the processor's own memory holds
_PLAIN = Window((1, 1), (1, 1), True)


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
    """

    dense: float
    product: float
    passing: float
    call: float

    def convolution(self, multiply_adds: float, written: float) -> float:
        """Seconds of a convolution."""
        return self.call + max(multiply_adds / self.dense, written / self.passing)

    def thin(self, multiply_adds: float, products: float) -> float:
        """Seconds of a convolution for few filters; ``products`` in bytes."""
        return self.call + multiply_adds / self.product + 3 * products / self.passing


@lru_cache(maxsize=1)
def measured() -> Rates:
    """Measure, for some hundredths of a second."""
    rng = np.random.default_rng(0)
    size, channels = 64, 48
    x = rng.random((1, size, size, channels), dtype=np.float32)
    kernel = rng.random((3, 3, channels, channels), dtype=np.float32)
    tensor, weights, bias = tf.constant(x), tf.constant(kernel), tf.zeros(channels)
    work = size * size * kernel.size
    dense = _seconds(lambda: convolved(tensor, weights, _PLAIN, bias))
    one = kernel[..., :1]
    product = _seconds(lambda: thin(x, one, _PLAIN))
    large = tf.constant(rng.random((1, LARGE), dtype=np.float32))
    passing = _seconds(lambda: tf.raw_ops.Relu(features=large))
    small = tf.zeros(4)
    call = _seconds(lambda: tf.raw_ops.Relu(features=small))
    product = min(max(product, dense / channels), 8 * dense / channels)  # if it was disturbed
    return Rates(work / dense, work / channels / product, 2 * 4 * LARGE / passing, call)


def _seconds(work: Callable[[], object]) -> float:
    times = []
    work()
    for _ in range(ROUNDS):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return max(min(times), 1e-7)  # what disturbs it only makes it slower
