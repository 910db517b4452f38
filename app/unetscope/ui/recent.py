"""The list of files opened lately."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMenu, QWidget

from unetscope.domain.sources import StudySource
from unetscope.ui.preferences.choices import forget_recent, kept_choices
from unetscope.ui.soon import within

KINDS = ("sessions", "studies", "models")
NUMBERED = {"sessions": "Session", "studies": "Study"}
KEPT = 8


class RecentMenu(QMenu):
    """Remembers paths by kind, and opens one when it is chosen.

    A path may tell who the patient is: while identity is hidden, only models have their names, and
    else a study is called by what it is, unless the user prefers the names of folders. Nothing is
    remembered where the user does not want it.
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
        if not self.is_kept:
            self.forget()

    @property
    def is_kept(self) -> bool:
        """Whether the user wants it."""
        return kept_choices(self._settings).recent_kept

    def remember(self, kind: str, path: Path, told: str = "") -> None:
        """Put a path at the top of its list, with what is told of it in the place of its name."""
        if not self.is_kept:
            self.forget()  # what Qt's dialogs remember
            return
        told_of = {**self._told(kind), path: told}
        paths = [path, *(kept for kept in self.paths(kind) if kept != path)][:KEPT]
        self._settings.setValue(f"recent/{kind}", [str(p) for p in paths])
        self._settings.setValue(f"recent/{kind}_told", [told_of.get(p, "") for p in paths])

    def forget(self) -> None:
        """Empty the list, and the one that Qt keeps for its file dialogs."""
        forget_recent(self._settings)

    def paths(self, kind: str) -> list[Path]:
        """The paths of a kind, the latest first."""
        return [Path(text) for text in self._texts(kind)]

    def folder(self, kind: str) -> Path:
        """Where the latest path of a kind lies that still is there; else the home folder."""
        folders = (path.parent for path in self.paths(kind))
        home = Path.home()
        return within(lambda: next((one for one in folders if one.is_dir()), home), home)

    def _fill(self) -> None:
        self.clear()
        for kind in KINDS:
            paths = self.paths(kind)
            for number, path in enumerate(paths, start=1):
                hidden = self._identity_hidden()
                anonymous = hidden and kind in NUMBERED
                action = self.addAction(self._name(kind, number, path, anonymous=anonymous))
                action.setToolTip(action.text() if hidden else str(path))
                action.triggered.connect(partial(self._open, path))
            if paths:
                self.addSeparator()
        if not self.is_kept:
            self.addAction("None are kept (Preferences)").setEnabled(False)
            return
        clear = self.addAction("Clear recent files")
        clear.setEnabled(any(self.paths(kind) for kind in KINDS))
        clear.triggered.connect(self.forget)

    def _name(self, kind: str, number: int, path: Path, *, anonymous: bool) -> str:
        if anonymous:
            return f"{NUMBERED[kind]} {number}"
        told = self._told(kind).get(path, "")
        return path.name if not told or kept_choices(self._settings).recent_names else told

    def _texts(self, key: str) -> list[str]:
        stored = self._settings.value(f"recent/{key}")
        texts = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
        return [str(text) for text in texts]

    def _told(self, kind: str) -> dict[Path, str]:
        return dict(zip(self.paths(kind), self._texts(f"{kind}_told"), strict=False))


def in_words(study: StudySource, seen: datetime) -> str:
    """What a study is, without saying whose: modalities, date, series, and when it was opened."""
    kinds = "/".join(sorted({series.modality for series in study.series if series.modality}))
    date = study.date
    day = f" of {date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdecimal() else ""
    count = len(study.series)
    name = f"{kinds} study" if kinds else "Study"
    return f"{name}{day}, {count} series · opened {seen:%Y-%m-%d %H:%M}"
