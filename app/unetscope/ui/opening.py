"""How studies and models get into the window: asked for, dropped, recent, or the sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QMimeData, QObject, QSettings, QTimer
from PySide6.QtWidgets import QWidget

from unetscope.domain.errors import StudyError, UnetscopeError
from unetscope.domain.ports import Notice
from unetscope.state.desk import Desk
from unetscope.state.sessions import Sessions
from unetscope.state.store import Store
from unetscope.ui import dialogs
from unetscope.ui.model_paths import is_edit_list, is_model, whole_model
from unetscope.ui.new_model_dialog import NewModelDialog
from unetscope.ui.recent import RecentMenu, in_words
from unetscope.ui.session_files import SessionFiles, is_session
from unetscope.ui.soon import soon
from unetscope.ui.unsaved_edits import UnsavedEdits
from unetscope.ui.widgets.series_tree import SERIES_DATA


class Paths(Protocol):
    """The sample that comes with the program."""

    @property
    def sample_study(self) -> Path:
        """Folder of the sample study."""

    @property
    def sample_model(self) -> Path:
        """The sample network."""


class ForReferences(Protocol):
    """Who takes masks made by others."""

    def is_reference(self, path: Path) -> bool:
        """Whether a file is taken for one; reads a little of it."""

    def open(self, path: Path) -> None:
        """Open one for the series shown."""


@dataclass(slots=True)
class Together:
    """Paths that were given at once, and how far they are.

    Attributes
    ----------
    study, model : Path or None
        Being opened.
    waiting : list of Path
        Studies whose turn has not come.
    edits : list of Path
        Lists of edits, to be put in force once the model is open.
    references : list of Path
        To be opened once the studies are; the last one stays.
    refused : dict of Path to UnetscopeError
        Why some could not be opened.
    """

    paths: tuple[Path, ...]
    study: Path | None = None
    model: Path | None = None
    waiting: list[Path] = field(default_factory=list)
    edits: list[Path] = field(default_factory=list)
    references: list[Path] = field(default_factory=list)
    refused: dict[Path, UnetscopeError] = field(default_factory=dict)


class Opening(QObject):
    """Opens paths from wherever they come, and remembers them in the menu of recent ones."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        sessions: Sessions,
        unsaved: UnsavedEdits,
        apply_edits: Callable[[Path], None],
        paths: Paths,
        settings: QSettings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._apply_edits = apply_edits
        self._unsaved = unsaved
        self.paths = paths
        self._window = window
        self.recent = RecentMenu(
            settings, self.open_path, lambda: store.session.identity_hidden, window
        )
        self.sessions = SessionFiles(store, sessions, unsaved, self.recent, window)
        self.references: ForReferences | None = None
        self._waits = False  # for a disk that says what some paths are
        self._together = Together(())
        desk.opened.connect(self._remember)
        desk.opened.connect(self._go_on)
        desk.failed.connect(self._refused)

    def open_path(self, path: Path) -> None:
        """Open a model, a session or a list of edits as such, anything else as a study."""
        self.open_all([path])

    def _open_study(self, path: Path) -> None:
        self._together.study = path
        self._desk.open_study(path)

    def _open_model(self, path: Path) -> None:
        if self._unsaved.may_be_lost(partial(self._open_model, path)):
            self._together.model = path
            self._desk.open_model(path)

    def open_sample(self) -> None:
        """Open the study and the network that come with the program."""
        if self._unsaved.may_be_lost(self.open_sample):
            self._desk.open_model(self.paths.sample_model)
            self._desk.open_study(self.paths.sample_study)

    def close_model(self) -> None:
        """Put the network away, once it is agreed what becomes of its edits."""
        if self._unsaved.may_be_lost(self.close_model):
            self._desk.close_model()

    def close_study(self) -> None:
        """Put the study shown away."""
        self._desk.close_study()

    def takes(self, data: QMimeData) -> bool:
        """Whether what is dragged over the window can be opened."""
        return data.hasFormat(SERIES_DATA) or bool(_files(data))

    def take(self, data: QMimeData) -> None:
        """Show the series that was dropped, or open files, the model first."""
        if data.hasFormat(SERIES_DATA):
            self._desk.show_series(bytes(data.data(SERIES_DATA).data()).decode())
            return
        # soon: whoever dragged is not kept waiting by a question
        QTimer.singleShot(0, self, partial(self.open_all, _files(data)))

    def ask_study_folder(self) -> None:
        """Ask for a folder and open it."""
        if path := dialogs.ask_folder(self._window):
            self.open_path(path)

    def ask_study_file(self) -> None:
        """Ask for a file and open it as a study."""
        if path := dialogs.ask_study_file(self._window):
            self.open_path(path)

    def ask_model(self) -> None:
        """Ask for a model file and open it."""
        if path := dialogs.ask_model(self._window):
            self.open_path(path)

    def ask_new_model(self) -> None:
        """Ask which network to build and where to, and open it when it is built."""
        if self._unsaved.may_be_lost(self.ask_new_model):
            folder = self.recent.folder("models")
            NewModelDialog(folder, self._desk.create_model, self._window).open()

    def open_all(self, paths: Sequence[Path]) -> None:
        """Open several paths, the model first, the studies one after another, then what needs them.

        Where more than one of them cannot be opened, all of those are told of together. A session
        says itself what is to be opened with it.
        """
        if session := next(filter(is_session, paths), None):
            self.sessions.open(session)
            return
        edits = [path for path in paths if is_edit_list(path)]
        others = tuple(dict.fromkeys(whole_model(path) for path in paths if path not in edits))
        soon(
            self,
            lambda: self._sorted(others),
            partial(self._open_together, others, edits),
            self._wait,
        )

    def _wait(self) -> None:
        self._waits = True
        self._desk.notice.emit(Notice("Waiting for the disk …", trouble=False))

    def _sorted(self, paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
        """The models and the references among them."""
        models = [path for path in paths if is_model(path)]
        if self.references is None:
            return models, []
        others = (path for path in paths if path not in models)
        return models, [path for path in others if self.references.is_reference(path)]

    def _open_together(
        self, paths: tuple[Path, ...], edits: list[Path], found: tuple[list[Path], list[Path]]
    ) -> None:
        if self._waits:  # no longer
            self._waits = False
            self._desk.notice.emit(Notice("Ready", trouble=False))
        models, references = found
        studies = [path for path in paths if path not in models and path not in references]
        self._together = Together(paths, waiting=studies[1:], edits=edits, references=references)
        for path in models:
            self._open_model(path)
        if studies:
            self._open_study(studies[0])
        else:
            self._open_references()
        if not models:
            self._put_edits()

    def _open_references(self) -> None:
        while self._together.references and self.references is not None:
            self.references.open(self._together.references.pop(0))

    def _put_edits(self) -> None:
        while self._together.edits:
            self._apply_edits(self._together.edits.pop(0))

    def _go_on(self, path: Path) -> None:
        if path not in self._together.paths:
            return
        if self._together.refused:
            self._tell()  # again: what opens takes the line for itself
        if path == self._together.model:
            self._put_edits()
        if path == self._together.study:
            self._next_study()

    def _refused(self, error: UnetscopeError) -> None:
        together = self._together
        is_study = isinstance(error, StudyError)
        path = together.study if is_study else together.model
        if path is None:
            return  # it was not opened from here
        together.refused[path] = error
        if is_study:
            self._next_study()
        if len(together.refused) > 1:
            self._tell()

    def _tell(self) -> None:
        """Say what of the paths given at once could not be opened."""
        refused, many = self._together.refused, len(self._together.paths)
        if len(refused) == 1:
            (error,) = refused.values()
            notice = Notice(error.what, error.hint, private=isinstance(error, StudyError))
        else:
            details = {str(each): str(why) for each, why in refused.items()}
            hint = " ".join(error.what for error in refused.values())
            what = f"{len(refused)} of {many} could not be opened."
            notice = Notice(what, hint, details=details, private=True)
        self._desk.notice.emit(notice)

    def _next_study(self) -> None:
        self._together.study = None
        if self._together.waiting:
            self._open_study(self._together.waiting.pop(0))
        else:
            self._open_references()

    def _remember(self, path: Path) -> None:
        if path not in (self.paths.sample_model, self.paths.sample_study):
            if path not in self._desk.open_paths:
                self.recent.remember("models", path)
            else:  # the study that was opened last stands first
                told = in_words(self._desk.studies[0], datetime.now().astimezone())
                self.recent.remember("studies", path, told)


def _files(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
