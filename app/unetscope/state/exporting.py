"""The segmentation of the series shown, on its way out of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from psygnal import Signal

from unetscope.domain.codes import Code
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.export import (
    FORMATS,
    ExportedClass,
    Exports,
    Format,
    Labels,
    Maker,
    Order,
    Written,
    exported_classes,
    program_version,
)
from unetscope.domain.history import Edits
from unetscope.domain.identity import told
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live, SliceKey
from unetscope.state.series_segmentation import TRAINED, SeriesSegmentation
from unetscope.state.store import Store

_KEY = "export"
_OFFER = "export offer"
RESEARCH_HINT = "Research use only."


@dataclass(frozen=True, slots=True)
class ExportOffer:
    """What can be written of the series shown.

    Attributes
    ----------
    model, fingerprint : str
        Of the network.
    classes : tuple of ExportedClass
        With proposed codes.
    edits : int
        How many are in force.
    slices : int
        In the series.
    shown : int
        The slice shown, from 0.
    segmented : int
        How many slices have their mask already.
    obstacles : mapping
        Why a format cannot be, in a sentence; only those that cannot.
    """

    model: str
    fingerprint: str
    classes: tuple[ExportedClass, ...]
    edits: int
    slices: int
    shown: int
    segmented: int
    obstacles: Mapping[Format, str]


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What the user wants of it.

    Attributes
    ----------
    path : Path
        The file; for PNG the folder.
    codes : mapping
        By class index, of the classes that are wanted.
    trained : bool
        The mask of the network as it was trained, though edits are in force.
    one_slice : bool
        Only the slice shown.
    images : Path or None
        Folder for de-identified images beside a DICOM SEG.
    """

    path: Path
    format: Format
    codes: Mapping[int, Code]
    trained: bool = False
    one_slice: bool = False
    deidentified: bool = True
    images: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """A choice, and what was shown when it was made."""

    choice: ExportChoice
    source: SeriesSource
    shown: int
    made_with: tuple[object, ...]
    maker: Maker
    classes: tuple[ExportedClass, ...]
    edits: Edits


