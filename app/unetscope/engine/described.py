"""What a network is, before any image and any edit."""

from __future__ import annotations

from unetscope.domain.card import ModelCard
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.network import Network
from unetscope.domain.preprocess import Preprocessing


class Described:
    """A trained network as data.

    Attributes
    ----------
    card : ModelCard
        What is known about the network beyond its file; guessed from its shapes until it is set.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self.card = ModelCard.proposed(network.name, network.graph)

    @property
    def network(self) -> Network:
        """The trained network as data."""
        return self._network

    @property
    def graph(self) -> Graph:
        """Its layers and who feeds whom."""
        return self._network.graph

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers in topological order, inputs included."""
        return self.graph.layers

    @property
    def preprocessing(self) -> Preprocessing:
        """How a slice becomes the network's input, as its card says."""
        return self.card.preprocessing

    @property
    def parameters(self) -> int:
        """Number of weight values in the whole network."""
        return self.graph.parameters

    def layer(self, name: str) -> Layer:
        """Give a layer by name; ModelError when there is none."""
        return self.graph[name]
