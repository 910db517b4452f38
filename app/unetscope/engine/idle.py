"""What the engine does in idle moments, and the answers it keeps ready."""

from __future__ import annotations

import hashlib
import os
import time
import traceback
from collections import deque
from collections.abc import Generator, Hashable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from unetscope.domain.errors import EngineError, ModelError, UnetscopeError
from unetscope.domain.explaining.question import Question, Steps
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Effects, LastUpdate, Look, LookRequest, SweepRequest
from unetscope.domain.survey import peaks_of
from unetscope.engine.background import Background, Pieces
from unetscope.engine.messages import Done, Failed, Progress, Reply
from unetscope.engine.recent import Recent

if TYPE_CHECKING:
    from unetscope.engine.workbench import Workbench

VARIABLE = "UNETSCOPE_READY_MB"
READY_MB = 256  # of answers that are kept ready
SWEEPS = 32  # finished sweeps that are kept
TELL_EVERY = 0.1  # seconds between two reports of progress
AHEAD, SWEEP, SEGMENT = range(3)  # what goes first


class IdleWork:
    """Looks through the network, now and in idle moments.

    Looks ahead take the workbench to other slices. When nothing else is left to do it is taken back
    to the slice shown, so that the next edit finds everything of that slice in place.

    Parameters
    ----------
    workbench : Workbench
        Answers the requests.
    budget : int, optional
        Bytes of answers that are kept ready; left out, what the environment says, else 256 MB.
    """

    def __init__(self, workbench: Workbench, budget: int | None = None) -> None:
        self._workbench = workbench
        self._work = Background()
        self._ready: Recent[Look] = Recent(_budget() if budget is None else budget, _bytes_of)
        self._effects: Recent[Effects] = Recent(SWEEPS)
        self._ahead: int | None = None
        self._shown: LookRequest | None = None
        self._at: LookRequest | None = None  # where the workbench is

    # -------------------------------------------------------------------- now

    def look(self, request: LookRequest) -> Look:
        """Answer a request at once: with what is ready, else by the workbench."""
        look = None if request.dragging else self._found(request)
        if look is None:
            look = self._looked(request)
        self._shown = request
        return look

    def _found(self, request: LookRequest) -> Look | None:
        """The answer that is ready, if any; those of the same network with other edits go."""
        began = perf_counter()
        model, edits = request.model, request.edits
        self._ready.keep_only(
            lambda look: look.request.model != model or look.request.edits == edits
        )
        look = self._ready.get(_key(request))
        if look is None:
            return None
        spent = (perf_counter() - began) * 1000
        return replace(look, request=request, update=LastUpdate(0, spent))

    # ----------------------------------------------------------- idle moments

    @property
    def waits(self) -> bool:
        """Whether there is anything to do in an idle moment."""
        is_away = self._shown is not None and self._at is not self._shown
        return bool(self._work) or is_away

    def piece(self) -> Reply | None:
        """Do a small piece of what waits; gives what to say, if anything."""
        if self._work:
            return self._work.piece()
        shown = self._shown
        if shown is not None:
            try:
                self._at_workbench(shown)
            except Exception:
                self._shown = self._at = None  # it will be told when it is asked for again
        return None

    def look_ahead(self, id: int, requests: Sequence[LookRequest]) -> None:  # noqa: A002
        """Answer these when idle and keep the answers; the former list is forgotten."""
        if self._ahead is not None:
            self._work.stop(self._ahead)
        self._ahead = id
        self._work.add(id, AHEAD, self._looks_ahead(id, requests))

    def sweep(self, id: int, request: SweepRequest) -> None:  # noqa: A002
        """Measure the effect of feature maps when idle."""
        self._work.add(id, SWEEP, _with_trouble(id, self._sweep(id, request)))

    def segment(self, id: int, request: LookRequest) -> None:  # noqa: A002
        """Make the mask of one slice when nothing more urgent waits."""
        self._work.add(id, SEGMENT, _with_trouble(id, self._segment(id, request)))

    def survey(self, id: int, request: LookRequest) -> None:  # noqa: A002
        """Describe the feature maps of one slice when nothing more urgent waits."""
        self._work.add(id, SEGMENT, _with_trouble(id, self._survey(id, request)))

    def explain(self, id: int, question: Question) -> None:  # noqa: A002
        """Answer a question about the mask when idle."""
        urgency = SEGMENT if question.of_many else SWEEP
        self._work.add(id, urgency, _with_trouble(id, self._explain(id, question)))

    def ask(self, question: Question) -> object:
        """Answer a quick question at once."""
        return deque(self._steps(question), maxlen=1)[0][2]

    def _steps(self, question: Question) -> Steps:
        """The workbench's answer; it stays at its slice where the question is about that."""
        at = self._at
        of = (question.model, question.image_key, question.edits)
        if at is None or (at.model, at.image_key, at.edits) != of:
            self._at = None
        return self._workbench.explain(question)

    def stop(self, id: int) -> None:  # noqa: A002
        """End work that is not wanted any more."""
        self._work.stop(id)

    # ----------------------------------------------------------------- pieces

    def _looks_ahead(self, id: int, requests: Sequence[LookRequest]) -> Pieces:  # noqa: A002
        room = self._ready.budget
        for request in requests:
            key = _key(request)
            look = self._ready.get(key)
            if look is None:
                try:
                    look = self._at_workbench(request)
                except Exception:
                    continue  # it is told when this slice is asked for itself
            room -= _bytes_of(look)
            if room < 0:  # this one would push a nearer one out
                break
            self._ready.put(key, look)
            yield None
        yield Done(id, None, 0)

    def _sweep(self, id: int, request: SweepRequest) -> Pieces:  # noqa: A002
        key = _sweep_key(request)
        effects = self._effects.get(key)
        if effects is None:
            told = time.monotonic()
            self._at = None  # it may be of another slice
            steps = self._workbench.sweep(request)
            try:
                for done, total, effects in steps:
                    now = time.monotonic()
                    if now - told < TELL_EVERY or done == total:
                        yield None
                        continue
                    told = now
                    yield Progress(id, done, total, effects)
            finally:
                if isinstance(steps, Generator):
                    steps.close()
            self._effects.put(key, found_effects(request, effects))
        yield Done(id, effects, 0)

    def _explain(self, id: int, question: Question) -> Pieces:  # noqa: A002
        told, answer = time.monotonic(), None
        steps = self._steps(question)
        try:
            for done, total, answer in steps:
                now = time.monotonic()
                if now - told < TELL_EVERY or done == total:
                    yield None
                    continue
                told = now
                yield Progress(id, done, total, answer)
        finally:
            steps.close()
        yield Done(id, answer, 0)

    def _segment(self, id: int, request: LookRequest) -> Pieces:  # noqa: A002
        look = self._ready.get(_key(request)) or self._at_workbench(request)
        yield Done(id, found_mask(look), 0)

    def _survey(self, id: int, request: LookRequest) -> Pieces:  # noqa: A002
        look = self._ready.get(_key(request))
        if look is not None and look.maps is not None:
            yield Done(id, peaks_of(look.maps.edited), 0)
            return
        self._at = None
        yield Done(id, self._workbench.survey(request), 0)

    def _looked(self, request: LookRequest) -> Look:
        """The workbench's answer, kept ready where it is exact."""
        look = self._at_workbench(request)
        if not request.dragging and look.exact_in is None:
            self._ready.put(_key(request), look)
        return look

    def _at_workbench(self, request: LookRequest) -> Look:
        """The workbench's answer; it is at this slice afterwards."""
        self._at = None
        look = self._workbench.look(request)
        self._at = request
        return look


