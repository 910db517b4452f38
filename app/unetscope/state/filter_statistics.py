"""Numbers about the filters of the layer shown, measured in the background and kept."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from psygnal import Signal

from unetscope.domain.filter_bank import filter_bank
from unetscope.domain.filter_statistics import (
    ActivationStatistics,
    WeightStatistics,
    activation_statistics,
    weight_statistics,
)
from unetscope.domain.ports import LayerLook
from unetscope.domain.session import Session
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.store import Store

KEPT = 8  # layers, or states of one


class FilterStatistics:
    """Follows the layer shown: its weights in force, and its maps of the slice shown.

    While something is dragged the numbers from before stay; they are measured again at the end, so
    that filters do not change places under the hand.
    """

    changed = Signal()

    def __init__(self, store: Store, jobs: Jobs, live: Live, pace: Pace | None = None) -> None:
        self._store = store
        self._jobs = jobs
        self._live = live
        self._pace = pace or Pace()
        self._kept: OrderedDict[tuple[object, ...], WeightStatistics] = OrderedDict()
        self._weights: tuple[str, WeightStatistics] | None = None  # of which layer
        self._maps: tuple[LayerLook, ActivationStatistics] | None = None
        self._asked: tuple[object, ...] = ()
        self._asked_maps: LayerLook | None = None
        store.changed.connect(self._on_session)
        live.answered.connect(self._measure_maps)
        self._pace.held_changed.connect(self._on_held)
        self._measure(store.session)

    @property
    def weights(self) -> WeightStatistics | None:
        """Of the layer shown; None until they are measured."""
        layer = self._store.session.layer
        return self._weights[1] if self._weights and self._weights[0] == layer else None

    @property
    def activation(self) -> ActivationStatistics | None:
        """Of the layer shown and the latest slice; None until they are measured."""
        layer = self._store.session.layer
        return self._maps[1] if self._maps and self._maps[0].layer == layer else None

    def _on_session(self, old: Session, new: Session) -> None:
        if old.history is new.history and (old.network, old.layer) == (new.network, new.layer):
            return
        if _fingerprint(old) != _fingerprint(new):
            self._weights = self._maps = None
        if not self._pace.held:
            self._measure(new)

    def _on_held(self, held: bool) -> None:
        if not held:
            self._measure(self._store.session)
            self._measure_maps()

    def _measure(self, session: Session) -> None:
        network, layer = session.network, session.selected_layer
        if network is None or layer is None:
            return
        mine = tuple(e for e in session.edits if e.layer == layer.name and e.changes_weights)
        key = (network.fingerprint, layer.name, mine)
        if key in self._kept:
            self._asked = key
            self._kept.move_to_end(key)
            self._weights = (layer.name, self._kept[key])
            return
        if key == self._asked:
            return
        kernels = filter_bank(layer, session.weights())
        if kernels is None:
            return
        self._asked = key

        def work(_: JobContext) -> WeightStatistics:
            return weight_statistics(kernels)

        def done(found: WeightStatistics) -> None:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            if key == self._asked:
                self._weights = (layer.name, found)
                self.changed.emit()

        self._jobs.submit("filter weights", work, done=done, failed=self._failed)

    def _measure_maps(self) -> None:
        session, answer = self._store.session, self._live.answer
        look, layer = answer.look.maps if answer else None, session.selected_layer
        if look is None or layer is None or look.layer != layer.name or self._pace.held:
            return
        if look is self._asked_maps or look.edited.ndim < 2:
            return
        self._asked_maps = look
        network = session.network
        is_output = network is not None and layer.name in network.graph.outputs

        def work(_: JobContext) -> ActivationStatistics:
            return activation_statistics(look.edited, layer.activation, is_output=is_output)

        self._jobs.submit(
            "filter maps", work, done=partial(self._have_maps, look), failed=self._failed
        )

    def _have_maps(self, look: LayerLook, found: ActivationStatistics) -> None:
        self._maps = (look, found)
        self.changed.emit()

    def _failed(self, _: Exception) -> None:
        self._asked, self._asked_maps = (), None


def _fingerprint(session: Session) -> str | None:
    return session.network.fingerprint if session.network else None
