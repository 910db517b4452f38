"""HDF5 from a stranger: one file, hard links, and arrays of real numbers that it really holds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError

MAX_ARRAY = 2 << 30  # bytes of one array
MAX_LINKS = 100_000
MAX_DEPTH = 40  # groups in groups: nested models take two each
MAX_VALUE = 1e15  # of a weight; a bit that tipped over mostly gives more
_UNSTORED = 1 << 20  # bytes that an array may be without the file holding any
_INFLATED = 1000  # times that an array may be bigger than what is stored of it
_MAX_CHUNK = 64 << 20
_FILTERS = frozenset(
    {
        h5py.h5z.FILTER_DEFLATE,
        h5py.h5z.FILTER_SHUFFLE,
        h5py.h5z.FILTER_FLETCHER32,
        h5py.h5z.FILTER_LZF,
    }
)
_DAMAGE = (  # what h5py says of it
    *(OSError, RuntimeError, LookupError, AttributeError),
    *(TypeError, ValueError, ArithmeticError),
)
_SAVE_AGAIN = "Save the model again with model.save('name.keras')."
_COPY_AGAIN = "Copy it again from where it came from."


@contextmanager
def opened_hdf5(content: bytes, name: str) -> Iterator[Any]:
    """Open an HDF5 file; whatever goes wrong while it is read is told as damage.

    Raises
    ------
    ModelError
        It is damaged, or is more than one file with groups and arrays.
    """
    try:
        file = h5py.File(io.BytesIO(content), "r")
    except _DAMAGE as error:
        raise ModelError(f"{name} is damaged or cut short.", _COPY_AGAIN) from error
    try:
        with file:
            _check_links(file, name)
            yield file
    except ModelError:
        raise
    except _DAMAGE as error:
        raise ModelError(f"{name} is damaged: its weights cannot be read.", _COPY_AGAIN) from error


def _check_links(file: Any, name: str) -> None:
    """Look at every link before any of them is followed: a soft one may lead anywhere."""
    seen = 0

    def look(path: bytes, link: Any) -> bytes | None:
        nonlocal seen
        seen += 1
        is_strange = link.type != h5py.h5l.TYPE_HARD or path.count(b"/") > MAX_DEPTH
        return path if is_strange or seen > MAX_LINKS else None

    path = file.id.links.visit(look, info=True)
    if path is None:
        return
    shown = path.decode("utf-8", "replace")[-60:]
    if seen > MAX_LINKS or path.count(b"/") > MAX_DEPTH:
        raise ModelError(f"{name} holds groups without end, at {shown}.", "Is it a model?")
    raise ModelError(
        f"{name} points to other files or places for its weights, at {shown}.",
        "Save the model again, whole, with model.save('name.keras').",
    )


def group_at(parent: Any, path: str, name: str) -> Any:
    """Open a group or dataset of the same file."""
    node = parent
    for part in path.split("/"):
        if part in ("", ".", "..") or node.get(part, getlink=True) is None:
            raise ModelError(f"{name} lacks the weights of {path[:80]}.", _SAVE_AGAIN)
        node = node[part]
    return node


def array_of(dataset: Any, layer: str, name: str) -> NDArray[np.float32]:
    """Read one array of a layer as read-only float32.

    Raises
    ------
    ModelError
        It is no array of finite real numbers that the file itself holds.
    """
    if not isinstance(dataset, h5py.Dataset):
        raise ModelError(f"{name} holds a group in place of a weight of {layer}.", _SAVE_AGAIN)
    halved = dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2 and not dataset.dtype.names
    if not halved and dataset.dtype.kind not in "fiu":
        raise ModelError(f"{name} holds weights of {layer} that are no real numbers.", _SAVE_AGAIN)
    _check_storage(dataset, layer, name)
    values = dataset[()]
    if halved:  # bfloat16: half a float32
        values = (np.asarray(values).view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):  # of float64: told below
        array: NDArray[np.float32] = np.asarray(values, np.float32)
    check_values(array, layer, name)
    array.flags.writeable = False
    return array


def check_values(array: NDArray[np.float32], layer: str, name: str) -> None:
    """Refuse an array that no training gives; ModelError names the layer."""
    if not array.size:
        return
    most = max(float(array.max()), -float(array.min()))  # not a number where any is none
    if not most < np.inf:
        raise ModelError(
            f"{name} holds weights of {layer} that are not finite numbers.",
            "The training went wrong: take an earlier state of it.",
        )
    if most > MAX_VALUE:
        raise ModelError(
            f"{name} holds a weight of {layer} of the size {most:.0e}: it is damaged.", _COPY_AGAIN
        )


def _check_storage(dataset: Any, layer: str, name: str) -> None:
    """Refuse an array before it is read that lies elsewhere, or is bigger than what is stored."""
    if dataset.external or dataset.is_virtual:
        raise ModelError(f"{name} holds a weight of {layer} in another file.", _SAVE_AGAIN)
    size = dataset.size * dataset.dtype.itemsize
    if size > MAX_ARRAY:
        raise ModelError(
            f"{name} holds a weight of {layer} that is too big: {size >> 30:,} GB.",
            "Is it a model?",
        )
    if size > _UNSTORED and size > _INFLATED * dataset.id.get_storage_size():
        raise ModelError(f"{name} claims weights of {layer} that it does not hold.", _COPY_AGAIN)
    if dataset.chunks is None:
        return
    plan = dataset.id.get_create_plist()
    chunk = dataset.dtype.itemsize
    for length in dataset.chunks:
        chunk *= length
    filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())}
    if chunk > _MAX_CHUNK or not filters <= _FILTERS:
        raise ModelError(
            f"{name} stores the weights of {layer} in a way that Keras does not.", _SAVE_AGAIN
        )
