"""The activation viewer: every feature map of the selected layer, sorted, marked and changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.explaining.ranking import Bars, bars_of, need_of
from unetscope.domain.feature_maps import MapOrder, MapsChoice, Scaling, Version
from unetscope.domain.map_edits import marks_of
from unetscope.domain.map_selection import toggle_selected
from unetscope.domain.ports import Floats, Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.dissections import Dissections
from unetscope.state.effect_sweep import EffectSweep
from unetscope.state.live import Live
from unetscope.state.map_numbers import MapNumbers
from unetscope.state.pace import Pace
from unetscope.state.shown_maps import Form, Maps, ShownMaps
from unetscope.state.store import Store

NO_MARKS: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MapsView:
    """What the gallery draws.

    Attributes
    ----------
    maps : (n, H, W) ndarray of float32
        All feature maps, by their number: as the engine laid them out, a map's values do not
        follow one another.
    limits : (n, 2) ndarray of float
        What is drawn in the first and the last colour, by map.
    signed : bool
        The scale is symmetric about 0.
    order : tuple of int, or None
        The map of each tile; None where that is its number.
    selected, also : int or None, frozenset of int
        The map shown large, and those that are selected with it.
    marks : mapping of int to str
        What acts on a map.
    chips : mapping of int to str
        The colour of the label that a map follows, where that was measured.
    strip : (n,) ndarray of float, or None
        Length of a bar for each map, 0 to 1; NaN: not known.
    strip_said : str
        What the bars are: the effect of each map on the mask; empty where they are its value.
    strip_stale : bool
        The effects are not of what is shown now.
    aspect : float
        Height of a pixel divided by its width.
    planes : int
        How many planes a 3-D activation has.
    stale : bool
        A newer answer is on its way.
    """

    title: str = "Activations"
    maps: Floats
    limits: NDArray[np.floating]
    signed: bool = False
    order: tuple[int, ...] | None = None
    selected: int | None = None
    also: frozenset[int] = frozenset()
    marks: Mapping[int, str] = field(default_factory=lambda: NO_MARKS)
    chips: Mapping[int, str] = field(default_factory=lambda: NO_MARKS)
    strip: NDArray[np.floating] | None = None
    strip_said: str = ""
    strip_stale: bool = False
    aspect: float = 1.0
    choice: MapsChoice
    planes: int = 1
    has_effects: bool = False
    caption: str = ""
    stale: bool = False
    empty: str = ""

    def map_of(self, tile: int) -> int:
        """The number of the map on a tile."""
        return tile if self.order is None else self.order[tile]

    def tile_of(self, feature_map: int) -> int:
        """The tile that a map is on."""
        return feature_map if self.order is None else self.order.index(feature_map)


class MapsPresenter:
    """Turns the answer about the selected layer into a `MapsView`."""

    view_changed = Signal(MapsView)

    def __init__(
        self,
        store: Store,
        live: Live,
        desk: Desk,
        shown: ShownMaps,
        numbers: MapNumbers,
        sweep: EffectSweep | None = None,
        pace: Pace | None = None,
        dissections: Dissections | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._desk = desk
        self._shown = shown
        self._numbers = numbers
        self._sweep = sweep
        self._pace = pace or Pace()
        self._dissections = dissections
        self._order: tuple[object, tuple[int, ...] | None] = (None, None)
        self.view = self._view()
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.slice_changed.connect(self._follow)
        live.busy_changed.connect(self._follow)
        live.problem_changed.connect(self._follow)
        numbers.came.connect(self._follow)
        if sweep is not None:
            sweep.changed.connect(self._on_effects)
        if dissections is not None:
            dissections.changed.connect(self._on_dissection)

    # ---------------------------------------------------------------- intents

    def select(self, index: int) -> None:
        """The user picked a feature map, and with it its filter."""
        self._store.update(lambda s: s.select_filter(index).show_maps(s.maps.of_map()))

    def toggle(self, index: int) -> None:
        """The user picked a map beside those selected, or took it out."""
        self._store.update(lambda s: toggle_selected(s, index))

    def extend(self, index: int) -> None:
        """The user picked all maps from the one shown large to this one, as they are sorted."""
        view = self.view
        if view.selected is None:
            return
        ends = sorted((view.tile_of(view.selected), view.tile_of(index)))
        between = {view.map_of(tile) for tile in range(ends[0], ends[1] + 1)}
        self.choose(lambda maps: replace(maps, also=frozenset(between - {view.selected})))

    def select_all(self) -> None:
        """The user picked all maps of the layer."""
        every = frozenset(range(len(self.view.maps)))
        self.choose(lambda maps: replace(maps, also=every - {self.view.selected or 0}))

    def step_layer(self, steps: int) -> None:
        """The user travelled to the next or previous layer."""
        self._store.update(lambda s: s.step_layer(steps))

    def choose(self, change: Callable[[MapsChoice], MapsChoice]) -> None:
        """The user looks at the maps in another way."""
        self._store.update(lambda s: s.show_maps(change(s.maps)))

    def set_scaling(self, scaling: Scaling) -> None:
        """The user chose what one colour scale covers."""
        self.choose(lambda maps: replace(maps, scaling=scaling))

    def set_order(self, order: MapOrder) -> None:
        """The user chose what the maps are sorted by."""
        if order is MapOrder.EFFECT and self._effects() is None:
            self._tell(
                "The effect of these maps on the mask is not measured yet.",
                "Measure it in the Filters panel; it is kept for this layer.",
            )
            self._publish()
            return
        self.choose(lambda maps: replace(maps, order=order))

    def set_version(self, version: Version) -> None:
        """The user chose whose activation is shown."""
        self.choose(lambda maps: replace(maps, version=version))

    def set_plane(self, plane: int) -> None:
        """The user chose a plane of a 3-D activation."""
        self.choose(lambda maps: replace(maps, plane=plane))

    # ------------------------------------------------------------------- view

    def badge(self, index: int) -> str:
        """Which structure a map follows, where that was measured; empty where not."""
        layer = self._store.session.layer
        if self._dissections is None or layer is None:
            return ""
        return self._dissections.badge(layer, index)

    def _on_session(self, old: Session, new: Session) -> None:
        before = (old.network, old.layer, old.filter, old.maps, old.history)
        after = (new.network, new.layer, new.filter, new.maps, new.history)
        ranked = old.explaining.rank_by, old.explaining.silence_to
        if before != after or ranked != (new.explaining.rank_by, new.explaining.silence_to):
            self._follow()

    def _on_dissection(self) -> None:
        layer = self._store.session.layer
        if layer is not None and dict(self._chips(layer)) != dict(self.view.chips):
            self._follow()

    def _on_effects(self) -> None:
        self._follow()

    def _follow(self, *_: object) -> None:
        self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> MapsView:
        session = self._store.session
        maps, choice = self._shown.now(), session.maps
        if isinstance(maps, str):
            return MapsView(
                maps=np.zeros((0, 1, 1), np.float32),
                limits=np.zeros((0, 2)),
                choice=choice,
                empty=maps,
            )
        count = len(maps.pictures)
        strip = None
        bars = self._bars(count)
        if maps.form is Form.NUMBER:
            strip = np.abs(maps.pictures[:, 0, 0]) / maps.limits[:, 1]
        elif bars is not None:
            strip = bars.lengths
        return MapsView(
            title=f"Activations · {maps.layer.name}",
            maps=maps.pictures,
            limits=maps.limits,
            signed=maps.signed,
            order=self._sorted(maps, choice.order),
            selected=min(session.filter, count - 1),
            also=frozenset(index for index in choice.also if index < count),
            marks=marks_of(session.edits, maps.layer.name, count),
            chips=self._chips(maps.layer.name),
            strip=strip,
            strip_said=bars.said if bars is not None and strip is bars.lengths else "",
            strip_stale=bool(bars and bars.stale),
            aspect=maps.aspect,
            choice=choice,
            planes=maps.planes,
            has_effects=self._effects() is not None,
            caption=_caption(maps, choice),
            stale=self._shown.stale(),
        )

    def _sorted(self, maps: Maps, by: MapOrder) -> tuple[int, ...] | None:
        """The map of each tile; while a gesture goes on tiles stay where they are."""
        if by is MapOrder.INDEX:
            return None
        layer, count = maps.layer.name, len(maps.pictures)
        of, held = self._order
        known = held if of == (layer, by, count) else None
        numbers = self._numbers.latest(layer) if self._pace.held else self._numbers.of(maps)
        if numbers is None or len(numbers.mean) != count or (self._pace.held and known):
            return known
        effects = self._effects()
        if by is MapOrder.EFFECT and (effects is None or len(effects) != count):
            return known
        order = numbers.order(by, effects)
        self._order = ((layer, by, count), order)
        return order

    def _effects(self) -> NDArray[np.float64] | None:
        """How much the mask needs each map of the layer shown, where that was measured."""
        measured = self._sweep.measured() if self._sweep is not None else None
        by = self._store.session.explaining.rank_by
        return None if measured is None else need_of(measured.effects, by, measured.labels)

    def _bars(self, count: int) -> Bars | None:
        """The effects as bars under the tiles."""
        measured = self._sweep.measured() if self._sweep is not None else None
        need = self._effects()
        if measured is None or self._sweep is None or need is None or len(need) != count:
            return None
        session = self._store.session
        names = {each.index: each.name for each in session.card.classes} if session.card else {}
        return bars_of(need, session.explaining.rank_by, names, self._sweep.stale(measured))

    def _chips(self, layer: str) -> Mapping[int, str]:
        """Colours of the labels that maps follow."""
        if self._dissections is None:
            return NO_MARKS
        return {index: badge.colour for index, badge in self._dissections.badges(layer).items()}

    def _tell(self, what: str, hint: str) -> None:
        self._desk.notice.emit(Notice(what, hint, trouble=False))


def _caption(maps: Maps, choice: MapsChoice) -> str:
    """What the tiles are, and how their values become colours."""
    size = "×".join(str(length) for length in maps.activation.shape)
    kind = maps.layer.activation or maps.layer.kind
    each = choice.scaling is Scaling.EACH
    scale = "each map on its own scale" if each else "one scale for the layer"
    about = " · blue below 0, red above" if maps.signed else ""
    version = "" if choice.version is Version.EDITED else f"{choice.version.value} · "
    if choice.version is Version.DIFFERENCE:
        version = "edited − trained · " if maps.differs else "no edit reaches this layer · "
    return f"{version}{size} · {kind} · {scale}{about}"
