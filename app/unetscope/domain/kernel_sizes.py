"""One kernel at another size: stretched, cut or padded, or centred."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Kernel = NDArray[np.float32]
Values = NDArray[np.float64]


def stretched(kernel: Kernel, size: tuple[int, int]) -> Kernel:
    """Stretch a kernel over a window of another size, keeping what it looks like.

    Each new value is the mean of the part of the old kernel that it covers: ``[-1, -1, 1, 1]``
    becomes ``[-1, 0, 1]``.
    """
    if kernel.shape == size:
        return kernel
    down, across = (_covering(new, old) for new, old in zip(size, kernel.shape, strict=True))
    return np.asarray(down @ kernel.astype(np.float64) @ across.T, np.float32)


def _covering(new: int, old: int) -> Values:
    """Share of each old cell in each new one, ``(new, old)``; rows sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    cells = np.arange(old)
    upper = np.minimum(edges[1:, None], cells + 1)
    lower = np.maximum(edges[:-1, None], cells)
    return np.asarray(np.maximum(upper - lower, 0) * (new / old), np.float64)


def cut_or_padded(kernel: Kernel, size: tuple[int, int]) -> Kernel:
    """The same numbers in another window: rows and columns come and go below and at the right.

    New ones are zeros.
    """
    made = np.zeros(size, np.float32)
    rows, columns = (min(pair) for pair in zip(size, kernel.shape, strict=True))
    made[:rows, :columns] = kernel[:rows, :columns]
    return made


def centred(kernel: Kernel) -> Kernel:
    """The kernel with an odd number of rows and columns, its middle on a pixel.

    Along an even axis it is the mean of the kernel in its two places half a pixel either side:
    4 becomes 5, and ``[-1, -1, 1, 1]`` becomes ``[-0.5, -1, 0, 1, 0.5]``.
    """
    values = kernel.astype(np.float64)
    for axis in (0, 1):
        if values.shape[axis] % 2 == 0:
            before, after = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
            before[axis], after[axis] = (1, 0), (0, 1)
            values = (np.pad(values, before) + np.pad(values, after)) / 2
    return values.astype(np.float32)
