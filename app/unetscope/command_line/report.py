"""``unetscope report``: a page about one series, its masks and the network that made them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from unetscope.command_line.assessing import Assessor
from unetscope.command_line.inputs import OpenedModel, OpenedSeries, check, open_model, open_series
from unetscope.command_line.outcome import Outcome
from unetscope.command_line.saying import Voice
from unetscope.command_line.segmenting import Segmented, Segmenter
from unetscope.disk_files import DiskFiles
from unetscope.domain.comparing import counts
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.report import Report, Table, report_html
from unetscope.domain.report_measures import changes_table, evaluation_tables
from unetscope.domain.reporting import Subject, make_report
from unetscope.domain.window import auto_window
from unetscope.state.display import grey_levels

ENDINGS = (".html", ".htm", ".pdf")


def run(options: argparse.Namespace, voice: Voice) -> Outcome:
    """Do it; see the command's own help."""
    files, out = DiskFiles(), Path(options.out)
    if out.suffix.lower() not in ENDINGS:
        raise UnetscopeError(f"{out.name} is no report.", "Let --out end in .html or .pdf.")
    if len(options.studies) > 1 or options.series == "all":
        raise UnetscopeError("A report is about one series.", "Name one study, and a --series.")
    model = open_model(options, files, voice)
    with Segmenter() as segmenter:
        assessor = Assessor(options, model, segmenter, files, voice)
        (opened,) = open_series(options, files, voice)
        checks = check(opened, model, voice)
        evaluated = None
        if options.reference:
            evaluated = assessor.evaluated(opened, options.reference[0])
            segmented, kind = evaluated.segmented, evaluated.reference.kind
            title = f"Mask against the reference ({kind})"
            measures = evaluation_tables(title, evaluated.evaluation)
        else:
            segmented = assessor.segmented(opened)
            measures = (_volumes(opened, model, segmented),)
        subject = _subject(opened, model, segmented, segmenter, options)
        if evaluated is not None:
            drawn = evaluated.reference.slice_labels(evaluated.matching, subject.index)
            subject = replace(subject, reference=drawn)
    report = _report(subject, measures, voice)
    files.write_bytes(out, _content(report, out.suffix.lower()))
    voice.say(f"Saved {out.name}; the patient’s identity is not in it. Research use only.")
    voice.result(
        {
            "ok": True,
            "model": model.told,
            "series": {**opened.told, "checks": checks},
            "slice": subject.index + 1,
            "path": str(out),
        }
    )
    return Outcome.GAPS if segmented.unread else Outcome.DONE


def _subject(
    opened: OpenedSeries,
    model: OpenedModel,
    segmented: Segmented,
    segmenter: Segmenter,
    options: argparse.Namespace,
) -> Subject:
    """The slice that is pictured."""
    series = opened.series
    slices = series.shape[0]
    index = slices // 2 if options.slice is None else options.slice - 1
    if not 0 <= index < slices:
        raise UnetscopeError(f"There is no slice {index + 1}.", f"It goes from 1 to {slices}.")
    values = series.slice(index)
    window = series.window(index) or auto_window(values, series.padding_range)
    fed, trained = segmenter.one(opened, model, index, ())
    return Subject(
        series=series,
        index=index,
        values=values,
        grey=grey_levels(values, window, series, inverted=series.monochrome1),
        network=model.network,
        card=model.card,
        saved=model.card,
        edits=model.edits,
        trained=trained,
        mask=segmented.labels[index] if index in segmented.known else None,
        fed=fed.image,
    )


def _volumes(opened: OpenedSeries, model: OpenedModel, segmented: Segmented) -> Table:
    """How much of each class the slices hold."""
    series, masks = opened.series, segmented.labels[list(segmented.known)]
    voxel = float(np.prod(series.spacing))
    sure = series.geometry_sure and voxel > 0
    title = f"Series: volume of each class in {len(masks)} of {series.shape[0]} slices"
    classes = model.card.classes
    table = counts(masks, masks, len(classes))
    unit, per, digits = ("mL", voxel / 1000, 1) if sure else ("voxels", 1.0, 0)
    return changes_table(title, table, classes, edited=False, unit=unit, per=per, digits=digits)


def _report(subject: Subject, measures: Iterable[Table], voice: Voice) -> Report:
    date = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    return make_report(subject, date=date, measures=measures, warnings=voice.warnings)


def _content(report: Report, ending: str) -> bytes:
    if ending != ".pdf":
        return report_html(report).encode()
    from unetscope.ui.report_pdf import report_pdf_without_window

    return report_pdf_without_window(report)
