"""The network as a graph of layers: names, kinds, shapes, and who feeds whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from unetscope.domain.errors import ModelError

Shape = tuple[int | None, ...]

DOWNSAMPLING = frozenset({"MaxPooling2D", "AveragePooling2D", "MaxPooling3D", "AveragePooling3D"})
POINTWISE = frozenset({"Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"})


class Section(Enum):
    """Where in the U a layer stands."""

    INPUT = "Input"
    ENCODER = "Encoder"
    BOTTLENECK = "Bottleneck"
    DECODER = "Decoder"
    HEAD = "Head"


@dataclass(frozen=True, slots=True)
class WeightSpec:
    """One weight array of a layer: its Keras name and shape."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of values."""
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True, slots=True)
class Layer:
    """One node of the network.

    Attributes
    ----------
    name, kind : str
        The layer's name and its Keras class name.
    output_shape : tuple
        As Keras prints it, batch axis first (``None``); empty when it is not known.
    inputs : tuple of str
        Names of the layers that feed it, in call order.
    weights : tuple of WeightSpec
        The weight arrays in Keras order (``get_weights``).
    trainable : int
        How many of the values the training moved.
    config : mapping
        Every attribute of the layer, as the model file states it.
    """

    name: str
    kind: str
    output_shape: Shape
    inputs: tuple[str, ...] = ()
    weights: tuple[WeightSpec, ...] = ()
    trainable: int = 0
    config: Mapping[str, object] = field(default_factory=dict, compare=False)

    @property
    def parameters(self) -> int:
        """Number of values in all weight arrays."""
        return sum(spec.size for spec in self.weights)

    @property
    def activation(self) -> str | None:
        """Name of the activation function, or None where the layer has none."""
        value = self.config.get("activation")
        if value is None and self.kind in POINTWISE:
            value = {"Softmax": "softmax", "ReLU": "relu"}.get(self.kind, self.kind.lower())
        if isinstance(value, Mapping):
            value = value.get("config") or value.get("class_name")
        return None if value is None else str(value)

    @property
    def spatial(self) -> tuple[int | None, ...]:
        """The output shape without batch and channels, for example ``(256, 256)``."""
        return self.output_shape[1:-1]

    @property
    def channels(self) -> int | None:
        """Number of feature maps of the output."""
        return self.output_shape[-1] if self.output_shape else None


class Graph:
    """Layers in topological order, input first. Immutable.

    Parameters
    ----------
    layers : iterable of Layer
        In topological order: every layer after the ones that feed it.
    outputs : iterable of str
        Names of the layers whose activations are the network's output.
    """

    __slots__ = ("_by_name", "_consumers", "layers", "outputs")

    def __init__(self, layers: Iterable[Layer], outputs: Iterable[str]) -> None:
        self.layers = tuple(layers)
        self.outputs = tuple(outputs)
        self._by_name = MappingProxyType({layer.name: layer for layer in self.layers})
        consumers: dict[str, list[str]] = {layer.name: [] for layer in self.layers}
        for layer in self.layers:
            for source in dict.fromkeys(layer.inputs):
                consumers[source].append(layer.name)
        self._consumers = {name: tuple(users) for name, users in consumers.items()}

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Layer:
        """Give a layer by name.

        Raises
        ------
        ModelError
            There is no such layer.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise ModelError(
                f"The network has no layer called {name!r}.",
                f"Its layers are {', '.join(list(self._by_name)[:4])} and so on.",
            ) from None

    def __reduce__(self) -> tuple[type[Graph], tuple[tuple[Layer, ...], tuple[str, ...]]]:
        return Graph, (self.layers, self.outputs)

    @property
    def parameters(self) -> int:
        """Number of weight values in the whole network."""
        return sum(layer.parameters for layer in self.layers)

    def consumers(self, name: str) -> tuple[str, ...]:
        """Names of the layers that read this layer's activation."""
        return self._consumers[name]

    def downstream(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names of the given layers and of every layer they reach, in topological order."""
        reached = set(names)
        for layer in self.layers:
            if any(source in reached for source in layer.inputs):
                reached.add(layer.name)
        return tuple(layer.name for layer in self.layers if layer.name in reached)

    def sections(self) -> dict[str, Section]:
        """Tell for each layer where in the U it stands; see `u_shape.standings`."""
        from unetscope.domain.u_shape import standings  # which needs this module

        return {name: standing.section for name, standing in standings(self).items()}
