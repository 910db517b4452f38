"""One request to the engine's process: what is sent for it and what its answer becomes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import (
    Effects,
    Floats,
    LayerLook,
    Look,
    LookRequest,
    Saved,
    SweepRequest,
)
from unetscope.domain.presets import NewModel
from unetscope.domain.survey import MapPeaks
from unetscope.engine.given import GivenModels
from unetscope.engine.idle import AHEAD, SEGMENT, SWEEP
from unetscope.engine.messages import (
    IMAGES,
    CreateAt,
    Describe,
    FileAt,
    Likely,
    LookAhead,
    LookAt,
    Looked,
    Request,
    SaveTo,
    SegmentSlice,
    SurveySlice,
    SweepOver,
    TrainedKey,
)
from unetscope.engine.placing import put_in_place
from unetscope.engine.recent import Recent
from unetscope.engine.shared_arrays import Inbox, block_name, discard
from unetscope.processes.room import Room

Failed = Callable[[UnetscopeError], None]


MOST_DEATHS = 3  # of the engine that one request may cause


class Sent:
    """What one worker process has and need not be sent again, and where its answers come.

    Parameters
    ----------
    room : Room
        Where the process lives.
    """

    def __init__(self, room: Room) -> None:
        self._models = GivenModels(room)
        self._home = room.home
        self.memory = room.memory
        self._images: Recent[None] = Recent(IMAGES)
        self.trained_key: TrainedKey | None = None
        self.trained: Floats | None = None
        self.inbox = Inbox(room.memory)

    def file(self, path: Path) -> FileAt | None:
        """Let the worker read a model file; what to tell it, if anything. OSError if it can't."""
        place = self._models.give(path)
        return None if place is None else FileAt(path, place)

    def made(self, id: int) -> Path:  # noqa: A002
        """Where the worker makes the file that a request is about."""
        return self._home / f"{id}.keras"

    def pixels(self, key: str, image: Floats) -> Floats | None:
        """The image to send along; None where the worker holds it."""
        held = key in self._images
        if held:
            self._images.get(key)  # as the worker does
        else:
            self._images.put(key, None)
        return None if held else image


class Job(ABC):
    """A request, its callbacks, its number once sent, and how often the engine died of it."""

    most_deaths = MOST_DEATHS
    model: Path | None = None
    """The model file that it needs."""
    patience = 30.0
    """Seconds it may take without a sign of life; for looks their largest layer may say more."""
    long = 0.5
    """Seconds after which the user is told what is under way, and can stop it."""
    doing = "Running the network"
    """What is under way."""

    def __init__(self, done: Callable[[Any], None], failed: Failed) -> None:
        self.done = done
        self.failed = failed
        self.id = 0
        self.deaths = 0
        self.cancelled = False

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

    patience = 180.0

    def __init__(
        self,
        path: Path,
        done: Callable[[Network], None],
        failed: Failed,
        known: ModelRef | None = None,
    ) -> None:
        super().__init__(done, failed)
        self.model = path
        self._known = known
        self.doing = f"Opening {path.name}"

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        assert self.model is not None
        return Describe(id, self.model, self._known)

    def answer(self, reply: Any, sent: Sent) -> object:
        """See `Job.answer`; its arrays are read-only again."""
        network: Network = reply.value
        for arrays in network.trained.values():
            for array in arrays:
                array.flags.writeable = False
        return network


class SaveJob(Job):
    """Write the edited network to a new file."""

    patience = 300.0

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
        self.model = model.path
        self.doing = f"Saving {path.name}"

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        return SaveTo(id, self._model, self._edits, self._path, sent.made(id))

    def answer(self, reply: Any, sent: Sent) -> object:
        """See `Job.answer`; the file is in its place then."""
        put_in_place(sent.made(self.id), self._path, wanted=lambda: not self.cancelled)
        return reply.value


