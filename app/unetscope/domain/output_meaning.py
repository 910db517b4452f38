"""What the values of a network's output are, told from its graph."""

from __future__ import annotations

from enum import Enum

from unetscope.domain.graph import Graph, Layer

_SOFTMAX = frozenset({"softmax"})
_SIGMOID = frozenset({"sigmoid", "hard_sigmoid"})
# Layers that leave every value, or a weighted mean of values, as it was.
_PASS = frozenset({"Identity", "Dropout", "SpatialDropout2D", "ActivityRegularization", "Resizing"})
_PASS |= {"Cropping2D", "CenterCrop", "UpSampling2D", "Permute", "Reshape", "GaussianNoise"}
_PASS |= {"Cast", "StopGradient"}
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
    if layer.kind in ("Relu", "Sigmoid", "Softmax", "Tanh"):
        return layer.kind.lower()
    activation = layer.activation or ("other" if layer.kind in _ACTIVATIONS else "linear")
    return activation.lower()


def _meaning(activation: str) -> Meaning:
    if activation in _SOFTMAX:
        return Meaning.SOFTMAX
    if activation in _SIGMOID:
        return Meaning.SIGMOID
    return Meaning.LINEAR if activation == "linear" else Meaning.OTHER


def has_background(graph: Graph, name: str) -> bool:
    """Whether label 0 stands for no class at all, beside those of several sigmoid channels."""
    return meaning_of(graph, name) is Meaning.SIGMOID and (graph[name].channels or 1) > 1
