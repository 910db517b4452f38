"""The live network: edit its weights, and the mask and every activation follow."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError, ModelError
from unetscope.domain.history import Edits, History
from unetscope.domain.layer_cost import multiply_adds
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import Floats, Saved
from unetscope.domain.survey import Survey, peaks_of
from unetscope.engine.examined import Examined
from unetscope.engine.images import Images
from unetscope.engine.introspect import anatomy_of, network_of
from unetscope.engine.loader import load_known
from unetscope.engine.passes import Passes
from unetscope.engine.saving import save_copy
from unetscope.engine.situation import TRAINED, in_force

LONGEST_TRIAL = 1e11  # multiply-adds: some seconds


def open_model(
    path: Path | str | os.PathLike[str],
    architecture: Path | str | None = None,
    *,
    place: Path | None = None,
    known: ModelRef | None = None,
) -> LiveModel:
    """Open a trained network to look inside it and to edit it live.

    Parameters
    ----------
    path : path
        A ``.keras``, ``.h5`` or ``.hdf5`` file, or a SavedModel folder. It is never written to.
    architecture : str or Path, optional
        For a file of weights alone: id of a preset, or a JSON file made by ``model.to_json()``.
    place : Path, optional
        Where the file is read, for a process that cannot read it in its own place.
    known : ModelRef, optional
        What was let through under this path before: any other file is refused unread.

    Raises
    ------
    ModelError
        The file is missing, damaged or no whole model, or holds layers that are not known.
    """
    path = Path(path).absolute()  # so that it stays the file it was, wherever the script goes
    model, fingerprint, stored = load_known(place or path, architecture, known)
    anatomy = anatomy_of(model, path.name)
    network = network_of(model, anatomy, path, fingerprint)
    if known is not None and known.replaced:
        network = replace(network, replaced=known.replaced, stored=stored)
    return LiveModel(model, anatomy, network)


class LiveModel(Examined):
    """A trained network, an image, and edits: every answer belongs to all three.

    Only what an edit reaches is run again, and only when somebody asks. One thread at a time. It
    runs in the process that opened it, with all that this may do: only the window keeps its
    networks in a sandboxed process.

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

    def survey(self, layer: str, images: Iterable[Images]) -> Survey:
        """Tell how strong each feature map of a layer is in each of several images, and where.

        Afterwards the image shown is the one that was shown before.

        Parameters
        ----------
        layer : str
        images : iterable
            Each as for `run`; the slices of a series, for example.

        Returns
        -------
        Survey
            With the edits in force; ``survey.strongest(12, 6)`` are the six slices in which map 12
            is strongest.

        Raises
        ------
        ModelError
            There is no such layer, or an image does not fit.
        """
        self._index(layer, need_image=False)
        shown, found = self._passes, []
        try:
            for image in images:
                self._passes = Passes(self._context)
                self._passes.set_image(self._fitted(image)[1], self._situation)
                found.append(peaks_of(self.activation(layer)))
                self._passes.forget()
        finally:
            self._passes = shown
        return Survey(layer, len(found), dict(enumerate(found)))

    def try_out(self) -> None:
        """Run the network on a blank image and look at what it gives; it has seen none afterwards.

        Where it takes images of any size, or runs for some seconds, its first image is the trial.

        Raises
        ------
        ModelError
            There is too little memory, its layers do not fit together, or what it gives is no
            number.
        """
        inputs = [layer for layer in self.layers if layer.kind == "InputLayer"]
        sizes = {layer.name: layer.output_shape[1:] for layer in inputs}
        work = sum(multiply_adds(self.graph, layer) or 0 for layer in self.layers)
        if work > LONGEST_TRIAL or any(None in size for size in sizes.values()):
            return
        blank = {name: np.zeros([n or 0 for n in size], np.float32) for name, size in sizes.items()}
        tensors = self._fitted(blank)[1]
        self._check_size(tuple(tensors[0].shape[1:-1]))
        shown, self._passes = self._passes, Passes(self._context)
        try:
            self._passes.set_image(tensors, TRAINED)
            for name in self.graph.outputs:
                index = self._index(name)
                if not np.isfinite(self._guarded(self._passes.current.array, index)).all():
                    raise ModelError(
                        f"{self._network.path.name} gives no numbers for a blank image.",
                        "A layer divides by its image, or the training went wrong.",
                    )
        finally:
            self._passes.forget()
            self._passes = shown

    # ---------------------------------------------------------------- edits

    def weights(self, layer: str) -> list[Floats]:
        """Copy a layer's weights with the edits in force, in Keras order (``get_weights``).

        Raises
        ------
        ModelError
            There is no such layer.
        """
        owner = self._owner(layer)
        return [np.array(array) for array in self._network.weights(owner, self.edits)]

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

    def save(self, path: Path | str | os.PathLike[str], *, made: Path | None = None) -> Saved:
        """Write the network with the edits in force to a new ``.keras`` file, and check it.

        Parameters
        ----------
        path : path
            The new file.
        made : Path, optional
            Leave the file here, for a program that puts it in its place; this process may not.

        Raises
        ------
        ModelError
            The path is the trained file's, does not end in ``.keras``, cannot be written, or what
            was read back is not what is in force.
        """
        in_force = {name: self._network.weights(name, self.edits) for name in self._network.trained}
        return save_copy(self._model, in_force, self._network.path, Path(path), made)

    def _go_to(self, history: History) -> LiveModel:
        began = perf_counter()
        situation = in_force(history.edits, self._program, self._network)
        self._passes.follow(situation)
        self._situation, self._history = situation, history
        self._since = (perf_counter() - began) * 1000
        self._pending = True
        return self
