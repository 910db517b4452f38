"""How a unit's value is computed: whole, by its changed filters, or by what its input changed.

Which of them is cheapest follows from the multiply-adds of each and the rates measured on this
machine, not from rules about layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from unetscope.domain.edits import SetBias
from unetscope.domain.history import Edits
from unetscope.engine.folding import Array, Folded, composed
from unetscope.engine.ops import Window, convolved, finished, thin, zeros
from unetscope.engine.program import Activation, Term, Unit
from unetscope.engine.pulse import pulse
from unetscope.engine.rates import measured
from unetscope.engine.values import Patch, Tensor, Value, patched, taken, whole_tensor
from unetscope.engine.winograd import Tiled

if TYPE_CHECKING:
    from unetscope.engine.forward import Forward

Piece = tuple[Tensor, Tensor | Tiled, Window]  # input, kernel, how it moves
NO_CHANNELS: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Which part of a unit's weights differs from the base's; None stands for all."""

    filters: tuple[int, ...] | None
    channels: tuple[int, ...] | None


class Units:
    """Computes the units of one pass."""

    def __init__(self, forward: Forward) -> None:
        self._pass = forward
        self._context = forward.context

    def value(self, unit: Unit, *, activated: bool = True) -> Value:
        """The value of a unit, before its activation if wanted so."""
        pulse.beat()
        base = self._pass.base
        if base is not None:
            change = self._change(unit, base)
            changed = [self._pass.is_changed(term.reader, term.source) for term in unit.terms]
            value: Value = None
            if change is None:
                value = self._by_input(unit, base, changed, activated=activated)
            elif not any(changed):
                value = self._by_weights(unit, base, change, activated=activated)
            if value is not None:
                return value
        return self._activated(unit, self._folded(unit), None, self._pieces(unit), activated)

    def total(self, unit: Unit, terms: Sequence[Term]) -> Tensor:
        """Bias and some terms, summed."""
        folded = self._folded(unit)
        pieces = self._pieces(unit, terms)
        if not pieces:
            raise AssertionError("a sum of no terms")
        return self._sum(folded, None, pieces, relu=False)

    # --------------------------------------------------------------- by its input

    def _by_input(
        self, unit: Unit, base: Forward, changed: Sequence[bool], *, activated: bool
    ) -> Value:
        """The weights are the base's, and some of what is read is not."""
        folded = self._folded(unit)
        changes: list[tuple[Term, Patch]] = []
        whole: list[Term] = []
        for term, is_changed in zip(unit.terms, changed, strict=True):
            if not is_changed:
                continue
            value = self._pass.read(term.reader, term.source)
            if isinstance(value, Patch) and self._pays(folded, term, value):
                if value.channels:
                    changes.append((term, value))
            else:
                whole.append(term)
        left = tuple(n for n, term in enumerate(unit.terms) if term not in whole)
        if not left:
            return None
        start, pieces = base.partial(unit, left), self._pieces(unit, whole)
        for term, patch in changes:
            change, window = patch.change(), folded.window(term)
            if self._is_thin(folded, term, change.shape):
                kernel = folded.part(term, channels=patch.channels)
                start = tf.constant(np.asarray(start) + thin(change, kernel, window))
            else:
                kernel = folded.reading(term, patch.channels)
                pieces.append((tf.constant(change), kernel, window))
        return self._activated(unit, folded, start, pieces, activated)

    def _is_thin(self, folded: Folded, term: Term, shape: tuple[int, ...]) -> bool:
        """Whether a matrix product does a few maps faster than a convolution."""
        window, rates = folded.window(term), measured()
        if not window.is_plain or len(window.strides) != 2:
            return False
        positions, made = prod(shape[1:-1]), prod(folded.shape(term)[:2]) * folded.filters
        work = positions * shape[-1] * made
        by_product = rates.thin(work, 4 * positions * made)
        return by_product < rates.convolution(work, 4 * positions * folded.filters)

    def _pays(self, folded: Folded, term: Term, patch: Patch) -> bool:
        """Whether it is cheaper to run the maps that changed than all of them."""
        rates, window = measured(), folded.window(term)
        positions = prod(patch.base.shape[1:-1])
        work = positions * prod(folded.shape(term))
        share = len(patch.channels) / int(patch.base.shape[-1])
        strides = prod(window.strides)
        written = positions * strides if window.transposed else positions / strides
        copy = 2 * patch.base.shape[-1] * positions * 4 / rates.passing
        some = rates.convolution(work * share, 4 * folded.filters * written)
        return bool(some < folded.seconds(term, positions) + copy)

    # ------------------------------------------------------------- by its weights

    def _by_weights(self, unit: Unit, base: Forward, change: Change, *, activated: bool) -> Value:
        """What is read is the base's, and some of the weights are not."""
        old, new = base.context.folded(unit, base.situation.weights), self._folded(unit)
        acted = unit.last in self._pass.situation.maps or unit.last in base.situation.maps
        if change.filters is None:
            return self._by_channels(unit, base, change, activated=activated)
        if acted or not self._is_cheap(unit, new, len(change.filters)):
            return None
        which = change.filters
        if change.channels is None:
            before = self._filters(unit, new, change, None) + new.bias_of(which)
        else:
            before = base.filters_before(unit, which) + (new.bias_of(which) - old.bias_of(which))
            if change.channels:
                before = before + self._filters(unit, new, change, old)
        if not activated or unit.activation is None:
            whole = base.tensor(unit.last) if unit.activation is None else self._all(base, unit)
            return Patch(whole, change.filters, before)
        if unit.activation.is_elementwise:
            return Patch(base.tensor(unit.last), change.filters, _applied(unit.activation, before))
        whole_before = patched(np.asarray(self._all(base, unit)), change.filters, before)
        return unit.activation.call(tf.constant(whole_before))

    def _by_channels(self, unit: Unit, base: Forward, change: Change, *, activated: bool) -> Value:
        """All filters changed what they do with a few input channels."""
        old, new = base.context.folded(unit, base.situation.weights), self._folded(unit)
        count = sum(term.channels.stop - term.channels.start for term in unit.terms)
        if change.channels is None or len(change.channels) > count // 4:
            return None
        pieces: list[Piece] = []
        for term, own in _by_term(unit, change.channels):
            x = self._pass.read(term.reader, term.source)
            kernel = new.part(term, channels=own) - old.part(term, channels=own)
            if term.upsampled is not None:
                kernel = composed(kernel, term.upsampled)
            maps = tf.constant(taken(whole_tensor(x), own))
            pieces.append((maps, tf.constant(kernel), new.window(term)))
        start = finished(self._all(base, unit), tf.constant(new.bias - old.bias))
        return self._activated(unit, new, start, pieces, activated)

    def filters_before(self, unit: Unit, filters: tuple[int, ...]) -> Array:
        """A few maps of a unit before its activation, as the weights of this pass make them."""
        folded = self._folded(unit)
        return self._filters(unit, folded, Change(filters, None), None) + folded.bias_of(filters)

    def _filters(self, unit: Unit, new: Folded, change: Change, old: Folded | None) -> Array:
        """What some filters make of some channels; the difference to ``old`` where it is given."""
        total: Array = np.float32(0)  # type: ignore[assignment]
        terms: Iterable[tuple[Term, tuple[int, ...] | None]]
        terms = ((term, None) for term in unit.terms)
        if change.channels is not None:
            terms = _by_term(unit, change.channels)
        for term, own in terms:
            x = whole_tensor(self._pass.read(term.reader, term.source))
            kernel = new.part(term, channels=own, filters=change.filters)
            if old is not None:
                kernel = kernel - old.part(term, channels=own, filters=change.filters)
            maps = np.asarray(x) if own is None else taken(x, own)
            total = total + self._few(maps, kernel, term, new)
        return total

    def _few(self, maps: Array, kernel: Array, term: Term, folded: Folded) -> Array:
        window = folded.window(term)
        if window.is_plain and len(window.strides) == 2:
            return thin(maps, kernel, window)
        if term.upsampled is not None:
            kernel = composed(kernel, term.upsampled)
        x, kernel = tf.constant(maps), tf.constant(np.ascontiguousarray(kernel))
        filters = int(kernel.shape[-2 if window.transposed else -1])
        made: Array = np.asarray(convolved(x, kernel, window, zeros(filters)))
        return made

    def _is_cheap(self, unit: Unit, folded: Folded, filters: int) -> bool:
        """Whether it is cheaper to run a few filters than all.

        What reads the unit gains from it too: about as much as a convolution of its own costs.
        """
        rates = measured()
        share = filters / folded.filters
        whole = some = 0.0
        for term in unit.terms:
            x = self._pass.read(term.reader, term.source)
            positions = prod((x.base if isinstance(x, Patch) else x).shape[1:-1])
            shape, seconds = folded.shape(term), folded.seconds(term, positions)
            work = positions * prod(shape)
            channels = term.channels.stop - term.channels.start
            whole += seconds + (1 - share) * seconds * folded.filters / channels
            window = folded.window(term)
            if window.is_plain and len(window.strides) == 2:
                products = 4 * positions * shape[0] * shape[1] * filters
                some += rates.thin(work * share, products)
            else:
                some += rates.convolution(4 * work * share, 0)
        return some < whole

    # ------------------------------------------------------------------- adding up

    def _pieces(self, unit: Unit, terms: Sequence[Term] | None = None) -> list[Piece]:
        folded = self._folded(unit)
        pieces = []
        for term in unit.terms if terms is None else terms:
            x = whole_tensor(self._pass.read(term.reader, term.source))
            positions = prod(x.shape[:-1])
            pieces.append((x, folded.fastest(term, positions), folded.window(term)))
        return pieces

    def _activated(
        self, unit: Unit, folded: Folded, start: Tensor, pieces: Sequence[Piece], activated: bool
    ) -> Tensor:
        """Add pieces to what is there, and apply the activation if wanted."""
        activation = unit.activation if activated else None
        relu = activation is not None and activation.name == "relu"
        total = self._sum(folded, start, pieces, relu=relu)
        return total if activation is None or relu else activation.call(total)

    def _sum(self, folded: Folded, start: Tensor, pieces: Sequence[Piece], *, relu: bool) -> Tensor:
        total, bias = start, (folded.bias_tensor if start is None else folded.no_bias)
        order = sorted(pieces, key=lambda piece: not piece[2].transposed)
        if len({_grid(piece) for piece in pieces}) > 1:
            raise ValueError("the parts of a concatenation differ in size")
        for n, (x, kernel, window) in enumerate(order):
            last = relu and n == len(order) - 1
            added = None if window.transposed and n + (start is not None) else bias
            total = convolved(x, kernel, window, added, total, last)
            bias = folded.no_bias
        return tf.raw_ops.Relu(features=total) if relu and not order else total

    def _all(self, base: Forward, unit: Unit) -> Tensor:
        return base.partial(unit, tuple(range(len(unit.terms))))

    def _folded(self, unit: Unit) -> Folded:
        return self._context.folded(unit, self._pass.situation.weights)

    def _change(self, unit: Unit, base: Forward) -> Change | None:
        """Which of the unit's weights differ from the base's; None where none does."""
        mine, others = self._pass.situation.weights, base.situation.weights
        names = [self._context.program.nodes[i].layer for i in unit.layers]
        if all(mine.get(name, ()) == others.get(name, ()) for name in names):
            return None
        change = _changed(mine.get(unit.layer, ()), others.get(unit.layer, ()))
        if unit.norm is None or mine.get(names[1], ()) == others.get(names[1], ()):
            return change
        pairs = zip(
            self._context.norm(unit.norm, mine), self._context.norm(unit.norm, others), strict=True
        )
        differs = np.any([a != b for a, b in pairs], axis=0)
        if change.filters is None:
            return Change(None, None)
        filters = {*change.filters, *np.flatnonzero(differs).tolist()}
        return Change(tuple(sorted(filters)), None)


