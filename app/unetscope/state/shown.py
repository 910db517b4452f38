"""The slice on screen, and what the network made of it."""

from __future__ import annotations

from dataclasses import dataclass

from unetscope.domain.input_grid import Placement
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Floats, Look


@dataclass(frozen=True, slots=True)
class SliceKey:
    """Which slice of which series."""

    series: str
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class ShownSlice:
    """The pixels of the slice shown: ``(rows, columns)`` float32 in the modality's units."""

    key: SliceKey
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the network made of one slice, and how its grid lies on the slice's.

    Attributes
    ----------
    look : Look
        The engine's answer.
    key : SliceKey
        The slice it belongs to.
    placement : Placement
        Where the slice lies in the network's input.
    mask, trained_mask : (rows, columns) ndarray of uint8, or None
        Labels on the slice's own grid.
    """

    look: Look
    key: SliceKey
    placement: Placement
    mask: Labels | None
    trained_mask: Labels | None
