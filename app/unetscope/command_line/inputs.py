"""What a command works on: series out of studies, and the network with its card and edits."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unetscope import resources
from unetscope.command_line.saying import Voice
from unetscope.disk_files import DiskFiles
from unetscope.domain.card import ModelCard
from unetscope.domain.edit_file import read_edits
from unetscope.domain.errors import EditError, StudyError
from unetscope.domain.export import edits_hash
from unetscope.domain.history import Edits
from unetscope.domain.in_force import what_is_in_force
from unetscope.domain.input_check import Mark, check_input
from unetscope.domain.network import Network, check_edits
from unetscope.domain.sources import SeriesSource, StudySource
from unetscope.domain.stand_ins import told
from unetscope.io.text_files import DiskTexts

SAMPLE = "sample"


@dataclass(frozen=True, slots=True, eq=False)
class OpenedSeries:
    """One series that a command works on.

    Attributes
    ----------
    study, number : int
        Of the study as it was asked for, and of the series in it; both from 1.
    together : tuple of SeriesSource
        The series of the same visit, itself among them.
    """

    study: int
    number: int
    series: SeriesSource
    together: tuple[SeriesSource, ...]

    @property
    def told(self) -> dict[str, Any]:
        """What it is, without saying who the patient is."""
        slices, rows, columns = self.series.shape
        return {
            "study": self.study,
            "series": self.number,
            "modality": self.series.modality,
            "slices": slices,
            "rows": rows,
            "columns": columns,
            "spacing_mm": [float(each) for each in self.series.spacing],
        }


@dataclass(frozen=True, slots=True, eq=False)
class OpenedModel:
    """The network that a command works with."""

    network: Network
    card: ModelCard
    edits: Edits

    @property
    def told(self) -> dict[str, Any]:
        """What it is, and what was changed."""
        return {
            "name": self.card.name,
            "file": self.network.path.name,
            "fingerprint": self.network.fingerprint,
            "card_confirmed": self.card.confirmed,
            "edits": len(self.edits),
            "edits_hash": edits_hash(self.edits),
            "edits_in_force": what_is_in_force(self.network, self.edits),
        }


def open_model(options: argparse.Namespace, files: DiskFiles, voice: Voice) -> OpenedModel:
    """Open the network that was asked for, through the same gate as in the window.

    Raises
    ------
    ModelError, EditError, UnetscopeError
        Network, card or edits cannot be used.
    """
    path = resources.sample_model() if options.model == SAMPLE else Path(options.model).absolute()
    network = files.read_network(path)
    card = files.read_card(path) or ModelCard.proposed(network.name, network.graph)
    if card.note:
        voice.warn(card.note)
    if not card.confirmed:
        voice.warn("The input card is a guess that nobody has confirmed: look at it in the window.")
    if network.replaced:
        voice.warn(told(network.replaced))
    edits: Edits = ()
    if options.edits is not None:
        found = read_edits(DiskTexts().read(options.edits), options.edits.name)
        if not found.was_made_for(network) and not options.other_model:
            raise EditError(
                f"{options.edits.name} was made for another model, {found.model}.",
                "Name that one, or say --other-model to apply what fits.",
            )
        check_edits(network, found.edits)
        edits = found.edits
    return OpenedModel(network, card, edits)


def open_series(
    options: argparse.Namespace, files: DiskFiles, voice: Voice
) -> Iterator[OpenedSeries]:
    """Open one study after the other and give the series that were asked for.

    Raises
    ------
    StudyError
        A study cannot be opened, or has no such series.
    """
    for number, given in enumerate(options.studies, start=1):
        path = resources.sample_study() if given == SAMPLE else Path(given).absolute()
        with voice.bar("Reading files") as bar:
            study = files.open_study(path, bar.step, lambda: False, lambda _: None)
        left_out = [skipped for skipped in study.skipped if not skipped.expected]
        if left_out:
            many = f"{len(left_out)} file{'s' if len(left_out) > 1 else ''}"
            reasons = sorted({skipped.reason.rstrip(".") for skipped in left_out})
            voice.warn(f"Study {number}: {many} left out: {'; '.join(reasons[:3])}.")
        for at in chosen(study, options.series):
            series = study.series[at]
            together = tuple(one for one in study.series if one.study.uid == series.study.uid)
            for warning in series.warnings:
                voice.warn(f"Study {number}, series {at + 1}: {warning}")
            yield OpenedSeries(number, at + 1, series, together)


def chosen(study: StudySource, wanted: str | None) -> tuple[int, ...]:
    """Which series are meant: by number from 1, ``all``, or left out, the one with most slices."""
    every = range(len(study.series))
    if wanted is None:
        return (max(every, key=lambda at: study.series[at].shape[0]),)
    if wanted == "all":
        return tuple(every)
    if wanted.isdecimal() and 1 <= int(wanted) <= len(every):
        return (int(wanted) - 1,)
    listed = ", ".join(
        f"{at + 1} ({study.series[at].modality or '?'}, {study.series[at].shape[0]} slices)"
        for at in every
    )
    raise StudyError(f"There is no series “{wanted}” in this study.", f"It has: {listed}.")


def check(opened: OpenedSeries, model: OpenedModel, voice: Voice) -> list[dict[str, str]]:
    """Compare the middle slice with what the network was trained on, and warn where it differs."""
    series = opened.series
    values = series.slice(series.shape[0] // 2)
    checks = check_input(series, values, model.card, model.card, model.network)
    for each in checks:
        if each.mark is Mark.MISMATCH:
            voice.warn(
                f"Study {opened.study}, series {opened.number}: {each.name} is {each.slice}, "
                f"the network was trained on {each.model}. {each.reason}".strip()
            )
    return [
        {"name": each.name, "slice": each.slice, "model": each.model, "mark": each.mark.value}
        for each in checks
    ]
