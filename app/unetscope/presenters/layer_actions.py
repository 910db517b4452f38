"""What can be done to a layer from the tree and from the diagram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError, UnetscopeError
from unetscope.domain.graph import Graph
from unetscope.domain.history import Edits
from unetscope.domain.interventions import (
    CutSkip,
    Intervention,
    PatchSkip,
    SilenceMap,
    SkipEdit,
    skips,
)
from unetscope.domain.map_edits import silenced_maps
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.domain.sources import Files
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.network_input import network_input, read_slices
from unetscope.state.store import Store

Skip = tuple[str, str]  # the layer that reads, and its source


@dataclass(frozen=True, slots=True)
class SkipOffer:
    """A skip connection that a layer is at one end of.

    Attributes
    ----------
    reader, source : str
        The layer that reads, and the one it reads.
    changed : bool
        It is cut or patched.
    """

    reader: str
    source: str
    changed: bool

    @property
    def text(self) -> str:
        """The way it goes: ``enc1 → concat1``."""
        return f"{self.source} → {self.reader}"


@dataclass(frozen=True, slots=True)
class LayerOffers:
    """What can be done to one layer."""

    name: str
    silenced: bool = False
    intervened: bool = False
    edited: bool = False
    has_weights: bool = False
    skips: tuple[SkipOffer, ...] = ()


class LayerActionsPresenter:
    """Does to layers and skip connections what menus ask for; each is a step that can be undone."""

    asked_to_show = Signal(str)  # a layer, in the diagram

    def __init__(self, store: Store, desk: Desk, jobs: Jobs, files: Files) -> None:
        self._store = store
        self._files = files
        self._desk = desk
        self._jobs = jobs

    def offers(self, name: str) -> LayerOffers:
        """What can be done to a layer now."""
        session = self._store.session
        if session.network is None or name not in session.network.graph:
            return LayerOffers(name)
        graph, edits = session.network.graph, session.edits
        changed = {(e.layer, e.source) for e in edits if isinstance(e, SkipEdit)}
        mine = [e for e in edits if isinstance(e, Intervention) and e.layer == name]
        return LayerOffers(
            name,
            silenced=any(isinstance(e, SilenceMap) and e.feature_map is None for e in mine),
            intervened=bool(mine),
            edited=name in session.edited_layers,
            has_weights=bool(graph[name].weights),
            skips=tuple(
                SkipOffer(reader, source, (reader, source) in changed)
                for reader, source in _skips_of(graph, name, changed)
            ),
        )

    def offer_of_line(self, reader: str, source: str) -> SkipOffer | None:
        """What can be done to what one layer reads of another; None where that is all it reads."""
        session = self._store.session
        if session.network is None or len(set(session.network.graph[reader].inputs)) < 2:
            return None
        changed = any(
            isinstance(e, SkipEdit) and (e.layer, e.source) == (reader, source)
            for e in session.edits
        )
        return SkipOffer(reader, source, changed)

    @property
    def slices(self) -> tuple[int, int] | None:
        """The slice shown and how many its series has; None without a series."""
        session = self._store.session
        return (session.slice_index, session.series.slices) if session.series else None

    # ---------------------------------------------------------- interventions

    def silence(self, layer: str, how: str = "zero") -> None:
        """Put 0, or each map's mean, in place of all maps of a layer."""
        self._edit(SilenceMap(layer, None, how))

    def bring_back(self, layer: str) -> None:
        """Take all interventions on a layer's maps out."""
        self._without(
            f"brought back {layer}",
            lambda e: isinstance(e, Intervention) and e.layer == layer,
        )

    def toggle_silence(self) -> None:
        """Silence all maps of the layer shown, or bring them back."""
        session = self._store.session
        layer, count = session.layer, session.map_count
        if layer is None or not count:
            return
        if len(silenced_maps(session.edits, layer, count)) == count:
            self.bring_back(layer)
        else:
            self.silence(layer)

    def cut(self, reader: str, source: str, how: str = "zero") -> None:
        """Put 0, or each map's mean, in place of what one layer reads of another."""
        self._edit(CutSkip(reader, source, how))

    def mend(self, reader: str, source: str) -> None:
        """Let one layer read of another what it gives again."""
        self._without(
            f"mended {source} → {reader}",
            lambda e: isinstance(e, SkipEdit) and (e.layer, e.source) == (reader, source),
        )

    def patch(self, reader: str, source: str, index: int) -> None:
        """Let a layer read what its source makes of another slice of the series shown."""
        session, series = self._store.session, self._desk.shown
        network, card = session.network, session.card
        if network is None or card is None or series is None:
            self._failed(EditError("There is no other slice.", "Open a study first."))
            return
        steps = card.preprocessing

        together = self._desk.together(series)

        def work(_: JobContext) -> PatchSkip:
            slices = read_slices(index, series, together, steps, network)
            image = network_input(slices, series, steps, network, "patch").image
            return PatchSkip(reader, source, image, f"slice {index + 1}")

        def done(edit: PatchSkip) -> None:
            now = self._store.session
            if now.network is not None and now.network.fingerprint == network.fingerprint:
                self._edit(edit)

        self._jobs.submit("patch", work, done=done, failed=self._failed)

    def take_out(self, edit: Edit) -> None:
        """Take one intervention out."""
        self._without(f"took out: {edit.label}", lambda e: e == edit)

    # ---------------------------------------------------------------- weights

    def revert(self, layer: str) -> None:
        """Bring a layer's weights back to the trained values."""
        self._without(f"Revert layer {layer}", lambda e: e.changes_weights and e.layer == layer)

    def save_weights(self, layer: str, path: Path, which: int | None, *, trained: bool) -> None:
        """Write one weight array as ``.npy``, or all of a layer as ``.npz``.

        Parameters
        ----------
        which : int or None
            The array in Keras order; None writes all.
        trained : bool
            The trained values; else those in force.
        """
        session = self._store.session
        network = session.network
        if network is None:
            return
        edits: Edits = () if trained else session.edits
        specs = network.graph[layer].weights

        def work(_: JobContext) -> None:
            weights = network.weights(layer, edits)
            named = {_safe(spec.name): values for spec, values in zip(specs, weights, strict=True)}
            self._files.write_arrays(path, named if which is None else weights[which])

        def done(_: None) -> None:
            what = "The trained weights" if trained else "The weights in force"
            name = layer if which is None else f"{layer} {specs[which].name}"
            self.tell(f"Saved {path.name}.", f"{what} of {name}.", trouble=False)

        self._jobs.submit("weights", work, done=done, failed=self._failed)

    def tell(self, what: str, hint: str, *, trouble: bool) -> None:
        """Say in the status line how something went that only a panel can do."""
        self._desk.notice.emit(Notice(what, hint, trouble=trouble))

    # ----------------------------------------------------------------- within

    def _edit(self, edit: Edit) -> None:
        try:
            self._store.update(lambda s: s.edit(edit))
        except EditError as error:
            self._failed(error)

    def _without(self, label: str, chosen: Callable[[Edit], bool]) -> None:
        def change(session: Session) -> Session:
            dropped = [edit for edit in session.edits if chosen(edit)]
            return session.without(label, dropped) if dropped else session

        self._store.update(change)

    def _failed(self, error: UnetscopeError) -> None:
        self.tell(error.what, error.hint, trouble=True)


def _skips_of(graph: Graph, name: str, changed: set[Skip]) -> list[Skip]:
    """The skip connections that begin or end at a layer, and those that were changed there."""
    known = [*skips(graph), *sorted(changed)]
    return list(dict.fromkeys(skip for skip in known if name in skip))


def _safe(name: str) -> str:
    """A weight's name as a name within a file."""
    return name.replace("/", "_")
