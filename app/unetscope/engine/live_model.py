"""The live network: edit its weights, and the mask and every activation follow."""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import tensorflow as tf

from unetscope.domain.card import ModelCard
from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError, ModelError
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.history import Edits, History
from unetscope.domain.metrics import Labels
from unetscope.domain.network import Network
from unetscope.domain.ports import Floats, LastUpdate, Saved
from unetscope.domain.preprocess import Preprocessing
from unetscope.engine.activations import Activations
from unetscope.engine.images import Images, fitted, without_batch
from unetscope.engine.introspect import Anatomy, anatomy_of, network_of
from unetscope.engine.loader import fingerprint_of, load
from unetscope.engine.plan import Plan
from unetscope.engine.saving import save_copy
from unetscope.engine.segmentation import (
    mask_of,
    meaning_of,
    probabilities_of,
    segmentation_output,
)
from unetscope.engine.weights import WeightsInForce


def open_model(path: Path | str | os.PathLike[str]) -> LiveModel:
    """Open a trained network to look inside it and to edit it live.

    Parameters
    ----------
    path : path
        A ``.keras``, ``.h5`` or ``.hdf5`` file. It is never written to.

    Raises
    ------
    ModelError
        The file is missing, damaged or no whole model, or holds layers that are not known.
    """
    path = Path(path).absolute()  # so that it stays the file it was, wherever the script goes
    model = load(path)
    anatomy = anatomy_of(model, path.name)
    return LiveModel(model, anatomy, network_of(model, anatomy, path, fingerprint_of(path)))


