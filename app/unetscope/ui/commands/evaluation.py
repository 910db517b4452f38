"""References and the evaluation against them: entries of the File, View and Compare menus."""

from __future__ import annotations

from unetscope.domain.session import Session
from unetscope.ui.commands.command import Command, called, has_both, has_series


def has_reference(s: Session) -> bool:
    """A reference is open, and its series is shown."""
    reference = s.evaluating.reference
    return reference is not None and s.series is not None and s.series.uid == reference.series


def _is_evaluated(s: Session) -> bool:
    return has_reference(s) and s.network is not None


REFERENCE_FILES: tuple[Command, ...] = (
    Command(
        id="file.open_reference",
        text=called("Open reference…"),
        ask=lambda w: w.evaluation.ask_open(),
        enabled=has_series,
        shortcut="Ctrl+Alt+R",
        tip="Open a mask made by somebody else: DICOM SEG, RTSTRUCT, NIfTI or NRRD",
    ),
    Command(
        id="file.close_reference",
        text=called("Close reference"),
        ask=lambda w: w.presenters.evaluation.panel.close(),
        enabled=lambda s: s.evaluating.reference is not None,
        tip="Put the reference away; its file stays as it is",
    ),
)

EVALUATION: tuple[Command, ...] = (
    Command(
        id="view.reference",
        text=called("Reference"),
        change=lambda s: s.evaluate(s.evaluating.toggle_outline()),
        enabled=has_reference,
        checked=lambda s: s.evaluating.outlined,
        shortcut="Shift+O",
        tip="Show or hide the border of the reference on the slice, dashed",
    ),
    Command(
        id="compare.evaluate",
        text=called("Evaluate against the reference"),
        ask=lambda w: w.evaluation.start(),
        enabled=has_both,
        shortcut="Ctrl+Shift+R",
        tip="Segment every slice in the background and measure the masks against the reference",
    ),
    Command(
        id="compare.match_reference",
        text=called("Match the reference's structures…"),
        ask=lambda w: w.evaluation.ask_matching(),
        enabled=_is_evaluated,
        tip="Say which structures of the reference are which class of the model",
    ),
    Command(
        id="compare.copy_scores",
        text=called("Copy table of scores"),
        ask=lambda w: w.evaluation.panel.copy_table(),
        enabled=_is_evaluated,
        tip="Copy Dice, distances and volumes by class, for a spreadsheet",
    ),
    Command(
        id="compare.save_scores",
        text=called("Save scores as CSV…"),
        ask=lambda w: w.evaluation.panel.save_table(),
        enabled=_is_evaluated,
        tip="Write all scores by class and by slice; no patient is named in them",
    ),
)
