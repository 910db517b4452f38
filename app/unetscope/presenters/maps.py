"""The activation viewer: every feature map of the selected layer, and the selected one large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.metrics import MapStatistics, map_statistics
from unetscope.domain.ports import LayerLook
from unetscope.domain.session import Scaling, Session
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.store import Store

Floats = NDArray[np.float32]
BINS = 48


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LargeMap:
    """The selected feature map with its numbers.

    Attributes
    ----------
    values : (H, W) ndarray of float32
        Dimensionless.
    limits : (float, float)
        What is drawn black and white.
    counts, edges : ndarray
        Histogram: ``BINS`` counts between ``BINS + 1`` edges.
    """

    title: str
    values: Floats
    limits: tuple[float, float]
    statistics: MapStatistics
    counts: NDArray[np.intp]
    edges: NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MapsView:
    """What the gallery and the large view draw.

    Attributes
    ----------
    maps : (n, H, W) ndarray of float32
        All feature maps, as the engine laid them out: a map's values do not follow one another.
    limits : (n, 2) ndarray of float
        What is drawn black and white, by tile.
    stale : bool
        A newer answer is on its way.
    """

    title: str = "Activations"
    maps: Floats
    limits: NDArray[np.floating]
    selected: int | None = None
    large: LargeMap | None = None
    scaling: Scaling = Scaling.LAYER
    caption: str = ""
    stale: bool = False
    empty: str = ""


class MapsPresenter:
    """Turns the engine's answer about the selected layer into a `MapsView`."""

    view_changed = Signal(MapsView)

    def __init__(self, store: Store, live: Live, pace: Pace | None = None) -> None:
        self._store = store
        self._live = live
        self._pace = pace or Pace()
        self._maps: tuple[object, Floats, NDArray[np.floating]] | None = None
        self._large: tuple[object, LargeMap] | None = None
        self.view = self._view()
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.slice_changed.connect(self._follow)
        live.busy_changed.connect(self._follow)
        live.problem_changed.connect(self._follow)

    def select(self, index: int) -> None:
        """The user picked a feature map, and with it its filter."""
        self._store.update(lambda s: s.select_filter(index))

    def step_layer(self, steps: int) -> None:
        """The user travelled to the next or previous layer."""
        self._store.update(lambda s: s.step_layer(steps))

    def set_scaling(self, scaling: Scaling) -> None:
        """The user chose what one grey scale covers."""
        self._store.update(lambda s: s.scale_maps(scaling))

    def _on_session(self, old: Session, new: Session) -> None:
        before = (old.network, old.layer, old.filter, old.map_scaling)
        if before != (new.network, new.layer, new.filter, new.map_scaling):
            self._follow()

    def _follow(self, *_: object) -> None:
        self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> MapsView:
        session, layer = self._store.session, self._store.session.selected_layer
        if session.network is None or layer is None:
            return _nothing("Open a model to see its feature maps.")
        if self._live.shown is None:
            return _nothing("Open a study to see what this layer makes of a slice.")
        answer = self._live.answer
        look = answer.look.maps if answer else None
        if answer is None or look is None or look.layer != layer.name:
            problem = self._live.problem
            return _nothing(str(problem) if problem else f"Computing {layer.name} …")
        if look.edited.ndim != 3:
            return _nothing(f"{layer.name} gives no pictures: shape {look.edited.shape}.")
        maps, limits = self._maps_of(look, session.map_scaling)
        index = min(session.filter, len(maps) - 1)
        height, width = maps.shape[1:]
        of_layer = session.map_scaling is Scaling.LAYER
        return MapsView(
            title=f"Activations · {layer.name}",
            maps=maps,
            limits=limits,
            selected=index,
            large=self._large_of(look, index, limits[index]),
            scaling=session.map_scaling,
            caption=f"{height}×{width}×{len(maps)} · {layer.activation or layer.kind} · "
            + ("one scale for the layer" if of_layer else "each map on its own scale"),
            stale=self._live.busy or answer.key != self._live.shown.key,
        )

    def _maps_of(self, look: LayerLook, scaling: Scaling) -> tuple[Floats, NDArray[np.floating]]:
        """All maps and their limits, made again only when one of the two changed."""
        made_of = (look, scaling)
        if self._maps is None or self._maps[0] != made_of:
            maps = np.moveaxis(look.edited, -1, 0)
            self._maps = (made_of, maps, _limits(look.edited, scaling))
        return self._maps[1:]

    def _large_of(self, look: LayerLook, index: int, limits: NDArray[np.floating]) -> LargeMap:
        """The large map, made again only when what it shows changed."""
        made_of = (look, index, tuple(limits))
        if self._large is None or self._large[0] != made_of:
            self._large = (made_of, _large(look, index, limits))
        return self._large[1]


def _nothing(empty: str) -> MapsView:
    return MapsView(maps=np.zeros((0, 1, 1), np.float32), limits=np.zeros((0, 2)), empty=empty)


def _limits(maps: Floats, scaling: Scaling) -> NDArray[np.floating]:
    """Black and white of each map of ``(H, W, n)``; black is 0 where nothing is negative.

    What is not finite counts as 0.
    """
    low, high = (  # row upon row first: long runs of numbers are fast
        end.reduce(end.reduce(maps, axis=0), axis=0) for end in (np.minimum, np.maximum)
    )
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        finite = np.where(np.isfinite(maps), maps, np.float32(0))
        low, high = finite.min(axis=(0, 1)), finite.max(axis=(0, 1))
    if scaling is Scaling.LAYER:
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    return np.stack([np.minimum(low, 0), np.maximum(high, low + 1e-12)], axis=1)


def _large(look: LayerLook, index: int, limits: NDArray[np.floating]) -> LargeMap:
    values = look.edited[..., index]
    counts, edges = np.histogram(values[np.isfinite(values)], bins=BINS)
    return LargeMap(
        title=f"Feature map {index} · {look.layer}",
        values=values,
        limits=(float(limits[0]), float(limits[1])),
        statistics=map_statistics(values),
        counts=counts,
        edges=edges,
    )
