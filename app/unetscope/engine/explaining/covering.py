"""A pass with one square of its image covered, run again only where that can change the score.

What a square reaches of each node follows forwards from windows, strides and upsamplings, what the
score needs of it backwards; only what is in both is run, and the rest is the value that the pass
without the square has. The score is the same as that of a whole pass.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from unetscope.engine.adjoint import fitted
from unetscope.engine.context import Tensor
from unetscope.engine.explaining.score import Score
from unetscope.engine.forward import Forward
from unetscope.engine.ops import convolved, repeated, scaled
from unetscope.engine.program import Term, Unit
from unetscope.engine.region import Rect, Unknown

Array = NDArray[np.float32]

_POOLS = frozenset({"MaxPooling2D", "AveragePooling2D"})
_MERGES = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})


class Covering:
    """Scores of an image of which one square after another is covered.

    Parameters
    ----------
    one : Forward
        The pass of the image as it is, run up to the score.
    source : int
        The input that is covered.
    score : Score

    Raises
    ------
    Unknown
        The network has layers of which no part can be run, or interventions are in force.
    """

    def __init__(self, one: Forward, source: int, score: Score) -> None:
        if one.situation.maps or one.situation.skips:
            raise Unknown
        self._pass, self._source, self._score = one, source, score
        self._reached = one.program.reached((source,))
        self._whole: dict[int, Array] = {}
        self._parts: dict[int, tuple[Rect, Array]] = {}
        rows, columns = np.nonzero(score.target.region)
        wanted = Rect(
            *(int(n) for n in (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1))
        )
        self._needs = {score.node: wanted}
        for i in range(score.node, source, -1):
            if i in self._needs and i in self._reached:
                self._plan(i)
        self._order = sorted(i for i in self._needs if i in self._reached and i != source)

    def score(self, covered: Array, square: Rect) -> float:
        """The score of the image with other values in one square.

        Parameters
        ----------
        covered : (1, rows, columns, C) ndarray
            The values in the square.
        """
        self._parts = {self._source: (square, covered)}
        for i in self._order:
            changed = self._changed(i)
            if changed is not None:
                self._parts[i] = (changed, np.asarray(self._run(i, changed)))
        shown = self._all(self._score.node)[0]
        if self._score.node in self._parts:
            rect, part = self._parts[self._score.node]
            shown = shown.copy()
            shown[_cut(rect)] = part[0]
        return self._score.summed(shown)

    # ------------------------------------------------------------------- geometry

    def _plan(self, i: int) -> None:
        """Need of what a node reads what its own part needs."""
        for source, rect in self._reads(i, self._needs[i]):
            rect = rect.within(self._grid(source))
            held = self._needs.get(source)
            self._needs[source] = rect if held is None else held.union(rect)

    def _reads(self, i: int, rect: Rect) -> list[tuple[int, Rect]]:
        unit = self._pass.unit_of(i)
        if unit is not None:
            return [(term.source, self._margin(unit, term, rect)) for term in unit.terms]
        below = self._moved(i, rect, forwards=False)
        return [(source, below) for source, _ in self._pass.program.nodes[i].reads]

    def _changed(self, i: int) -> Rect | None:
        """Which part of a node is other than without the square, and needed."""
        unit, found = self._pass.unit_of(i), None
        reads = self._pass.program.nodes[i].sources if unit is None else unit.terms
        for read in reads:
            source = read if isinstance(read, int) else read.source
            if source not in self._parts:
                continue
            rect = self._parts[source][0]
            if unit is not None and isinstance(read, Term):
                rect = self._margin(unit, read, rect, forwards=True)
            else:
                rect = self._moved(i, rect, forwards=True)
            found = rect if found is None else found.union(rect)
        if found is None:
            return None
        both = _both(found.within(self._grid(i)), self._needs[i])
        return both if both.area else None

    def _margin(self, unit: Unit, term: Term, rect: Rect, *, forwards: bool = False) -> Rect:
        """What a part of a unit needs of a term's source; or what a part of the source reaches."""
        folded = self._pass.context.folded(unit, self._pass.situation.weights)
        window, lengths = folded.window(term), folded.shape(term)[:2]
        sides = zip(window.strides, lengths, window.dilations, self._grid(term.source), strict=True)
        if window.transposed:
            if not window.same and lengths != window.strides:
                raise Unknown
            if forwards:
                return rect.times(window.strides).grown(lengths, lengths)
            near = [-(-n // stride) for n, stride in zip(lengths, window.strides, strict=True)]
            return rect.over(window.strides).grown(near, near)
        first, last = [], []
        for at, (stride, length, dilation, size) in enumerate(sides):
            reach = (length - 1) * dilation
            zeros = max((-(-size // stride) - 1) * stride + reach + 1 - size, 0) // 2
            zeros = zeros if window.same else 0
            if forwards:
                first.append(-(-(rect[at] + zeros - reach) // stride))
                last.append((rect[at + 2] - 1 + zeros) // stride + 1)
            else:
                first.append(rect[at] * stride - zeros)
                last.append((rect[at + 2] - 1) * stride - zeros + reach + 1)
        return Rect(*first, *last)

    def _moved(self, i: int, rect: Rect, *, forwards: bool) -> Rect:
        """The same for a node that is no unit."""
        program, layer = self._pass.program, self._pass.program.keras(i)
        kind, node = program.kind(i), program.nodes[i]
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            raise Unknown
        if kind in _POOLS and layer.padding == "valid" and layer.strides == layer.pool_size:
            return rect.over(layer.strides) if forwards else rect.times(layer.strides)
        if kind == "UpSampling2D" and layer.interpolation == "nearest":
            return rect.times(layer.size) if forwards else rect.over(layer.size)
        if kind in ("ZeroPadding2D", "Cropping2D"):
            (top, _), (left, _) = layer.padding if kind == "ZeroPadding2D" else layer.cropping
            sign = 1 if forwards == (kind == "ZeroPadding2D") else -1
            return Rect(*(n + sign * by for n, by in zip(rect, (top, left) * 2, strict=True)))
        activation = program.activation(i)
        alone = activation is not None and activation.name != "other"
        if program.is_norm(i) or program.is_identity(i) or alone:
            return rect
        grids = {self._grid(source) for source, _ in node.reads}
        if (program.is_join(i) or kind in _MERGES) and grids == {self._grid(i)}:
            return rect
        raise Unknown

    def _grid(self, i: int) -> tuple[int, int]:
        shape = self._all(i).shape
        if len(shape) != 4:
            raise Unknown
        return int(shape[1]), int(shape[2])

    # --------------------------------------------------------------------- values

    def _all(self, i: int) -> Array:
        """A node's value without the square; before the last activation, of the scored one."""
        if i not in self._whole:
            scored = i == self._score.node
            value = self._score.values(self._pass) if scored else self._pass.array(i)
            self._whole[i] = np.asarray(value)
        return self._whole[i]

    def _part(self, i: int, rect: Rect) -> Tensor:
        """A node's value with the square on a part of its grid; zeros beyond its edges."""
        inside = rect.within(self._grid(i))
        array = self._all(i)[:, *_cut(inside)]
        if i in self._parts:
            held, part = self._parts[i]
            both = _both(held, inside)
            if both == inside:
                array = part[:, *_cut(both, held)]
            elif both.area:
                array = array.copy()
                array[:, *_cut(both, inside)] = part[:, *_cut(both, held)]
        return fitted(tf.constant(np.ascontiguousarray(array)), inside, rect)

    def _run(self, i: int, rect: Rect) -> Tensor:
        unit, program = self._pass.unit_of(i), self._pass.program
        if unit is not None:
            scored = i == self._score.node and self._score.skips_activation
            return self._unit(unit, rect, activated=not scored)
        below = self._moved(i, rect, forwards=False)
        parts = [self._part(source, below) for source, _ in program.nodes[i].reads]
        kind = program.kind(i)
        if program.is_identity(i) or kind in ("ZeroPadding2D", "Cropping2D"):
            return parts[0]
        if kind == "UpSampling2D":
            size = program.keras(i).size
            return fitted(repeated(parts[0], size), below.times(size), rect)
        if program.is_join(i):
            return tf.concat(parts, -1)
        if program.is_norm(i):
            return scaled(parts[0], *self._pass.context.norm(i, self._pass.situation.weights))
        shortcut, call = program.shortcut(i), program.nodes[i].call
        assert call is not None
        return call(parts)[0] if shortcut is None else shortcut(parts[0])

    def _unit(self, unit: Unit, rect: Rect, *, activated: bool) -> Tensor:
        folded = self._pass.context.folded(unit, self._pass.situation.weights)
        total, bias = None, folded.bias_tensor
        for term in unit.terms:
            window, need = folded.window(term), self._margin(unit, term, rect)
            if window.transposed:
                need = need.within(self._grid(term.source))
            else:
                window = replace(window, same=False)  # its zeros are part of what it is given
            x = self._part(term.source, need)
            made = convolved(x, folded.fastest(term, prod(x.shape[:-1])), window, bias)
            if window.transposed:
                made = fitted(made, need.times(window.strides), rect)
            total, bias = made if total is None else total + made, folded.no_bias
        return unit.activation.call(total) if activated and unit.activation is not None else total


def _both(some: Rect, others: Rect) -> Rect:
    """What lies in two parts; its area is 0 where nothing does."""
    return Rect(*map(max, some[:2], others[:2]), *map(min, some[2:], others[2:]))


def _cut(rect: Rect, of: Rect | None = None) -> tuple[slice, slice]:
    """Where a part lies in a larger one, or on its grid."""
    top, left = (0, 0) if of is None else of[:2]
    return (
        slice(rect.top - top, rect.bottom - top),
        slice(rect.left - left, rect.right - left),
    )
