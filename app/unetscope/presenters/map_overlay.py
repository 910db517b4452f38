"""The feature map over the slice, and the box of what one of its pixels can see."""

from __future__ import annotations

from dataclasses import dataclass

from psygnal import Signal

from unetscope.domain.explaining.effective_field import SHARES, EffectiveField
from unetscope.domain.map_grid import MapGrid, Rectangle, turned
from unetscope.domain.measurements import Point
from unetscope.domain.planes import Turn
from unetscope.domain.ports import Floats
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.effective_fields import EffectiveFields
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.shown_maps import Maps, ShownMaps
from unetscope.state.store import Store


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OverlayView:
    """What is drawn over the slice, turned as it is shown.

    Attributes
    ----------
    heat : (rows, columns) ndarray of float32, or None
        The map on the slice's grid; NaN where it does not reach.
    limits : (float, float)
        Values of the first and the last colour.
    signed : bool
        The colours diverge about 0.
    opacity, threshold : float
        0 to 1; values below that share of the scale are not drawn.
    box, pixel : (row, column, rows, columns) in pixel edges, or None
        What the pixel of the map can see, and where it lies itself.
    ellipses : tuple of tuple of (row, column)
        Outlines in pixel edges that hold 50 % and 95 % of what it takes from the image.
    """

    heat: Floats | None = None
    limits: tuple[float, float] = (0.0, 1.0)
    signed: bool = False
    opacity: float = 0.6
    threshold: float = 0.0
    legend: str = ""
    box: Rectangle | None = None
    pixel: Rectangle | None = None
    box_text: str = ""
    ellipses: tuple[tuple[Point, ...], ...] = ()
    field_text: str = ""


NOTHING = OverlayView()


