"""The filter lab: kernels made by hand or by a recipe, and the one layer they are put into.

A lab is part of the session: a frozen value without pixels or maps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unetscope.domain.errors import EditError
from unetscope.domain.kernel_sizes import centred, cut_or_padded
from unetscope.domain.recipes import RECIPE_BY_ID, Recipe

Floats = NDArray[np.float32]
Rows = tuple[tuple[float, ...], ...]
Size = tuple[int, int]

LARGEST = 31  # rows and columns of a kernel
MOST = 64  # kernels in the list
STEPS_BACK = 50
MOST_STRIDE = 8
TUTORIAL = ("half_right", "half_left", "half_down", "half_up")
TUTORIAL_SIZE = (4, 4)


@dataclass(frozen=True, slots=True)
class LabKernel:
    """A kernel with its name.

    Attributes
    ----------
    rows : tuple of tuple of float
        Its values, as 32-bit numbers.
    recipe : str
        Id of the recipe that made it, until a value is changed by hand.
    """

    name: str
    rows: Rows
    recipe: str = ""

    @classmethod
    def of(cls, name: str, values: ArrayLike, recipe: str = "") -> LabKernel:
        """A kernel from rows and columns of numbers.

        Raises
        ------
        EditError
            They are no table of at most 31×31 numbers.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            table = np.asarray(values, np.float64).astype(np.float32)
        if table.ndim != 2 or 0 in table.shape or max(table.shape) > LARGEST:
            shape = "×".join(map(str, table.shape)) or "one number"
            raise EditError(
                f"The lab takes kernels of 1×1 to {LARGEST}×{LARGEST} numbers, but found {shape}."
            )
        if not np.isfinite(table).all():
            raise EditError("A kernel can hold only finite numbers.")
        return cls(name, tuple(tuple(map(float, row)) for row in table), recipe)

    @classmethod
    def by(cls, recipe: Recipe, size: Size) -> LabKernel:
        """The kernel that a recipe makes at a size."""
        return cls.of(recipe.name, recipe.kernel(size), recipe.id)

    @property
    def size(self) -> Size:
        """Rows and columns."""
        return len(self.rows), len(self.rows[0])

    @property
    def values(self) -> Floats:
        """The kernel, ``(kh, kw) ndarray of float32``, dimensionless."""
        return np.array(self.rows, np.float32)

    def with_value(self, value: float, *cells: tuple[int, int]) -> LabKernel:
        """The kernel with the numbers of some cells, rows and columns, changed by hand."""
        values = self.values.astype(np.float64)
        for cell in cells:
            values[cell] = value
        return LabKernel.of(self.name, values)

    def resized(self, size: Size) -> LabKernel:
        """A recipe made anew; else numbers cut, or zeros added, below and at the right."""
        if self.recipe in RECIPE_BY_ID:
            return LabKernel.by(RECIPE_BY_ID[self.recipe], size)
        return LabKernel.of(self.name, cut_or_padded(self.values, size))


class LabSource(Enum):
    """Which picture the kernels are run over; the value is what people call it."""

    SLICE = "the slice shown"
    INPUT = "the network's input"


@dataclass(frozen=True, slots=True)
class LabLayer:
    """What is chosen for the one ``Conv2D`` layer.

    Attributes
    ----------
    stride : int
        Pixels from one place of the window to the next.
    same : bool
        Zeros are put around the picture, so that the window reaches its border.
    relu : bool
        What is negative becomes 0.
    bias : float
        Added to every value, in the units of the picture.
    """

    stride: int = 1
    same: bool = False
    relu: bool = False
    bias: float = 0.0

    @property
    def padding(self) -> str:
        """As Keras calls it."""
        return "same" if self.same else "valid"


PLAIN = LabLayer()


