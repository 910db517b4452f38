"""The list of files opened lately."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMenu, QWidget

KINDS = ("studies", "models")
KEPT = 8


class RecentMenu(QMenu):
    """Remembers paths by kind, and opens one when it is chosen.

    A path may tell who the patient is: while identity is hidden, studies are numbered only.
    """

    def __init__(
        self,
        settings: QSettings,
        open_path: Callable[[Path], None],
        identity_hidden: Callable[[], bool],
        parent: QWidget,
    ) -> None:
        super().__init__("Recent", parent)
        self.setToolTipsVisible(True)
        self._settings = settings
        self._open = open_path
        self._identity_hidden = identity_hidden
        self.aboutToShow.connect(self._fill)

    def remember(self, kind: str, path: Path) -> None:
        """Put a path at the top of its list."""
        paths = [path, *(kept for kept in self.paths(kind) if kept != path)]
        self._settings.setValue(f"recent/{kind}", [str(p) for p in paths[:KEPT]])

    def paths(self, kind: str) -> list[Path]:
        """The paths of a kind, the latest first."""
        stored = self._settings.value(f"recent/{kind}")
        texts = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
        return [Path(str(text)) for text in texts]

    def folder(self, kind: str) -> Path:
        """Where the latest path of a kind lies that still is there; else the home folder."""
        folders = (path.parent for path in self.paths(kind))
        return next((folder for folder in folders if folder.is_dir()), Path.home())

    def _fill(self) -> None:
        self.clear()
        for kind in KINDS:
            for number, path in enumerate(self.paths(kind), start=1):
                hidden = self._identity_hidden()
                anonymous = hidden and kind == "studies"
                action = self.addAction(f"Study {number}" if anonymous else path.name)
                action.setToolTip(action.text() if hidden else str(path))
                action.triggered.connect(partial(self._open, path))
            self.addSeparator()
        clear = self.addAction("Clear this list")
        clear.setEnabled(any(self.paths(kind) for kind in KINDS))
        clear.triggered.connect(lambda: self._settings.remove("recent"))