class LiveModel:
    """A trained network, an image, and edits: every answer belongs to all three.

    Only what an edit reaches is run again, and only when somebody asks.

    Attributes
    ----------
    card : ModelCard
        What is known about the network beyond its file; guessed from its shapes until it is set.

    Examples
    --------
    >>> live = open_model("brain.keras").run(image)  # doctest: +SKIP
    >>> live.apply(SetKernel("enc1_conv1", 0, 3, kernel))  # doctest: +SKIP
    >>> live.mask()  # doctest: +SKIP
    """

    def __init__(self, model: Any, anatomy: Anatomy, network: Network) -> None:
        self._model = model
        self._network = network
        self.card = ModelCard.proposed(network.name, network.graph)
        self._plan = Plan(anatomy)
        self._activations = Activations(self._plan)
        self._weights = WeightsInForce(network, anatomy.layers)
        self._history = History()
        self._output = segmentation_output(anatomy.graph)
        self._since = 0.0  # milliseconds spent on assigning since the last refresh
        self._pending = False
        self._last = LastUpdate(0, 0.0)

    # ---------------------------------------------------------------- the network

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

    def weights(self, layer: str) -> list[Floats]:
        """Copy a layer's weights with the edits in force, in Keras order (``get_weights``).

        Raises
        ------
        ModelError
            There is no such layer.
        """
        owner = self._owner(layer)
        return [np.array(array) for array in self._weights.of(owner)]

    # ---------------------------------------------------------------- the image

    def run(self, image: Images) -> LiveModel:
        """Show the network an image, with the edits in force.

        Parameters
        ----------
        image : (H, W) or (H, W, C) array_like of float32
            Preprocessed, dimensionless. For a network with several inputs a mapping from input
            layer to image.

        Returns
        -------
        self : LiveModel

        Raises
        ------
        ModelError
            The image does not fit; the message names the shapes expected and found.
        """
        layers = [self.graph[self._plan.nodes[i].name] for i in self._plan.inputs]
        self._activations.set_image([tf.constant(values) for values in fitted(image, layers)])
        self._since, self._pending = 0.0, True
        self._refresh()
        return self

    def activation(self, layer: str) -> Floats:
        """A layer's activation for the image, with the edits in force.

        Returns
        -------
        activation : (H, W, C) ndarray of float32, read-only
            Without the batch axis; ``(C,)`` where the layer has no grid.

        Raises
        ------
        ModelError
            There is no such layer, or no image yet.
        """
        index = self._index(layer)
        self._refresh()
        return without_batch(self._activations.edited(index))

    def trained_activation(self, layer: str) -> Floats:
        """The same as `activation` with the network as it was trained."""
        index = self._index(layer)
        self._need_trained()
        return without_batch(self._activations.trained(index))

    def is_reached(self, layer: str) -> bool:
        """Whether any edit in force reaches this layer's activation."""
        return self._index(layer, need_image=False) in self._activations.reached

    @property
    def segmentation_output(self) -> str:
        """Name of the output that the mask is made of; ModelError where there is none."""
        return self._output_name()

    @property
    def is_segmentation(self) -> bool:
        """Whether the output can be read as class probabilities."""
        if self._output is None:
            return False
        channels = self.graph[self._output].channels or 1
        try:
            self._probabilities(np.zeros((1, 1, channels), np.float32))
        except ModelError:
            return False
        return True

    def probabilities(self) -> Floats:
        """Class probabilities for the image, with the edits in force.

        A softmax or sigmoid output is given as it is; a linear one is taken for logits: softmax is
        applied to two channels or more, sigmoid to one. Of several outputs the first with a grid.

        Returns
        -------
        probabilities : (H, W, classes) ndarray of float32
            On the output's own grid, 0 to 1.

        Raises
        ------
        ModelError
            The output is no segmentation, or there is no image yet.
        """
        return self._probabilities(self.activation(self._output_name()))

    def mask(self) -> Labels:
        """Labels for the image, with the edits in force.

        Returns
        -------
        mask : (H, W) ndarray of uint8
            The most probable class. With one channel 1 where it reaches 0.5; with several sigmoid
            channels 0 where none reaches 0.5, and else the channel's index plus 1.

        Raises
        ------
        ModelError
            The output is no segmentation, or there is no image yet.
        """
        return mask_of(self.probabilities(), meaning_of(self.graph, self._output_name()))

    def trained_mask(self) -> Labels:
        """The same as `mask` with the network as it was trained."""
        output = self._output_name()
        probabilities = self._probabilities(self.trained_activation(output))
        return mask_of(probabilities, meaning_of(self.graph, output))

    @property
    def is_stale(self) -> bool:
        """Whether an image or an edit came since anything was last run."""
        return self._pending

    @property
    def last_update(self) -> LastUpdate:
        """What the last image or edit cost; what is stale is run first."""
        if self._activations.has_image:
            self._refresh()
        return self._last

    # ---------------------------------------------------------------- edits

    @property
    def history(self) -> History:
        """The steps taken and taken back."""
        return self._history

    @property
    def edits(self) -> Edits:
        """The edits in force, in order."""
        return self._history.edits

    def apply(self, edit: Edit, *, label: str = "", same_gesture: bool = False) -> LiveModel:
        """Put one more edit in force.

        Parameters
        ----------
        edit : Edit
            Where and what.
        label : str, optional
            What the history calls it.
        same_gesture : bool
            Whether it replaces the last edit, as in a drag.

        Raises
        ------
        EditError
            It does not fit the network: layer, index, shape or values. Nothing has changed.
        """
        if not isinstance(edit, Edit):
            raise EditError("Only an edit can be applied.", "Make one, such as SetKernel(...).")
        return self._go_to(self._history.record(edit, label=label, same_gesture=same_gesture))

    def undo(self) -> LiveModel:
        """Take the last step back; EditError when there is none."""
        return self._go_to(self._history.undo())

    def redo(self) -> LiveModel:
        """Take the last undone step again; EditError when there is none."""
        return self._go_to(self._history.redo())

    def revert(self) -> LiveModel:
        """Go back to the trained network, as one step that can be undone."""
        if not self.edits:
            return self
        return self._go_to(self._history.record_all("Revert all", ()))

    def follow(self, edits: Edits) -> LiveModel:
        """Put exactly these edits in force; EditError, and nothing changed, if one does not fit."""
        edits = tuple(edits)
        if edits == self.edits:
            return self
        return self._go_to(History().record_all("edits", edits))

    def save(self, path: Path | str | os.PathLike[str]) -> Saved:
        """Write the network with the edits in force to a new ``.keras`` file, and check it.

        Raises
        ------
        ModelError
            The path is the trained file's, does not end in ``.keras``, cannot be written, or what
            was read back is not what is in force.
        """
        in_force = {name: self._weights.of(name) for name in self._network.trained}
        return save_copy(self._model, in_force, self._network.path, Path(path))

    # ---------------------------------------------------------------- inside

    def _go_to(self, history: History) -> LiveModel:
        began = perf_counter()
        changed = self._weights.follow(history.edits)
        self._history = history
        self._activations.weights_changed(changed, self._weights.differing)
        self._since = (perf_counter() - began) * 1000
        self._pending = True
        return self

    def _refresh(self) -> None:
        if not self._activations.has_image:
            raise ModelError("There is no image yet.", "Call run(image) first.")
        if not self._pending:
            return
        began = perf_counter()
        count = self._guarded(self._activations.refresh)
        spent = self._since + (perf_counter() - began) * 1000
        self._pending, self._last = False, LastUpdate(count, spent)

    def _need_trained(self) -> None:
        self._refresh()
        if self._activations.trained_is_missing:
            with self._weights.trained_assigned():
                self._guarded(self._activations.refresh_trained)

    def _guarded(self, work: Any) -> Any:
        try:
            return work()
        except tf.errors.ResourceExhaustedError as error:
            self._activations.forget()
            raise ModelError(
                "The network needs more memory than there is.", "Try a smaller image."
            ) from error
        except (tf.errors.OpError, ValueError, TypeError) as error:
            shapes = self._shapes_found()
            self._activations.forget()
            raise ModelError(
                f"The network cannot take an image of {shapes}.",
                "Its layers do not fit together at this size.",
            ) from error

    def _shapes_found(self) -> str:
        found = [tuple(self._activations.trained(i).shape[1:]) for i in self._plan.inputs]
        return ", ".join(map(str, found))

    def _index(self, layer: str, *, need_image: bool = True) -> int:
        if layer not in self._plan.index:
            self.graph[layer]  # raises
        if need_image and not self._activations.has_image:
            raise ModelError("There is no image yet.", "Call run(image) first.")
        return self._plan.index[layer]

    def _owner(self, layer: str) -> str:
        return self._plan.nodes[self._index(layer, need_image=False)].layer

    def _output_name(self) -> str:
        if self._output is None:
            name = self.graph.outputs[0]
            raise ModelError(
                f"The output of {name} is no segmentation: it has no rows and columns.",
                "Look at its feature maps instead.",
            )
        return self._output

    def _probabilities(self, output: Floats) -> Floats:
        name = self._output_name()
        return probabilities_of(output, meaning_of(self.graph, name), name)
