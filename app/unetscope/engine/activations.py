"""Every node's last output for one image, as trained and with the edits in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from unetscope.engine.plan import Outputs, Plan

Tensor = Any


class Activations:
    """Two generations of every node's output: trained, and edited where an edit reaches.

    A node that no edit reaches has the trained output, the very same tensor. So taking every edit
    back gives the trained result to the bit, and nothing upstream of an edit is ever run again.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._trained: dict[int, Outputs] = {}
        self._edited: dict[int, Outputs] = {}
        self._reached: frozenset[int] = frozenset()

    @property
    def has_image(self) -> bool:
        """Whether there is an image."""
        return all(i in self._trained for i in self._plan.inputs)

    @property
    def reached(self) -> frozenset[int]:
        """Indices of the nodes that an edit in force reaches."""
        return self._reached

    def forget(self) -> None:
        """Drop the image and all that was computed for it."""
        self._trained.clear()
        self._edited.clear()

    def set_image(self, tensors: Sequence[Tensor]) -> None:
        """Take new inputs, in the model's order; everything becomes stale."""
        self.forget()
        for i, tensor in zip(self._plan.inputs, tensors, strict=True):
            self._trained[i] = (tensor,)

    def weights_changed(self, changed: Iterable[str], differing: Iterable[str]) -> None:
        """Make stale what the changed layers reach.

        Parameters
        ----------
        changed : iterable of str
            Layers whose weights are other than a moment ago.
        differing : iterable of str
            Layers whose weights are other than trained.
        """
        self._reached = self._plan.reached(differing)
        changed_reach = self._plan.reached(changed)
        self._edited = {
            i: outputs
            for i, outputs in self._edited.items()
            if i in self._reached and i not in changed_reach
        }

    def refresh(self) -> int:
        """Run what is stale under the weights in force; gives the number of nodes run."""
        stale = frozenset(i for i in self._plan.computed if not self._is_fresh(i))
        if not stale:
            return 0
        fresh = self._plan.suffix(stale)(self._in_force())
        for i, outputs in fresh.items():
            (self._edited if i in self._reached else self._trained)[i] = outputs
        return len(stale)

    @property
    def trained_is_missing(self) -> bool:
        """Whether the trained outputs have to be computed, with the trained weights assigned."""
        return any(i not in self._trained for i in self._plan.computed)

    def refresh_trained(self) -> None:
        """Run what is missing of the trained outputs; the trained weights must be assigned."""
        missing = frozenset(i for i in self._plan.computed if i not in self._trained)
        self._trained.update(self._plan.suffix(missing)(self._trained))

    def edited(self, index: int) -> Tensor:
        """A node's first output with the edits in force; `refresh` first."""
        return self._in_force()[index][0]

    def trained(self, index: int) -> Tensor:
        """A node's first output as trained; `refresh_trained` first where it is missing."""
        return self._trained[index][0]

    def _is_fresh(self, index: int) -> bool:
        return index in (self._edited if index in self._reached else self._trained)

    def _in_force(self) -> dict[int, Outputs]:
        kept = {i: out for i, out in self._trained.items() if i not in self._reached}
        return kept | self._edited
