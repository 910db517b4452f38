"""What a report says about a slice, a network with its edits, and what it made of the slice.

Of the study only what tells nobody who the patient is: no names, dates, descriptions or UIDs.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from unetscope.domain import stand_ins
from unetscope.domain.card import ModelCard
from unetscope.domain.comparing import counts
from unetscope.domain.edits import Edit
from unetscope.domain.export import edits_hash
from unetscope.domain.history import Edits
from unetscope.domain.in_force import what_is_in_force
from unetscope.domain.input_check import (
    Check,
    Mark,
    check_input,
    input_note,
    plane_of,
    slice_orientation,
)
from unetscope.domain.metrics import Labels
from unetscope.domain.network import Network
from unetscope.domain.planes import AS_ACQUIRED, Turn
from unetscope.domain.ports import Floats
from unetscope.domain.report import Facts, Picture, Report, Table
from unetscope.domain.report_measures import changes_table
from unetscope.domain.report_pictures import Grey, SeenSlice, slice_pictures, tensor_picture
from unetscope.domain.sources import SeriesSource

WRITTEN = 9  # values of an edit that are written out
PACKAGES = ("unetscope", "numpy", "keras", "tensorflow-cpu", "tensorflow", "pydicom", "nibabel")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Subject:
    """What a report is about.

    Attributes
    ----------
    values : (rows, columns) ndarray of float32
        The slice, in the units of the series.
    grey : (rows, columns) ndarray of uint8
        The same through its window.
    card, saved : ModelCard
        The card in force, and as it was read, proposed or last saved.
    trained, mask : (rows, columns) ndarray of uint8, or None
        Masks of the network as it was trained, and with the edits in force.
    reference : (rows, columns) ndarray of uint8, or None
        A mask made by someone else, in the classes of the card.
    fed : (H, W) or (H, W, C) ndarray of float32, or None
        Exactly what the network got.
    turn : Turn
        How the pictures are turned.
    """

    series: SeriesSource
    index: int
    values: Floats
    grey: Grey
    network: Network
    card: ModelCard
    saved: ModelCard
    edits: Edits = ()
    trained: Labels | None = None
    mask: Labels | None = None
    reference: Labels | None = None
    fed: Floats | None = None
    turn: Turn = AS_ACQUIRED
    opacity: float = 0.45


def make_report(
    subject: Subject,
    *,
    date: str,
    measures: Iterable[Table] = (),
    pictures: Iterable[Picture] = (),
    warnings: Iterable[str] = (),
) -> Report:
    """Put a report together; equal subjects give equal reports, but for the date.

    Parameters
    ----------
    date : str
        As it is to be read; nothing here asks a clock.
    measures, pictures, warnings : optional
        What is known beyond the slice itself; they come after the report's own.
    """
    card, saved = (_without_series(one) for one in (subject.card, subject.saved))
    checks = check_input(subject.series, subject.values, card, saved, subject.network)
    edited = what_is_in_force(subject.network, subject.edits)
    return Report(
        date=date,
        edited=edited,
        warnings=(*_warnings(subject, checks), *warnings),
        study=_study(subject.series, subject.index),
        model=(*_model(subject.network, subject.card, subject.saved), *_edits_said(subject.edits)),
        classes=card.classes,
        checks=checks,
        steps=card.preprocessing.steps,
        edits=tuple((edit.label, values_of(edit)) for edit in subject.edits),
        pictures=(*_pictures(subject), *pictures),
        measures=(*_slice_table(subject), *measures),
        versions=versions(),
    )


def _pictures(subject: Subject) -> list[Picture]:
    """The slice, its masks, and what the network was fed."""
    seen = SeenSlice(
        number=subject.index + 1,
        grey=subject.grey,
        classes=subject.card.classes,
        trained=subject.trained if subject.edits else None,
        edited=subject.mask,
        reference=subject.reference,
        spacing=subject.series.spacing[1:],
        turn=subject.turn,
        opacity=subject.opacity,
    )
    fed = [] if subject.fed is None else [tensor_picture(subject.fed)]
    return [*slice_pictures(seen), *fed]


def _without_series(card: ModelCard) -> ModelCard:
    """The card without names of series, which a scanner's operator wrote."""
    steps = card.preprocessing
    names = {source.series for source in steps.sources if source.series}
    called = {name: f"series {number}" for number, name in enumerate(sorted(names), start=1)}
    sources = tuple(replace(one, series=called.get(one.series, "")) for one in steps.sources)
    said = card.trained_on.get("channel_source")
    if not isinstance(said, list | tuple):
        return replace(card, preprocessing=replace(steps, sources=sources))
    listed = [
        {**one, "series": called.get(str(one.get("series", "")), "another series")}
        if isinstance(one, dict) and one.get("series")
        else one
        for one in said
    ]
    trained_on = {**card.trained_on, "channel_source": listed}
    return replace(card, preprocessing=replace(steps, sources=sources), trained_on=trained_on)


# ------------------------------------------------------------------------------------- in words


