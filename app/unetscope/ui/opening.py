"""How studies and models get into the window: asked for, dropped, recent, or the sample."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QMimeData, QObject, QSettings, QTimer
from PySide6.QtWidgets import QWidget

from unetscope.state.desk import Desk
from unetscope.state.store import Store
from unetscope.ui import dialogs
from unetscope.ui.model_paths import is_model, whole_model
from unetscope.ui.new_model_dialog import NewModelDialog
from unetscope.ui.recent import RecentMenu
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


class Opening(QObject):
    """Opens paths from wherever they come, and remembers them in the menu of recent ones."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        unsaved: UnsavedEdits,
        paths: Paths,
        settings: QSettings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._unsaved = unsaved
        self.paths = paths
        self._window = window
        self.recent = RecentMenu(
            settings, self.open_path, lambda: store.session.identity_hidden, window
        )
        desk.opened.connect(self._remember)

    def open_path(self, path: Path) -> None:
        """Open a model file or SavedModel folder as such, anything else as a study."""
        path = whole_model(path)
        if not is_model(path):
            self._desk.open_study(path)
        elif self._unsaved.may_be_lost(partial(self.open_path, path)):
            self._desk.open_model(path)

    def open_sample(self) -> None:
        """Open the study and the network that come with the program."""
        if self._unsaved.may_be_lost(self.open_sample):
            self._desk.open_model(self.paths.sample_model)
            self._desk.open_study(self.paths.sample_study)

    def takes(self, data: QMimeData) -> bool:
        """Whether what is dragged over the window can be opened."""
        return data.hasFormat(SERIES_DATA) or bool(_files(data))

    def take(self, data: QMimeData) -> None:
        """Show the series that was dropped, or open files, the model first."""
        if data.hasFormat(SERIES_DATA):
            self._desk.show_series(bytes(data.data(SERIES_DATA).data()).decode())
            return
        # soon: whoever dragged is not kept waiting by a question
        QTimer.singleShot(0, self, partial(self._open_all, _files(data)))

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

    def _open_all(self, paths: Sequence[Path]) -> None:
        for path in sorted(paths, key=lambda p: not is_model(whole_model(p))):
            self.open_path(path)

    def _remember(self, path: Path) -> None:
        if path not in (self.paths.sample_model, self.paths.sample_study):
            self.recent.remember("models" if is_model(path) else "studies", path)


def _files(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
