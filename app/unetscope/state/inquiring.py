"""What the network says about one pixel: asked as the cursor goes, or of one that it stays at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.inquiry import Inquiry, InquiryQuestion
from unetscope.domain.explaining.on_grid import pixel_of_output
from unetscope.domain.ports import Engine, LookRequest
from unetscope.domain.session import Session
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.shown import Answer
from unetscope.state.store import Store

Voxel = tuple[int, int]

POINT = "Point at a pixel of the slice; a click stays there."
WAITING = "Waiting for the mask …"


@dataclass(frozen=True, slots=True, eq=False)
class Inquired:
    """An answer, and what it was asked about.

    Attributes
    ----------
    voxel : (int, int)
        Row and column of the slice as acquired.
    request : LookRequest
        Of the mask that it belongs to.
    """

    inquiry: Inquiry
    voxel: Voxel
    request: LookRequest


class Inquiring:
    """Asks about the pixel pointed at while someone watches, the latest first.

    When the mouse leaves the slice the last pixel stays, so that its answer can be read.
    """

    changed = Signal()

    def __init__(
        self,
        store: Store,
        live: Live,
        engine: Engine,
        cursor: LinkedCursor,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._engine = engine
        self._cursor = cursor
        self._pace = pace or Pace()
        self._watched = False
        self._last: Voxel | None = None  # that the mouse was over, or that was stayed at
        self._asked: tuple[object, ...] = ()
        self._refused = ""
        self.found: Inquired | None = None
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.slice_changed.connect(self._follow)
        cursor.changed.connect(self._on_cursor)
        self._pace.held_changed.connect(self._on_held)

    def watch(self, watched: bool) -> None:
        """Someone looks at the answers, or no longer."""
        self._watched = watched
        if watched:
            self._on_cursor()
            self._follow()

    @property
    def voxel(self) -> Voxel | None:
        """The pixel of the slice that is asked about."""
        pinned = self._store.session.explaining.voxel
        return _whole(pinned) if pinned is not None else self._last

    @property
    def is_stale(self) -> bool:
        """Whether what was found belongs to another slice or other weights than are shown."""
        found, answer = self.found, self._answer()
        if found is None:
            return False
        is_edited = self._store.session.edits != found.request.edits
        return is_edited or answer is None or _about(answer.look.request) != _about(found.request)

    @property
    def problem(self) -> str:
        """Why nothing can be told; empty where something can, or was of the slice before."""
        asked = self._question()
        if asked == WAITING and self.found is not None:
            return ""
        return asked if isinstance(asked, str) else self._refused

    def _on_cursor(self) -> None:
        over = self._cursor.on_slice
        if self._watched and over is not None:
            self._last = _whole(over)
            if self._store.session.explaining.voxel is None:
                self._follow()

    def _on_session(self, old: Session, new: Session) -> None:
        before, now = old.explaining, new.explaining
        if new.network is not old.network or new.series is not old.series:
            self.found, self._refused = None, ""
        if new.series is not old.series:
            self._last = None
        if now.voxel is not None:
            self._last = _whole(now.voxel)
        if (before.voxel, before.voxel_class) != (now.voxel, now.voxel_class):
            self._follow()

    def _on_held(self, held: bool) -> None:
        if not held:
            self._follow()

    def _answer(self) -> Answer | None:
        """What the network made of the slice shown."""
        answer, shown = self._live.answer, self._live.shown
        return answer if answer and shown and answer.key == shown.key else None

    def _question(self) -> tuple[InquiryQuestion, Voxel, LookRequest] | str:
        session, shown, answer = self._store.session, self._live.shown, self._answer()
        if session.network is None:
            return "Open a model to ask what it says about a pixel."
        if shown is None:
            return "Open a study, and point at a pixel of the slice."
        if answer is None:
            problem = self._live.problem
            return str(problem) if problem else WAITING
        mask, voxel, request = answer.look.mask, self.voxel, answer.look.request
        if mask is None:
            return "The output of this network is no segmentation: there is nothing to ask about."
        if voxel is None:
            return POINT
        at = pixel_of_output(*voxel, answer.placement, (mask.shape[0], mask.shape[1]))
        inside = all(0 <= i < n for i, n in zip(voxel, shown.values.shape, strict=True))
        if at is None or not inside:
            return "The network was not shown this pixel: point nearer the middle."
        question = InquiryQuestion(
            model=request.model,
            image=request.image,
            image_key=request.image_key,
            edits=request.edits,
            position=at,
            label=session.explaining.voxel_class,
        )
        return question, voxel, request

    def _follow(self, *_: object) -> None:
        if not self._watched:
            return
        asked = self._question()
        if isinstance(asked, str):
            self._asked = ()
        elif not self._pace.held:  # in a gesture the mask goes first
            question, voxel, request = asked
            key = (*_about(request), voxel, question.position, question.label)
            if key != self._asked:
                self._asked, self._refused = key, ""
                done = partial(self._done, voxel, request)
                self._engine.ask(question, done, partial(self._failed, key))
        self.changed.emit()

    def _done(self, voxel: Voxel, request: LookRequest, inquiry: Inquiry) -> None:
        """Take an answer; one that was superseded under way is shown until the latest comes."""
        network = self._store.session.network
        if network is not None and network.ref == request.model:
            self.found = Inquired(inquiry, voxel, request)
            self.changed.emit()

    def _failed(self, key: tuple[object, ...], error: UnetscopeError) -> None:
        if key == self._asked:
            self.found, self._refused, self._asked = None, str(error), ()
            self.changed.emit()


def _about(request: LookRequest) -> tuple[object, ...]:
    """What a mask depends on."""
    return request.model, request.image_key, request.edits


def _whole(position: tuple[float, float]) -> Voxel:
    """The pixel that a position is in, pixel centres whole."""
    row, column = (int(np.floor(at + 0.5)) for at in position)
    return row, column
