"""`open_model` and `new_model` for scripts: the engine's live network with its card from disk."""

from __future__ import annotations

import os
from pathlib import Path

from unetscope import resources
from unetscope.domain.edit_file import read_edits, write_edits
from unetscope.domain.errors import EditError
from unetscope.domain.network import check_edits
from unetscope.domain.presets import NewModel
from unetscope.engine import live_model
from unetscope.engine.creating import create
from unetscope.engine.live_model import LiveModel
from unetscope.io.model_card import read_card, write_card
from unetscope.io.text_files import DiskTexts


def open_model(
    path: str | os.PathLike[str], *, architecture: str | os.PathLike[str] | None = None
) -> LiveModel:
    """Open a trained network from a file.

    Parameters
    ----------
    path : path
        ``.keras``, ``.h5`` or ``.hdf5``, or a SavedModel folder of Keras 2. A model card
        ``<name>.card.json`` beside it is read too: it says how a slice becomes the network's input.
    architecture : str or path, optional
        For a file that holds only weights: id of a preset (``unet``, ``mirrored_unet``,
        ``unet_encoder``), or a JSON file made by ``model.to_json()``. Left out, ``<name>.json``
        beside the weights is taken, else the preset with kernels of the same shapes.

    Returns
    -------
    LiveModel
        Ready for ``run``, ``activation``, ``mask`` and edits.

    Raises
    ------
    ModelError
        The file is missing, damaged or no model, or holds what cannot be opened.
    """
    model = live_model.open_model(path, None if architecture is None else Path(architecture))
    card = read_card(Path(path))
    if card is not None:
        model.card = card
    return model


def new_model(
    preset: str,
    path: str | os.PathLike[str],
    *,
    image_shape: tuple[int, int, int] | None = None,
    classes: int | None = None,
    filters: int | None = None,
    depth: int | None = None,
    seed: int = 0,
) -> LiveModel:
    """Build an untrained network, write it to a file, and open that.

    Parameters
    ----------
    preset : str
        ``unet``, ``mirrored_unet`` or ``unet_encoder``.
    path : path
        A new ``.keras`` file; what stands there is never replaced.
    image_shape : (int, int, int), optional
        Rows, columns and channels of the image.
    classes : int, optional
        Output channels: 1 for a sigmoid, more for a softmax with the background as class 0.
    filters, depth : int, optional
        Of a ``unet``: filters of the first level, and number of levels.
    seed : int
        The first weights are drawn by it: He-normal, Glorot-uniform at the output of classes.

    Returns
    -------
    LiveModel
        Ready for ``run``, ``activation``, ``mask`` and edits.

    Raises
    ------
    ModelError
        A choice is out of bounds, something stands at the path, or it cannot be written.
    """
    new = NewModel.proposed(
        preset,
        image_shape=image_shape,
        classes=classes,
        filters=filters,
        depth=depth,
        seed=seed,
    )
    create(new, Path(path))
    return open_model(path)


def save_card(model: LiveModel) -> Path:
    """Save a model's card beside its file, or in the user's data folder where that is closed.

    The sample's own card stays as it came; another one for it goes to the user's data folder.

    Returns
    -------
    path : Path
        Where the card is now; `open_model` finds it there.

    Raises
    ------
    ModelError
        The model is gone, or the card cannot be written to either place.
    """
    return write_card(model.network.path, model.card, shipped=resources.folder())


def save_edits(model: LiveModel, path: str | os.PathLike[str]) -> Path:
    """Write the edits in force to a small file, exact to the bit, to apply them again or to share.

    Returns
    -------
    path : Path
        The file; ``.edits.json`` is its customary ending.

    Raises
    ------
    UnetscopeError
        It cannot be written.
    """
    path = Path(path)
    DiskTexts().write(path, write_edits(model.network, model.edits))
    return path


def apply_edits(
    model: LiveModel, path: str | os.PathLike[str], *, other_model: bool = False
) -> LiveModel:
    """Put exactly the edits of a file in force, in the place of those that are.

    Parameters
    ----------
    other_model : bool
        Whether edits that were made for another model are wanted, where they fit.

    Raises
    ------
    EditError
        The file is no list of edits, was made for another model, or one does not fit. Nothing has
        changed.
    """
    path = Path(path)
    found = read_edits(DiskTexts().read(path), path.name)
    if not other_model and not found.was_made_for(model.network):
        raise EditError(
            f"{path.name} was made for another model, {found.model}.",
            "Open that one, or say other_model=True to apply what fits. Nothing has changed.",
        )
    check_edits(model.network, found.edits)
    return model.follow(found.edits)
