"""Masks of series, kept by all that they depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unetscope.domain.history import Edits
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef
from unetscope.domain.preprocess import Preprocessing

MOST = 512 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Version:
    """What makes masks, but for the slices: network, steps before it, edits in force."""

    model: ModelRef
    steps: Preprocessing
    edits: Edits = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    version: Version
    series: dict[str, dict[int, Labels]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(mask.nbytes for masks in self.series.values() for mask in masks.values())


class KeptMasks:
    """Holds masks up to so many bytes; what was asked for longest ago goes first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._held: list[_Held] = []  # looked through: edits compare faster than they hash

    def of(self, version: Version, series: str) -> Mapping[int, Labels]:
        """The masks of a series in one version, by slice."""
        for held in reversed(self._held):
            if held.version == version:
                if held is not self._held[-1]:
                    self._held.remove(held)
                    self._held.append(held)
                return held.series.get(series, {})
        return {}

    def put(self, version: Version, series: str, index: int, mask: Labels) -> None:
        """Keep the mask of one slice."""
        held = next((one for one in reversed(self._held) if one.version == version), None)
        if held is None:
            held = _Held(version)
            self._held.append(held)
            self._make_room()
        held.series.setdefault(series, {})[index] = mask

    def drop(self, series: str) -> None:
        """Forget the masks of a series."""
        for held in self._held:
            held.series.pop(series, None)

    def _make_room(self) -> None:
        """The two last asked for stay: they may be compared."""
        while len(self._held) > 2 and sum(one.size for one in self._held) > self._most:
            self._held.pop(0)
