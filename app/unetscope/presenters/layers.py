"""The layer tree: the network grouped as the U it is, and what the selected layer's shape means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from psygnal import Signal

from unetscope.domain.edits import Edit
from unetscope.domain.graph import Graph, Layer, Section
from unetscope.domain.interventions import Intervention, SkipEdit
from unetscope.domain.kernels import ShapeCard, layout_of, shape_card, times
from unetscope.domain.layer_list import FIRST_LIST, Column, LayerList
from unetscope.domain.session import Session
from unetscope.domain.u_shape import Standing, standings
from unetscope.domain.weight_axes import Axis, arrays_in_words
from unetscope.state.dissections import Dissections
from unetscope.state.layer_replacing import LayerReplacing
from unetscope.state.pace import Pace
from unetscope.state.store import Store

BY_LEVEL = 20  # layers from which on a section is listed level by level
MAPS_MARK, SKIP_MARK, REPLACED_MARK = "⊘", "✂", "⇄"


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One line of the tree.

    Attributes
    ----------
    group : str
        Key of the group it stands in; empty in a plain list.
    mark : str
        What is done to its maps, or to what it reads, or what it is in place of: one sign each.
    """

    name: str
    kind: str
    shape: str
    parameters: str
    activation: str
    section: Section
    group: str
    edited: bool
    mark: str
    has_kernels: bool
    tooltip: str

    def matches(self, text: str) -> bool:
        """Whether a search finds it: by name, kind, activation or shape, as ``64x64``."""
        wanted = re.sub(r"(?<=\d)x(?=\d|$)", "×", text.strip().lower())
        told = (self.name, self.kind, self.activation, self.shape)
        return any(wanted in one.lower() for one in told)


@dataclass(frozen=True, slots=True)
class LayerGroup:
    """A section, or one level of it; ``inside`` is the key of the section, or empty."""

    key: str
    text: str
    inside: str = ""


@dataclass(frozen=True, slots=True)
class InForce:
    """One intervention, in words."""

    edit: Edit
    text: str


@dataclass(frozen=True, slots=True)
class LayersView:
    """What the panel draws; `axes` are those of the array that the card is about."""

    title: str = "Layers"
    rows: tuple[LayerRow, ...] = ()
    groups: tuple[LayerGroup, ...] = ()
    listed: LayerList = FIRST_LIST
    selected: str | None = None
    card: ShapeCard | None = None
    axes: tuple[Axis, ...] = ()
    interventions: tuple[InForce, ...] = ()
    summary: str = ""
    empty: str = "Open a model to see its layers."


