"""What the panel of the skip connections shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.explaining.recovery import FIRST_RECOVERY, RecoveryChoice, RecoveryMeasure
from unetscope.domain.explaining.switches import ON

Floats = NDArray[np.float32]
NOTHING: Floats = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class EffectBars:
    """What cutting one skip connection alone does to the mask.

    Attributes
    ----------
    text : str
        How much of the mask changes: ``4.1 %``.
    losses : tuple of (float, str or None)
        For each class how far it is from what it was, 0 to 1, and its colour.
    tip : str
        The numbers in words.
    """

    text: str
    losses: tuple[tuple[float, str | None], ...] = ()
    tip: str = ""


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """One skip connection.

    Attributes
    ----------
    text, size : str
        The way it goes, and what passes: ``256×256×16``.
    state : str
        As in `switches.Switch`.
    donor : str
        What it is patched from, if it is.
    effects : tuple of EffectBars
        Cut to zero, and to the means; fewer where they are not measured.
    """

    reader: str
    source: str
    text: str
    size: str
    state: str = ON
    donor: str = ""
    effects: tuple[EffectBars, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CurveView:
    """The recovery curve.

    Attributes
    ----------
    layers : tuple of str
        The layer behind each point: of a skip connection alone, the one that reads.
    names, bands : tuple of str
        What each point is called, and where in the U it stands.
    mean : (layers,) ndarray of float32
        1 is the donor's score, 0 that of the slice shown; NaN where nothing is known.
    by_label : tuple of (str, str or None, (layers,) ndarray of float32)
        Name, colour and curve of each class.
    told : tuple of str
        What each layer says when pointed at.
    selected : int or None
        The layer that the other panels show.
    joined : int
        How many of the first points are layers one after the other.
    """

    layers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    mean: Floats = field(default_factory=lambda: NOTHING)
    by_label: tuple[tuple[str, str | None, Floats], ...] = ()
    told: tuple[str, ...] = ()
    selected: int | None = None
    joined: int = 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SkipsView:
    """Switches and curve.

    Attributes
    ----------
    empty : str
        What to say where there are no switches.
    summary : str
        What the switches as they stand do to the mask.
    effects_note : str
        What the measured effects are of, when that is not what is shown.
    donor : int
        The slice that switches and curve take from, from 0.
    donors : int
        How many slices there are; 0 without a series.
    choice : RecoveryChoice
    measures : tuple of RecoveryMeasure
        What can be measured now.
    can_trained : bool
        Edits are in force, so the trained network gives something else.
    measuring, recovering : bool
        That is under way.
    trouble : str
        Why no curve can be measured as it is chosen.
    caveat : str
        How the curve is to be read.
    found : str
        What the curve says, in words.
    curve_note : str
        What the curve is of, when that is not what is chosen and shown.
    """

    rows: tuple[SwitchRow, ...] = ()
    empty: str = ""
    summary: str = ""
    effects_note: str = ""
    can_measure: bool = False
    any_off: bool = False
    any_on: bool = False
    measuring: bool = False
    donor: int = 0
    donors: int = 0
    choice: RecoveryChoice = FIRST_RECOVERY
    measures: tuple[RecoveryMeasure, ...] = tuple(RecoveryMeasure)
    can_trained: bool = False
    recovering: bool = False
    trouble: str = ""
    caveat: str = ""
    found: str = ""
    curve_note: str = ""
    curve: CurveView = field(default_factory=CurveView)