class CreateJob(Job):
    """Build a new network and write it to a file."""

    patience = 300.0

    def __init__(
        self, new: NewModel, path: Path, done: Callable[[Saved], None], failed: Failed
    ) -> None:
        super().__init__(done, failed)
        self._new, self._path = new, path
        self.doing = f"Building {path.name}"

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        return CreateAt(id, self._new, self._path, sent.made(id))

    def answer(self, reply: Any, sent: Sent) -> object:
        """See `Job.answer`; the file is in its place then."""
        made, wanted = sent.made(self.id), lambda: not self.cancelled
        put_in_place(made, self._path, over=False, wanted=wanted)
        return reply.value


class LatestJob(Job):
    """A request of which only the latest of its kind waits."""

    long = 1.5

    @property
    def kind(self) -> Hashable:
        """What it is a later one of."""
        return (type(self),)


class LookJob(LatestJob):
    """Look through the network."""

    def __init__(self, request: LookRequest, done: Callable[[Look], None], failed: Failed) -> None:
        super().__init__(done, failed)
        self._request = request
        self.model = request.model.path
        self._block = ""

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        request = self._request
        self._block = block_name(pid, id, sent.memory)
        return LookAt(
            id=id,
            model=request.model,
            image=sent.pixels(request.image_key, request.image),
            image_key=request.image_key,
            edits=request.edits,
            layer=request.layer,
            dragging=request.dragging,
            visible=request.visible,
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
            exact_in=reply.exact_in,
        )

    def clean_up(self, pid: int) -> None:
        """See `Job.clean_up`."""
        discard(self._block)


class BackgroundJob(Job):
    """A request that is answered in idle moments, and can be cancelled.

    Attributes
    ----------
    urgency : int
        The smaller, the sooner its turn; the worker goes by the same.
    """

    urgency = SEGMENT

    def progress(self, done: int, total: int, value: Any) -> None:
        """Tell how far it is; most have nothing to tell."""


class AheadJob(BackgroundJob):
    """Look ahead; nobody waits for it, so it is not tried again when the engine dies of it."""

    most_deaths = 1
    urgency = AHEAD

    def __init__(self, requests: Sequence[LookRequest]) -> None:
        super().__init__(lambda _: None, lambda _: None)
        self._requests = requests
        self.model = requests[0].model.path if requests else None

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        return LookAhead(
            id,
            tuple(
                Likely(
                    model=each.model,
                    image=sent.pixels(each.image_key, each.image),
                    image_key=each.image_key,
                    edits=each.edits,
                    layer=each.layer,
                )
                for each in self._requests
            ),
        )


class SweepJob(BackgroundJob):
    """Measure the effect of each feature map."""

    urgency = SWEEP

    def __init__(
        self,
        request: SweepRequest,
        progress: Callable[[int, int, Effects], None],
        done: Callable[[Effects], None],
        failed: Failed,
    ) -> None:
        super().__init__(done, failed)
        self._request = request
        self.model = request.model.path
        self._progress = progress

    def progress(self, done: int, total: int, value: Any) -> None:
        """See `BackgroundJob.progress`."""
        self._progress(done, total, value)

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        request = self._request
        return SweepOver(
            id=id,
            model=request.model,
            image=sent.pixels(request.image_key, request.image),
            image_key=request.image_key,
            edits=request.edits,
            layer=request.layer,
            how=request.how,
            reference=request.reference,
            channels=request.channels,
        )


class SegmentJob(BackgroundJob):
    """Make the mask of one slice of many."""

    def __init__(
        self, request: LookRequest, done: Callable[[Labels], None], failed: Failed
    ) -> None:
        super().__init__(done, failed)
        self._request = request
        self.model = request.model.path

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        request = self._request
        return SegmentSlice(
            id=id,
            model=request.model,
            image=sent.pixels(request.image_key, request.image),
            image_key=request.image_key,
            edits=request.edits,
        )


class SurveyJob(BackgroundJob):
    """Describe the feature maps of a layer in one slice of many."""

    def __init__(
        self, request: LookRequest, done: Callable[[MapPeaks], None], failed: Failed
    ) -> None:
        super().__init__(done, failed)
        self._request = request
        self.model = request.model.path

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        request = self._request
        return SurveySlice(
            id=id,
            model=request.model,
            image=sent.pixels(request.image_key, request.image),
            image_key=request.image_key,
            edits=request.edits,
            layer=request.layer or "",
        )
