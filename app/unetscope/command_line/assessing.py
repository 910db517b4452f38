"""One series segmented, and measured against a reference where there is one."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from unetscope import resources
from unetscope.command_line.inputs import SAMPLE, OpenedModel, OpenedSeries
from unetscope.command_line.saying import Voice
from unetscope.command_line.segmenting import Segmented, Segmenter
from unetscope.disk_files import DiskFiles
from unetscope.domain.card import ClassLabel, ModelCard
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.evaluation import Evaluation, Grid
from unetscope.domain.label_matching import propose_matching
from unetscope.domain.reference import Matching, OtherPatientError, Reference
from unetscope.evaluation.evaluating import evaluate


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """One series beside its reference."""

    opened: OpenedSeries
    reference: Reference
    matching: Matching
    evaluation: Evaluation
    segmented: Segmented

    @property
    def worst(self) -> float:
        """The lowest Dice of a class; 2, after all others, where there is none."""
        known = [score.dice for score in self.evaluation.classes if score.dice == score.dice]
        return min(known, default=2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Assessor:
    """Segments series and measures them, as the options say."""

    options: argparse.Namespace
    model: OpenedModel
    segmenter: Segmenter
    files: DiskFiles
    voice: Voice

    def segmented(self, opened: OpenedSeries) -> Segmented:
        """Segment a series, with the edits in force."""
        with self.voice.bar("Segmenting") as bar:
            found = self.segmenter.segment(opened, self.model, self.model.edits, bar.step)
        for reason in found.unread:
            self.voice.warn(reason)
        return found

    def evaluated(self, opened: OpenedSeries, path: Path) -> Evaluated:
        """Segment a series and measure it against the reference in a file."""
        reference, matching = self._matched(opened, path)  # first: it is what may be wrong
        segmented = self.segmented(opened)
        wanted = [c for c in self.model.card.classes if c.index in dict(matching)]
        with self.voice.bar("Measuring") as bar:
            evaluation = evaluate(
                segmented.labels,
                reference.labels(matching),
                Grid.of(opened.series),
                wanted,
                known=segmented.known,
                step=lambda share: bar.step(round(100 * share), 100),
            )
        return Evaluated(opened, reference, matching, evaluation, segmented)

    def _matched(self, opened: OpenedSeries, path: Path) -> tuple[Reference, Matching]:
        card = self.model.card
        if str(path) == SAMPLE:
            path = resources.folder() / "sample" / "reference.nii.gz"
        try:
            reference = self.files.read_reference(
                path.absolute(),
                opened.series,
                lambda: False,
                other_patient=self.options.other_patient,
            )
        except OtherPatientError as error:
            hint = "Name the file of this patient, or say --other-patient if it is the same one."
            raise UnetscopeError(error.what, hint) from error
        for note in reference.notes:
            self.voice.warn(f"{reference.name}: {note}")
        matching = propose_matching(card.classes, reference.segments)
        if self.options.match is not None:
            matching = read_matching(self.options.match, card, reference)
        if not matching:
            segments = ", ".join(f"{each.number} {each.name}" for each in reference.segments[:12])
            raise UnetscopeError(
                f"No segment of {reference.name} is like a class of the network.",
                f"Say which is which with --match CLASS=SEGMENT. It has: {segments}.",
            )
        for label in without(card, matching):
            self.voice.warn(
                f"{reference.name} has nothing like the class {label.name}; "
                "--match can say which segment it is."
            )
        return reference, matching


def without(card: ModelCard, matching: Matching) -> list[ClassLabel]:
    """The classes of a network that have no segment."""
    return [c for c in card.classes if c.colour is not None and c.index not in dict(matching)]


def read_matching(text: str, card: ModelCard, reference: Reference) -> Matching:
    """Read ``1=2,Liver=5+6``: classes by number or name, segments by number or name.

    Raises
    ------
    UnetscopeError
        It is not like that, or there is no such class or segment.
    """
    classes = {label.name.casefold(): label.index for label in card.classes}
    classes |= {str(label.index): label.index for label in card.classes}
    segments = {each.name.casefold(): each.number for each in reference.segments}
    segments |= {str(each.number): each.number for each in reference.segments}
    found: dict[int, tuple[int, ...]] = {}
    for pair in text.split(","):
        name, equals, given = (part.strip().casefold() for part in pair.partition("="))
        numbers = [segments.get(each.strip()) for each in given.split("+")]
        if not equals or name not in classes or None in numbers:
            raise UnetscopeError(
                f"“{pair.strip()}” is no class of the network and segment of {reference.name}.",
                "Write --match CLASS=SEGMENT,CLASS=SEGMENT+SEGMENT, by number or by name.",
            )
        found[classes[name]] = tuple(each for each in numbers if each is not None)
    return tuple(sorted(found.items()))