def _applied(activation: Activation, before: Array) -> Array:
    if activation.name == "relu":
        return np.maximum(before, np.float32(0))
    return np.asarray(activation.call(tf.constant(before)))


def _grid(piece: Piece) -> tuple[int, ...]:
    """Rows and columns that a piece stands for in what the convolution reads."""
    x, _, window = piece
    grid = tuple(int(n) for n in x.shape[1:-1])
    if not window.transposed:
        return grid
    return tuple(n * times for n, times in zip(grid, window.strides, strict=True))


def _changed(some: Edits, others: Edits) -> Change:
    """Which weights two lists of edits of one layer may leave different."""
    same = 0
    for one, other in zip(some, others, strict=False):
        if one != other:
            break
        same += 1
    filters: set[int | None] = set()
    channels: set[int | None] = set()
    for edit in (*some[same:], *others[same:]):
        touched = edit.touched
        filters.add(touched.filter)
        if not isinstance(edit, SetBias):
            channels.add(touched.in_channel)
    return Change(_listed(filters), _listed(channels))


def _listed(found: set[int | None]) -> tuple[int, ...] | None:
    numbers = [n for n in found if n is not None]
    return None if len(numbers) < len(found) else tuple(sorted(numbers))


def _by_term(unit: Unit, channels: Sequence[int]) -> list[tuple[Term, tuple[int, ...]]]:
    """Input channels by the term that feeds them, counted from the term's first."""
    found = []
    for term in unit.terms:
        start, stop = term.channels.start, term.channels.stop
        own = tuple(c - start for c in channels if start <= c < stop)
        if own:
            found.append((term, own))
    return found
