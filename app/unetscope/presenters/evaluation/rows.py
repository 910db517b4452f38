"""Scores as rows of the table: numbers, what they say in words, and why there is none."""

from __future__ import annotations

import numpy as np

from unetscope.domain.evaluation import ClassScore, Measure
from unetscope.presenters.evaluation.view import EMPTY, ScoreRow


def score_row(
    score: ClassScore, unit: str, name: str, colour: str | None, *, trained: bool = False
) -> ScoreRow:
    """One class as a row; `unit` is that of distances."""
    lesions = score.lesions
    found = f"{lesions.found}/{lesions.missed}" if lesions else EMPTY
    extra = str(lesions.extra) if lesions else EMPTY
    said = ("Counted over the series, once all slices have a mask.",) * 2
    if lesions:
        said = (
            f"{lesions.found} pieces of the reference share a voxel with the mask, "
            f"{lesions.missed} do not",
            f"{lesions.extra} pieces of the mask share no voxel with the reference",
        )
    no_overlap, no_distance = score.why_no_overlap, score.why_no_distance
    amounts = (score.volume, score.reference_volume)
    texts = (
        name,
        number_text(score.dice, Measure.DICE),
        number_text(score.iou, Measure.IOU),
        number_text(score.hd95, Measure.HD95),
        number_text(score.distance, Measure.DISTANCE),
        *(_millilitres(each) for each in amounts),
        found,
        extra,
    )
    voxels = (
        f"{score.voxels:,} voxels of the mask",
        f"{score.reference_voxels:,} voxels of the reference",
    )
    tips = (
        score.name,
        no_overlap or "Dice: twice the shared voxels over those of both; 1 is the same",
        no_overlap or "IoU: shared voxels over those of either; 1 is the same",
        no_distance or f"HD95: 95 % of both surfaces lie within {texts[3]} {unit} of the other",
        no_distance or f"Surfaces lie {texts[4]} {unit} apart on average",
        f"{voxels[0]}. {score.why_no_volume or _difference(score)}".strip(),
        f"{voxels[1]}. {score.why_no_volume}".strip(),
        *said,
    )
    return ScoreRow(texts=texts, tips=tips, colour=colour, share=score.dice, trained=trained)


def _difference(score: ClassScore) -> str:
    return f"{score.difference:+,.2f} mL against the reference"


def number_text(value: float, measure: Measure) -> str:
    """A number as the table has it."""
    if np.isnan(value):
        return EMPTY
    if measure.is_overlap:
        return f"{value:.3f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _millilitres(value: float) -> str:
    if np.isnan(value):
        return EMPTY
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value else "0"


def curve_unit(measure: Measure, unit: str) -> str:
    """What a curve of a measure is in."""
    if measure.is_overlap:
        return measure.value
    return f"{measure.value.lower()}, {'mL' if measure is Measure.DIFFERENCE else unit}"
