"""One pass through the network for one image and one set of edits, computed as it is asked for.

A pass may have another one as its base: then a node that the difference between the two does not
reach has the base's value, the very same tensor, and where only a few maps or filters differ only
those are computed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from unetscope.domain.interventions import CutSkip, Intervention, PatchSkip
from unetscope.engine.context import Context
from unetscope.engine.ops import scaled
from unetscope.engine.program import Nodes, Unit
from unetscope.engine.situation import TRAINED, Situation
from unetscope.engine.units import Units
from unetscope.engine.values import (
    Array,
    Patch,
    Tensor,
    Value,
    patched,
    some_maps,
    whole_array,
    whole_tensor,
)

KEPT_DONORS = 2
_ids = itertools.count()
_MERGES = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})
Checkpoint = Callable[[], None]


class Forward:
    """The values of all nodes for one image and one situation.

    Parameters
    ----------
    context : Context
    inputs : mapping of int to tensor
        The image, by input node.
    situation : Situation
        The edits in force.
    base : Forward, optional
        Another pass for the same image.
    checkpoint : callable, optional
        Called before each node is run; what it raises ends the pass, which can be gone on with.
    """

    def __init__(
        self,
        context: Context,
        inputs: Mapping[int, Tensor],
        situation: Situation = TRAINED,
        base: Forward | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.context = context
        self.program = context.program
        self.inputs = inputs
        self.situation = situation
        self.base = base
        self.checkpoint = checkpoint
        self.key = next(_ids)
        self.depth: int = 0 if base is None else base.depth + 1
        self.starts: Nodes = (
            self.program.computed
            if base is None
            else situation.starts(base.situation, self.program)
        )
        self.reached = self.program.reached(self.starts)
        self.ran: set[int] = set()
        self._held: dict[int, Value] = {}
        self._units = Units(self)

    @property
    def layers_run(self) -> int:
        """How many layers were brought up to date, alone or within a unit."""
        return len(self.ran & self.reached)

    # ------------------------------------------------------------------- asking

    def pull(self, wanted: Iterable[int]) -> dict[int, Value]:
        """Values of nodes; only what they need and what is stale is run, in one sweep."""
        wanted = tuple(wanted)
        apart = self.situation.apart | set(wanted)
        needed = self._needed(wanted, apart)
        uses = self._uses(needed, apart)
        try:
            for i in sorted(needed):
                if self.checkpoint is not None:
                    self.checkpoint()
                self._held[i] = self._run(i, apart)
                self._keep(i, self._held[i])
                for source in self._reads(i, apart):
                    uses[source] = uses.get(source, 0) - 1
                    if uses[source] == 0 and source not in wanted:
                        self._held.pop(source, None)
            return {i: self.get(i) for i in wanted}
        finally:
            self._held.clear()

    def one(self, i: int) -> Value:
        """A node's value."""
        found = self._found(i)
        return self.pull((i,))[i] if found is None else found

    def tensor(self, i: int) -> Tensor:
        """A node's value as one tensor."""
        value = self.one(i)
        if not isinstance(value, Patch):
            return value
        return self.once(("whole", i), lambda: whole_tensor(value))

    def array(self, i: int) -> Array:
        """A node's value as an array with its batch axis."""
        value = self.one(i)
        return whole_array(value[0] if isinstance(value, tuple) else value)

    def with_edits(
        self, edits: Sequence[Intervention], checkpoint: Checkpoint | None = None
    ) -> Forward:
        """The same pass with more interventions, and this one as its base."""
        maps = dict(self.situation.maps)
        for edit in edits:
            node = self.program.index[edit.layer]
            edit.check(self.program.graph.layers[node])
            maps[node] = (*maps.get(node, ()), edit)
        situation = replace(self.situation, maps=maps)
        return Forward(self.context, self.inputs, situation, self, checkpoint)

    def unit_of(self, i: int) -> Unit | None:
        """The unit that makes a node's value, where nothing acts on it from outside."""
        maps = self.situation.maps
        return None if i in maps else self.program.unit(i, self.situation.apart)

    def before_activation(self, i: int) -> Value:
        """What a node's unit gives before its activation: logits, for an output."""
        unit = self.unit_of(i)
        assert unit is not None
        return self.before_activation_of(unit)

    def before_activation_of(self, unit: Unit) -> Value:
        """What a unit gives before its activation."""
        i = unit.last
        if not self._is_reached(i):
            assert self.base is not None
            return self.base.before_activation_of(unit)
        sources = [term.source for term in unit.terms if self._is_reached(term.source)]
        self.pull(source for source in sources if self._found(source) is None)
        self.ran |= {unit.node, unit.last}
        return self.once(("before", i), lambda: self._units.value(unit, activated=False))

    def partial(self, unit: Unit, terms: tuple[int, ...]) -> Tensor:
        """Bias and some terms of a unit, summed: what stays when the others change."""

        def work() -> Tensor:
            return self._units.total(unit, [unit.terms[n] for n in terms])

        is_all = len(terms) == len(unit.terms)
        if is_all and unit.activation is None and unit.last not in self.situation.maps:
            return self.tensor(unit.last)
        return self.once(("partial", unit, terms), work)

    def filters_before(self, unit: Unit, filters: tuple[int, ...]) -> Array:
        """A few maps of a unit before its activation."""
        found: Array = self.once(
            ("filters", unit, filters), lambda: self._units.filters_before(unit, filters)
        )
        return found

    def get(self, i: int) -> Value:
        """A node's value: held by the running sweep, kept, or the base's; else it is pulled."""
        if i in self._held:
            return self._held[i]
        found = self._found(i)
        if found is not None:
            return found
        if not self._is_reached(i):
            assert self.base is not None
            return self.base.one(i)
        return Forward.pull(self._aside(), (i,))[i]

    def read(self, reader: int, source: int, output: int = 0) -> Value:
        """A node's value as another node reads it."""
        value = self.get(source)
        if isinstance(value, tuple):
            value = value[output]
        for edit in self.situation.skips.get((reader, source), ()):
            if isinstance(edit, PatchSkip):
                value = self._donor(edit).tensor(source)
            elif isinstance(edit, CutSkip):
                value = tf.constant(edit.change(whole_array(value)))
        return value

    def is_changed(self, reader: int, source: int) -> bool:
        """Whether a node reads something else than in the base."""
        if self.base is None or self._is_reached(source):
            return True
        skip = (reader, source)
        return self.situation.skips.get(skip) != self.base.situation.skips.get(skip)

    def drop(self) -> None:
        """Give its memory back; what is asked for again is computed again."""
        self.context.memory.drop_of(self.key)

    # ------------------------------------------------------------------ sweeping

    def _needed(self, wanted: Iterable[int], apart: Nodes) -> set[int]:
        needed: set[int] = set()
        ask = list(wanted)
        while ask:
            i = ask.pop()
            if i in needed or not self._is_reached(i) or self._found(i) is not None:
                continue
            needed.add(i)
            ask += self._reads(i, apart)
        return needed

    def _uses(self, needed: Iterable[int], apart: Nodes) -> dict[int, int]:
        uses: dict[int, int] = {}
        for i in needed:
            for source in self._reads(i, apart):
                uses[source] = uses.get(source, 0) + 1
        return uses

    def _reads(self, i: int, apart: Nodes) -> Sequence[int]:
        unit = self.program.unit(i, apart)
        if unit is not None:
            return [term.source for term in unit.terms]
        return [source for source, _ in self.program.nodes[i].reads]

    def _run(self, i: int, apart: Nodes) -> Value:
        acts = self.situation.maps.get(i, ())
        unit = self.program.unit(i, apart)
        if acts and self._only_acts(i):
            assert self.base is not None
            value: Value = Patch(self.base.tensor(i), (), np.zeros((1, 0, 0, 0), np.float32))
        elif i in self.inputs:
            value = self.inputs[i]
        elif unit is not None:
            self.ran |= {unit.node, unit.last, *(term.reader for term in unit.terms)}
            self.ran |= set(unit.layers)
            value = self._units.value(unit)
        else:
            value = self._node(i)
        self.ran.add(i)
        return self._acted(value, acts) if acts else value

    def _only_acts(self, i: int) -> bool:
        """Whether nothing but the interventions on a node differs from the base."""
        if self.base is None or i in self.base.situation.maps:
            return False
        layer = self.program.nodes[i].layer
        same = self.situation.weights.get(layer, ()) == self.base.situation.weights.get(layer, ())
        reads = self.program.nodes[i].reads
        return same and not any(self.is_changed(i, source) for source, _ in reads)

    def _acted(self, value: Value, acts: Sequence[Intervention]) -> Value:
        if isinstance(value, tuple):
            return (self._acted(value[0], acts), *value[1:])
        which = [act.feature_map for act in acts]
        if None in which:
            whole = np.array(whole_array(value))
            for act in acts:
                part: Any = slice(None) if act.feature_map is None else [act.feature_map]
                whole[..., part] = act.change(whole[..., part])
            return tf.constant(whole)
        known = value.channels if isinstance(value, Patch) else ()
        channels = tuple(sorted({*known, *(index for index in which if index is not None)}))
        maps = some_maps(value, channels)
        for act in acts:
            at = channels.index(act.feature_map)
            maps[..., at : at + 1] = act.change(maps[..., at : at + 1])
        if isinstance(value, Patch):
            return Patch(value.base, channels, maps)
        return tf.constant(patched(np.asarray(value), channels, maps))

    # -------------------------------------------------------- nodes that are no unit

    def _node(self, i: int) -> Value:
        node, program = self.program.nodes[i], self.program
        reads = [(source, self.read(i, source, output)) for source, output in node.reads]
        values = [value for _, value in reads]
        acted = i in self.situation.maps or (
            self.base is not None and i in self.base.situation.maps
        )
        if program.is_identity(i) and not acted:
            return values[0]
        if self.base is not None and i not in self.starts and not acted:
            some = self._some_maps(i, reads)
            if some is not None:
                return some
        tensors = [whole_tensor(value) for value in values]
        if program.is_norm(i):
            return self._normalised(i, tensors[0], None)
        if program.is_join(i):
            return tf.concat(tensors, -1)
        given = self.context.call(i, tensors, self.situation.weights)
        return given if len(given) > 1 else given[0]

    def _some_maps(self, i: int, reads: Sequence[tuple[int, Value]]) -> Value:
        """A node's value where only some maps of what it reads are other; None where more is."""
        assert self.base is not None
        program = self.program
        changed = [value for source, value in reads if self.is_changed(i, source)]
        if not all(isinstance(value, Patch) for value in changed):
            return None
        if program.is_map_by_map(i):
            patch = changed[0]
            if program.is_norm(i):
                maps = self._normalised(i, tf.constant(patch.maps), patch.channels)
            else:
                maps = self.context.call(i, [tf.constant(patch.maps)], self.situation.weights)[0]
            return Patch(self.base.tensor(i), patch.channels, np.asarray(maps))
        if program.is_join(i):
            return self._joined(i, reads)
        if program.kind(i) in _MERGES and len({self._channels(s) for s, _ in reads}) == 1:
            channels = tuple(sorted({c for value in changed for c in value.channels}))
            parts = [some_maps(value, channels) for _, value in reads]
            if len({part.shape for part in parts}) == 1:
                tensors = [tf.constant(part) for part in parts]
                maps = self.context.call(i, tensors, self.situation.weights)[0]
                return Patch(self.base.tensor(i), channels, np.asarray(maps))
        return None

    def _joined(self, i: int, reads: Sequence[tuple[int, Value]]) -> Patch:
        assert self.base is not None
        start, channels, maps = 0, [], []
        for source, value in reads:
            if isinstance(value, Patch) and self.is_changed(i, source):
                channels += [start + c for c in value.channels]
                maps.append(value.maps)
            start += self._channels(source) or 0
        return Patch(self.base.tensor(i), tuple(channels), np.concatenate(maps, -1))

    def _channels(self, i: int) -> int | None:
        return self.program.graph.layers[i].channels

    def _normalised(self, i: int, x: Tensor, channels: tuple[int, ...] | None) -> Tensor:
        scale, shift = self.context.norm(i, self.situation.weights)
        if channels is not None:
            scale, shift = scale[list(channels)], shift[list(channels)]
        return scaled(x, scale, shift)

    def _donor(self, edit: PatchSkip) -> Forward:
        """The pass over another image, from which a skip connection is patched."""
        donors = self.context.donors
        key = (id(edit), *(tuple(map(id, some)) for some in self.situation.weights.values()))
        if key not in donors:
            (node, shown), *_ = self.inputs.items()
            image = np.reshape(np.asarray(edit.image, np.float32), shown.shape)
            inputs = {node: tf.constant(image)}
            donors[key] = (Forward(self.context, inputs, self.situation.only_weights()), edit)
            while len(donors) > KEPT_DONORS:
                donors.popitem(last=False)[1][0].drop()
        donor: Forward = donors[key][0]
        return donor

    # ------------------------------------------------------------------- memory

    def has(self, i: int) -> bool:
        """Whether a node's value is at hand."""
        if not self._is_reached(i) and self.base is not None:
            return self.base.has(i)
        return self._found(i) is not None

    def _is_reached(self, i: int) -> bool:
        return self.base is None or i in self.reached

    def _aside(self) -> Forward:
        """The same pass, to go back for what was dropped while a sweep of this one is under way."""
        other = Forward(self.context, self.inputs, self.situation, self.base, self.checkpoint)
        other.key = self.key
        return other

    def _found(self, i: int) -> Value:
        if i in self.inputs and i not in self.situation.maps:
            return self.inputs[i]
        return self.context.memory.get((self.key, i))

    def _keep(self, i: int, value: Value) -> None:
        self.context.memory.put((self.key, i), value)

    def once(self, name: tuple[Any, ...], work: Callable[[], Any]) -> Any:
        """Something made of this pass, made once and kept while there is memory."""
        key = (self.key, *name)
        found = self.context.memory.get(key)
        if found is None:
            found = work()
            self.context.memory.put(key, found)
        return found
