"""What stands out about a filter, in a word each, and by which criterion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.filter_statistics import ActivationStatistics, WeightStatistics

CRITERIA: Mapping[str, str] = {
    "edited": "its weights differ from the trained ones",
    "silenced": "0 is put in place of its feature map",
    "dead": "its feature map is 0 everywhere on this slice, or all its weights are practically 0",
    "saturated": "its feature map has practically the same value above 0, or stays at one end of "
    "its activation function, at 99 % of the positions",
    "duplicate": "the cosine with another filter of the layer is above 0.99",
}
_PLURAL = {"duplicate": "duplicates"}


@dataclass(frozen=True, slots=True)
class Marks:
    """The words for each filter that has any, in the order of `CRITERIA`.

    Attributes
    ----------
    of : mapping of int to tuple of str
        By filter.
    unknown : str
        What could not be judged, and why; empty where all was.
    """

    of: Mapping[int, tuple[str, ...]]
    unknown: str = ""

    @property
    def legend(self) -> str:
        """How many of each: ``3 dead · 2 duplicates``."""
        counts = {word: sum(word in words for words in self.of.values()) for word in CRITERIA}
        named = (
            f"{count} {_PLURAL.get(word, word) if count > 1 else word}"
            for word, count in counts.items()
            if count
        )
        return " · ".join(named)

    @property
    def criteria(self) -> str:
        """What the words mean, a line each."""
        return "\n".join(f"{word}: {what}" for word, what in CRITERIA.items())


NO_MARKS = Marks({})


def marks_of(
    edited: Iterable[int],
    silenced: Iterable[int],
    weights: WeightStatistics | None,
    activation: ActivationStatistics | None,
    *,
    per_map: bool,
) -> Marks:
    """Put together what is known of each filter; nothing is said of what was not measured.

    Parameters
    ----------
    per_map : bool
        Filter ``n`` makes feature map ``n``, so that what is said of the map goes for the filter.
    """
    which: dict[str, set[int]] = {word: set() for word in CRITERIA}
    which["edited"] = set(edited)
    if weights is not None:
        which["dead"] |= _true(weights.zero)
        if weights.duplicate_of is not None:
            which["duplicate"] = _true(weights.duplicate_of >= 0) - which["dead"]
    if per_map:
        which["silenced"] = set(silenced)
        if activation is not None:
            which["dead"] |= _true(activation.dead) - which["silenced"]
            which["saturated"] = _true(activation.saturated) - which["silenced"]
    found: dict[int, tuple[str, ...]] = {}
    for index in sorted(set().union(*which.values())):
        found[index] = tuple(word for word in CRITERIA if index in which[word])
    unknown = "" if activation is not None and per_map else "maps not judged"
    return Marks(found, unknown)


def _true(flags: NDArray[np.bool_]) -> set[int]:
    return set(np.flatnonzero(flags).tolist())
