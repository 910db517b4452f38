"""Activation patching: one layer after the other taken from another run, the rest left to run.

Everything is computed exactly: a patched layer holds the other run's very values, and what comes
after it is run as always. So patching an input, an output, or all that crosses one place of the
network, gives the other run's output.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.question import Steps
from unetscope.domain.explaining.recovery import Recovery, RecoveryMeasure, RecoveryQuestion
from unetscope.domain.explaining.target import Target
from unetscope.domain.interventions import CutSkip, Intervention, Maps, skips
from unetscope.domain.metrics import Labels, dice
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.explaining.work import in_pieces
from unetscope.engine.forward import Forward
from unetscope.engine.images import fitted
from unetscope.engine.passes import Passes
from unetscope.engine.program import Program
from unetscope.engine.values import Array, Value, whole_array

Floats = NDArray[np.float32]
Step = tuple[int, int, Recovery | None]


def steps(scene: Scene, question: RecoveryQuestion) -> Steps:
    """Answer a `RecoveryQuestion`."""
    return recovery(
        scene,
        question.donor,
        donor_name=question.donor_name,
        measure=question.measure,
        with_skips=question.with_skips,
        labels=question.labels,
        reference=question.reference,
        target=question.target,
        layers=question.layers,
    )


def recovery(
    scene: Scene,
    donor: ArrayLike | None,
    *,
    donor_name: str = "another slice",
    measure: RecoveryMeasure = RecoveryMeasure.AGREEMENT,
    with_skips: bool = False,
    labels: Sequence[int] | None = None,
    reference: Labels | None = None,
    target: Target | None = None,
    layers: Sequence[str] | None = None,
) -> Generator[Step, None, None]:
    """Take one layer after the other from the donor's run; nothing of the network is changed.

    Parameters
    ----------
    donor, donor_name, measure, with_skips, labels, reference, target, layers
        As in `RecoveryQuestion`.

    Yields
    ------
    (done, total, recovery)
        After every piece of work; the last one is complete, and there is none before the donor
        has been run.

    Raises
    ------
    ModelError
        There is no segmentation or no such layer; the donor does not fit; or what the measure
        needs is missing or of another size.
    """
    program, output = scene.program, scene.output
    nodes = places(program, output) if layers is None else tuple(map(scene.node, layers))
    edges = skips_of(program, output) if layers is None and not with_skips else ()
    patches = [patched_with(program, node, output, with_skips) for node in nodes]
    total, found = len(nodes) + len(edges), None
    base = scene.base
    base.pull((output,))
    with _donor(scene, donor) as made:
        other = made.current
        for _ in in_pieces(other, partial(other.pull, (output,))):
            yield 0, total, found
        meter = _Meter(scene, other, measure, labels, reference, target)
        found = meter.empty(nodes, edges, donor_name, with_skips)
        yield 0, total, found
        for done, patch in enumerate([*patches, *edges]):
            values: dict[int, Array] = {}
            at_skip = done >= len(nodes)
            for i in patch[1:] if at_skip else patch:
                for _ in in_pieces(other, partial(_take, other, i, values)):
                    yield done, total, found
            if at_skip:
                reader, source = patch
                one = with_skip(base, reader, source, other.read(reader, source))
            else:
                one = with_values(base, values)
            try:
                for _ in in_pieces(one, partial(one.pull, (output,))):
                    yield done, total, found
                found.scores[done], found.differing[done] = meter.read(one)
            finally:
                one.drop()
            yield done + 1, total, found


def places(program: Program, output: int) -> tuple[int, ...]:
    """The nodes to patch: those that the output depends on and that stand for themselves.

    A convolution with the normalisation and the activation after it counts once, by its end; what
    only hands on what it reads, such as dropout, does not count.
    """
    inner: set[int] = set()
    leading = _leading(program, output)
    for i in leading:
        unit = program.unit(i)
        if unit is not None:
            inner |= {unit.node, *(() if unit.norm is None else (unit.norm,))} - {unit.last}
    skipped = {i for i in leading if program.nodes[i].reads and program.is_identity(i)} - {output}
    return tuple(sorted(leading - inner - skipped))


def patched_with(program: Program, node: int, output: int, with_skips: bool) -> tuple[int, ...]:
    """The nodes that are taken from the donor for one place.

    With skips these are, beside the node itself, all whose values reach what comes after the node
    without passing through it: together they cut the network in two, so that the output becomes
    the donor's.
    """
    if not with_skips:
        return (node,)
    after = program.reached((node,)) & _leading(program, output) - {node}
    sources = {source for i in after for source in program.nodes[i].sources}
    return (node, *sorted(sources - after - {node}))


def skips_of(program: Program, output: int) -> tuple[tuple[int, int], ...]:
    """The skip connections that an output depends on, as (node that reads, node that is read)."""
    leading = _leading(program, output)
    found = [
        (program.index[reader], program.index[source]) for reader, source in skips(program.graph)
    ]
    return tuple(skip for skip in found if skip[0] in leading)


def with_skip(base: Forward, reader: int, source: int, value: Value) -> Forward:
    """The same pass with another value of what one node reads of another, and `base` as its base.

    Parameters
    ----------
    value : (1, ..., C) tensor
    """
    name, read = (base.program.nodes[i].name for i in (reader, source))
    given = _GivenSkip(name, read, values=whole_array(value))
    skip, before = (reader, source), base.situation.skips
    situation = replace(base.situation, skips={**before, skip: (*before.get(skip, ()), given)})
    return Forward(base.context, base.inputs, situation, base)


def with_values(base: Forward, values: Mapping[int, Array]) -> Forward:
    """The same pass with other values of some nodes, and `base` as its base.

    Parameters
    ----------
    values : mapping of int to (1, ..., C) ndarray
        By node.
    """
    names = {i: base.program.nodes[i].name for i in values}
    return base.with_edits([_Given(names[i], values=value) for i, value in values.items()])


@dataclass(frozen=True, eq=False)
class _Given(Intervention):
    """Put known values in place of all maps of a layer."""

    values: Array | None = None

    def change(self, maps: Maps) -> Maps:
        """See `Intervention.change`."""
        assert self.values is not None
        return self.values


@dataclass(frozen=True, eq=False)
class _GivenSkip(CutSkip):
    """Put known values in place of what a layer reads."""

    values: Array | None = None

    def change(self, maps: Maps) -> Maps:
        """See `CutSkip.change`."""
        assert self.values is not None
        return self.values


class _Meter:
    """Reads one measure off a pass, and how far its mask is from the donor's."""

    def __init__(
        self,
        scene: Scene,
        donor: Forward,
        measure: RecoveryMeasure,
        labels: Sequence[int] | None,
        reference: Labels | None,
        target: Target | None,
    ) -> None:
        self._scene = scene
        self._donor = donor
        self._measure = measure
        self._mask: Labels = scene.segmentation.mask(donor, scene.output)
        self._target = self._checked_target(target)
        self._like = (
            self._mask if measure is RecoveryMeasure.AGREEMENT else self._checked(reference)
        )
        self._labels = self._counted(labels)

    def empty(
        self,
        nodes: Sequence[int],
        edges: Sequence[tuple[int, int]],
        donor_name: str,
        with_skips: bool,
    ) -> Recovery:
        """Nothing measured yet but slice and donor themselves."""
        bad, differing = self.read(self._scene.base)
        good, _ = self.read(self._donor)
        name = [node.name for node in self._scene.program.nodes]
        rows = len(nodes) + len(edges)
        return Recovery(
            layers=tuple(name[i] for i in nodes),
            skips=tuple((name[reader], name[source]) for reader, source in edges),
            labels=self._labels,
            bad=bad,
            good=good,
            scores=np.full((rows, len(self._labels)), np.nan, np.float32),
            differing=np.full(rows, -1, np.int64),
            differing_before=differing,
            measure=self._measure,
            with_skips=with_skips,
            donor=donor_name,
        )

    def read(self, one: Forward) -> tuple[Floats, int]:
        """The measure for each label, and pixels unlike the donor's mask."""
        mask = self._scene.segmentation.mask(one, self._scene.output)
        differing = int(np.count_nonzero(mask != self._mask))
        if self._measure is not RecoveryMeasure.TARGET:
            scores = [dice(mask, self._like, label) for label in self._labels]
            return np.array(scores, np.float32), differing
        assert self._target is not None
        probabilities = self._scene.segmentation.probabilities(one.array(self._scene.output)[0])
        score = probabilities[..., self._target.channel][self._target.region].mean()
        return np.array([score], np.float32), differing

    def _counted(self, labels: Sequence[int] | None) -> tuple[int, ...]:
        """The labels that the mask to be like holds: of the others no overlap can be told."""
        if self._target is not None:
            return (self._target.channel,)
        held = np.unique(self._like).tolist()
        return tuple(i for i in held if (i in labels if labels is not None else i != 0))

    def _checked(self, reference: Labels | None) -> Labels:
        if self._measure is RecoveryMeasure.TARGET:
            return self._mask
        if reference is None:
            raise ModelError("There is no reference to compare with.", "Open one first.")
        if reference.shape != self._mask.shape:
            raise ModelError(
                f"The reference has {reference.shape} pixels, but the mask {self._mask.shape}.",
                "Bring it to the network's grid first.",
            )
        return reference

    def _checked_target(self, target: Target | None) -> Target | None:
        if self._measure is not RecoveryMeasure.TARGET:
            return None
        if target is None:
            raise ModelError("There is no target to measure.", "Choose a class and some pixels.")
        channels = self._scene.program.graph.layers[self._scene.output].channels or 1
        if target.region.shape != self._mask.shape or not 0 <= target.channel < channels:
            raise ModelError(
                f"The target has {target.region.shape} pixels and channel {target.channel}, but "
                f"the output {self._mask.shape} and {channels} channels.",
                "Choose it on the network's output.",
            )
        return target


def _leading(program: Program, output: int) -> frozenset[int]:
    """The nodes that an output depends on, itself among them."""
    found = {output}
    for i in range(output, -1, -1):
        if i in found:
            found.update(program.nodes[i].sources)
    return frozenset(found)


def _donor(scene: Scene, donor: ArrayLike | None) -> AbstractContextManager[Passes]:
    """Passes of the donor, forgotten in the end."""
    if donor is None:
        return scene.passes(edits=())
    layers = [scene.program.graph.layers[i] for i in scene.program.inputs]
    tensors = [tf.constant(values) for values in fitted(donor, layers)]
    for tensor, shown in zip(tensors, scene.inputs, strict=True):
        if tensor.shape != shown.shape:
            raise ModelError(
                f"The other slice makes an input of {tuple(tensor.shape[1:])}, but the one shown "
                f"{tuple(shown.shape[1:])}.",
                "Take a slice of the same size.",
            )
    return scene.passes(inputs=tensors)


def _take(one: Forward, i: int, into: dict[int, Array]) -> None:
    into[i] = one.array(i)
