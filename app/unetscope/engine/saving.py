"""Write an edited network to a new file, and believe it only after reading it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unetscope.domain.errors import ModelError
from unetscope.domain.kernels import Weights
from unetscope.domain.ports import Saved
from unetscope.engine.introspect import anatomy_of, read_weights, set_weights
from unetscope.engine.loader import fingerprint_of, load
from unetscope.engine.placing import not_written, put_in_place
from unetscope.passing_files import keras_beside


def save_copy(
    model: Any,
    in_force: Mapping[str, Weights],
    source: Path | None,
    path: Path,
    made: Path | None = None,
) -> Saved:
    """Save a model under a new name: temporary file, read back and compared, then renamed.

    Parameters
    ----------
    model : keras.Model
        The trained one; while it is written it holds the weights in force.
    in_force : mapping of str to tuple of ndarray
        The weights to save, by layer, ``outer/inner`` in nested models.
    source : Path or None
        The trained file, which is never written to; None for a new network.
    path : Path
        The new file; one that stands there is replaced as a whole or not at all.
    made : Path, optional
        Leave the file here, for a program that puts it in its place; this process may not.

    Raises
    ------
    ModelError
        The path is the source's, does not end in ``.keras``, cannot be written, or what was read
        back differs.
    """
    if path.suffix.lower() != ".keras":
        raise ModelError(
            f"An edited network is saved as a .keras file, but found {path.name}.",
            "Choose a name that ends in .keras.",
        )
    if source is not None and _same(path, source):
        raise ModelError(f"{path.name} is the trained network.", "Choose another name.")
    partial = made or keras_beside(path)
    try:
        with _holding(model, in_force, path.name):
            model.save(partial)
        compared = _compare(partial, in_force, path.name)
        fingerprint = fingerprint_of(partial)
        if made is None:
            put_in_place(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise not_written(path, error) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return Saved(path, fingerprint, compared)


def _same(path: Path, other: Path) -> bool:
    """Whether two paths are one file, however they are spelled."""
    try:
        both_stand = path.exists() and other.exists()
        return path.resolve() == other.resolve() or (both_stand and path.samefile(other))
    except OSError:  # a name that no disk takes: writing it says so
        return False


@contextmanager
def _holding(model: Any, in_force: Mapping[str, Weights], name: str) -> Iterator[None]:
    """Put the weights in force into a model for a while; afterwards what it held before."""
    anatomy = anatomy_of(model, name)
    held = {layer: read_weights(each) for layer, each in anatomy.layers.items()}
    set_weights(anatomy, {**held, **in_force}, name)
    try:
        yield
    finally:
        set_weights(anatomy, held, name)


def _compare(partial: Path, in_force: Mapping[str, Weights], name: str) -> int:
    """Open the file again and compare every array bit for bit; gives how many there were."""
    layers = anatomy_of(load(partial), name).layers
    count = 0
    for layer, expected in in_force.items():
        found = read_weights(layers[layer]) if layer in layers else ()
        same = len(found) == len(expected) and all(
            a.shape == b.shape and np.array_equal(a.view(np.uint32), b.view(np.uint32))
            for a, b in zip(expected, found, strict=True)
        )
        if not same:
            raise ModelError(
                f"{name} was not saved: layer {layer} reads back other than it was written.",
                "Try another disk, and report this.",
            )
        count += len(found)
    return count
