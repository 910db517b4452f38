"""What the network says about one pixel, and which maps at each scale made it say so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.inquiry import (
    ClassScore,
    Inquiry,
    InquiryQuestion,
    Scale,
    ends_of_scales,
    strongest,
)
from unetscope.domain.explaining.question import Steps
from unetscope.domain.explaining.uncertainty import entropy, is_distribution, most_entropy
from unetscope.domain.u_shape import Standing
from unetscope.engine.adjoint import Part
from unetscope.engine.backward import Backward
from unetscope.engine.context import Tensor
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.region import Rect
from unetscope.engine.segmentation import Meaning
from unetscope.engine.values import whole_tensor


def steps(scene: Scene, question: InquiryQuestion) -> Steps:
    """Answer a question about one pixel, in one piece."""
    yield 1, 1, inquire(scene, question.position, question.label, question.top)


def inquire(
    scene: Scene, position: tuple[int, int], label: int | None = None, top: int = 5
) -> Inquiry:
    """Read one pixel of the output, and go back from it once through the network.

    A feature map's contribution is its activation times the slope of the class's logit, summed
    over its positions (gradient × activation). At the last scale, from which the logits are a
    weighted sum, contributions and bias add up to the logit exactly.

    Raises
    ------
    ModelError
        The output is no segmentation, or has no such pixel or class.

    References
    ----------
    Ancona, Ceolini, Öztireli, Gross: Towards better understanding of gradient-based attribution
    methods for deep neural networks. ICLR 2018 (gradient × input, here × activation).
    """
    segmentation, (row, column) = scene.segmentation, position
    made = scene.base.tensor(scene.output)
    rows, columns = (int(n) for n in made.shape[1:3])
    if not (0 <= row < rows and 0 <= column < columns):
        raise ModelError(
            f"The output has no pixel ({row}, {column}): it has {rows}×{columns}.",
            "Give row and column on the grid of the network's output.",
        )
    one = np.asarray(made)[0, row : row + 1, column : column + 1]
    probabilities = segmentation.probabilities(one)
    exclusive = is_distribution(probabilities)
    start = _start(scene)
    logits = np.asarray(start.values)[0, row, column]
    first = int(segmentation.has_background or len(logits) == 1)
    shown = int(segmentation.mask(scene.base, scene.output)[row, column])
    chosen = shown if label is None else label
    if label is None and chosen < first:  # it shows no class: the likeliest is explained
        chosen = int(logits.argmax()) + first
    if not 0 <= chosen - first < len(logits):
        raise ModelError(f"There is no class {chosen}.", f"Labels go to {len(logits) - 1 + first}.")
    return Inquiry(
        position=(row, column),
        label=chosen,
        shown=shown,
        scores=tuple(
            ClassScore(k + first, float(logits[k]), float(probabilities[0, 0, k]))
            for k in range(len(logits))
        ),
        has_logits=start.is_logits,
        entropy=float(entropy(probabilities, exclusive=exclusive)[0, 0]),
        most=most_entropy(len(logits), exclusive=exclusive),
        scales=_scales(scene, start, (row, column), chosen - first, top),
    )


class _Start(NamedTuple):
    """Where the way back begins: a node, its values, and whether they are after its activation."""

    node: int
    values: Tensor
    activated: bool
    is_logits: bool


def _start(scene: Scene) -> _Start:
    """The logits, where they are known; else the output itself."""
    base, program, output = scene.base, scene.program, scene.output
    unit, activation = base.unit_of(output), program.activation(output)
    if unit is not None and (unit.activation is None or unit.activation.keeps_order):
        return _Start(output, whole_tensor(base.before_activation(output)), False, True)
    if unit is None and activation is not None and activation.keeps_order:
        (source, number), *_ = program.nodes[output].reads
        if output not in base.situation.maps and number == 0:
            return _Start(output, base.tensor(source), False, True)
    is_linear = scene.segmentation.meaning is Meaning.LINEAR
    return _Start(output, base.tensor(output), True, is_linear)


def _scales(
    scene: Scene, start: _Start, position: tuple[int, int], channel: int, top: int
) -> tuple[Scale, ...]:
    ends = ends_of_scales(scene.program.graph, scene.segmentation.output)
    nodes = {name: scene.node(name) for name in ends}
    slope = np.zeros((1, 1, 1, int(start.values.shape[-1])), np.float32)
    slope[..., channel] = 1
    row, column = position
    seed = Part(tf.constant(slope), Rect(row, column, row + 1, column + 1))
    back = Backward(scene.base, start.node, seed, activated=start.activated)
    parts = back.parts(nodes.values())
    return tuple(
        _scale(scene, name, parts.get(nodes[name]), standing, top)
        for name, standing in ends.items()
    )


def _scale(scene: Scene, layer: str, part: Part | None, standing: Standing, top: int) -> Scale:
    value = scene.base.tensor(scene.node(layer))
    _, rows, columns, maps = (int(n) for n in value.shape)
    pushes = np.zeros(maps)
    if part is not None:
        seen, slopes = np.asarray(part.of(value)), np.asarray(part.values)
        pushes = (seen * slopes).sum((0, 1, 2), dtype=np.float64)
    up, down = strongest(pushes, top)
    return Scale(
        layer=layer,
        standing=standing,
        size=(rows, columns),
        maps=maps,
        total=float(pushes.sum()),
        up=up,
        down=down,
    )