class LayersPresenter:
    """Turns the session's network into a `LayersView`."""

    view_changed = Signal(LayersView)

    def __init__(
        self,
        store: Store,
        pace: Pace | None = None,
        replacing: LayerReplacing | None = None,
        dissections: Dissections | None = None,
    ) -> None:
        self._store = store
        self._replacing = replacing
        self._pace = pace or Pace()
        self._standings: tuple[Graph, Mapping[str, Standing]] | None = None
        self._dissections = dissections
        self._made_of = self._inputs(store.session)
        self.view = self._view()
        store.changed.connect(self._on_session)
        if dissections is not None:
            dissections.changed.connect(self._on_dissection)

    def select(self, layer: str) -> None:
        """The user picked a layer."""
        self._store.update(lambda s: s.select_layer(layer))

    def fold(self, group: str, folded: bool) -> None:
        """The user folded or unfolded a group."""
        self._store.update(lambda s: s.list_layers(s.layer_list.fold(group, folded)))

    def fold_all(self, folded: bool) -> None:
        """The user folded or unfolded all groups."""

        def change(session: Session) -> Session:
            listed = session.layer_list
            for group in self.view.groups:
                listed = listed.fold(group.key, folded)
            return session.list_layers(listed)

        self._store.update(change)

    def sort(self, column: Column) -> None:
        """The user clicked the name of a column."""
        self._store.update(lambda s: s.list_layers(s.layer_list.sort(column)))

    def show_column(self, column: Column, shown: bool) -> None:
        """The user chose a column."""
        self._store.update(lambda s: s.list_layers(s.layer_list.show_column(column, shown)))

    def replace_again(self) -> None:
        """The user wants other layers to stand in for those that cannot be run."""
        if self._replacing is not None:
            self._replacing.offer_again()

    def find(self, text: str, step: int) -> tuple[int, int]:
        """Select the next layer that a search finds, or with -1 the one before; around the end.

        Returns
        -------
        number, count : int
            Which of how many it is, from 1; 0 of 0 where nothing is found.
        """
        names = [row.name for row in self.view.rows]
        hits = [i for i, row in enumerate(self.view.rows) if row.matches(text)]
        if not hits:
            return 0, 0
        here = names.index(self.view.selected) if self.view.selected in names else -1
        if step > 0:
            found = next((i for i in hits if i > here), hits[0])
        else:
            found = next((i for i in reversed(hits) if i < here), hits[-1])
        self.select(names[found])
        return hits.index(found) + 1, len(hits)

    def _on_session(self, old: Session, new: Session) -> None:
        before = (old.network, old.layer, old.layer_list)
        if old.history is not new.history or before != (new.network, new.layer, new.layer_list):
            self._pace.in_turn(self._publish)

    def _on_dissection(self) -> None:
        self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        """Show the tree, unless no layer was edited or reverted that was not so before."""
        made_of = self._inputs(self._store.session)
        if made_of != self._made_of:
            self._made_of = made_of
            self.view = self._view()
            self.view_changed.emit(self.view)

    def _inputs(self, s: Session) -> tuple[object, ...]:
        return s.network, s.layer, s.edited_layers, s.layer_list, _acting(s), self._follows()

    def _follows(self) -> Mapping[str, str]:
        """What the maps of layers follow, of those that were compared with labels."""
        return self._dissections.summaries() if self._dissections is not None else {}

    def _view(self) -> LayersView:
        session = self._store.session
        network = session.network
        if network is None:
            return LayersView()
        graph, edited, listed = network.graph, session.edited_layers, session.layer_list
        if self._standings is None or self._standings[0] is not graph:
            self._standings = graph, standings(graph)
        where = self._standings[1]
        is_sorted = listed.sorted_by is not None
        groups = {} if is_sorted else _groups(graph, where)
        marks = _marks(session.edits)
        follows = self._follows()
        stands_for = {each.layer: each.kind for each in network.replaced}
        rows = [
            _row(
                layer,
                where[layer.name].section,
                _group_of(where[layer.name], groups),
                layer.name in edited,
                marks.get(layer.name, ""),
                stands_for.get(layer.name.partition(":")[0], ""),
                follows.get(layer.name, ""),
            )
            for layer in _in_order(graph, listed, where, groups)
        ]
        selected = session.selected_layer
        arrays = arrays_in_words(selected) if selected else ()
        return LayersView(
            rows=tuple(rows),
            groups=tuple(groups.values()),
            listed=listed,
            selected=session.layer,
            card=_card(selected, network.input_channels) if selected else None,
            axes=arrays[0].axes if arrays else (),
            interventions=tuple(InForce(e, e.label) for e in dict.fromkeys(_acting(session))),
            summary=f"{network.name}: {len(graph.layers)} layers, {graph.parameters:,} parameters",
        )


def _acting(s: Session) -> tuple[Edit, ...]:
    """The interventions in force."""
    return tuple(edit for edit in s.edits if not edit.changes_weights)


def _groups(graph: Graph, where: Mapping[str, Standing]) -> dict[str, LayerGroup]:
    """Sections, and their levels where there are many layers; none without a U."""
    sections = {standing.section for standing in where.values()}
    if not sections & {Section.BOTTLENECK, Section.DECODER}:
        return {}
    found: dict[str, LayerGroup] = {}
    for section in Section:
        inside = [name for name in where if where[name].section is section]
        if not inside:
            continue
        found[section.value] = LayerGroup(section.value, section.value)
        levels = list(dict.fromkeys(where[name].level for name in inside))
        if len(graph.layers) < BY_LEVEL or len(levels) < 2:
            continue
        for level in levels:
            first = next(graph[name] for name in inside if where[name].level == level)
            grid = f" · {times(first.spatial)}" if first.spatial else ""
            key = f"{section.value}/{level}"
            found[key] = LayerGroup(key, f"Level {level}{grid}", section.value)
    return found


