"""The choices that are kept from start to start, apart from keys and layout."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSettings

from unetscope.domain.session import Session
from unetscope.domain.viewer import Annotations, Viewer
from unetscope.ui.theme import THEMES, Theme, system_theme

SYSTEM = "system"
LARGEST = 1_000_000  # MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the General page of Preferences asks.

    Attributes
    ----------
    theme : str
        Name of a theme, or ``system``.
    annotations : Annotations
        How much is written over the slice at first.
    identity_hidden : bool
        Identity is hidden when the program starts.
    engine_mb : int
        Memory in which the engine keeps what it computed, in MB; 0 leaves it to the engine.
    recent_kept : bool
        There is a list of recent files.
    recent_names : bool
        Studies have the names of their folders in it; else it says what they are.
    """

    theme: str = SYSTEM
    annotations: Annotations = Annotations.ALL
    identity_hidden: bool = False
    engine_mb: int = 0
    recent_kept: bool = True
    recent_names: bool = False

    def first_session(self) -> Session:
        """The session that the program starts with."""
        viewer = Viewer(annotations=self.annotations)
        return Session(identity_hidden=self.identity_hidden, viewer=viewer)

    def theme_in_force(self) -> Theme:
        """The theme by its name, or what the desktop asks for."""
        return THEMES.get(self.theme) or system_theme()


def kept_choices(settings: QSettings) -> Choices:
    """What was chosen; what makes no sense is as it is at first."""
    name = str(settings.value("theme", SYSTEM))
    annotations = str(settings.value("annotations", ""))
    megabytes = str(settings.value("engine/cache_mb", ""))
    known = annotations in {state.value for state in Annotations}
    return Choices(
        theme=name if name in THEMES else SYSTEM,
        annotations=Annotations(annotations) if known else Annotations.ALL,
        identity_hidden=str(settings.value("identity_hidden", "")) == "true",
        engine_mb=min(int(megabytes[:9]), LARGEST) if megabytes.isdecimal() else 0,
        recent_kept=str(settings.value("recent_kept", "")) != "false",
        recent_names=str(settings.value("recent_names", "")) == "true",
    )


def keep_choices(settings: QSettings, choices: Choices) -> None:
    """Keep choices for the next start."""
    settings.setValue("theme", choices.theme)
    settings.setValue("annotations", choices.annotations.value)
    settings.setValue("identity_hidden", "true" if choices.identity_hidden else "false")
    settings.setValue("engine/cache_mb", choices.engine_mb)
    if not choices.recent_kept:
        forget_recent(settings)
    settings.setValue("recent_kept", "true" if choices.recent_kept else "false")
    settings.setValue("recent_names", "true" if choices.recent_names else "false")


def forget_recent(settings: QSettings) -> None:
    """Empty the list of recent files, and the one that Qt keeps for its file dialogs."""
    settings.remove("recent")
    of_dialogs = QSettings(QSettings.Scope.UserScope, "QtProject")
    for key in ("FileDialog/history", "FileDialog/lastVisited"):
        if of_dialogs.contains(key):
            of_dialogs.remove(key)
