"""Sessions in files: saved, opened, and put in force again piece by piece as the files open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from psygnal import Signal

from unetscope.domain.errors import ModelError, StudyError, UnetscopeError
from unetscope.domain.fingerprint import fingerprint_of
from unetscope.domain.history import History
from unetscope.domain.network import Network
from unetscope.domain.ports import Notice
from unetscope.domain.session import NO_HISTORY, SeriesChoice, Session
from unetscope.domain.session_file import (
    KeptSession,
    Place,
    is_elsewhere,
    read_session,
    write_session,
)
from unetscope.domain.session_restored import fitting, with_network, with_series
from unetscope.domain.stand_ins import UnknownLayersError
from unetscope.domain.text_files import TextFiles
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.store import Store

Call = Callable[[], None]


class Lost(Enum):
    """What of a session cannot be opened as it was."""

    STUDY = "study"
    MODEL = "model"
    OTHER_MODEL = "edits of another model"


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the user must decide before a session can be opened.

    Attributes
    ----------
    path : Path
        Where the study or the model was looked for, or lies.
    steps : int
        How many steps of the history are at stake.
    """

    lost: Lost
    path: Path
    steps: int = 0


@dataclass(slots=True)
class _Opening:
    """A session on its way into the window."""

    kept: KeptSession
    file: Path | None
    then: Call | None
    model: Path | None = None  # what is waited for
    study: Path | None = None
    waiting: tuple[Place, ...] = ()  # studies whose turn has not come
    without: tuple[str, ...] = ()  # what it had to do without
    edits: int | None = None  # how many of its own are in force; None where its model is not open

    @property
    def folder(self) -> Path | None:
        return self.file.parent if self.file is not None else None


