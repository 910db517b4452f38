"""What is under the cursor: values, voxel, patient position, label, probability."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.comparing import Way
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.window import apply_window
from unetscope.state.desk import Desk
from unetscope.state.display import Display, class_probability
from unetscope.state.jobs import Jobs
from unetscope.state.live import Live, SliceKey
from unetscope.state.store import Store

Lines = tuple[str, ...]


class Probe:
    """Reads what the slice shown says at a pixel; stored values are fetched in the background."""

    came = Signal()
    """Stored values of the slice shown came: there is more to tell."""

    def __init__(self, store: Store, jobs: Jobs, desk: Desk, live: Live, display: Display) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._live = live
        self._display = display
        self._wanted: tuple[SliceKey, object] | None = None
        self._raw: NDArray[np.generic] | None = None

    def __call__(self, row: int, column: int, *, trained: bool = False) -> Lines:
        """What there is at a pixel of the slice as it was acquired; nothing beside it.

        With `trained` the label is the trained network's, whatever is shown elsewhere.
        """
        shown, series = self._live.shown, self._desk.shown
        if shown is None or series is None:
            return ()
        rows, columns = shown.values.shape
        if not (0 <= row < rows and 0 <= column < columns):
            return ()
        value = shown.values[row, column]
        units = f" {series.units}" if series.units else ""
        window = self._display.window(shown)
        grey = int(apply_window(shown.values[row : row + 1, column], window)[0])
        if series.monochrome1 != self._store.session.inverted:
            grey = 255 - grey
        raw = self._stored()
        stored = "" if raw is None or raw.shape != (rows, columns) else f"raw {raw[row, column]}   "
        texts = [
            f"{stored}value {value:g}{units}   shown {grey}   "
            f"voxel ({shown.key.index}, {row}, {column})"
        ]
        if series.has_orientation:
            x, y, z = (series.affine @ [shown.key.index, row, column, 1])[:3]
            sides = (("L", "R", x), ("P", "A", y), ("H", "F", z))
            where = "  ".join(f"{pos if v >= 0 else neg} {abs(v):.1f}" for pos, neg, v in sides)
            texts.append(f"{where} mm")
        return (*texts, *self._label_at(row, column, trained))

    def _stored(self) -> NDArray[np.generic] | None:
        """Stored values of the slice shown; None until they are read."""
        shown, series = self._live.shown, self._desk.shown
        if shown is None or series is None:
            return None
        wanted = (shown.key, series)
        if wanted != self._wanted:
            self._wanted, self._raw = wanted, None
            self._jobs.submit(
                "raw",
                lambda _: series.raw(shown.key.index),
                done=partial(self._came, wanted),
                failed=self._failed,
            )
        return self._raw

    def _came(self, wanted: tuple[SliceKey, object], raw: NDArray[np.generic]) -> None:
        if wanted == self._wanted:
            self._raw = raw
            self.came.emit()

    def _failed(self, _: UnetscopeError) -> None:
        """The slice itself tells why it cannot be read."""

    def _label_at(self, row: int, column: int, trained: bool) -> Lines:
        session, answer, masks = self._store.session, self._display.answer(), self._display.masks()
        card, trained = session.card, trained or session.show_trained
        mask, other = masks if trained else masks[::-1]
        if card is None or mask is None:
            return ()
        label = int(mask[row, column])
        chosen = session.viewer.probability
        asked = label if chosen is None else chosen
        name, of = (
            card.classes[k].name if k < len(card.classes) else f"Class {k}" for k in (label, asked)
        )
        probabilities = answer.look.probabilities if answer else None
        if session.comparing.seen is Way.DELTA and other is not None:
            before = int(other[row, column])
            was = card.classes[before].name if before < len(card.classes) else f"Class {before}"
            return (name if before == label else f"{was} → {name}",)
        if answer is None or probabilities is None or trained:
            return (name,)
        size = answer.placement.size
        fed = [round(at) for at in answer.placement.to_input(row, column)]
        if not all(0 <= at < length for at, length in zip(fed, size, strict=True)):
            return (f"{name} (outside what the network was shown)",)
        grid = probabilities.shape[:2]  # coarser than the input in some networks
        r, c = (round((x + 0.5) * n / s - 0.5) for x, n, s in zip(fed, grid, size, strict=True))
        share = float(class_probability(probabilities, asked)[r, c])
        which = "" if asked == label else f"{of} "
        return (f"{name}  {which}p {share:.2f} (uncalibrated)",)