def _study(series: SeriesSource, index: int) -> Facts:
    slices, rows, columns = series.shape
    apart, high, wide = series.spacing
    if series.geometry_sure:
        spacing = f"{high:.4g} × {wide:.4g} mm, slices {apart:.4g} mm apart"
    elif series.calibrated:
        spacing = f"{high:.4g} × {wide:.4g} mm, distance between slices not sure"
    else:
        spacing = "not known"
    return (
        ("Modality", series.modality or "not said"),
        ("Plane", plane_of(series) or "not known"),
        ("Orientation", _lies(series)),
        ("Matrix", f"{rows} × {columns}"),
        ("Spacing", spacing),
        ("Slices", str(slices)),
        ("Slice in the pictures", f"{index + 1} of {slices}"),
        ("Units", series.units or "arbitrary"),
    )


def _lies(series: SeriesSource) -> str:
    letters = slice_orientation(series)
    if not letters:
        return "not known"
    return f"{letters[0]} at the right edge, {letters[1:]} at the bottom, as acquired"


def _model(network: Network, card: ModelCard, saved: ModelCard) -> Facts:
    graph = network.graph
    inputs = [layer for layer in graph.layers if layer.kind == "InputLayer"]
    parameters = sum(array.size for arrays in network.trained.values() for array in arrays)
    state = "confirmed" if card.confirmed else "not confirmed by anybody"
    if card != saved:
        state += ", changed since it was saved"
    said = {key: card.content.get(key) for key in ("source", "licence")}
    facts = (
        ("Name", card.name),
        ("File", network.path.name),
        ("Fingerprint", network.file_fingerprint),
        ("Input", " and ".join(_shape(layer.output_shape) for layer in inputs)),
        ("Output", " and ".join(_shape(graph[name].output_shape) for name in graph.outputs)),
        ("Layers", str(len(graph.layers))),
        ("Parameters", f"{parameters:,}"),
        ("Input card", state),
        ("Source", said["source"] if isinstance(said["source"], str) else ""),
        ("Licence", said["licence"] if isinstance(said["licence"], str) else ""),
    )
    return tuple((name, text) for name, text in facts if text)


def _edits_said(edits: Edits) -> Facts:
    count = f"{len(edits)} edit{'s' if len(edits) > 1 else ''}"
    return (("Edits", f"{count}, {edits_hash(edits)}"),) if edits else (("Edits", "none"),)


def _shape(shape: tuple[int | None, ...] | None) -> str:
    if not shape:
        return ""
    return "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"


def _warnings(subject: Subject, checks: tuple[Check, ...]) -> list[str]:
    said = [stand_ins.told(subject.network.replaced), subject.card.note]
    note = input_note(subject.card, subject.saved, subject.series.modality)
    if note:
        said.append(f"{note[0].upper()}{note[1:]}.")
    differ = [check.name.lower() for check in checks if check.mark is Mark.MISMATCH]
    if differ:
        said.append(f"The slice is not what the network was trained on: {', '.join(differ)}.")
    if subject.mask is None:
        said.append("There is no mask of this slice.")
    return [*filter(None, said), *map(_without_reason, subject.series.warnings)]


def _without_reason(warning: str) -> str:
    """A warning without what is in brackets at its end: the reason may name a file."""
    return re.sub(r" \(.*\)\.$", ".", warning, flags=re.DOTALL)


def values_of(edit: Edit) -> str:
    """The numbers of an edit: few of them written out, of many the shape and the range."""
    said = []
    for item in fields(edit):
        value = getattr(edit, item.name)
        if item.name in ("layer", "filter", "feature_map", "source", "name") or value is None:
            continue
        if item.name == "weights":
            said.append(f"{len(value)} arrays")
        elif isinstance(value, np.ndarray) and value.ndim:
            said.append(_array_said(value))
        elif isinstance(value, float | np.ndarray | np.floating):
            said.append(f"{item.name} {float(value):.6g}")
        else:
            said.append(f"{item.name.replace('_', ' ')} {value}")
    return ", ".join(said)


def _array_said(values: NDArray[np.float32]) -> str:
    shape = "×".join(map(str, values.shape))
    if values.size <= WRITTEN:
        rows = values.reshape(-1, values.shape[-1]).tolist()
        numbers = " / ".join(" ".join(f"{number:.4g}" for number in row) for row in rows)
        return f"{shape}: {numbers}"
    return f"{shape} values from {values.min():.4g} to {values.max():.4g}"


def versions() -> Facts:
    """What the numbers were computed with; packages that are not here are left out."""
    found = []
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return (*found, ("python", platform.python_version()), ("system", platform.system()))


def _slice_table(subject: Subject) -> tuple[Table, ...]:
    """How much of each class the slice holds, before and after the edits."""
    mask, classes = subject.mask, subject.card.classes
    if mask is None:
        return ()
    before = mask if subject.trained is None else subject.trained
    rows, columns = subject.series.spacing[1:]
    known = subject.series.calibrated
    return (
        changes_table(
            f"Slice {subject.index + 1}: area of each class",
            counts(before, mask, len(classes)),
            classes,
            edited=bool(subject.edits),
            unit="mm²" if known else "pixels",
            per=rows * columns if known else 1.0,
            digits=1 if known else 0,
        ),
    )
