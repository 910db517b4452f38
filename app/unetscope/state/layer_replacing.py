"""Layers with code of their own: what is to stand in for them, asked and remembered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.ports import Notice
from unetscope.domain.sources import Files
from unetscope.domain.stand_ins import Replacements, UnknownLayer, UnknownLayersError
from unetscope.state.desk import Desk
from unetscope.state.jobs import Jobs
from unetscope.state.store import Store


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that opens once something stands in for some of its layers.

    Attributes
    ----------
    layers : tuple of UnknownLayer
        All of them.
    chosen : tuple of Replacement
        What stands in for them now; empty the first time.
    """

    path: Path
    layers: tuple[UnknownLayer, ...]
    chosen: Replacements = ()


class LayerReplacing:
    """Offers replacements when a model is refused for its layers, and opens it with them."""

    offered = Signal(Offer)

    def __init__(self, store: Store, jobs: Jobs, desk: Desk, files: Files) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._files = files
        desk.failed.connect(self._on_failed)

    def offer_again(self) -> None:
        """Ask again what stands in for layers of the network shown."""
        network = self._store.session.network
        if network is not None and network.replaced:
            layers = tuple(UnknownLayer(each.layer, each.kind, True) for each in network.replaced)
            self.offered.emit(Offer(network.path, layers, network.replaced))

    def choose(self, offer: Offer, replaced: Replacements) -> None:
        """Remember what stands in for the layers of a model, and open it."""
        if replaced == offer.chosen:
            return

        def work(_: object) -> None:
            self._files.remember_replacements(offer.path, replaced)

        def done(_: None) -> None:
            self._desk.open_model(offer.path)

        def failed(error: UnetscopeError) -> None:
            self._desk.notice.emit(Notice(error.what, error.hint))

        self._jobs.submit("replacing layers", work, done=done, failed=failed)

    def _on_failed(self, error: UnetscopeError) -> None:
        if isinstance(error, UnknownLayersError) and error.replaceable and error.path is not None:
            self.offered.emit(Offer(error.path, error.layers))
