"""The commands ``segment``, ``evaluate`` and ``report``, and how they end."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from unetscope.command_line.inputs import SAMPLE
from unetscope.command_line.outcome import Outcome
from unetscope.command_line.saying import Voice
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.export import FORMATS, Format

EXIT_CODES = (
    "Exit codes: 0 done; 1 it could not be done, the sentence says why; 2 the command is not "
    "right; 3 done, but with gaps that a warning names; 130 stopped by Ctrl+C. Research use only."
)


def run(arguments: Sequence[str]) -> int:
    """Run a command; gives the exit code."""
    options = parser().parse_args(arguments)
    voice = Voice(as_json=options.json, quiet=options.quiet)
    command = importlib.import_module(f"unetscope.command_line.{options.command}")
    try:
        return int(command.run(options, voice))
    except UnetscopeError as error:
        voice.fail(error.what, error.hint)
        return Outcome.FAILED
    except KeyboardInterrupt:
        voice.fail("Stopped.", "What was written before is whole; nothing else was begun.")
        return Outcome.STOPPED


def parser() -> argparse.ArgumentParser:
    """All commands."""
    made = argparse.ArgumentParser(prog="unetscope", epilog=EXIT_CODES)
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    segment = _command(commands, "segment", "segment whole series, and write the masks to files")
    segment.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where the files go"
    )
    segment.add_argument(
        "--format",
        type=_formats,
        default=(Format.SEG,),
        metavar="F,F",
        help="; ".join(f"{form.value}: {about.name}" for form, about in FORMATS.items())
        + ". Default: seg",
    )
    segment.add_argument(
        "--keep-identity",
        action="store_true",
        help="leave name, dates and UIDs of the patient in the files; without it they are removed",
    )
    segment.add_argument("--overwrite", action="store_true", help="replace files that are there")

    evaluate = _command(commands, "evaluate", "measure the masks of series against references")
    _add_reference(evaluate, required=True)
    evaluate.add_argument(
        "--out", type=Path, metavar="FILE.csv", help="a table, series and slice by slice"
    )

    report = _command(commands, "report", "write a report of one series: HTML or PDF")
    _add_reference(report, required=False)
    report.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="ends in .html or .pdf"
    )
    report.add_argument(
        "--slice", type=int, metavar="N", help="the slice in the pictures, from 1; default: middle"
    )
    return made


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, purpose: str
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=purpose, description=purpose, epilog=EXIT_CODES)
    made.add_argument(
        "studies",
        nargs="+",
        metavar="STUDY",
        help=f"file, folder or zip of DICOM, or NIfTI; “{SAMPLE}” is the sample study",
    )
    made.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help=f".keras, .h5, .hdf5 or SavedModel folder; “{SAMPLE}” is the sample network",
    )
    made.add_argument(
        "--edits", type=Path, metavar="FILE", help="a list of edits to put in force: .edits.json"
    )
    made.add_argument(
        "--other-model",
        action="store_true",
        help="apply edits that were made for another model, where they fit",
    )
    made.add_argument(
        "--series", metavar="N", help="number of the series, or all; default: that of most slices"
    )
    made.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    made.add_argument("--quiet", action="store_true", help="print only warnings and errors")
    return made


def _add_reference(made: argparse.ArgumentParser, *, required: bool) -> None:
    made.add_argument(
        "--reference",
        type=Path,
        action="append",
        required=required,
        metavar="FILE",
        help="DICOM SEG, RTSTRUCT, NIfTI or NRRD; once, or once for each study",
    )
    made.add_argument(
        "--match",
        metavar="CLASS=SEGMENT,…",
        help="which segments of the reference are which class, by number or name; "
        "default: those of the same name, code or number",
    )
    made.add_argument(
        "--other-patient", action="store_true", help="take a reference of another patient too"
    )


def _formats(text: str) -> tuple[Format, ...]:
    try:
        return tuple(dict.fromkeys(Format(each.strip().lower()) for each in text.split(",")))
    except ValueError:
        known = ", ".join(form.value for form in Format)
        raise argparse.ArgumentTypeError(f"{text!r} is not made of {known}") from None