def _group_of(standing: Standing, groups: Mapping[str, LayerGroup]) -> str:
    """The innermost group that a layer stands in."""
    section = standing.section.value
    by_level = f"{section}/{standing.level}"
    return by_level if by_level in groups else section if section in groups else ""


def _in_order(
    graph: Graph,
    listed: LayerList,
    where: Mapping[str, Standing],
    groups: Mapping[str, LayerGroup],
) -> list[Layer]:
    """The layers as they are listed: by a column, or group by group as they are computed."""
    column = listed.sorted_by
    if column is None:
        order = {key: number for number, key in enumerate(groups)}
        return sorted(
            graph.layers, key=lambda layer: order.get(_group_of(where[layer.name], groups), 0)
        )
    keys = {
        Column.NAME: lambda layer: _natural(layer.name),
        Column.SHAPE: lambda layer: [length or 0 for length in layer.output_shape[1:]],
        Column.PARAMETERS: lambda layer: layer.parameters,
        Column.KIND: lambda layer: layer.kind,
        Column.ACTIVATION: lambda layer: layer.activation or "",
    }
    return sorted(graph.layers, key=keys[column], reverse=listed.descending)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts conv2 before conv10."""
    parts = re.findall(r"\d+|\D+", name.lower())
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _marks(edits: tuple[Edit, ...]) -> dict[str, str]:
    """Signs of the interventions on each layer."""
    found: dict[str, dict[str, None]] = {}
    for edit in edits:
        if isinstance(edit, Intervention):
            found.setdefault(edit.layer, {})[MAPS_MARK] = None
        elif isinstance(edit, SkipEdit):
            found.setdefault(edit.layer, {})[SKIP_MARK] = None
    return {name: "".join(signs) for name, signs in found.items()}


def _row(
    layer: Layer,
    section: Section,
    group: str,
    edited: bool,
    mark: str,
    stands_for: str,
    follows: str,
) -> LayerRow:
    shape = times(layer.output_shape[1:]) if layer.output_shape else "…"
    about = [f"{layer.name} ({layer.kind})", f"output {layer.output_shape or 'not known yet'}"]
    about += [f"{spec.name} {spec.shape}" for spec in layer.weights]
    if layer.activation:
        about.append(f"activation {layer.activation}")
    if layer.inputs:
        about.append(f"reads {', '.join(layer.inputs)}")
    if follows:
        about.append(follows)
    if edited:
        about.append("● edited: its weights differ from the trained ones")
    if stands_for:
        mark = REPLACED_MARK + mark
        about.append(f"{REPLACED_MARK} stands in for a {stands_for}, whose code is not run")
    if MAPS_MARK in mark:
        about.append(f"{MAPS_MARK} its feature maps are changed by an intervention")
    if SKIP_MARK in mark:
        about.append(f"{SKIP_MARK} a skip connection that it reads is cut or patched")
    return LayerRow(
        name=layer.name,
        kind=layer.kind,
        shape=shape,
        parameters=f"{layer.parameters:,}" if layer.parameters else "",
        activation=layer.activation or "",
        section=section,
        group=group,
        edited=edited,
        mark=mark,
        has_kernels=layout_of(layer) is not None,
        tooltip="\n".join(about),
    )


def _card(layer: Layer, image_channels: int) -> ShapeCard:
    card = shape_card(layer, image_channels)
    if card is not None:
        return card
    output = f"gives {times(layer.output_shape[1:])}" if layer.output_shape else ""
    weights = " · ".join(f"{spec.name} {spec.shape}" for spec in layer.weights)
    lines = (f"{layer.kind} {output}".strip(), weights or "no weights")
    return ShapeCard(title=layer.name, kernel=(), in_channels=0, filters=0, lines=lines)
