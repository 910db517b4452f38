"""The reference of the slice shown on the grid of the network's output."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from psygnal import SignalInstance

from unetscope.domain.explaining.on_grid import on_output
from unetscope.domain.metrics import Labels
from unetscope.state.live import Live
from unetscope.state.references import References


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What the mask of the slice shown is compared with.

    Attributes
    ----------
    key : str
        Equal keys mean equal labels of equal classes.
    labels : (H, W) ndarray of uint8
        In the model's classes.
    classes : tuple of int
        Those that the reference has something for.
    """

    key: str
    labels: Labels
    classes: tuple[int, ...]


class OutputReference:
    """Brings the reference to the output's grid; made anew only when slice or reference change."""

    def __init__(self, live: Live, references: References) -> None:
        self._live = live
        self._references = references
        self.changed: SignalInstance = references.changed
        self._of: tuple[object, object] = (None, None)
        self._given: Given | None = None

    @property
    def waits(self) -> bool:
        """Whether there is a reference, but no mask yet to tell the grid."""
        shown = self._live.shown
        known = shown is not None and self._references.slice_labels(shown.key.index) is not None
        return known and self.now() is None

    def now(self) -> Given | None:
        """The reference; None without one, or while the slice has no mask."""
        shown, answer = self._live.shown, self._live.answer
        if shown is None or answer is None or answer.key != shown.key or answer.look.mask is None:
            return None
        labels = self._references.slice_labels(shown.key.index)
        if labels is None or labels.shape != answer.placement.slice_shape:
            return None
        rows, columns = answer.look.mask.shape
        classes = tuple(each.index for each in self._references.classes())
        made_of = (answer.placement, rows, columns, classes)
        if self._of[0] is not labels or self._of[1] != made_of:
            brought = on_output(labels, answer.placement, (rows, columns))
            brought.flags.writeable = False
            digest = hashlib.sha256(brought.tobytes()).hexdigest()
            self._given = Given(f"{digest}/{classes}", brought, classes)
            self._of = (labels, made_of)
        return self._given