class Exporting:
    """Offers what can be written, has slices segmented that are not yet, and writes."""

    concerns_came = Signal(tuple)
    """Sentences about what may tell who the patient is even so, for the series shown."""
    progress_changed = Signal(float, str)
    """``(share, sentence)``; -1 where the share is not known."""
    ended = Signal(object)
    """The UnetscopeError why nothing was written; None when all was."""

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        desk: Desk,
        live: Live,
        segmentation: SeriesSegmentation,
        exports: Exports,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._live = live
        self._segmentation = segmentation
        self._exports = exports
        self._wanted: _Wanted | None = None
        self._is_starting = self._is_writing = False
        segmentation.progress_changed.connect(self._on_segmentation)

    # ------------------------------------------------------------------ intents

    def offer(self) -> ExportOffer:
        """What can be written of the series shown.

        Raises
        ------
        UnetscopeError
            Nothing is open that could be segmented, or the network has no classes.
        """
        session, source = self._store.session, self._desk.shown
        if source is None or session.network is None or session.card is None:
            raise UnetscopeError("There is nothing to export.", "Open a study and a model first.")
        classes = exported_classes(session.card)
        if not classes:
            raise UnetscopeError(
                "The model card names no class but the background.", "Name one on the input card."
            )
        obstacles = {form: self._exports.obstacle(source, form) for form in FORMATS}
        return ExportOffer(
            model=session.card.name,
            fingerprint=session.network.fingerprint,
            classes=classes,
            edits=len(session.edits),
            slices=source.shape[0],
            shown=session.slice_index,
            segmented=len(self._segmentation.masks(source.uid)),
            obstacles={form: str(why) for form, why in obstacles.items() if why is not None},
        )

    def look_for_concerns(self) -> None:
        """Read what may tell who the patient is even so; `concerns_came` tells it."""
        source = self._desk.shown
        if source is not None:
            self._jobs.submit(
                _OFFER,
                lambda _: self._exports.concerns(source),
                done=self.concerns_came.emit,
                failed=lambda _: self.concerns_came.emit(()),
            )

    def start(self, choice: ExportChoice) -> None:
        """Write what was chosen; slices that have no mask are segmented first."""
        session, source = self._store.session, self._desk.shown
        if source is None or session.network is None or session.card is None:
            self._end(UnetscopeError("There is nothing to export.", "Open a study and a model."))
            return
        edits = TRAINED if choice.trained else session.edits
        wanted = exported_classes(session.card, choice.codes)
        made = _Wanted(
            choice,
            source,
            session.slice_index,
            _made_with(session),
            Maker.of(session.network, session.card, edits, program_version()),
            tuple(each for each in wanted if each.index in choice.codes),
            edits,
        )
        self._wanted = made
        if self._masks(made) is None:
            self._is_starting = True  # what was being segmented before is stopped by this
            self._segmentation.start(compare=choice.trained and bool(session.edits))
            self._is_starting = False
        if not self._segmentation.running or self._masks(made) is not None:
            self._on_segmentation(1.0, "")

    def cancel(self) -> None:
        """Stop; nothing is left behind."""
        self._wanted, self._is_writing = None, False
        self._jobs.cancel(_KEY)
        if self._segmentation.running:
            self._segmentation.cancel()

    def copy_images(self, folder: Path) -> None:
        """Write the images of the series shown without identity, in a new folder."""
        source = self._desk.shown
        if source is None:
            return

        def work(job: JobContext) -> Written:
            def progress(done: int, total: int) -> None:
                job.step(done / max(total, 1), f"Writing {done:,} of {total:,} images")

            return self._exports.copy_images(source, folder, progress, lambda: job.cancelled)

        self._submit(work)

    def copy_obstacle(self) -> UnetscopeError | None:
        """Why the images of the series shown cannot be written without identity; None if so."""
        source = self._desk.shown
        if source is None:
            return UnetscopeError("There are no images to export.", "Open a study first.")
        return self._exports.copy_obstacle(source)

    def tell(self, error: UnetscopeError) -> None:
        """Say why there is nothing to export."""
        self._desk.notice.emit(Notice.of(error))

    # ------------------------------------------------------------------ on its way

    def _on_segmentation(self, share: float, sentence: str) -> None:
        wanted = self._wanted
        if wanted is None or self._is_writing:
            return
        if sentence:
            self.progress_changed.emit(share, sentence)
            return
        if self._is_starting:
            return
        masks = self._masks(wanted)
        if masks is not None:
            self._write(wanted, masks)
            return
        missing = wanted.source.shape[0] - len(self._kept(wanted))
        self._end(
            UnetscopeError(
                f"{missing} slice{'s have' if missing > 1 else ' has'} no mask, so nothing was "
                "written.",
                "Network → Segment the series says why.",
            )
        )

    def _kept(self, wanted: _Wanted) -> Mapping[int, Labels]:
        if _made_with(self._store.session) != wanted.made_with:
            return {}
        uid, trained = wanted.source.uid, not wanted.edits
        masks = self._segmentation.trained_masks if trained else self._segmentation.masks
        return masks(uid)

    def _masks(self, wanted: _Wanted) -> dict[int, Labels] | None:
        """The masks of all slices that are wanted; None while there is not each of them."""
        kept = self._kept(wanted)
        if not wanted.choice.one_slice:
            return dict(kept) if len(kept) == wanted.source.shape[0] else None
        mask = kept.get(wanted.shown)
        if mask is None:
            mask = self._seen(wanted)
        return None if mask is None else {wanted.shown: mask}

    def _seen(self, wanted: _Wanted) -> Labels | None:
        """The mask of the slice shown, as it is on the screen."""
        key = SliceKey(wanted.source.uid, wanted.shown)
        if wanted.edits == self._store.session.edits:
            return self._segmentation.seen(key)
        answer = self._live.answer
        whole = answer is not None and answer.key == key and answer.look.exact_in is None
        return answer.trained_mask if answer is not None and whole else None

    def _write(self, wanted: _Wanted, masks: Mapping[int, Labels]) -> None:
        choice = wanted.choice
        name = FORMATS[choice.format].name

        def work(job: JobContext) -> Written:
            job.step(0.0, f"Writing {name}, and reading it back")

            def progress(done: int, total: int) -> None:
                job.step(done / max(total, 1), f"Writing {done:,} of {total:,} pictures")

            return self._exports.write(_order(wanted, masks), progress, lambda: job.cancelled)

        self._submit(work)

    def _submit(self, work: Callable[[JobContext], Written]) -> None:
        """Run what writes, and tell how it went."""

        def done(written: Written) -> None:
            hint = " ".join((*written.notes, RESEARCH_HINT))
            self._desk.notice.emit(Notice(written.sentence, hint, trouble=False))
            self._end(None)

        self._is_writing = True
        self._jobs.submit(
            _KEY, work, done=done, failed=self._end, progress=self.progress_changed.emit
        )

    # --------------------------------------------------------------------- small

    def _end(self, error: UnetscopeError | None) -> None:
        self._wanted, self._is_writing = None, False
        hidden = self._store.session.identity_hidden
        self.ended.emit(None if error is None else told(error, hidden=hidden))


def _made_with(session: Session) -> tuple[object, ...]:
    """What a mask depends on but its slice."""
    ref = session.network.ref if session.network else None
    return ref, session.card, session.edits, session.series


def _order(wanted: _Wanted, masks: Mapping[int, Labels]) -> Order:
    """What is to be written, as one array."""
    choice = wanted.choice
    labels = np.zeros(wanted.source.shape, np.uint8)
    for index, mask in masks.items():
        labels[index] = mask
    return Order(
        path=choice.path,
        format=choice.format,
        labels=labels,
        series=wanted.source,
        classes=wanted.classes,
        maker=wanted.maker,
        slices=(wanted.shown,) if choice.one_slice else (),
        deidentified=choice.deidentified,
        images=choice.images,
    )
