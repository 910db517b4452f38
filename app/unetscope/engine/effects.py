"""What each feature map of a layer does to the mask: silence it, run what it reaches, compare."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.effects import Effects, How
from unetscope.domain.errors import ModelError
from unetscope.domain.interventions import SilenceMap
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Floats
from unetscope.engine.forward import Forward
from unetscope.engine.segmentation import Segmentation

Step = tuple[int, int, Effects]
PIECE = 0.04  # seconds of work before a request may be answered in between


class _PauseError(Exception):
    """The piece of work is over; what was computed is kept."""


class Clock:
    """Pauses a pass when its time is up; it goes on from where it was."""

    def __init__(self, piece: float = PIECE) -> None:
        self._piece = self._allowed = piece
        self._began = perf_counter()

    def __call__(self) -> None:
        """Stop the pass when the time is up."""
        if perf_counter() - self._began > self._allowed:
            self._allowed = 2 * self._allowed + 1e-3  # so that it ends even with nothing kept
            raise _PauseError

    def run(self, work: Callable[[], object]) -> Iterator[None]:
        """Do some work, yielding whenever its time is up."""
        self._allowed = self._piece
        while True:
            self._began = perf_counter()
            try:
                work()
            except _PauseError:
                yield
            else:
                return


def sweep(
    base: Forward,
    segmentation: Segmentation,
    layer: str,
    *,
    how: How = "zero",
    reference: Labels | None = None,
    channels: Sequence[int] | None = None,
) -> Generator[Step, None, None]:
    """Silence each feature map in turn; nothing of the network or of the pass is changed.

    Parameters
    ----------
    base : Forward
        The pass to compare with.
    segmentation : Segmentation
        How its output is read.
    layer : str
        The layer whose maps are silenced.
    how, reference, channels
        As in `SweepRequest`.

    Yields
    ------
    (done, total, effects)
        After every piece of work; the last one is complete.

    Raises
    ------
    ModelError
        The layer has no feature maps, or the reference is of another size.
    """
    count = base.program.graph[layer].channels or 0
    wanted = tuple(range(count)) if channels is None else tuple(channels)
    rows = {channel: (channel,) for channel in wanted}
    return _silenced(base, segmentation, layer, rows, count, how, reference)


def group_sweep(
    base: Forward,
    segmentation: Segmentation,
    layer: str,
    groups: Sequence[Sequence[int]],
    *,
    how: How = "zero",
    reference: Labels | None = None,
) -> Generator[Step, None, None]:
    """Silence the feature maps of each group together; otherwise as `sweep`.

    Parameters
    ----------
    groups : sequence of sequence of int
        Each is a row of the effects; an empty one is the mask as it is.

    Raises
    ------
    EditError
        The layer has no such feature map.
    """
    rows = {row: tuple(sorted(set(group))) for row, group in enumerate(groups)}
    return _silenced(base, segmentation, layer, rows, len(rows), how, reference)


def _silenced(
    base: Forward,
    segmentation: Segmentation,
    layer: str,
    rows: Mapping[int, tuple[int, ...]],
    count: int,
    how: How,
    reference: Labels | None,
) -> Generator[Step, None, None]:
    """Make one pass for each row, and compare its mask with that of the base."""
    program = base.program
    if not program.graph[layer].channels:
        raise ModelError(f"Layer {layer} has no feature maps to silence.", "Choose another layer.")
    output, node = program.index[segmentation.output], program.index[layer]
    before = _Reading(base, segmentation, output)
    if reference is not None and reference.shape != before.mask.shape:
        raise ModelError(
            f"The reference has {reference.shape} pixels, but the mask {before.mask.shape}.",
            "Bring it to the network's grid first.",
        )
    effects = _empty(layer, count, before, reference)
    for done, (row, maps) in enumerate(rows.items()):
        after = before
        if maps:
            clock = Clock()
            one = base.with_edits([SilenceMap(layer, channel, how) for channel in maps], clock)
            needed = output if output in one.reached else node
            try:
                for _ in clock.run(lambda one=one, needed=needed: one.pull((needed,))):  # type: ignore[misc]
                    yield done, len(rows), effects
                one.checkpoint = None
                if output in one.reached:
                    after = _Reading(one, segmentation, output)
            finally:
                one.drop()
        _compare(effects, row, before, after, reference)
        yield done + 1, len(rows), effects


class _Reading:
    """Probabilities and mask of a pass."""

    def __init__(self, one: Forward, segmentation: Segmentation, output: int) -> None:
        self.probabilities: Floats = segmentation.probabilities(one.array(output)[0])
        self.mask = segmentation.mask_of(self.probabilities)
        self.classes = max(self.probabilities.shape[-1], 2) + segmentation.has_background


def _empty(layer: str, count: int, before: _Reading, reference: Labels | None) -> Effects:
    def unknown() -> Floats:
        return np.full((count, before.classes), np.nan, np.float32)

    return Effects(
        layer=layer,
        changed_pixels=np.full(count, -1, np.int64),
        mean_probability_change=np.full(count, np.nan, np.float32),
        dice_with_current=unknown(),
        dice_with_reference=None if reference is None else unknown(),
        dice_now=None if reference is None else _overlap(reference, before),
    )


def _compare(
    effects: Effects, row: int, before: _Reading, after: _Reading, reference: Labels | None
) -> None:
    table = _joint(before.mask, after.mask, before.classes)
    effects.changed_pixels[row] = int(table.sum() - np.trace(table))
    change = np.abs(after.probabilities - before.probabilities)
    effects.mean_probability_change[row] = change.mean()
    effects.dice_with_current[row] = _dice(table)
    if reference is not None and effects.dice_with_reference is not None:
        effects.dice_with_reference[row] = _overlap(reference, after)


def _overlap(reference: Labels, reading: _Reading) -> Floats:
    return _dice(_joint(reference, reading.mask, reading.classes))


def _joint(some: Labels, others: Labels, classes: int) -> NDArray[np.int64]:
    """How many pixels have each pair of labels."""
    pairs = np.minimum(some, classes - 1).astype(np.intp) * classes + others
    counted = np.bincount(pairs.ravel(), minlength=classes * classes)
    return counted.astype(np.int64).reshape(classes, classes)


def _dice(table: NDArray[np.int64]) -> Floats:
    both, size = 2.0 * np.diag(table), table.sum(0) + table.sum(1)
    result = np.full(len(table), np.nan, np.float32)
    np.divide(both, size, out=result, where=size > 0, casting="unsafe")
    return result
