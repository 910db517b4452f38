"""What runs in the engine's process. TensorFlow is imported inside `main`, never on import."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from unetscope.domain.errors import EngineError, UnetscopeError
from unetscope.domain.ports import Floats, LookRequest
from unetscope.engine.messages import (
    Describe,
    Done,
    Failed,
    LookAt,
    Looked,
    Ready,
    Reply,
    Request,
    SaveTo,
    TrainedKey,
)
from unetscope.engine.shared_arrays import Outbox

if TYPE_CHECKING:
    from unetscope.engine.workbench import Workbench


def main(connection: Connection, log: Path | None) -> None:
    """Load TensorFlow, say so, and answer requests until the other side closes the line."""
    _quieten(log)
    from unetscope.engine.workbench import Workbench

    gc.collect()
    gc.freeze()  # with TensorFlow loaded a full collection stops everything for 0.2 s
    worker = Worker(Workbench())
    try:
        connection.send(Ready(memory_in_use()))
        while True:
            connection.send(worker.answer(connection.recv()))
    except (EOFError, OSError):
        pass
    finally:
        worker.close()


class Worker:
    """Answers one request after another, and keeps what need not be sent twice."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._image: Floats | None = None
        self._outbox = Outbox()

    def close(self) -> None:
        """Let go of the shared memory."""
        self._outbox.close()

    def answer(self, request: Request) -> Reply:
        """Answer a request; trouble is an answer too."""
        try:
            return self._answer(request)
        except UnetscopeError as error:
            return Failed(request.id, error, "", memory_in_use())
        except Exception as error:
            return Failed(request.id, explained(error), traceback.format_exc(), memory_in_use())

    def _answer(self, request: Request) -> Reply:
        if isinstance(request, Describe):
            network = self._workbench.describe(request.path)
            gc.freeze()
            return Done(request.id, network, memory_in_use())
        if isinstance(request, SaveTo):
            saved = self._workbench.save(request.model, request.edits, request.path)
            return Done(request.id, saved, memory_in_use())
        return self._look(request)

    def _look(self, asked: LookAt) -> Reply:
        if asked.image is not None:
            self._image = asked.image
        assert self._image is not None
        look = self._workbench.look(
            LookRequest(
                model=asked.model,
                image=self._image,
                image_key=asked.image_key,
                edits=asked.edits,
                layer=asked.layer,
            )
        )
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
            memory=memory_in_use(),
        )


def trained_key(fingerprint: str, image_key: str, layer: str) -> TrainedKey:
    """What a trained activation depends on."""
    return (fingerprint, image_key, layer)


def explained(error: Exception) -> EngineError:
    """Say in one sentence what an unexpected error means for the user."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return EngineError(
            "The engine ran out of memory.", "Close other programs or choose a smaller network."
        )
    return EngineError(
        f"The engine stumbled over this request ({type(error).__name__}).",
        "Try again; the log holds the details.",
    )


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
