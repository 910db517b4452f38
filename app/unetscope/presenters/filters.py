"""The filter gallery: the kernels of the selected layer as pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.session import Gallery, Scaling, Session
from unetscope.state.pace import Pace
from unetscope.state.store import Store


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FiltersView:
    """What the panel draws.

    Attributes
    ----------
    kernels : (n, kh, kw) ndarray of float32
        One tile each, weights in force, dimensionless.
    limits : (n,) ndarray of float
        The value at the end of each tile's colour scale, symmetric about 0.
    edited : frozenset of int
        Tiles whose kernel differs from the trained one.
    """

    title: str = "Filters"
    kernels: NDArray[np.float32]
    limits: NDArray[np.floating]
    labels: tuple[str, ...] = ()
    edited: frozenset[int] = frozenset()
    selected: int | None = None
    gallery: Gallery = Gallery.FILTERS
    scaling: Scaling = Scaling.EACH
    in_channel: int = 0
    in_channels: int = 0
    caption: str = ""
    empty: str = ""


class FiltersPresenter:
    """Turns the weights in force into a `FiltersView`; it needs no engine."""

    view_changed = Signal(FiltersView)

    def __init__(self, store: Store, pace: Pace | None = None) -> None:
        self._store = store
        self._pace = pace or Pace()
        self.view = _view(store.session)
        store.changed.connect(self._on_session)

    def select(self, tile: int) -> None:
        """The user picked a tile: a filter, or an input channel of the filter shown."""
        if self._store.session.gallery is Gallery.FILTERS:
            self._store.update(lambda s: s.select_filter(tile))
        else:
            self._store.update(lambda s: s.select_in_channel(tile))

    def select_in_channel(self, in_channel: int) -> None:
        """The user chose whose input the kernels read."""
        self._store.update(lambda s: s.select_in_channel(in_channel))

    def set_gallery(self, gallery: Gallery) -> None:
        """The user chose which kernels to see."""
        self._store.update(lambda s: s.show_gallery(gallery))

    def set_scaling(self, scaling: Scaling) -> None:
        """The user chose what one colour scale covers."""
        self._store.update(lambda s: s.scale_kernels(scaling))

    def _on_session(self, old: Session, new: Session) -> None:
        if old.history is not new.history or _inputs(old) != _inputs(new):
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = _view(self._store.session)
        self.view_changed.emit(self.view)


def _inputs(s: Session) -> tuple[object, ...]:
    """All but the edits, which come and go with the history."""
    return (s.network, s.layer, s.filter, s.in_channel, s.gallery, s.kernel_scaling)


def _nothing(empty: str) -> FiltersView:
    return FiltersView(kernels=np.zeros((0, 1, 1), np.float32), limits=np.zeros(0), empty=empty)


def _view(session: Session) -> FiltersView:
    layer, layout = session.selected_layer, session.layout
    if layer is None or session.network is None:
        return _nothing("Open a model to see its filters.")
    if layout is None:
        return _nothing(f"{layer.name} ({layer.kind}) holds no kernels.\nSelect a convolution.")
    kernels, trained = session.weights()[0], session.network.trained[layer.name][0]
    if session.gallery is Gallery.FILTERS:
        tiles, before = (layout.by_map(w, session.in_channel) for w in (kernels, trained))
        selected, noun = min(session.filter, len(tiles) - 1), "filter"
    else:
        tiles, before = (layout.by_filter(w)[session.kernel_filter] for w in (kernels, trained))
        selected, noun = session.in_channel, "input channel"
    tiles, before = (_flat(array) for array in (tiles, before))
    changed = np.flatnonzero((tiles != before).any(axis=(1, 2)))
    if session.kernel_scaling is Scaling.LAYER:
        largest = float(np.abs(kernels).max())
        limits, scale = np.full(len(tiles), largest), f"one scale, ±{largest:.3g}"
    else:
        limits = np.abs(tiles).max(axis=(1, 2))
        scale = "scaled per kernel, symmetric about 0"
    return FiltersView(
        title=f"Filters · {layer.name}",
        kernels=tiles,
        limits=limits,
        labels=tuple(f"{noun} {i}" for i in range(len(tiles))),
        edited=frozenset(changed.tolist()),
        selected=selected,
        gallery=session.gallery,
        scaling=session.kernel_scaling,
        in_channel=session.in_channel,
        in_channels=1 if layout.depthwise else layout.in_channels,
        caption=f"{layout.filters} filters × {layout.in_channels} in · {scale} · "
        "red above 0, blue below",
    )


def _flat(kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kernels of one or three axes laid out as a picture of two: ``(n, kh, kw)``."""
    if kernels.ndim == 3:
        return kernels
    return kernels.reshape(len(kernels), -1, kernels.shape[-1])
