"""The slices read last, for a second look, within a bound of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from unetscope.domain.ports import Floats
from unetscope.domain.sources import SeriesSource
from unetscope.state.shown import SliceKey

KEPT_BYTES = 192 * 2**20
KEPT_AT_LEAST = 16  # slices, however large: what is fed to a network and what is read ahead


class KeptSlices:
    """Pixels by slice, with the reader they come from; the ones used longest ago are dropped.

    Parameters
    ----------
    most : int
        Bytes; `KEPT_AT_LEAST` slices are kept anyway.
    """

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._bytes = 0
        self._slices: OrderedDict[SliceKey, tuple[SeriesSource, Floats]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._slices)

    def __contains__(self, key: SliceKey) -> bool:
        return key in self._slices

    def get(self, key: SliceKey) -> tuple[SeriesSource, Floats] | None:
        """Reader and pixels of a slice; None when it is not kept."""
        if key in self._slices:
            self._slices.move_to_end(key)
        return self._slices.get(key)

    def put(self, key: SliceKey, source: SeriesSource, values: Floats) -> None:
        """Keep a slice, in the place of what was kept by that key."""
        self._drop(key)
        self._slices[key] = (source, values)
        self._bytes += values.nbytes
        while self._bytes > self._most and len(self._slices) > KEPT_AT_LEAST:
            self._drop(next(iter(self._slices)))

    def drop_replaced(self, find: Callable[[str], SeriesSource | None]) -> None:
        """Forget slices of readers that are no longer found by the key of their series."""
        for key, (source, _) in list(self._slices.items()):
            if find(key.series) is not source:
                self._drop(key)

    def _drop(self, key: SliceKey) -> None:
        if (dropped := self._slices.pop(key, None)) is not None:
            self._bytes -= dropped[1].nbytes
