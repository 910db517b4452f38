"""The card of the selected layer: what it does in words, every attribute, and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.graph import Layer
from unetscope.domain.history import Edits
from unetscope.domain.kernels import Weights, times
from unetscope.domain.layer_story import tell
from unetscope.domain.network import Network
from unetscope.domain.session import Session
from unetscope.domain.weight_axes import ArrayWords
from unetscope.domain.weight_statistics import WeightStatistics, weight_statistics
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.store import Store

EMPTY = "Open a model and select a layer to read about it."

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ArrayCard:
    """One weight array.

    Attributes
    ----------
    words : ArrayWords
        Its name and what its axes count.
    differs : bool
        It is not as it was trained.
    numbers : tuple of (str, str)
        Names and values; empty until they are counted.
    statistics : WeightStatistics or None
        With the histogram; None until they are counted.
    """

    words: ArrayWords
    differs: bool = False
    numbers: Rows = ()
    statistics: WeightStatistics | None = None


@dataclass(frozen=True, slots=True)
class LayerCardView:
    """What the panel draws.

    Attributes
    ----------
    counted : str
        How the lengths of the axes multiply to the number of parameters.
    reads, read_by : tuple of str
        Names of layers.
    attributes : tuple of (str, str)
        All settings of the layer, as the model file states them.
    """

    name: str = ""
    kind: str = ""
    gives: str = ""
    arrays: tuple[ArrayCard, ...] = ()
    counted: str = ""
    sentences: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    read_by: tuple[str, ...] = ()
    attributes: Rows = ()
    trouble: str = ""
    empty: str = EMPTY


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """Statistics of one layer's weights, and of which."""

    weights: Weights
    statistics: tuple[WeightStatistics, ...]


