"""``unetscope segment``: whole series through a network, masks into files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from unetscope.command_line.inputs import OpenedModel, OpenedSeries, check, open_model, open_series
from unetscope.command_line.outcome import Outcome
from unetscope.command_line.saying import Voice
from unetscope.command_line.segmenting import Segmented, Segmenter
from unetscope.disk_files import DiskFiles
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.export import (
    FORMATS,
    Exports,
    Format,
    Maker,
    Order,
    exported_classes,
    program_version,
)
from unetscope.io.exports.writing import DiskExports


def run(options: argparse.Namespace, voice: Voice) -> Outcome:
    """Do it; see the command's own help."""
    files, exports = DiskFiles(), DiskExports()
    model = open_model(options, files, voice)
    told, gaps = [], False
    with Segmenter() as segmenter:
        for opened in open_series(options, files, voice):
            checks = check(opened, model, voice)
            for form in options.format:
                if (obstacle := exports.obstacle(opened.series, form)) is not None:
                    raise obstacle
            targets = {form: _target(options.out, opened, form, options) for form in options.format}
            _refuse_to_replace(targets, options)
            with voice.bar("Segmenting") as bar:
                segmented = segmenter.segment(opened, model, model.edits, bar.step)
            for reason in segmented.unread:
                voice.warn(reason)
            gaps |= bool(segmented.unread)
            written = _write(opened, model, segmented, targets, options, exports, voice)
            told.append(
                {
                    **opened.told,
                    "checks": checks,
                    "slices_segmented": len(segmented.known),
                    "milliseconds_per_slice": round(segmented.milliseconds, 2),
                    "files": written,
                }
            )
    voice.say("Research use only.")
    voice.result({"ok": True, "model": model.told, "series": told})
    return Outcome.GAPS if gaps else Outcome.DONE


def _write(
    opened: OpenedSeries,
    model: OpenedModel,
    segmented: Segmented,
    targets: dict[Format, Path],
    options: argparse.Namespace,
    exports: Exports,
    voice: Voice,
) -> list[dict[str, Any]]:
    """Write one series in every format; gives what is to be told of the files."""
    if not options.keep_identity:
        for concern in exports.concerns(opened.series):
            voice.warn(f"Study {opened.study}, series {opened.number}: {concern}")
    written = []
    for form, path in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        order = Order(
            path,
            form,
            segmented.labels,
            opened.series,
            exported_classes(model.card),
            Maker.of(model.network, model.card, model.edits, program_version()),
            slices=segmented.known if segmented.unread else (),
            deidentified=not options.keep_identity,
        )
        with voice.bar(f"Writing {FORMATS[form].name}") as bar:
            done = exports.write(order, bar.step, lambda: False)
        for note in done.notes:
            voice.warn(note)
        voice.say(done.sentence)
        written.append(
            {
                "format": form.value,
                "path": str(done.path),
                "files": done.files,
                "voxels_compared": done.voxels,
            }
        )
    return written


def _target(folder: Path, opened: OpenedSeries, form: Format, options: argparse.Namespace) -> Path:
    """Where a file goes: its name tells nothing about the patient."""
    inner = folder / f"study-{opened.study}" if len(options.studies) > 1 else folder
    stem = "segmentation" if options.series != "all" else f"series-{opened.number}-segmentation"
    if form is Format.CSV:
        stem = stem.replace("segmentation", "volumes")
    if form in (Format.PNG, Format.SEG_LABELMAP):
        stem += "-png" if form is Format.PNG else "-labelmap"
    return inner / f"{stem}{FORMATS[form].ending}"


def _refuse_to_replace(targets: dict[Format, Path], options: argparse.Namespace) -> None:
    for path in targets.values():
        if path.exists() and not options.overwrite:
            raise UnetscopeError(
                f"{path.name} is in that folder already.",
                "Choose another --out, or say --overwrite.",
            )
