"""Questions about the mask, as requests to the engine's process."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import numpy as np

from unetscope.domain.explaining.question import Question
from unetscope.engine.idle import SEGMENT, SWEEP
from unetscope.engine.jobs import BackgroundJob, Failed, LatestJob, Sent
from unetscope.engine.messages import Ask, Explain, Request

_NO_PIXELS = np.zeros((0, 0), np.float32)


class ExplainJob(BackgroundJob):
    """Answer a question in idle moments."""

    def __init__(
        self,
        question: Question,
        progress: Callable[[int, int, Any], None],
        done: Callable[[Any], None],
        failed: Failed,
    ) -> None:
        super().__init__(done, failed)
        self._question = question
        self._progress = progress
        self.model = question.model.path
        self.urgency = SEGMENT if question.of_many else SWEEP

    def progress(self, done: int, total: int, value: Any) -> None:
        """See `BackgroundJob.progress`."""
        self._progress(done, total, value)

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        asked = self._question
        image = sent.pixels(asked.image_key, asked.image)
        return Explain(id, replace(asked, image=_NO_PIXELS), image)


class AskJob(LatestJob):
    """Answer a quick question at once."""

    def __init__(self, question: Question, done: Callable[[Any], None], failed: Failed) -> None:
        super().__init__(done, failed)
        self._question = question
        self.model = question.model.path

    @property
    def kind(self) -> Hashable:
        """See `LatestJob.kind`."""
        return (type(self), type(self._question))

    def message(self, id: int, pid: int, sent: Sent) -> Request:  # noqa: A002
        """See `Job.message`."""
        asked = self._question
        image = sent.pixels(asked.image_key, asked.image)
        return Ask(id, replace(asked, image=_NO_PIXELS), image)
