"""The heats that can lie over the slice, by what makes them; the session says which one does."""

from __future__ import annotations

from psygnal import Signal

from unetscope.domain.explaining.choice import Overlay
from unetscope.domain.explaining.heat import Heat
from unetscope.state.live import Live
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store


class Heats:
    """One heat of each kind, of the slice that it was made for."""

    changed = Signal()

    def __init__(self, store: Store, live: Live) -> None:
        self._store = store
        self._live = live
        self._heats: dict[Overlay, tuple[SliceKey, Heat]] = {}

    def put(self, overlay: Overlay, slice_key: SliceKey, heat: Heat | None) -> None:
        """Have a heat ready for a slice, in the place of the former one; None takes it away."""
        if heat is None:
            if self._heats.pop(overlay, None) is None:
                return
        else:
            self._heats[overlay] = (slice_key, heat)
        self.changed.emit()

    def get(self, overlay: Overlay) -> Heat | None:
        """The heat of a kind, if it is of the slice shown."""
        shown, found = self._live.shown, self._heats.get(overlay)
        if shown is None or found is None or found[0] != shown.key:
            return None
        return found[1]

    @property
    def shown(self) -> Heat | None:
        """The heat that lies over the slice shown."""
        overlay = self._store.session.explaining.overlay
        return None if overlay is None else self.get(overlay)
