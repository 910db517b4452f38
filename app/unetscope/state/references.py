"""The reference of the series shown: read in the background, matched with the model's classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.evaluating import Evaluating, ReferenceChoice
from unetscope.domain.identity import told
from unetscope.domain.label_matching import propose_matching
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Notice
from unetscope.domain.reference import Matching, OtherPatientError, Reference, Segment
from unetscope.domain.reference_files import beside, says_reference
from unetscope.domain.session import Session
from unetscope.domain.sources import Files, SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.store import Store

KEPT_SLICES = 8
READING = "Reading the reference"  # its name may tell who the patient is


class Matchings(Protocol):
    """Which segments make which class, remembered for each model."""

    def recall(self, model: str, segments: Sequence[Segment]) -> Matching | None:
        """What was chosen for a model's fingerprint and such segments; None if nothing was."""

    def remember(self, model: str, segments: Sequence[Segment], matching: Matching) -> None:
        """Keep what was chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """A reference and what it was read for."""

    path: str
    source: SeriesSource
    reference: Reference


class References:
    """Reads the reference that the session names, and gives it in the model's classes."""

    changed = Signal()
    """Another reference, another matching, or none."""
    opened = Signal()
    """A reference that was asked for is open."""
    matching_wanted = Signal()
    """What is proposed leaves something open: only the user can say."""
    other_patient = Signal(Path, str)
    """A file that was asked for is about somebody else than the series: is it wanted still?"""
    progress_changed = Signal(float, str)
    """``(share, sentence)``; no sentence when nothing is under way."""

    def __init__(
        self, store: Store, jobs: Jobs, desk: Desk, files: Files, matchings: Matchings
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._files = files
        self._matchings = matchings
        self._opened: _Opened | None = None
        self._reading: tuple[str, SeriesSource] | None = None
        self._of = _made_of(store.session)
        self._proposed: tuple[object, Matching] = (None, ())
        self._slices: dict[tuple[Matching, int], Labels] = {}
        self._beside: tuple[SeriesSource | None, Path | None] = (None, None)
        self._told: tuple[object, ...] = (None, (), None)
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._follow)

    # ----------------------------------------------------------------- intents

    def open(self, path: Path, *, other_patient: bool = False) -> None:
        """Read a reference for the series shown, and evaluate against it once it is there."""
        source = self._desk.shown
        if source is None:
            self._tell("A reference needs a series that it is for.", "Open the study first.")
            return
        self._read(str(path), source, other_patient=other_patient)

    def is_reference(self, path: Path) -> bool:
        """Whether a file is taken for a reference; reads a little of it, so call it in a job.

        Of NIfTI only its name can tell, and only while there is a series that it may be for.
        """
        if _is_folder(path):
            return False
        is_named = says_reference(path) and self._desk.shown is not None
        return is_named or self._files.is_reference(path)

    def close(self) -> None:
        """Put the reference away."""
        self._stop()
        self._evaluate(self._store.session.evaluating.open(None))

    def cancel(self) -> None:
        """Stop reading; a reference that is open stays."""
        self._stop()

    def match(self, matching: Matching) -> None:
        """The user said which segments make which class; remembered for the model."""
        network, opened = self._store.session.network, self._here()
        if network is not None and opened is not None:
            self._matchings.remember(network.fingerprint, opened.reference.segments, matching)
            self._evaluate(self._store.session.evaluating.match(matching))

    # ------------------------------------------------------------- what is known

    @property
    def reading(self) -> bool:
        """Whether one is being read."""
        return self._reading is not None

    @property
    def reference(self) -> Reference | None:
        """The reference of the series shown; None where it has none, or not yet."""
        opened = self._here()
        return opened.reference if opened else None

    @property
    def matching(self) -> Matching:
        """Which segments make which class: as the user said, else as proposed."""
        chosen, reference = self._store.session.evaluating.reference, self.reference
        if reference is None or chosen is None:
            return ()
        if chosen.matching is not None:
            return chosen.matching
        return self.proposed(reference)

    def proposed(self, reference: Reference) -> Matching:
        """What the names, codes and numbers of segments and classes say."""
        card = self._store.session.card
        of = (reference, card.classes if card else ())
        if self._proposed[0] != of:
            self._proposed = (of, propose_matching(of[1], reference.segments))
        return self._proposed[1]

    def classes(self) -> tuple[ClassLabel, ...]:
        """The model's classes that the reference has something for."""
        card, matched = self._store.session.card, {index for index, _ in self.matching}
        return tuple(each for each in (card.classes if card else ()) if each.index in matched)

    def slice_labels(self, index: int) -> Labels | None:
        """The reference of a slice in the model's classes, ``(rows, columns)`` uint8."""
        reference, matching = self.reference, self.matching
        if reference is None or not matching or not 0 <= index < reference.shape[0]:
            return None
        if (matching, index) not in self._slices:
            while len(self._slices) >= KEPT_SLICES:
                del self._slices[next(iter(self._slices))]
            self._slices[matching, index] = reference.slice_labels(matching, index)
        return self._slices[matching, index]

    @property
    def beside(self) -> Path | None:
        """A file that lies beside the study shown and is named as a reference; None without one."""
        source, path = self._beside
        return path if source is not None and source is self._desk.shown else None

    # ------------------------------------------------------------------ reading

    def _read(self, path: str, source: SeriesSource, *, other_patient: bool = False) -> None:
        def work(job: JobContext) -> Reference:
            return self._files.read_reference(
                Path(path), source, lambda: job.cancelled, other_patient=other_patient
            )

        self._reading = (path, source)
        self.progress_changed.emit(-1.0, READING)
        self._jobs.submit(
            "reference",
            work,
            done=partial(self._take, path, source),
            failed=partial(self._failed, path),
        )
        self._tell_change()

    def _take(self, path: str, source: SeriesSource, reference: Reference) -> None:
        self._stop()
        if self._desk.find(source.uid) is not source:
            self._follow()  # the series was opened again meanwhile, or put away
            return
        self._opened = _Opened(path, source, reference)
        self._slices.clear()
        choice = self._store.session.evaluating.reference
        if choice is None or (choice.path, choice.series) != (path, source.uid):
            self._evaluate(
                self._store.session.evaluating.open(
                    ReferenceChoice(path, source.uid, self._recalled(reference))
                )
            )
            count = len(reference.segments)
            what = f"Opened a reference with {count} structure{'s' if count != 1 else ''}."
            self._tell(what, " ".join(reference.notes[:1]), trouble=False)
            self.opened.emit()
            if self._leaves_open(reference):
                self.matching_wanted.emit()
        self._tell_change()

    def _failed(self, path: str, error: UnetscopeError) -> None:
        self._stop()
        choice = self._store.session.evaluating.reference
        if choice is not None and choice.path == path and self._here() is None:
            self._evaluate(self._store.session.evaluating.open(None))
        self._desk.notice.emit(Notice(error.what, error.hint, private=True))
        self._tell_change()
        if isinstance(error, OtherPatientError):
            hidden = self._store.session.identity_hidden
            self.other_patient.emit(Path(path), told(error, hidden=hidden).what)

    def _stop(self) -> None:
        if self._reading is not None:
            self._reading = None
            self._jobs.cancel("reference")
            self.progress_changed.emit(1.0, "")
            self._tell_change()

    # ---------------------------------------------------------------- following

    def _on_session(self, old: Session, new: Session) -> None:
        of = _made_of(new)
        if of != self._of:
            was, self._of = self._of, of
            reference = self.reference
            if was[0] != of[0] and of[0] is not None and reference is not None:
                self._evaluate(new.evaluating.match(self._recalled(reference)))
                if self._leaves_open(reference):
                    self.matching_wanted.emit()
            self._tell_change()
        if old.evaluating.reference != new.evaluating.reference or old.series != new.series:
            self._follow()

    def _follow(self) -> None:
        """Read what the session names, and forget what it names no longer."""
        choice, opened = self._store.session.evaluating.reference, self._opened
        source = self._desk.find(choice.series) if choice is not None else None
        wanted = (choice.path, source) if choice is not None and source is not None else None
        if opened is not None and wanted != (opened.path, opened.source):
            was_closed = choice is not None and source is None
            self._opened = None
            self._slices.clear()
            if was_closed:  # with its study
                self._evaluate(self._store.session.evaluating.open(None))
        self._look_beside()
        is_there = opened is not None and wanted == (opened.path, opened.source)
        if wanted is not None and not is_there and wanted != self._reading:
            self._read(*wanted)
        self._tell_change()

    def _look_beside(self) -> None:
        """Look for a reference beside the study shown, once that is read whole."""
        source = self._desk.shown
        study = self._desk.path_of(source.uid) if source is not None else None
        if source is None or study is None or self._beside[0] is source:
            return

        def work(_: JobContext) -> Path | None:
            return next((path for path in beside(study) if _is_file(path)), None)

        def done(path: Path | None) -> None:
            self._beside = (source, path)
            self._tell_change()

        self._beside = (source, None)
        self._jobs.submit("reference beside", work, done=done, failed=lambda _: None)

    def _tell_change(self) -> None:
        """Say once what is other than it was: many draw by it."""
        told, self._told = self._told, (self.reference, self.matching, self.beside)
        if self._told != told:
            self.changed.emit()

    def _here(self) -> _Opened | None:
        """What is open, if it is of the series shown."""
        opened = self._opened
        return opened if opened is not None and opened.source is self._desk.shown else None

    def _recalled(self, reference: Reference) -> Matching | None:
        network = self._store.session.network
        if network is None:
            return None
        return self._matchings.recall(network.fingerprint, reference.segments)

    def _leaves_open(self, reference: Reference) -> bool:
        """Whether nothing matches, or classes and segments are left that may belong together."""
        session = self._store.session
        choice = session.evaluating.reference
        if session.card is None or (choice is not None and choice.matching is not None):
            return False
        matching = self.matching
        taken = {number for _, numbers in matching for number in numbers}
        wanted = {each.index for each in session.card.classes if each.colour is not None}
        left = wanted - {index for index, _ in matching}
        return bool(wanted) and (
            not matching or (bool(left) and len(taken) < len(reference.segments))
        )

    def _evaluate(self, evaluating: Evaluating) -> None:
        self._store.update(lambda s: s.evaluate(evaluating))

    def _tell(self, what: str, hint: str = "", *, trouble: bool = True) -> None:
        self._desk.notice.emit(Notice(what, hint, trouble))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _made_of(session: Session) -> tuple[object, ...]:
    """What a matching is for: the model, its classes, and the reference with what was said."""
    fingerprint = session.network.fingerprint if session.network else None
    classes = session.card.classes if session.card else ()
    return fingerprint, classes, session.evaluating.reference
