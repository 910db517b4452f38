"""Which segments of a reference are which class of the model."""

from __future__ import annotations

import json
from collections.abc import Sequence

from unetscope.domain.card import ClassLabel
from unetscope.domain.codes import code_named
from unetscope.domain.reference import Matching, Segment
from unetscope.domain.structure_names import StructureName

__all__ = ["Matching", "from_text", "propose_matching", "to_text"]


def propose_matching(classes: Sequence[ClassLabel], segments: Sequence[Segment]) -> Matching:
    """Find the segments of each class: by name, then by code; by number where no name says more.

    A class takes several segments where all are of its name: both kidneys are class Kidney. A
    background takes none. What is not alike is left to the user.

    Returns
    -------
    Matching
        Classes with at least one segment, by index; a segment is in one class at most.
    """
    named = {label.index: StructureName.of(label.name) for label in classes}
    wanted = [c for c in classes if c.index > 0 and not named[c.index].is_background]
    left = [segment for segment in segments if not StructureName.of(segment.name).is_background]
    speaks = {s.number: StructureName.of(s.name) for s in left}
    if left and (
        all(name.says_nothing for name in speaks.values())
        or all(named[label.index].says_nothing for label in wanted)
    ):
        by_code = _by_code(wanted, named, left, speaks)
        return by_code or _by_number(wanted, left)
    found: dict[int, int] = {}  # segment to class
    for exact in (True, False):  # left kidney belongs to Left kidney before it does to Kidney
        for label in wanted:
            mine = named[label.index]
            for segment in left:
                its = speaks[segment.number]
                if segment.number in found or mine.says_nothing:
                    continue
                if mine == its if exact else mine.covers(its):
                    found[segment.number] = label.index
    rest = [segment for segment in left if segment.number not in found]
    for index, numbers in _by_code(wanted, named, rest, speaks):
        found.update(dict.fromkeys(numbers, index))
    return _gathered(wanted, left, found)


def to_text(matching: Matching) -> str:
    """Write a matching, to remember it."""
    return json.dumps({str(index): list(numbers) for index, numbers in matching})


def from_text(text: str) -> Matching:
    """Read what `to_text` wrote; nothing matches where it cannot be read."""
    try:
        entries = json.loads(text)
        found = {int(index): tuple(map(int, numbers)) for index, numbers in entries.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ()
    return tuple(sorted((index, numbers) for index, numbers in found.items() if numbers))


def _by_code(
    classes: Sequence[ClassLabel],
    named: dict[int, StructureName],
    segments: Sequence[Segment],
    speaks: dict[int, StructureName],
) -> Matching:
    """Match what a segment's code says it is; a side that is named must be the same."""
    found = {}
    for label in classes:
        code = code_named(label.name)
        for segment in segments:
            if segment.number in found or code is None or segment.code is None:
                continue
            mine = named[label.index].side
            if code.same_as(segment.code) and mine in ("", speaks[segment.number].side):
                found[segment.number] = label.index
    return _gathered(classes, segments, found)


def _by_number(classes: Sequence[ClassLabel], segments: Sequence[Segment]) -> Matching:
    if len(classes) == len(segments) == 1:  # one mask, one class: 1, 255 or whatever it is
        return ((classes[0].index, (segments[0].number,)),)
    numbers = {segment.number for segment in segments}
    return tuple((c.index, (c.index,)) for c in classes if c.index in numbers)


def _gathered(
    classes: Sequence[ClassLabel], segments: Sequence[Segment], found: dict[int, int]
) -> Matching:
    made = (
        (c.index, tuple(s.number for s in segments if found.get(s.number) == c.index))
        for c in classes
    )
    return tuple(sorted((index, numbers) for index, numbers in made if numbers))
