"""Skip connections as switches, and what each is worth: cut alone, how much of the mask changes."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.effects import How
from unetscope.domain.explaining.question import Question
from unetscope.domain.graph import Graph
from unetscope.domain.history import Edits
from unetscope.domain.interventions import CutSkip, PatchSkip, SkipEdit, skips
from unetscope.domain.metrics import Labels
from unetscope.domain.network import Network
from unetscope.domain.session import Session

Floats = NDArray[np.float32]
Skip = tuple[str, str]  # the layer that reads, and its source
ON, PATCHED, SEVERAL = "on", "patched", "several"
"""What a switch stands at, beside ``"zero"`` and ``"mean"``."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One skip connection.

    Attributes
    ----------
    reader, source : str
        The layer that reads, and the one it reads.
    size : tuple of int or None
        Rows, columns and channels of what passes; None where they are open.
    state : str
        ``"on"``, ``"zero"``, ``"mean"``, ``"patched"``, or ``"several"`` edits one after another.
    donor : str
        What it is patched from: ``slice 12``.
    """

    reader: str
    source: str
    size: tuple[int | None, ...]
    state: str = ON
    donor: str = ""

    @property
    def skip(self) -> Skip:
        """Who reads whom."""
        return self.reader, self.source

    @property
    def text(self) -> str:
        """The way it goes: ``enc1 → concat1``."""
        return f"{self.source} → {self.reader}"


def switches(graph: Graph, edits: Edits) -> tuple[Switch, ...]:
    """Every skip connection as it stands, shallowest first."""
    return tuple(_switch(graph, skip, edits) for skip in skips(graph))


def turn(session: Session, skip: Skip, edit: SkipEdit | None) -> Session:
    """Put one edit in the place of all that act on a skip connection; None turns it on.

    It is one step of the history.

    Raises
    ------
    EditError
        The edit does not fit. Nothing has changed.
    """
    others = tuple(each for each in session.edits if not _acts_on(each, {skip}))
    if edit is None:
        return _step(session, f"switched on {skip[1]} → {skip[0]}", others)
    if session.network is not None:
        edit.apply_to(session.network.graph[edit.layer], ())
    to_means = isinstance(edit, CutSkip) and edit.how == "mean"
    return _step(session, edit.label + (" to its means" if to_means else ""), (*others, edit))


def turn_all(session: Session, how: How | None) -> Session:
    """Cut all skip connections to zero or to their means, or turn all on, in one step."""
    if session.network is None:
        return session
    all_skips = skips(session.network.graph)
    edits = tuple(each for each in session.edits if not _acts_on(each, all_skips))
    if how is None:
        return _step(session, "switched on all skip connections", edits)
    to = "" if how == "zero" else " to their means"
    cuts = tuple(CutSkip(reader, source, how) for reader, source in all_skips)
    return _step(session, f"cut all skip connections{to}", (*edits, *cuts))


def without_switches(edits: Edits) -> Edits:
    """The edits in force but for those of skip connections."""
    return tuple(each for each in edits if not isinstance(each, SkipEdit))


def _switch(graph: Graph, skip: Skip, edits: Edits) -> Switch:
    reader, source = skip
    size = graph[source].output_shape[1:]
    mine = [each for each in edits if _acts_on(each, {skip})]
    if not mine:
        return Switch(reader, source, size)
    edit = mine[-1]
    if isinstance(edit, PatchSkip):
        return Switch(reader, source, size, PATCHED, edit.name)
    zeroed = isinstance(edit, CutSkip) and edit.how == "zero"
    if isinstance(edit, CutSkip) and (zeroed or len(mine) == 1):
        return Switch(reader, source, size, edit.how)
    return Switch(reader, source, size, SEVERAL)


def _acts_on(edit: object, chosen: Collection[Skip]) -> bool:
    return isinstance(edit, SkipEdit) and (edit.layer, edit.source) in chosen


def _step(session: Session, label: str, edits: Edits) -> Session:
    """Record a step, showing what the network makes of it; none where nothing changes."""
    if edits == session.edits:
        return session
    history = session.history.record_all(label, edits)
    return replace(session, history=history, comparing=session.comparing.show_trained(False))


# ---------------------------------------------------------------- what each is worth


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SkipEffectsQuestion(Question):
    """Cut each skip connection alone, and tell what that does to the mask: `SkipEffects`.

    All others stay on, whatever switches are in force; other edits stay in force.

    Attributes
    ----------
    how : tuple of str
        What a cut skip becomes: ``"zero"``, ``"mean"``, or one after the other.
    skips : tuple of (str, str), or None
        Which; None stands for all. Without any only the mask with all on is told.
    reference : (H, W) ndarray of uint8, or None
        Labels on the network's output grid to compare with.
    """

    how: tuple[How, ...] = ("zero", "mean")
    skips: tuple[Skip, ...] | None = None
    reference: Labels | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SkipEffects:
    """What cutting each skip connection alone does to the mask, a row for each.

    What is not measured yet holds -1 pixels and NaN.

    Attributes
    ----------
    skips : tuple of (str, str)
        (layer that reads, its source), shallowest first.
    how : tuple of str
        What a cut skip becomes, the second axis of all below.
    mask : (H, W) ndarray of uint8
        With all skip connections on.
    changed_pixels : (skips, how) ndarray of int64
        Pixels of the mask that get another label.
    dice : (skips, how, classes) ndarray of float32
        Overlap with the mask with all on; NaN where neither holds the class.
    dice_with_reference : (skips, how, classes) ndarray of float32, or None
        Overlap with the reference; None without one.
    reference_before : (classes,) ndarray of float32, or None
        Overlap of the mask with all on with the reference.
    """

    skips: tuple[Skip, ...]
    how: tuple[How, ...]
    mask: Labels
    changed_pixels: NDArray[np.int64]
    dice: Floats
    dice_with_reference: Floats | None = None
    reference_before: Floats | None = None

    @property
    def labelled(self) -> int:
        """Pixels that the mask with all on gives a class other than 0; at least 1."""
        return max(int(np.count_nonzero(self.mask)), 1)

    def share(self, skip: int, how: int) -> float:
        """Changed pixels per labelled pixel; NaN where it is not measured yet."""
        changed = int(self.changed_pixels[skip, how])
        return float("nan") if changed < 0 else changed / self.labelled


def skip_effects_csv(
    found: SkipEffects, network: Network, edits: Edits = (), classes: tuple[str, ...] = ()
) -> str:
    """What each skip connection is worth, as CSV; no patient is named.

    Parameters
    ----------
    classes : tuple of str
        Names of the labels, from 0.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(("Unetscope", "each skip connection cut alone, on one slice", "research use only"))
    write(("model", network.path.name, network.fingerprint))
    for edit in edits:
        write(("edit", edit.label))
    names = [classes[i] if i < len(classes) else f"label {i}" for i in range(found.dice.shape[-1])]
    measures = [(f"Dice {name} with all on", found.dice[..., i]) for i, name in enumerate(names)]
    if found.dice_with_reference is not None:
        measures += [
            (f"Dice {name} with the reference", found.dice_with_reference[..., i])
            for i, name in enumerate(names)
        ]
    head = ("source", "reader", "cut to", "changed pixels", "share of labelled pixels")
    write((*head, *(name for name, _ in measures)))
    for row, (reader, source) in enumerate(found.skips):
        for column, how in enumerate(found.how):
            if found.changed_pixels[row, column] < 0:
                continue
            changed = (int(found.changed_pixels[row, column]), f"{found.share(row, column):.6g}")
            numbers = [values[row, column] for _, values in measures]
            written = ("" if np.isnan(number) else f"{number:.6g}" for number in numbers)
            write((source, reader, how, *changed, *written))
    return out.getvalue()
