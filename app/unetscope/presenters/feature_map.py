"""The selected feature map, large: its numbers, its own window, and the place under the mouse."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.feature_maps import Cell, LayerNumbers, bounds_of, numbers_of
from unetscope.domain.map_edits import marks_of
from unetscope.domain.ports import Floats
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.shown_maps import Maps, ShownMaps
from unetscope.state.store import Store

BINS = 48
DRAG_STEPS = 300.0  # screen pixels of drag that move the window by its starting range
FAST = 5.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LargeMap:
    """The selected feature map with its numbers.

    Attributes
    ----------
    values : (H, W) ndarray of float32
        Dimensionless.
    limits : (float, float)
        What is drawn in the first and the last colour.
    signed : bool
        The colours diverge about the middle of the limits.
    numbers : LayerNumbers
        Of this one map.
    counts, edges : ndarray
        Histogram: ``BINS`` counts between ``BINS + 1`` edges.
    """

    title: str
    name: str
    index: int
    values: Floats
    limits: tuple[float, float]
    signed: bool
    aspect: float
    mark: str
    numbers: LayerNumbers
    counts: NDArray[np.intp]
    edges: NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FeatureMapView:
    """What the panel of the large map draws.

    Attributes
    ----------
    under : (int, int) or None
        The pixel of the map that lies under the mouse, wherever that is.
    cell : (int, int) or None
        The pixel that is selected.
    place : str
        Where the pixel under the mouse is, else the one selected.
    own_window : bool
        The map is drawn on a scale of its own.
    """

    large: LargeMap | None = None
    under: Cell | None = None
    cell: Cell | None = None
    place: str = ""
    own_window: bool = False
    empty: str = ""


class FeatureMapPresenter:
    """Turns the selected map and the linked cursor into a `FeatureMapView`."""

    view_changed = Signal(FeatureMapView)

    def __init__(
        self,
        store: Store,
        live: Live,
        desk: Desk,
        shown: ShownMaps,
        cursor: LinkedCursor,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._desk = desk
        self._shown = shown
        self._cursor = cursor
        self._pace = pace or Pace()
        self._large: tuple[object, LargeMap] | None = None
        self.view = self._view()
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.slice_changed.connect(self._follow)
        live.problem_changed.connect(self._follow)
        cursor.changed.connect(self._publish)

    # ---------------------------------------------------------------- intents

    def hover(self, cell: Cell | None) -> None:
        """The mouse is over a pixel of the map, or over none."""
        self._cursor.over_map(cell)

    def pick(self, cell: Cell) -> None:
        """The user clicked a pixel of the map: it stays marked until it is clicked again."""
        self._store.update(
            lambda s: s.show_maps(replace(s.maps, cell=None if s.maps.cell == cell else cell))
        )

    def step(self, maps: int) -> None:
        """The user turned the wheel: the map after, or before."""
        self._store.update(lambda s: s.select_filter(s.filter + maps))

    def drag_window(self, dx: float, dy: float, *, fast: bool = False) -> None:
        """The user dragged: to the right widens the scale, upwards brightens the map."""
        large = self.view.large
        if large is None:
            return
        self._pace.hold("map window")
        low, high = self._store.session.maps.window or large.limits
        numbers = large.numbers
        range_ = max(float(numbers.greatest[0] - numbers.least[0]), (high - low) / 10, 1e-12)
        step = range_ / DRAG_STEPS * (FAST if fast else 1.0)
        width = max(high - low + dx * step, step / 10)
        centre = (low + high) / 2 + dy * step
        window = (centre - width / 2, centre + width / 2)
        self._store.update(lambda s: s.show_maps(replace(s.maps, window=window)))

    def end_drag(self) -> None:
        """The user let go."""
        self._pace.release("map window")

    def reset_window(self) -> None:
        """The user wants the gallery's scale again."""
        self._store.update(lambda s: s.show_maps(replace(s.maps, window=None)))

    def statistics(self) -> str:
        """The numbers of the map as two columns, for the clipboard."""
        large = self.view.large
        if large is None:
            return ""
        rows = [("layer and map", large.title), *_named_numbers(large.numbers)]
        return "\n".join(f"{name}\t{value}" for name, value in rows)

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        before = (old.network, old.layer, old.filter, old.maps)
        if before == (new.network, new.layer, new.filter, new.maps):
            return
        if old.maps.window != new.maps.window:
            self._pace.each_frame(self._publish)
        else:
            self._follow()

    def _follow(self, *_: object) -> None:
        self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> FeatureMapView:
        session, maps = self._store.session, self._shown.now()
        if isinstance(maps, str):
            return FeatureMapView(empty=maps)
        large = self._large_of(maps, session)
        under, cell = self._under(maps), session.maps.cell
        if cell is not None and not _holds(large, cell):
            cell = None
        at = under or cell
        return FeatureMapView(
            large=large,
            under=under,
            cell=cell,
            place=self._place(maps, at) if at is not None else "",
            own_window=session.maps.window is not None,
        )

    def _under(self, maps: Maps) -> Cell | None:
        """The pixel of the map under the mouse, over the map itself or over the slice."""
        over, grid = self._cursor.on_slice, maps.grid
        cell = self._cursor.on_map
        if over is not None and grid is not None:
            cell = grid.pixel_at(*over)
        rows, columns = maps.pictures.shape[1:]
        return cell if cell is not None and cell[0] < rows and cell[1] < columns else None

    def _place(self, maps: Maps, at: Cell) -> str:
        said = f"row {at[0]}  column {at[1]}"
        answer, series = self._live.answer, self._desk.shown
        if maps.grid is None or answer is None or series is None or not series.has_orientation:
            return said
        row, column = maps.grid.to_slice(*at)
        x, y, z = (series.affine @ [answer.key.index, row, column, 1])[:3]
        sides = (("L", "R", x), ("P", "A", y), ("H", "F", z))
        where = "  ".join(f"{pos if v >= 0 else neg} {abs(v):.1f}" for pos, neg, v in sides)
        return f"{said}   {where} mm"

    def _large_of(self, maps: Maps, session: Session) -> LargeMap:
        """The large map, made again only when what it shows changed."""
        index = min(session.filter, len(maps.pictures) - 1)
        window, edits = session.maps.window, session.edits
        made_of = (maps, index, window, edits)
        if self._large is None or self._large[0] != made_of:
            limits = window or (float(maps.limits[index, 0]), float(maps.limits[index, 1]))
            mark = marks_of(edits, maps.layer.name, len(maps.pictures)).get(index, "")
            self._large = (made_of, _large(maps, index, limits, mark))
        return self._large[1]


def _holds(large: LargeMap, cell: Cell) -> bool:
    return all(at < length for at, length in zip(cell, large.values.shape, strict=True))


def _large(maps: Maps, index: int, limits: tuple[float, float], mark: str) -> LargeMap:
    values = maps.pictures[index]
    counts, edges = np.histogram(values[np.isfinite(values)], bins=BINS)
    name = f"feature map {index} · {maps.layer.name}"
    return LargeMap(
        title=f"F{name[1:]}" + (f" · {mark}" if mark else ""),
        name=name,
        index=index,
        values=values,
        limits=limits,
        signed=maps.signed,
        aspect=maps.aspect,
        mark=mark,
        numbers=numbers_of(values[..., None], bounds_of(maps.layer.activation)),
        counts=counts,
        edges=edges,
    )


def _named_numbers(numbers: LayerNumbers) -> list[tuple[str, str]]:
    named = [
        ("minimum", numbers.least),
        ("maximum", numbers.greatest),
        ("mean", numbers.mean),
        ("standard deviation", numbers.deviation),
        ("share of zeros", numbers.zeros),
        ("share saturated", numbers.saturated),
    ]
    return [(name, f"{value[0]:.6g}") for name, value in named if np.isfinite(value[0])]
