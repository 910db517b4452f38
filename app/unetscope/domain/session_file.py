"""Sessions as text: ``.unetscope``, to go on later, elsewhere, or after a crash.

Such a text holds the paths of study and model, the model's fingerprint, what was selected and how
it was shown, the input card, all steps of the history and the measurements. It holds no pixels
but those of an image that a skip connection was patched with, and no name of a patient; but a
path may hold one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from unetscope.domain.card import ModelCard
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import History
from unetscope.domain.history_file import (
    HistoryReader,
    HistoryWriter,
    card_from_plain,
    card_to_plain,
    same_start,
    steps_of,
)
from unetscope.domain.measurements import Measurement
from unetscope.domain.plain_json import read_json
from unetscope.domain.plain_values import WRONG, Reader, to_plain
from unetscope.domain.session import Session

FORMAT = 1
ENDING = ".unetscope"
DEEPEST = 40  # lists and entries within each other
MOST_STUDIES = 64

_ELSEWHERE = frozenset({"network", "opened_card", "saved_card", "history"})


class SessionError(UnetscopeError):
    """A file that cannot be opened as a session."""


@cache
def kept_fields() -> tuple[str, ...]:
    """The fields of a session that are kept as they are: selections and how things are shown."""
    return tuple(item.name for item in fields(Session) if item.name not in _ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a study or a model is.

    Attributes
    ----------
    beside : str
        The way to it from the folder of the session's file, where there is one.
    """

    path: Path
    beside: str = ""

    def candidates(self, folder: Path | None) -> tuple[Path, ...]:
        """Where to look for it, best first; `folder` is that of the session's file."""
        near = [Path(os.path.normpath(folder / self.beside))] if folder and self.beside else []
        return tuple(dict.fromkeys((*near, self.path)))


def is_elsewhere(path: PurePath, folder: PurePath | None) -> bool:
    """Whether a path leads to another computer than the one its session's file lies on.

    Windows gives the user's credentials to whatever computer a path names: nobody's file may
    choose one.
    """
    return (
        folder is not None
        and path.drive.startswith("\\\\")
        and path.drive.lower() != folder.drive.lower()
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KeptSession:
    """What is kept of a session.

    Attributes
    ----------
    model : Place or None
        Of its network, with that one's `fingerprint`.
    opened_card : ModelCard or None
        The card that the model was opened with.
    view : mapping
        Fields of `Session`, see `kept_fields`; those that are not there are as at first.
    problems : tuple of str
        Parts that could not be read.
    """

    studies: tuple[Place, ...] = ()
    model: Place | None = None
    fingerprint: str = ""
    opened_card: ModelCard | None = None
    history: History = field(default_factory=History)
    view: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, session: Session, studies: tuple[Path, ...]) -> KeptSession:
        """What is to be kept of a session and the studies that are open."""
        network = session.network
        return cls(
            studies=tuple(map(Place, studies)),
            model=Place(network.path) if network else None,
            fingerprint=network.file_fingerprint if network else "",
            opened_card=session.opened_card,
            history=session.history,
            view={name: getattr(session, name) for name in kept_fields()}
            | {"lab": replace(session.lab, past=()) if session.lab.past else session.lab},
        )

    def is_based_on(self, other: KeptSession) -> bool:
        """Whether studies, model and card are the same: the rest can be told as changes."""
        return (
            self.opened_card is other.opened_card
            and (self.model, self.fingerprint) == (other.model, other.fingerprint)
            and self.studies == other.studies
        )

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """All that were made."""
        viewer = self.view.get("viewer")
        return viewer.measurements if viewer else ()

    @property
    def holds_work(self) -> bool:
        """Whether there is anything that opening study and model would not bring back."""
        return bool(steps_of(self.history) or self.measurements)

    def differs_from(self, other: KeptSession) -> bool:
        """Whether other files are open, or anything else was made in it; views do not count."""
        mine, theirs = steps_of(self.history), steps_of(other.history)
        same_steps = len(mine) == len(theirs) == same_start(mine, theirs)
        return (
            not (same_steps and self.is_based_on(other))
            or len(self.history.done) != len(other.history.done)
            or self.measurements != other.measurements
        )


class SessionWriter:
    """Writes a session whole, and then what has changed in it."""

    def __init__(self) -> None:
        self._kept = KeptSession()
        self._history = HistoryWriter()

    def whole(self, kept: KeptSession, folder: Path | None = None) -> str:
        """All of it as JSON.

        Parameters
        ----------
        folder : Path, optional
            Where the text will lie: then studies and model are also named by the way from there,
            so that they can be moved together.
        """
        self._kept, self._history = kept, HistoryWriter()
        model = kept.model and {**_placed(kept.model, folder), "fingerprint": kept.fingerprint}
        content = {
            "format": FORMAT,
            "note": "Unetscope session. Research use only.",
            "studies": [_placed(place, folder) for place in kept.studies],
            "model": model,
            "card": kept.opened_card and card_to_plain(kept.opened_card),
            "view": {name: to_plain(value) for name, value in kept.view.items()},
            "history": self._history.change_to(kept.history),
        }
        return _text(content)

    def change(self, kept: KeptSession) -> str | None:
        """What has changed since; None where nothing has.

        `kept` must be based on the same studies, model and card as the one written whole.
        """
        before, self._kept = self._kept.view, kept
        content: dict[str, Any] = {}
        view = {
            name: to_plain(value)
            for name, value in kept.view.items()
            if value is not before.get(name) and value != before.get(name)
        }
        if view:
            content["view"] = view
        if (history := self._history.change_to(kept.history)) is not None:
            content["history"] = history
        return _text(content) if content else None


