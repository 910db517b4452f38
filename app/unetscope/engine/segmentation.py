"""From a network's output to class probabilities and a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Graph
from unetscope.domain.metrics import Labels
from unetscope.domain.output_meaning import Meaning as Meaning
from unetscope.domain.output_meaning import has_background, meaning_of, segmentation_output
from unetscope.domain.ports import Floats
from unetscope.engine.program import Unit
from unetscope.engine.region import Rect, Region, Unknown
from unetscope.engine.values import whole_array

if TYPE_CHECKING:
    from unetscope.engine.forward import Forward

MAX_CLASSES = 256
FEW_CLASSES = 8  # up to here comparing class by class is faster than argmax


class Segmentation:
    """How a network's output is read as classes.

    Parameters
    ----------
    graph : Graph
        The network's layers.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._output = segmentation_output(graph)

    @property
    def output(self) -> str:
        """Name of the output that is read; ModelError where there is none."""
        if self._output is None:
            raise ModelError(
                f"The output of {self._graph.outputs[0]} is no segmentation: it has no rows and "
                "columns.",
                "Look at its feature maps instead.",
            )
        return self._output

    @property
    def meaning(self) -> Meaning:
        """What the output's values are."""
        return meaning_of(self._graph, self.output)

    @property
    def is_possible(self) -> bool:
        """Whether the output can be read as class probabilities."""
        if self._output is None:
            return False
        channels = self._graph[self._output].channels or 1
        try:
            self.probabilities(np.zeros((1, 1, channels), np.float32))
        except ModelError:
            return False
        return True

    def probabilities(self, output: Floats) -> Floats:
        """Class probabilities from the output; see `probabilities_of`."""
        return probabilities_of(output, self.meaning, self.output)

    @property
    def has_background(self) -> bool:
        """Whether label 0 stands for no class at all, beside those of several sigmoid channels."""
        return has_background(self._graph, self.output)

    def mask_of(self, probabilities: Floats) -> Labels:
        """Labels from class probabilities; see `mask_of`."""
        return mask_of(probabilities, self.meaning)

    def mask(self, one: Forward, index: int) -> Labels:
        """The mask of a pass, from logits where they give the same as the probabilities."""
        mask: Labels = one.once(("mask", index), lambda: self._mask(one, index))
        return mask

    def mask_of_part(self, one: Forward, index: int, visible: Rect) -> tuple[Labels, Rect | None]:
        """A mask that is exact in a part at least: outside it is the base's.

        Returns
        -------
        mask : (H, W) ndarray of uint8
        part : Rect or None
            Where it is exact; None means everywhere.
        """
        unit = one.unit_of(index)
        is_known = one.has(index) or (one.key, "mask", index) in one.context.memory
        if unit is None or not self._is_logits(unit) or one.base is None or is_known:
            return self.mask(one, index), None
        try:
            logits, part = Region(one, index, visible).before_activation()
        except Unknown:
            return self.mask(one, index), None
        mask = self.mask(one.base, index).copy()
        mask[part.top : part.bottom, part.left : part.right] = mask_of_logits(
            np.asarray(logits)[0], self.meaning
        )
        return mask, part

    def _mask(self, one: Forward, index: int) -> Labels:
        unit = one.unit_of(index)
        if unit is None or not self._is_logits(unit):
            return mask_of(self.probabilities(one.array(index)[0]), self.meaning)
        return mask_of_logits(whole_array(one.before_activation(index))[0], self.meaning)

    @staticmethod
    def _is_logits(unit: Unit) -> bool:
        return unit.activation is not None and unit.activation.keeps_order


def probabilities_of(output: Floats, meaning: Meaning, name: str) -> Floats:
    """Make class probabilities of an output ``(H, W, C)``.

    A softmax or sigmoid output stays as it is. A linear one is taken for logits: softmax is applied
    to two channels or more, sigmoid to one.

    Raises
    ------
    ModelError
        The output is no segmentation.
    """
    if meaning is Meaning.OTHER or output.ndim != 3 or output.shape[-1] > MAX_CLASSES:
        raise ModelError(
            f"The output of {name} is no segmentation: it holds no class probabilities.",
            "Look at its feature maps instead.",
        )
    if meaning is not Meaning.LINEAR:
        return output
    if output.shape[-1] == 1:
        halved: Floats = np.tanh(output * np.float32(0.5)) * np.float32(0.5) + np.float32(0.5)
        return halved
    raised = np.exp(output - output.max(axis=-1, keepdims=True))
    result: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return result


def mask_of(probabilities: Floats, meaning: Meaning) -> Labels:
    """Choose a label for every pixel of ``(H, W, classes)`` probabilities.

    The most probable class; with one channel 1 where it reaches 0.5; with several sigmoid channels
    0 where none reaches 0.5, and else the most probable channel's index plus 1.
    """
    classes = probabilities.shape[-1]
    if classes == 1 and meaning is not Meaning.SOFTMAX:
        return (probabilities[..., 0] >= 0.5).astype(np.uint8)
    labels: NDArray[np.intp] = probabilities.argmax(axis=-1)
    if meaning is Meaning.SIGMOID:
        labels = np.where(probabilities.max(axis=-1) >= 0.5, labels + 1, 0)
    return labels.astype(np.uint8)


def mask_of_logits(logits: Floats, meaning: Meaning) -> Labels:
    """The same mask from what a softmax or sigmoid is applied to, ``(H, W, classes)``."""
    classes = logits.shape[-1]
    if classes == 1 and meaning is not Meaning.SOFTMAX:
        return (logits[..., 0] >= 0).astype(np.uint8)
    if classes > FEW_CLASSES:
        labels: NDArray[np.integer] = logits.argmax(axis=-1)
        best = logits.max(axis=-1)
    else:
        labels, best = np.zeros(logits.shape[:2], np.uint8), logits[..., 0].copy()
        for label in range(1, classes):
            higher = logits[..., label] > best
            labels[higher] = label
            np.maximum(best, logits[..., label], out=best)
    if meaning is Meaning.SIGMOID:
        labels = np.where(best >= 0, labels + 1, 0)
    return labels.astype(np.uint8)
