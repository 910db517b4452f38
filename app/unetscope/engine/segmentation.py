"""From a network's output to class probabilities and a mask."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Floats

MAX_CLASSES = 256

_SOFTMAX = frozenset({"softmax"})
_SIGMOID = frozenset({"sigmoid", "hard_sigmoid"})
# Layers that leave every value, or a weighted mean of values, as it was.
_PASS = frozenset({"Identity", "Dropout", "SpatialDropout2D", "ActivityRegularization", "Resizing"})
_PASS |= {"Cropping2D", "CenterCrop", "UpSampling2D", "Permute", "Reshape", "GaussianNoise"}
_MIXES = frozenset({"Average", "Maximum", "Minimum", "Concatenate", "Multiply"})
_ACTIVATIONS = frozenset({"Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"})


class Meaning(Enum):
    """What the values of an output are."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"
    LINEAR = "linear"
    OTHER = "other"


def segmentation_output(graph: Graph) -> str | None:
    """Name of the first output with two spatial dimensions; None where there is none."""
    for name in graph.outputs:
        if len(graph[name].output_shape) == 4:
            return name
    return None


def meaning_of(graph: Graph, name: str) -> Meaning:
    """Tell what an output's values are, from the last layer that changes them."""
    layer = graph[name]
    if layer.kind in _PASS and layer.inputs:
        return meaning_of(graph, layer.inputs[0])
    if layer.kind in _MIXES and layer.inputs:
        found = {meaning_of(graph, source) for source in layer.inputs}
        found.discard(Meaning.SOFTMAX if layer.kind == "Concatenate" else Meaning.OTHER)
        return found.pop() if len(found) == 1 else Meaning.OTHER
    return _meaning(_activation(layer))


def _activation(layer: Layer) -> str:
    if layer.kind in ("Functional", "Sequential"):
        return _nested_activation(layer.config)
    if layer.kind in ("Relu", "Sigmoid", "Softmax", "Tanh"):
        return layer.kind.lower()
    activation = layer.activation or ("other" if layer.kind in _ACTIVATIONS else "linear")
    return activation.lower()


def _nested_activation(config: Mapping[str, Any]) -> str:
    """Activation of the last layer of a nested model."""
    inner = config.get("layers")
    if not isinstance(inner, list) or not inner:
        return "other"
    entry = inner[-1]
    return _activation(Layer("", str(entry["class_name"]), (), config=entry["config"]))


def _meaning(activation: str) -> Meaning:
    if activation in _SOFTMAX:
        return Meaning.SOFTMAX
    if activation in _SIGMOID:
        return Meaning.SIGMOID
    return Meaning.LINEAR if activation == "linear" else Meaning.OTHER


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
