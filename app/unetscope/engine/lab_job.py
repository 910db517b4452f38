"""The filter lab's request to the engine's process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unetscope.domain.lab import LabMaps, LabRequest
from unetscope.engine.jobs import Failed, LatestJob, Sent
from unetscope.engine.messages import Convolve, Convolved, Request
from unetscope.engine.shared_arrays import block_name, discard


class LabJob(LatestJob):
    """Run the lab's kernels over a picture."""

    def __init__(
        self, request: LabRequest, done: Callable[[LabMaps], None], failed: Failed
    ) -> None:
        super().__init__(done, failed)
        self._request = request
        self._block = ""

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        request = self._request
        self._block = block_name(pid, id, sent.memory)
        return Convolve(
            id=id,
            image=sent.pixels(request.image_key, request.image),
            image_key=request.image_key,
            kernels=request.kernels,
            layer=request.layer,
            block=self._block,
        )

    def answer(self, reply: Any, sent: Sent) -> object:
        """See `Job.answer`."""
        assert isinstance(reply, Convolved)
        arrays = sent.inbox.unpack(reply.arrays)
        return LabMaps(
            request=self._request,
            maps=tuple(arrays[str(i)] for i in range(len(arrays))),
            ranges=reply.ranges,
            refusals=reply.refusals,
            milliseconds=reply.milliseconds,
        )

    def clean_up(self, pid: int) -> None:
        """See `Job.clean_up`."""
        discard(self._block)
