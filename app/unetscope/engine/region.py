"""The exact answer for the part of the image that is on screen, before the rest.

What a part of the output needs of each node follows backwards from windows, strides and
upsamplings. Each operation then runs on that part with its margin, and the margin is cut off. Where
the margin is wide compared with the node, or an operation is not known here, the node is run whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from unetscope.engine.forward import Forward
from unetscope.engine.ops import convolved, repeated, scaled
from unetscope.engine.program import Term, Unit
from unetscope.engine.values import Patch, Tensor, Value, whole_tensor

WORTH = 0.7  # of a node's positions: beyond that the whole is run


class Rect(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the latter ones excluded."""

    top: int
    left: int
    bottom: int
    right: int

    def union(self, other: Rect) -> Rect:
        """The smallest one that holds both."""
        return Rect(*map(min, self[:2], other[:2]), *map(max, self[2:], other[2:]))

    def within(self, grid: Sequence[int]) -> Rect:
        """What of it lies on a grid."""
        rows, columns = grid
        top, left = min(max(self.top, 0), rows), min(max(self.left, 0), columns)
        return Rect(top, left, min(max(self.bottom, 0), rows), min(max(self.right, 0), columns))

    def grown(self, before: Sequence[int], after: Sequence[int]) -> Rect:
        """With a margin."""
        return Rect(
            self.top - before[0],
            self.left - before[1],
            self.bottom + after[0],
            self.right + after[1],
        )

    def times(self, factors: Sequence[int]) -> Rect:
        """On a grid that is so many times finer."""
        down, right = factors
        return Rect(self.top * down, self.left * right, self.bottom * down, self.right * right)

    def over(self, factors: Sequence[int]) -> Rect:
        """On a grid that is so many times coarser, rounded outwards."""
        down, right = factors
        return Rect(
            self.top // down, self.left // right, -(-self.bottom // down), -(-self.right // right)
        )

    @property
    def area(self) -> int:
        """Number of positions."""
        return max(self.bottom - self.top, 0) * max(self.right - self.left, 0)


class Unknown(Exception):  # noqa: N818  (no error: the whole is run instead)
    """A node whose parts are not known here."""


