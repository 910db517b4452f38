"""What each skip connection is worth: cut it alone, run what it reaches, compare the masks."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.edits import Edit
from unetscope.domain.effects import How
from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.question import Steps
from unetscope.domain.explaining.switches import (
    Skip,
    SkipEffects,
    SkipEffectsQuestion,
    without_switches,
)
from unetscope.domain.interventions import CutSkip, skips
from unetscope.domain.metrics import Labels, dice
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.explaining.work import in_pieces
from unetscope.engine.forward import Forward

Floats = NDArray[np.float32]


def steps(scene: Scene, question: SkipEffectsQuestion) -> Steps:
    """Answer a `SkipEffectsQuestion`."""
    return skip_effects(
        scene, how=question.how, chosen=question.skips, reference=question.reference
    )


def skip_effects(
    scene: Scene,
    *,
    how: Sequence[How] = ("zero", "mean"),
    chosen: Sequence[Skip] | None = None,
    reference: Labels | None = None,
) -> Generator[tuple[int, int, SkipEffects | None], None, None]:
    """Cut each skip connection alone, with all others on; nothing of the network is changed.

    Parameters
    ----------
    how, chosen, reference
        As in `SkipEffectsQuestion`.

    Yields
    ------
    (done, total, effects)
        After every piece of work; the last one is complete, and there is none before the network
        has been run with all skip connections on.

    Raises
    ------
    ModelError
        There is no segmentation, or the reference is of another size.
    EditError
        A layer does not read what it is said to.
    """
    graph, output, reading = scene.program.graph, scene.output, scene.segmentation
    wanted = tuple(skips(graph) if chosen is None else chosen)
    cuts = [CutSkip(*skip, one) for skip in wanted for one in how]
    for cut in cuts:
        scene.node(cut.source)
        cut.check(graph.layers[scene.node(cut.layer)])
    total = len(cuts) + 1
    with ExitStack() as stack:
        base = scene.base
        kept: tuple[Edit, ...] = without_switches(scene.edits)
        if len(kept) != len(scene.edits):
            made = stack.enter_context(scene.passes(edits=kept))
            base = made.current
            for _ in in_pieces(base, partial(base.pull, (output,))):
                yield 0, total, None
        before = reading.mask(base, output)
        classes = _classes(scene)
        if reference is not None and reference.shape != before.shape:
            raise ModelError(
                f"The reference has {reference.shape} pixels, but the mask {before.shape}.",
                "Bring it to the network's grid first.",
            )
        effects = _empty(wanted, tuple(how), before, classes, reference)
        yield 1, total, effects
        for done, cut in enumerate(cuts):
            row, column = divmod(done, len(how))
            one = _cut(scene, base, cut)
            needed = output if output in one.reached else scene.node(cut.layer)
            try:
                for _ in in_pieces(one, partial(one.pull, (needed,))):
                    yield done + 1, total, effects
                after = reading.mask(one, output) if needed == output else before
            finally:
                one.drop()
            effects.changed_pixels[row, column] = np.count_nonzero(after != before)
            effects.dice[row, column] = _dice(after, before, classes)
            if reference is not None and effects.dice_with_reference is not None:
                effects.dice_with_reference[row, column] = _dice(after, reference, classes)
            yield done + 2, total, effects


def _cut(scene: Scene, base: Forward, cut: CutSkip) -> Forward:
    """The pass with one skip connection cut, and `base` as its base."""
    skip = (scene.node(cut.layer), scene.node(cut.source))
    situation = replace(base.situation, skips={**base.situation.skips, skip: (cut,)})
    return Forward(base.context, base.inputs, situation, base)


def _classes(scene: Scene) -> int:
    channels = scene.program.graph.layers[scene.output].channels or 1
    return max(channels, 2) + scene.segmentation.has_background


def _empty(
    wanted: tuple[Skip, ...],
    how: tuple[How, ...],
    mask: Labels,
    classes: int,
    reference: Labels | None,
) -> SkipEffects:
    shape = (len(wanted), len(how), classes)
    return SkipEffects(
        skips=wanted,
        how=how,
        mask=mask,
        changed_pixels=np.full(shape[:2], -1, np.int64),
        dice=np.full(shape, np.nan, np.float32),
        dice_with_reference=None if reference is None else np.full(shape, np.nan, np.float32),
        reference_before=None if reference is None else _dice(mask, reference, classes),
    )


def _dice(mask: Labels, other: Labels, classes: int) -> Floats:
    return np.array([dice(mask, other, label) for label in range(classes)], np.float32)
