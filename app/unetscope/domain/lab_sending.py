"""A kernel of the filter lab on its way into the network, and a network's kernel into the lab."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unetscope.domain import scopes
from unetscope.domain.errors import EditError
from unetscope.domain.kernel_sizes import stretched
from unetscope.domain.kernels import times
from unetscope.domain.lab import LabKernel, Size
from unetscope.domain.recipes import match_norm_and_mean
from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session

Floats = NDArray[np.float32]


def send(session: Session, name: str, kernel: Floats, scope: Scope | None = None) -> Session:
    """Put a kernel into the network, as one step that can be undone.

    Parameters
    ----------
    name : str
        What the step is called.
    kernel : (kh, kw) ndarray of float32
        It is stretched where the layer's kernels have another size.
    scope : Scope, optional
        How far it reaches around the kernel shown; left out, the scope in force.

    Raises
    ------
    EditError
        No kernel is shown, the layer's kernels have no rows and columns, or at their size the
        kernel gives only zeros.
    """
    target = session.target()
    target = replace(target, scope=scope or target.scope).whole_kernels()
    size = _size(target.layout.window, target.layer.name)

    made = stretched(kernel, size)
    if np.abs(made).max() <= 1e-6 * np.abs(kernel).max() and kernel.any():
        raise EditError(
            f"{name} gives only zeros at {times(size)}.", "Choose a layer with larger kernels."
        )

    def put(old: Floats) -> Floats:
        many = old.reshape((*size, -1))
        values = np.broadcast_to(made[..., None], many.shape)
        if session.keep_norm:
            kept = match_norm_and_mean(made.astype(np.float64), many.astype(np.float64))
            values = kept.astype(np.float32)
        return values.reshape(old.shape)

    edit = scopes.each_kernel(target, session.weights(), put)
    return session.edit(edit, label=f"{name} on {target.where}")


def how_it_is_sent(session: Session, size: Size) -> str:
    """What becomes of a kernel of some size that is sent to the kernel shown, in words."""
    target = session.target()
    want = _size(target.layout.window, target.layer.name)
    said = []
    if size != want:
        said.append(
            f"{times(size)} was stretched to {times(want)}: each number is the mean of what it "
            "covers."
        )
    if session.keep_norm:
        said.append("Norm and mean of the old kernel were kept.")
    return " ".join(said)


def kernel_shown(session: Session) -> LabKernel:
    """The kernel editor's kernel, with the edits in force.

    Raises
    ------
    EditError
        No kernel is shown, or it is no table of rows and columns, or too large.
    """
    target = session.target()
    layout, name = target.layout, target.layer.name
    _size(layout.window, name)
    values = session.weights()[0][layout.index(target.in_channel, target.filter)]
    where = f"{name} · filter {session.filter} · input {target.in_channel}"
    return LabKernel.of(where, np.atleast_2d(values))


def _size(window: tuple[int, ...], layer: str) -> Size:
    """Rows and columns of a layer's kernels; one of one axis is one row."""
    if len(window) == 1:
        return 1, window[0]
    if len(window) != 2:
        raise EditError(
            f"The kernels of {layer} have {len(window)} axes; the lab works with rows and columns."
        )
    return window[0], window[1]
