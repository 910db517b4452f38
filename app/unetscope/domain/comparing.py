"""How the edited network's mask is compared with the trained one's, and what differs between them.

Two masks of one slice are counted once, as a table of voxels by trained and edited label; all
numbers, of a slice or of the sum over a series, are read from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, IntEnum

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.metrics import ClassChange, Labels

Counts = NDArray[np.int64]
"""``(classes, classes)``: voxels with a trained label (row) and an edited one (column)."""

SLOWEST_FLICKER, FASTEST_FLICKER = 1, 4  # changes a second: never three flashes in one


class Way(Enum):
    """How both masks are seen; the value is what people call it."""

    OFF = "Off"
    FLICKER = "Flicker"
    SWIPE = "Swipe"
    SIDE_BY_SIDE = "Side by side"
    DELTA = "Delta"


class Unit(Enum):
    """What changes are counted in; the value is what people call it."""

    VOXELS = "voxels"
    MM = "mm², mm³"
    ML = "cm², mL"


class Change(IntEnum):
    """What became of a voxel, as a label of its own."""

    SAME = 0
    GAINED = 1
    LOST = 2
    OTHER = 3

    @property
    def said(self) -> str:
        """What people call it."""
        return {1: "gained", 2: "lost", 3: "another class"}.get(self, "same")


CHANGE_COLOURS = {Change.GAINED: "#e69f00", Change.LOST: "#56b4e9", Change.OTHER: "#cc79a7"}
"""Okabe and Ito's orange, sky blue and purple: told apart by the colour-blind too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """What was chosen for the comparison; part of the session.

    Attributes
    ----------
    way : Way
        How both masks are seen.
    trained : bool
        The trained network's mask is shown in place of the edited one's.
    playing, speed : bool, int
        Flicker goes by itself, and its changes a second.
    split : float
        Where swipe divides the picture: trained to the left, edited to the right; 0 to 1.
    label : int or None
        The class whose changes delta shows; None for all of them.
    hidden : frozenset of int
        Kinds of `Change` that delta does not draw.
    whole : bool
        The table of changes is that of the whole series, not of the slice shown.
    unit : Unit
        What it is in, where distances are known; else it is in voxels.
    """

    way: Way = Way.OFF
    trained: bool = False
    playing: bool = False
    speed: int = 2
    split: float = 0.5
    label: int | None = None
    hidden: frozenset[int] = frozenset()
    whole: bool = False
    unit: Unit = Unit.MM

    @property
    def seen(self) -> Way:
        """The way in force; while the trained network's mask is looked at in its place, none."""
        both = (Way.FLICKER, Way.SIDE_BY_SIDE)
        return Way.OFF if self.trained and self.way not in both else self.way

    def choose(self, way: Way) -> Comparing:
        """Compare in a way; the one in force once more ends it. Nothing flickers by itself."""
        chosen = Way.OFF if way is self.way else way
        return replace(self, way=chosen, trained=False, playing=False)

    def show_trained(self, trained: bool) -> Comparing:
        """Show the trained network's mask in place of the edited one's, or back."""
        return replace(self, trained=trained)

    def play(self, playing: bool) -> Comparing:
        """Have flicker go by itself, or stop it at the edited network's mask."""
        return replace(self, playing=playing and self.way is Way.FLICKER, trained=False)

    def set_speed(self, speed: int) -> Comparing:
        """Set the changes a second of flicker."""
        return replace(self, speed=min(max(speed, SLOWEST_FLICKER), FASTEST_FLICKER))

    def divide(self, split: float) -> Comparing:
        """Divide the picture elsewhere, 0 to 1."""
        return replace(self, split=min(max(split, 0.0), 1.0))

    def of_class(self, label: int | None) -> Comparing:
        """Show the changes of one class, or of all."""
        return replace(self, label=label)

    def toggle(self, change: int) -> Comparing:
        """Draw a kind of change, or leave it out."""
        return replace(self, hidden=self.hidden ^ {change})

    def show_table(self, *, whole: bool | None = None, unit: Unit | None = None) -> Comparing:
        """Choose what the table of changes covers, and its unit."""
        return replace(
            self,
            whole=self.whole if whole is None else whole,
            unit=unit or self.unit,
        )

    def open_network(self) -> Comparing:
        """Another network is open: its own mask, of all its classes, standing still."""
        return replace(self, trained=False, playing=False, label=None)


NOT_COMPARING = Comparing()


def delta(trained: Labels, edited: Labels, label: int | None, none: frozenset[int]) -> Labels:
    """What became of each voxel, as `Change`.

    Parameters
    ----------
    trained, edited : (rows, columns) ndarray of uint8
    label : int or None
        The class whose changes are asked for. Of all classes a voxel is gained or lost where it
        comes out of, or goes into, none of them; from one class to another is `Change.OTHER`.
    none : frozenset of int
        Labels that stand for no class, as the background does.
    """
    changes = np.zeros(trained.shape, np.uint8)
    if label is not None:
        before, after = trained == label, edited == label
    else:
        classes = np.array([index not in none for index in range(256)])
        before, after = classes[trained], classes[edited]
        changes[before & after & (trained != edited)] = Change.OTHER
    changes[after & ~before] = Change.GAINED
    changes[before & ~after] = Change.LOST
    return changes


def counts(trained: Labels, edited: Labels, classes: int) -> Counts:
    """Count the voxels of two masks by both labels; labels beyond the classes get rows too."""
    size = classes
    if trained.size:
        size = max(classes, int(trained.max()) + 1, int(edited.max()) + 1)
    rows = trained if size <= 16 else trained.astype(np.uint16)  # small numbers count faster
    pairs = rows.ravel() * size + edited.ravel()
    return np.bincount(pairs, minlength=size * size).reshape(size, size).astype(np.int64)


def total(tables: list[Counts]) -> Counts:
    """The sum of tables, which may differ in their number of labels."""
    size = max((len(table) for table in tables), default=0)
    summed = np.zeros((size, size), np.int64)
    for table in tables:
        summed[: len(table), : len(table)] += table
    return summed


def changed(table: Counts) -> int:
    """How many voxels have another label."""
    return int(table.sum() - np.trace(table))


def class_changes(table: Counts) -> tuple[ClassChange, ...]:
    """What happened to each class, label 0 included."""
    before, after, same = table.sum(axis=1), table.sum(axis=0), np.diag(table)
    return tuple(
        ClassChange(
            label,
            int(before[label]),
            int(after[label]),
            int(after[label] - same[label]),
            int(before[label] - same[label]),
        )
        for label in range(len(table))
    )


def overlap(change: ClassChange) -> float:
    """Dice of a class between trained and edited, 0 to 1; NaN when neither holds it."""
    both = change.before + change.after
    return float("nan") if not both else 2 * (change.after - change.gained) / both