class SessionReader:
    """Reads what a `SessionWriter` wrote: once the whole, and then the changes."""

    def __init__(self, text: str, name: str) -> None:
        """Read a session.

        Parameters
        ----------
        name : str
            The file's name, for errors.

        Raises
        ------
        SessionError
            It is no session, of a later version, or damaged beyond use.
        """
        content = _content(text, name)
        self._reader, self._history = Reader(), HistoryReader()
        self._view: dict[str, Any] = {}
        self._studies, self._model, self._fingerprint = (), None, ""
        self._card: ModelCard | None = None
        for part, read in (("studies", self._read_studies), ("model", self._read_model)):
            try:
                read(content.get(part))
            except WRONG:
                self._reader.problems.append(part)
        try:
            if content.get("card") is not None:
                self._card = card_from_plain(content["card"])
        except (AttributeError, *WRONG):
            self._reader.problems.append("card")
        self._take(content)

    _studies: tuple[Place, ...]
    _model: Place | None

    def take(self, text: str) -> None:
        """Read a change; SessionError where it cannot be one."""
        self._take(_json(text, "The journal"))

    def _take(self, content: Mapping[str, Any]) -> None:
        view = content.get("view")
        if isinstance(view, dict):
            known = {name: view[name] for name in kept_fields() if name in view}
            self._view |= self._reader.fields(Session, known)
        elif view is not None:
            self._reader.problems.append("view")
        if content.get("history") is not None:
            self._history.take(content["history"])

    def _read_studies(self, plain: object) -> None:
        listed = plain if isinstance(plain, list) else []
        self._studies = tuple(map(self._place, listed[:MOST_STUDIES]))

    def _read_model(self, plain: object) -> None:
        if plain is not None:
            place = self._place(plain)
            assert isinstance(plain, dict)
            self._fingerprint = self._reader.read(str, plain["fingerprint"])
            self._model = place

    def _place(self, plain: object) -> Place:
        if not isinstance(plain, dict):
            raise TypeError("a path is expected")
        path = self._reader.read(str, plain["path"])
        beside = self._reader.read(str, plain.get("beside", ""))
        if "\0" in path or "\0" in beside:
            raise ValueError("a path")
        return Place(Path(path), beside)

    @property
    def kept(self) -> KeptSession:
        """What was read so far."""
        return KeptSession(
            studies=self._studies,
            model=self._model,
            fingerprint=self._fingerprint,
            opened_card=self._card,
            history=self._history.history,
            view=dict(self._view),
            problems=(*self._reader.problems, *self._history.problems),
        )


def write_session(kept: KeptSession, folder: Path | None = None) -> str:
    """Write a session as JSON; see `SessionWriter.whole`."""
    return SessionWriter().whole(kept, folder)


def read_session(text: str, name: str) -> KeptSession:
    """Read a session; see `SessionReader`."""
    return SessionReader(text, name).kept


def _placed(place: Place, folder: Path | None) -> dict[str, str]:
    entry = {"path": str(place.path)}
    if folder is not None:
        try:
            entry["beside"] = Path(os.path.relpath(place.path, folder)).as_posix()
        except ValueError:  # on another drive there is no way from here to there
            return entry
    return entry


def _text(content: Mapping[str, Any]) -> str:
    # ASCII, because the names of files may hold bytes that are no text; in steps, because `encode`
    # would hold up all other threads until it is through
    encoder = json.JSONEncoder(allow_nan=False, sort_keys=True, separators=(",", ":"))
    return "".join(encoder.iterencode(content))


def _content(text: str, name: str) -> dict[str, Any]:
    content = _json(text, name)
    version = content.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise SessionError(f"{name} was written by a later version.", "Update Unetscope.")
    if version != FORMAT or not {"view", "history", "studies"} <= content.keys():
        raise SessionError(f"{name} is no session.", f"Choose a file that ends in {ENDING}.")
    return content


def _json(text: str, name: str) -> dict[str, Any]:
    try:
        content = read_json(text, _no_number)
        if not isinstance(content, dict) or not _is_shallow(content):
            raise ValueError("no session")
    except json.JSONDecodeError as error:
        raise SessionError(
            f"{name} is no session, or it is damaged at line {error.lineno}, column {error.colno}.",
            "Choose another file. Nothing has changed.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise SessionError(
            f"{name} is no session, or it is damaged.", "Choose another file. Nothing has changed."
        ) from error
    return content


def _no_number(text: str) -> float:
    raise ValueError(text)


def _is_shallow(content: object) -> bool:
    """Whether nothing lies deeper within each other than a session can."""
    level: list[Any] = [content]
    for _ in range(DEEPEST):
        inside = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for many in inside for one in many if isinstance(one, dict | list)]
        if not level:
            return True
    return False
