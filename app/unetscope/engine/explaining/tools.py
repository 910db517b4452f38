"""Which tool answers which question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unetscope.domain.errors import EngineError
from unetscope.domain.explaining.question import Question, Steps
from unetscope.engine.explaining.scene import Scene

TOOLS: dict[type[Question], Callable[[Scene, Any], Steps]] = {}


def steps_of(scene: Scene, question: Question) -> Steps:
    """The work that answers a question, in small pieces.

    Raises
    ------
    EngineError
        No tool answers such a question.
    """
    tool = TOOLS.get(type(question))
    if tool is None:
        raise EngineError(f"No tool answers {type(question).__name__}.", "Update the program.")
    return tool(scene, question)
