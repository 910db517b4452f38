"""What the window asks of the disk to survive its own end: journals, of this window and of others.

Everything here may take time: call it in a job, or in the thread that writes the journal. What
fails raises UnetscopeError with a sentence.
"""

from __future__ import annotations

from typing import Protocol


class Journal(Protocol):
    """Texts that are on the disk when a call returns; whatever ends the program, they stay."""

    @property
    def size(self) -> int:
        """Bytes written since the start."""

    def start(self, text: str) -> None:
        """Begin anew with this text; what was written before stays until this one is whole."""

    def append(self, text: str) -> None:
        """Write a text after the others."""

    def remove(self) -> None:
        """Give it up: there is nothing to come back to."""


class LeftJournal(Protocol):
    """The journal of a window that is no more; nobody else can have it meanwhile."""

    @property
    def time(self) -> float:
        """When it was last written, in seconds since 1970."""

    def texts(self) -> tuple[str, ...]:
        """What was written, up to the first damage."""

    def remove(self) -> None:
        """Delete it."""

    def release(self) -> None:
        """Leave it to the next start."""


class Journals(Protocol):
    """All journals of this user."""

    def own(self) -> Journal:
        """A new journal of this window."""

    def left(self) -> tuple[LeftJournal, ...]:
        """Journals of windows that did not end properly, the latest first."""
