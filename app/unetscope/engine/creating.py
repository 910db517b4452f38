"""Build a new network from a preset and write it to a file."""

from __future__ import annotations

from pathlib import Path

from unetscope.domain.errors import ModelError
from unetscope.domain.ports import Saved
from unetscope.domain.presets import NewModel
from unetscope.engine.introspect import anatomy_of, read_weights
from unetscope.engine.presets import built
from unetscope.engine.saving import save_copy


def create(new: NewModel, path: Path, made: Path | None = None) -> Saved:
    """Build what was chosen and write it: as a whole or not at all, and never over another file.

    With `made` the file is left there, for a program that puts it in its place.

    Raises
    ------
    ModelError
        The path does not end in ``.keras``, something stands there, or it cannot be written.
    """
    if path.suffix.lower() != ".keras":
        raise ModelError(
            f"A new network is saved as a .keras file, but found {path.name}.",
            "Choose a name that ends in .keras.",
        )
    if path.exists():
        raise ModelError(f"{path.name} exists already.", "Choose another name.")
    model = built(new)
    layers = anatomy_of(model, path.name).layers
    weights = {name: read_weights(layer) for name, layer in layers.items()}
    return save_copy(model, weights, None, path, made)
