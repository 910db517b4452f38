"""Convolutions with a third or a quarter of the multiplications, by the engine's compiled kernels.

TensorFlow's convolutions run at the processor's limit; the only way past it is to multiply less.
`native/winograd.c` says how. Where the library was not built, nothing here is used.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Tensor = Any
Array = NDArray[np.float32]

LIBRARY = "unetscope_native" + {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
FOLDER = Path(__file__).with_name("native")
POINTS = 36  # values of a transformed tile
SIDES = (2, 3, 4, 5)  # of the kernels that can be run so
SCRATCH = 1 << 20  # bytes of a strip of tiles: what stays close to one core
FEWEST = 24  # tiles in a strip, so that kernels are not read anew for too few of them
WORTH_A_THREAD = 4e6  # multiply-adds, below which waking one costs more than it brings

_Size = ctypes.c_size_t
_Pointer = ctypes.c_void_p


class _Work(ctypes.Structure):
    """`struct work` of the C source."""

    _fields_ = [
        *((name, _Pointer) for name in ("x", "kernels", "bias", "add", "y")),
        *((name, _Size) for name in ("images", "height", "width", "channels")),
        *((name, _Size) for name in ("rows", "columns", "filters")),
        *((name, _Size) for name in ("side", "pad", "spread", "relu", "strip", "next")),
    ]


class Native:
    """The compiled functions.

    Parameters
    ----------
    path : str
        Of the library.
    lanes : int, optional
        Floats in one vector; left out, the most that this processor has.
    """

    def __init__(self, path: str, lanes: int | None = None) -> None:
        library = ctypes.CDLL(path)
        self.lanes = lanes or int(library.lanes())
        self.kernels_size = self._function(library, "kernels_size", _Size, _Size, _Size)
        self.scratch_size = self._function(library, "scratch_size", _Size, *[_Size] * 3)
        self.transform_kernels = self._function(
            library, "transform_kernels", None, _Pointer, _Pointer, *[_Size] * 3
        )
        self.convolve = self._function(library, "convolve", None, ctypes.POINTER(_Work), _Pointer)
        self.threads = _processors()
        self._own = threading.local()
        self._asked: SimpleQueue[tuple[_Work, SimpleQueue[None]]] = SimpleQueue()
        for _ in range(self.threads - 1):
            threading.Thread(target=self._help, name="native", daemon=True).start()

    def _function(self, library: Any, name: str, result: Any, *arguments: Any) -> Any:
        function = library[f"{name}_{self.lanes}"]
        function.restype, function.argtypes = result, arguments
        return function

    def share(self, work: _Work, threads: int) -> None:
        """Have several threads take strips of one convolution until none is left."""
        done: SimpleQueue[None] = SimpleQueue()
        for _ in range(threads - 1):
            self._asked.put((work, done))
        self._take_strips(work)
        for _ in range(threads - 1):
            done.get()

    def _help(self) -> None:
        while True:
            work, done = self._asked.get()
            self._take_strips(work)
            done.put(None)

    def _take_strips(self, work: _Work) -> None:
        needed = self.scratch_size(work.strip, work.channels, work.filters)
        scratch = getattr(self._own, "scratch", None)
        if scratch is None or scratch.size < needed:
            scratch = self._own.scratch = np.empty(needed, np.float32)
        self.convolve(ctypes.byref(work), scratch.ctypes.data)


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@lru_cache(maxsize=1)
def native() -> Native | None:
    """The library, or None where it was not built or does not load."""
    try:
        return Native(str(FOLDER / LIBRARY))
    except (OSError, AttributeError):
        return None


class Tiled:
    """A kernel made ready to be run tile by tile.

    Parameters
    ----------
    kernel : ndarray of float32
        (side, side, C, filters); or (4, 4, filters, C) of a transposed convolution.
    spread : bool
        Whether it is of a transposed convolution with strides of 2 and ``same`` padding.

    Attributes
    ----------
    filters : int
    """

    def __init__(self, kernel: Array, *, spread: bool = False) -> None:
        found = native()
        if found is None:
            raise RuntimeError("the compiled kernels are not there")
        self._native = found
        self._spread = spread
        self.filters = int(kernel.shape[2 if spread else 3])
        given = np.ascontiguousarray(_by_parity(kernel) if spread else kernel, np.float32)
        self._shape = (side, _, channels, filters) = given.shape
        self._made = np.zeros(found.kernels_size(channels, filters), np.float32)
        found.transform_kernels(given.ctypes.data, self._made.ctypes.data, side, channels, filters)

    @staticmethod
    def size_of(channels: int, filters: int, *, spread: bool) -> int:
        """Bytes that a kernel takes."""
        found = native()
        return 4 * found.kernels_size(channels, filters * (4 if spread else 1)) if found else 0

    def convolved(self, x: Tensor, bias: Tensor, add: Tensor, *, same: bool, relu: bool) -> Tensor:
        """Convolve as `ops.convolved` does.

        Parameters
        ----------
        x : (N, H, W, C) tensor
        bias : (filters,) tensor
        add : (N, H', W', filters) tensor, or None
        same : bool
            Whether zeros around the input keep its size.
        """
        images, height, width, channels = (int(n) for n in x.shape)
        side, less = self._shape[0], 0 if same else self._shape[0] - 1
        rows, columns, times = height - less, width - less, 2 if self._spread else 1
        size = (images, rows * times, columns * times, self.filters)
        y = tf.raw_ops.Empty(shape=_stated(size), dtype=tf.float32)
        given, biases, made = np.asarray(x), np.asarray(bias), np.asarray(y)
        added = None if add is None else np.asarray(add)
        strip, threads = self._shares(images, rows, columns)
        work = _Work(
            x=given.ctypes.data,
            kernels=self._made.ctypes.data,
            bias=biases.ctypes.data,
            add=None if added is None else added.ctypes.data,
            y=made.ctypes.data,
            images=images,
            height=height,
            width=width,
            channels=channels,
            rows=rows,
            columns=columns,
            filters=self._shape[3],
            side=side,
            pad=1 if self._spread else (side - 1) // 2 if same else 0,
            spread=int(self._spread),
            relu=int(relu),
            strip=strip,
            next=0,
        )
        self._native.share(work, threads)
        return y

    def _shares(self, images: int, rows: int, columns: int) -> tuple[int, int]:
        """Tiles in a strip, and how many threads take strips."""
        side, _, channels, filters = self._shape
        made, more = 7 - side, int(self._spread)
        tiles = images * -(-(rows + more) // made) * -(-(columns + more) // made)
        wanted = POINTS * tiles * channels * filters / WORTH_A_THREAD
        threads = max(min(self._native.threads, int(wanted)), 1)
        fitting = SCRATCH // (4 * POINTS * (channels + filters))
        each = max(min(max(fitting, FEWEST), -(-tiles // threads)), 1) | 1  # no power of two apart
        strips = -(-tiles // each)
        return each, min(threads, strips)


@lru_cache(maxsize=1024)
def _stated(size: tuple[int, ...]) -> Tensor:
    """A size as TensorFlow reads it; making it takes as long as a small convolution."""
    return tf.constant(size, tf.int32)


def _by_parity(kernel: Array) -> Array:
    """(4, 4, filters, C) of a transposed convolution to (2, 2, C, 4 filters) of four plain ones."""
    taps = ((3, 1), (2, 0))  # what even and odd rows read of the row before, and of the next
    four = [
        kernel[np.ix_(taps[odd_row], taps[odd_column])].transpose(0, 1, 3, 2)
        for odd_row in (0, 1)
        for odd_column in (0, 1)
    ]
    return np.concatenate(four, axis=3)


def work_of(
    positions: float, side: int, channels: int, filters: int, *, spread: bool = False
) -> tuple[float, float]:
    """What a convolution takes when it is run in tiles: multiply-adds, and bytes transformed.

    Parameters
    ----------
    positions : float
        Of the input, all images together.
    side : int
        Of the kernel; that of a transposed one is 4.
    """
    made, filters = (5, 4 * filters) if spread else (7 - side, filters)
    tiles = positions / made**2
    return POINTS * tiles * channels * filters, 4 * POINTS * tiles * (channels + filters)
