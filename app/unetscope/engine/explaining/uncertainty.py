"""How sure a network is: its own probabilities, and how they spread when it is run again.

It is run over the image changed a little, or with its dropout layers at work as in training. All
else, normalisations too, works as it always does: only dropout is drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import tensorflow as tf

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.augmenting import HARMLESS, Augmentation, Change, check, draw
from unetscope.domain.explaining.augmenting import Steps as PixelSteps
from unetscope.domain.explaining.question import Steps
from unetscope.domain.explaining.uncertainty import (
    WHOLE_MAPS,
    Floats,
    Runs,
    UncertaintyKind,
    UncertaintyQuestion,
    has_dropout,
    of_probabilities,
)
from unetscope.domain.explaining.uncertainty_numbers import SliceUncertaintyQuestion, all_numbers
from unetscope.domain.interventions import Intervention, Maps
from unetscope.domain.receptive_field import receptive_field
from unetscope.engine.effects import Clock
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.forward import Forward
from unetscope.engine.program import Program

FEWEST, MOST_REPEATS = 2, 1000
_ALPHA = -1.6732632423543772 * 1.0507009873554805  # what a dropped value of a SELU network is


def steps(scene: Scene, question: UncertaintyQuestion) -> Steps:
    """Answer an `UncertaintyQuestion`."""
    return uncertainty(
        scene,
        question.kind,
        repeats=question.repeats,
        seed=question.seed,
        augmentations=question.augmentations,
    )


def slice_steps(scene: Scene, question: SliceUncertaintyQuestion) -> Steps:
    """Answer a `SliceUncertaintyQuestion`."""
    with closing(steps(scene, question)) as measured:
        for done, total, found in measured:
            yield done, total, None if found is None else all_numbers(found, question.judge)


def uncertainty(
    scene: Scene,
    kind: UncertaintyKind,
    *,
    repeats: int = 16,
    seed: int = 0,
    augmentations: Collection[Augmentation] = HARMLESS,
) -> Steps:
    """Measure an `Uncertainty`, a run of the network at a time; before the end there is none.

    Raises
    ------
    ModelError
        The output is no segmentation, there is no dropout, or what was chosen does not fit.
    """
    output, layer = scene.output, scene.segmentation.output
    read = scene.segmentation.probabilities
    plain = read(scene.base.array(output)[0])
    mask = scene.segmentation.mask_of(plain)
    if kind is UncertaintyKind.ENTROPY:
        yield 1, 1, of_probabilities(plain, mask, layer)
        return
    if not FEWEST <= repeats <= MOST_REPEATS:
        raise ModelError(
            f"A spread needs {FEWEST} to {MOST_REPEATS} runs, but found {repeats}.",
            "Choose another number.",
        )
    if kind is UncertaintyKind.DROPOUT:
        made = _dropped(scene, repeats, seed)
    else:
        made = _augmented(scene, repeats, seed, augmentations)
    runs, done = Runs(plain, mask), 0
    try:
        for found in made:
            if found is None:
                yield done, repeats, None
                continue
            change, values = found
            probabilities, known = change.undo(read(values))
            runs.add(probabilities, scene.segmentation.mask_of(probabilities), known)
            done += 1
            if done < repeats:
                yield done, repeats, None
        yield done, done, runs.uncertainty(kind, layer)
    finally:
        made.close()


Made = Generator[tuple[Change, Floats] | None, None, None]
"""What a run gave, with the way back; None after each piece of work on the way there."""


# ------------------------------------------------------------------- augmentations


def _augmented(scene: Scene, repeats: int, seed: int, chosen: Collection[Augmentation]) -> Made:
    """Runs over the image changed a little."""
    images = [np.asarray(tensor)[0] for tensor in scene.inputs]
    sizes = {image.shape[:-1] for image in images}
    size = images[0].shape[:-1]
    if len(sizes) > 1 or len(size) != 2:
        raise ModelError(
            "The network's inputs differ in size, so they cannot be changed alike.",
            "Look at the entropy instead.",
        )
    step = check(chosen, size, _step(scene, size))
    random = np.random.default_rng(seed)
    for _ in range(repeats):
        yield from _run(scene, draw(chosen, random, step), images, step)


def _run(scene: Scene, change: Change, images: list[Floats], step: PixelSteps) -> Made:
    changed = [tf.constant(change.apply(image, step)[np.newaxis]) for image in images]
    with scene.passes(changed) as passes:
        clock, output = Clock(), scene.output
        both = (passes.trained, passes.current)
        for one in both:
            one.checkpoint = clock
        for _ in clock.run(lambda: passes.current.pull((output,))):
            yield None
        for one in both:
            one.checkpoint = None
        yield change, passes.current.array(output)[0]


def _step(scene: Scene, size: tuple[int, ...]) -> tuple[float, float]:
    """Pixels of the image from one pixel of the output to the next."""
    layer = scene.segmentation.output
    field = receptive_field(scene.program.graph, layer, size)
    if field is not None:
        return field.stride[0], field.stride[1]
    made = scene.base.tensor(scene.output).shape[1:3]
    return size[0] / int(made[0]), size[1] / int(made[1])


# ------------------------------------------------------------------------- dropout


@dataclass(frozen=True, eq=False)
class Drop(Intervention):
    """What a dropout layer does in training, drawn from a seed: computed again it is the same.

    Attributes
    ----------
    kind : str
        Class of the layer.
    rate : float
        Share of the values that are dropped.
    noise_shape : tuple of int or None
        Along which axes each draw is for itself: None, as long as the values; 1, one for all.

    References
    ----------
    Srivastava et al., JMLR 15 (2014): what is left is divided by ``1 - rate``; there, section 10,
    for Gaussian noise. Tompson et al., CVPR 2015, for whole maps; Klambauer et al., NeurIPS 2017,
    for SELU networks. Gal and Ghahramani, ICML 2016, for dropout at inference.
    """

    kind: str = "Dropout"
    rate: float = 0.5
    seed: tuple[int, ...] = (0,)
    noise_shape: tuple[int | None, ...] | None = None
    noun: ClassVar[str] = "dropout of"

    def change(self, maps: Maps) -> Maps:
        """See `Intervention.change`."""
        if self.rate >= 1:
            return np.zeros_like(maps)
        random, kept = np.random.default_rng(self.seed), np.float32(1 - self.rate)
        if self.kind == "GaussianDropout":
            spread = np.float32((self.rate / (1 - self.rate)) ** 0.5)
            return maps * (1 + spread * random.standard_normal(maps.shape, np.float32))
        stays = random.random(self._shape(maps.shape), np.float32) >= self.rate
        if self.kind != "AlphaDropout":
            return np.where(stays, maps / kept, np.float32(0))
        scale = ((1 - self.rate) * (1 + self.rate * _ALPHA**2)) ** -0.5
        changed = np.where(stays, maps, np.float32(_ALPHA)) * np.float32(scale)
        return changed - np.float32(scale * _ALPHA * self.rate)

    def _shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.kind in WHOLE_MAPS:
            return (shape[0], *(1,) * (len(shape) - 2), shape[-1])
        if self.noise_shape is None:
            return shape
        sides = zip(self.noise_shape, shape, strict=True)
        return tuple(have if want is None else want for want, have in sides)


def dropouts(program: Program, output: int) -> tuple[Drop, ...]:
    """What can be drawn on the way to the output: a `Drop` for each call of a dropout layer.

    Layers of other kinds that drop values inside themselves, as attention may, stay as they are.
    """
    found = []
    for i, (node, layer) in enumerate(zip(program.nodes, program.graph.layers, strict=True)):
        if has_dropout(layer) and output in program.reached((i,)):
            keras, shape = program.keras(i), getattr(program.keras(i), "noise_shape", None)
            found.append(
                Drop(
                    node.name,
                    kind=layer.kind,
                    rate=float(keras.rate),
                    noise_shape=None if shape is None else tuple(shape),
                )
            )
    return tuple(found)


def _dropped(scene: Scene, repeats: int, seed: int) -> Made:
    """Runs with the dropout layers at work; what lies before the first one is not run again."""
    base, output = scene.base, scene.output
    drops = dropouts(scene.program, output)
    if not drops:
        raise ModelError(
            "This network has no dropout.", "Look at the entropy, or at augmentations."
        )
    for run in range(repeats):
        maps = dict(base.situation.maps)
        for at, drop in enumerate(drops):
            node = scene.node(drop.layer)
            drawn = replace(drop, seed=(seed, run, at))
            maps[node] = (drawn, *maps.get(node, ()))
        clock = Clock()
        situation = replace(base.situation, maps=maps)
        one = Forward(base.context, base.inputs, situation, base, clock)
        try:
            for _ in clock.run(lambda one=one: one.pull((output,))):  # type: ignore[misc]
                yield None
            one.checkpoint = None
            yield Change(), one.array(output)[0]
        finally:
            one.drop()
