"""Feature maps silenced together, beside as many others taken at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from unetscope.domain.effects import Effects, How
from unetscope.domain.explaining.question import Question
from unetscope.domain.explaining.ranking import Names, RankBy, change_by
from unetscope.domain.metrics import Labels

DRAWS = 20
Group = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GroupQuestion(Question):
    """What silencing the maps of each group together does to the mask; the answer is `Effects`.

    Attributes
    ----------
    layer : str
        The layer whose feature maps are silenced.
    groups : tuple of tuple of int
        Each is a row of the answer.
    how, reference
        As in `effects.SweepRequest`.
    """

    layer: str
    groups: tuple[Group, ...]
    how: How = "zero"
    reference: Labels | None = None


def random_groups(
    group: Sequence[int], count: int, draws: int = DRAWS, seed: int = 0
) -> tuple[Group, ...]:
    """Groups of as many maps, taken at random from the others of the layer.

    Parameters
    ----------
    group : sequence of int
        The maps that they are compared with.
    count : int
        How many maps the layer has.
    draws : int
        How many groups, all different. Where there are not so many, all there are.
    seed : int
        The same seed gives the same groups.

    Returns
    -------
    groups : tuple of tuple of int
        Empty where fewer other maps are left than the group has.
    """
    chosen = set(group)
    others, size = [index for index in range(count) if index not in chosen], len(chosen)
    if not size or len(others) < size:
        return ()
    if comb(len(others), size) <= draws:
        return tuple(combinations(others, size))
    drawn, random = set[Group](), np.random.default_rng(seed)
    while len(drawn) < draws:
        taken = random.choice(others, size, replace=False)
        drawn.add(tuple(sorted(taken.tolist())))
    return tuple(sorted(drawn))


@dataclass(frozen=True, slots=True, eq=False)
class GroupEffect:
    """What silencing some maps together does, and what as many at random do.

    Attributes
    ----------
    maps : tuple of int
        The chosen ones.
    drawn : tuple of tuple of int
        The groups taken at random.
    effects : Effects
        The first row is that of the chosen maps, the others those of `drawn`.
    """

    maps: Group
    drawn: tuple[Group, ...]
    effects: Effects

    def change(self, by: RankBy, labels: Sequence[int] | None = None) -> float:
        """What silencing the chosen maps changes; see `ranking.change_by`."""
        return float(change_by(self.effects, by, labels)[0])

    def at_random(
        self, by: RankBy, labels: Sequence[int] | None = None
    ) -> tuple[float, float, float] | None:
        """Median, least and greatest change of the groups taken at random; None without any."""
        changes = change_by(self.effects, by, labels)[1:]
        known = changes[np.isfinite(changes)]
        if not len(known):
            return None
        return float(np.median(known)), float(known.min()), float(known.max())

    def told(self, by: RankBy, names: Names, labels: Sequence[int] | None = None) -> str:
        """Both in a sentence."""
        count = len(self.maps)
        these = f"Map {self.maps[0]}" if count == 1 else f"These {count} maps together"
        change = self.change(by, labels)
        if np.isnan(change):
            return f"{these}: {by.short(names)} is not known, as this slice does not hold it."
        told = f"{these}: {by.short(names)} {by.number(change)}"
        found = self.at_random(by, labels)
        if found is None:
            return f"{told}. No control: the layer has fewer than {count} other maps."
        median, *ends = (by.number(value) for value in found)
        draws = len(self.drawn)
        others = "another map" if count == 1 else f"{count} other maps"
        how = f"{draws} draws" if draws > 1 else "the only choice"
        return f"{told}; {others} at random: {median} ({ends[0]} to {ends[1]}, {how})."