class Region:
    """Runs a pass for a part of one of its nodes.

    Parameters
    ----------
    one : Forward
        The pass, which has a base.
    node : int
        The node whose value is wanted, before its activation.
    wanted : Rect
        Which part of it.

    Raises
    ------
    Unknown
        The pass cannot be run in parts, or it would not pay.
    """

    def __init__(self, one: Forward, node: int, wanted: Rect) -> None:
        if one.base is None or node not in one.reached or one.situation.skips:
            raise Unknown
        self._pass, self._base, self._node = one, one.base, node
        part = wanted.within(self._grid(node))
        if not part.area:
            raise Unknown
        self._rects: dict[int, Rect] = {node: part}
        self._parts: dict[int, Tensor] = {}
        self._plan()

    def before_activation(self) -> tuple[Tensor, Rect]:
        """The wanted part before the node's activation, and where it lies."""
        for i in sorted(self._rects):
            if i in self._pass.reached and i != self._node:
                self._run(i)
        unit = self._pass.unit_of(self._node)
        if unit is None:
            raise Unknown
        self._pass.ran |= {*self._parts, self._node}
        return self._unit(unit, activated=False), self._rects[self._node]

    # ----------------------------------------------------------------- backwards

    def _plan(self) -> None:
        for i in range(self._node, -1, -1):
            if i not in self._rects or i not in self._pass.reached:
                continue
            if self._is_whole(i):
                del self._rects[i]  # the pass itself runs it
                continue
            unit = self._pass.unit_of(i)
            if unit is not None:
                for term, rect in self._reads(unit):
                    self._need(term.source, rect)
            else:
                for source, _ in self._pass.program.nodes[i].reads:
                    self._need(source, self._below(i, self._rects[i]))

    def _is_whole(self, i: int) -> bool:
        """Whether a node is better run as a whole: mostly wanted, few maps changed, or known."""
        if i != self._node and self._rects[i].area > WORTH * prod(self._grid(i)):
            return True
        if i in self._pass.situation.maps or i in self._pass.situation.apart:
            return True
        return i != self._node and self._is_edited(i)

    def _is_edited(self, i: int) -> bool:
        """Whether the node itself does something else than in the base."""
        unit = self._pass.unit_of(i)
        nodes = {i} if unit is None else {i, *unit.layers}
        return not nodes.isdisjoint(self._pass.starts)

    def _need(self, i: int, rect: Rect) -> None:
        rect = rect.within(self._grid(i))
        held = self._rects.get(i)
        self._rects[i] = rect if held is None else held.union(rect)

    def _margin(self, unit: Unit, term: Term, rect: Rect) -> Rect:
        """What a part of a unit needs of a term's source."""
        window = unit.window
        lengths = self._lengths(unit)
        if window.transposed:
            if not window.same:
                raise Unknown
            reach = [
                -(-length // stride) for length, stride in zip(lengths, window.strides, strict=True)
            ]
            return rect.over(window.strides).grown(reach, reach)
        if set(window.strides) != {1} or not (window.same or set(lengths) == {1}):
            raise Unknown
        reach = [(n - 1) * d for n, d in zip(lengths, window.dilations, strict=True)]
        before = [n // 2 for n in reach]
        grown = rect.grown(before, [n - b for n, b in zip(reach, before, strict=True)])
        return grown if term.upsampled is None else grown.over(term.upsampled).grown((1, 1), (1, 1))

    def _below(self, i: int, rect: Rect) -> Rect:
        """What a part of a node that is no unit needs of what it reads."""
        program, layer = self._pass.program, self._pass.program.keras(i)
        kind = program.kind(i)
        if kind == "MaxPooling2D" and layer.padding == "valid" and layer.strides == layer.pool_size:
            return rect.times(layer.strides)
        if kind == "UpSampling2D" and layer.interpolation == "nearest":
            return rect.over(layer.size)
        if kind in ("ZeroPadding2D", "Cropping2D"):
            (top, _), (left, _) = layer.padding if kind.startswith("Zero") else layer.cropping
            sign = 1 if kind.startswith("Zero") else -1
            return Rect(*(n - sign * s for n, s in zip(rect, (top, left) * 2, strict=True)))
        if program.is_join(i) or program.is_norm(i) or program.is_identity(i):
            return rect
        activation = program.activation(i)
        if kind == "Add" or (activation is not None and activation.name != "other"):
            return rect
        raise Unknown

    # ------------------------------------------------------------------ forwards

    def _run(self, i: int) -> None:
        unit = self._pass.unit_of(i)
        if unit is not None:
            self._parts[i] = self._unit(unit, activated=True)
            return
        node, rect = self._pass.program.nodes[i], self._rects[i]
        below = self._below(i, rect)
        parts = [self._part(source, below) for source, _ in node.reads]
        kind = self._pass.program.kind(i)
        if kind == "ZeroPadding2D" or kind == "Cropping2D":
            part = parts[0]
        elif kind == "UpSampling2D":
            size = self._pass.program.keras(i).size
            part = _cut(repeated(parts[0], size), below.times(size), rect)
        elif self._pass.program.is_join(i):
            part = tf.concat(parts, -1)
        elif self._pass.program.is_norm(i):
            scale, shift = self._pass.context.norm(i, self._pass.situation.weights)
            part = scaled(parts[0], scale, shift)
        elif self._pass.program.is_identity(i):
            part = parts[0]
        else:
            part = self._pass.context.call(i, parts, self._pass.situation.weights)[0]
        self._parts[i] = part

    def _unit(self, unit: Unit, *, activated: bool) -> Tensor:
        rect, one = self._rects[unit.last], self._pass
        folded = one.context.folded(unit, one.situation.weights)
        reads = self._reads(unit)
        same = tuple(n for n, term in enumerate(unit.terms) if term not in dict(reads))
        frame = self._frame(unit)
        relu = activated and unit.activation is not None and unit.activation.name == "relu"
        total, bias = None, folded.bias_tensor
        if same:
            whole = Rect(0, 0, *self._grid(unit.last))
            total, bias = _cut(self._base.partial(unit, same), whole, frame), folded.no_bias
        for n, (term, need) in enumerate(reads):
            x, window = self._part(term.source, need), folded.window(term)
            kernel = folded.fastest(term, prod(x.shape[:-1]))
            last = relu and n == len(reads) - 1
            if window.transposed:
                made = _cut(convolved(x, kernel, window, bias), need.times(window.strides), frame)
                total = made if total is None else total + made
                total = tf.raw_ops.Relu(features=total) if last else total
            else:
                total = convolved(x, kernel, window, bias, total, last)
            bias = folded.no_bias
        total = _cut(total, frame, rect)
        if not activated or unit.activation is None or relu:
            return total
        return unit.activation.call(total)

    def _reads(self, unit: Unit) -> list[tuple[Term, Rect]]:
        """The terms of a unit that are run again, and which part of their sources they need."""
        one, folded = self._pass, self._pass.context.folded(unit, self._pass.situation.weights)
        edited, frame = self._is_edited(unit.last), self._frame(unit)
        found = []
        for term in unit.terms:
            if not edited and not one.is_changed(term.reader, term.source):
                continue
            spread = folded.window(term).transposed
            need = self._margin(unit, term, frame) if spread else frame
            found.append((term, need.within(self._grid(term.source))))
        return sorted(found, key=lambda read: not folded.window(read[0]).transposed)

    def _frame(self, unit: Unit) -> Rect:
        """The part of a unit that is computed: with a margin, where it reads a plain term."""
        rect = self._rects[unit.last]
        for term in unit.terms:
            plain = term.upsampled is None and not unit.window.transposed
            if plain and (
                self._is_edited(unit.last) or self._pass.is_changed(term.reader, term.source)
            ):
                return self._margin(unit, term, rect).within(self._grid(unit.last))
        return rect

    def _part(self, i: int, rect: Rect) -> Tensor:
        """A node's value on a part of its grid; zeros beyond its edges."""
        grid = self._grid(i)
        inside = rect.within(grid)
        if i in self._parts:
            part = _cut(self._parts[i], self._rects[i], inside)
        else:
            value: Value = self._pass.one(i)
            part = _cut(_crop_patch(value, inside), inside, inside)
        if inside == rect:
            return part
        paddings = [
            (0, 0),
            (inside.top - rect.top, rect.bottom - inside.bottom),
            (inside.left - rect.left, rect.right - inside.right),
            (0, 0),
        ]
        return tf.pad(part, paddings)

    def _grid(self, i: int) -> tuple[int, ...]:
        """Rows and columns of a node."""
        spatial = self._pass.program.graph.layers[i].spatial
        if len(spatial) != 2:
            raise Unknown
        if None in spatial:
            spatial = tuple(self._base.tensor(i).shape[1:-1])
        return tuple(int(n or 0) for n in spatial)

    def _lengths(self, unit: Unit) -> tuple[int, ...]:
        layer = self._pass.program.graph[unit.layer]
        return layer.weights[0].shape[:2]


def _crop_patch(value: Value, rect: Rect) -> Tensor:
    """A part of a value."""
    rows, columns = slice(rect.top, rect.bottom), slice(rect.left, rect.right)
    if not isinstance(value, Patch):
        return whole_tensor(value)[:, rows, columns]
    cropped = np.array(np.asarray(value.base)[:, rows, columns])
    cropped[..., list(value.channels)] = value.maps[:, rows, columns]
    return tf.constant(cropped)


def _cut(part: Tensor, held: Rect, wanted: Rect) -> Tensor:
    """A part of a part."""
    if held == wanted:
        return part
    top, left = wanted.top - held.top, wanted.left - held.left
    return part[:, top : top + wanted.bottom - wanted.top, left : left + wanted.right - wanted.left]