class Sessions:
    """Saves the session to a file, and opens one.

    What a session names is opened one after another, the model first; each part of the session is
    put in force when what it is about is open. What is missing is asked about.
    """

    changed = Signal()
    """The session has another file, or that was written."""
    asked = Signal(Question)
    """Somebody must call `find`, `go_without` or `give_up`."""
    opened = Signal(Path)
    """A session's file was opened or saved."""

    def __init__(self, store: Store, jobs: Jobs, desk: Desk, texts: TextFiles) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._texts = texts
        self.path: Path | None = None
        """The file that Save writes to."""
        self._saved: KeptSession | None = None  # what it holds
        self._opening: _Opening | None = None
        self._question: Question | None = None
        store.changed.connect(self._on_session)
        desk.opened.connect(self._on_opened)
        desk.failed.connect(self._on_failed)

    @property
    def kept(self) -> KeptSession:
        """What a file would hold of the session as it is now."""
        return KeptSession.of(self._store.session, self._desk.open_paths)

    @property
    def holds_all(self) -> bool:
        """Whether a file holds everything that was made in the session."""
        return self._saved is not None and not self.kept.differs_from(self._saved)

    @property
    def name(self) -> str:
        """Of the session's file; empty where it has none."""
        return self.path.stem if self.path is not None else ""

    # -------------------------------------------------------------------- save

    def save(self, path: Path, then: Call | None = None) -> None:
        """Write the session to a file; then, if that went well, call something."""
        kept = self.kept

        def work(_: JobContext) -> None:
            self._texts.write(path, write_session(kept, path.parent))

        def done(_: None) -> None:
            self.path, self._saved = path, kept
            self.changed.emit()
            self._desk.note_saved(kept.fingerprint, kept.history.edits)
            self._tell(f"Saved the session to {path.name}.", "It holds paths, but no pixels.")
            self.opened.emit(path)
            if then is not None:
                then()

        self._jobs.submit("save session", work, done=done, failed=self._failed)

    def write(self, kept: KeptSession, path: Path, then: Call) -> None:
        """Write a session that is not open to a file; then, if that went well, call something."""

        def done(_: None) -> None:
            self._tell(f"Saved the session to {path.name}.", "Open it with Open session.")
            self.opened.emit(path)
            then()

        self._jobs.submit(
            f"session {path}",
            lambda _: self._texts.write(path, write_session(kept, path.parent)),
            done=done,
            failed=self._failed,
        )

    # -------------------------------------------------------------------- open

    def open(self, path: Path) -> None:
        """Read a session from a file, and open what it names."""
        self._jobs.submit(
            "session",
            lambda _: read_session(self._texts.read(path), path.name),
            done=lambda kept: self.restore(kept, path),
            failed=self._failed,
        )

    def restore(
        self, kept: KeptSession, file: Path | None = None, then: Call | None = None
    ) -> None:
        """Open what a session names and put the rest of it in force.

        Parameters
        ----------
        file : Path, optional
            Where it comes from; Save will write to it, if nothing is missing.
        then : callable, optional
            Called when all of it is in force, and not where anything was given up.
        """
        self._opening = _Opening(kept, file, then, without=kept.problems)
        if kept.model is None:
            self._model_found(None)
        else:
            self._look_for_model(kept.model.candidates(self._opening.folder))

    def find(self, path: Path) -> None:
        """The user says where the study or the model is."""
        question, self._question = self._question, None
        if question is None or self._opening is None:
            return
        if question.lost is Lost.STUDY:
            self._study_found(path)
        else:
            self._look_for_model((path,))

    def go_without(self) -> None:
        """Open the session without what is missing; another model, without its edits."""
        question, self._question = self._question, None
        opening = self._opening
        if question is None or opening is None:
            return
        opening.without += (f"the {question.lost.value}",)
        if question.lost is Lost.STUDY:
            self._next_study(opening)
        elif question.lost is Lost.MODEL:
            self._model_found(None)
        else:
            opening.kept = replace(opening.kept, history=NO_HISTORY, opened_card=None)
            self._model_found(question.path)

    def give_up(self) -> None:
        """Open nothing; the session's file stays as it is."""
        self._question = self._opening = None

    # ------------------------------------------------------------------- model

    def _look_for_model(self, candidates: tuple[Path, ...]) -> None:
        opening = self._opening
        assert opening is not None
        wanted = opening.kept.fingerprint

        def work(job: JobContext) -> tuple[Path | None, bool]:
            there = [path for path in candidates if _is_there(path, opening.folder)]
            same = (path for path in there if _fingerprint(path, job) == wanted)
            path = next(same, None)
            return (path, True) if path else (there[0] if there else None, False)

        def done(found: tuple[Path | None, bool]) -> None:
            path, same = found
            if self._opening is not opening:
                return
            if path is not None and same:
                self._model_found(path)
            else:
                lost = Lost.MODEL if path is None else Lost.OTHER_MODEL
                self._ask(Question(lost, path or candidates[0], len(opening.kept.history.done)))

        self._jobs.submit("session", work, done=done, failed=self._failed)

    def _model_found(self, path: Path | None) -> None:
        opening = self._opening
        assert opening is not None
        if path is None:
            self._begin_studies(opening)
        else:
            opening.model = path
            self._desk.open_model(path)

    def _on_opened(self, path: Path) -> None:
        opening, network = self._opening, self._store.session.network
        if opening is None:
            return
        if path == opening.study:
            self._put_series(opening)
        elif network is not None and network.path == path:
            if path == opening.model:
                self._put_network(opening, network)
            else:
                self._opening = None  # the user has opened another one meanwhile

    def _put_network(self, opening: _Opening, network: Network) -> None:
        kept, opening.model = opening.kept, None

        def done(found: tuple[History, str]) -> None:
            shown = self._store.session.network
            if self._opening is not opening or shown is None or shown.ref != network.ref:
                return
            history, misfit = found
            if misfit:
                opening.without += (misfit,)
            self._store.update(lambda s: with_network(s, kept, history))
            opening.edits = len(self._store.session.edits)
            self._begin_studies(opening)

        self._jobs.submit(
            "session", lambda _: fitting(network, kept.history), done=done, failed=self._failed
        )

    # ------------------------------------------------------------------- study

    def _begin_studies(self, opening: _Opening) -> None:
        opening.waiting = opening.kept.studies
        self._next_study(opening)

    def _next_study(self, opening: _Opening) -> None:
        opening.study = None
        if not opening.waiting:
            self._finish(opening)
            return
        place, opening.waiting = opening.waiting[0], opening.waiting[1:]
        candidates = place.candidates(opening.folder)

        def done(path: Path | None) -> None:
            if self._opening is not opening:
                return
            if path is not None:
                self._study_found(path)
            else:
                self._ask(Question(Lost.STUDY, candidates[0]))

        self._jobs.submit(
            "session",
            lambda _: next((p for p in candidates if _is_there(p, opening.folder)), None),
            done=done,
            failed=self._failed,
        )

    def _study_found(self, path: Path) -> None:
        assert self._opening is not None
        self._opening.study = path
        self._desk.open_study(path)

    def _put_series(self, opening: _Opening) -> None:
        chosen = opening.kept.view.get("series")
        series = self._desk.find(chosen.uid) if chosen else None
        if series is not None:
            choice = SeriesChoice(series.uid, series.shape[0], series.modality)
            self._store.update(lambda s: with_series(s, opening.kept, choice))
        elif chosen is not None and not opening.waiting:
            opening.without += ("the series",)
        self._next_study(opening)

    # --------------------------------------------------------------------- end

    def _finish(self, opening: _Opening) -> None:
        """Say how it went."""
        self._opening = None
        name = opening.file.name if opening.file else "the session"
        what = f"Opened {name}."
        if (count := opening.edits) is not None:
            what = f"Opened {name}: {count} {'edit' if count == 1 else 'edits'} in force."
        hint = "Undo and redo know all its steps." if count is not None else ""
        if opening.without:
            listed = ", ".join(opening.without[:3]) + (" …" if len(opening.without) > 3 else "")
            hint = f"Not there: {listed}."
        # soon: what has just been opened takes the line for itself
        self._jobs.deliver(lambda: self._tell(what, hint, trouble=bool(opening.without)))
        if opening.without:
            self._take_name(None)
            return
        self._take_name(opening.file)
        if opening.file is not None:
            self._desk.note_saved(opening.kept.fingerprint, self._store.session.edits)
            self.opened.emit(opening.file)
        if opening.then is not None:
            opening.then()

    def _take_name(self, path: Path | None) -> None:
        """From now on the session has this file, which holds it as it is; or none."""
        self.path, self._saved = path, self.kept if path else None
        self.changed.emit()

    def _on_failed(self, error: UnetscopeError) -> None:
        """A study or model of it cannot be opened, the desk has said why: maybe another can."""
        opening = self._opening
        if opening is None or (isinstance(error, UnknownLayersError) and error.replaceable):
            return  # it opens once something stands in for its layers
        if isinstance(error, StudyError) and opening.study is not None:
            path, opening.study = opening.study, None
            self._ask(Question(Lost.STUDY, path))
        elif isinstance(error, ModelError) and opening.model is not None:
            path, opening.model = opening.model, None
            self._ask(Question(Lost.MODEL, path, len(opening.kept.history.done)))

    def _ask(self, question: Question) -> None:
        self._question = question
        self.asked.emit(question)

    def _on_session(self, old: Session, new: Session) -> None:
        if self.path is not None and _network_of(old) != _network_of(new):
            self._take_name(None)  # with another network it is another session

    def _failed(self, error: UnetscopeError) -> None:
        self._opening = self._question = None
        self._desk.notice.emit(Notice(error.what, error.hint))

    def _tell(self, what: str, hint: str, *, trouble: bool = False) -> None:
        self._desk.notice.emit(Notice(what, hint, trouble=trouble))


def _network_of(session: Session) -> str:
    return session.network.file_fingerprint if session.network is not None else ""


def _is_there(path: Path, folder: Path | None) -> bool:
    """Whether it is a file or folder, not a device that would never end, and may be opened."""
    try:
        return not is_elsewhere(path, folder) and (path.is_file() or path.is_dir())
    except (OSError, ValueError):
        return False


def _fingerprint(path: Path, job: JobContext) -> str:
    try:
        return fingerprint_of(path, lambda: job.cancelled)
    except OSError:
        return ""
