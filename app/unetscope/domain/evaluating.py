"""What was chosen for the evaluation against a reference; part of the session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PureWindowsPath

from unetscope.domain.evaluation import Measure
from unetscope.domain.reference import Matching


@dataclass(frozen=True, slots=True)
class ReferenceChoice:
    """A reference by its file, and the series that it was opened for.

    Attributes
    ----------
    path : str
        Of the file.
    series : str
        Key of the series.
    matching : Matching or None
        Which segments make which class, where the user has said so; None for what is proposed.
    """

    path: str
    series: str
    matching: Matching | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluating:
    """The reference, how it is shown, and which measure is looked at.

    Attributes
    ----------
    outlined : bool
        The reference is drawn on the slice.
    measure : Measure
        What the curve shows, and what slices are ordered by.
    label : int or None
        The class of the curve; None for the mean of all.
    """

    reference: ReferenceChoice | None = None
    outlined: bool = True
    measure: Measure = Measure.DICE
    label: int | None = None

    def open(self, reference: ReferenceChoice | None) -> Evaluating:
        """Evaluate against a reference, which is drawn then; None closes it."""
        return replace(self, reference=reference, outlined=True)

    def match(self, matching: Matching | None) -> Evaluating:
        """Have these segments make the classes; None for what is proposed."""
        if self.reference is None:
            return self
        return replace(self, reference=replace(self.reference, matching=matching))

    def toggle_outline(self) -> Evaluating:
        """Draw the reference on the slice, or leave it out."""
        return replace(self, outlined=not self.outlined)

    def look_at(self, measure: Measure) -> Evaluating:
        """Show another measure."""
        return replace(self, measure=measure)

    def of_class(self, label: int | None) -> Evaluating:
        """Show the curve of one class, or the mean of all."""
        return replace(self, label=label)

    def from_file(self) -> Evaluating:
        """As a session's file may have it: no file of anybody's may lead to another computer."""
        if self.reference is None or not PureWindowsPath(self.reference.path).drive.startswith(
            "\\\\"
        ):
            return self
        return replace(self, reference=None)


NOT_EVALUATING = Evaluating()
