"""Edits out of the window and into it again: lists of them in files."""

from __future__ import annotations

from pathlib import Path

from psygnal import Signal

from unetscope.domain.edit_file import EditList, read_edits, write_edits
from unetscope.domain.editing import put_edits
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.network import check_edits
from unetscope.domain.ports import Notice
from unetscope.domain.text_files import TextFiles
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.store import Store


class EditLists:
    """Saves the edits in force, and puts those of a file in force in one step."""

    asked = Signal(EditList, Path)
    """Edits of another model fit this one: somebody must agree before `put`."""

    def __init__(self, store: Store, jobs: Jobs, desk: Desk, files: TextFiles) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._files = files

    def save(self, path: Path) -> None:
        """Write the edits in force to a file."""
        network, edits = self._store.session.network, self._store.session.edits
        if network is None:
            return

        def work(_: JobContext) -> int:
            self._files.write(path, write_edits(network, edits))
            return len(edits)

        def done(count: int) -> None:
            what = f"Saved {count} {'edit' if count == 1 else 'edits'} to {path.name}."
            self._desk.notice.emit(Notice(what, "Research use only.", trouble=False))

        self._jobs.submit("edits", work, done=done, failed=self._failed)

    def open(self, path: Path) -> None:
        """Read a file of edits and put them in force; where they are another model's, ask first."""

        def done(found: EditList) -> None:
            network = self._store.session.network
            if network is None:
                self._failed(UnetscopeError("There is no network to edit.", "Open a model first."))
            elif found.was_made_for(network):
                self.put(found, path)
            else:
                self._ask(found, path)

        self._jobs.submit(
            "edits",
            lambda _: read_edits(self._files.read(path), path.name),
            done=done,
            failed=self._failed,
        )

    def put(self, found: EditList, path: Path) -> None:
        """Put exactly these edits in force, as one step."""
        label = f"Edits from {path.name}"
        try:
            self._store.commit(put_edits(self._store.session, label, found.edits))
        except UnetscopeError as error:
            self._failed(error)
            return
        count = len(found.edits)
        what = f"{count} {'edit' if count == 1 else 'edits'} of {path.name} in force."
        self._desk.notice.emit(Notice(what, "Undo brings back what was.", trouble=False))

    def _ask(self, found: EditList, path: Path) -> None:
        network = self._store.session.network
        assert network is not None
        try:
            check_edits(network, found.edits)
        except UnetscopeError as error:
            other = f"{path.name} was made for another model, {found.model}, and does not fit: "
            self._failed(UnetscopeError(f"{other}{error.what}", "Open that model first."))
            return
        self.asked.emit(found, path)

    def _failed(self, error: UnetscopeError) -> None:
        self._desk.notice.emit(Notice(error.what, error.hint))
