"""What a dissection says, in words and as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from unetscope.domain.card import ClassLabel
from unetscope.domain.explaining.dissection import LEAST, Dissection
from unetscope.domain.history import Edits
from unetscope.domain.network import Network


def name_of(label: int, classes: Sequence[ClassLabel]) -> str:
    """What a label is called."""
    return next((each.name for each in classes if each.index == label), f"label {label}")


def structures(classes: Sequence[ClassLabel]) -> tuple[int, ...]:
    """The labels that are structures: those with a colour, for a background has none."""
    return tuple(each.index for each in classes if each.colour is not None)


@dataclass(frozen=True, slots=True)
class Badge:
    """What a map follows, for its tile: ``Grey matter, IoU 0.41``, and the label's colour."""

    text: str
    colour: str


NO_BADGES: Mapping[int, Badge] = {}


def badges(found: Dissection, classes: Sequence[ClassLabel]) -> Mapping[int, Badge]:
    """Badges of the maps that follow a structure with an IoU of 0.1 or more, by map."""
    named = {each.index: each for each in classes if each.colour is not None}
    return {
        one.map: Badge(f"{named[one.label].name}, IoU {one.iou:.2f}", named[one.label].colour or "")
        for one in found.ranked(named)
        if one.iou >= LEAST
    }


def summary(found: Dissection, among: Sequence[int], against: str, of: int) -> str:
    """The layer in a sentence, and what the labels are.

    Parameters
    ----------
    found : Dissection
    among : sequence of int
        The labels that count.
    against : str
        ``the reference`` or ``the network's own mask``.
    of : int
        How many slices the series has.
    """
    following = found.following(among)
    how_many = f"{following} of {found.maps} maps follow a label (IoU {LEAST} or more)"
    slices = f"{of} slices" if found.slices == of else f"{found.slices} of {of} slices"
    return f"{how_many} · {slices} against {against}"


def in_short(found: Dissection, classes: Sequence[ClassLabel]) -> str:
    """``9 of 32 maps follow a label; map 12 best: Grey matter, IoU 0.41``."""
    told = badges(found, classes)
    said = f"{len(told)} of {found.maps} maps follow a label"
    if not told:
        return said
    first = next(iter(told))
    return f"{said}; map {first} best: {told[first].text}"


def best_of_each(found: Dissection, classes: Sequence[ClassLabel], among: Sequence[int]) -> str:
    """The best overlap of any map with each label: ``White matter 0.53, Grey matter 0.36``."""
    best = [ranked[0] for label in among if (ranked := found.ranked([label]))]
    best.sort(key=lambda one: -one.iou)
    return ", ".join(f"{name_of(one.label, classes)} {one.iou:.2f}" for one in best)


def dissection_csv(
    layers: Sequence[Dissection],
    classes: Sequence[ClassLabel],
    against: str,
    network: Network | None = None,
    edits: Edits = (),
    note: str = "",
) -> str:
    """All numbers of some layers as CSV, a row for each map and label; no patient is named.

    Where there is no number the field is empty.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(
        (
            *("layer", "feature map", "label", "name", "IoU", "IoU is of slices with no say"),
            *("IoU on the slices the threshold was chosen on", "IoU above the top 0.5 %"),
            *("threshold", "share of slices with IoU of 0.1 or more", "pixels of the label"),
            *("slices", "labels from", "model", "network", "note"),
        )
    )
    model = network.fingerprint if network is not None else ""
    remarks = "; ".join(each for each in (note, "research use only") if each)
    for found in layers:
        seen = np.flatnonzero(found.pixels).tolist()
        for index, label in product(range(found.maps), seen):
            write(
                (
                    *(found.layer, index, label, name_of(label, classes)),
                    _number(found.iou[index, label]),
                    "yes" if found.held_out[label] else "no",
                    _number(found.chosen_iou[index, label]),
                    _number(found.top_iou[index, label]),
                    _number(found.thresholds[index, label]),
                    _number(found.shares[index, label]),
                    int(found.pixels[label]),
                    *(found.slices, against, model, "edited" if edits else "trained", remarks),
                )
            )
    return out.getvalue()


def _number(value: float | np.floating) -> str:
    return "" if np.isnan(value) else f"{float(value):.6g}"
