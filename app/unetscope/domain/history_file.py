"""A history as plain JSON and back, exact to the bit: whole, or what has changed since.

A step says how many edits of the one before it stay and which come after them: an edit itself
where it is new, else its number in the order in which they first came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from unetscope.domain.card import ClassLabel, ModelCard, class_colour
from unetscope.domain.edit_file import packed, unpacked
from unetscope.domain.edits import Edit
from unetscope.domain.history import Edits, History, Step
from unetscope.domain.plain_values import WRONG, Reader, to_plain
from unetscope.domain.preprocess import Preprocessing

MOST_STEPS = 100_000
LABEL = 4096  # characters of the name of a step that are kept


def steps_of(history: History) -> tuple[Step, ...]:
    """All steps in order, those that were undone last."""
    return (*history.done, *reversed(history.undone))


def history_of(steps: tuple[Step, ...], done: int) -> History:
    """The history in which so many of the steps are done."""
    return History(steps[:done], tuple(reversed(steps[done:])))


class HistoryWriter:
    """Writes what has changed in a history since it was last asked; at first, all of it."""

    def __init__(self) -> None:
        self._steps: tuple[Step, ...] = ()
        self._done = 0
        self._numbers: dict[int, int] = {}  # of an edit, by identity
        self._written: list[Edit] = []  # in that order; they must not go while they have numbers

    def change_to(self, history: History) -> dict[str, Any] | None:
        """What leads from the history last given to this one; None where nothing does."""
        steps, done = steps_of(history), len(history.done)
        keep = same_start(self._steps, steps)
        if keep == len(steps) == len(self._steps) and done == self._done:
            return None
        written = []
        before = steps[keep - 1] if keep else Step("", ())
        for step in steps[keep:]:
            written.append(self._step(before, step))
            before = step
        self._steps, self._done = steps, done
        return {"keep": keep, "steps": written, "done": done}

    def _step(self, before: Step, step: Step) -> dict[str, Any]:
        keep = same_start(before.edits, step.edits)
        entry: dict[str, Any] = {
            "label": step.label,
            "keep": keep,
            "edits": [self._edit(edit) for edit in step.edits[keep:]],
        }
        if step.card is not before.card:
            entry["card"] = step.card and card_to_plain(step.card)
        return entry

    def _edit(self, edit: Edit) -> dict[str, Any] | int:
        number = self._numbers.get(id(edit))
        if number is not None:
            return number
        self._numbers[id(edit)] = len(self._written)
        self._written.append(edit)
        return packed(edit)


class HistoryReader:
    """Goes through what a `HistoryWriter` wrote.

    Attributes
    ----------
    problems : list of str
        Steps that could not be read; none that comes after one is kept.
    """

    def __init__(self) -> None:
        self._steps: tuple[Step, ...] = ()
        self._done = 0
        self._known: list[Edit] = []
        self.problems: list[str] = []

    @property
    def history(self) -> History:
        """What was read so far."""
        return history_of(self._steps, min(self._done, len(self._steps)))

    def take(self, change: object) -> None:
        """Read one change."""
        try:
            assert isinstance(change, dict)
            keep, done = change["keep"], change["done"]
            entries = change["steps"]
            if not (_is_count(keep, len(self._steps)) and isinstance(entries, list)):
                raise ValueError("keep")
            if not _is_count(done, min(keep + len(entries), MOST_STEPS)):
                raise ValueError("done")
        except (AssertionError, *WRONG):
            self.problems.append("history")
            return
        steps = list(self._steps[:keep])
        for entry in entries:
            try:
                steps.append(self._step(steps[-1] if steps else Step("", ()), entry))
            except (AttributeError, IndexError, *WRONG):
                self.problems.append(f"step {len(steps) + 1} and those after it")
                break
        self._steps, self._done = tuple(steps), done

    def _step(self, before: Step, entry: Mapping[str, Any]) -> Step:
        label, keep = str(entry["label"])[:LABEL], entry["keep"]
        if not _is_count(keep, len(before.edits)):
            raise ValueError("keep")
        edits: Edits = (*before.edits[:keep], *map(self._edit, entry["edits"]))
        card = before.card
        if "card" in entry:
            card = None if entry["card"] is None else card_from_plain(entry["card"])
        return Step(label, edits, card)

    def _edit(self, entry: Any) -> Edit:
        if isinstance(entry, int):
            return self._known[entry] if entry >= 0 else self._known[len(self._known)]
        edit = unpacked(entry)
        self._known.append(edit)
        return edit


def same_start(some: Sequence[object], others: Sequence[object]) -> int:
    """How many at the start are the very same."""
    pairs = takewhile(lambda pair: pair[0] is pair[1], zip(some, others, strict=False))
    return sum(1 for _ in pairs)


def _is_count(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def card_to_plain(card: ModelCard) -> dict[str, Any]:
    """An input card as JSON, all that it says and nothing made up for it."""
    return {
        "name": card.name,
        "steps": card.preprocessing.to_json(),
        "classes": to_plain(card.classes),
        "trained_on": dict(card.trained_on),
        "confirmed": card.confirmed,
        "content": dict(card.content),
        "note": card.note,
    }


def card_from_plain(plain: Mapping[str, Any]) -> ModelCard:
    """The card that `card_to_plain` wrote; see `plain_values.Reader.read` for what it raises."""
    reader = Reader()
    classes = reader.read(tuple[ClassLabel, ...], plain["classes"])
    if reader.problems or [c.index for c in classes] != list(range(len(classes))):
        raise ValueError("classes")
    for label in classes:
        class_colour(label.colour)
    return ModelCard(
        name=reader.read(str, plain["name"]),
        preprocessing=Preprocessing.from_json(plain["steps"]),
        classes=classes,
        trained_on=dict(plain["trained_on"]),
        confirmed=reader.read(bool, plain["confirmed"]),
        content=dict(plain["content"]),
        note=reader.read(str, plain["note"]),
    )
