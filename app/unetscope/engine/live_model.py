"""The live network: edit its weights, and the mask and every activation follow."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter

import numpy as np

from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError
from unetscope.domain.history import Edits, History
from unetscope.domain.ports import Floats, Saved
from unetscope.domain.survey import Survey, peaks_of
from unetscope.engine.answers import Answers
from unetscope.engine.images import Images
from unetscope.engine.introspect import anatomy_of, network_of
from unetscope.engine.loader import fingerprint_of, load
from unetscope.engine.passes import Passes
from unetscope.engine.saving import save_copy
from unetscope.engine.situation import in_force


def open_model(
    path: Path | str | os.PathLike[str], architecture: Path | str | None = None
) -> LiveModel:
    """Open a trained network to look inside it and to edit it live.

    Parameters
    ----------
    path : path
        A ``.keras``, ``.h5`` or ``.hdf5`` file, or a SavedModel folder. It is never written to.
    architecture : str or Path, optional
        For a file of weights alone: id of a preset, or a JSON file made by ``model.to_json()``.

    Raises
    ------
    ModelError
        The file is missing, damaged or no whole model, or holds layers that are not known.
    """
    path = Path(path).absolute()  # so that it stays the file it was, wherever the script goes
    model = load(path, architecture)
    anatomy = anatomy_of(model, path.name)
    return LiveModel(model, anatomy, network_of(model, anatomy, path, fingerprint_of(path)))


class LiveModel(Answers):
    """A trained network, an image, and edits: every answer belongs to all three.

    Only what an edit reaches is run again, and only when somebody asks. One thread at a time.

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

    def save(self, path: Path | str | os.PathLike[str]) -> Saved:
        """Write the network with the edits in force to a new ``.keras`` file, and check it.

        Raises
        ------
        ModelError
            The path is the trained file's, does not end in ``.keras``, cannot be written, or what
            was read back is not what is in force.
        """
        in_force = {name: self._network.weights(name, self.edits) for name in self._network.trained}
        return save_copy(self._model, in_force, self._network.path, Path(path))

    def _go_to(self, history: History) -> LiveModel:
        began = perf_counter()
        situation = in_force(history.edits, self._program, self._network)
        self._passes.follow(situation)
        self._situation, self._history = situation, history
        self._since = (perf_counter() - began) * 1000
        self._pending = True
        return self
