"""The header of the slice shown, as a table that is searched."""

from __future__ import annotations

from dataclasses import dataclass, replace

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.identity import HIDDEN, may_identify
from unetscope.domain.session import Session
from unetscope.domain.tags import TagRow
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import SliceKey
from unetscope.state.store import Store

NOTHING = "No slice is shown."


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TagsView:
    """What the tag browser draws.

    Attributes
    ----------
    title : str
        Which slice the header belongs to.
    rows : tuple of TagRow
        Those that fit what is searched; values that may identify the patient are replaced while
        identity is hidden.
    total : int
        All rows of the header.
    problem : str
        Why there are none.
    """

    title: str = NOTHING
    rows: tuple[TagRow, ...] = ()
    total: int = 0
    problem: str = ""


class TagsPresenter:
    """Reads the header of the slice shown in the background, while somebody watches."""

    view_changed = Signal(TagsView)

    def __init__(self, store: Store, desk: Desk, jobs: Jobs) -> None:
        self._store = store
        self._desk = desk
        self._jobs = jobs
        self._watched = False
        self._search = ""
        self._read: SliceKey | None = None
        self._rows: tuple[TagRow, ...] = ()
        self._blanked: tuple[TagRow, ...] | None = None  # the same without identity, once asked for
        self._problem = ""
        self.view = TagsView()
        store.changed.connect(self._on_session)

    def watch(self, watched: bool) -> None:
        """The browser was opened, or closed: then nothing is read."""
        self._watched = watched
        if watched:
            self._follow()
            self._publish()
        else:
            self._jobs.cancel("tags")
            self._read = None

    def search(self, text: str) -> None:
        """Show only the rows that have all these words."""
        self._search = text
        self._publish()

    def _on_session(self, old: Session, new: Session) -> None:
        if not self._watched:
            return
        if (old.series, old.slice_index) != (new.series, new.slice_index):
            self._follow()
        if old.identity_hidden != new.identity_hidden:
            self._publish()

    def _follow(self) -> None:
        series = self._desk.shown
        if series is None:
            return
        key = SliceKey(series.uid, self._store.session.slice_index)

        def work(_: JobContext) -> tuple[TagRow, ...]:
            return series.tags(key.index)

        def done(rows: tuple[TagRow, ...]) -> None:
            self._take(key, rows, "")

        def failed(error: UnetscopeError) -> None:
            self._take(key, (), f"{error.what} {error.hint}")

        if key != self._read:
            self._jobs.submit("tags", work, done=done, failed=failed)

    def _take(self, key: SliceKey, rows: tuple[TagRow, ...], problem: str) -> None:
        self._read, self._rows, self._blanked, self._problem = key, rows, None, problem
        self._publish()

    def _visible(self) -> tuple[TagRow, ...]:
        if not self._store.session.identity_hidden:
            return self._rows
        if self._blanked is None:
            self._blanked = tuple(_without_identity(row) for row in self._rows)
        return self._blanked

    def _publish(self) -> None:
        rows = self._visible()
        words = self._search.casefold().split()
        series = self._desk.find(self._read.series) if self._read else None
        title = NOTHING
        if series is not None and self._read is not None:
            of = series.description or series.modality
            title = f"{of} · slice {self._read.index + 1} of {series.shape[0]}"
        self.view = TagsView(
            title=title,
            rows=tuple(row for row in rows if _has(row, words)),
            total=len(rows),
            problem=self._problem,
        )
        self.view_changed.emit(self.view)


def _without_identity(row: TagRow) -> TagRow:
    return replace(row, value=HIDDEN) if may_identify(row) else row


def _has(row: TagRow, words: list[str]) -> bool:
    """Whether each word is part of the row; numbers are found with and without brackets."""
    if not words:
        return True
    bare = row.group_element.strip("()")
    said = f"{row.group_element} {bare} {bare.replace(',', '')} {row.name} {row.keyword} {row.vr}"
    said = f"{said} {row.value}".casefold()
    return all(word in said for word in words)
