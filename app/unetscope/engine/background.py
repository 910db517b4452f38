"""Work for idle moments, done in small pieces so that a request need not wait for it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from unetscope.engine.messages import Reply

Pieces = Generator[Reply | None, None, None]


@dataclass(slots=True, eq=False)
class _Work:
    """One piece of work that is under way; the smaller its urgency, the sooner its turn."""

    id: int
    urgency: int
    pieces: Pieces


class Background:
    """Generators that take turns: the most urgent one runs, of equal ones the oldest."""

    def __init__(self) -> None:
        self._works: list[_Work] = []

    def __bool__(self) -> bool:
        return bool(self._works)

    def add(self, id: int, urgency: int, pieces: Pieces) -> None:  # noqa: A002
        """Take on work; what it yields is for the one who asked, or None."""
        self._works.append(_Work(id, urgency, pieces))
        self._works.sort(key=lambda work: (work.urgency, work.id))

    def stop(self, id: int) -> None:  # noqa: A002
        """End work that is not wanted any more, where it still is under way."""
        for work in [work for work in self._works if work.id == id]:
            self._works.remove(work)
            work.pieces.close()

    def piece(self) -> Reply | None:
        """Do the next piece; gives what to say, if anything."""
        work = self._works[0]
        try:
            return next(work.pieces)
        except StopIteration:
            self._works.remove(work)
            return None
