"""What windows left behind that did not end properly: offered, restored, saved or given up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.journals import Journals, LeftJournal
from unetscope.domain.ports import Notice
from unetscope.domain.session_file import KeptSession, SessionReader
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.session_journal import SessionJournal
from unetscope.state.sessions import Sessions


@dataclass(frozen=True, slots=True, eq=False)
class LeftSession:
    """A session out of a journal that was left behind.

    Attributes
    ----------
    time : float
        When it was last written, in seconds since 1970.
    """

    journal: LeftJournal
    kept: KeptSession
    time: float


class Recovery:
    """Looks for journals at the start, and keeps each until it is decided about.

    A journal goes when what it holds is in this window's own journal, or in a file, or is not
    wanted; whatever fails before leaves it to the next start.
    """

    found = Signal(tuple)
    """Tuple of `LeftSession`, the latest first."""

    def __init__(
        self,
        jobs: Jobs,
        desk: Desk,
        sessions: Sessions,
        journal: SessionJournal,
        journals: Journals,
    ) -> None:
        self._jobs = jobs
        self._desk = desk
        self._sessions = sessions
        self._journal = journal
        self._journals = journals
        self._held: list[LeftJournal] = []

    def look(self) -> None:
        """Look in the background for what was left behind."""

        def done(found: tuple[LeftSession, ...]) -> None:
            self._held += [left.journal for left in found]
            if found:
                self.found.emit(found)

        self._jobs.submit("recovery", self._read_all, done=done, failed=self._failed)

    def restore(self, left: LeftSession) -> None:
        """Put a session in force; its journal goes when this window's own one holds it."""

        def is_in_force() -> None:
            self._journal.keep(left.journal.remove)

        self._sessions.restore(left.kept, then=is_in_force)

    def save(self, left: LeftSession, path: Path) -> None:
        """Write a session to a file; then its journal goes."""
        self._sessions.write(left.kept, path, left.journal.remove)

    def discard(self, left: LeftSession) -> None:
        """Give a session up."""
        left.journal.remove()

    def stop(self) -> None:
        """Leave what was not decided about to the next start."""
        for journal in self._held:
            journal.release()
        self._held.clear()

    def _read_all(self, _: JobContext) -> tuple[LeftSession, ...]:
        read = (_read(journal) for journal in self._journals.left())
        return tuple(left for left in read if left is not None)

    def _failed(self, error: UnetscopeError) -> None:
        self._desk.notice.emit(Notice(error.what, error.hint))


def _read(journal: LeftJournal) -> LeftSession | None:
    """What a journal holds; one with nothing in it that anybody would miss goes at once."""
    try:
        texts = journal.texts()
        kept = _replayed(texts) if texts else KeptSession()
    except UnetscopeError:  # of a later version, perhaps
        journal.release()
        return None
    if not kept.holds_work:
        journal.remove()
        return None
    return LeftSession(journal, kept, journal.time)


def _replayed(texts: tuple[str, ...]) -> KeptSession:
    reader = SessionReader(texts[0], "The journal")
    for text in texts[1:]:
        reader.take(text)
    return reader.kept