class MapOverlayPresenter:
    """Turns the map shown and the linked cursor into an `OverlayView`."""

    view_changed = Signal(OverlayView)

    def __init__(
        self,
        store: Store,
        live: Live,
        desk: Desk,
        shown: ShownMaps,
        cursor: LinkedCursor,
        pace: Pace | None = None,
        fields: EffectiveFields | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._desk = desk
        self._shown = shown
        self._cursor = cursor
        self._pace = pace or Pace()
        self._placed: tuple[object, Floats] | None = None
        self._fields = fields
        self._drawn_field: tuple[object, tuple[tuple[Point, ...], ...], str] | None = None
        self.view = NOTHING
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.slice_changed.connect(self._follow)
        cursor.changed.connect(self._publish)
        if fields is not None:
            fields.changed.connect(self._follow)
        self._publish()

    def hover(self, row: float, column: float) -> None:
        """The mouse is over a point of the picture, in pixel edges."""
        shown = self._live.shown
        if shown is not None:
            r, c = self._turn().to_slice((row, column), _size(shown.values))
            self._cursor.over_slice((r - 0.5, c - 0.5))

    def leave(self) -> None:
        """The mouse is no longer over the picture."""
        if self._cursor.on_slice is not None:
            self._cursor.over_slice(None)

    # ------------------------------------------------------------------- view

    def _turn(self) -> Turn:
        return self._store.session.viewer.turn

    def _on_session(self, old: Session, new: Session) -> None:
        if _seen(old) != _seen(new):
            self._follow()

    def _follow(self, *_: object) -> None:
        choice = self._store.session.maps
        is_seen = choice.overlay or choice.cell or self._store.session.explaining.field
        if is_seen or self._cursor.on_map or self.view is not NOTHING:
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        old, self.view = self.view, self._view()
        if _drawn(self.view) != _drawn(old):
            self.view_changed.emit(self.view)

    def _view(self) -> OverlayView:
        maps, shown, answer = self._shown.now(), self._live.shown, self._live.answer
        if isinstance(maps, str) or maps.grid is None or shown is None or answer is None:
            return NOTHING
        session, size = self._store.session, _size(shown.values)
        choice, index = session.maps, min(session.filter, len(maps.pictures) - 1)
        heat = None
        if choice.overlay and answer.key == shown.key:  # else it is the map of another slice
            heat = self._heat(maps, index)
        cell = self._cursor.on_map or choice.cell
        if self._fields is not None:
            cell = self._fields.cell()
        rows, columns = maps.pictures.shape[1:]
        if cell is not None and (cell[0] >= rows or cell[1] >= columns):
            cell = None
        if heat is None and cell is None:
            return NOTHING
        seen = maps.grid.seen_by(*cell) if cell is not None else None
        at = maps.grid.footprint(*cell) if cell is not None else None
        ellipses, field_text = self._ellipses(maps.grid, size)
        low, high = choice.window or maps.limits[index]
        placed = "" if maps.grid.field is not None else " · placed by its size alone"
        return OverlayView(
            heat=heat,
            limits=(float(low), float(high)),
            signed=maps.signed,
            opacity=choice.opacity,
            threshold=choice.threshold,
            legend=f"feature map {index} · {maps.layer.name} on slice{placed}",
            box=_turned(seen, self._turn(), size),
            pixel=_turned(at, self._turn(), size),
            box_text=self._box_text(maps.grid),
            ellipses=ellipses,
            field_text=field_text,
        )

    def _heat(self, maps: Maps, index: int) -> Floats:
        """The map on the slice's grid, turned; made again only when one of them changed."""
        assert maps.grid is not None
        made_of = (maps, index, self._turn())
        if self._placed is None or self._placed[0] != made_of:
            placed = maps.grid.on_slice(maps.pictures[index])
            self._placed = (made_of, self._turn().apply(placed))
        return self._placed[1]

    def _box_text(self, grid: MapGrid) -> str:
        size = grid.size_seen()
        if size is None:
            return ""
        (rows, columns), on_slice = size
        return f"receptive field {rows}×{columns} px{self._in_mm(on_slice)}"

    def _in_mm(self, on_slice: tuple[float, float]) -> str:
        """So many rows and columns of the slice in mm; nothing where they are not calibrated."""
        series = self._desk.shown
        if series is None or not series.calibrated:
            return ""
        high, wide = (length * mm for length, mm in zip(on_slice, series.spacing[1:], strict=True))
        near = abs(high - wide) < 0.05
        return f" · {high:.1f} mm" if near else f" · {high:.1f}×{wide:.1f} mm"

    def _ellipses(
        self, grid: MapGrid, size: tuple[int, int]
    ) -> tuple[tuple[tuple[Point, ...], ...], str]:
        """The effective field on the picture, and in words; made again only when it changed."""
        field = self._fields.now() if self._fields is not None else None
        if field is None:
            return (), ""
        made_of = (field, grid, self._turn(), self._desk.shown)
        if self._drawn_field is None or self._drawn_field[0] != made_of:
            self._drawn_field = (made_of, *self._drawn_of(field, grid, size))
        return self._drawn_field[1:]

    def _drawn_of(
        self, field: EffectiveField, grid: MapGrid, size: tuple[int, int]
    ) -> tuple[tuple[tuple[Point, ...], ...], str]:
        if field.is_empty:
            return (), "effective field: nothing in the image changes this value"

        def to_picture(row: float, column: float) -> Point:
            r, c = grid.placement.to_slice(row, column)
            return self._turn().to_picture((r + 0.5, c + 0.5), size)

        ellipses = [field.ellipse(share) for share in SHARES]
        told = [
            f"{share:.0%} {each.size[0]:.0f}×{each.size[1]:.0f} px".replace("%", " %")
            for share, each in zip(SHARES, ellipses, strict=True)
        ]
        text = f"effective {', '.join(told)}{self._in_mm(grid.extent(ellipses[-1].size))}"
        return tuple(each.moved(to_picture) for each in ellipses), text


def _drawn(view: OverlayView) -> tuple[object, ...]:
    """All that is drawn; arrays are compared by identity."""
    v = view
    how = (id(v.heat), v.limits, v.signed, v.opacity, v.threshold, v.legend)
    return (*how, v.box, v.pixel, v.box_text, v.ellipses, v.field_text)


def _seen(session: Session) -> tuple[object, ...]:
    explaining = session.explaining
    maps = (session.network, session.layer, session.filter, session.maps)
    return *maps, session.viewer.turn, explaining.field, explaining.voxel


def _size(values: Floats) -> tuple[int, int]:
    return values.shape[0], values.shape[1]


def _turned(at: Rectangle | None, turn: Turn, size: tuple[int, int]) -> Rectangle | None:
    return None if at is None else turned(at, turn, size)
