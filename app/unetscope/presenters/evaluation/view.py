"""What the panel and the dialog of the evaluation show."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.evaluation import NAN, Measure
from unetscope.domain.reference import Matching, Reference

COLUMNS = ("class", "Dice", "IoU", "HD95", "mean", "mask", "ref.", "lesions", "extra")
WORST = 6  # slices that are listed
NOTHING: NDArray[np.float64] = np.zeros(0)
EMPTY = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One line of the table.

    Attributes
    ----------
    texts : tuple of str
        In the order of `COLUMNS`; of a heading only the first.
    tips : tuple of str
        What each says in words, or why there is no number.
    share : float
        Dice, for the bar behind it; NaN where there is none.
    heading : bool
        It says what the rows below are of.
    trained : bool
        It is of the trained network, below the row of the edited one.
    """

    texts: tuple[str, ...]
    tips: tuple[str, ...] = ()
    colour: str | None = None
    share: float = NAN
    heading: bool = False
    trained: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EvaluationView:
    """The evaluation of the series shown.

    Attributes
    ----------
    reference : str
        What it is called and what kind of file it is.
    notes : str
        What must be known about reference and numbers.
    curve, trained_curve : (slices,) ndarray of float64
        The measure by slice, NaN where it is not known; the second only where edits are in force.
    labels : tuple of (int or None, str)
        Classes that the curve can show; None is the mean of all.
    worst : tuple of (int, str)
        Slices, the worst first, and their number.
    unit, lengths : str
        What the curve is in, and distances in the table.
    missing : int
        Slices without a mask.
    beside : Path or None
        A reference that lies beside the study and can be opened.
    empty : str
        What to say where there is no table.
    """

    reference: str = ""
    notes: str = ""
    rows: tuple[ScoreRow, ...] = ()
    curve: NDArray[np.float64] = field(default_factory=lambda: NOTHING)
    trained_curve: NDArray[np.float64] = field(default_factory=lambda: NOTHING)
    unit: str = ""
    lengths: str = "mm"
    index: int = 0
    measure: Measure = Measure.DICE
    label: int | None = None
    labels: tuple[tuple[int | None, str], ...] = ()
    worst: tuple[tuple[int, str], ...] = ()
    missing: int = 0
    running: str = ""
    can_match: bool = False
    can_open: bool = False
    beside: Path | None = None
    empty: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MatchingView:
    """What the dialog asks: which segments make which class."""

    reference: Reference
    classes: tuple[tuple[int, str, str | None], ...]
    matching: Matching
    proposed: Matching
