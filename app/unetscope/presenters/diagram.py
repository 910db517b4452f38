"""The diagram of the network: laid out once for each network, marked as the edits change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from psygnal import Signal

from unetscope.domain.diagram import Diagram
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.graph import Graph
from unetscope.domain.interventions import CutSkip, Intervention, PatchSkip, SkipEdit
from unetscope.domain.kernels import times
from unetscope.domain.session import Session
from unetscope.state.diagram_layout import lay_out
from unetscope.state.jobs import Jobs
from unetscope.state.pace import Pace
from unetscope.state.store import Store

NO_DIAGRAM = Diagram()
EMPTY = "Open a model to see how its layers are connected."
BUSY = "Drawing the network …"

LineKey = tuple[str, str]  # source, and the layer that reads it


@dataclass(frozen=True, slots=True)
class DiagramView:
    """What the panel draws.

    Attributes
    ----------
    edited, intervened : frozenset of str
        Layers whose weights differ from the trained ones; layers whose maps are changed.
    cut, patched : frozenset of (str, str)
        Lines, as source and reader.
    tips : mapping
        What is said about each layer.
    """

    name: str = ""
    diagram: Diagram = NO_DIAGRAM
    selected: str | None = None
    edited: frozenset[str] = frozenset()
    intervened: frozenset[str] = frozenset()
    cut: frozenset[LineKey] = frozenset()
    patched: frozenset[LineKey] = frozenset()
    tips: Mapping[str, str] = field(default_factory=dict, compare=False)
    empty: str = EMPTY


class DiagramPresenter:
    """Turns the session's network into a `DiagramView`."""

    view_changed = Signal(DiagramView)

    def __init__(self, store: Store, jobs: Jobs, pace: Pace | None = None) -> None:
        self._store = store
        self._jobs = jobs
        self._pace = pace or Pace()
        self._graph: Graph | None = None
        self._diagram = NO_DIAGRAM
        self._tips: Mapping[str, str] = {}
        self._trouble = ""
        self.view = DiagramView()
        store.changed.connect(self._on_session)
        self._lay_out()

    def select(self, layer: str) -> None:
        """The user picked a layer."""
        self._store.update(lambda s: s.select_layer(layer))

    def _on_session(self, old: Session, new: Session) -> None:
        if new.network is not old.network:
            self._lay_out()
        if new.history is not old.history or new.layer != old.layer:
            self._pace.in_turn(self._publish)

    def _lay_out(self) -> None:
        """Have the network of the session laid out, unless the drawing is of the same layers."""
        network = self._store.session.network
        graph = network.graph if network else None
        if graph is not None and self._graph is not None and graph.layers == self._graph.layers:
            self._publish()
            return
        self._graph, self._diagram, self._trouble = graph, NO_DIAGRAM, ""
        self._tips = _tips(graph) if graph else {}
        self._publish()
        if graph is None:
            self._jobs.cancel("diagram")
            return

        def done(diagram: Diagram) -> None:
            self._diagram = diagram
            self._publish()

        self._jobs.submit("diagram", lambda _: lay_out(graph), done=done, failed=self._failed)

    def _failed(self, error: UnetscopeError) -> None:
        self._trouble = f"This network could not be drawn. {error}"
        self._publish()

    def _publish(self) -> None:
        view = self._view()
        if view != self.view:
            self.view = view
            self.view_changed.emit(view)

    def _view(self) -> DiagramView:
        session = self._store.session
        if session.network is None:
            return DiagramView()
        edits = session.edits
        skips = [edit for edit in edits if isinstance(edit, SkipEdit)]
        return DiagramView(
            name=session.network.name,
            diagram=self._diagram,
            selected=session.layer,
            edited=session.edited_layers,
            intervened=frozenset(e.layer for e in edits if isinstance(e, Intervention)),
            cut=frozenset((e.source, e.layer) for e in skips if isinstance(e, CutSkip)),
            patched=frozenset((e.source, e.layer) for e in skips if isinstance(e, PatchSkip)),
            tips=self._tips,
            empty=self._trouble or BUSY,
        )


def _tips(graph: Graph) -> dict[str, str]:
    tips = {}
    for layer in graph.layers:
        about = [f"{layer.name} ({layer.kind})"]
        if layer.output_shape:
            about.append(f"gives {times(layer.output_shape[1:])}")
        if layer.parameters:
            about.append(f"{layer.parameters:,} parameters")
        if layer.inputs:
            about.append(f"reads {', '.join(layer.inputs)}")
        tips[layer.name] = "\n".join(about)
    return tips
