"""The page of weights that the kernel editor shows, and the edits that its gestures make.

A page is one kernel (of three axes: one plane of it), or what is in view of a table of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unetscope.domain import scopes
from unetscope.domain.editor import Cells
from unetscope.domain.edits import Edit, SetLayerWeights
from unetscope.domain.errors import EditError
from unetscope.domain.graph import Layer
from unetscope.domain.kernels import Weights
from unetscope.domain.recipes import NO_SETTINGS, Recipe, Settings
from unetscope.domain.scopes import Scope, Target

Values = NDArray[np.float32]
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """A scope as it can be chosen: how many values it covers, or why it cannot be."""

    scope: Scope
    name: str
    values: int
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of weights; what both kinds of it can do."""

    cells: Cells  # that are selected

    @property
    def layer(self) -> Layer:
        """The layer that the weights belong to."""
        raise NotImplementedError

    @property
    def scope(self) -> Scope:
        """How far a change reaches."""
        raise NotImplementedError

    @property
    def where(self) -> str:
        """What people call it, for menus and history."""
        raise NotImplementedError

    @property
    def scopes(self) -> tuple[ScopeChoice, ...]:
        """All scopes, and whether they make sense here."""
        raise NotImplementedError

    def shown(self, weights: Weights) -> Values:
        """The numbers of the page ``(rows, columns)``."""
        raise NotImplementedError

    def set_value(self, weights: Weights, cell: Cell, value: float) -> Edit:
        """Set one number; the other selected cells, or all in the scope, move by as much."""
        raise NotImplementedError

    def fill(self, weights: Weights, cells: Iterable[Cell], value: float) -> Edit:
        """Put a value into some cells, in a wider scope of every kernel."""
        raise NotImplementedError

    def put(self, weights: Weights, values: Values) -> Edit:
        """Put a page of numbers in the place of the one shown; EditError if it does not fit."""
        raise NotImplementedError

    def scaled(self, weights: Weights, gain: float) -> Edit:
        """Multiply all that the scope covers."""
        raise NotImplementedError

    def blended(self, weights: Weights, trained: Weights, share: float) -> Edit:
        """Mix with the trained values: 0 gives these, 1 leaves all as it is, both exactly."""
        raise NotImplementedError

    def changed(self, weights: Weights, change: Callable[[Values], Values]) -> Edit:
        """Change every kernel in the scope by a function of a stack ``(rows, columns, n)``."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class KernelPage(Page):
    """One kernel; of three axes, one plane of it."""

    target: Target
    plane: int = 0

    @property
    def layer(self) -> Layer:
        """See `Page.layer`."""
        return self.target.layer

    @property
    def scope(self) -> Scope:
        """See `Page.scope`."""
        return self.target.scope

    @property
    def where(self) -> str:
        """See `Page.where`."""
        return self.target.where

    @property
    def scopes(self) -> tuple[ScopeChoice, ...]:
        """See `Page.scopes`."""
        layout = self.target.layout
        window = int(np.prod(layout.window))
        one = self.cells.rows * self.cells.columns
        return (
            ScopeChoice(Scope.VALUE, "value" if one == 1 else f"{one} values", one),
            ScopeChoice(Scope.KERNEL, "kernel", window),
            ScopeChoice(Scope.FILTER, "filter", window * layout.in_channels),
            ScopeChoice(Scope.INPUT_CHANNEL, "input", window * layout.filters),
            ScopeChoice(Scope.LAYER, "layer", window * layout.in_channels * layout.filters),
        )

    def shown(self, weights: Weights) -> Values:
        """See `Page.shown`."""
        kernel: Values = weights[0][self._index]
        return self._page(kernel)

    def set_value(self, weights: Weights, cell: Cell, value: float) -> Edit:
        """See `Page.set_value`."""
        if self.scope is not Scope.VALUE or not (self.cells.several and self.cells.holds(*cell)):
            return scopes.set_value(self.target, weights, self._cell(cell), value)
        page = np.array(self.shown(weights))
        with np.errstate(over="ignore"):  # to infinity, which the edit refuses
            part_of(page, self.cells)[...] += np.float32(value - float(page[cell]))
        page[cell] = value
        return self.put(weights, page)

    def fill(self, weights: Weights, cells: Iterable[Cell], value: float) -> Edit:
        """See `Page.fill`."""
        places = tuple(np.array(sorted(cells)).T)

        def change(kernels: Values) -> Values:
            filled = kernels.copy()
            filled[places] = value
            return filled

        return self.changed(weights, change)

    def put(self, weights: Weights, values: Values) -> Edit:
        """See `Page.put`."""
        kernel = np.array(weights[0][self._index])
        page = self._page(kernel)
        if values.shape == (kernel.size // kernel.shape[-1], kernel.shape[-1]):
            page = kernel  # all planes below each other
            values = values.reshape(kernel.shape)
        if values.shape != page.shape:
            expected = self.target.layout.window if kernel.ndim == 2 else page.shape
            raise EditError(
                f"A kernel of {self.layer.name} has shape {expected}, but found {values.shape}.",
                "Copy as many rows and columns as the kernel has. Nothing has changed.",
            )
        page[...] = values
        return replace(self.target, scope=Scope.KERNEL).edit(weights, kernel)

    def scaled(self, weights: Weights, gain: float) -> Edit:
        """See `Page.scaled`."""
        if self.scope is Scope.VALUE and self.cells.several:
            page = np.array(self.shown(weights))
            with np.errstate(over="ignore"):
                part_of(page, self.cells)[...] *= np.float32(gain)
            return self.put(weights, page)
        return scopes.scale(self.target, weights, gain)

    def blended(self, weights: Weights, trained: Weights, share: float) -> Edit:
        """See `Page.blended`."""
        if self.scope is Scope.VALUE and self.cells.several:
            page = np.array(self.shown(weights))
            part = part_of(page, self.cells)
            part[...] = mix(part_of(self.shown(trained), self.cells), part, share)
            return self.put(weights, page)
        target = self.target.whole_kernels()
        if target.scope is Scope.LAYER:
            mixed = [mix(a, b, share) for a, b in zip(trained, weights, strict=True)]
            return SetLayerWeights(self.layer.name, mixed)
        index = target.index
        return target.edit(weights, mix(trained[0][index], weights[0][index], share))

    def changed(self, weights: Weights, change: Callable[[Values], Values]) -> Edit:
        """See `Page.changed`."""

        def of_page(kernels: Values) -> Values:
            axes = kernels.ndim - 1
            if axes == 2:
                return change(kernels)
            if axes == 1:
                line: Values = change(kernels[None])[0]
                return line
            new = kernels.copy()
            made = change(kernels[self.plane])
            if made.shape != new[self.plane].shape:
                raise EditError(
                    f"A plane of a kernel of {self.layer.name} has shape "
                    f"{new[self.plane].shape[:-1]}, but found {made.shape[:-1]}."
                )
            new[self.plane] = made
            return new

        return scopes.each_kernel(self.target, weights, of_page)

    def put_recipe(
        self,
        weights: Weights,
        recipe: Recipe,
        *,
        keep_norm: bool,
        settings: Settings = NO_SETTINGS,
    ) -> Edit:
        """Put a recipe into every kernel of the scope, resized to it.

        Raises
        ------
        EditError
            The kernels are too small for the recipe.
        """
        rows, columns = self.shown(weights).shape
        size = (rows, columns)
        own = recipe.kernel(size, settings=settings)
        if not own.any():
            raise EditError(
                f"{recipe.name} gives only zeros at {rows}×{columns}.",
                "Choose another recipe or a layer with larger kernels.",
            )

        def change(kernels: Values) -> Values:
            if keep_norm:
                return recipe.kernel(size, kernels, settings)
            return np.asarray(np.broadcast_to(own[..., None], kernels.shape))

        return self.changed(weights, change)

    @property
    def _index(self) -> tuple[int | slice, ...]:
        return self.target.layout.index(self.target.in_channel, self.target.filter)

    def _page(self, kernel: Values) -> Values:
        if kernel.ndim == 2:
            return kernel
        return kernel[None] if kernel.ndim == 1 else kernel[self.plane]

    def _cell(self, cell: Cell) -> tuple[int, ...]:
        axes = len(self.target.layout.window)
        return {1: cell[1:], 2: cell}.get(axes, (self.plane, *cell))


def part_of(values: Values, cells: Cells) -> Values:
    """What of a page lies in a rectangle of cells; a view."""
    return values[cells.row : cells.row + cells.rows, cells.column : cells.column + cells.columns]


def mix(trained: Values, values: Values, share: float) -> Values:
    """Trained values at share 0, the others at 1, both exactly; in between a mixture."""
    mixed = trained * np.float32(1 - share) + values * np.float32(share)
    return np.asarray(mixed, np.float32)
