"""To the slice and the layer that a start of the program asked for, once they are there."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from unetscope.domain.ports import Notice
from unetscope.state.desk import Desk
from unetscope.state.store import Store
from unetscope.ui.single_instance import Asked


class Going(QObject):
    """Waits for study and network to be open, and goes to a slice and a layer of them."""

    def __init__(self, store: Store, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._desk = desk
        self._slice: int | None = None
        self._layer: str | None = None
        desk.opened.connect(self._opened)

    def go(self, asked: Asked) -> None:
        """Go there, at once where nothing has to be opened first."""
        self._slice, self._layer = asked.slice, asked.layer
        if not asked.paths and not asked.sample:
            self._to_slice()
            self._to_layer()

    def _opened(self, path: Path) -> None:
        if path in self._desk.open_paths:
            self._to_slice()
        else:
            self._to_layer()

    def _to_slice(self) -> None:
        number, self._slice = self._slice, None
        if number is not None:
            self._store.update(lambda session: session.select_slice(number - 1))

    def _to_layer(self) -> None:
        name, self._layer = self._layer, None
        network = self._store.session.network
        if name is None or network is None:
            return
        if any(layer.name == name for layer in network.graph.layers):
            self._store.update(lambda session: session.select_layer(name))
        else:
            what = f"The network has no layer “{name}”."
            self._desk.notice.emit(Notice(what, "Choose one in the layer tree."))
