"""Undo and redo: a list of named steps, each holding edits and input card in force after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from unetscope.domain.card import ModelCard
from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError
from unetscope.domain.overwriting import add_edit

Edits = tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the user did.

    Attributes
    ----------
    label : str
        What it was, for "Undo …" and the history list.
    edits : tuple of Edit
        All edits in force after it.
    card : ModelCard or None
        The input card in force after it; None is the card that the model was opened with.
    """

    label: str
    edits: Edits
    card: ModelCard | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The steps taken and the steps taken back. Immutable."""

    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()

    @property
    def edits(self) -> Edits:
        """The edits in force, in order."""
        return self.done[-1].edits if self.done else ()

    @property
    def card(self) -> ModelCard | None:
        """The input card in force; None is the one that the model was opened with."""
        return self.done[-1].card if self.done else None

    def record(self, edit: Edit, *, label: str = "", same_gesture: bool = False) -> History:
        """Add an edit as a new step, or into the last step when it belongs to the same gesture.

        A drag makes many edits of one thing; the last replaces the ones before it.
        """
        earlier = self.done[:-1] if same_gesture and self.done else self.done
        before = earlier[-1].edits if earlier else ()
        return History((*earlier, Step(label or edit.label, add_edit(before, edit), self.card)))

    def record_all(self, label: str, edits: Edits) -> History:
        """Add a step after which exactly these edits are in force."""
        return History((*self.done, Step(label, edits, self.card)))

    def record_card(self, label: str, card: ModelCard, *, same_gesture: bool = False) -> History:
        """Add a step after which this input card is in force, and the same edits as before.

        One of the same gesture takes the place of the last step, if that has the same name.
        """
        goes_on = same_gesture and bool(self.done) and self.done[-1].label == label
        earlier = self.done[:-1] if goes_on else self.done
        return History((*earlier, Step(label, self.edits, card)))

    def undo(self) -> History:
        """Take the last step back; EditError when there is none."""
        if not self.done:
            raise EditError("There is nothing to undo.")
        return History(self.done[:-1], (*self.undone, self.done[-1]))

    def redo(self) -> History:
        """Take the last undone step again; EditError when there is none."""
        if not self.undone:
            raise EditError("There is nothing to redo.")
        return History((*self.done, self.undone[-1]), self.undone[:-1])

    def forget_steps(self) -> History:
        """Make one step of all that is done, and forget what was undone."""
        if len(self.done) < 2:
            return History(self.done)
        last = self.done[-1]
        return History((replace(last, label=f"{len(self.done)} steps, the last {last.label}"),))

    def jump(self, count: int) -> History:
        """Undo or redo until ``count`` steps are done, as a click in the history list does."""
        history = replace(self)
        while len(history.done) > count and history.done:
            history = history.undo()
        while len(history.done) < count and history.undone:
            history = history.redo()
        return history
