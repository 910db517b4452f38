"""The feature maps of the layer shown, ranked by what silencing each does to the mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.effects import How
from unetscope.domain.explaining.ranking import (
    FIRST_RANK,
    RankBy,
    Ranking,
    RankKind,
    choices,
    end_of_maps,
    rank,
)
from unetscope.domain.explaining.ranking_words import (
    axis_of,
    line_of,
    ranking_csv,
    table_of,
    tip_of,
)
from unetscope.domain.map_selection import select_together, selected_maps, toggle_selected
from unetscope.domain.output_meaning import segmentation_output
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.effect_sweep import EffectSweep, Measured
from unetscope.state.group_effects import GroupEffects
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.store import Store

TOP = 3  # maps of a layer that are named in the summary
NO_CHANGE = np.zeros(0)


@dataclass(frozen=True, slots=True)
class LayerLine:
    """A layer in the summary of the network.

    Attributes
    ----------
    strongest : str
        Its first maps.
    change : str
        What silencing the first one changes.
    told : str
        The first maps, each with what silencing it changes.
    share : float
        The need of the first one, as a share of the greatest of all layers, 0 to 1.
    """

    layer: str
    strongest: str
    change: str
    told: str
    share: float
    shown: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RankingView:
    """What the panel draws.

    Attributes
    ----------
    maps : tuple of int
        Ranked.
    change : (n,) ndarray of float64
        What silencing each changes, in the order of `maps`.
    lowest, highest : str
        The ends of the scale, as they are written.
    axis : str
        What the numbers are.
    selected, also : int or None, frozenset of int
        The map that is selected, and those with it.
    note : str
        What must be known: that it is of something else than what is shown, or a part.
    better : str
        The layer after normalisation and activation, where that is another one: a map silenced
        before them is not nothing after them.
    detail : str
        All numbers about the selected map.
    group, group_note : str
        What the selected maps do together, and whether that is about something else.
    """

    title: str = "Effect ranking"
    layer: str = ""
    ranks: tuple[tuple[RankBy, str], ...] = ()
    rank_by: RankBy = FIRST_RANK
    silence_to: How = "zero"
    maps: tuple[int, ...] = ()
    change: NDArray[np.float64] = field(default_factory=lambda: NO_CHANGE)
    lowest: str = ""
    highest: str = ""
    axis: str = ""
    selected: int | None = None
    also: frozenset[int] = frozenset()
    measuring: bool = False
    grouping: bool = False
    can_measure: bool = False
    note: str = ""
    better: str = ""
    detail: str = ""
    group: str = ""
    group_note: str = ""
    layers: tuple[LayerLine, ...] = ()
    empty: str = ""

    @property
    def chosen(self) -> int:
        """How many maps are selected."""
        return 0 if self.selected is None else 1 + len(self.also)


class RankingPresenter:
    """Turns measured effects into a `RankingView`; at rest while nobody looks."""

    view_changed = Signal(RankingView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        live: Live,
        sweep: EffectSweep,
        groups: GroupEffects,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._sweep = sweep
        self._groups = groups
        self._pace = pace or Pace()
        self._watched = False
        self._ranked: tuple[object, Ranking | None] = (None, None)
        self.view = self._view()
        store.changed.connect(self._on_session)
        for signal in (sweep.changed, groups.changed, live.slice_changed, live.answered):
            signal.connect(self._follow)
        live.problem_changed.connect(self._follow)

    # ---------------------------------------------------------------- intents

    def watch(self, watched: bool) -> None:
        """The panel came into view, or went out of it."""
        self._watched = watched
        if watched:
            self._publish()

    def measure(self) -> None:
        """Measure the layer shown, or stop."""
        if self._sweep.running:
            self._sweep.cancel()
        else:
            self._sweep.start()

    def measure_all(self) -> None:
        """Measure every layer whose maps the mask is made of."""
        self._sweep.start_all()

    def test_group(self) -> None:
        """Silence the selected maps together, and others at random; or stop."""
        if self._groups.running:
            self._groups.cancel()
        else:
            self._groups.start()

    def rank_by(self, by: RankBy) -> None:
        """Rank by something else."""
        self._store.update(lambda s: s.explain(s.explaining.rank_maps(by)))

    def silence_to(self, how: How) -> None:
        """Measure by putting 0, or the mean, in the place of a map."""
        self._store.update(lambda s: s.explain(s.explaining.silence_with(how)))

    def select(self, feature_map: int) -> None:
        """The user picked a map: it alone is selected."""
        self._store.update(lambda s: select_together(s, feature_map, ()))

    def toggle(self, feature_map: int) -> None:
        """The user picked a map beside those selected, or took it out."""
        self._store.update(lambda s: toggle_selected(s, feature_map))

    def extend(self, feature_map: int) -> None:
        """The user picked all maps from the selected one to this one, as they are ranked."""
        maps, selected = self.view.maps, self.view.selected
        if selected not in maps or feature_map not in maps:
            self.select(feature_map)
            return
        ends = sorted((maps.index(selected), maps.index(feature_map)))
        between = maps[ends[0] : ends[1] + 1]
        self._store.update(lambda s: select_together(s, selected, between))

    def select_top(self, count: int) -> None:
        """The user picked the first maps of the ranking."""
        if self.view.maps:
            first, *others = self.view.maps[:count]
            self._store.update(lambda s: select_together(s, first, others))

    def go_to(self, layer: str) -> None:
        """Show another layer."""
        self._store.update(lambda s: s.select_layer(layer))

    def save(self, path: Path) -> None:
        """The user chose where the table goes."""
        text = self.as_csv()
        self._desk.save_file(path, lambda: text.encode())

    # ------------------------------------------------------------------ tables

    def as_csv(self) -> str:
        """All effects measured on the slice shown, of every layer; see `ranking_csv`."""
        measured = self._sweep.all_measured()
        latest = self._sweep.measured()
        if not measured and latest is not None:
            measured = (latest,)
        if not measured:
            return ""
        first = measured[0]
        about = {
            "network": "edited" if first.key.edits else "trained",
            "slice": str(first.slice.index + 1),
            "state": self._sweep.stale(first) or "measured on this slice",
        }
        effects = [(each.effects, each.key.how) for each in measured]
        return ranking_csv(effects, self._names(), first.labels, about)

    def as_text(self) -> str:
        """The ranking on show as rows of tab-separated values, for a spreadsheet."""
        found = self._ranking()
        return table_of(found, self._names()) if found is not None else ""

    def tip(self, feature_map: int) -> str:
        """All numbers about a map, in a few lines."""
        found = self._ranking()
        return tip_of(found, feature_map, self._names()) if found is not None else ""

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if _shown(old) != _shown(new):
            self._follow()

    def _follow(self, *_: object) -> None:
        if self._watched:
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> RankingView:
        session = self._store.session
        explaining, layer = session.explaining, session.selected_layer
        names, empty = self._names(), self._obstacle(session)
        if empty or layer is None:
            return RankingView(empty=empty, silence_to=explaining.silence_to)
        measured, found = self._sweep.measured(), self._ranking()
        network, by = session.network, explaining.rank_by
        assert network is not None
        labels = found.labels if found else tuple(index for index in names if index > 0)
        better = end_of_maps(network.graph, layer.name)
        change = NO_CHANGE if found is None else found.change[list(found.maps)]
        maps = () if found is None else found.maps
        low, high = (min(change.min(), 0.0), max(change.max(), 0.0)) if len(change) else (0.0, 0.0)
        selected = selected_maps(session)
        group = self._groups.measured()
        return RankingView(
            title=f"Effect ranking · {layer.name}",
            layer=layer.name,
            ranks=tuple((each, each.short(names)) for each in choices(labels)),
            rank_by=by,
            silence_to=explaining.silence_to,
            maps=maps,
            change=change,
            lowest=by.number(float(low)),
            highest=by.number(float(high)),
            axis=axis_of(found, names) if found is not None else "",
            selected=session.filter if session.filter in selected else None,
            also=frozenset(selected) - {session.filter},
            measuring=self._sweep.running,
            grouping=self._groups.running,
            can_measure=True,
            note=self._note(measured, found),
            better=better if better != layer.name else "",
            detail=line_of(found, session.filter, names) if found is not None else "",
            group=group.effect.told(by, names, group.labels) if group else "",
            group_note=self._groups.stale(group) if group else "",
            layers=self._lines(layer.name, by),
            empty="" if maps else self._not_measured(measured, found, layer.channels or 0),
        )

    def _obstacle(self, session: Session) -> str:
        """Why nothing can be ranked."""
        network, layer = session.network, session.selected_layer
        if network is None or layer is None:
            return "Open a model and a study to rank its feature maps by what they do to the mask."
        if segmentation_output(network.graph) is None:
            return "The output of this network is no mask, so no map has an effect on one."
        if session.series is None:
            return "Open a study: the effect of a map is measured on a slice."
        if not layer.channels:
            return f"{layer.name} has no feature maps to silence.\nSelect another layer."
        return ""

    def _not_measured(self, measured: Measured | None, found: Ranking | None, count: int) -> str:
        if self._sweep.running and (measured is None or not measured.done):
            return "Measuring …"
        if found is not None:
            return "No number for this class: neither mask nor reference holds it on this slice."
        problem = self._live.problem
        if problem is not None:
            return str(problem)
        return (
            f"Press Measure: each of the {count} maps is silenced in turn, "
            "and the change of the mask on this slice is measured. Nothing stays changed."
        )

    def _note(self, measured: Measured | None, found: Ranking | None) -> str:
        if measured is None or found is None:
            return ""
        told = []
        if stale := self._sweep.stale(measured):
            told.append(stale)
        if not measured.complete:
            told.append(f"{measured.done} of {measured.total} maps measured")
        elif missing := len(found.change) - len(found.maps):
            told.append(f"not known for {missing} maps")
        return " · ".join(told)

    def _lines(self, shown: str, by: RankBy) -> tuple[LayerLine, ...]:
        """The layers measured on this slice; none where it is only one."""
        measured = self._sweep.all_measured()
        if len(measured) < 2:
            return ()
        found = [rank(each.effects, by, each.labels) for each in measured]
        needs = [_need(each) for each in found]
        most = max([0.0, *(need for need in needs if np.isfinite(need))])
        return tuple(
            LayerLine(
                layer=each.layer,
                strongest=", ".join(map(str, each.maps[:TOP])) or "–",
                change=by.number(float(each.change[each.maps[0]])) if each.maps else "–",
                told=f"{each.layer}, {len(each.change)} maps. The first when silenced: "
                + ", ".join(f"{i} ({by.number(each.change[i])})" for i in each.maps[:TOP]),
                share=float(np.clip(need / most, 0, 1)) if most > 0 else float("nan"),
                shown=each.layer == shown,
            )
            for each, need in zip(found, needs, strict=True)
        )

    def _ranking(self) -> Ranking | None:
        """What is measured of the layer shown, ranked; made anew only when that changes."""
        measured, by = self._sweep.measured(), self._store.session.explaining.rank_by
        if measured is None:
            return None
        made_of = (measured, by)
        if self._ranked[0] != made_of:
            self._ranked = (made_of, rank(measured.effects, by, measured.labels))
        return self._ranked[1]

    def _names(self) -> Mapping[int, str]:
        card = self._store.session.card
        return {each.index: each.name for each in card.classes} if card else {}


def _shown(s: Session) -> tuple[object, ...]:
    chosen = (s.filter, s.maps.also, s.explaining.rank_by, s.explaining.silence_to)
    classes = s.card.classes if s.card else ()
    return (s.network, s.layer, s.series, s.slice_index, s.edits, classes, *chosen)


def _need(found: Ranking) -> float:
    """Of the first map: how much the mask needs it."""
    if not found.maps:
        return float("nan")
    change = float(found.change[found.maps[0]])
    return -change if found.by.kind is RankKind.DICE else change