def found_mask(look: Look) -> Labels:
    """The mask of an answer; ModelError where the output is no segmentation."""
    if look.mask is None:
        raise ModelError(
            "The network's output is no segmentation.", "Choose a network that gives a mask."
        )
    return look.mask


def found_effects(request: SweepRequest, effects: Effects | None) -> Effects:
    """The last effects of a sweep; ModelError where there was nothing to sweep over."""
    if effects is None:
        raise ModelError(f"{request.layer} has no feature maps.", "Choose another layer.")
    return effects


def failure(id: int, error: Exception) -> Failed:  # noqa: A002
    """Say in one sentence what went wrong; what was not foreseen goes to the log too."""
    if isinstance(error, UnetscopeError):
        return Failed(id, error, "", 0)
    details = "".join(traceback.format_exception(error))
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        told = EngineError(
            "The engine ran out of memory.", "Close other programs or choose a smaller network."
        )
    else:
        told = EngineError(
            f"The engine stumbled over this request ({type(error).__name__}).",
            "Try again; the log holds the details.",
        )
    return Failed(id, told, details, 0)


def _with_trouble(id: int, pieces: Pieces) -> Pieces:  # noqa: A002
    """The same pieces; trouble is an answer too."""
    try:
        yield from pieces
    except Exception as error:
        yield failure(id, error)


def _key(request: LookRequest) -> Hashable:
    return (request.model, request.image_key, request.edits, request.layer)


def _sweep_key(request: SweepRequest) -> Hashable:
    reference = request.reference
    known = None if reference is None else hashlib.sha256(reference.tobytes()).digest()
    asked = (request.model, request.image_key, request.edits, request.layer)
    return (*asked, request.how, request.channels, known)


def _bytes_of(look: Look) -> int:
    arrays = [look.mask, look.trained_mask, look.probabilities]
    if look.maps is not None:
        arrays += [look.maps.edited, look.maps.trained]
    found = {id(array): array.nbytes for array in arrays if array is not None}
    return sum(found.values())


def _budget() -> int:
    stated = os.environ.get(VARIABLE, "")
    return (int(stated) if stated.isdecimal() else READY_MB) << 20
