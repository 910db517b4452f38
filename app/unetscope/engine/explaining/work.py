"""Work in pieces: between any two of them something more urgent may be answered."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import TypeVar

from unetscope.engine.effects import Clock
from unetscope.engine.forward import Forward

T = TypeVar("T")
Work = Generator[float, None, T]
"""It tells how much of it is done, 0 to 1, and gives its result."""


def part(work: Work[T], n: int, count: int) -> Work[T]:
    """Work that is one of several equal parts."""
    with closing(work):
        while True:
            try:
                share = next(work)
            except StopIteration as end:
                result: T = end.value
                return result
            yield (n + share) / count


def in_pieces(one: Forward, work: Callable[[], object]) -> Iterator[None]:
    """Run a pass of one's own in pieces; those of the live model must not be paused."""
    clock = Clock()
    paused = [each for each in (one, one.base) if each is not None]
    for each in paused:
        each.checkpoint = clock
    try:
        yield from clock.run(work)
    finally:
        for each in paused:
            each.checkpoint = None
