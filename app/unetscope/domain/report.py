"""The report: what was segmented, by which network with which edits, as one page of HTML.

The page is complete in itself: no scripts, no links, pictures within. The same report gives the
same text, byte by byte.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape

from unetscope.domain.card import ClassLabel
from unetscope.domain.input_check import Check, Mark
from unetscope.domain.report_styles import PAPER, SCREEN

RESEARCH = "Research use only — not for diagnosis."
_SIGNS = {Mark.MATCH: "✓ match", Mark.MISMATCH: "≠ mismatch", Mark.UNKNOWN: "? unknown"}
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
ACROSS = 3  # pictures in a row

Row = tuple[str, ...]
Facts = tuple[tuple[str, str], ...]
"""Lines of a name and what is to be said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Numbers in rows.

    Attributes
    ----------
    title : str
        Of the table; empty for none.
    header : Row
        Names of the columns, units included.
    rows : tuple of Row
        As many texts each as the header has.
    note : str
        What must be known about the numbers.
    """

    title: str = ""
    header: Row
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as it stands on the page.

    Attributes
    ----------
    png : bytes
        The file.
    size : (int, int)
        Width and height on the page, in CSS pixels: 1/96 inch.
    """

    title: str
    png: bytes
    size: tuple[int, int]
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a report says; never a name, a date of the patient's or a UID.

    Attributes
    ----------
    date : str
        When the report was made, as it is to be read.
    edited : str
        What is in force beside the trained network; empty where nothing is.
    warnings : tuple of str
        What limits all that follows, a sentence each.
    study, model, versions : Facts
        Of the series, without the patient's identity; of the network; of the packages.
    steps : tuple of str
        What is done to a slice before the network gets it, a sentence each.
    measures : tuple of Table
        Numbers about masks, if there are any.
    """

    date: str
    title: str = "Segmentation report"
    edited: str = ""
    warnings: tuple[str, ...] = ()
    study: Facts = ()
    model: Facts = ()
    classes: tuple[ClassLabel, ...] = ()
    checks: tuple[Check, ...] = ()
    steps: tuple[str, ...] = ()
    edits: tuple[Row, ...] = ()
    pictures: tuple[Picture, ...] = ()
    measures: tuple[Table, ...] = ()
    versions: Facts = ()


class Medium(Enum):
    """Where the page is read: in a browser and on its paper, or laid out by a simpler reader."""

    SCREEN = (SCREEN, 1.0)
    PAPER = (PAPER, 0.72)

    def __init__(self, style: str, scale: float) -> None:
        self.style = style
        self.scale = scale  # of pictures: a row of them fits


def report_html(report: Report, medium: Medium = Medium.SCREEN) -> str:
    """A report as one self-contained HTML page."""
    title = escape(report.title)
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="quiet">Made with Unetscope, {escape(report.date)}</p>',
        f'<p class="banner">{RESEARCH}</p>',
    ]
    if report.edited:
        parts.append(f'<p class="banner">Edited network: {escape(report.edited)}.</p>')
    sections = {
        "To be known first": _list(report.warnings) if report.warnings else "",
        "Pictures": _pictures(report.pictures, medium.scale) if report.pictures else "",
        "Measures": _measures(report.measures),
        "Study": _facts(report.study) if report.study else "",
        "Network": _facts(report.model) if report.model else "",
        "Classes": _classes(report.classes) if report.classes else "",
        "Edits in force": _edits(report.edits) if report.model else "",
        "Input card: the slice beside the training": _checks(report.checks),
        "Steps before the network": _list(report.steps, "ol") if report.steps else "",
        "Versions": _facts(report.versions) if report.versions else "",
    }
    parts += [_section(name, content) for name, content in sections.items() if content]
    parts.append(f'<p class="quiet">{RESEARCH} The patient’s identity is left out.</p>')
    body = "\n".join(parts)
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="generator" content="Unetscope, research use only">\n'
        f"<title>{title}</title>\n<style>\n{medium.style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _section(name: str, content: str) -> str:
    kind = "several" if name == "Pictures" else "section"  # which of them may be parted
    return f'<div class="{kind}">\n<h2>{name}</h2>\n{content}\n</div>'


def _list(sentences: Iterable[str], kind: str = "ul") -> str:
    lines = "".join(f"<li>{escape(one)}</li>\n" for one in sentences)
    return f"<{kind}>\n{lines}</{kind}>"


def _table(header: Row, rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """A table of cells that are HTML already."""
    named = f' class="{kind}"' if kind else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    top = f"<thead><tr>{head}</tr></thead>\n" if header else ""
    lines = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>\n" for row in rows)
    return f"<table{named}>\n{top}<tbody>\n{lines}</tbody>\n</table>"


def _cell(content: str) -> str:
    return content if content.startswith("<td") else f"<td>{content}</td>"


def _facts(facts: Facts) -> str:
    rows = ((f'<td class="name">{escape(name)}</td>', escape(said)) for name, said in facts)
    return _table((), rows, "facts")


def _classes(classes: Iterable[ClassLabel]) -> str:
    rows = (
        (
            str(one.index),
            f'<td style="background-color: {escape(one.colour)}">&nbsp;</td>' if one.colour else "",
            escape(one.name),
        )
        for one in classes
    )
    return _table(("Label", "Colour", "Name"), rows)


def _checks(checks: Sequence[Check]) -> str:
    rows = (
        (
            escape(one.name),
            escape(one.slice or "—"),
            escape(one.model or "—"),
            f'<td class="{one.mark.value}">{_SIGNS[one.mark]}</td>',
            escape(one.reason),
        )
        for one in checks
    )
    head = ("", "This slice", "Trained on", "Mark", "Why")
    return _table(head, rows) if checks else ""


def _edits(edits: tuple[Row, ...]) -> str:
    if not edits:
        return "<p>None: the network is as it was trained.</p>"
    rows = ((str(number), *map(escape, row)) for number, row in enumerate(edits, start=1))
    return _table(("", "Edit", "Values"), rows)


def _measures(tables: tuple[Table, ...]) -> str:
    parts = []
    for table in tables:
        if table.title:
            parts.append(f"<h3>{escape(table.title)}</h3>")
        rows = (tuple(map(escape, row)) for row in table.rows)
        parts.append(_table(table.header, rows, "numbers"))
        if table.note:
            parts.append(f'<p class="quiet">{escape(table.note)}</p>')
    return "\n".join(parts)


def _pictures(pictures: Sequence[Picture], scale: float) -> str:
    rows = [
        [_picture(one, scale) for one in pictures[first : first + ACROSS]]
        for first in range(0, len(pictures), ACROSS)
    ]
    return _table((), rows, "pictures")


def _picture(picture: Picture, scale: float) -> str:
    width, height = (max(round(side * scale), 1) for side in picture.size)
    data = base64.b64encode(picture.png).decode("ascii")
    title = escape(picture.title)
    caption = f'<br><span class="quiet">{escape(picture.caption)}</span>' if picture.caption else ""
    return (
        f'<td><img src="data:image/png;base64,{data}" width="{width}" height="{height}" '
        f'style="aspect-ratio: {width} / {height}" alt="{title}"><br><b>{title}</b>{caption}</td>'
    )
