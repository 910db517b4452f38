"""`open_model` for scripts: the engine's live network together with the model card from disk."""

from __future__ import annotations

import os
from pathlib import Path

from unetscope.engine import live_model
from unetscope.engine.live_model import LiveModel
from unetscope.io.model_card import read_card


def open_model(path: str | os.PathLike[str]) -> LiveModel:
    """Open a trained network from a file.

    Parameters
    ----------
    path : path
        ``.keras``, ``.h5`` or ``.hdf5``. A model card ``<name>.card.json`` beside it is read too:
        it says how a slice becomes the network's input.

    Returns
    -------
    LiveModel
        Ready for ``run``, ``activation``, ``mask`` and edits.

    Raises
    ------
    ModelError
        The file is missing, damaged or no model, or holds what cannot be opened.
    """
    model = live_model.open_model(path)
    card = read_card(Path(path))
    if card is not None:
        model.card = card
    return model
