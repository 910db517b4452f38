"""One request to the engine's process: what is sent for it and what its answer becomes."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import Floats, LayerLook, Look, LookRequest, Saved
from unetscope.engine.messages import (
    Describe,
    LookAt,
    Looked,
    Request,
    SaveTo,
    TrainedKey,
    partial_path,
)
from unetscope.engine.shared_arrays import Inbox, discard

Failed = Callable[[UnetscopeError], None]


class Sent:
    """What one worker process has and need not be sent again, and where its answers come."""

    def __init__(self) -> None:
        self.image_key: str | None = None
        self.trained_key: TrainedKey | None = None
        self.trained: Floats | None = None
        self.inbox = Inbox()


class Job(ABC):
    """A request, its callbacks, and how often it was sent."""

    def __init__(self, done: Callable[[Any], None], failed: Failed) -> None:
        self.done = done
        self.failed = failed
        self.sends = 0

    @abstractmethod
    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """What to send for it."""

    def answer(self, reply: Any, sent: Sent) -> object:
        """Make the answer of the reply."""
        return reply.value

    def clean_up(self, pid: int) -> None:
        """Remove what a worker that died over it may have left behind; here: nothing."""
        del pid


class DescribeJob(Job):
    """Open a model file."""

    def __init__(self, path: Path, done: Callable[[Network], None], failed: Failed) -> None:
        super().__init__(done, failed)
        self._path = path

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        return Describe(id, self._path)

    def answer(self, reply: Any, sent: Sent) -> object:
        """See `Job.answer`; its arrays are read-only again."""
        network: Network = reply.value
        for arrays in network.trained.values():
            for array in arrays:
                array.flags.writeable = False
        return network


class SaveJob(Job):
    """Write the edited network to a new file."""

    def __init__(
        self,
        model: ModelRef,
        edits: Edits,
        path: Path,
        done: Callable[[Saved], None],
        failed: Failed,
    ) -> None:
        super().__init__(done, failed)
        self._model, self._edits, self._path = model, edits, path

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        return SaveTo(id, self._model, self._edits, self._path)

    def clean_up(self, pid: int) -> None:
        """See `Job.clean_up`."""
        partial_path(self._path, pid).unlink(missing_ok=True)


class LookJob(Job):
    """Look through the network."""

    def __init__(self, request: LookRequest, done: Callable[[Look], None], failed: Failed) -> None:
        super().__init__(done, failed)
        self._request = request
        self._block = ""

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        request = self._request
        has_image = sent.image_key == request.image_key
        sent.image_key = request.image_key
        self._block = f"unetscope-{os.getpid()}-{id}"
        return LookAt(
            id=id,
            model=request.model,
            image=None if has_image else request.image,
            image_key=request.image_key,
            edits=request.edits,
            layer=request.layer,
            block=self._block,
            has_trained=sent.trained_key,
        )

    def answer(self, reply: Any, sent: Sent) -> object:
        """See `Job.answer`."""
        assert isinstance(reply, Looked)
        arrays = sent.inbox.unpack(reply.arrays)
        request = self._request
        maps = None
        if reply.layer is not None:
            if "trained" in arrays:
                fingerprint = request.model.fingerprint
                sent.trained_key = (fingerprint, request.image_key, reply.layer)
                sent.trained = arrays["trained"]
            assert sent.trained is not None
            maps = LayerLook(
                layer=reply.layer,
                edited=arrays.get("edited", sent.trained),
                trained=sent.trained,
                next_layer=reply.next_layer,
                next_change=reply.next_change,
            )
        return Look(
            request=request,
            mask=arrays.get("mask"),
            trained_mask=arrays.get("trained_mask"),
            probabilities=arrays.get("probabilities"),
            maps=maps,
            update=reply.update,
            layers_total=reply.layers_total,
        )

    def clean_up(self, pid: int) -> None:
        """See `Job.clean_up`."""
        discard(self._block)
