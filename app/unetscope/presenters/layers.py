"""The layer tree: the network grouped as the U it is, and what the selected layer's shape means."""

from __future__ import annotations

from dataclasses import dataclass

from psygnal import Signal

from unetscope.domain.graph import Layer, Section
from unetscope.domain.kernels import ShapeCard, layout_of, shape_card, times
from unetscope.domain.session import Session
from unetscope.state.pace import Pace
from unetscope.state.store import Store


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One line of the tree."""

    name: str
    kind: str
    shape: str
    parameters: str
    section: Section
    edited: bool
    has_kernels: bool
    tooltip: str


@dataclass(frozen=True, slots=True)
class LayersView:
    """What the panel draws."""

    title: str = "Layers"
    rows: tuple[LayerRow, ...] = ()
    selected: str | None = None
    card: ShapeCard | None = None
    summary: str = ""
    empty: str = "Open a model to see its layers."


class LayersPresenter:
    """Turns the session's network into a `LayersView`."""

    view_changed = Signal(LayersView)

    def __init__(self, store: Store, pace: Pace | None = None) -> None:
        self._store = store
        self._pace = pace or Pace()
        self._made_of = _inputs(store.session)
        self.view = _view(store.session)
        store.changed.connect(self._on_session)

    def select(self, layer: str) -> None:
        """The user picked a layer."""
        self._store.update(lambda s: s.select_layer(layer))

    def _on_session(self, old: Session, new: Session) -> None:
        before = (old.network, old.layer)
        if old.history is not new.history or before != (new.network, new.layer):
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        """Show the tree, unless no layer was edited or reverted that was not so before."""
        made_of = _inputs(self._store.session)
        if made_of != self._made_of:
            self._made_of = made_of
            self.view = _view(self._store.session)
            self.view_changed.emit(self.view)


def _inputs(s: Session) -> tuple[object, ...]:
    return s.network, s.layer, s.edited_layers


def _view(session: Session) -> LayersView:
    network = session.network
    if network is None:
        return LayersView()
    graph, edited = network.graph, session.edited_layers
    sections = graph.sections()
    rows = tuple(_row(layer, sections[layer.name], layer.name in edited) for layer in graph.layers)
    selected = session.selected_layer
    return LayersView(
        rows=rows,
        selected=session.layer,
        card=_card(selected, network.input_channels) if selected else None,
        summary=f"{network.name}: {len(graph.layers)} layers, {graph.parameters:,} parameters",
    )


def _row(layer: Layer, section: Section, edited: bool) -> LayerRow:
    shape = times(layer.output_shape[1:]) if layer.output_shape else "…"
    about = [f"{layer.name} ({layer.kind})", f"output {layer.output_shape or 'not known yet'}"]
    about += [f"{spec.name} {spec.shape}" for spec in layer.weights]
    if layer.activation:
        about.append(f"activation {layer.activation}")
    if layer.inputs:
        about.append(f"reads {', '.join(layer.inputs)}")
    if edited:
        about.append("edited: its weights differ from the trained ones")
    return LayerRow(
        name=layer.name,
        kind=layer.kind,
        shape=shape,
        parameters=f"{layer.parameters:,}" if layer.parameters else "",
        section=section,
        edited=edited,
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
