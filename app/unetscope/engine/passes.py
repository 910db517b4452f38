"""The passes kept for one image: trained, what a drag starts from, and what is in force."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from unetscope.domain.errors import EditError
from unetscope.domain.interventions import PatchSkip
from unetscope.engine.context import Context, Tensor
from unetscope.engine.forward import Forward
from unetscope.engine.situation import TRAINED, Situation

KEPT_IMAGES = 8
DEEPEST = 8  # passes that stand on each other; rounding adds up, a little, with each


class Passes:
    """Goes from one set of edits to the next by the smallest difference.

    While one thing is dragged every step is computed from the pass before the drag, so that nothing
    drifts, and taking it back gives that pass itself.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._inputs: dict[int, Tensor] = {}
        self._kept: list[Forward] = []

    @property
    def has_image(self) -> bool:
        """Whether there is an image."""
        return bool(self._kept)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The image, in the order of the network's inputs."""
        return tuple(self._inputs.values())

    @property
    def trained(self) -> Forward:
        """The pass without edits."""
        return self._kept[0]

    @property
    def current(self) -> Forward:
        """The pass with the edits in force."""
        return self._kept[-1]

    @property
    def layers_run(self) -> int:
        """Layers brought up to date since the last image or edit came."""
        return self.current.layers_run if self._kept else 0

    def forget(self) -> None:
        """Drop the image and all that was computed for it."""
        for one in self._kept:
            one.drop()
        self._kept = []

    def set_image(self, tensors: Sequence[Tensor], situation: Situation) -> None:
        """Take a new image, in the order of the network's inputs."""
        _check_donors(situation, tensors)
        self.forget()
        self._inputs = dict(zip(self._context.program.inputs, tensors, strict=True))
        self._kept = [Forward(self._context, self._inputs, TRAINED)]
        self.follow(situation)

    def follow(self, situation: Situation) -> None:
        """Make a pass for these edits the current one; nothing is computed yet.

        Raises
        ------
        EditError
            The image of a patched skip connection is not like the one shown.
        """
        if not self._kept:
            return
        _check_donors(situation, self.inputs)
        program = self._context.program
        best, work = self._kept[0], float("inf")
        for one in self._kept:  # the oldest of equals: what a drag started from
            starts = situation.starts(one.situation, program)
            cost = program.work(program.reached(starts)) if starts else 0.0
            if cost < work and (not starts or one.depth < DEEPEST):
                best, work = one, cost
        new = [Forward(self._context, self._inputs, situation, best)] if work else []
        kept = [self._kept[0], *([best] if best is not self._kept[0] else []), *new]
        for one in self._kept:
            if one not in kept:
                one.drop()
        self._kept = kept


class Album:
    """The passes of the images shown last, so that going back to one costs nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept: OrderedDict[str, Passes] = OrderedDict()

    def show(self, tensors: Sequence[Tensor], key: str, situation: Situation) -> Passes:
        """Give the passes of an image, known by its key or new where that is empty."""
        passes = self._kept.get(key) if key else None
        if passes is not None and passes.has_image:
            passes.follow(situation)
        else:
            passes = Passes(self._context)
            passes.set_image(tensors, situation)
            if key in self._kept:
                self._kept.pop(key).forget()
            self._kept[key] = passes
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_IMAGES:
            self._kept.popitem(last=False)[1].forget()
        return passes


def _check_donors(situation: Situation, inputs: Sequence[Tensor]) -> None:
    for edit in (edit for edits in situation.skips.values() for edit in edits):
        if not isinstance(edit, PatchSkip):
            continue
        shown = tuple(inputs[0].shape[1:])
        found = np.shape(edit.image)
        if len(inputs) != 1 or shown not in (found, (*found, 1)):
            raise EditError(
                f"The image of a patch must be like the one shown, {shown}, but found {found}.",
                "Take another slice of the same series.",
            )