class LayerCardPresenter:
    """Turns the selected layer into a `LayerCardView`; counts only while somebody looks."""

    view_changed = Signal(LayerCardView)

    def __init__(
        self, store: Store, desk: Desk, jobs: Jobs, live: Live, pace: Pace | None = None
    ) -> None:
        self._store = store
        self._desk = desk
        self._jobs = jobs
        self._live = live
        self._pace = pace or Pace()
        self._shown = False
        self._counted: _Counted | None = None
        self._asked: Weights = ()
        self._trouble = ""
        self.view = LayerCardView()
        store.changed.connect(self._on_session)
        live.answered.connect(self._on_answer)
        self._pace.held_changed.connect(self._on_held)

    def select(self, layer: str) -> None:
        """The user picked a layer that this one reads, or that reads it."""
        self._store.update(lambda s: s.select_layer(layer))

    def set_shown(self, shown: bool) -> None:
        """The panel came to sight, or went out of it: then nothing is made for it."""
        self._shown = shown
        if shown:
            self._publish()

    def _on_session(self, old: Session, new: Session) -> None:
        before = (old.network, old.layer, old.filter, old.in_channel)
        is_other = before != (new.network, new.layer, new.filter, new.in_channel)
        if is_other or old.history is not new.history:
            self._pace.in_turn(self._publish)

    def _on_answer(self) -> None:
        self._pace.in_turn(self._publish)

    def _on_held(self, held: bool) -> None:
        if not held:
            self._publish()

    def _publish(self) -> None:
        if not self._shown:
            return
        session = self._store.session
        layer = session.selected_layer
        if session.network is not None and layer is not None and not self._pace.held:
            self._count(session.network, layer, session.edits)
        view = self._view()
        if view != self.view:
            self.view = view
            self.view_changed.emit(view)

    # ------------------------------------------------------------- statistics

    def _count(self, network: Network, layer: Layer, edits: Edits) -> None:
        """Have the weights counted, unless they are, or are being."""
        weights, trained = network.weights(layer.name, edits), network.trained[layer.name]
        is_counted = self._counted is not None and _same(self._counted.weights, weights)
        if not weights or is_counted or _same(self._asked, weights):
            return
        self._asked, self._trouble = weights, ""

        def work(job: JobContext) -> _Counted:
            found = []
            for number, values in enumerate(weights):
                job.step(number / len(weights))
                other = None if values is trained[number] else trained[number]
                found.append(weight_statistics(values, other))
            return _Counted(weights, tuple(found))

        def done(counted: _Counted) -> None:
            self._counted, self._asked = counted, ()
            self._publish()

        self._jobs.submit("weight statistics", work, done=done, failed=self._failed)

    def _failed(self, error: UnetscopeError) -> None:
        self._trouble = str(error)
        self._publish()

    # ------------------------------------------------------------------- view

    def _view(self) -> LayerCardView:
        session = self._store.session
        network, layer = session.network, session.selected_layer
        if network is None or layer is None:
            return LayerCardView()
        shown = (session.in_channel, session.kernel_filter) if session.layout else None
        story = tell(
            network.graph,
            layer,
            shown=shown,
            millimetres=self._millimetres(),
            image_size=self._live.fed.image.shape[:2] if self._live.fed else None,
        )
        return LayerCardView(
            name=layer.name,
            kind=layer.kind,
            gives=times(layer.output_shape[1:]) if layer.output_shape else "",
            arrays=self._arrays(network, layer, session, story.arrays),
            counted=story.counted,
            sentences=story.sentences,
            reads=tuple(dict.fromkeys(layer.inputs)),
            read_by=network.graph.consumers(layer.name),
            attributes=tuple((name, _plain(value)) for name, value in layer.config.items()),
            trouble=self._trouble,
        )

    def _arrays(
        self, network: Network, layer: Layer, session: Session, words: tuple[ArrayWords, ...]
    ) -> tuple[ArrayCard, ...]:
        weights = session.weights(layer.name)
        trained = network.trained.get(layer.name, ())
        counted = self._counted
        known = counted is not None and _same(counted.weights, weights)
        cards = []
        for number, one in enumerate(words[: len(weights)]):
            statistics = counted.statistics[number] if counted and known else None
            cards.append(
                ArrayCard(
                    one,
                    differs=weights[number] is not trained[number],
                    numbers=_numbers(statistics) if statistics else (),
                    statistics=statistics,
                )
            )
        return tuple(cards)

    def _millimetres(self) -> tuple[float, float] | None:
        """How far apart the pixels of the network's input are, where distances are known."""
        fed, series = self._live.fed, self._desk.shown
        if fed is None or series is None or not series.calibrated:
            return None
        origin = fed.placement.to_input(0.0, 0.0)
        down, across = fed.placement.to_input(1.0, 0.0), fed.placement.to_input(0.0, 1.0)
        rows = max(abs(down[0] - origin[0]), abs(down[1] - origin[1]))
        columns = max(abs(across[0] - origin[0]), abs(across[1] - origin[1]))
        if rows <= 0 or columns <= 0:
            return None
        sides = (series.spacing[1] / rows, series.spacing[2] / columns)
        is_turned = abs(down[1] - origin[1]) > abs(down[0] - origin[0])
        return (sides[1], sides[0]) if is_turned else sides


def _same(some: Weights, other: Weights) -> bool:
    return bool(some) and [id(array) for array in some] == [id(array) for array in other]


def _numbers(found: WeightStatistics) -> Rows:
    rows = [
        ("lowest", f"{found.low:.4g}"),
        ("highest", f"{found.high:.4g}"),
        ("mean", f"{found.mean:.4g}"),
        ("standard deviation", f"{found.deviation:.4g}"),
        ("zeros", f"{found.zeros:.1%}"),
    ]
    if found.odd:
        rows.append(("not numbers", f"{found.odd:,}"))
    return tuple(rows)


def _plain(value: object) -> str:
    """A setting as people would write it."""
    if isinstance(value, Mapping):
        inside = value.get("config")
        if "class_name" in value:
            name = str(value["class_name"])
            settings = inside if isinstance(inside, Mapping) else {}
            text = ", ".join(f"{key} {_plain(each)}" for key, each in settings.items())
            return f"{name} ({text})" if text else name
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return f"({', '.join(_plain(each) for each in value)})"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