@dataclass(frozen=True, slots=True)
class Steps:
    """How a window steps along one axis of a picture.

    Attributes
    ----------
    size, kernel : int
        Pixels of the picture and of the window along the axis.

    References
    ----------
    TensorFlow, "Notes on padding": ``same`` puts the odd zero behind.
    """

    size: int
    kernel: int
    stride: int = 1
    same: bool = False

    @property
    def out(self) -> int:
        """Places of the window; 0 where it is larger than the picture."""
        if self.same:
            return -(-self.size // self.stride)
        return max((self.size - self.kernel) // self.stride + 1, 0)

    @property
    def before(self) -> int:
        """Zeros before the first pixel."""
        return self._zeros // 2

    @property
    def after(self) -> int:
        """Zeros behind the last pixel."""
        return self._zeros - self.before

    @property
    def shift(self) -> float:
        """How far behind the first pixel the middle of the first window lies, in pixels."""
        return (self.kernel - 1) / 2 - self.before

    @property
    def _zeros(self) -> int:
        if not self.same:
            return 0
        return max((self.out - 1) * self.stride + self.kernel - self.size, 0)


def steps_of(picture: tuple[int, ...], kernel: Size, layer: LabLayer) -> tuple[Steps, Steps]:
    """How a kernel steps down and across a picture of ``(rows, columns)``."""
    rows, columns = (
        Steps(size, length, layer.stride, layer.same)
        for size, length in zip(picture[:2], kernel, strict=True)
    )
    return rows, columns


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabRequest:
    """Everything the engine needs to run kernels over a picture.

    Attributes
    ----------
    image : (H, W) ndarray of float32
        A slice in the modality's units, or a network's input.
    image_key : str
        Equal keys mean equal images.
    kernels : tuple of (kh, kw) ndarray of float32
        As they are put into the layer.
    """

    image: Floats
    image_key: str
    kernels: tuple[Floats, ...]
    layer: LabLayer


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabMaps:
    """The answer to a `LabRequest`.

    Attributes
    ----------
    maps : tuple of (H', W') ndarray of float32
        One for each kernel; empty where its window is larger than the picture.
    ranges : tuple of (float, float)
        Least and greatest finite value of each.
    refusals : tuple of str
        What Keras says to each kernel as it is, without the reshape.
    milliseconds : float
        Spent on it in the engine.
    """

    request: LabRequest
    maps: tuple[Floats, ...]
    ranges: tuple[tuple[float, float], ...]
    refusals: tuple[str, ...]
    milliseconds: float


def tutorial_kernels() -> tuple[LabKernel, ...]:
    """The four edge filters of the tutorial: 4×4 kernels of -1 and 1."""
    return tuple(LabKernel.by(RECIPE_BY_ID[key], TUTORIAL_SIZE) for key in TUTORIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """The kernels of the lab and how they are run.

    Attributes
    ----------
    kernels : tuple of LabKernel
        The list, from top to bottom.
    selected : int
        The one shown large.
    flip : bool
        Kernels are turned by 180° before they are put in: then it is a true convolution.
    channels, filters : int
        Of the layer that the explanation of shapes is about.
    past : tuple of tuple of LabKernel
        The list as it was before each of the last steps.
    """

    kernels: tuple[LabKernel, ...] = ()
    selected: int = 0
    source: LabSource = LabSource.SLICE
    layer: LabLayer = PLAIN
    flip: bool = False
    channels: int = 1
    filters: int = 1
    past: tuple[tuple[LabKernel, ...], ...] = ()

    @property
    def kernel(self) -> LabKernel | None:
        """The selected kernel; None in an empty lab."""
        return self.kernels[self.selected] if self.kernels else None

    @property
    def put_in(self) -> tuple[Floats, ...]:
        """The kernels as they are put into the layer."""
        return tuple(k.values[::-1, ::-1] if self.flip else k.values for k in self.kernels)

    def select(self, index: int) -> Lab:
        """Show another kernel large; beyond the ends, the last one."""
        return replace(self, selected=min(max(index, 0), max(len(self.kernels) - 1, 0)))

    def add(self, *kernels: LabKernel) -> Lab:
        """Add kernels at the end of the list; the first of them is selected.

        Raises
        ------
        EditError
            The list would become too long.
        """
        if len(self.kernels) + len(kernels) > MOST:
            raise EditError(f"The lab holds at most {MOST} kernels.", "Remove some first.")
        return self._listed((*self.kernels, *kernels)).select(len(self.kernels))

    def remove(self) -> Lab:
        """Take the selected kernel off the list."""
        at = self.selected
        return self._listed(self.kernels[:at] + self.kernels[at + 1 :])

    def put(self, kernel: LabKernel, *, same_gesture: bool = False) -> Lab:
        """Put a kernel in place of the selected one; a whole gesture is one step."""
        at = self.selected
        kernels = (*self.kernels[:at], kernel, *self.kernels[at + 1 :])
        return self._listed(kernels, same_gesture=same_gesture)

    def start_again(self) -> Lab:
        """The four kernels of the tutorial in place of the list."""
        return self._listed(tutorial_kernels()).select(0)

    def undo(self) -> Lab:
        """The list as it was before the last step."""
        if not self.past:
            return self
        undone = replace(self, kernels=self.past[-1], past=self.past[:-1])
        return undone.select(self.selected)

    def _listed(self, kernels: tuple[LabKernel, ...], *, same_gesture: bool = False) -> Lab:
        if kernels == self.kernels:
            return self
        past = self.past if same_gesture else (*self.past, self.kernels)[-STEPS_BACK:]
        return replace(self, kernels=kernels, past=past).select(self.selected)


def centred_kernel(kernel: LabKernel) -> LabKernel:
    """A kernel with an odd number of rows and columns: `kernel_sizes.centred`."""
    return LabKernel.of(kernel.name, centred(kernel.values))


FIRST_LAB = Lab(kernels=tutorial_kernels())
