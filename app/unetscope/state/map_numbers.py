"""Numbers about all feature maps of a layer, worked out beside the window."""

from __future__ import annotations

from functools import partial

from psygnal import Signal

from unetscope.domain.feature_maps import LayerNumbers, bounds_of, numbers_of
from unetscope.state.jobs import Jobs
from unetscope.state.shown_maps import Maps


class MapNumbers:
    """Keeps the numbers of the activation asked about last."""

    came = Signal()

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._wanted: Maps | None = None
        self._found: tuple[Maps, LayerNumbers] | None = None

    def of(self, maps: Maps) -> LayerNumbers | None:
        """The numbers of all maps; None until they are worked out, which `came` tells."""
        if self._found is not None and self._found[0].activation is maps.activation:
            return self._found[1]
        if self._wanted is None or self._wanted.activation is not maps.activation:
            self._wanted = maps
            self._jobs.submit(
                "map numbers",
                lambda _: numbers_of(maps.activation, bounds_of(maps.layer.activation)),
                done=partial(self._done, maps),
                failed=lambda _: None,
            )
        return None

    def latest(self, layer: str) -> LayerNumbers | None:
        """The numbers that were found last, if they are of this layer."""
        found = self._found
        return found[1] if found is not None and found[0].layer.name == layer else None

    def _done(self, maps: Maps, numbers: LayerNumbers) -> None:
        self._found, self._wanted = (maps, numbers), None
        self.came.emit()
