"""What each feature map of a layer does to the mask: silence it, run what it reaches, compare."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
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
    program = base.program
    count = program.graph[layer].channels
    output = program.index[segmentation.output]
    node = program.index[layer]
    if not count:
        raise ModelError(f"Layer {layer} has no feature maps to silence.", "Choose another layer.")
    wanted = tuple(range(count)) if channels is None else tuple(channels)
    before = _Reading(base, segmentation, output)
    if reference is not None and reference.shape != before.mask.shape:
        raise ModelError(
            f"The reference has {reference.shape} pixels, but the mask {before.mask.shape}.",
            "Bring it to the network's grid first.",
        )
    effects = _empty(layer, count, before.classes, reference is not None)
    for done, channel in enumerate(wanted):
        clock = Clock()
        one = base.with_edit(SilenceMap(layer, channel, how), clock)
        needed = output if output in one.reached else node
        for _ in clock.run(lambda one=one, needed=needed: one.pull((needed,))):  # type: ignore[misc]
            yield done, len(wanted), effects
        one.checkpoint = None
        after = _Reading(one, segmentation, output) if output in one.reached else before
        _compare(effects, channel, before, after, reference)
        one.drop()
        yield done + 1, len(wanted), effects


class _Reading:
    """Probabilities and mask of a pass."""

    def __init__(self, one: Forward, segmentation: Segmentation, output: int) -> None:
        self.probabilities: Floats = segmentation.probabilities(one.array(output)[0])
        self.mask = segmentation.mask_of(self.probabilities)
        self.classes = max(self.probabilities.shape[-1], 2) + segmentation.has_background


def _empty(layer: str, count: int, classes: int, has_reference: bool) -> Effects:
    def unknown() -> Floats:
        return np.full((count, classes), np.nan, np.float32)

    return Effects(
        layer=layer,
        changed_pixels=np.full(count, -1, np.int64),
        mean_probability_change=np.full(count, np.nan, np.float32),
        dice_with_current=unknown(),
        dice_with_reference=unknown() if has_reference else None,
    )


def _compare(
    effects: Effects, channel: int, before: _Reading, after: _Reading, reference: Labels | None
) -> None:
    classes = before.classes
    table = _joint(before.mask, after.mask, classes)
    effects.changed_pixels[channel] = int(table.sum() - np.trace(table))
    change = np.abs(after.probabilities - before.probabilities)
    effects.mean_probability_change[channel] = change.mean()
    effects.dice_with_current[channel] = _dice(table)
    if reference is not None and effects.dice_with_reference is not None:
        effects.dice_with_reference[channel] = _dice(_joint(reference, after.mask, classes))


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
