"""Numbers about masks as tables of a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unetscope.domain.card import ClassLabel
from unetscope.domain.comparing import Counts, class_changes, overlap
from unetscope.domain.evaluation import ClassScore, Evaluation
from unetscope.domain.report import Table

MISSING = "–"
WORST = 5  # slices that are named


def changes_table(
    title: str,
    table: Counts,
    classes: Sequence[ClassLabel],
    *,
    edited: bool,
    unit: str,
    per: float = 1.0,
    digits: int = 0,
) -> Table:
    """How much there is of each class, before and after the edits.

    Parameters
    ----------
    table : (labels, labels) ndarray of int64
        Voxels by trained label (row) and edited label (column).
    edited : bool
        Edits are in force; without them one column says all.
    unit : str
        Of the amounts.
    per : float
        Of that unit in one voxel.
    """
    shown = [
        (_name(classes, one.label), one)
        for one in class_changes(table)
        if one.label >= len(classes) or classes[one.label].colour
    ]
    if not edited:
        rows = tuple((name, f"{one.after * per:,.{digits}f}") for name, one in shown)
        return Table(title=title, header=("Class", unit), rows=rows)
    compared = tuple(
        (
            name,
            f"{one.before * per:,.{digits}f}",
            f"{one.after * per:,.{digits}f}",
            f"{overlap(one):.3f}" if one.before + one.after else MISSING,
        )
        for name, one in shown
    )
    header = ("Class", f"Trained, {unit}", f"Edited, {unit}", "Dice, trained and edited")
    note = "A Dice of 1 means that the edits change nothing; – that neither mask holds the class."
    return Table(title=title, header=header, rows=compared, note=note)


def evaluation_tables(title: str, found: Evaluation) -> tuple[Table, ...]:
    """A mask measured against a reference: its classes over the series, and its worst slices."""
    header = (
        "Class",
        "Dice",
        "IoU",
        f"HD95, {found.unit}",
        f"Mean surface distance, {found.unit}",
        "Volume, mL",
        "Reference, mL",
        "Lesions found / missed / extra",
    )
    rows = tuple(_score(score) for score in found.classes)
    why = {
        text
        for score in found.classes
        for text in (score.why_no_overlap, score.why_no_distance, score.why_no_volume)
        if text
    }
    about = f"{title}: {len(found.slices)} of {found.total} slices"
    tables = [Table(title=about, header=header, rows=rows, note=" ".join(sorted(why)))]
    worst = _worst(found)
    if len(found.slices) > 1 and worst:
        names = tuple(score.name for score in found.classes)
        said = f"{title}: the slices with the lowest Dice"
        tables.append(Table(title=said, header=("Slice", "Mean", *names), rows=worst))
    return tuple(tables)


def _score(score: ClassScore) -> tuple[str, ...]:
    lesions = MISSING
    if score.lesions is not None:
        lesions = f"{score.lesions.found} / {score.lesions.missed} / {score.lesions.extra}"
    return (
        score.name,
        _number(score.dice, 3),
        _number(score.iou, 3),
        _number(score.hd95, 2),
        _number(score.distance, 2),
        _number(score.volume, 2),
        _number(score.reference_volume, 2),
        lesions,
    )


def _worst(found: Evaluation) -> tuple[tuple[str, ...], ...]:
    """The slices with the lowest Dice, the worst first, in the mean of the classes they hold."""
    means = []
    for scored in found.slices:
        values = [score.dice for score in scored.classes if not np.isnan(score.dice)]
        if values:
            means.append((float(np.mean(values)), scored))
    means.sort(key=lambda each: (each[0], each[1].index))
    return tuple(
        (
            str(scored.index + 1),
            _number(mean, 3),
            *(_number(score.dice, 3) for score in scored.classes),
        )
        for mean, scored in means[:WORST]
    )


def _number(value: float, digits: int) -> str:
    return MISSING if np.isnan(value) else f"{value:,.{digits}f}"


def _name(classes: Sequence[ClassLabel], label: int) -> str:
    return classes[label].name if label < len(classes) else f"Class {label}"
