"""What the filter lab's panel draws, made of lab and answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain import lab_words
from unetscope.domain.kernels import layout_of, times
from unetscope.domain.lab import (
    PLAIN,
    Lab,
    LabKernel,
    LabLayer,
    LabMaps,
    LabSource,
    Steps,
    steps_of,
)
from unetscope.domain.lab_maps import LabMap, Made
from unetscope.domain.lab_words import Note
from unetscope.domain.session import Session
from unetscope.state.filter_lab import FilterLab, LabPicture

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabRow:
    """One kernel of the list with its map; None while that is not known."""

    name: str
    kernel: Floats
    limit: float
    map: LabMap | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explained:
    """What the pages beside the list say of the selected kernel.

    Attributes
    ----------
    code : str
        The lines that put it into a layer.
    answer : tuple of str
        Why they are written so, for the layer asked about.
    refusal, refused_because : str
        What Keras says without the reshape, and what that means.
    together : str
        How the kernels of this size share a layer here.
    kernel, turned : (kh, kw) ndarray of float32
        As it is written, and upside down.
    steps : (Steps, Steps)
        How it goes down and across the picture.
    """

    code: str
    answer: tuple[str, ...]
    refusal: str
    refused_because: str
    together: str
    kernel: Floats
    turned: Floats
    steps: tuple[Steps, Steps]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabView:
    """What the panel draws.

    Attributes
    ----------
    picture : str
        What the kernels are run over, in words.
    target : str
        Where a kernel would be sent; empty where no kernel is shown.
    scope, filter : str, int
        The kernel editor's scope in words, and the filter shown.
    layers : tuple of str
        Layers whose filters can take a kernel.
    stale : bool
        A newer answer is on its way.
    """

    rows: tuple[LabRow, ...] = ()
    selected: int = 0
    name: str = ""
    size: tuple[int, int] = (1, 1)
    source: LabSource = LabSource.SLICE
    layer: LabLayer = PLAIN
    flip: bool = False
    channels: int = 1
    filters: int = 1
    picture: str = ""
    aspect: float = 1.0
    explained: Explained | None = None
    target: str = ""
    scope: str = ""
    filter: int = 0
    layers: tuple[str, ...] = ()
    can_undo: bool = False
    stale: bool = False
    caption: str = ""
    problem: str = ""
    empty: str = ""


def view_of(session: Session, loop: FilterLab, made: Made, problem: str) -> LabView:
    """What there is to draw; a problem of the lab's own goes before one of the engine."""
    lab = session.lab
    maps = made.of(loop.answer, lab.put_in)
    rows = tuple(
        LabRow(
            name=kernel.name,
            kernel=kernel.values,
            limit=float(max(np.abs(kernel.values).max(), 1e-6)),
            map=one,
        )
        for kernel, one in zip(lab.kernels, maps, strict=True)
    )
    picture, kernel = loop.picture, lab.kernel
    problem = problem or (str(loop.problem) if loop.problem else "")
    return LabView(
        rows=rows,
        selected=lab.selected,
        name=kernel.name if kernel else "",
        size=kernel.size if kernel else (1, 1),
        source=lab.source,
        layer=lab.layer,
        flip=lab.flip,
        channels=lab.channels,
        filters=lab.filters,
        picture=f"{picture.name} · {times(picture.image.shape)}",
        aspect=picture.spacing[0] / picture.spacing[1] if picture.spacing else 1.0,
        explained=_explained(lab, loop.picture, kernel, maps[lab.selected]) if kernel else None,
        target=_target(session),
        scope=session.scope.value,
        filter=session.filter,
        layers=_takers(session),
        can_undo=bool(lab.past),
        stale=loop.busy,
        caption=_caption(loop.answer, loop.busy, picture.name),
        problem=problem,
        empty="" if rows else "The list is empty.\nAdd a kernel, or drop one here.",
    )


def _explained(lab: Lab, picture: LabPicture, kernel: LabKernel, made: LabMap | None) -> Explained:
    values = kernel.values
    shape = (picture.image.shape[0], picture.image.shape[1])
    put_in = np.ascontiguousarray(lab.put_in[lab.selected])
    code = f"{lab_words.kernel_code(put_in)}\n" + lab_words.set_weights_code(kernel.size, lab.layer)
    return Explained(
        code=code,
        answer=lab_words.answer(kernel.size, lab.channels, lab.filters),
        refusal=made.refusal if made else "",
        refused_because=lab_words.refusal(kernel.size),
        together=lab_words.together(
            kernel.size, sum(other.size == kernel.size for other in lab.kernels)
        ),
        kernel=values,
        turned=values[::-1, ::-1],
        steps=steps_of(shape, kernel.size, lab.layer),
        notes=lab_words.notes(
            values,
            shape,
            lab.layer,
            flip=lab.flip,
            spacing=picture.spacing,
            negative=made.negative if made else None,
        ),
    )


def _target(session: Session) -> str:
    """Where a kernel would be sent, in words; empty where it cannot."""
    layout = session.layout
    if layout is None or len(layout.window) > 2:
        return ""
    return session.target().whole_kernels().where


def _takers(session: Session) -> tuple[str, ...]:
    """Layers whose kernels have rows and columns."""
    if session.network is None:
        return ()
    return tuple(
        layer.name
        for layer in session.network.graph.layers
        if (layout := layout_of(layer)) is not None and len(layout.window) <= 2
    )


def _caption(answer: LabMaps | None, busy: bool, picture: str) -> str:
    if busy and answer is None:
        return f"Waiting for the engine to run over {picture} …"
    if answer is None:
        return ""
    return f"{picture} · {answer.milliseconds:.0f} ms in Keras" + (" …" if busy else "")
