"""What runs in the engine's process. TensorFlow is imported inside `main`, never on import."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from unetscope.domain.explaining.question import Question
from unetscope.domain.lab import LabRequest
from unetscope.domain.ports import Floats, LookRequest, SweepRequest
from unetscope.engine import machine
from unetscope.engine.idle import IdleWork, failure
from unetscope.engine.messages import (
    IMAGES,
    Alive,
    Ask,
    Background,
    Convolve,
    Convolved,
    CreateAt,
    Describe,
    Done,
    Explain,
    FileAt,
    Free,
    Likely,
    LookAhead,
    LookAt,
    Looked,
    Pause,
    Ready,
    Reply,
    Request,
    SaveTo,
    SegmentSlice,
    Speeds,
    Stop,
    SurveySlice,
    TrainedKey,
)
from unetscope.engine.pulse import pulse
from unetscope.engine.recent import Recent
from unetscope.engine.shared_arrays import Outbox
from unetscope.processes.child import leave_within
from unetscope.processes.sandbox import guard

if TYPE_CHECKING:
    from unetscope.engine.workbench import Workbench

TIDY_AFTER = 200  # requests, after which memory in reserve is given back
NICENESS = 10
LEAVE_AFTER = 5.0  # seconds that are left to it when the program has ended


def main(connection: Connection, log: Path | None, speeds: tuple[float, ...] = ()) -> None:
    """Load TensorFlow, say so, and answer requests until the other side closes the line."""
    _quieten(log)
    _give_way()
    from unetscope.engine import rates
    from unetscope.engine.workbench import Workbench

    rates.adopt(speeds)
    gc.collect()
    gc.freeze()  # with TensorFlow loaded a full collection stops everything for 0.2 s
    worker = Worker(Workbench(), speeds=rates.told)
    listener = Listener(connection, partial(leave_within, LEAVE_AFTER))
    listener.start()
    pulse.tell = lambda: connection.send(Alive())
    try:
        connection.send(Ready(memory_in_use(), guard()))
        worker.serve(listener, connection.send)
    except (EOFError, OSError):
        pass
    finally:
        worker.close()


class Listener(threading.Thread):
    """Takes requests off the line as they come, so that neither side ever waits for the other.

    While background work says how far it is, the window's process may be sending pixels: with one
    thread on either side both could be waiting for the other one to read.

    Parameters
    ----------
    connection : Connection
        The line.
    over : callable, optional
        Called when the other side has closed it, or is no more.
    """

    def __init__(self, connection: Connection, over: Callable[[], None] | None = None) -> None:
        super().__init__(name="listener", daemon=True)
        self._connection = connection
        self._over = over
        self._requests: SimpleQueue[Request | None] = SimpleQueue()

    def run(self) -> None:
        """Listen until the other side closes the line."""
        try:
            while True:
                self._requests.put(self._connection.recv())
        except (EOFError, OSError):
            pass
        finally:
            self._requests.put(None)
            if self._over is not None:
                self._over()

    def next(self, *, wait: bool) -> Request | None:
        """The next request; None where there is none and it is not waited for.

        Raises
        ------
        EOFError
            The line is closed.
        """
        try:
            request = self._requests.get(block=wait)
        except Empty:
            return None
        if request is None:
            raise EOFError
        return request


class Worker:
    """Answers one request after another, and keeps what need not be sent twice.

    Between two requests it goes on with background work, a piece at a time.
    """

    def __init__(
        self,
        workbench: Workbench,
        ready: int | None = None,
        speeds: Callable[[], tuple[float, ...]] = tuple,
    ) -> None:
        self._workbench = workbench
        self._speeds = speeds
        self._has_told_speeds = False
        self._idle = IdleWork(workbench, ready)
        self._images: Recent[Floats] = Recent(IMAGES)
        self._outbox = Outbox()
        self._holds_network = False

    def close(self) -> None:
        """Let go of the shared memory."""
        self._outbox.close()

    def serve(self, listener: Listener, send: Callable[[Reply], None]) -> None:
        """Answer until the line is closed, which raises EOFError."""
        served = 0
        while True:
            if served >= TIDY_AFTER:
                machine.give_back()
                served = 0
            request = listener.next(wait=not self._idle.waits)
            served += 1
            pulse.beat()
            reply = self._idle.piece() if request is None else self.answer(request)
            if reply is not None:
                send(reply)
            if not self._has_told_speeds and (speeds := self._speeds()):
                self._has_told_speeds = True
                send(Speeds(speeds))

    def answer(self, request: Request) -> Reply | None:
        """Answer a request, or take it on as background work; trouble is an answer too."""
        try:
            if isinstance(request, Describe | SaveTo | CreateAt):
                return Done(request.id, self._done(request), memory_in_use())
            if isinstance(request, Pause):
                return Free()
            if isinstance(request, LookAt):
                return self._look(request)
            if isinstance(request, Convolve):
                return self._convolve(request)
            if isinstance(request, Ask):
                answer = self._idle.ask(self._question(request))
                return Done(request.id, answer, memory_in_use())
            if isinstance(request, FileAt):
                self._workbench.file_at(request.path, request.place)
                return None
            self._take_on(request)
        except Exception as error:
            assert not isinstance(request, FileAt | Pause)
            return replace(failure(request.id, error), memory=memory_in_use())
        return None

    def _done(self, request: Describe | SaveTo | CreateAt) -> object:
        if isinstance(request, Describe):
            network = self._workbench.describe(request.path, request.known)
            self._settle()
            return network
        try:
            if isinstance(request, SaveTo):
                return self._workbench.save(
                    request.model, request.edits, request.path, request.made
                )
            return self._workbench.create(request.new, request.path, request.made)
        finally:
            gc.collect()  # the network that was built, or read back to compare

    def _settle(self) -> None:
        """Let go of networks that are open no longer, and keep collections short from here on.

        Keras's networks refer to themselves in circles, and what is frozen is never collected.
        """
        if self._holds_network:  # the very first one took no other's place
            gc.unfreeze()
            gc.collect()
        self._holds_network = True
        gc.freeze()

    def _take_on(self, request: Background | Stop) -> None:
        if isinstance(request, Stop):
            self._idle.stop(request.id)
        elif isinstance(request, LookAhead):
            self._idle.look_ahead(request.id, [self._request(each) for each in request.requests])
        elif isinstance(request, SegmentSlice):
            self._idle.segment(request.id, self._request(request))
        elif isinstance(request, SurveySlice):
            self._idle.survey(request.id, self._request(request))
        elif isinstance(request, Explain):
            self._idle.explain(request.id, self._question(request))
        else:
            sweep = SweepRequest(
                model=request.model,
                image=self._pixels(request.image_key, request.image),
                image_key=request.image_key,
                edits=request.edits,
                layer=request.layer,
                how=request.how,
                reference=request.reference,
                channels=request.channels,
            )
            self._idle.sweep(request.id, sweep)

    def _request(self, asked: LookAt | Likely | SegmentSlice | SurveySlice) -> LookRequest:
        """The request with its pixels again."""
        return LookRequest(
            model=asked.model,
            image=self._pixels(asked.image_key, asked.image),
            image_key=asked.image_key,
            edits=asked.edits,
            layer=None if isinstance(asked, SegmentSlice) else asked.layer,
            dragging=asked.dragging if isinstance(asked, LookAt) else False,
            visible=asked.visible if isinstance(asked, LookAt) else None,
        )

    def _question(self, asked: Ask | Explain) -> Question:
        """The question with its pixels again."""
        question = asked.question
        return replace(question, image=self._pixels(question.image_key, asked.image))

    def _pixels(self, key: str, image: Floats | None) -> Floats:
        if image is not None:
            self._images.put(key, image)
        held = self._images.get(key)
        assert held is not None
        return held

    def _convolve(self, asked: Convolve) -> Reply:
        made = self._workbench.convolve(
            LabRequest(
                image=self._pixels(asked.image_key, asked.image),
                image_key=asked.image_key,
                kernels=asked.kernels,
                layer=asked.layer,
            )
        )
        named = {str(i): each for i, each in enumerate(made.maps)}
        return Convolved(
            id=asked.id,
            arrays=self._outbox.pack(named, asked.block),
            ranges=made.ranges,
            refusals=made.refusals,
            milliseconds=made.milliseconds,
            memory=memory_in_use(),
        )

    def _look(self, asked: LookAt) -> Reply:
        look = self._idle.look(self._request(asked))
        named: dict[str, NDArray[Any] | None] = {
            "mask": look.mask,
            "trained_mask": look.trained_mask,
            "probabilities": look.probabilities,
        }
        maps = look.maps
        if maps is not None:
            key = trained_key(asked.model.fingerprint, asked.image_key, maps.layer)
            if key != asked.has_trained:
                named["trained"] = maps.trained
            if maps.edited is not maps.trained:
                named["edited"] = maps.edited
        arrays: Mapping[str, NDArray[Any]] = {k: a for k, a in named.items() if a is not None}
        return Looked(
            id=asked.id,
            arrays=self._outbox.pack(arrays, asked.block),
            layer=maps.layer if maps else None,
            next_layer=maps.next_layer if maps else None,
            next_change=maps.next_change if maps else 0.0,
            update=look.update,
            layers_total=look.layers_total,
            exact_in=look.exact_in,
            memory=memory_in_use(),
        )


def trained_key(fingerprint: str, image_key: str, layer: str) -> TrainedKey:
    """What a trained activation depends on."""
    return (fingerprint, image_key, layer)


def memory_in_use() -> int:
    """Bytes of memory this process holds; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _give_way() -> None:
    """Let the window have a processor at once when it wants one; what is left is the engine's."""
    if sys.platform == "win32":
        below_normal = 0x4000
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), below_normal)
    else:
        os.nice(NICENESS)


def _quieten(log: Path | None) -> None:
    """Keep the process off the console, and Ctrl+C to the window's process."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    target = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(target, stream)
    os.close(target)
    if sys.stdout is None or sys.stderr is None:  # on Windows, without a console
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  (for the whole life)
