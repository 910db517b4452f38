"""A mask measured against a reference, class by class and slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from unetscope.domain.card import ClassLabel
from unetscope.domain.comparing import counts
from unetscope.domain.errors import StudyError
from unetscope.domain.evaluation import (
    ClassScore,
    Evaluation,
    Grid,
    SliceScore,
    Tally,
    why_no_surfaces,
)
from unetscope.domain.metrics import Labels
from unetscope.evaluation.lesions import TOUCHING, lesions
from unetscope.evaluation.surfaces import distances

Step = Callable[[float], None]
"""Told the share that is done, 0 to 1; may raise to end the work."""

VOLUME = 20  # what a class over the whole series costs, in slices


def evaluate(
    mask: Labels,
    reference: Labels,
    spacing: Sequence[float] | Grid,
    classes: Sequence[ClassLabel],
    *,
    known: Collection[int] | None = None,
    neighbours: int = 26,
    step: Step | None = None,
) -> Evaluation:
    """Measure a mask against a reference.

    Where a number is not defined it is NaN and the score says why: with neither mask nor reference
    there is no Dice, with one of them Dice is 0 and there are no distances.

    Parameters
    ----------
    mask, reference : (slices, rows, columns) ndarray of uint8
        Class indices on the same grid.
    spacing : (float, float, float) or Grid
        Between slices, rows and columns, in mm; `Grid.of` a series knows what is not sure there.
    classes : sequence of ClassLabel
        What is measured; a background is left out by leaving it out here.
    known : collection of int, optional
        The slices that the mask knows; left out, all of them. If some are missing, overlap and
        volume are those of the known ones, distances and lesions are not measured over the series.
    neighbours : {26, 18, 6}
        Voxels of one lesion touch by a corner, an edge or a face.
    step : callable, optional
        Told how much is done, and may raise to end the work.

    Returns
    -------
    evaluation : Evaluation
        Definitions of the distances are in `unetscope.evaluation.surfaces`.

    Raises
    ------
    StudyError
        Mask and reference have different shapes, or are no volumes.
    ValueError
        `neighbours` is none of the three.
    """
    if mask.ndim != 3 or mask.shape != reference.shape:
        raise StudyError(
            f"The mask is {_size(mask)} and the reference {_size(reference)}.",
            "Both must be (slices, rows, columns) on the grid of one series.",
        )
    if neighbours not in TOUCHING:
        raise ValueError(f"neighbours must be 6, 18 or 26, not {neighbours}")
    total = len(mask)
    grid = spacing if isinstance(spacing, Grid) else Grid.even(spacing, total)
    which = range(total) if known is None else sorted(known)
    size = max((label.index for label in classes), default=0) + 1
    tally = Tally(classes, grid, total)
    todo, done = max(len(which) + VOLUME * len(classes), 1), 0
    step = step or (lambda _: None)
    slices = []
    for index in which:
        step(done / todo)
        tally.put(index, counts(reference[index], mask[index], size))
        scores = tally.slice(index)
        scored = (_within(score, mask[index], reference[index], grid) for score in scores)
        slices.append(SliceScore(index, tuple(scored)))
        done += 1
    whole = []
    for score in tally.whole():
        step(done / todo)
        whole.append(_across(score, mask, reference, grid, len(which), neighbours))
        done += VOLUME
    step(1.0)
    return Evaluation(
        classes=tuple(whole),
        slices=tuple(slices),
        total=total,
        unit=grid.unit,
        neighbours=neighbours,
    )


def _within(score: ClassScore, mask: Labels, reference: Labels, grid: Grid) -> ClassScore:
    """A class of one slice with its distances."""
    why = why_no_surfaces(score)
    if why:
        return replace(score, why_no_distance=why)
    found = distances(mask == score.index, reference == score.index, grid.spacing[1:])
    return replace(score, hd95=found.hd95, distance=found.mean, why_no_distance="")


def _across(
    score: ClassScore, mask: Labels, reference: Labels, grid: Grid, known: int, neighbours: int
) -> ClassScore:
    """A class of the series with its lesions, and its distances where they are defined."""
    if known < len(mask):
        return replace(score, why_no_distance=f"{known} of {len(mask)} slices have a mask.")
    one, other = mask == score.index, reference == score.index
    score = replace(score, lesions=lesions(one, other, neighbours))
    why = why_no_surfaces(score) or grid.no_depth
    if why:
        return replace(score, why_no_distance=why)
    found = distances(one, other, grid.spacing)
    return replace(score, hd95=found.hd95, distance=found.mean, why_no_distance="")


def _size(mask: Labels) -> str:
    return " × ".join(map(str, np.shape(mask)))
