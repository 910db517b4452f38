"""Numbers about masks and maps: overlap, volume, change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]


def dice(mask: Labels, reference: Labels, label: int) -> float:
    """Dice overlap of one label, 0 to 1; NaN when neither mask holds it."""
    a, b = mask == label, reference == label
    total = int(a.sum()) + int(b.sum())
    return float("nan") if total == 0 else 2 * int((a & b).sum()) / total


def rms_change(before: NDArray[np.floating], after: NDArray[np.floating]) -> float:
    """Root mean square of the change over that of ``before``: 0.38 is a change of 38 %.

    Where ``before`` is all zero the change has no scale: infinite, or 0 when nothing changed. NaN
    when either holds values that are not finite.
    """
    changed = (after - before).ravel()
    square, whole = float(np.vdot(changed, changed)), float(np.vdot(before, before))
    if not (np.isfinite(square) and np.isfinite(whole)):
        return float("nan")
    change, scale = square**0.5, whole**0.5
    if scale == 0:
        return 0.0 if change == 0 else float("inf")
    return float(change / scale)


@dataclass(frozen=True, slots=True)
class ClassChange:
    """What happened to one class: pixels before and after, gained and lost."""

    label: int
    before: int
    after: int
    gained: int
    lost: int


def mask_change(before: Labels, after: Labels, classes: int) -> tuple[ClassChange, ...]:
    """Compare two masks class by class, label 0 included."""
    changes = []
    for label in range(classes):
        a, b = before == label, after == label
        gained, lost = int((b & ~a).sum()), int((a & ~b).sum())
        changes.append(ClassChange(label, int(a.sum()), int(b.sum()), gained, lost))
    return tuple(changes)
