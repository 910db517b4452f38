"""What lies open on the desk: studies and the network, opened in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from psygnal import Signal

from unetscope.domain.card import ModelCard
from unetscope.domain.closing import without_network, without_series
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.network import Network
from unetscope.domain.ports import Engine, EngineStatus, Notice, Saved
from unetscope.domain.presets import NewModel
from unetscope.domain.session import SeriesChoice, Session
from unetscope.domain.sources import Files, SeriesSource, StudySource
from unetscope.domain.stand_ins import told
from unetscope.state.following import followed
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.store import Store

SAID_THERE = "The input card says so too."


class Desk:
    """Opens files in the background and keeps what is open.

    The session names series and network; the desk holds the readers behind the names.
    """

    studies_changed = Signal()
    busy_changed = Signal(float, str)
    """``(share, sentence)``: how much is done of what is being read, or -1; no sentence if idle."""
    notice = Signal(Notice)
    engine_changed = Signal(EngineStatus)
    opened = Signal(Path)
    """A study or a model that was asked for is open."""
    failed = Signal(UnetscopeError)
    """Something that was asked for could not be opened or saved; a notice says so too."""
    saved = Signal(Path)
    """The edited network was written to a new file."""

    def __init__(self, store: Store, jobs: Jobs, files: Files, engine: Engine) -> None:
        self._store = store
        self._jobs = jobs
        self._files = files
        self._engine = engine
        self.studies: tuple[StudySource, ...] = ()
        self.open_paths: tuple[Path, ...] = ()  # where they came from, in the order they did
        self._series: dict[str, SeriesSource] = {}
        self._saved: tuple[str, Edits] = ("", ())
        self._awaited: object = None  # the latest model that the engine builds
        self._waiting = ""  # a sentence about it
        self._in_part: StudySource | None = None  # what is known of the study being read
        self._as_left: tuple[object, ...] = ()  # what the user was shown of it
        self._unwanted: set[object] = set()  # models that were cancelled while they were built
        self._paths: dict[str, Path] = {}  # where each series came from

    def series(self, uid: str) -> SeriesSource:
        """The reader of an open series."""
        return self._series[uid]

    def find(self, uid: str) -> SeriesSource | None:
        """The reader of a series; None when it is not open, or no longer."""
        return self._series.get(uid)

    def path_of(self, uid: str) -> Path | None:
        """Where an open series came from; None until its study is read whole."""
        return self._paths.get(uid) if uid in self._series else None

    def together(self, series: SeriesSource) -> tuple[SeriesSource, ...]:
        """The open series of the same visit, in the order of acquisition, itself among them."""
        held = next((study for study in self.studies if series in study.series), None)
        visit = series.study.uid
        return tuple(one for one in held.series if one.study.uid == visit) if held else (series,)

    @property
    def shown(self) -> SeriesSource | None:
        """The reader of the series shown."""
        choice = self._store.session.series
        return self._series.get(choice.uid) if choice else None

    # ------------------------------------------------------------------ study

    def open_study(self, path: Path) -> None:
        """Open a file, folder, zip or DICOMDIR; its largest series is shown."""

        def work(job: JobContext) -> StudySource:
            def progress(done: int, total: int) -> None:
                job.step(done / max(total, 1), f"Reading {done:,} of {total:,} files")

            def so_far(study: StudySource) -> None:
                self._jobs.deliver(partial(self._known_so_far, job, study))

            return self._files.open_study(path, progress, lambda: job.cancelled, so_far)

        self._in_part = None
        self.busy_changed.emit(0.0, "Opening the study")  # a name may tell who the patient is
        self._jobs.submit(
            "study",
            work,
            done=partial(self._study_opened, path),
            failed=self._study_failed,
            progress=self.busy_changed.emit,
        )

    def cancel(self) -> None:
        """Stop opening; what is open stays open, and what is being built is not kept.

        What was read of a study so far is open too: its series say that they are not complete.
        """
        self._jobs.cancel("study")
        self._jobs.cancel("model")
        self._in_part = None
        if self._waiting:
            self._unwanted.add(self._awaited)
        self._await("")
        self._idle()

    def save_file(self, path: Path, make: Callable[[], bytes], *, about: str = "") -> None:
        """Write what `make` gives to a file, in the background, and say so."""

        def work(_: JobContext) -> None:
            self._files.write_bytes(path, make())

        told = Notice(f"Saved {path.name}{about}.", trouble=False)
        self._jobs.submit(
            f"save {path}",
            work,
            done=lambda _: self.notice.emit(told),
            failed=lambda error: self.notice.emit(Notice(error.what, error.hint)),
        )

    def _known_so_far(self, job: JobContext, study: StudySource) -> None:
        """Show what is known of a study, unless all of it is open already."""
        open_whole = {
            s.uid for held in self.studies if held is not self._in_part for s in held.series
        }
        if not job.cancelled and not any(series.uid in open_whole for series in study.series):
            self._take(study, complete=False)

    def _take(self, study: StudySource, *, complete: bool) -> None:
        """Put a study in the place of what was known of it, and of those it has a series of.

        Until the user moves it opens where it would have opened at once: in the middle of its
        largest series. Meanwhile, and once the user has moved, the slice shown stays.
        """
        before, self._in_part = self._in_part, None if complete else study
        new = {series.uid for series in study.series}
        kept = (
            held
            for held in self.studies
            if held is not before and not any(series.uid in new for series in held.series)
        )
        self._hold((study, *kept))
        has_moved = before is not None and self._as_left != _place(self._store.session)
        if before is None or (complete and not has_moved):
            largest = max(study.series, key=lambda series: series.shape[0])
            self.show_series(largest.uid)  # first, so that its picture is not kept waiting
        else:
            self._store.update(lambda s: followed(s, before.series, study.series))
        if not has_moved:
            self._as_left = _place(self._store.session)
        self.studies_changed.emit()

    def _hold(self, studies: tuple[StudySource, ...]) -> None:
        """Have these studies open, and no others."""
        self.studies = studies
        self._series = {s.uid: s for held in studies for s in held.series}
        from_where = (self._paths.get(uid) for uid in reversed(self._series))
        self.open_paths = tuple(dict.fromkeys(path for path in from_where if path is not None))

    def close_study(self) -> None:
        """Put the study away that the series shown is of; the one opened before it is shown."""
        shown = self.shown
        if shown is None:
            return
        if self._in_part is not None:
            self.cancel()  # else what is still read of it would open it again
        self._hold(tuple(held for held in self.studies if shown not in held.series))
        if self.studies:
            largest = max(self.studies[0].series, key=lambda series: series.shape[0])
            self.show_series(largest.uid)
        else:
            self._store.update(without_series)
        self.studies_changed.emit()

    def close_model(self) -> None:
        """Put the network away, with its edits."""
        self._store.update(without_network)

    def _study_opened(self, path: Path, study: StudySource) -> None:
        self._idle()
        self._paths |= {series.uid: path for series in study.series}
        self._take(study, complete=True)
        self.opened.emit(path)
        unexpected = [skipped for skipped in study.skipped if not skipped.expected]
        if unexpected:
            count = len(unexpected)
            first = unexpected[0]
            self.notice.emit(
                Notice(
                    f"{count} file{'s' if count > 1 else ''} could not be shown.",
                    f"{first.path.name}: {first.reason.rstrip('.')}.",
                    details={str(skipped.path): skipped.reason for skipped in study.skipped},
                    private=True,
                )
            )

    def _study_failed(self, error: UnetscopeError) -> None:
        self._in_part = None
        self._idle()
        self._failed(error)

    def _idle(self) -> None:
        """No study is being read; the engine may still be building a model."""
        self.busy_changed.emit(-1.0 if self._waiting else 1.0, self._waiting)

    def show_series(self, uid: str) -> None:
        """Show a series that is open."""
        series = self._series[uid]
        choice = SeriesChoice(uid, series.shape[0], series.modality)
        self._store.update(lambda s: s.open_series(choice))

    # ---------------------------------------------------------------- network

    def open_model(self, path: Path) -> None:
        """Open a model: read it without Keras first, then have the engine confirm it."""
        self._await("")

        def work(job: JobContext) -> tuple[Network, ModelCard, Notice | None]:
            network = self._files.read_network(path, lambda: job.cancelled)
            return network, *self._card(path, network)

        def done(opened: tuple[Network, ModelCard, Notice | None]) -> None:
            self._await("")
            network, card, trouble = opened
            self._store.update(lambda s: s.open_network(network, card))
            self.opened.emit(path)
            if trouble is not None:
                self.notice.emit(trouble)
            if network.replaced:
                self.notice.emit(Notice(told(network.replaced), SAID_THERE))
            self._confirm(path, network)

        def failed(error: UnetscopeError) -> None:
            self._await("")
            self._failed(error)

        self._jobs.submit(
            "model",
            work,
            done=done,
            failed=failed,
            progress=lambda _, sentence: self._wait_for(sentence),
            long=f"Opening {path.name}",
        )

    def create_model(self, new: NewModel, path: Path) -> None:
        """Have the engine build a new network and write it to a file, and open that."""
        asked = self._await(f"Building {path.name}")
        known = self._store.session.history

        def created(saved: Saved) -> None:
            if asked in self._unwanted:
                self._unwanted.discard(asked)
                saved.path.unlink(missing_ok=True)  # it is new: nothing stood there before
            elif self._awaited is asked:
                what = f"Built {saved.path.name}."
                if self._store.session.history != known and self._has_unsaved_changes:
                    self._await("")
                    hint = "It is not opened: the network shown was edited meanwhile."
                    self.notice.emit(Notice(what, hint, trouble=False))
                    return
                hint = "Its weights are random until it is trained."
                self.notice.emit(Notice(what, hint, trouble=False))
                self.open_model(saved.path)

        self._engine.create(new, path, created, partial(self._gave_up, asked))

    def _await(self, sentence: str) -> object:
        """Note that the engine builds a model, or with no sentence that none is waited for."""
        told, self._waiting = self._waiting, sentence
        self._awaited = object()
        if told != sentence:
            self._idle()
        return self._awaited

    def _wait_for(self, sentence: str) -> None:
        """A model takes long to read."""
        self._await(sentence)

    def _gave_up(self, asked: object, error: UnetscopeError) -> None:
        self._unwanted.discard(asked)
        if self._awaited is asked:
            self._await("")
            self._failed(error)

    def _card(self, path: Path, network: Network) -> tuple[ModelCard, Notice | None]:
        """The model's card, a proposed one where none can be used, and what is wrong with it."""
        proposed = ModelCard.proposed(network.name, network.graph)
        try:
            card = self._files.read_card(path)
        except UnetscopeError as error:
            hint = f"{error.hint} Until then the card is guessed."
            return replace(proposed, note=f"{error.what} {hint}"), Notice(error.what, hint)
        if card is None:
            return proposed, None
        if card.replaced_layers and not network.replaced:
            return card, Notice(card.replaced_layers, SAID_THERE)
        if not card.note:
            return card, None
        return card, Notice(card.note, "Look at the input card, and confirm or correct it.")

    def _confirm(self, path: Path, network: Network) -> None:
        """Have the engine open the same file; its word counts while that network is shown."""

        def done(confirmed: Network) -> None:
            self._store.update(lambda s: s.confirm_network(confirmed))

        def failed(error: UnetscopeError) -> None:
            shown = self._store.session.network
            if shown is not None and shown.ref == network.ref:
                self._failed(error)

        self._engine.describe(path, done, failed, known=network.ref)

    def save_model(self, path: Path) -> None:
        """Write the edited network to a new file and compare it; tells how it went."""
        session = self._store.session
        if session.network is None:
            self._failed(UnetscopeError("There is no network to save.", "Open a model first."))
            return
        ref, edits = session.network.ref, session.edits

        def done(saved: Saved) -> None:
            self._saved = (ref.fingerprint, edits)
            self.notice.emit(
                Notice(
                    f"Saved {saved.path.name}; all {saved.arrays_compared} weight arrays compared "
                    "equal after opening it again.",
                    "Research use only.",
                    trouble=False,
                )
            )
            self.saved.emit(saved.path)

        self._engine.save(ref, edits, path, done, self._failed)

    def note_saved(self, fingerprint: str, edits: Edits) -> None:
        """A file holds the network of that fingerprint with exactly these edits."""
        self._saved = (fingerprint, edits)

    @property
    def has_unsaved_edits(self) -> bool:
        """Whether the network is edited and no file holds it as it is now."""
        session = self._store.session
        if session.network is None or not session.edited_layers:
            return False
        return self._saved != (session.network.fingerprint, session.edits)

    def is_saved(self, edits: Edits) -> bool:
        """Whether a file holds the network shown with exactly these edits."""
        network = self._store.session.network
        return network is not None and self._saved == (network.fingerprint, edits)

    @property
    def _has_unsaved_changes(self) -> bool:
        """Whether a file lacks edits of the network, or changes of its card."""
        session = self._store.session
        return self.has_unsaved_edits or session.card != session.saved_card

    # ----------------------------------------------------------------- engine

    def start_engine(self) -> None:
        """Begin to load the engine; the window need not wait."""
        self._engine.start(self.engine_changed.emit)

    def interrupt_engine(self, *, foreground: bool = True) -> None:
        """Have the engine stop what is under way, at once; see `Engine.interrupt`."""
        self._engine.interrupt(foreground=foreground)

    def _failed(self, error: UnetscopeError) -> None:
        self.notice.emit(Notice.of(error))
        self.failed.emit(error)


def _place(session: Session) -> tuple[object, ...]:
    """What the user chooses about the slice shown."""
    return session.series, session.slice_index, session.window, session.viewer
