"""Where in the image one value of a layer comes from: the energy of its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.effective_field import EffectiveField, FieldQuestion
from unetscope.domain.explaining.question import Steps
from unetscope.domain.receptive_field import receptive_field
from unetscope.engine.adjoint import Part, shrunk
from unetscope.engine.backward import Backward
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.region import Rect


def steps(scene: Scene, question: FieldQuestion) -> Steps:
    """Answer a question about one value of a layer, in one piece."""
    yield 1, 1, effective_field(scene, question.layer, question.position, question.channel)


def effective_field(
    scene: Scene, layer: str, position: tuple[int, int], channel: int | None = None
) -> EffectiveField:
    """Go back from one value of a layer to the image.

    It starts before the layer's own activation: where that lets nothing pass, as a ReLU does below
    0, there would be no slope at all. Of several inputs with one grid the energies are added up.

    Raises
    ------
    ModelError
        There is no such layer, position or feature map, or the layer or an input has no rows and
        columns.
    """
    node, program = scene.node(layer), scene.program
    shape = _shape(scene.base.tensor(node))
    _check(layer, shape, position, channel)
    inputs = [i for i in program.inputs if node in program.reached((i,))]
    sizes = {_shape(scene.base.inputs[i])[1:-1] for i in inputs}
    size = sizes.pop()
    if sizes or len(size) != 2:
        raise ModelError(
            f"The inputs that {layer} reads are no pictures of one size.",
            "Choose a layer that reads one picture.",
        )
    slope = np.zeros((1, 1, 1, shape[-1]), np.float32)
    slope[..., slice(None) if channel is None else channel] = 1
    row, column = position
    seed = Part(tf.constant(slope), Rect(row, column, row + 1, column + 1))
    energy = np.zeros(size, np.float32)
    for part in Backward(scene.base, node, seed).parts(inputs).values():
        top, left, bottom, right = part.rect or Rect(0, 0, *size)
        energy[top:bottom, left:right] += np.square(np.asarray(part.values)).sum((0, 3))
    rect = shrunk(energy[None, ..., None]).rect or Rect(0, 0, *size)
    seen = receptive_field(program.graph, layer, size)
    return EffectiveField(
        layer=layer,
        position=(row, column),
        channel=channel,
        size=(size[0], size[1]),
        corner=(rect.top, rect.left),
        part=energy[rect.top : rect.bottom, rect.left : rect.right].copy(),
        box=None if seen is None else (seen.size[0], seen.size[1]),
    )


def _check(
    layer: str, shape: tuple[int, ...], position: tuple[int, int], channel: int | None
) -> None:
    if len(shape) != 4:
        raise ModelError(
            f"What {layer} gives has no rows and columns.", "Choose a layer that gives pictures."
        )
    if not all(0 <= at < length for at, length in zip(position, shape[1:3], strict=True)):
        raise ModelError(
            f"{layer} has no position {tuple(position)}: its maps have {shape[1]}×{shape[2]}."
        )
    if channel is not None and not 0 <= channel < shape[3]:
        raise ModelError(f"{layer} has feature maps 0 to {shape[3] - 1}, but found {channel!r}.")


def _shape(value: Any) -> tuple[int, ...]:
    value = value[0] if isinstance(value, tuple) else value
    return tuple(int(n) for n in value.shape)
