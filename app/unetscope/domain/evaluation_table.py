"""Evaluations as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

import numpy as np

from unetscope.domain.evaluation import ClassScore, Evaluation
from unetscope.domain.history import Edits
from unetscope.domain.network import Network

Row = tuple[str | int, ...]


def evaluation_csv(
    found: Mapping[str, Evaluation], network: Network | None = None, edits: Edits = ()
) -> str:
    """All numbers as CSV: for each network its classes over the series, then slice by slice.

    Where there is no number the field is empty, and the remarks say why. No patient is named.

    Parameters
    ----------
    found : mapping of str to Evaluation
        By what the network is called: ``trained``, ``edited``.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(("Unetscope", "masks measured against a reference", "research use only"))
    if network is not None:
        write(("model", network.path.name, network.fingerprint))
    for edit in edits:
        write(("edit", edit.label))
    for name, evaluation in found.items():
        for row in _rows(name, evaluation):
            write(row)
    return out.getvalue()


def _rows(name: str, found: Evaluation) -> Iterator[Row]:
    head = (
        "class",
        "Dice",
        "IoU",
        f"HD95 {found.unit}",
        f"mean surface distance {found.unit}",
        "volume mL",
        "reference volume mL",
        "voxels",
        "reference voxels",
        "lesions found",
        "lesions missed",
        "lesions extra",
        "remarks",
    )
    yield ()
    yield (f"{name} network", f"{len(found.slices)} of {found.total} slices")
    yield head
    for score in found.classes:
        yield _row(score)
    yield ()
    yield ("slice", *head)
    for scored in found.slices:
        for score in scored.classes:
            yield (scored.index + 1, *_row(score))


def _row(score: ClassScore) -> Row:
    overlap, distances = (score.dice, score.iou), (score.hd95, score.distance)
    numbers = (*overlap, *distances, score.volume, score.reference_volume)
    remarks = (score.why_no_overlap or score.why_no_distance, score.why_no_volume)
    return (
        score.name,
        *("" if np.isnan(number) else f"{number:.6g}" for number in numbers),
        score.voxels,
        score.reference_voxels,
        *(score.lesions or ("", "", "")),
        " ".join(each for each in remarks if each),
    )
