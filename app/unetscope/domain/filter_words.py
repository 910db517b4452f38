"""What the filter gallery says: captions, tooltips, and the table that is saved."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ClassLabel
from unetscope.domain.effects import Effects
from unetscope.domain.explaining.ranking import RankBy, RankKind, dice_change
from unetscope.domain.filter_bank import Floats
from unetscope.domain.filter_gallery import Against, ColourScale, FilterGallery, Gallery, Picture
from unetscope.domain.filter_marks import CRITERIA, Marks
from unetscope.domain.filter_statistics import ActivationStatistics, WeightStatistics, effect_of
from unetscope.domain.session import Session


def as_text(kernel: Floats) -> str:
    """Rows of numbers between tabs, as a spreadsheet takes them and a kernel is pasted."""
    rows = kernel.reshape(-1, kernel.shape[-1])
    return "\n".join("\t".join(repr(float(value)) for value in row) for row in rows)


def caption_of(gallery: FilterGallery, filters: int, inputs: int, *, depthwise: bool) -> str:
    """How many kernels there are, and what the picture is of."""
    reads = "1 in each" if depthwise else f"{inputs} in"
    texts = [f"{filters} filters × {reads}"]
    if gallery.shows.is_reduced:
        over = "its input channels" if gallery.shows is Gallery.REDUCED else "its values"
        each = "filter" if gallery.shows is Gallery.REDUCED else "kernel"
        texts.append(f"{gallery.reduction.value} of each {each} over {over}")
    if gallery.picture is not Picture.NOW:
        of = "trained" if gallery.against is Against.TRAINED else "the other model"
        difference = gallery.picture is Picture.DIFFERENCE
        texts.append(f"in force minus {of}" if difference else of)
    return " · ".join(texts)


def scale_text(gallery: FilterGallery) -> str:
    """What one colour scale covers; the bar beside it says where it ends."""
    if gallery.scale_in_force is ColourScale.LAYER:
        return "one scale for the layer"
    each = "tile" if gallery.shows.is_reduced else "kernel"
    return f"scaled per {each if gallery.scale is ColourScale.KERNEL else 'filter'}"


def effect_text(
    by: RankBy,
    effect: NDArray[np.float64] | None,
    classes: Sequence[ClassLabel],
    *,
    measuring: bool,
    done: tuple[int, int],
    stale: str,
    per_map: bool,
    has_series: bool,
    at: str = "",
) -> str:
    """What the strip under a tile says, or why there is none.

    Parameters
    ----------
    at : str, optional
        The later layer whose maps were silenced in the place of the filters' own.
    """
    if not per_map:
        return "effect: not measured, for a pointwise step mixes these kernels into maps"
    if not has_series:
        return "effect: open a study to measure it"
    if measuring and effect is None:
        return "effect: measuring …"
    if effect is None:
        return "effect on the mask: not measured"
    state = f"measuring, {done[0]} of {done[1]}" if measuring else stale
    if not measuring and done[0] < done[1]:
        state = f"{done[0]} of {done[1]} measured" + (f", {stale}" if stale else "")
    known = effect[~np.isnan(effect)]
    names = {label.index: label.name for label in classes}
    if not len(known):
        told = f"{by.short(names)} is not known on this slice"
    elif by.kind is RankKind.DICE:
        told = f"{by.short(names)} falls by up to {max(known.max(), 0.0):.3g}"
    else:
        told = f"{by.short(names)}: up to {by.number(known.max())}"
    told += f", silenced in {at}" if at else ""
    return f"{state} · {told}" if state else told


def tip_of(
    gallery: FilterGallery,
    row: int,
    column: int | None,
    kernel: Floats,
    marks: Marks,
    weights: WeightStatistics | None,
    activation: ActivationStatistics | None,
    effects: Effects | None,
    classes: Sequence[tuple[int, str]],
    stale: str,
) -> str:
    """What is known of a tile, in a few lines."""
    if gallery.shows is Gallery.INPUTS:
        what = f"input channel {row}"
    else:
        what = f"filter {row}" if column is None else f"filter {row} · input channel {column}"
    low, high, norm = float(kernel.min()), float(kernel.max()), float(np.linalg.norm(kernel))
    lines = [what, f"{low:+.3g} … {high:+.3g}, norm {norm:.3g}"]
    if gallery.shows is Gallery.INPUTS:
        return "\n".join(lines + list(marks.of.get(row, ())))
    if weights is not None and row < len(weights.norm):
        lines.append(
            f"whole filter: norm {weights.norm[row]:.3g}, "
            f"{weights.sparsity[row]:.0%} of the weights practically 0"
        )
    if activation is not None and row < len(activation.mean):
        lines.append(f"mean activation on this slice {activation.mean[row]:.3g}")
    if effects is not None and row < len(effects.changed_pixels):
        lines += _effect_lines(effects, row, classes, stale)
    for word in marks.of.get(row, ()):
        lines.append(f"{word}: {CRITERIA[word]}" if word in CRITERIA else word)
        if word == "duplicate" and weights is not None and weights.duplicate_of is not None:
            lines[-1] = f"duplicate of filter {weights.duplicate_of[row]}: cosine above 0.99"
    return "\n".join(lines)


def filter_table(
    session: Session,
    marks: Marks,
    weights: WeightStatistics | None,
    activation: ActivationStatistics | None,
    effects: Effects | None,
    stale: str,
) -> str:
    """All numbers about the filters of the layer shown, as comma-separated values.

    What is not measured is left empty.
    """
    classes = session.card.classes if session.card else ()
    head = ["layer", "filter", "norm", "sparsity", "mean activation", "changed pixels"]
    head += [f"1 - Dice {label.name}" for label in classes]
    head += ["marks", "network", "slice", "effect", "note"]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(head)
    overlap = [effect_of(effects, label.index) if effects else None for label in classes]
    pixels = effect_of(effects, None) if effects else None
    network = "edited" if session.edits else "trained"
    count = len(weights.norm) if weights is not None else 0
    for index in range(count):
        table.writerow(
            [
                session.layer,
                index,
                _cell(weights.norm if weights else None, index),
                _cell(weights.sparsity if weights else None, index),
                _cell(activation.mean if activation else None, index),
                _cell(pixels, index),
                *(_cell(each, index) for each in overlap),
                " ".join(marks.of.get(index, ())),
                network,
                session.slice_index + 1 if session.series else "",
                stale or ("measured on this slice" if effects else "not measured"),
                "research use only",
            ]
        )
    return text.getvalue()


def _effect_lines(
    effects: Effects, row: int, classes: Sequence[tuple[int, str]], stale: str
) -> list[str]:
    pixels = int(effects.changed_pixels[row])
    if pixels < 0:
        return ["effect on the mask: not measured yet"]
    lines = [f"silenced, {pixels:,} pixels of the mask change"]
    if stale:
        lines[0] += f" ({stale})"
    change, against = dice_change(effects)[row], " with the reference"
    for index, name in classes:
        if index < len(change) and not np.isnan(change[index]):
            told = RankBy(label=index).number(change[index])
            lines.append(f"   {name}: Dice {told}{against if effects.dice_now is not None else ''}")
    return lines


def _cell(values: NDArray[np.floating] | None, index: int) -> str:
    if values is None or index >= len(values) or np.isnan(values[index]):
        return ""
    return f"{values[index]:.7g}"
