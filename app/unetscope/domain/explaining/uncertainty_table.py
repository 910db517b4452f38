"""The uncertainty of the slices of a series as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import numpy as np

from unetscope.domain.explaining.uncertainty import (
    UNCALIBRATED,
    Spread,
    UncertaintyKind,
    told,
    unit_of,
)
from unetscope.domain.explaining.uncertainty_numbers import SliceNumbers
from unetscope.domain.history import Edits
from unetscope.domain.network import Network


def uncertainty_csv(
    found: Mapping[int, SliceNumbers],
    kind: UncertaintyKind,
    spread: Spread,
    network: Network | None = None,
    edits: Edits = (),
) -> str:
    """A row for each slice that is known; no patient is named.

    Where there is no number the field is empty: a slice without a mask has no mean inside it, and
    without a reference there are no errors.

    Parameters
    ----------
    found : mapping of int to SliceNumbers
        By slice, counted from 0; the table counts from 1.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(("Unetscope", told(kind, spread), UNCALIBRATED, "research use only"))
    if network is not None:
        write(("model", network.path.name, network.fingerprint))
    for edit in edits:
        write(("edit", edit.label))
    unit = f" {unit_of(kind, spread)}".rstrip()
    zones = (f"mean inside the mask{unit}", f"mean along borders{unit}", f"mean of all{unit}")
    judged = ("pixels judged", "wrong", "wrong among the 5 % most uncertain", "AUROC")
    write(("slice", "mask pixels", *zones, *judged))
    for index in sorted(found):
        means, finding = found[index].means, found[index].finding
        errors: tuple[object, ...] = ("", "", "", "")
        if finding is not None:
            shares = (finding.error, finding.error_in_top(), finding.auroc)
            errors = (finding.pixels, *map(_number, shares))
        numbers = map(_number, (means.inside, means.border, means.whole))
        write((index + 1, means.pixels, *numbers, *errors))
    return out.getvalue()


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"
