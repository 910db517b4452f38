"""What is said of a ranking of feature maps: numbers in a line, and tables for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from unetscope.domain.effects import Effects
from unetscope.domain.explaining.ranking import (
    Names,
    RankBy,
    Ranking,
    RankKind,
    choices,
    labels_of,
    name_of,
    rank,
)

NOTE = "research use only"


def axis_of(found: Ranking, names: Names) -> str:
    """What the numbers of a ranking are."""
    if found.by.kind is RankKind.DICE:
        said = found.by.said(names, reference=found.has_reference)
        return f"Change of {said}; below 0 the map helps"
    if found.by.kind is RankKind.PIXELS:
        return "Pixels of the mask that change when a map is silenced"
    return "Mean change of probability (uncalibrated) when a map is silenced"


def tip_of(found: Ranking, feature_map: int, names: Names) -> str:
    """All numbers about a map, a line each; empty where nothing is known."""
    place = found.rank_of(feature_map)
    if place is None:
        return ""
    against = "the reference" if found.has_reference else "the mask as it is"
    lines = [
        f"map {feature_map}: rank {place} of {len(found.maps)}",
        f"silenced, its Dice with {against} changes:",
        *(f"   {told}" for told in _changes(found, feature_map, names)),
        f"{found.effects.changed_pixels[feature_map]:,} pixels of the mask change",
    ]
    return "\n".join(lines)


def line_of(found: Ranking, feature_map: int, names: Names) -> str:
    """The same in one line; the numbers of classes are changes of Dice."""
    place = found.rank_of(feature_map)
    if place is None:
        return ""
    changes = ", ".join(_changes(found, feature_map, names))
    pixels = f"{found.effects.changed_pixels[feature_map]:,} pixels change"
    return f"Map {feature_map}, rank {place} of {len(found.maps)}: {changes}; {pixels}"


def _changes(found: Ranking, feature_map: int, names: Names) -> list[str]:
    by = RankBy()
    mean = float(rank(found.effects, by, found.labels).change[feature_map])
    each = found.per_class(feature_map)
    told = [f"{name_of(label, names)} {by.number(change)}" for label, change in each.items()]
    return [*told, f"mean {by.number(mean)}"]


def table_of(found: Ranking, names: Names) -> str:
    """A ranking as rows of tab-separated values, for a spreadsheet."""
    kinds = choices(found.labels)
    tables = [rank(found.effects, by, found.labels).change for by in kinds]
    rows = ["\t".join(("rank", "feature map", *(by.short(names) for by in kinds)))]
    for place, index in enumerate(found.maps, 1):
        numbers = (f"{table[index]:.6g}" for table in tables)
        rows.append("\t".join((str(place), str(index), *numbers)))
    return "\n".join(rows)


HEAD = ("layer", "feature map", "silenced to", "measure", "class", "change", "rank")


def ranking_csv(
    measured: Sequence[tuple[Effects, str]],
    names: Names,
    labels: Sequence[int] | None = None,
    about: Mapping[str, str] | None = None,
) -> str:
    """All effects as a tidy table: a line for each map, measure and class.

    Parameters
    ----------
    measured : sequence of (Effects, str)
        Of one layer or several, with what maps were silenced to.
    names : mapping of int to str
        What the classes are called.
    labels : sequence of int, optional
        As in `rank`.
    about : mapping of str to str, optional
        More columns, the same in each line: network, slice, what is to be known.
    """
    about = {**(about or {}), "note": NOTE}
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write((*HEAD, *about))
    for effects, how in measured:
        chosen = labels_of(effects) if labels is None else tuple(labels)
        for by in choices(chosen):
            found, is_dice = rank(effects, by, chosen), by.kind is RankKind.DICE
            against = "the reference" if found.has_reference else "the mask as it is"
            measure = f"change of Dice with {against}" if is_dice else by.kind.value
            which = "mean" if by.label is None else name_of(by.label, names)
            for place, index in enumerate(found.maps, 1):
                line = (effects.layer, index, how, measure, which if is_dice else "")
                write((*line, f"{found.change[index]:.7g}", place, *about.values()))
    return out.getvalue()
