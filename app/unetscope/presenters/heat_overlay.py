"""The heat over the slice: whichever the session names, placed where it lies in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from psygnal import Signal

from unetscope.domain.explaining.heat import Heat
from unetscope.domain.ports import Floats
from unetscope.domain.session import Session
from unetscope.state.heats import Heats
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.placed_heats import PlacedHeats
from unetscope.state.store import Store


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HeatView:
    """A heat as it lies over the slice, turned as it is shown.

    Attributes
    ----------
    heat : (rows, columns) ndarray of float32, or None
        On the slice's grid; NaN where it does not reach. None: nothing is drawn.
    limits : (float, float)
        Values of the first and the last colour.
    signed : bool
        The colours diverge about 0.
    opacity, threshold : float
        0 to 1; values below that share of the scale are not drawn.
    title, unit : str
        What it is, and in what it is measured.
    at_cursor : str
        What it is at the mouse.
    """

    heat: Floats | None = None
    limits: tuple[float, float] = (0.0, 1.0)
    signed: bool = False
    opacity: float = 0.6
    threshold: float = 0.0
    title: str = ""
    unit: str = ""
    at_cursor: str = ""


NOTHING = HeatView()


class HeatOverlayPresenter:
    """Turns the heat that the session names into a `HeatView`."""

    view_changed = Signal(HeatView)

    def __init__(
        self,
        store: Store,
        live: Live,
        heats: Heats,
        placed: PlacedHeats,
        cursor: LinkedCursor,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._heats = heats
        self._placed = placed
        self._cursor = cursor
        self._pace = pace or Pace()
        self.view = NOTHING
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.slice_changed.connect(self._follow)
        heats.changed.connect(self._follow)
        cursor.changed.connect(self._on_cursor)
        self._publish()

    def _on_session(self, old: Session, new: Session) -> None:
        if _drawn_by(old) != _drawn_by(new):
            self._follow()

    def _on_cursor(self) -> None:
        if self.view.heat is not None:
            self._publish()

    def _follow(self, *_: object) -> None:
        if self._store.session.explaining.overlay is not None or self.view is not NOTHING:
            self._pace.each_frame(self._publish)

    def _publish(self) -> None:
        old, self.view = self.view, self._view()
        if _drawn(old) != _drawn(self.view):
            self.view_changed.emit(self.view)

    def _view(self) -> HeatView:
        session, heat = self._store.session, self._heats.shown
        placed = self._placed.in_picture(heat) if heat is not None else None
        if heat is None or placed is None:
            return NOTHING
        choice = session.explaining
        return HeatView(
            heat=placed,
            limits=heat.scale,
            signed=heat.signed,
            opacity=choice.opacity,
            threshold=choice.threshold,
            title=heat.title,
            unit=heat.unit,
            at_cursor=self._at_cursor(heat),
        )

    def _at_cursor(self, heat: Heat) -> str:
        at, grid = self._cursor.on_slice, self._placed.grid(heat)
        pixel = grid.pixel_at(*at) if at is not None and grid is not None else None
        if pixel is None:
            return "at cursor –"
        value = float(heat.values[pixel])
        unit = f" {heat.unit}" if heat.unit else ""
        return f"at cursor {value:.3g}{unit}" if np.isfinite(value) else "at cursor not finite"


def _drawn_by(session: Session) -> tuple[object, ...]:
    chosen = session.explaining
    return session.network, session.viewer.turn, chosen.overlay, chosen.opacity, chosen.threshold


def _drawn(view: HeatView) -> tuple[object, ...]:
    """All that is drawn; arrays are compared by identity."""
    v = view
    how = (id(v.heat), v.limits, v.signed, v.opacity, v.threshold)
    return (*how, v.title, v.at_cursor)
