"""Another network, read to be compared with the one shown; it is never edited and never run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from unetscope.domain.edits import Edit
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.kernels import Weights
from unetscope.domain.model_matching import Difference, Match, difference, match_layers
from unetscope.domain.network import Network
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.domain.sources import Files
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.pace import Pace
from unetscope.state.store import Store

Known = dict[tuple[str, tuple[Edit, ...]], Difference]


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """A layer of the two networks, and how far apart it is; None where it has no counterpart."""

    match: Match
    difference: Difference | None


class OtherNetwork:
    """Holds the other network and compares it, in the background, with the weights in force."""

    changed = Signal()

    def __init__(
        self, store: Store, jobs: Jobs, desk: Desk, files: Files, pace: Pace | None = None
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._files = files
        self._pace = pace or Pace()
        self._known: Known = {}
        self.network: Network | None = None
        self.layers: tuple[LayerComparison, ...] = ()
        self.busy = False
        store.changed.connect(self._on_session)
        self._pace.held_changed.connect(self._on_held)

    def open(self, path: Path) -> None:
        """Read a model file; its weights are then compared layer by layer."""

        def done(network: Network) -> None:
            self.network, self.layers, self._known = network, (), {}
            self._desk.notice.emit(
                Notice(f"Comparing with {path.name}; it is only read.", trouble=False)
            )
            self._compare()

        def failed(error: UnetscopeError) -> None:
            self.busy = False
            self._desk.notice.emit(Notice(error.what, error.hint))
            self.changed.emit()

        self.busy = True
        self.changed.emit()
        self._jobs.submit(
            "other network",
            lambda job: self._files.read_network(path, lambda: job.cancelled),
            done=done,
            failed=failed,
        )

    def close(self) -> None:
        """Compare with it no longer."""
        for key in ("other network", "compare networks"):
            self._jobs.cancel(key)
        self.network, self.layers, self.busy = None, (), False
        self.changed.emit()

    def weights_of(self, layer: str) -> tuple[str, Weights] | None:
        """Name and weights of the other network's counterpart of a layer; None without one."""
        if self.network is None:
            return None
        for each in self.layers:
            if each.match.here == layer and each.match.there is not None:
                return each.match.there, self.network.trained[each.match.there]
        return None

    def why_not(self, layer: str) -> tuple[str, str]:
        """Say why there is nothing to compare a layer with, and what to do."""
        if self.busy:
            return "The other model is being read …", ""
        if self.network is None:
            return "There is no other model to compare with.", "Choose one in the Network menu."
        reasons = [each.match.reason for each in self.layers if each.match.here == layer]
        reason = f" ({reasons[0]})" if reasons else ""
        what = f"{layer} has no counterpart in {self.network.path.name}{reason}."
        return what, "Choose another layer."

    def _on_session(self, old: Session, new: Session) -> None:
        if self.network is None:
            return
        if old.network is not new.network or old.history is not new.history:
            if _fingerprint(old) != _fingerprint(new):
                self._known, self.layers = {}, ()
            if not self._pace.held:
                self._compare()

    def _on_held(self, held: bool) -> None:
        if not held and self.network is not None:
            self._compare()

    def _compare(self) -> None:
        session, there = self._store.session, self.network
        here = session.network
        if here is None or there is None:
            self.layers, self.busy = (), False
            self.changed.emit()
            return
        edits, known = session.edits, dict(self._known)
        weights = {name: here.weights(name, edits) for name in session.edited_layers}

        def work(job: JobContext) -> tuple[tuple[LayerComparison, ...], Known]:
            found: Known = {}
            rows = []
            for match in match_layers(here.graph, there.graph):
                job.step(0)
                if match.here is None or match.there is None:
                    rows.append(LayerComparison(match, None))
                    continue
                mine = weights.get(match.here, here.trained[match.here])
                key = (match.here, _edits_of(edits, match.here))
                found[key] = known.get(key) or difference(mine, there.trained[match.there])
                rows.append(LayerComparison(match, found[key]))
            return tuple(rows), found

        def done(compared: tuple[tuple[LayerComparison, ...], Known]) -> None:
            self.layers, self._known = compared
            self.busy = False
            self.changed.emit()

        def failed(error: UnetscopeError) -> None:
            self.busy = False
            self._desk.notice.emit(Notice(error.what, error.hint))
            self.changed.emit()

        self.busy = True
        self._jobs.submit("compare networks", work, done=done, failed=failed)


def _edits_of(edits: tuple[Edit, ...], layer: str) -> tuple[Edit, ...]:
    return tuple(edit for edit in edits if edit.layer == layer and edit.changes_weights)


def _fingerprint(session: Session) -> str | None:
    return session.network.fingerprint if session.network else None
