"""``unetscope evaluate``: masks of a network measured against a reference."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from unetscope.command_line.assessing import Assessor, Evaluated, without
from unetscope.command_line.inputs import check, open_model, open_series
from unetscope.command_line.outcome import Outcome
from unetscope.command_line.saying import Voice, number
from unetscope.command_line.segmenting import Segmenter
from unetscope.disk_files import DiskFiles
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.evaluation import ClassScore
from unetscope.domain.report_measures import evaluation_tables

COLUMNS = (
    *("study", "series", "slice", "class", "dice", "iou", "hd95", "mean_surface_distance", "unit"),
    *("volume_ml", "reference_ml", "lesions_found", "lesions_missed", "lesions_extra", "remark"),
)
WIDEST = 100  # characters of the table where nobody says how wide it may be


def run(options: argparse.Namespace, voice: Voice) -> Outcome:
    """Do it; see the command's own help."""
    files = DiskFiles()
    if len(options.reference) not in (1, len(options.studies)):
        raise UnetscopeError(
            f"There are {len(options.studies)} studies and {len(options.reference)} references.",
            "Give --reference once, or once for each study in the same order.",
        )
    model = open_model(options, files, voice)
    found = []
    with Segmenter() as segmenter:
        assessor = Assessor(options, model, segmenter, files, voice)
        for opened in open_series(options, files, voice):
            check(opened, model, voice)
            path = options.reference[(opened.study - 1) % len(options.reference)]
            found.append(assessor.evaluated(opened, path))
    found.sort(key=lambda each: each.worst)
    for each in found:
        _print(each, voice, several=len(found) > 1)
    if options.out is not None:
        files.write_bytes(options.out, as_csv(found).encode())
        voice.say(f"Saved {options.out.name}.")
    voice.say("Research use only.")
    voice.result({"ok": True, "model": model.told, "evaluations": [_json(each) for each in found]})
    gaps = any(each.segmented.unread or without(model.card, each.matching) for each in found)
    return Outcome.GAPS if gaps else Outcome.DONE


def _print(each: Evaluated, voice: Voice, *, several: bool) -> None:
    """A table for a person."""
    if voice.as_json or voice.quiet:
        return
    where = f"Study {each.opened.study}, series {each.opened.number}: " if several else ""
    said, *worst = evaluation_tables(f"{where}Masks beside {each.reference.name}", each.evaluation)
    console = Console()
    if not console.is_terminal:
        console.width = WIDEST
    for one in (said, *worst):
        table = Table(title=one.title, title_justify="left", box=box.SIMPLE)
        for at, name in enumerate(one.header):
            table.add_column(name, justify="right" if at else "left")
        for row in one.rows:
            table.add_row(*row)
        console.print(table, markup=False, highlight=False)
        if one.note:
            voice.say(one.note)


def _why(score: ClassScore) -> str:
    """Why numbers of a class are missing; empty where none is."""
    reasons = dict.fromkeys([score.why_no_overlap, score.why_no_distance, score.why_no_volume])
    return " ".join(reason for reason in reasons if reason)


def as_csv(found: Iterable[Evaluated]) -> str:
    """All numbers as one table: each class over the series (slice ``all``), then by slice."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in found:
        for score in each.evaluation.classes:
            writer.writerow(_row(each, "all", score))
        for one in each.evaluation.slices:
            for score in one.classes:
                writer.writerow(_row(each, str(one.index + 1), score))
    return text.getvalue()


def _row(each: Evaluated, where: str, score: ClassScore) -> list[str]:
    opened, lesions = each.opened, score.lesions or ("", "", "")
    cells = (
        *(opened.study, opened.number, where, score.name, score.dice, score.iou, score.hd95),
        *(score.distance, each.evaluation.unit, score.volume, score.reference_volume, *lesions),
    )
    return [*map(_cell, cells), _why(score) if where == "all" else ""]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"
    return str(value)


def _json(each: Evaluated) -> dict[str, Any]:
    return {
        **each.opened.told,
        "reference": {
            "file": each.reference.name,
            "kind": each.reference.kind,
            "matching": {str(index): list(numbers) for index, numbers in each.matching},
        },
        "slices_segmented": len(each.segmented.known),
        "milliseconds_per_slice": round(each.segmented.milliseconds, 2),
        "unit": each.evaluation.unit,
        "classes": [_score(score) for score in each.evaluation.classes],
        "by_slice": [
            {"slice": one.index + 1, "classes": [_score(score) for score in one.classes]}
            for one in each.evaluation.slices
        ],
    }


def _score(score: ClassScore) -> dict[str, Any]:
    return {
        "index": score.index,
        "name": score.name,
        "dice": number(score.dice),
        "iou": number(score.iou),
        "hd95": number(score.hd95),
        "mean_surface_distance": number(score.distance),
        "volume_ml": number(score.volume),
        "reference_ml": number(score.reference_volume),
        "lesions": score.lesions._asdict() if score.lesions else None,
        "remark": _why(score),
    }
